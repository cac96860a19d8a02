"""What is frequent in generated modules, broken without looking at its tokens.

Every rule here says what the general rules of `splits` say, for one form of statement, at a small
part of their cost; where that is not certain, it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdkpress.wrapping.lines import LINE_LENGTH

__all__ = ["frequent"]

# Names that are imported stand one a line, and nothing breaks a string, or a string as the value of
# a key.
_IMPORT = re.compile(r"( *)(from [.\w]+ import )(\w[\w, ]*)")
_SOLID = re.compile(r'\s*(?:"[^"\\]*": )?"[^"\\]*",')
_ALIAS = re.compile(r"( *)(\w+: TypeAlias = )" r'(Literal\[("[^"\\]*"(?:, "[^"\\]*")*)\]) \| str')
_QUOTED_ALIAS = re.compile(r'( *)(\w+: TypeAlias = )("[^"\\]*")')
_PLACES = re.compile(
    r"( *)(\w+: dict\[str, object\] = \{)" r'("[^"\\]*": \w+(?:, "[^"\\]*": \w+)*)\}'
)
_PAIR = re.compile(r'"[^"\\]*": \w+')
_FIELD = re.compile(r"( *)(\w+: \w+\[)([\w.]+)\] = ABSENT")
_TYPED_CALL = re.compile(r'( *)(\w+: \w+\[)([^"()\\=]*)(\] = )(\w+\()("[^"\\]*", \w+)\)')
_PARAMETER = re.compile(r"( *)(\w+: )([\w.]+(?: \| [\w.]+)+)( = \w+,)")
_ANSWER = re.compile(r'( *)(Answer\()("[^"\\]*"(?:, "[^"\\]*")+, lambda: [\w.]+)\),')
_ANSWERS = re.compile(r'( *)answers=\((Answer\("[^"\\]*"(?:, "[^"\\]*")+, lambda: [\w.]+\),)\),')
_PARTS = re.compile(r'"[^"]*"|, |[\[\]]')


def frequent(text: str, is_element: bool) -> tuple[str, ...] | None:
    """The lines of a statement that is too long, or of an element between brackets, if known."""
    if is_element:
        if _SOLID.fullmatch(text):
            return (text,)
        if (found := _PARAMETER.fullmatch(text)) is not None and text.isascii():
            return _parameter(*found.groups())
        if (found := _ANSWER.fullmatch(text)) is not None and text.isascii():
            margin, head, arguments = found.groups()
            return (f"{margin}{head}", *_between(arguments, margin), f"{margin}),")
        if (found := _ANSWERS.fullmatch(text)) is not None and text.isascii():
            margin, answer = found.groups()
            if len(margin) + 4 + len(answer) <= LINE_LENGTH:
                return (f"{margin}answers=(", f"{margin}    {answer}", f"{margin}),")
        return None
    if (found := _IMPORT.fullmatch(text)) is not None:
        margin, head, listed = found.groups()
        inner = (f"{margin}    {name}," for name in listed.split(", "))
        return (f"{margin}{head}(", *inner, f"{margin})")
    if not text.isascii():
        return None
    if (found := _ALIAS.fullmatch(text)) is not None:
        return _enumeration(*found.groups())
    if (found := _QUOTED_ALIAS.fullmatch(text)) is not None:
        margin, head, quoted = found.groups()
        if len(margin) + len(head) < LINE_LENGTH:
            return (f"{margin}{head}(", f"{margin}    {quoted}", f"{margin})")
    if (found := _PLACES.fullmatch(text)) is not None:
        margin, head, pairs = found.groups()
        listed = [f"{margin}    {pair}," for pair in _PAIR.findall(pairs)]
        if len(listed) == 1:
            listed = [listed[0][:-1]]
        lines = (f"{margin}{head}", *listed, f"{margin}}}")
        if max(map(len, lines)) <= LINE_LENGTH:
            return lines
    if (found := _FIELD.fullmatch(text)) is not None:
        return _optional(*found.groups())
    if (found := _TYPED_CALL.fullmatch(text)) is not None:
        return _typed_call(*found.groups())
    return None


def _enumeration(margin: str, head: str, literal: str, listed: str) -> tuple[str, ...] | None:
    """`Kind: TypeAlias = Literal["a", "b"] | str`."""
    inner = f"{margin}    "
    if len(margin) + len(head) >= LINE_LENGTH:
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


def _optional(margin: str, head: str, name: str) -> tuple[str, ...] | None:
    """`attribute: Maybe[Name] = ABSENT`."""
    if len(margin) + len(head) > LINE_LENGTH:
        return None
    if len(margin) + len(head) + len(name) + len("] = (") <= LINE_LENGTH:
        return (f"{margin}{head}{name}] = (", f"{margin}    ABSENT", f"{margin})")
    if len(margin) + len(name) + 4 <= LINE_LENGTH:
        return (f"{margin}{head}", f"{margin}    {name}", f"{margin}] = ABSENT")
    return None


def _parameter(margin: str, head: str, union: str, default: str) -> tuple[str, ...] | None:
    """`name: One | None = None,` in a signature."""
    inside: tuple[str, ...] = (f"{margin}    {union}",)
    if len(inside[0]) > LINE_LENGTH:
        first, *rest = union.split(" | ")
        inside = (f"{margin}    {first}", *(f"{margin}    | {name}" for name in rest))
    lines = (f"{margin}{head}(", *inside, f"{margin}){default}")
    return lines if max(map(len, lines)) <= LINE_LENGTH else None


def _typed_call(
    margin: str, head: str, types: str, middle: str, function: str, arguments: str
) -> tuple[str, ...] | None:
    """`attribute: Name[One, Other] = function("text", Name)`."""
    inner = f"{margin}    "
    before = f"{margin}{head}{types}{middle}"
    whole = f"{function}{arguments})"
    lines: tuple[str, ...]
    call: tuple[str, ...]
    if len(before) + len(function) <= LINE_LENGTH:
        lines = (f"{before}{function}", *_between(arguments, margin), f"{margin})")
    elif len(before) + 1 <= LINE_LENGTH:
        call = (f"{inner}{whole}",)
        if len(call[0]) > LINE_LENGTH:
            call = (f"{inner}{function}", *_between(arguments, inner), f"{inner})")
        lines = (f"{before}(", *call, f"{margin})")
    else:
        call = (f"{margin}{middle}{whole}",)
        if len(call[0]) > LINE_LENGTH:
            call = (f"{margin}{middle}{function}", *_between(arguments, margin), f"{margin})")
        inside = tuple(_between(types, margin))
        if len(inside) == 1 and inside[0].endswith(","):
            return None
        lines = (f"{margin}{head}", *inside, *call)
    return lines if max(map(len, lines)) <= LINE_LENGTH else None


def _between(listed: str, margin: str) -> Iterator[str]:
    """What stands between two brackets at a margin: in one line, or else one element a line."""
    if len(margin) + 4 + len(listed) <= LINE_LENGTH:
        yield f"{margin}    {listed}"
        return
    depth = start = 0
    for part in _PARTS.finditer(listed):
        mark = part.group()
        if mark == ", " and not depth:
            yield f"{margin}    {listed[start:part.start()]},"
            start = part.end()
        else:
            depth += (mark == "[") - (mark == "]")
    yield f"{margin}    {listed[start:]},"
