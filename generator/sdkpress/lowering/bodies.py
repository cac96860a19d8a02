"""Parameters, request bodies and responses."""

from __future__ import annotations

from typing import Any

from sdkpress.content import STREAM_KINDS, ContentKind, classify, essence, preference
from sdkpress.lowering.event_data import event_data
from sdkpress.lowering.foreign.names import DOCS_KEYS, NAMING_KEYS, member_name
from sdkpress.lowering.foreign.operations import report_malformed
from sdkpress.lowering.schemas import SchemaLowering
from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child, docs_of
from sdkpress.model import (
    Body,
    Content,
    Docs,
    Parameter,
    PartEncoding,
    Response,
    ResponseHeader,
)
from sdkpress.records import replace

_NO_MEDIA: tuple[str, Any] = ("", None)
_STRUCTURE = frozenset({"allOf", "anyOf", "oneOf", "properties", "items", "additionalProperties"})
_DEFAULT_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "header": ("simple",),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "cookie": ("form", "cookie"),
}
# RFC 9110, sections 15.3.5 and 15.3.6.
_WITHOUT_CONTENT = frozenset({"204", "205"})
# The specification says that header parameters of these names shall be ignored: the client
# itself decides them (Parameter Object, `name`).
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


class BodyLowering:
    """Lowers whatever carries a schema over the wire."""

    def __init__(self, source: Source, schemas: SchemaLowering) -> None:
        self.source = source
        self.schemas = schemas

    def parameters(self, listed: list[tuple[object, str]]) -> tuple[Parameter, ...]:
        """Parameters of a path item and its operation; the later of two of the same name counts."""
        found: dict[tuple[str, str], Parameter] = {}
        for value, pointer in listed:
            node, place = self.source.resolve(value, pointer)
            parameter = self._parameter(node, place)
            if parameter is not None:
                found[(parameter.location, parameter.name)] = parameter
        return tuple(found.values())

    def _parameter(self, node: dict[str, Any], pointer: str) -> Parameter | None:
        name, location = as_text(node.get("name")), as_text(node.get("in"))
        if location == "querystring":
            return self._content_parameter(node, name or "querystring", location, pointer)
        if not name or location not in _STYLES:
            if node:
                self.source.report(
                    "invalid-parameter", "a parameter needs a `name` and a known `in`", pointer
                )
            return None
        if location == "header" and name.lower() in _IGNORED_HEADERS:
            self.source.report(
                "ignored-header-parameter",
                f"header parameter {name!r} is decided by the client itself",
                pointer,
            )
            return None
        if as_dict(node.get("content")):
            return self._content_parameter(node, name, location, pointer)
        style = as_text(node.get("style")) or _DEFAULT_STYLES[location]
        if style not in _STYLES[location]:
            self.source.report(
                "invalid-style", f"style {style!r} does not exist for {location}", pointer
            )
            style = _DEFAULT_STYLES[location]
        explode = node.get("explode")
        return Parameter(
            name=name,
            location=location,
            type=self.schemas.use(node.get("schema", {}), child(pointer, "schema")),
            is_required=node.get("required") is True or location == "path",
            style=style,
            explode=explode if isinstance(explode, bool) else style in ("form", "cookie"),
            pointer=pointer,
            allow_reserved=node.get("allowReserved") is True,
            docs=self._parameter_docs(node, pointer),
        )

    def _parameter_docs(self, node: dict[str, Any], pointer: str) -> Docs:
        """The documentation of a parameter; some name it on its schema."""
        docs = docs_of(node)
        if not DOCS_KEYS.isdisjoint(node):
            report_malformed(self.source, node, pointer)
        schema = as_dict(node.get("schema"))
        if docs.member_words or NAMING_KEYS.isdisjoint(schema):
            return docs
        return replace(docs, member_words=member_name(schema))

    def _content_parameter(
        self, node: dict[str, Any], name: str, location: str, pointer: str
    ) -> Parameter:
        media_type, value = next(iter(as_dict(node.get("content")).items()), _NO_MEDIA)
        place = child(pointer, "content", media_type)
        media, place = self.source.resolve(value, place)
        return Parameter(
            name=name,
            location=location,
            type=self.schemas.use(media.get("schema", {}), child(place, "schema")),
            is_required=node.get("required") is True or location == "path",
            style=_DEFAULT_STYLES.get(location, "form"),
            explode=False,
            pointer=pointer,
            media_type=media_type or "application/json",
            docs=self._parameter_docs(node, pointer),
        )

    def body(self, value: object, pointer: str) -> Body | None:
        """A Request Body Object, or None without contents."""
        node, place = self.source.resolve(value, pointer)
        contents = self.contents(node.get("content"), child(place, "content"))
        if not contents:
            return None
        return Body(contents, node.get("required") is True, place, docs_of(node))

    def responses(self, value: object, pointer: str) -> tuple[Response, ...]:
        """The Responses Object in document order; Swagger-only fields are not looked at."""
        found: list[Response] = []
        for status, item in as_dict(value).items():
            if status.startswith("x-"):
                continue
            place = child(pointer, status)
            code = _status(status)
            if code is None:
                self.source.report("invalid-status", f"{status!r} is no status code", place)
                continue
            node, place = self.source.resolve(item, place)
            content = node.get("content")
            if content and code in _WITHOUT_CONTENT:
                message = f"an answer with status {code} has no content, whatever is declared"
                self.source.report("impossible-content", message, child(place, "content"))
                content = None
            contents = self.contents(content, child(place, "content"), is_answer=True)
            docs = Docs(description=as_text(node.get("description")))
            headers = self._headers(node, place)
            found.append(Response(code, contents, place, docs, headers))
        return tuple(found)

    def _headers(self, node: dict[str, Any], pointer: str) -> tuple[ResponseHeader, ...]:
        found: list[ResponseHeader] = []
        for name, value in as_dict(node.get("headers")).items():
            # "If a response header is defined with the name Content-Type, it SHALL be ignored."
            if name.lower() != "content-type":
                header, _ = self.source.resolve(value, child(pointer, "headers", name))
                found.append(ResponseHeader(name, docs_of(header)))
        return tuple(found)

    def contents(self, value: object, pointer: str, is_answer: bool = False) -> tuple[Content, ...]:
        """Media types, the preferred one first; the same type twice keeps the first."""
        found: dict[str, Content] = {}
        for media_type, item in as_dict(value).items():
            place = child(pointer, media_type)
            node, place = self.source.resolve(item, place)
            events = self._events(media_type, node, place) if is_answer else None
            content = events or self._content(media_type, node, place)
            found.setdefault(essence(media_type), content)
        return tuple(sorted(found.values(), key=lambda item: preference(item.media_type)))

    def _events(self, media_type: str, node: dict[str, Any], pointer: str) -> Content | None:
        """A stream of events whose data is JSON of one schema."""
        if classify(media_type) is not ContentKind.SSE:
            return None
        keyword = "itemSchema" if "itemSchema" in node else "schema"
        schema, place = node.get(keyword), child(pointer, keyword)
        if keyword == "schema" and as_dict(schema).get("type") == "array":
            schema, place = as_dict(schema).get("items"), child(place, "items")
        found = event_data(self.source, schema, place)
        if found is None:
            return None
        return Content(
            media_type,
            ContentKind.SSE,
            self.schemas.use(found.schema, found.pointer),
            pointer,
            is_item=True,
            is_event_data=True,
            terminator=found.terminator,
        )

    def _content(self, media_type: str, node: dict[str, Any], pointer: str) -> Content:
        kind = classify(media_type)
        if kind is ContentKind.BINARY and _is_vague(media_type):
            kind = self._kind_by_schema(node)
        keyword, is_item = "schema", False
        if kind in STREAM_KINDS or "itemSchema" in node:
            if "itemSchema" in node:
                keyword, is_item = "itemSchema", True
                if kind not in STREAM_KINDS and kind is ContentKind.JSON:
                    kind, is_item = ContentKind.JSON, True
            elif as_dict(node.get("schema")).get("type") == "array" and "items" in node["schema"]:
                # `schema` describes the whole sequence; its items are what arrives.
                item = self.schemas.use(node["schema"]["items"], child(pointer, "schema", "items"))
                return Content(media_type, kind, item, pointer, is_item=True)
        use = self.schemas.use(node[keyword], child(pointer, keyword)) if keyword in node else None
        encodings = tuple(
            _encoding(name, as_dict(item)) for name, item in as_dict(node.get("encoding")).items()
        )
        if kind is ContentKind.MULTIPART:
            encodings += _positional(node)
        return Content(media_type, kind, use, pointer, encodings, is_item)

    def _kind_by_schema(self, node: dict[str, Any]) -> ContentKind:
        """What a media type that names nothing holds: JSON where the schema is of JSON."""
        schema, _ = self.source.resolve(node.get("schema"), "")
        kinds = schema.get("type")
        named = {kinds} if isinstance(kinds, str) else set(map(str, as_list(kinds)))
        if named & {"object", "array", "integer", "number", "boolean"}:
            return ContentKind.JSON
        if "string" in named:
            is_bytes = schema.get("format") in ("binary", "byte") or "contentEncoding" in schema
            return ContentKind.BINARY if is_bytes else ContentKind.TEXT
        return ContentKind.JSON if schema.keys() & _STRUCTURE else ContentKind.BINARY


