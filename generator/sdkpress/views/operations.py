"""Views of operations: signatures, request building, what is returned."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import STREAM_KINDS, ContentKind
from sdkpress.model import (
    Api,
    ArraySchema,
    Content,
    ObjectSchema,
    Operation,
    Response,
    Stream,
    StringSchema,
    TypeUse,
)
from sdkpress.naming import Names, operation_key
from sdkpress.naming.schemas import name_arguments
from sdkpress.naming.words import unique
from sdkpress.text import describe, docstring, one_line, paragraphs
from sdkpress.views.facts import FactWriter, wire_location
from sdkpress.views.models import qualify


@dataclass(frozen=True, slots=True)
class ArgumentView:
    """One argument of an operation.

    `location` is `path`, `query`, `header`, `cookie`, `field` (a property of the body) or `body`;
    `test` is the condition under which an optional argument is sent, empty for a required one.
    """

    name: str
    annotation: str
    default: str
    wire_name: str
    location: str
    test: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One variant of a signature: its arguments as they are written, and what it returns."""

    positional: tuple[str, ...]
    keyword: tuple[str, ...]
    request: str
    returns: str
    async_returns: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The arguments behind the receiver, one a line, with the star between."""
        return (*self.positional, "*", *self.keyword)


@dataclass(frozen=True, slots=True)
class OperationView:
    constant: str
    method: str
    path_line: str
    doc: str
    request_doc: str
    facts: tuple[str, ...]
    signatures: tuple[SignatureView, ...]
    implementation: SignatureView
    arguments: tuple[ArgumentView, ...]
    condition: str
    always_streams: bool
    is_deprecated: bool
    body_kind: str
    body_required: bool
    calls: tuple[str, ...]
    http_method: str
    path: str
    summary: str

    def located(self, location: str, required: bool) -> tuple[ArgumentView, ...]:
        """Arguments of one location, required or optional."""
        return tuple(
            item
            for item in self.arguments
            if item.location == location and item.is_required == required
        )

    @property
    def locations(self) -> tuple[LocationView, ...]:
        """The parameter locations in use, with their arguments."""
        return tuple(
            LocationView(name, keyword, self.located(name, True), self.located(name, False))
            for name, keyword in (
                ("path", "path"),
                ("query", "query"),
                ("header", "headers"),
                ("cookie", "cookies"),
            )
            if self.located(name, True) or self.located(name, False)
        )

    @property
    def request_arguments(self) -> tuple[str, ...]:
        """Keyword arguments of the request object besides the options."""
        found = [f"{group.keyword}={group.name}_" for group in self.locations]
        if self.body_kind == "fields":
            found.append("body=body_" if self.body_required else "body=body_ or NO_BODY")
        elif self.body_kind == "value":
            for item in self.arguments:
                if item.location == "body":
                    given = f"{item.name} if {item.test} else NO_BODY" if item.test else item.name
                    found.append(f"body={given}")
        return tuple(found)

    @property
    def request_kinds(self) -> tuple[RequestKindView, ...]:
        """The request classes that are returned, each under its condition."""
        if self.always_streams:
            return (RequestKindView("StreamRequest", ""),)
        if self.condition:
            return (
                RequestKindView("StreamRequest", self.condition),
                RequestKindView("Request", ""),
            )
        return (RequestKindView("Request", ""),)

    @property
    def fields(self) -> LocationView:
        """The arguments that are properties of the body."""
        return LocationView(
            "field", "body", self.located("field", True), self.located("field", False)
        )


@dataclass(frozen=True, slots=True)
class RequestKindView:
    """A request class, and the argument that has to be true for it."""

    name: str
    condition: str


@dataclass(frozen=True, slots=True)
class LocationView:
    """Arguments that travel together; `keyword` is the name of the request's argument."""

    name: str
    keyword: str
    required: tuple[ArgumentView, ...]
    optional: tuple[ArgumentView, ...]


