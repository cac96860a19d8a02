"""The items of a stream, and their bytes on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

from .event_streams import event_items, is_named
from .nodes import as_list, as_object
from .samples import Sampler
from .splitting import USAGE, is_flagged, split
from .stream_shapes import StreamShape

__all__ = ["frame", "frame_terminator", "frame_text", "has_usage", "stream_items", "trim_usage"]

_GENERIC_ITEMS = 3
_TEXT_ENDS = {"sse": r"(?:\r\n){2,}|\n{2,}|\r{2,}", "json-seq": r"\n(?=\x1e)"}
_LINE_END = re.compile(r"\r\n|\r|\n")


def stream_items(
    shape: StreamShape, example: Any, whole: Any, sampler: Sampler, *, usage: bool
) -> list[Any]:
    """What the stream consists of.

    An example that is a list is the items themselves; without an example, the whole answer is
    split where the shape says how, and three sample items do otherwise.
    """
    if example is not None:
        items = as_list(example) if isinstance(example, list) else [example]
        _raise_flag(items, shape)
        return items if usage else trim_usage(items, shape)
    if isinstance(whole, dict) and (shape.renames or shape.keys):
        return split(cast("dict[str, Any]", whole), shape, sampler, usage=usage)
    if shape.events:
        return event_items(shape.events, whole, sampler)
    if is_flagged(shape):
        return split(as_object(sampler.sample(shape.item)), shape, sampler, usage=usage)
    items = [sampler.sample(shape.item, variant=index) for index in range(_GENERIC_ITEMS)]
    for item in items[:-1]:
        if shape.finished_by:
            _unfinish(item, shape.finished_by)
    _raise_flag(items, shape)
    return items


def _raise_flag(items: list[Any], shape: StreamShape) -> None:
    """Let the last item say that it is the last, where that is a flag."""
    name = shape.finished_by[0] if len(shape.finished_by) == 1 else ""
    last = as_object(items[-1]) if items else {}
    if name and isinstance(last.get(name, False), bool):
        items[-1] = {**last, name: True}


def has_usage(example: Any) -> bool:
    """Whether an item of an example says how much was used."""
    return any(as_object(item).get(USAGE) is not None for item in as_list(example))


def trim_usage(items: list[Any], shape: StreamShape) -> list[Any]:
    """The items without those that carry nothing but the usage."""
    return [item for item in items if not _is_usage(as_object(item), shape)]


def _is_usage(item: dict[str, Any], shape: StreamShape) -> bool:
    lists = [name for name in item if name in shape.keys]
    return item.get(USAGE) is not None and bool(lists) and not any(item[name] for name in lists)


def _unfinish(item: Any, path: tuple[str, ...]) -> None:
    name, *rest = path
    if name == "*":
        for entry in as_list(item):
            _unfinish(entry, tuple(rest))
    elif rest:
        _unfinish(as_object(item).get(name), tuple(rest))
    elif name in as_object(item):
        flag = isinstance(as_object(item)[name], bool)
        as_object(item)[name] = False if flag else None


def frame(items: Iterable[Any], shape: StreamShape) -> Iterator[bytes]:
    """One block of bytes per item, without the end of the stream."""
    is_told = is_named(shape.events)
    for item in items:
        if shape.kind == "sse":
            if shape.event_fields:
                item = {**shape.event_fields, "data": msgspec.json.encode(item).decode()}
            if shape.is_envelope or shape.event_fields:
                yield _envelope(as_object(item))
            else:
                yield _event(item, is_told)
        elif shape.kind == "json-seq":
            # RFC 7464, section 2.2: a record separator before, a line feed after.
            yield b"\x1e" + msgspec.json.encode(item) + b"\n"
        else:
            yield msgspec.json.encode(item) + b"\n"


def frame_text(text: str, shape: StreamShape) -> tuple[bytes, ...]:
    """Items as a document has them, all in one text: one block of bytes per item."""
    end = _TEXT_ENDS.get(shape.kind, r"\n")
    parts = re.findall(rf".*?(?:{end}|\Z)", text, re.DOTALL)
    return tuple(part.encode() for part in parts if part)


def frame_terminator(shape: StreamShape) -> bytes:
    """What ends the stream, b"" where only the end of the body does."""
    if not shape.terminator:
        return b""
    if shape.kind == "sse":
        return b"data: " + shape.terminator.encode() + b"\n\n"
    return shape.terminator.encode() + b"\n"


def _event(item: Any, is_told: bool) -> bytes:
    if isinstance(item, str):
        return _fields([("data", item)])
    if is_told and isinstance(as_object(item).get("type"), str):
        return _fields([("event", item["type"]), ("data", msgspec.json.encode(item).decode())])
    return b"data: " + msgspec.json.encode(item) + b"\n\n"


def _envelope(item: dict[str, Any]) -> bytes:
    fields: list[tuple[str, str]] = []
    for name in ("event", "id", "retry", "data"):
        if item.get(name) is not None:
            value = item[name]
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            fields.append((name, text))
    return _fields(fields)


def _fields(fields: list[tuple[str, str]]) -> bytes:
    lines = [f"{name}: {line}\n" for name, text in fields for line in _LINE_END.split(text)]
    return "".join([*lines, "\n"]).encode()
