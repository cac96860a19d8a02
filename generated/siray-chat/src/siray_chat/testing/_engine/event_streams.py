"""Streams of typed events: which events come, in which order, and what is in them.

A union of objects each of which has a constant name (`type` or `event`) lists the events of a
stream, not their order. Two protocols are known by the names of their events, and a whole answer
is taken apart as their servers do it: OpenAI's Responses and Anthropic's Messages. Of any other
union each event comes once, those that begin something first and those that end it last; pieces
come twice, and failures not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References
from .samples import Sampler
from .texts import words

__all__ = ["Events", "event_items", "find_events", "is_named"]

Events = dict[str, Any]
"""The schemas of the events of a stream by the names of the events."""

_RESPONSES = frozenset(("response.created", "response.output_text.delta", "response.completed"))
_MESSAGES = frozenset(
    ("message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_stop")
)  # fmt: skip
_NAMES = ("type", "event")
_MOST_LEVELS = 4
_BEGIN = frozenset("added begin created init opened queued progress start started".split())
_END = frozenset(
    "closed complete completed done end ended finish finished stop stopped succeeded".split()
)
_OTHER = frozenset(
    "action cancelled canceled cancelling error expired failed failure incomplete keepalive ping refusal".split()
)


def find_events(item: Any, references: References) -> Events:
    """The events of a stream's items; {} where the items are no typed events."""
    found: Events = {}
    return found if _collect(item, references, found, 0) and len(found) > 1 else {}


def is_named(events: Events) -> bool:
    """Whether servers of the protocol say the name in the field `event` as well."""
    return events.keys() >= _RESPONSES or events.keys() >= _MESSAGES


def event_items(events: Events, whole: Any, sampler: Sampler) -> list[Any]:
    """The events of a stream; those of a known protocol add up to the whole answer."""
    known = as_object(whole)
    if known and events.keys() >= _RESPONSES:
        items = list(_responses(known))
    elif known and events.keys() >= _MESSAGES:
        items = list(_messages(known))
    else:
        return list(_samples(events, sampler))
    sent: list[Any] = []
    for item in items:
        schema = events.get(item["type"])
        if schema is not None:
            # What a dialect of the protocol does not declare is left out.
            declared = sampler.properties(schema)
            kept = {name: value for name, value in item.items() if name in declared}
            if "sequence_number" in declared:
                kept["sequence_number"] = len(sent)
            sent.append(sampler.mend(kept, schema))
    return sent


def _collect(schema: Any, references: References, found: Events, level: int) -> bool:
    flat = flatten(schema, references)
    properties = as_object(flat.rules.get("properties"))
    for key in _NAMES:
        rules = flatten(properties.get(key), references).rules
        values = [rules["const"]] if "const" in rules else as_list(rules.get("enum"))
        if len(values) == 1 and isinstance(values[0], str):
            found.setdefault(values[0], schema)
            return True
    if level == _MOST_LEVELS or len(flat.alternatives) != 1:
        return False
    # What stands beside the alternatives holds for each of them.
    common = [flat.rules] if properties else []
    return all(
        [
            _collect(
                {"allOf": [branch, *common]} if common else branch, references, found, level + 1
            )
            for branch in flat.alternatives[0].branches
        ]
    )


def _samples(events: Events, sampler: Sampler) -> Iterator[Any]:
    usual = [name for name in events if not _words(name) & _OTHER] or list(events)
    begin = [name for name in usual if _last(name) in _BEGIN]
    end = [name for name in usual if _last(name) in _END]
    pieces = [name for name in usual if name not in begin and name not in end]
    ordered = [
        *sorted(begin, key=_depth),
        *(name for name in sorted(pieces, key=_depth, reverse=True) for _ in range(2)),
        *sorted(end, key=_depth, reverse=True),
    ]
    for variant, name in enumerate(ordered):
        item = sampler.sample(events[name], variant=variant)
        data = sampler.properties(events[name]).get("data")
        if data is not None and isinstance(item, dict) and "data" not in item:
            # A server-sent event without data is none.
            item = {**as_object(item), "data": sampler.sample(data, variant=variant)}
        yield item


def _parts(name: str) -> list[str]:
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]


def _words(name: str) -> set[str]:
    return set(_parts(name))


def _last(name: str) -> str:
    return _parts(name)[-1] if _parts(name) else ""


def _depth(name: str) -> int:
    return len(_parts(name))


def _responses(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun: dict[str, Any] = {
        **whole,
        "status": "in_progress",
        "output": [],
        "usage": None,
        "completed_at": None,
    }
    begun = {name: value for name, value in begun.items() if name in whole}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(map(as_object, as_list(whole.get("output")))):
        at = {"output_index": index}
        named = {**at, "item_id": as_text(item.get("id"), f"item_{index}")}
        opened = dict(item)
        if "status" in opened:
            opened["status"] = "in_progress"
        if item.get("type") == "message":
            opened["content"] = []
        elif isinstance(item.get("arguments"), str):
            opened["arguments"] = ""
        yield {"type": "response.output_item.added", **at, "item": opened}
        if item.get("type") == "message":
            for number, part in enumerate(map(as_object, as_list(item.get("content")))):
                yield from _part({**named, "content_index": number}, part)
        elif isinstance(item.get("arguments"), str):
            kind = "response.function_call_arguments"
            for piece in words(item["arguments"]):
                yield {"type": f"{kind}.delta", **named, "delta": piece}
            done = {"arguments": item["arguments"], "name": as_text(item.get("name"))}
            yield {"type": f"{kind}.done", **named, **done}
        yield {"type": "response.output_item.done", **at, "item": item}
    yield {"type": "response.completed", "response": whole}


def _part(at: dict[str, Any], part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    key = "refusal" if part.get("type") == "refusal" else "text"
    kind = "response.refusal" if key == "refusal" else "response.output_text"
    text = as_text(part.get(key))
    yield {"type": "response.content_part.added", **at, "part": {**part, key: ""}}
    for piece in words(text):
        yield {"type": f"{kind}.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": f"{kind}.done", **at, key: text, "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": part}


def _messages(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun: dict[str, Any] = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(map(as_object, as_list(whole.get("content")))):
        at = {"index": index}
        opened, deltas = dict(block), list[dict[str, Any]]()
        for key, kind in (("thinking", "thinking_delta"), ("text", "text_delta")):
            if isinstance(block.get(key), str):
                opened[key] = ""
                deltas += [{"type": kind, key: piece} for piece in words(block[key])]
        if isinstance(block.get("signature"), str):
            opened["signature"] = ""
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        if isinstance(block.get("input"), dict):
            opened["input"] = {}
            given = msgspec.json.encode(block["input"]).decode()
            deltas += [{"type": "input_json_delta", "partial_json": part} for part in words(given)]
        yield {"type": "content_block_start", **at, "content_block": opened}
        for delta in deltas:
            yield {"type": "content_block_delta", **at, "delta": delta}
        yield {"type": "content_block_stop", **at}
    ended = {"stop_reason": whole.get("stop_reason"), "stop_sequence": whole.get("stop_sequence")}
    yield {"type": "message_delta", "delta": ended, "usage": as_object(whole.get("usage"))}
    yield {"type": "message_stop"}
