"""I-Regexp (RFC 9485), the regular expressions of JSONPath's `match` and `search`.

Python's `re` reads another dialect (no `\\p{Lu}`) and backtracks: a hostile pattern in an overlay
could run for hours. Here a pattern becomes a small nondeterministic automaton whose states advance
together, so matching takes at most len(text) x len(pattern) steps.

The grammar has `^` and `$` as ordinary characters, but its own mapping to other dialects makes them
anchors, and the JSONPath Compliance Test Suite wants anchors; so they are anchors here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

__all__ = ["IRegexp", "IRegexpError", "compile_iregexp"]

_MAX_STATES = 10_000
_MAX_DEPTH = 50

_SPECIAL = frozenset("()*+.?[\\]{|}")
_SPECIAL_IN_CLASS = frozenset("-[\\]")
_ESCAPABLE = frozenset("()*+-.?[\\]^nrt{|}")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CATEGORIES = {
    "L": "lmotu",
    "M": "cen",
    "N": "dlo",
    "P": "cdefios",
    "Z": "lps",
    "S": "ckmo",
    "C": "cfno",
}

_Test: TypeAlias = Callable[[str], bool]


class IRegexpError(ValueError):
    """The pattern is not an I-Regexp, or it needs more states than sdkpress grants."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A node of the pattern that consumes one character which passes `test`."""

    test: _Test


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The start (`^`) or the end (`$`) of the text."""

    symbol: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    items: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    item: _Node
    least: int
    most: int | None


_Node: TypeAlias = _Match | _Anchor | _Sequence | _Choice | _Repeat


@lru_cache(maxsize=256)
def compile_iregexp(pattern: str) -> IRegexp:
    """The automaton of `pattern`. Raises IRegexpError."""
    program = _Program()
    program.emit(_Parser(pattern).parse())
    return IRegexp(tuple(program.tests), tuple(program.jumps), program.anchors)


class IRegexp:
    """A compiled pattern."""

    # State i either consumes a character that passes tests[i] and goes on to i + 1, or (no test)
    # goes on to every state of jumps[i] at once, an anchor only where it holds. The state after the
    # last one accepts.

    def __init__(
        self,
        tests: tuple[_Test | None, ...],
        jumps: tuple[tuple[int, ...], ...],
        anchors: dict[int, str],
    ) -> None:
        self._tests = tests
        self._jumps = jumps
        self._anchors = anchors

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches (JSONPath `match`)."""
        states = self._closure([0], 0, text)
        for position, character in enumerate(text, 1):
            if not states:
                return False
            states = self._closure(self._step(states, character), position, text)
        return len(self._tests) in states

    def search(self, text: str) -> bool:
        """Whether some part of the text matches (JSONPath `search`)."""
        accepting = len(self._tests)
        states = self._closure([0], 0, text)
        for position, character in enumerate(text, 1):
            if accepting in states:
                return True
            states = self._closure([0, *self._step(states, character)], position, text)
        return accepting in states

    def _step(self, states: set[int], character: str) -> list[int]:
        passed: list[int] = []
        for state in states:
            test = self._tests[state] if state < len(self._tests) else None
            if test is not None and test(character):
                passed.append(state + 1)
        return passed

    def _closure(self, states: list[int], position: int, text: str) -> set[int]:
        seen: set[int] = set()
        while states:
            state = states.pop()
            if state in seen:
                continue
            seen.add(state)
            anchor = self._anchors.get(state)
            if anchor is not None and position != (0 if anchor == "^" else len(text)):
                continue
            if state < len(self._jumps):
                states.extend(self._jumps[state])
        return seen


@dataclass(slots=True)
class _Program:
    tests: list[_Test | None] = field(default_factory=list[_Test | None])
    jumps: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])

    anchors: dict[int, str] = field(default_factory=dict[int, str])
    emitted: int = 0

    def emit(self, node: _Node) -> None:
        # Counted apart from the states: copies of an empty group add none, and multiply.
        self.emitted += 1
        if self.emitted > _MAX_STATES:
            raise IRegexpError(f"the pattern needs more than {_MAX_STATES} states")
        match node:
            case _Match(test):
                self._add(test)
            case _Anchor(symbol):
                state = self._add(None)
                self.jumps[state] = (state + 1,)
                self.anchors[state] = symbol
            case _Sequence(items):
                for item in items:
                    self.emit(item)
            case _Choice(branches):
                self._choice(branches)
            case _Repeat(item, least, most):
                self._repeat(item, least, most)

    def _choice(self, branches: tuple[_Node, ...]) -> None:
        split = self._add(None)
        starts: list[int] = []
        ends: list[int] = []
        for branch in branches:
            starts.append(len(self.tests))
            self.emit(branch)
            ends.append(self._add(None))
        self.jumps[split] = tuple(starts)
        for end in ends:
            self.jumps[end] = (len(self.tests),)

    def _repeat(self, item: _Node, least: int, most: int | None) -> None:
        for _ in range(least):
            self.emit(item)
        if most is None:
            split = self._add(None)
            self.emit(item)
            back = self._add(None)
            self.jumps[back] = (split,)
            self.jumps[split] = (split + 1, len(self.tests))
            return
        splits: list[int] = []
        for _ in range(most - least):
            splits.append(self._add(None))
            self.emit(item)
        for split in splits:
            self.jumps[split] = (split + 1, len(self.tests))

    def _add(self, test: _Test | None) -> int:
        self.tests.append(test)
        self.jumps.append(())
        return len(self.tests) - 1


