"""Views of operations: signatures, request building, what is returned."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import STREAM_KINDS
from sdkpress.model import Api, Docs, Operation, TypeUse
from sdkpress.naming import Names, operation_key
from sdkpress.naming.words import unique
from sdkpress.records import replace
from sdkpress.text import docstring, literal, one_line
from sdkpress.views.arguments import ArgumentView, ArgumentWriter
from sdkpress.views.facts import FactWriter
from sdkpress.views.links import LinkView, LinkWriter, link_lines
from sdkpress.views.models import BUILTIN_TYPES, qualify
from sdkpress.views.operation_docs import operation_doc
from sdkpress.views.pages import paged
from sdkpress.views.results import ResultView, ResultWriter
from sdkpress.views.signatures import SignatureView, SignatureWriter, StreamTypes

__all__ = ["ArgumentView", "OperationBuilder", "OperationView", "SignatureView"]


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
    default_arguments: tuple[ArgumentView, ...] = ()
    """The arguments with the body that is sent by default."""
    choices: tuple[ArgumentView, ...] = ()
    """The arguments `content_type` and `accept`, or what they are called here."""
    content_type: str = ""
    accept: str = ""
    stream_test: str = ""
    """The condition under which the answer is a stream, empty where there is none."""
    values: str = "dict[str, object]"
    """The type of what a builder collects, where an argument may have the name of a type."""
    deprecation: str = ""
    """What a call of a deprecated operation warns with."""
    is_paginated: bool = False
    is_wide: bool = False
    links: tuple[LinkView, ...] = ()
    """Whether the implementation takes what no overload does, so that checkers must not look."""

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
        whole = next((item for item in self.arguments if item.location == "body"), None)
        if self.body_kind == "fields":
            body = "body_" if self.body_required else "body_ or NO_BODY"
            found.append(
                f"body={body}"
                if whole is None
                else f"body={whole.name} if {whole.test} else {body}"
            )
        elif whole is not None:
            given = f"{whole.name} if {whole.test} else NO_BODY" if whole.test else whole.name
            found.append(f"body={given}")
        if self.content_type:
            found.append(f"content_type={self.content_type}")
        if self.accept:
            found.append(f"accept={self.accept}")
        return tuple(found)

    @property
    def request_kinds(self) -> tuple[RequestKindView, ...]:
        """The request classes that are returned, each under its condition."""
        if self.always_streams:
            return (RequestKindView("StreamRequest", ""),)
        if self.stream_test:
            return (
                RequestKindView("StreamRequest", self.stream_test),
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
        self._arguments = ArgumentWriter(api, imports, self._input)
        self._results = ResultWriter(imports, self._output)
        self._links = LinkWriter(api, names)

    @property
    def runtime_imports(self) -> Imports:
        """What the module needs when it runs, and not for type checkers alone."""
        return self._facts.imports

    def operation(
        self, operation: Operation, taken: set[str], *, has_facts: bool = True
    ) -> OperationView:
        """The view of an operation; one that has its facts in another module has none here."""
        place = self._names.operations[operation_key(operation)]
        arguments = self._arguments.arguments(operation)
        merged = arguments.merged()
        stream = self._stream(operation, merged)
        results = self._results.results(
            operation,
            streams_by_choice=stream is not None and not stream.always and not stream.condition,
        )
        writer = SignatureWriter(arguments, results, stream)
        signatures = writer.write()
        pages = operation.pagination
        if pages is not None:
            item = self._output(pages.item) if pages.item else self._any()
            signatures = paged(signatures, item, results[0].annotation)
            self._imports.abc.add("Awaitable")
        condition = stream.condition if stream else ""
        merged = tuple(_choosing(item) if item.name == condition else item for item in merged)
        variants = arguments.variants
        constant = unique("_" + place.method.upper().strip("_"), taken)
        request_doc = f"The request of {place.method}(): send it with client.send(request)."
        doc = operation_doc(operation, arguments, signatures.choices, self._output)
        links = self._links.views(operation)
        doc += link_lines(links)
        doc += self._links.callback_lines(operation)
        return OperationView(
            constant=constant,
            method=place.method,
            path_line=f"{operation.method} {one_line(operation.path)}",
            doc=docstring(doc, 8),
            request_doc=docstring([request_doc], 8),
            facts=tuple(self._facts.write(operation)) if has_facts else (),
            signatures=tuple(_qualified(item, self._hidden) for item in signatures.overloads),
            implementation=_qualified(signatures.implementation, self._hidden),
            arguments=merged,
            condition=condition,
            always_streams=stream is not None and stream.always,
            is_deprecated=operation.docs.deprecated,
            body_kind=arguments.body_kind,
            body_required=bool(operation.body and operation.body.is_required)
            or (
                bool(variants)
                and all(any(item.is_required for item in part.arguments) for part in variants)
            ),
            calls=tuple(
                item.name if item.location == "path" else f"{item.name}={item.name}"
                for item in (*merged, *signatures.choices)
            ),
            http_method=operation.method,
            path=operation.path,
            summary=one_line(operation.docs.summary or operation.docs.description).strip(),
            default_arguments=arguments.of(variants[0] if variants else None),
            choices=signatures.choices,
            content_type=writer.content_type,
            accept=writer.accept,
            stream_test=condition or _asked_by(results, writer.accept),
            deprecation=_deprecation(place.dotted(), operation.docs),
            values=qualify("dict[str, object]", {item.name for item in merged}),
            is_paginated=pages is not None,
            is_wide=signatures.is_wide,
            links=links,
        )

    def _stream(
        self, operation: Operation, arguments: tuple[ArgumentView, ...]
    ) -> StreamTypes | None:
        stream = operation.stream
        if stream is None:
            return None
        item = self._output(stream.item) if stream.item else self._any()
        final = f"{self._list()}[{item}]"
        if stream.final is not None:
            final = self._output(stream.final)
        condition = ""
        if stream.condition:
            for argument in arguments:
                if argument.location == "field" and argument.wire_name == stream.condition:
                    condition = argument.name
        always = not any(
            c.kind not in STREAM_KINDS and not c.is_item
            for r in operation.responses
            if r.status == stream.status
            for c in r.contents
        )
        return StreamTypes(item, final, condition, always)

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


def _qualified(signature: SignatureView, hidden: set[str]) -> SignatureView:
    """The signature with other names for the types that attributes of the class hide."""

    def written(lines: tuple[str, ...]) -> tuple[str, ...]:
        parts = (line.partition(": ") for line in lines)
        return tuple(f"{name}: {qualify(rest, hidden)}" for name, _, rest in parts)

    if hidden.isdisjoint(BUILTIN_TYPES):
        return signature
    return SignatureView(
        written(signature.positional),
        written(signature.keyword),
        qualify(signature.request, hidden),
        qualify(signature.returns, hidden),
        qualify(signature.async_returns, hidden),
    )


def _choosing(argument: ArgumentView) -> ArgumentView:
    """The argument that asks for a stream: None is not given there, even where null is allowed."""
    if argument.is_required:
        return argument
    return replace(argument, test=f"{argument.name} is not None")


def _asked_by(results: tuple[ResultView, ...], accept: str) -> str:
    """The condition under which the media type that was asked for is a stream."""
    for result in results:
        if result.is_stream and accept:
            return f"{accept} == {literal(result.media_types[0])}"
    return ""


def _deprecation(dotted: str, docs: Docs) -> str:
    """What a call of a deprecated method warns with, "" for any other."""
    if not docs.deprecated:
        return ""
    reason = one_line(docs.deprecation).strip()
    return f"{dotted}() is deprecated: {reason}" if reason else f"{dotted}() is deprecated"
