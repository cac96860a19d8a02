"""Finds the lines of a file that are too long, and what has to be broken with each."""

from __future__ import annotations

from functools import lru_cache

from sdkpress.wrapping.frequent import frequent
from sdkpress.wrapping.leaves import read
from sdkpress.wrapping.lines import LINE_LENGTH, Line, append_all
from sdkpress.wrapping.memory import known_lines, learn_lines
from sdkpress.wrapping.splits import transform_line
from sdkpress.wrapping.width import width

__all__ = ["LINE_LENGTH", "wrap"]


_QUOTES = '"""'


def wrap(text: str) -> str:
    """A module's text with its long lines broken.

    A statement, or an element between brackets that stand on lines of their own, is broken as a
    whole; docstrings, comments and what cannot be broken stay.
    """
    if _is_short(text):
        return text
    # Most of a module is docstrings, in which nothing is broken.
    parts = text.split(_QUOTES)
    if not _are_docstrings(parts):
        return _wrap(text)
    parts[::2] = [code if _is_short(code) else _wrap_code(code) for code in parts[::2]]
    return _QUOTES.join(parts)


def _are_docstrings(parts: list[str]) -> bool:
    """Whether all quotes between the parts begin or end a docstring; strings may hold some too."""
    code = parts[::2]
    return (
        len(parts) % 2 == 1
        and all(part.rstrip(" ")[-1:] in ("", "\n") for part in code[:-1])
        and all(part[:1] == "\n" for part in code[1:])
    )


def _wrap_code(text: str) -> str:
    """Code without docstrings: no statement goes on behind an empty line."""
    parts = text.split("\n\n")
    return "\n\n".join([part if _is_short(part) else _wrap(part) for part in parts])


def _is_short(text: str) -> bool:
    longest = max(map(len, text.split("\n")))
    return longest <= LINE_LENGTH if text.isascii() else longest * 2 <= LINE_LENGTH


def _wrap(text: str) -> str:
    lines = text.split("\n")
    result: list[str] = []
    starts: list[int] = []  # of units that are open, as indices of `result`
    long: list[bool] = []  # whether a line of the open unit is too long
    in_docstring = False
    for line in lines:
        stripped = line.lstrip()
        if in_docstring:
            result.append(line)
            in_docstring = not stripped.endswith('"""')
            continue
        if stripped.startswith('"""'):
            result.append(line)
            in_docstring = len(stripped) < 6 or not stripped.endswith('"""')
            continue
        if stripped.startswith("#"):
            result.append(line)
            continue
        is_long = len(line) > LINE_LENGTH or (
            len(line) * 2 > LINE_LENGTH and not line.isascii() and width(line) > LINE_LENGTH
        )
        closes = stripped[:1] in (")", "]", "}")
        opens = stripped[-1:] in ("(", "[", "{")
        if not closes and not opens:
            if is_long:
                result.extend(_broken(line, bool(starts)))
            else:
                result.append(line)
            continue
        if closes and starts:
            if is_long and not opens and stripped.startswith(") ->"):
                result.extend(_broken(line, False))
            else:
                result.append(line)
                long[-1] |= is_long
            if opens:
                continue
            start = starts.pop()
            if long.pop():
                unit = result[start:]
                del result[start:]
                result.extend(_broken("\n".join(unit), bool(starts)))
        elif opens:
            starts.append(len(result))
            long.append(is_long)
            result.append(line)
        else:
            result.append(line)
    return "\n".join(result)


@lru_cache(maxsize=4096)
def _broken(text: str, is_element: bool) -> tuple[str, ...]:
    """The lines that a statement becomes, or an element between brackets."""
    known = frequent(text, is_element)
    if known is None:
        known = known_lines(text, is_element)
    if known is None:
        known = _broken_by_rules(text, is_element)
        learn_lines(text, is_element, known)
    return known


def _broken_by_rules(text: str, is_element: bool) -> tuple[str, ...]:
    broken = _broken_once(text, is_element)
    # Black goes over what it has changed again. That matters for commas that it has added: they
    # keep brackets apart the second time. The parentheses that it has added, it takes away first.
    if any(line.endswith(",") for line in broken[:-1]) or " if " in text:
        return _broken_once("\n".join(broken), is_element)
    return broken


def _broken_once(text: str, is_element: bool) -> tuple[str, ...]:
    stripped = text.lstrip(" ")
    leaves = read(stripped, is_element)
    if leaves is None:
        return tuple(text.split("\n"))
    line = Line((len(text) - len(stripped)) // 4, is_element)
    append_all(line, leaves, tracked=True)
    if leaves[0].kind == ")":
        # The end of a signature: black no longer looks for delimiters there.
        line = Line(line.depth, is_element)
        append_all(line, leaves, tracked=False)
    return tuple(str(part) for part in transform_line(line))