class OperationBuilder:
    """Makes the views of the operations of one resource."""

    def __init__(
        self, api: Api, names: Names, annotator: Annotator, imports: Imports, hidden: set[str]
    ) -> None:
        self._api = api
        self._names = names
        self._annotator = annotator
        self._imports = imports
        self._hidden = hidden
        self._prefix = "_models." if "models" in hidden else "models."
        self._facts = FactWriter(api, annotator, self._prefix)

    @property
    def runtime_imports(self) -> Imports:
        """What the module needs when it runs, and not for type checkers alone."""
        return self._facts.imports

    def operation(self, operation: Operation, taken: set[str]) -> OperationView:
        place = self._names.operations[operation_key(operation)]
        stream = operation.stream
        content = operation.body.contents[0] if operation.body else None
        arguments, docs, body_kind = self._arguments(operation, content)
        condition = ""
        if stream is not None and stream.condition:
            for item in arguments:
                if item.location == "field" and item.wire_name == stream.condition:
                    condition = item.name
        always = stream is not None and not any(
            c.kind not in STREAM_KINDS and not c.is_item
            for r in operation.responses
            if r.status == stream.status
            for c in r.contents
        )
        result = self._result(operation)
        signatures, implementation = self._signatures(arguments, condition, always, stream, result)
        summary = one_line(operation.docs.summary or operation.docs.description).strip()
        lines = describe(operation.docs.summary, operation.docs.description, 84)
        if not lines:
            lines = [f"{operation.method} {one_line(operation.path)}."]
        if docs:
            lines = [*lines, "", "Args:", *docs]
        constant = unique("_" + place.method.upper().strip("_"), taken)
        request_doc = f"The request of {place.method}(): send it with client.send(request)."
        return OperationView(
            constant=constant,
            method=place.method,
            path_line=f"{operation.method} {one_line(operation.path)}",
            doc=docstring(lines, 8),
            request_doc=docstring([request_doc], 8),
            facts=tuple(self._facts.write(operation, content)),
            signatures=signatures,
            implementation=implementation,
            arguments=arguments,
            condition=condition,
            always_streams=always,
            is_deprecated=operation.docs.deprecated,
            body_kind=body_kind,
            body_required=bool(operation.body and operation.body.is_required)
            or any(item.location == "field" and item.is_required for item in arguments),
            calls=tuple(
                item.name if item.location == "path" else f"{item.name}={item.name}"
                for item in arguments
            ),
            http_method=operation.method,
            path=operation.path,
            summary=summary,
        )

    # --- arguments -------------------------------------------------------------------------------

    def _arguments(
        self, operation: Operation, content: Content | None
    ) -> tuple[tuple[ArgumentView, ...], list[str], str]:
        fields = self._body_fields(content)
        wire: list[tuple[str, str]] = [(p.location, p.name) for p in operation.parameters]
        kind = ""
        if content is not None:
            kind = "fields" if fields is not None else "value"
            wire += (
                [("body", member.name) for member in fields.properties if not member.read_only]
                if fields
                else [("body", "body")]
            )
        names = name_arguments(wire)
        found: list[tuple[ArgumentView, str]] = []
        for parameter, name in zip(operation.parameters, names, strict=False):
            annotation = self._input(parameter.type)
            view = self._argument(
                name, annotation, parameter.name, wire_location(parameter), parameter.is_required,
                parameter.type.nullable,
            )  # fmt: skip
            found.append((view, parameter.docs.description))
        rest = names[len(operation.parameters) :]
        if fields is not None and content is not None:
            # `required` is often forgotten on the body itself: what its schema requires counts.
            members = [member for member in fields.properties if not member.read_only]
            for member, name in zip(members, rest, strict=True):
                annotation = self._field_annotation(content, member.type)
                view = self._argument(
                    name, annotation, member.name, "field",
                    member.is_required, member.type.nullable,
                )  # fmt: skip
                found.append((view, member.docs.description or member.docs.title))
        elif content is not None:
            required = bool(operation.body and operation.body.is_required)
            annotation = self._body_annotation(content)
            nullable = bool(content.type and content.type.nullable) and not required
            view = self._argument(rest[0], annotation, "body", "body", required, nullable)
            found.append((view, operation.body.docs.description if operation.body else ""))
        docs: list[str] = []
        for view, text in found:
            lines = paragraphs(f"{view.name}: {one_line(text)}", 78) if text else []
            docs.extend(
                f"    {line}" if n == 0 else f"        {line}" for n, line in enumerate(lines)
            )
        ordered = sorted(
            found, key=lambda item: (item[0].location != "path", not item[0].is_required)
        )
        return tuple(view for view, _ in ordered), docs, kind

    def _argument(
        self,
        name: str,
        annotation: str,
        wire_name: str,
        location: str,
        is_required: bool,
        is_nullable: bool,
    ) -> ArgumentView:
        if is_required:
            return ArgumentView(name, annotation, "", wire_name, location, "", True)
        if (is_nullable and annotation != "Any") or annotation == "None":
            return ArgumentView(
                name, f"{annotation} | UnsetType", " = UNSET", wire_name, location,
                f"{name} is not UNSET", False,
            )  # fmt: skip
        if annotation == "Any":
            return ArgumentView(
                name, "Any", " = UNSET", wire_name, location, f"{name} is not UNSET", False
            )
        return ArgumentView(
            name, f"{annotation} | None", " = None", wire_name, location,
            f"{name} is not None", False,
        )  # fmt: skip

    def _body_fields(self, content: Content | None) -> ObjectSchema | None:
        if content is None or content.type is None or content.type.nullable:
            return None
        if content.kind not in (ContentKind.JSON, ContentKind.FORM, ContentKind.MULTIPART):
            return None
        schema = self._api.schema(content.type)
        if isinstance(schema, ObjectSchema) and schema.additional is None:
            return schema
        return None

    def _field_annotation(self, content: Content, use: TypeUse) -> str:
        if content.kind is ContentKind.MULTIPART:
            schema = self._api.schema(use)
            if isinstance(schema, StringSchema) and schema.format in ("binary", "byte"):
                return "FileInput"
            if isinstance(schema, ArraySchema):
                inner = self._api.schema(schema.items)
                if isinstance(inner, StringSchema) and inner.format in ("binary", "byte"):
                    self._imports.abc.add("Sequence")
                    return "Sequence[FileInput]"
        return self._input(use)

    def _body_annotation(self, content: Content) -> str:
        match content.kind:
            case ContentKind.TEXT:
                return "str | bytes"
            case ContentKind.BINARY:
                return "FileInput"
            case ContentKind.MULTIPART | ContentKind.FORM if content.type is None:
                self._imports.abc.add("Mapping")
                return "Mapping[str, object]"
            case ContentKind.JSONL | ContentKind.SSE:
                return "str | bytes"
            case _:
                if content.type is None:
                    self._imports.typing.add("Any")
                    return "Any"
                return self._input(content.type)

    # --- signatures ------------------------------------------------------------------------------

    def _signatures(
        self,
        arguments: tuple[ArgumentView, ...],
        condition: str,
        always: bool,
        stream: Stream | None,
        result: str,
    ) -> tuple[tuple[SignatureView, ...], SignatureView]:
        item, final = "Any", "list[Any]"
        if stream is not None:
            item = self._output(stream.item) if stream.item else self._any()
            final = self._output(stream.final) if stream.final else f"{self._list()}[{item}]"
        streamed = f"Stream[{item}, {final}]"
        whole_request, stream_request = f"Request[{result}]", f"StreamRequest[{item}, {final}]"

        def written(
            annotation: str | None, default: str
        ) -> tuple[tuple[str, ...], tuple[str, ...]]:
            positional = tuple(
                f"{a.name}: {a.annotation}{a.default}" for a in arguments if a.location == "path"
            )
            keyword: list[str] = []
            for a in arguments:
                if a.location == "path":
                    continue
                if a.name == condition and annotation is not None:
                    keyword.append(f"{a.name}: {annotation}{default}")
                else:
                    keyword.append(f"{a.name}: {a.annotation}{a.default}")
            keyword.append("options: Options | None = None")
            return positional, tuple(keyword)

        if always:
            positional, keyword = written(None, "")
            one = SignatureView(positional, keyword, stream_request, streamed, f"Async{streamed}")
            return (one,), one
        if not condition:
            positional, keyword = written(None, "")
            one = SignatureView(positional, keyword, whole_request, result, result)
            return (one,), one
        both = f"{result} | {streamed}"
        async_both = f"{result} | Async{streamed}"
        both_requests = f"{whole_request} | {stream_request}"
        required = next(a.is_required for a in arguments if a.name == condition)
        every = ("bool", "") if required else ("bool | None", " = None")
        off = ("Literal[False]", "") if required else ("Literal[False] | None", " = None")
        signatures = (
            SignatureView(*written(*off), whole_request, result, result),
            SignatureView(
                *written("Literal[True]", ""), stream_request, streamed, f"Async{streamed}"
            ),
            SignatureView(*written(*every), both_requests, both, async_both),
        )
        implementation = SignatureView(*written(*every), both_requests, both, async_both)
        return signatures, implementation

    def _result(self, operation: Operation) -> str:
        """Annotation of a successful answer that is not a stream."""
        successes = [r for r in operation.responses if r.status.startswith("2")]
        if not successes:
            successes = [r for r in operation.responses if r.status == "default"]
            if not successes or any(
                not r.status.startswith(("4", "5", "d")) for r in operation.responses
            ):
                return self._any() if not operation.responses else "None"
        parts: dict[str, None] = {}
        for response in successes:
            for part in self._response_type(response).split(" | "):
                parts[part] = None
        if "Any" in parts:
            return self._any()
        return " | ".join(sorted(parts, key=lambda part: part == "None"))

    def _response_type(self, response: Response) -> str:
        plain = [c for c in response.contents if c.kind not in STREAM_KINDS and not c.is_item]
        if not plain:
            return "None" if not response.contents else self._any()
        found: dict[str, None] = {}
        for content in plain:
            match content.kind:
                case ContentKind.JSON | ContentKind.FORM:
                    found[self._output(content.type) if content.type else self._any()] = None
                case ContentKind.TEXT:
                    found["str"] = None
                case _:
                    found["bytes"] = None
            if content.kind is ContentKind.JSON:
                # A typed answer is what the client asks for; the others are not sent to it.
                break
        return " | ".join(found)

    # --- annotations -----------------------------------------------------------------------------

    def _input(self, use: TypeUse) -> str:
        return qualify(self._annotator.input(use, self._imports, self._prefix), self._hidden)

    def _output(self, use: TypeUse) -> str:
        return qualify(self._annotator.output(use, self._imports, self._prefix), self._hidden)

    def _any(self) -> str:
        self._imports.typing.add("Any")
        return "Any"

    def _list(self) -> str:
        return qualify("list", self._hidden)