def _is_vague(media_type: str) -> bool:
    """Whether a media type says nothing: how frameworks write "whatever the encoder makes of it"."""
    name = essence(media_type)
    return name in ("*/*", "application/*") or "/" not in name


def _positional(node: dict[str, Any]) -> tuple[PartEncoding, ...]:
    """`prefixEncoding` by position, and `itemEncoding` for the rest (OpenAPI 3.2)."""
    found = [
        _encoding(str(position), as_dict(item))
        for position, item in enumerate(as_list(node.get("prefixEncoding")))
    ]
    if as_dict(node.get("itemEncoding")):
        found.append(_encoding("*", as_dict(node["itemEncoding"])))
    return tuple(found)


def _encoding(name: str, node: dict[str, Any]) -> PartEncoding:
    style = as_text(node.get("style"))
    explode = node.get("explode")
    if not style and ("explode" in node or "allowReserved" in node):
        # Any of the three asks for serialization by style (OpenAPI 3.1.1, Encoding Object).
        style = "form"
    return PartEncoding(
        property=name,
        content_type=as_text(node.get("contentType")),
        style=style,
        explode=explode if isinstance(explode, bool) else style == "form",
        allow_reserved=node.get("allowReserved") is True,
    )


def _status(text: str) -> str | None:
    """`200` -> `200`, `2xx` -> `2XX`, `default` -> `default`."""
    if text.lower() == "default":
        return "default"
    if len(text) == 3 and text.isascii() and text.isdigit():
        return text
    if len(text) == 3 and text[0] in "12345" and text[1:].upper() == "XX":
        return text.upper()
    return None


def path_item_parameters(item: dict[str, Any], pointer: str) -> list[tuple[object, str]]:
    """The entries of a `parameters` list with their pointers."""
    return [
        (value, child(pointer, "parameters", index))
        for index, value in enumerate(as_list(item.get("parameters")))
    ]
