"""The lines of both documents around a change, side by side, with what differs marked."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdkpress.diagnostics import printable
from sdkpress.diffing.changes import Place
from sdkpress.trees import is_mapping, is_sequence, pointer_tokens

__all__ = ["Cell", "Excerpt", "Piece", "Row", "Texts", "excerpt"]

_CONTEXT = 2  # lines around a node, and around what differs inside a long one
_NODE_LINES = 300  # of a node that are compared; difflib is quadratic
_ROWS = 40
_ONE_SIDED = 14  # of a node that is in one document alone
_LINE = 300  # characters shown of a line
_UNBROKEN = 2_000  # characters in a line above which JSON is shown laid out
_ALIKE = 0.5  # the share that two lines have in common, from which their words are compared
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line; `is_marked` where it differs from the other side's."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A line of one side. `number` counts from 1, 0 where the text is not as it is in the file."""

    number: int
    pieces: tuple[Piece, ...]
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of both sides, None where one has no such line. A gap stands for lines left out."""

    old: Cell | None = None
    new: Cell | None = None
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows, and how many changed lines were too many to show."""

    rows: tuple[Row, ...]
    left_out: int = 0
    is_laid_out: bool = False
    """Whether the text was laid out anew, being one endless line in the file."""

    @property
    def is_equal(self) -> bool:
        """Whether nothing is marked, and nothing was left out."""
        return not self.left_out and not any(map(_is_changed, self.rows))


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of a file: `lines[start:end]` is the node, the others are around it."""

    lines: Sequence[str]
    first: int
    start: int
    end: int
    is_laid_out: bool = False

    def number(self, index: int) -> int:
        return 0 if self.is_laid_out else self.first + index


@dataclass
class Texts:
    """The files that places name, by the name in `Place.file`; splits each once."""

    texts: Mapping[str, str]
    _lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _trees: dict[str, Any] = field(default_factory=dict[str, Any])

    def block(self, place: Place | None) -> _Block | None:
        """The node at a place and some lines around it; None where the file is not known."""
        if place is None or place.file not in self.texts:
            return None
        lines = self._lines.get(place.file)
        if lines is None:
            text = self.texts[place.file].removeprefix("\ufeff")
            lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            self._lines[place.file] = lines
        index = min(max(place.line - 1, 0), len(lines) - 1)
        if len(lines[index]) > _UNBROKEN:
            laid_out = self._laid_out(place)
            if laid_out is not None:
                return laid_out
        start, end = index, _end(lines, index, place.pointer)
        first = max(0, start - _CONTEXT)
        shown = lines[first : min(len(lines), end + _CONTEXT)]
        return _Block(shown, first + 1, start - first, end - first)

    def _laid_out(self, place: Place) -> _Block | None:
        """A node of a JSON file without line breaks, printed with them."""
        if place.file not in self._trees:
            try:
                self._trees[place.file] = json.loads(self.texts[place.file])
            except (ValueError, RecursionError):
                self._trees[place.file] = None
        node: Any = self._trees[place.file]
        token = ""
        for token in pointer_tokens(place.pointer):
            if is_mapping(node) and token in node:
                node = node[token]
            elif is_sequence(node) and token.isdecimal() and int(token) < len(node):
                node = node[int(token)]
            else:
                return None
        if node is None and not token:
            return None
        shown = {token: node} if token and not token.isdecimal() else node
        lines = _first_lines(shown)
        if shown is not node:
            lines = [line[2:] for line in lines[1:] if line != "}"]
        return _Block(lines, 1, 0, len(lines), is_laid_out=True)


def _first_lines(node: Any) -> list[str]:
    """The beginning of a node as indented JSON, without making the rest."""
    parts: list[str] = []
    breaks = 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(node):
        parts.append(part)
        breaks += part.count("\n")
        if breaks > _NODE_LINES:
            break
    return "".join(parts).split("\n")[:_NODE_LINES]


def excerpt(old: _Block | None, new: _Block | None) -> Excerpt | None:
    """The rows for a pair of blocks; None without either."""
    if old is not None and new is not None:
        return _compared(old, new)
    block = old or new
    return None if block is None else _one_sided(block, is_old=old is not None)


def _end(lines: Sequence[str], index: int, pointer: str) -> int:
    """Behind the last line of the node that begins at `index`, by its indentation.

    Good for YAML and JSON as people and libraries lay them out, and bounded for others."""
    head = lines[index]
    indent = len(head) - len(head.lstrip())
    is_item = head.lstrip().startswith("- ")
    if is_item and not pointer.rpartition("/")[2].isdecimal():
        indent += 2  # a member on the line of its item: its siblings follow, one step further in
    end = index + 1
    last = min(len(lines), index + _NODE_LINES)
    while end < last:
        line = lines[end]
        stripped = line.lstrip()
        depth = len(line) - len(stripped)
        is_inside = depth > indent or not stripped
        if depth == indent and stripped:  # a sequence may stand at its key's depth; `}` closes
            is_inside = (stripped.startswith("-") and not is_item) or stripped[0] in "}]"
        if not is_inside:
            break
        end += 1
        if depth == indent and stripped and stripped[0] in "}]":
            break
    while end > index + 1 and not lines[end - 1].strip():
        end -= 1
    return end


def _one_sided(block: _Block, *, is_old: bool) -> Excerpt:
    rows: list[Row] = []
    stop = min(block.end, block.start + _ONE_SIDED)
    for index in range(stop):
        cell = _cell(block, index, is_changed=index >= block.start)
        rows.append(Row(old=cell) if is_old else Row(new=cell))
    left_out = block.end - stop
    if left_out and block.end < len(block.lines):
        rows.append(Row(is_gap=True))
    for index in range(block.end, len(block.lines)):
        cell = _cell(block, index, is_changed=False)
        rows.append(Row(old=cell) if is_old else Row(new=cell))
    return Excerpt(tuple(rows), left_out, block.is_laid_out)


def _compared(old: _Block, new: _Block) -> Excerpt:
    rows: list[Row] = []
    # What stands before the nodes is context only: their last lines belong together.
    before = min(old.start, new.start)
    for back in range(before, 0, -1):
        rows.append(Row(_cell(old, old.start - back), _cell(new, new.start - back)))
    left, right = old.lines[old.start : old.end], new.lines[new.start : new.end]
    codes = _opcodes(left, right)
    for position, (tag, i, j, k, m) in enumerate(codes):
        if tag == "equal":
            rows += _equal(old, new, i, k, j - i, position == 0, position == len(codes) - 1)
        else:
            rows += _replaced(old, new, i, j, k, m)
    after = min(len(old.lines) - old.end, len(new.lines) - new.end)
    for index in range(after):
        rows.append(Row(_cell(old, old.end + index), _cell(new, new.end + index)))
    return _bounded(rows, is_laid_out=old.is_laid_out or new.is_laid_out)


def _opcodes(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """As difflib's, which is slow on equal lines at both ends: those are set aside first."""
    shorter = min(len(left), len(right))
    head = next((n for n in range(shorter) if left[n] != right[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if left[-1 - n] != right[-1 - n]), rest)
    before, after = left[head : len(left) - tail], right[head : len(right) - tail]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    codes: list[tuple[str, int, int, int, int]] = [
        (tag, i + head, j + head, k + head, m + head)
        for tag, i, j, k, m in (matcher.get_opcodes() if before or after else ())
    ]
    if head:
        codes.insert(0, ("equal", 0, head, 0, head))
    if tail:
        ends = len(left) - tail, len(left), len(right) - tail, len(right)
        codes.append(("equal", *ends))
    return codes


def _bounded(rows: list[Row], *, is_laid_out: bool) -> Excerpt:
    rest = rows[_ROWS:]
    left_out = sum(_is_changed(row) for row in rest)
    shown = rows[:_ROWS] if left_out or len(rest) > _CONTEXT else rows
    if len(shown) < len(rows) and not shown[-1].is_gap:
        shown = [*shown, Row(is_gap=True)]
    return Excerpt(tuple(shown), left_out, is_laid_out)


def _is_changed(row: Row) -> bool:
    return any(cell is not None and cell.is_changed for cell in (row.old, row.new))


def _equal(
    old: _Block, new: _Block, i: int, k: int, count: int, is_first: bool, is_last: bool
) -> list[Row]:
    """Lines that both nodes have; the head of a node stays, the middle of many goes."""
    head = 1 if is_first else _CONTEXT
    if is_first and is_last:
        head = 2 * _CONTEXT + 1  # nothing differs here: what differs is where the node refers to
    tail = 0 if is_last else _CONTEXT
    kept = range(count)
    rows = [
        Row(_cell(old, old.start + i + step), _cell(new, new.start + k + step))
        for step in kept
        if step < head or step >= count - tail or count <= head + tail + 1
    ]
    if len(rows) < count:
        rows.insert(min(head, len(rows)), Row(is_gap=True))
    return rows


def _replaced(old: _Block, new: _Block, i: int, j: int, k: int, m: int) -> list[Row]:
    rows: list[Row] = []
    for step in range(max(j - i, m - k)):
        left = old.start + i + step if i + step < j else None
        right = new.start + k + step if k + step < m else None
        if left is not None and right is not None:
            before, after = _marked(_shown(old.lines[left]), _shown(new.lines[right]))
            rows.append(
                Row(Cell(old.number(left), before, True), Cell(new.number(right), after, True))
            )
        elif left is not None:
            rows.append(Row(old=_cell(old, left, is_changed=True)))
        elif right is not None:
            rows.append(Row(new=_cell(new, right, is_changed=True)))
    return rows


def _marked(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both lines with the words marked that differ; unmarked where they have little in common."""
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (Piece(old),), (Piece(new),)
    before: list[Piece] = []
    after: list[Piece] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        is_marked = tag != "equal"
        if j > i:
            before.append(Piece("".join(left[i:j]), is_marked))
        if m > k:
            after.append(Piece("".join(right[k:m]), is_marked))
    return tuple(before), tuple(after)


def _cell(block: _Block, index: int, *, is_changed: bool = False) -> Cell:
    return Cell(block.number(index), (Piece(_shown(block.lines[index])),), is_changed)


def _shown(line: str) -> str:
    """A line as it is shown: tabs as spaces, what is invisible as escapes, the endless cut."""
    line = printable(line[: _LINE + 1].expandtabs(4).rstrip())
    return line if len(line) <= _LINE else f"{line[:_LINE]}…"
