"""Streams that a document declares to other generators alone.

`x-fern-streaming` stands on an operation and says what its answers are; OpenAPI says the same by a
media type for the stream. `x-speakeasy-sse-sentinel` says what ends one. This stage writes both as
media types and `x-sdkpress-stream`, so that lowering and the fake server see one way to say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdkpress.content import STREAM_KINDS, ContentKind, classify
from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document, Origin
from sdkpress.lowering.foreign.operations import MESSAGE_ID
from sdkpress.lowering.foreign.paging import resolved
from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child
from sdkpress.trees import is_mapping

_KEY = "x-fern-streaming"
_SENTINEL = "x-speakeasy-sse-sentinel"
_OWN = "x-sdkpress-stream"
_EVENTS, _LINES = "text/event-stream", "application/x-ndjson"
_METHODS = ("get", "put", "post", "delete", "patch", "query")

Node = dict[str, Any]


def with_streams(document: Document, diagnostics: Diagnostics) -> Document:
    """The document with a media type, and the end, of each stream that only an extension declares."""
    stage = _Streams(Source(document, diagnostics))
    paths: Node = {}
    for path, value in as_dict(document.tree.get("paths")).items():
        item = as_dict(value)
        changed: Node = {}
        for method in _METHODS:
            node = item.get(method)
            if is_mapping(node):
                found = stage.operation(node, child("/paths", path, method))
                if found is not node:
                    changed[method] = found
        if changed:
            paths[path] = {**item, **changed}
    components = as_dict(document.tree.get("components"))
    shared = as_dict(components.get("responses"))
    responses = {
        name: found
        for name, value in shared.items()
        if (found := _with_sentinels(as_dict(value))) is not value
    }
    if not paths and not responses:
        return document
    tree = dict(document.tree)
    if paths:
        tree["paths"] = {**as_dict(tree.get("paths")), **paths}
    if responses:
        tree["components"] = {**components, "responses": {**shared, **responses}}
    return document.with_tree(tree, stage.origins)


class _Streams:
    """Rewrites operations; `origins` says where what was moved had stood."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.origins: dict[str, Origin] = {}

    def operation(self, node: Node, pointer: str) -> Node:
        """The operation with its streams; the same object where there is nothing to say."""
        answers = as_dict(node.get("responses"))
        ended = {
            status: found
            for status, value in answers.items()
            if is_mapping(value) and (found := _with_sentinels(value)) is not value
        }
        if ended:
            node = {**node, "responses": {**answers, **ended}}
        declared = node.get(_KEY)
        if declared is None or declared is False:
            return node
        table = {"format": "json"} if declared is True else as_dict(declared)
        condition = table.get("stream-condition")
        if (
            not table
            or table.get("format", "json") not in ("sse", "json")
            or not isinstance(condition, str | None)
            or not isinstance(table.get("terminator"), str | None)
        ):
            message = f"`{_KEY}` is `true`, or a table with `format`: `sse` or `json`"
            self._source.report(MESSAGE_ID, message, child(pointer, _KEY))
            return node
        for status, value in as_dict(node.get("responses")).items():
            if status.startswith("2"):
                place = child(pointer, "responses", status)
                answer, origin = self._source.resolve(value, place)
                content = self._content(as_dict(answer.get("content")), table, place, origin, node)
                if content is None:
                    return node
                answers = as_dict(node["responses"])
                return {**node, "responses": {**answers, status: {**answer, "content": content}}}
        return node

    def _content(
        self, content: Node, table: Node, place: str, origin: str, node: Node
    ) -> Node | None:
        """The media types of an answer with that of its stream, None where nothing is to be said."""
        own = _facts(table, self._condition(table, node, place))
        said = next((name for name in content if classify(name) in STREAM_KINDS), "")
        if said:
            # OpenAPI has the media type already.
            media = as_dict(content[said])
            return None if not own or _OWN in media else {**content, said: {**media, _OWN: own}}
        is_events = table.get("format", "json") == "sse"
        plain = next((name for name in content if classify(name) is ContentKind.JSON), "")
        media = {key: value for key, value in as_dict(content.get(plain)).items()}
        base = child(place, "content")
        self._moved(base, child(origin, "content"))
        extension = child(place.partition("/responses/")[0], _KEY)
        stream = {key: value for key, value in media.items() if key not in ("example", "examples")}
        schema_at = child(origin, "content", plain, "schema")
        if is_mapping(table.get("response-stream")):
            stream = {"schema": table["response-stream"]}
            schema_at = child(extension, "response-stream")
        if own:
            stream.setdefault(_OWN, own)
        if table.get("stream-condition") is None:
            if not is_events and plain:
                # Lines of what the document calls JSON: it stays that, item by item.
                stream = {("itemSchema" if k == "schema" else k): v for k, v in stream.items()}
                self._moved(child(base, plain, "itemSchema"), schema_at)
                return {**content, plain: stream}
            others = {name: value for name, value in content.items() if name != plain}
            self._moved(child(base, _EVENTS if is_events else _LINES, "schema"), schema_at)
            return {**others, _EVENTS if is_events else _LINES: stream}
        if is_mapping(table.get("response")):
            plain = plain or "application/json"
            media["schema"] = table["response"]
            self._moved(child(base, plain, "schema"), child(extension, "response"))
        streamed = _EVENTS if is_events else _LINES
        self._moved(child(base, streamed, "schema"), schema_at)
        return {**content, **({plain: media} if plain else {}), streamed: stream}

    def _moved(self, place: str, origin: str) -> None:
        self.origins[place] = Origin(self._source.document, origin)

    def _condition(self, table: Node, node: Node, place: str) -> str:
        """The property of the body that asks for the stream, "" where the body has none such."""
        given = table.get("stream-condition")
        if given is None:
            return ""
        name = str(given).removeprefix("$request.").removeprefix("body.")
        pointer = place.partition("/responses/")[0]
        body = resolved(self._source, node.get("requestBody"))
        for media in as_dict(body.get("content")).values():
            if self._is_flag(as_dict(media).get("schema"), name):
                return name
        message = f"`stream-condition`: {name!r} is no property of the body that is true or false"
        self._source.report(MESSAGE_ID, message, child(pointer, _KEY))
        return ""

    def _is_flag(self, value: object, name: str, level: int = 4) -> bool:
        schema = resolved(self._source, value)
        member = as_dict(schema.get("properties")).get(name)
        if member is not None:
            kind = resolved(self._source, member).get("type")
            return "boolean" in (kind, *as_list(kind))
        parts = as_list(schema.get("allOf")) if level else []
        return any(self._is_flag(part, name, level - 1) for part in parts)


def _facts(table: Node, condition: str) -> dict[str, str]:
    facts = {"terminator": as_text(table.get("terminator")), "condition": condition}
    return {key: value for key, value in facts.items() if value}


def _with_sentinels(answer: Node) -> Node:
    """A Response Object whose streams say to us what ends them; the same where none has to."""
    content = as_dict(answer.get("content"))
    ended = {
        name: {**media, _OWN: {"terminator": sentinel}}
        for name, media in content.items()
        if is_mapping(media) and _OWN not in media and (sentinel := _sentinel(media))
    }
    return {**answer, "content": {**content, **ended}} if ended else answer


def _sentinel(media: Mapping[str, Any]) -> str:
    return as_text(media.get(_SENTINEL))
