"""Finds the lines of a file that are too long, and what has to be broken with each."""

from __future__ import annotations

import re
from functools import lru_cache

from sdkpress.wrapping.leaves import read
from sdkpress.wrapping.lines import LINE_LENGTH, Line, append_all
from sdkpress.wrapping.memory import known_lines, learn_lines
from sdkpress.wrapping.splits import transform_line
from sdkpress.wrapping.width import width

__all__ = ["LINE_LENGTH", "wrap"]


def wrap(text: str) -> str:
    """A module's text with its long lines broken.

    A statement, or an element between brackets that stand on lines of their own, is broken as a
    whole; docstrings, comments and what cannot be broken stay.
    """
    lines = text.split("\n")
    if text.isascii():
        if max(map(len, lines)) <= LINE_LENGTH:
            return text
    elif max(map(len, lines)) * 2 <= LINE_LENGTH:
        return text
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


# What is frequent, known beforehand: names that are imported stand one a line, and nothing breaks a
# string, or a string as the value of a key.
_IMPORT = re.compile(r"( *)(from [.\w]+ import )(\w[\w, ]*)")
_SOLID = re.compile(r'\s*(?:"[^"\\]*": )?"[^"\\]*",')
_ALIAS = re.compile(r"( *)(\w+: TypeAlias = )" r'(Literal\[("[^"\\]*"(?:, "[^"\\]*")*)\]) \| str')
_FIELD = re.compile(r"( *)(\w+: \w+\[)([\w.]+)\] = ABSENT")


def _known(text: str) -> tuple[str, ...] | None:
    """The lines of what is frequent in models, an enumeration or an optional attribute."""
    found = _ALIAS.fullmatch(text)
    if found is not None:
        margin, head, literal, listed = found.groups()
        inner = f"{margin}    "
        if len(margin) + len(head) >= LINE_LENGTH or not text.isascii():
            return None
        if len(inner) + len(literal) + len(" | str") <= LINE_LENGTH:
            return (f"{margin}{head}(", f"{inner}{literal} | str", f"{margin})")
        values = [f"{inner}{literal}"]
        if len(values[0]) > LINE_LENGTH:
            values = [f"{inner}    {listed}"]
            if len(values[0]) > LINE_LENGTH and '", "' in listed:
                values = [f'{inner}    "{value}",' for value in listed[1:-1].split('", "')]
            values = [f"{inner}Literal[", *values, f"{inner}]"]
        return (f"{margin}{head}(", *values, f"{inner}| str", f"{margin})")
    found = _FIELD.fullmatch(text)
    if found is not None and text.isascii():
        margin, head, name = found.groups()
        if len(margin) + len(head) > LINE_LENGTH:
            return None
        if len(margin) + len(head) + len(name) + len("] = (") <= LINE_LENGTH:
            return (f"{margin}{head}{name}] = (", f"{margin}    ABSENT", f"{margin})")
        if len(margin) + len(name) + 4 <= LINE_LENGTH:
            return (f"{margin}{head}", f"{margin}    {name}", f"{margin}] = ABSENT")
    return None


@lru_cache(maxsize=4096)
def _broken(text: str, is_element: bool) -> tuple[str, ...]:
    """The lines that a statement becomes, or an element between brackets."""
    if is_element and _SOLID.fullmatch(text):
        return (text,)
    names = _IMPORT.fullmatch(text)
    if names is not None:
        margin, head, listed = names.groups()
        inner = (f"{margin}    {name}," for name in listed.split(", "))
        return (f"{margin}{head}(", *inner, f"{margin})")
    known = None if is_element else _known(text)
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
