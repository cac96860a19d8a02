"""Three-way merge of a text, line by line (Khanna, Kunal, Pierce: A Formal Investigation of Diff3).

What one side alone has changed is taken; what both have changed in the same way is taken once;
where they differ, both stand in the text between the markers that version control uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdkpress.vendoring.matching import Block, matching_blocks

__all__ = ["MARKERS", "Merged", "has_markers", "is_binary", "merge_texts", "whole_conflict"]

MARKERS = (b"<<<<<<< ", b"=======", b">>>>>>> ")


@dataclass(frozen=True, slots=True)
class Merged:
    """The text, and in how many places both sides stand."""

    content: bytes
    conflicts: int


def is_binary(content: bytes) -> bool:
    """Whether a file is no text that could be merged; version control asks the same way."""
    return b"\0" in content[:8000]


def has_markers(content: bytes) -> bool:
    """Whether a text holds a conflict that nobody has resolved, or half of one."""
    return any(line.startswith((MARKERS[0], MARKERS[2])) for line in content.split(b"\n"))


def merge_texts(
    base: bytes, ours: bytes, theirs: bytes, *, our_label: str, their_label: str
) -> Merged:
    """Merge what both sides made of `base`. Line ends count: make them alike before."""
    old, left, right = _lines(base), _lines(ours), _lines(theirs)
    out: list[bytes] = []
    conflicts = 0
    for was, mine, other in _regions(old, left, right):
        if mine == other or other == was:
            out += mine
        elif mine == was:
            out += other
        else:
            head, mine, other, tail = _trimmed(mine, other)
            out += head
            if mine or other:
                conflicts += 1
                out += _marked(mine, other, our_label, their_label)
            out += tail
    return Merged(b"".join(out), conflicts)


def whole_conflict(ours: bytes, theirs: bytes, *, our_label: str, their_label: str) -> bytes:
    """Two texts that have nothing to do with each other, between markers; b"" for a deleted one."""
    return b"".join(_marked(_lines(ours), _lines(theirs), our_label, their_label))


def _regions(
    base: Sequence[bytes], left: Sequence[bytes], right: Sequence[bytes]
) -> Iterator[tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]]]:
    """The three texts cut at the lines that all of them have, in order."""
    at = here = there = 0
    for start, one, other, size in _common(
        matching_blocks(base, left), matching_blocks(base, right)
    ):
        yield base[at:start], left[here:one], right[there:other]
        yield base[start : start + size], left[one : one + size], right[other : other + size]
        at, here, there = start + size, one + size, other + size
    yield base[at:], left[here:], right[there:]


def _common(one: Sequence[Block], other: Sequence[Block]) -> Iterator[tuple[int, int, int, int]]:
    """Where blocks of both sides lie over the same lines of the base: (base, left, right, size)."""
    first = second = 0
    while first < len(one) and second < len(other):
        mine, yours = one[first], other[second]
        low = max(mine.left, yours.left)
        high = min(mine.left + mine.size, yours.left + yours.size)
        if low < high:
            left = mine.right + low - mine.left
            yield low, left, yours.right + low - yours.left, high - low
        if mine.left + mine.size < yours.left + yours.size:
            first += 1
        else:
            second += 1


def _trimmed(
    left: Sequence[bytes], right: Sequence[bytes]
) -> tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes], Sequence[bytes]]:
    """What both sides begin and end with stands outside of a conflict."""
    shortest = min(len(left), len(right))
    start = 0
    while start < shortest and left[start] == right[start]:
        start += 1
    end = 0
    while end < shortest - start and left[-1 - end] == right[-1 - end]:
        end += 1
    stop = len(left) - end
    return left[:start], left[start:stop], right[start : len(right) - end], left[stop:]


def _marked(
    ours: Sequence[bytes], theirs: Sequence[bytes], our_label: str, their_label: str
) -> list[bytes]:
    return [
        MARKERS[0] + our_label.encode() + b"\n",
        *_ended(ours),
        MARKERS[1] + b"\n",
        *_ended(theirs),
        MARKERS[2] + their_label.encode() + b"\n",
    ]


def _ended(lines: Sequence[bytes]) -> list[bytes]:
    """Lines of which the last one has an end too: a marker stands in a line of its own."""
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]


def _lines(text: bytes) -> list[bytes]:
    """The lines with their ends; LF alone ends one."""
    parts = text.split(b"\n")
    last = parts.pop()
    lines = [part + b"\n" for part in parts]
    return [*lines, last] if last else lines
