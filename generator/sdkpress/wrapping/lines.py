"""A line of leaves, with what black knows about it: delimiters, brackets, a trailing comma."""

from __future__ import annotations

from collections.abc import Iterable

from sdkpress.wrapping.leaves import CLOSING, OPENING, Leaf
from sdkpress.wrapping.width import width

__all__ = ["LINE_LENGTH", "Line", "append_all"]

LINE_LENGTH = 100
"""Columns of a line of generated code."""


class Line:
    """Leaves on one line; `depth` is its indentation in steps of four.

    `delimiters` are the leaves behind which the line can be broken, each with its priority;
    `invisible` are its optional parentheses; `magic` is a bracket before which a comma stands, so
    that its content stays one element a line.
    """

    __slots__ = (
        "_level", "_names", "_open", "_previous", "delimiters", "depth", "invisible",
        "is_inside", "leaves", "magic", "must_split",
    )  # fmt: skip

    def __init__(self, depth: int, is_inside: bool) -> None:
        self.depth = depth
        self.is_inside = is_inside
        self.leaves: list[Leaf] = []
        self.delimiters: dict[Leaf, int] = {}
        self.invisible: list[Leaf] = []
        self.magic: Leaf | None = None
        self.must_split = False
        self._level = 0
        self._open: list[Leaf] = []
        self._names: list[int] = []
        self._previous: Leaf | None = None

    def append(self, leaf: Leaf, *, tracked: bool) -> None:
        """Put a leaf at the end; only a tracked one can be broken at."""
        if tracked:
            self._mark(leaf)
            if leaf.kind in CLOSING and self._is_magic(leaf):
                self.magic = leaf
        self.leaves.append(leaf)

    def _mark(self, leaf: Leaf) -> None:
        kind = leaf.kind
        if kind in CLOSING and not self._level and not self._open:
            return
        if self._names and self._names[-1] == self._level and kind == ":":
            self._level -= 1
            self._names.pop()
        if kind in CLOSING:
            self._level -= 1
            leaf.opening = self._open.pop()
            if not leaf.value:
                self.invisible.append(leaf)
        leaf.depth = self._level
        if not self._level:
            if leaf.before and self._previous is not None:
                self.delimiters[self._previous] = leaf.before
            elif leaf.after:
                self.delimiters[leaf] = leaf.after
        if kind in OPENING:
            self._open.append(leaf)
            self._level += 1
            if not leaf.value:
                self.invisible.append(leaf)
        self._previous = leaf
        if leaf.value == "lambda" and kind == "name":
            self._level += 1
            self._names.append(self._level)

    def _is_magic(self, closing: Leaf) -> bool:
        if not self.leaves or self.leaves[-1].kind != ",":
            return False
        if closing.kind == "}":
            return True
        if closing.kind == "]":
            return not (closing.place == "subscript" and self.is_single(closing, "["))
        return closing.place == "import" or not self.is_single(closing, "(")

    def is_single(self, closing: Leaf, kind: str) -> bool:
        """Whether the closing bracket ends one element that is no argument, between such brackets."""
        opening = closing.opening
        if opening is None or opening.kind != kind or opening not in self.leaves:
            return False
        commas = 0
        for leaf in self.leaves[self.leaves.index(opening) + 1 :]:
            if leaf is closing:
                break
            if leaf.kind == "," and leaf.depth == closing.depth + 1:
                commas += 2 if leaf.place == "arguments" else 1
        return commas < 2

    def highest(self, without: Leaf | None = None) -> int:
        """The highest priority of a delimiter, 0 where there is none."""
        return max((v for k, v in self.delimiters.items() if k is not without), default=0)

    def count(self, priority: int) -> int:
        """How many delimiters of a priority there are."""
        return sum(1 for found in self.delimiters.values() if found == priority)

    @property
    def is_import(self) -> bool:
        return self.leaves[0].kind == "name" and self.leaves[0].value in ("from", "import")

    @property
    def is_definition(self) -> bool:
        words = [leaf.value for leaf in self.leaves[:2]]
        return words[0] == "def" or words == ["async", "def"]

    @property
    def is_with(self) -> bool:
        words = [leaf.value for leaf in self.leaves[:2]]
        return words[0] == "with" or words == ["async", "with"]

    def __str__(self) -> str:
        first, *rest = self.leaves
        parts = [leaf.gap + leaf.value if leaf.gap else leaf.value for leaf in rest]
        return f"{'    ' * self.depth}{first.value}{''.join(parts)}"

    def fits(self, length: int) -> bool:
        """Whether the line is no wider than `length` columns."""
        return width(str(self)) <= length


def append_all(line: Line, leaves: Iterable[Leaf], *, tracked: bool) -> None:
    """Put leaves at the end of a line."""
    for leaf in leaves:
        line.append(leaf, tracked=tracked)
