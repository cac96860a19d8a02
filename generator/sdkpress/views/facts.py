"""What generated modules tell the runtime about an operation: the arguments of `Operation(…)`."""

from __future__ import annotations

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import STREAM_KINDS, ContentKind
from sdkpress.model import (
    Api,
    BooleanSchema,
    ConstSchema,
    Content,
    EnumSchema,
    ObjectSchema,
    Operation,
    Parameter,
    PartEncoding,
    Response,
    SchemaId,
    Stream,
    TypeUse,
)
from sdkpress.naming.shapes import inner_uses
from sdkpress.text import literal
from sdkpress.views.pagination import pagination_fact


class FactWriter:
    """Writes the facts of operations; `imports` collects what their types need at run time."""

    def __init__(self, api: Api, annotator: Annotator, prefix: str) -> None:
        self._api = api
        self._annotator = annotator
        self._prefix = prefix
        self.imports = Imports()

    def write(self, operation: Operation) -> list[str]:
        """The lines of the arguments of `Operation(…)`."""
        contents = operation.body.contents if operation.body else ()
        lines = [
            f"method={literal(operation.method)},",
            f"path={literal(operation.path)},",
        ]
        if operation.operation_id:
            lines.append(f"operation_id={literal(operation.operation_id)},")
        security = self._security(operation)
        if security:
            lines.append(f"security={_tuples(security)},")
        parameters = [_parameter_fact(item) for item in operation.parameters]
        if parameters:
            lines += _listed("parameters", parameters)
        if contents:
            content = contents[0]
            lines.append(f"body={literal(_body_kind(content.kind))},")
            lines.append(f"media_type={literal(content.media_type)},")
            if content.encodings:
                lines.append("encoding={")
                for item in content.encodings:
                    lines.append(f"    {literal(item.property)}: {_property_fact(item)},")
                lines.append("},")
        alternatives = [_content_fact(item) for item in contents[1:]]
        if alternatives:
            lines += _listed("alternatives", alternatives)
        answers = [
            fact for response in operation.responses for fact in self._answer_facts(response)
        ]
        if answers:
            lines += _listed("answers", answers)
        if operation.stream is not None:
            lines += self._stream_fact(operation.stream)
        if operation.pagination is not None:
            lines.append(pagination_fact(operation.pagination))
        if operation.replay != "method":
            lines.append(f"replay={literal(operation.replay)},")
        if operation.method == "POST" or operation.idempotency_header:
            header = operation.idempotency_header or "Idempotency-Key"
            lines.append(f"idempotency_header={literal(header)},")
        if operation.servers:
            lines.append(f"servers={_tuple(operation.servers)},")
        return lines

    def _security(self, operation: Operation) -> tuple[tuple[str, ...], ...]:
        """Requirements without what the HTTP client itself provides (mutual TLS)."""
        signed = {item.name for item in self._api.security_schemes if item.kind != "mutualTLS"}
        kept = tuple(
            dict.fromkeys(
                tuple(name for name in alternative if name in signed)
                for alternative in operation.security
            )
        )
        return kept if any(kept) else ()

    def _answer_facts(self, response: Response) -> list[str]:
        status = literal(response.status)
        if not response.contents:
            return [f'Answer({status}, None, "empty")']
        facts: list[str] = []
        for content in response.contents:
            if content.kind in STREAM_KINDS:
                continue
            kind = _answer_kind(content.kind)
            media_type = literal(content.media_type)
            if kind == "json" and content.type is not None:
                thunk = self._thunk(content.type)
                facts.append(f"Answer({status}, {media_type}, {literal(kind)}, {thunk})")
            else:
                facts.append(f"Answer({status}, {media_type}, {literal(kind)})")
        return facts

    def _stream_fact(self, stream: Stream) -> list[str]:
        kind = "jsonl" if stream.content.kind is not ContentKind.SSE else "sse"
        lines = [
            "stream=StreamAnswer(",
            f"    status={literal(stream.status)},",
            f"    media_type={literal(stream.content.media_type)},",
            f"    kind={literal(kind)},",
            f"    type={self._thunk(stream.item) if stream.item else 'None'},",
        ]
        if stream.is_envelope:
            lines.append("    envelope=True,")
        if stream.terminator:
            lines.append(f"    terminator={literal(stream.terminator)},")
        if stream.finished_by:
            lines.append(f"    finished_by={_tuple(stream.finished_by)},")
        if stream.final is not None:
            lines.append(f"    final={self._thunk(stream.final)},")
            lines.append("    fold=Fold(")
            lines.append(f"        rename={_mapping(stream.renames)},")
            lines.append(f"        keys={_mapping(stream.keys)},")
            lines.append(f"        replace={_tuple(tuple(self._replaced(stream)))},")
            if stream.whole:
                lines.append(f"        whole={literal(stream.whole)},")
            if constants := self._constants(stream.final):
                lines.append(f"        constants={_mapping(constants)},")
            lines.append("    ),")
        return [*lines, "),"]

    def _replaced(self, stream: Stream) -> list[str]:
        """Names of strings in an item that are whole in each piece: tags, ids, enums."""
        names = {"id", "name", "object", "role", "type"}
        stack = [stream.item.schema] if stream.item else []
        seen: set[SchemaId] = set()
        while stack:
            id = stack.pop()
            if id in seen:
                continue
            seen.add(id)
            schema = self._api.schemas[id]
            if isinstance(schema, ObjectSchema):
                for member in schema.properties:
                    if isinstance(
                        self._api.schema(member.type), (EnumSchema, ConstSchema, BooleanSchema)
                    ):
                        names.add(member.name)
            stack.extend(use.schema for _, use in inner_uses(schema))
        return sorted(names)

    def _constants(self, whole: TypeUse) -> tuple[tuple[str, str | int], ...]:
        """Enums of one value in a whole: open to other values by type, but none of its pieces has it."""
        schema = self._api.schema(whole)
        members = schema.properties if isinstance(schema, ObjectSchema) else ()
        listed = ((member.name, self._api.schema(member.type)) for member in members)
        return tuple(
            (name, value)
            for name, enum in listed
            if isinstance(enum, EnumSchema) and len(enum.values) == 1
            for value in enum.values
            if isinstance(value, (str, int))
        )

    def _thunk(self, use: TypeUse) -> str:
        return f"lambda: {self._annotator.output(use, self.imports, self._prefix)}"


