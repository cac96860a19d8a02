"""How an answer streams: what asks for it, what an item is, how it ends, what it adds up to.

The facts come from the `x-sdkpress-stream` extension of the media type. Without it they are read
off the shapes as the generator does: a list of choices whose items have a finish reason is the
chunk of a streamed completion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .event_data import FIELDS, EventData, event_data
from .event_streams import Events, find_events
from .media_types import Kind, kind_of
from .merging import flatten
from .nodes import as_bool, as_list, as_object, as_text
from .references import References
from .routing import Operation

__all__ = ["STREAM_KINDS", "StreamShape", "find_stream", "is_streamed"]

STREAM_KINDS: frozenset[Kind] = frozenset(("sse", "ndjson", "json-seq"))
_MOST_LEVELS = 4
_TEXTS = ("thinking", "reasoning", "response", "text", "content")


@dataclass(frozen=True, slots=True)
class StreamShape:
    """One streamed media type of a response.

    `condition` names the boolean property of the request's body that asks for the stream ("" for
    none, `is_default` when its default is true); `finished_by` is the path of the value that is
    null or false until the end; `renames` maps names in an item to names in the whole, `keys` the arrays
    whose objects go by an index to the name of that index. `events` are the schemas of typed
    events by their names. With `is_event_data` the document's items are parsed events, and ours are
    what the JSON in their data is; `event_fields` are the other fields of all of them.
    """

    media_type: str
    media: dict[str, Any]
    kind: Kind
    item: Any
    has_whole: bool = False
    is_envelope: bool = False
    is_event_data: bool = False
    event_fields: dict[str, Any] = field(default_factory=dict[str, Any])
    terminator: str = ""
    finished_by: tuple[str, ...] = ()
    condition: str = ""
    is_default: bool = False
    renames: dict[str, str] = field(default_factory=dict[str, str])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    events: Events = field(default_factory=Events)


def is_streamed(media_type: str, media: dict[str, Any]) -> bool:
    """Whether bodies of the type are sequences of items."""
    return kind_of(media_type) in STREAM_KINDS or "itemSchema" in media


def find_stream(
    operation: Operation, response: dict[str, Any], references: References
) -> StreamShape | None:
    """The streamed media type of a response, None when it has none."""
    contents = {
        media_type: references.resolve(node)
        for media_type, node in as_object(response.get("content")).items()
    }
    for media_type, media in contents.items():
        if is_streamed(media_type, media):
            others = [m for t, m in contents.items() if not is_streamed(t, m)]
            return _describe(media_type, media, others, operation, references)
    return None


def _describe(
    media_type: str,
    media: dict[str, Any],
    others: list[dict[str, Any]],
    operation: Operation,
    references: References,
) -> StreamShape:
    item = media.get("itemSchema")
    if item is None:
        item = media.get("schema", {})
        rules = flatten(item, references).rules
        if rules.get("type") == "array":
            item = rules.get("items", {})
    facts = as_object(media.get("x-sdkpress-stream"))
    kind = kind_of(media_type)
    properties = as_object(flatten(item, references).rules.get("properties"))
    finished_by = tuple(part for part in as_text(facts.get("finished-by")).split("/") if part)
    renames, keys = _strings(facts.get("rename")), _strings(facts.get("keys"))
    terminator = as_text(facts.get("terminator"))
    opened = event_data(item, references) if kind == "sse" else None
    is_event_data = opened is not None
    is_inferred = facts.keys() <= {"condition", "terminator"}
    if opened is None and kind == "sse" and is_inferred:
        opened = _opened(item, references)
    if opened is not None:
        item = opened.schema
        terminator = terminator or opened.terminator
        properties = as_object(flatten(item, references).rules.get("properties"))
    if is_inferred:
        finished_by, renames, keys = _chunk_shape(properties, references)
        if not finished_by and (texts := _flagged(properties, references)):
            finished_by, renames = ("done",), {name: name for name in texts}
    if not terminator and finished_by and kind == "sse":
        terminator = "[DONE]"
    condition = as_text(facts.get("condition"))
    if not condition and others:
        condition = "stream"
    asked = _body_property(operation, condition, references) if condition else {}
    if not asked:
        condition = as_text(facts.get("condition"))
    return StreamShape(
        media_type=media_type,
        media=media,
        kind=kind if kind in STREAM_KINDS else "ndjson",
        item=item,
        has_whole=bool(others),
        is_envelope=kind == "sse" and opened is None and _is_envelope(item, references),
        is_event_data=is_event_data,
        event_fields=opened.fields if opened is not None else {},
        terminator=terminator,
        finished_by=finished_by,
        condition=condition,
        is_default=as_bool(asked.get("default")),
        renames=renames,
        keys=keys,
        events={} if finished_by else find_events(item, references),
    )


def _body_property(operation: Operation, name: str, references: References) -> dict[str, Any]:
    """The rules of a boolean property of the request's body, {} when there is none."""
    for node in as_object(operation.request_body.get("content")).values():
        schema = references.resolve(node).get("schema")
        properties = as_object(flatten(schema, references).rules.get("properties"))
        if name not in properties:
            continue
        flat = flatten(properties[name], references)
        branches = [branch for group in flat.alternatives for branch in group.branches]
        kinds = {flatten(branch, references).rules.get("type") for branch in branches}
        if flat.rules.get("type") in ("boolean", ["boolean", "null"], ["null", "boolean"]) or (
            "boolean" in kinds <= {"boolean", "null"}
        ):
            # A default of the document stands beside the alternatives as well as in one.
            return {**flat.rules, "type": "boolean"}
    return {}


