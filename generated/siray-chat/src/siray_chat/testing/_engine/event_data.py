"""Server-sent events whose data is JSON: what it holds, and the data that ends the stream.

The item of a `text/event-stream` is the parsed event (OpenAPI 3.2, section 4.14.4), in which
`contentMediaType` and `contentSchema` say what JSON the string `data` is. The generator has the
same rule: where it finds one schema for the data of all events, clients are given the data alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from .media_types import kind_of
from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References

__all__ = ["FIELDS", "EventData", "bare_items", "event_data"]

FIELDS = frozenset(("data", "event", "id", "retry"))
"""The fields of an event (WHATWG HTML, section 9.2.6)."""

_MOST_LEVELS = 4
_Rules = dict[str, Any]


class EventData(NamedTuple):
    """The schema of the JSON in the data of all events, and the data that ends them ("" for none).

    `fields` are what the events have beside it: a name that is always the same, values that the
    document shows or requires.
    """

    schema: Any
    terminator: str
    fields: dict[str, Any]


def event_data(item: Any, references: References) -> EventData | None:
    """What the data of the events is, if it is JSON of one schema and no event has a name of its own."""
    payloads: list[Any] = []
    names: set[str] = set()
    terminators: set[str] = set()
    beside: dict[str, Any] = {}
    for event in _readings(item, references):
        fields = {**as_object(event.get("const")), **as_object(event.get("properties"))}
        if "data" not in fields or not fields.keys() <= FIELDS:
            return None
        given = as_object(event.get("const")).get("data")
        for reading in [{"const": given}] if given else _readings(fields["data"], references):
            end = _constant(reading)
            if end is not None:
                terminators.add(end)
                continue
            name = _name(event, fields, references)
            payload = reading.get("contentSchema")
            media_type = as_text(reading.get("contentMediaType"))
            if name is None or not media_type or kind_of(media_type) != "json":
                return None
            if "contentSchema" not in reading or _is_text(payload, references):
                return None
            if payload not in payloads:
                payloads.append(payload)
            names.add(name)
            beside = _beside(event, fields, references)
    if len(payloads) != 1 or len(names) != 1 or len(terminators) > 1:
        return None
    return EventData(payloads[0], "".join(terminators), beside)


def bare_items(example: Any, terminator: str) -> Any:
    """An example of events, as the document describes them, as the list of what is in their data.

    What is no event stays as it is, and so does an example in one text.
    """
    if isinstance(example, str):
        return example
    found: list[Any] = []
    for item in as_list(example) if isinstance(example, list) else [example]:
        data = as_object(item).get("data")
        if not isinstance(data, str) or not as_object(item).keys() <= FIELDS:
            found.append(item)
        elif not terminator or data != terminator:
            try:
                found.append(msgspec.json.decode(data))
            except msgspec.DecodeError:
                found.append(item)
    return found


def _readings(schema: Any, references: References, level: int = _MOST_LEVELS) -> list[_Rules]:
    """The rules of each alternative of a schema; [{}] where there are too many."""
    flat = flatten(schema, references)
    if not flat.alternatives:
        return [flat.rules]
    if len(flat.alternatives) > 1 or level == 0:
        return [{}]
    return [
        reading
        for branch in flat.alternatives[0].branches
        for reading in _readings({"allOf": [flat.rules, branch]}, references, level - 1)
    ]


def _constant(rules: _Rules) -> str | None:
    listed = [rules["const"]] if "const" in rules else as_list(rules.get("enum"))
    return listed[0] if len(listed) == 1 and isinstance(listed[0], str) else None


def _name(event: _Rules, fields: dict[str, Any], references: References) -> str | None:
    """The name that events of a kind have, "" for any; None where each says its own."""
    readings = _readings(fields.get("event"), references)
    names = {_constant(reading) for reading in readings}
    if names == {None}:
        is_chosen = any("enum" in reading for reading in readings)
        return None if is_chosen or "event" in as_list(event.get("required")) else ""
    return names.pop() if len(names) == 1 else None


def _beside(event: _Rules, fields: dict[str, Any], references: References) -> dict[str, Any]:
    required = as_list(event.get("required"))
    found: dict[str, Any] = {}
    for name, schema in fields.items():
        if name == "data":
            continue
        flat = flatten(schema, references)
        fixed = _constant(flat.rules)
        if fixed is not None:
            found[name] = fixed
        elif flat.suggestions:
            found[name] = flat.suggestions[0]
        elif name in required:
            found[name] = 1 if name == "retry" else "1"
    return found


def _is_text(payload: Any, references: References) -> bool:
    """Whether the JSON is a string."""
    return not isinstance(payload, dict) or any(
        rules.get("type") == "string"
        or isinstance(rules.get("const"), str)
        or any(isinstance(value, str) for value in as_list(rules.get("enum")))
        for rules in _readings(payload, references)
    )
