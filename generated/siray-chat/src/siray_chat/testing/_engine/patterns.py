"""Strings that match a regular expression, for the plain part of the ECMA-262 grammar.

Literals, classes, escapes, groups, alternatives and quantifiers are understood; the result is
tried against the expression, so whatever else a pattern holds costs a sample, never a wrong one.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

__all__ = ["compiled", "sample_pattern"]

_CLASSES = {"d": "0123456789", "w": "abcxyz019_", "s": " ", "D": "abc", "W": "-.", "S": "abc1"}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ .:/"
_MOST_REPEATS = 4096


@dataclass(slots=True)
class _Piece:
    """What may repeat: a set of characters, or the alternatives of a group."""

    characters: str = ""
    alternatives: list[list[_Piece]] = field(default_factory=list["list[_Piece]"])
    least: int = 1
    most: int | None = 1


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern as Python reads it, or None where it does not (`\\p{L}`, for one)."""
    try:
        # ECMA-262 knows ASCII digits only, and its `$` does not stop before a last newline.
        return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", _plain_sets(pattern)), re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _plain_sets(pattern: str) -> str:
    """The pattern with `[`, `--`, `&&`, `||` and `~~` escaped in character classes.

    There they are literals, but Python warns that they may become operators one day.
    """
    written: list[str] = []
    inside = escaped = False
    before = ""
    for letter in pattern:
        if inside and not escaped and (letter == "[" or (letter == before and letter in "-&|~")):
            written.append("\\")
        written.append(letter)
        if escaped:
            before, escaped = "", False
            continue
        escaped = letter == "\\"
        before = letter
        if letter == "[":
            inside = True
        elif letter == "]" and written[-2:] not in (["[", "]"], ["^", "]"]):
            inside = False
    return "".join(written)


def sample_pattern(
    pattern: str, *, min_length: int = 0, max_length: int | None = None, variant: int = 0
) -> str | None:
    """A string that matches and has a length within the bounds, or None when none was found."""
    expression = compiled(pattern)
    if expression is None:
        return None
    try:
        alternatives = _Parser(pattern).parse()
    except (ValueError, IndexError, RecursionError):
        return None
    for extra in (0, 1, 2, 3, 4, 6, 8, 12, 16, min_length, 32, 64):
        if extra > _MOST_REPEATS:
            continue
        for shift in (variant, variant + 1, 0):
            writer = _Writer(extra, shift)
            writer.group(alternatives)
            text = "".join(writer.text)
            if min_length <= len(text) <= (len(text) if max_length is None else max_length):
                if expression.search(text):
                    return text
    return None


class _Writer:
    def __init__(self, extra: int, variant: int) -> None:
        self.text: list[str] = []
        self._extra = extra
        self._variant = variant

    def group(self, alternatives: list[list[_Piece]]) -> None:
        for piece in alternatives[self._variant % len(alternatives)]:
            count = min(piece.least + self._extra, _MOST_REPEATS)
            if piece.most is not None:
                count = min(count, piece.most)
            for index in range(max(count, min(piece.least, _MOST_REPEATS))):
                if len(self.text) > 2 * _MOST_REPEATS:
                    return
                if piece.alternatives:
                    self.group(piece.alternatives)
                elif piece.characters:
                    self.text.append(
                        piece.characters[(self._variant + index) % len(piece.characters)]
                    )


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def parse(self) -> list[list[_Piece]]:
        alternatives = self._alternatives()
        if self._at != len(self._pattern):
            raise ValueError("unbalanced")
        return alternatives

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        return character

    def _alternatives(self) -> list[list[_Piece]]:
        found: list[list[_Piece]] = [[]]
        while self._peek() not in ("", ")"):
            if self._peek() == "|":
                self._take()
                found.append([])
                continue
            piece = self._piece()
            if piece is not None:
                self._quantify(piece)
                found[-1].append(piece)
        return found

    def _piece(self) -> _Piece | None:
        match self._take():
            case "^" | "$":
                return None
            case ".":
                return _Piece("abcdef")
            case "(":
                return self._group()
            case "[":
                return _Piece(self._character_class())
            case "\\":
                character = self._take()
                return None if character in "bBAZ" else _Piece(self._escape(character))
            case character:
                return _Piece(character)

    def _group(self) -> _Piece | None:
        is_lookaround = False
        if self._peek() == "?":
            self._take()
            kind = self._take()
            if kind == "P":
                kind = self._take()
            if kind == "<" and self._peek() not in "=!":
                while self._take() != ">":
                    pass
            else:
                is_lookaround = kind in "=!<"
                if kind == "<":
                    self._take()
        alternatives = self._alternatives()
        if self._take() != ")":
            raise ValueError("unbalanced")
        return None if is_lookaround else _Piece(alternatives=alternatives)

    def _quantify(self, piece: _Piece) -> None:
        match self._peek():
            case "*":
                piece.least, piece.most = 0, None
            case "+":
                piece.least, piece.most = 1, None
            case "?":
                piece.least, piece.most = 0, 1
            case "{":
                bounds = re.compile(r"\{(\d*)(,?)(\d*)\}").match(self._pattern, self._at)
                if bounds is None:
                    return
                least, comma, most = bounds.groups()
                piece.least = int(least or 0)
                piece.most = int(most) if most else None if comma else piece.least
                self._at = bounds.end() - 1
            case _:
                return
        self._take()
        if self._peek() in ("?", "+"):
            self._take()

    def _escape(self, character: str) -> str:
        if character in _CLASSES:
            return _CLASSES[character]
        if character in ("x", "u"):
            width = 2 if character == "x" else 4
            code = int(self._pattern[self._at : self._at + width], 16)
            self._at += width
            return chr(code)
        return _CONTROLS.get(character, character)

    def _character_class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._take()
        members: list[str] = []
        while (character := self._take()) != "]":
            if character == "\\":
                escaped = self._take()
                if escaped in _CLASSES:
                    members.extend(_CLASSES[escaped])
                    continue
                character = self._escape(escaped)
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
                self._take()
                last = self._take()
                if last == "\\":
                    last = self._escape(self._take())
                members.extend(map(chr, range(ord(character), min(ord(last), 0x24F) + 1)))
            else:
                members.append(character)
        if negated:
            return "".join(letter for letter in _ALPHABET if letter not in members) or "\u00e9"
        return "".join(members)