def wire_location(parameter: Parameter) -> str:
    """Where the request keeps a parameter: a whole query string is a value among the query's."""
    return "query" if parameter.location == "querystring" else parameter.location


def _parameter_fact(parameter: Parameter) -> str:
    parts = [literal(parameter.name), literal(parameter.location)]
    default_style = "form" if parameter.location in ("query", "cookie") else "simple"
    if parameter.media_type:
        parts.append(f"content={literal(parameter.media_type)}")
    else:
        if parameter.style != default_style:
            parts.append(f"style={literal(parameter.style)}")
        if parameter.explode != (parameter.style == "form"):
            parts.append(f"explode={parameter.explode}")
    if parameter.allow_reserved:
        parts.append("allow_reserved=True")
    return f"Parameter({', '.join(parts)})"


def _property_fact(item: PartEncoding) -> str:
    parts: list[str] = []
    if item.content_type:
        parts.append(literal(item.content_type))
    if item.style:
        parts.append(f"style={literal(item.style)}")
        parts.append(f"explode={item.explode}")
    if item.allow_reserved:
        parts.append("allow_reserved=True")
    return f"Property({', '.join(parts)})"


def _content_fact(content: Content) -> str:
    parts = [literal(_body_kind(content.kind)), literal(content.media_type)]
    if content.encodings:
        rules = (f"{literal(item.property)}: {_property_fact(item)}" for item in content.encodings)
        parts.append("{" + ", ".join(rules) + "}")
    return f"Content({', '.join(parts)})"


def _body_kind(kind: ContentKind) -> str:
    return "text" if kind is ContentKind.SSE else str(kind.value)


def _answer_kind(kind: ContentKind) -> str:
    match kind:
        case ContentKind.JSON | ContentKind.TEXT | ContentKind.BINARY:
            return str(kind.value)
        case ContentKind.FORM:
            return "text"
        case _:
            return "binary"


def _listed(argument: str, items: list[str]) -> list[str]:
    """A tuple as an argument, an element a line; black joins the lines of a single one."""
    if len(items) == 1:
        return [f"{argument}=({items[0]},),"]
    return [f"{argument}=(", *(f"    {item}," for item in items), "),"]


def _tuple(values: tuple[str, ...]) -> str:
    inner = ", ".join(literal(value) for value in values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"


def _tuples(values: tuple[tuple[str, ...], ...]) -> str:
    inner = ", ".join(_tuple(value) for value in values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"


def _mapping(pairs: tuple[tuple[str, str | int], ...]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in pairs) + "}"
