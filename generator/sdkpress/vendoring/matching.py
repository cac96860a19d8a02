"""Which lines two texts have in common: patience diff, with difflib between its anchors.

Lines that occur once in both texts are matched first (Bram Cohen's patience diff), which keeps
functions together and is quick on large files; only what lies between is compared one with another.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Block", "matching_blocks", "similarity"]

_COMPARED = 4_000_000  # pairs of lines; difflib is quadratic


class Block(NamedTuple):
    """`size` lines from `left` on in one text, the same from `right` on in the other."""

    left: int
    right: int
    size: int


def matching_blocks(left: Sequence[bytes], right: Sequence[bytes]) -> list[Block]:
    """Blocks of equal lines in ascending order, none of them empty, no two of them adjacent."""
    found: list[Block] = []
    pending = [(0, len(left), 0, len(right))]
    while pending:
        low, high, start, stop = pending.pop()
        size = 0
        while low + size < high and start + size < stop and left[low + size] == right[start + size]:
            size += 1
        if size:
            found.append(Block(low, start, size))
            low, start = low + size, start + size
        size = 0
        while low < high - size and start < stop - size:
            if left[high - size - 1] != right[stop - size - 1]:
                break
            size += 1
        if size:
            high, stop = high - size, stop - size
            found.append(Block(high, stop, size))
        if low == high or start == stop:
            continue
        anchors = _anchors(left[low:high], right[start:stop])
        if anchors:
            edges = [(low + one, start + other) for one, other in anchors]
            before = (low, start)
            for one, other in edges:
                pending.append((before[0], one, before[1], other))
                before = (one, other)
            pending.append((before[0], high, before[1], stop))
        elif (high - low) * (stop - start) <= _COMPARED:
            matcher = difflib.SequenceMatcher(
                None, left[low:high], right[start:stop], autojunk=False
            )
            found.extend(
                Block(low + block.a, start + block.b, block.size)
                for block in matcher.get_matching_blocks()
                if block.size
            )
    return _joined(sorted(found))


def similarity(left: Sequence[bytes], right: Sequence[bytes]) -> float:
    """Twice the common lines by all lines: 1.0 for equal texts, 0.0 for texts without any."""
    total = len(left) + len(right)
    common = sum(block.size for block in matching_blocks(left, right))
    return 2 * common / total if total else 1.0


def _anchors(left: Sequence[bytes], right: Sequence[bytes]) -> list[tuple[int, int]]:
    """Pairs of lines that occur once on both sides, as many as keep their order."""
    here, there = _unique(left), _unique(right)
    pairs = [(place, there[line]) for line, place in here.items() if line in there]
    # The longest ascending run of right places: patience sorting.
    tops: list[int] = []
    piles: list[int] = []
    previous: list[int] = []
    for number, (_, other) in enumerate(pairs):
        pile = bisect.bisect_left(tops, other)
        previous.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(other)
            piles.append(number)
        else:
            tops[pile] = other
            piles[pile] = number
    run: list[tuple[int, int]] = []
    number = piles[-1] if piles else -1
    while number >= 0:
        run.append(pairs[number])
        number = previous[number]
    return run[::-1]


def _unique(lines: Sequence[bytes]) -> dict[bytes, int]:
    places: dict[bytes, int] = {}
    for number, line in enumerate(lines):
        places[line] = -1 if line in places else number
    return {line: number for line, number in places.items() if number >= 0}


def _joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if last and (last.left + last.size, last.right + last.size) == (block.left, block.right):
            joined[-1] = Block(last.left, last.right, last.size + block.size)
        else:
            joined.append(block)
    return joined
