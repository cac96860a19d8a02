"""Whether a line reads better with its optional parentheses or without them, as black decides it."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.wrapping.leaves import CLOSING, COMMA_PRIORITY, DOT_PRIORITY, OPENING, Leaf
from sdkpress.wrapping.lines import LINE_LENGTH, Line

__all__ = ["Split", "can_be_split", "can_omit_optional", "is_better"]


@dataclass(frozen=True, slots=True)
class Split:
    """A line in three: up to an opening bracket, what is inside, from the closing bracket on."""

    head: Line
    body: Line
    tail: Line
    opening: Leaf
    closing: Leaf


def is_better(other: Split, split: Split) -> bool:
    """Whether a split without the optional parentheses is to be preferred."""
    head = split.head.leaves
    if not (len(head) >= 2 and head[-2].kind == "="):
        return True
    if not any(leaf.kind in OPENING or leaf.kind in CLOSING for leaf in head[:-1]):
        return True
    if not split.head.fits(LINE_LENGTH - 1):
        return True
    if split.head.magic is not None:
        return True
    equals = [leaf.kind for leaf in head].count("=")
    if equals > 1 and equals > [leaf.kind for leaf in other.head.leaves].count("="):
        return False
    for leaf in reversed(other.head.leaves):
        if leaf.kind == "=":
            break
        if leaf.kind in CLOSING:
            return True
    return any(leaf.kind == "=" for leaf in other.head.leaves) and other.head.fits(LINE_LENGTH)


def can_be_split(line: Line) -> bool:
    """False where a line certainly cannot be broken."""
    leaves = line.leaves
    if len(leaves) < 2:
        return False
    if leaves[0].kind == "string" and leaves[1].kind == ".":
        calls = dots = 0
        following = leaves[-1]
        for leaf in leaves[-2::-1]:
            if leaf.kind in OPENING:
                if following.kind not in CLOSING:
                    return False
                calls += 1
            elif leaf.kind == ".":
                dots += 1
            elif leaf.kind == "name":
                if not (following.kind == "." or following.kind in OPENING):
                    return False
            elif leaf.kind not in CLOSING:
                return False
            if dots > 1 and calls > 1:
                return False
    return True


def can_omit_optional(split: Split) -> bool:
    """Whether the body reads well without parentheses around it."""
    line = split.body
    if not line.delimiters:
        return True
    priority = line.highest()
    if line.count(priority) > 1:
        return False
    if priority == COMMA_PRIORITY and split.head.is_with:
        return False
    if priority == DOT_PRIORITY:
        return True
    first, second = line.leaves[:2]
    if first.kind in OPENING and second.kind not in CLOSING and _can_omit_opening(line, first):
        return True
    last = line.leaves[-1]
    if last.kind in (")", "}") or (last.kind == "]" and last.place != "subscript"):
        if line.leaves[-2].kind in OPENING:
            return False
        return _can_omit_closing(line, last)
    return False


def _can_omit_opening(line: Line, first: Leaf) -> bool:
    is_behind = False
    length = 4 * line.depth
    for leaf in line.leaves:
        if leaf.kind in CLOSING and leaf.opening is first:
            is_behind = True
        if is_behind:
            length += len(leaf.gap) + len(leaf.value)
            if length > LINE_LENGTH:
                return False
            if leaf.kind in OPENING:
                is_behind = False
    return True


def _can_omit_closing(line: Line, last: Leaf) -> bool:
    length = 4 * line.depth
    has_others = False
    for leaf in line.leaves:
        length += len(leaf.gap) + len(leaf.value)
        if leaf is last.opening:
            if has_others or length <= LINE_LENGTH:
                return True
        elif leaf.kind in OPENING:
            has_others = True
    return False
