"""JSON text to Python values: msgspec's parser, and what to do where it gives up.

msgspec parses RFC 8259 strictly. Servers are not strict: a byte order mark, NaN and infinities
(Python's own ``json`` writes them into log probabilities), half a surrogate pair (an emoji cut in
two by a tokenizer), bytes that are no UTF-8, numbers beyond a double. Such an answer is read all the same, with a note.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import msgspec

JSONText = bytes | bytearray | memoryview | str
"""JSON as it arrives: UTF-8, or text."""

MAX_ERROR_TEXT = 10_000
"""Characters of the body that an error carries."""


class Note(NamedTuple):
    """One thing that does not match the document."""

    path: str
    """Its place, as ``choices[0].delta``; the root is an empty string."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class JSONDecodeError(ValueError):
    """The bytes are not JSON (RFC 8259), or nested too deeply to be read."""

    text: str
    """The bytes as text, the beginning of it where it is long; what is no UTF-8 is replaced."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (*self.args, self.text))


def parse_json(data: JSONText, *, keep_halves: bool = False) -> tuple[Any, tuple[Note, ...]]:
    """Return the value that ``data`` holds; of equal keys in an object the last one wins.

    ``keep_halves`` leaves halves of surrogate pairs as they are, to be joined with their others and
    given to ``mend``. Raises JSONDecodeError.
    """
    try:
        return msgspec.json.decode(data), ()
    except RecursionError:
        raise too_deep(data) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        return _parse_leniently(data, error, keep_halves)


def too_deep(data: JSONText) -> JSONDecodeError:
    """Return the error for JSON whose nesting exhausts the stack."""
    return JSONDecodeError("the JSON is nested too deeply", _beginning(data))


def _parse_leniently(
    data: JSONText, refusal: Exception, keep_halves: bool
) -> tuple[Any, tuple[Note, ...]]:
    import json  # only ever loaded for a body that msgspec refused

    oddities: dict[str, None] = {}

    def constant(name: str) -> float:
        oddities[f"{name} is not JSON"] = None
        return float(name)

    def number(literal: str) -> Any:
        value = float(literal)
        return value if value - value == 0 else _decimal(literal)

    def integer(literal: str) -> Any:
        try:
            return int(literal)
        except ValueError:  # Python's limit on the digits of an int
            return _decimal(literal)

    def _decimal(literal: str) -> Any:
        from decimal import Decimal

        oddities["a number is too large"] = None
        return Decimal(literal)

    if not isinstance(data, str):
        raw = bytes(data)
        try:
            data = raw.decode()
        except UnicodeDecodeError as error:
            # As the standard of server-sent events has it, and browsers for everything.
            data = raw.decode("utf-8", "replace")
            place = f"not UTF-8 (byte {error.start})"
            refusal = ValueError(place)
            oddities[place] = None
    text = data.removeprefix("\ufeff")
    if not text.strip():
        raise JSONDecodeError("the body is empty", text)
    try:
        value = json.loads(text, parse_constant=constant, parse_float=number, parse_int=integer)
        mended = value if keep_halves else mend(value)
    except RecursionError:
        raise too_deep(text) from None
    except (ValueError, ArithmeticError):
        raise JSONDecodeError(f"the body is not JSON: {refusal}", _beginning(text)) from None
    if mended is not value:
        oddities["a string holds half a surrogate pair"] = None
    return mended, tuple(Note("", oddity) for oddity in oddities)


def mend(value: Any) -> Any:
    """Join surrogate pairs and replace lone surrogates, which no UTF-8 can hold.

    Returns the value itself if there are none. Raises RecursionError.
    """
    kind: type[Any] = value.__class__
    if kind is str:
        if value.isascii():
            return value
        mended = _mend_text(value)
        return value if mended == value else mended
    if kind is list:
        items = [mend(item) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    if kind is dict:
        names = [mend(name) for name in value]
        items = [mend(item) for item in value.values()]
        if all(map(operator.is_, [*names, *items], [*value, *value.values()])):
            return value
        return dict(zip(names, items, strict=True))
    return value


def _mend_text(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _beginning(data: JSONText) -> str:
    if isinstance(data, str):
        return data[:MAX_ERROR_TEXT]
    return str(data[: 4 * MAX_ERROR_TEXT], "utf-8", "replace")[:MAX_ERROR_TEXT]