def _is_envelope(item: Any, references: References, level: int = _MOST_LEVELS) -> bool:
    """Whether an item is the parsed event itself, or every alternative of it is."""
    flat = flatten(item, references)
    properties = as_object(flat.rules.get("properties"))
    if "data" in properties:
        return properties.keys() <= FIELDS
    branches = [branch for group in flat.alternatives for branch in group.branches]
    return (
        not properties
        and bool(branches)
        and level > 0
        and all(_is_envelope(branch, references, level - 1) for branch in branches)
    )


def _opened(item: Any, references: References) -> EventData | None:
    """The schema of the data, and the terminator, of two parsed events one of which is the end."""
    alternatives = flatten(item, references).alternatives
    if len(alternatives) != 1 or len(alternatives[0].branches) != 2:
        return None
    items: list[Any] = []
    terminators: list[str] = []
    for option in alternatives[0].branches:
        properties = as_object(flatten(option, references).rules.get("properties"))
        if "data" not in properties or not properties.keys() <= FIELDS:
            return None
        data = flatten(properties["data"], references).rules
        values = [data["const"]] if "const" in data else as_list(data.get("enum"))
        if len(values) == 1 and isinstance(values[0], str):
            terminators.append(values[0])
        elif "properties" in data:
            items.append(properties["data"])
    if len(items) == len(terminators) == 1:
        return EventData(items[0], terminators[0], {})
    return None


def _flagged(properties: dict[str, Any], references: References) -> list[str]:
    """The message, or the texts, that come in pieces of which the last has the flag `done`."""

    def type_of(name: str) -> Any:
        kinds = flatten(properties.get(name), references).rules.get("type")
        named = [kind for kind in as_list(kinds) if kind != "null"]
        return named[0] if len(named) == 1 else kinds

    if type_of("done") != "boolean":
        return []
    if type_of("message") == "object":
        return ["message"]
    return [name for name in _TEXTS if type_of(name) == "string"]


def _chunk_shape(
    properties: dict[str, Any], references: References
) -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    choice = _item_properties(properties.get("choices"), references)
    if "finish_reason" not in choice:
        return (), {}, {}
    keys = {"choices": "index"} if "index" in choice else {}
    renames: dict[str, str] = {}
    if "delta" in choice:
        renames["delta"] = "message"
        delta = flatten(choice["delta"], references).rules
        for name, schema in as_object(delta.get("properties")).items():
            if "index" in _item_properties(schema, references):
                keys[name] = "index"
    return ("choices", "*", "finish_reason"), renames, keys


def _item_properties(schema: Any, references: References) -> dict[str, Any]:
    items = flatten(schema, references).rules.get("items")
    return as_object(flatten(items, references).rules.get("properties"))


def _strings(node: Any) -> dict[str, str]:
    return {key: value for key, value in as_object(node).items() if isinstance(value, str)}
