"""Server-sent events whose data is JSON: what it holds, and the data that ends the stream.

In OpenAPI 3.2 (section 4.14.4) the item of a `text/event-stream` is the parsed event. Its `data` is
a string, and `contentMediaType` and `contentSchema` say what JSON that string is. Where nothing
else tells the events apart, their data alone is what a caller wants.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sdkpress.content import ContentKind, classify
from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child
from sdkpress.trees import is_mapping

FIELDS = frozenset({"data", "event", "id", "retry"})
"""The fields of an event (WHATWG HTML, section 9.2.6)."""

_MOST_LEVELS = 4
_MOST_NODES = 64


class _Node(NamedTuple):
    """A schema and its pointer."""

    value: object
    pointer: str


class EventData(NamedTuple):
    """The schema of the JSON in the data of all events, and the data that ends them ("" for none)."""

    schema: object
    pointer: str
    terminator: str


def event_data(source: Source, schema: object, pointer: str) -> EventData | None:
    """What the data of the events is, if it is JSON of one schema and no event has a name of its own."""
    payloads: list[_Node] = []
    names: set[str] = set()
    terminators: set[str] = set()
    for event in _readings(source, [_Node(schema, pointer)]):
        fields = _fields(event)
        if "data" not in fields or not fields.keys() <= FIELDS:
            return None
        for reading in _readings(source, fields["data"]):
            end = _constant(reading)
            if end is not None:
                terminators.add(end)
                continue
            payload = _payload(reading)
            name = _name(source, event, fields)
            if payload is None or name is None or _is_text(source, payload):
                return None
            if all(payload.value != other.value for other in payloads):
                payloads.append(payload)
            names.add(name)
    if len(payloads) != 1 or len(names) != 1 or len(terminators) > 1:
        return None
    return EventData(*payloads[0], "".join(terminators))


def _readings(source: Source, nodes: list[_Node], level: int = _MOST_LEVELS) -> list[list[_Node]]:
    """The alternatives of schemas that hold together, each as the schemas it consists of.

    References and `allOf` are followed; [[]] where there are too many or they lead nowhere.
    """
    waiting, seen = list(nodes), set[str]()
    found: list[_Node] = []
    branches: list[_Node] = []
    while waiting:
        value, pointer = waiting.pop(0)
        if pointer in seen or len(found) == _MOST_NODES:
            continue
        seen.add(pointer)
        node = as_dict(value)
        found.append(_Node(node, pointer))
        target = source.target(node)
        if target is not None:
            try:
                waiting.append(_Node(*source.find(target)))
            except KeyError:
                return [[]]
        waiting += _listed(node, "allOf", pointer)
        options = _listed(node, "oneOf", pointer) or _listed(node, "anyOf", pointer)
        if options and branches:
            return [[]]
        branches = branches or options
    if not branches:
        return [found]
    if level == 0 or len(branches) > _MOST_NODES:
        return [[]]
    return [
        [*found, *reading]
        for branch in branches
        for reading in _readings(source, [branch], level - 1)
    ]


def _listed(node: dict[str, Any], keyword: str, pointer: str) -> list[_Node]:
    return [
        _Node(item, child(pointer, keyword, index))
        for index, item in enumerate(as_list(node.get(keyword)))
    ]


def _fields(event: list[_Node]) -> dict[str, list[_Node]]:
    fields: dict[str, list[_Node]] = {}
    for value, pointer in event:
        node = as_dict(value)
        for name, schema in as_dict(node.get("properties")).items():
            fields.setdefault(name, []).append(_Node(schema, child(pointer, "properties", name)))
        for name, item in as_dict(node.get("const")).items():
            place = child(pointer, "const", name)
            fields.setdefault(name, []).append(_Node({"const": item}, place))
    return fields


def _constant(reading: list[_Node]) -> str | None:
    for value, _ in reading:
        node = as_dict(value)
        listed = [node["const"]] if "const" in node else as_list(node.get("enum"))
        if len(listed) == 1 and isinstance(listed[0], str):
            return listed[0]
    return None


def _payload(reading: list[_Node]) -> _Node | None:
    is_json, payload = False, None
    for value, pointer in reading:
        node = as_dict(value)
        media_type = as_text(node.get("contentMediaType"))
        is_json = is_json or (media_type != "" and classify(media_type) is ContentKind.JSON)
        if payload is None and "contentSchema" in node:
            payload = _Node(node["contentSchema"], child(pointer, "contentSchema"))
    return payload if is_json else None


def _name(source: Source, event: list[_Node], fields: dict[str, list[_Node]]) -> str | None:
    """The name that events of a kind have, "" for any; None where each says its own."""
    readings = _readings(source, fields.get("event", []))
    names = {_constant(reading) for reading in readings}
    if names == {None}:
        is_chosen = any("enum" in as_dict(value) for reading in readings for value, _ in reading)
        is_required = any("event" in as_list(as_dict(value).get("required")) for value, _ in event)
        return None if is_chosen or is_required else ""
    return names.pop() if len(names) == 1 else None


def _is_text(source: Source, payload: _Node) -> bool:
    """Whether the JSON is a string: its quotes would be taken for a part of the text."""
    return any(
        not is_mapping(node)
        or as_dict(node).get("type") == "string"
        or isinstance(as_dict(node).get("const"), str)
        or any(isinstance(item, str) for item in as_list(as_dict(node).get("enum")))
        for reading in _readings(source, [payload])
        for node, _ in reading
    )