class _Parser:
    """Recursive descent over the grammar of RFC 9485 section 3."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0

    def parse(self) -> _Node:
        node = self._choice(0)
        if self._position < len(self._pattern):
            raise self._error("unbalanced )")
        return node

    def _choice(self, depth: int) -> _Node:
        if depth > _MAX_DEPTH:
            raise self._error("groups are nested too deeply")
        branches = [self._branch(depth)]
        while self._peek() == "|":
            self._position += 1
            branches.append(self._branch(depth))
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def _branch(self, depth: int) -> _Node:
        pieces: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            pieces.append(self._quantified(self._atom(depth)))
        return _Sequence(tuple(pieces))

    def _atom(self, depth: int) -> _Node:
        character = self._take()
        if character == "(":
            node = self._choice(depth + 1)
            self._expect(")")
            return node
        if character == "[":
            return _Match(self._class())
        if character == "\\":
            return _Match(self._escape())
        if character == ".":
            return _Match(lambda tested: tested not in "\n\r")
        if character in "^$":
            return _Anchor(character)
        if character in _SPECIAL:
            raise self._error(f"unexpected {character}")
        return _Match(character.__eq__)

    def _quantified(self, node: _Node) -> _Node:
        match self._peek():
            case "*":
                least, most = 0, None
            case "+":
                least, most = 1, None
            case "?":
                least, most = 0, 1
            case "{":
                return self._counted(node)
            case _:
                return node
        self._position += 1
        return _Repeat(node, least, most)

    def _counted(self, node: _Node) -> _Node:
        self._expect("{")
        least = self._number()
        most: int | None = least
        if self._peek() == ",":
            self._position += 1
            most = None if self._peek() == "}" else self._number()
        self._expect("}")
        if most is not None and most < least:
            raise self._error("a quantifier whose maximum is below its minimum")
        return _Repeat(node, least, most)

    def _number(self) -> int:
        start = self._position
        while (digit := self._peek()) and digit in "0123456789":
            self._position += 1
        digits = self._pattern[start : self._position]
        if not digits or len(digits) > 9:
            raise self._error("a quantifier needs a number")
        return min(int(digits), _MAX_STATES + 1)

    def _class(self) -> _Test:
        negated = self._peek() == "^"
        if negated:
            self._position += 1
        tests: list[_Test] = []
        while True:
            character = self._take()
            if character == "]" and tests:
                break
            if character == "-" and (not tests or self._peek() == "]"):
                tests.append("-".__eq__)
            else:
                tests.append(self._class_item(character))
        return _any_of(tuple(tests), negated)

    def _class_item(self, character: str) -> _Test:
        if character == "\\" and self._peek() in ("p", "P"):
            return self._escape()
        first = self._class_character(character)
        if self._peek() != "-" or self._pattern[self._position + 1 : self._position + 2] == "]":
            return first.__eq__
        self._position += 1
        last = self._class_character(self._take())
        if last < first:
            raise self._error("a character range that ends before it starts")
        return lambda tested: first <= tested <= last

    def _class_character(self, character: str) -> str:
        if character == "\\":
            return self._single_escape()
        if character in _SPECIAL_IN_CLASS:
            raise self._error(f"unexpected {character} in a character class")
        return character

    def _escape(self) -> _Test:
        if self._peek() in ("p", "P"):
            return self._category()
        return self._single_escape().__eq__

    def _single_escape(self) -> str:
        character = self._take()
        if character not in _ESCAPABLE:
            raise self._error(f"unknown escape \\{character}")
        return _ESCAPES.get(character, character)

    def _category(self) -> _Test:
        negated = self._take() == "P"
        self._expect("{")
        end = self._pattern.find("}", self._position)
        name = self._pattern[self._position : end] if end >= 0 else ""
        known = name[:1] in _CATEGORIES and (
            len(name) == 1 or (len(name) == 2 and name[1] in _CATEGORIES[name[0]])
        )
        if not known:
            raise self._error("unknown character category")
        self._position = end + 1
        return lambda tested: unicodedata.category(tested).startswith(name) is not negated

    def _peek(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise self._error("unexpected end")
        self._position += 1
        return character

    def _expect(self, expected: str) -> None:
        if self._take() != expected:
            self._position -= 1
            raise self._error(f"expected {expected}")

    def _error(self, problem: str) -> IRegexpError:
        return IRegexpError(f"{problem} at offset {self._position}")


def _any_of(tests: tuple[_Test, ...], negated: bool) -> _Test:
    return lambda tested: any(test(tested) for test in tests) is not negated
