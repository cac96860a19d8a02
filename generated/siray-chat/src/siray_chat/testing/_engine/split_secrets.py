"""Credentials that a stream has in pieces: a text comes word by word, and so does a key within it.

Each event by itself shows a few characters. Put together as a client puts them together, the texts
at one place of the events, the key is there.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, cast

__all__ = ["read_line", "without_split", "write_line"]

Spans: TypeAlias = "Callable[[str], Iterable[tuple[int, int]]]"
_Place: TypeAlias = "tuple[str | int, ...]"


def read_line(line: str) -> tuple[str, Any] | None:
    """What stands before the JSON of a line (`data: `), and its value; None where there is none."""
    start = line.find("{")
    if start < 0 or line[:start].strip("\x1e :") not in ("", "data"):
        return None
    try:
        return line[:start], json.loads(line[start:])
    except (ValueError, RecursionError):
        return None


def write_line(before: str, value: Any) -> str:
    """The line again."""
    return before + json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def without_split(texts: list[str], spans: Spans, placeholder: str) -> list[str]:
    """The events or lines without what `spans` finds when their texts are put together.

    `spans` gives beginnings and ends, in order. Of what it finds in several pieces, the first one
    becomes the placeholder, and nothing stays of the others. What is in one piece stays.
    """
    lines = [text.split("\n") for text in texts]
    values: list[tuple[int, int, str, Any]] = []
    for number, listed in enumerate(lines):
        for index, line in enumerate(listed):
            found = read_line(line)
            if found is not None:
                values.append((number, index, *found))
    places: dict[_Place, list[tuple[int, Any, Any]]] = {}
    for at, (_, _, _, value) in enumerate(values):
        for place, holder, key in _leaves(value, ()):
            places.setdefault(place, []).append((at, holder, key))
    changed: set[int] = set()
    for pieces in places.values():
        if len(pieces) < 2:
            continue
        texts_here = [holder[key] for _, holder, key in pieces]
        ends = list(itertools.accumulate(map(len, texts_here)))
        # What one piece has by itself is taken out where it stands, and the line stays as it came.
        split = [
            (first, last)
            for first, last in spans("".join(texts_here))
            if any(first < end < last for end in ends)
        ]
        if split:
            changed.update(_take_out(pieces, split, placeholder))
    for at in changed:
        number, index, before, value = values[at]
        lines[number][index] = write_line(before, value)
    return ["\n".join(listed) for listed in lines]


def _leaves(value: Any, place: _Place) -> Iterator[tuple[_Place, Any, Any]]:
    """The texts in a value: where each stands, and what holds it under which key."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        inner: Iterable[tuple[Any, Any]] = members.items()
    elif isinstance(value, list):
        inner = enumerate(cast("list[Any]", value))
    else:
        return
    for key, item in inner:
        if isinstance(item, str):
            yield (*place, key), value, key
        else:
            yield from _leaves(item, (*place, key))


def _take_out(
    pieces: list[tuple[int, Any, Any]], spans: list[tuple[int, int]], placeholder: str
) -> Iterator[int]:
    """Change the pieces; yields which of them are others now."""
    start = 0
    for at, holder, key in pieces:
        text: str = holder[key]
        end = start + len(text)
        kept: list[str] = []
        position = start
        for first, last in spans:
            if last <= start or first >= end:
                continue
            kept.append(text[position - start : max(first, position) - start])
            if first >= start:
                kept.append(placeholder)
            position = min(last, end)
        kept.append(text[position - start :])
        holder[key] = "".join(kept)
        if holder[key] != text:
            yield at
        start = end
