"""Percent-encoding (RFC 3986 section 2.1), and how a value reads as text in a URL or a header."""

from __future__ import annotations

from typing import Any

from .errors import InvalidRequestError

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESERVED = frozenset(b":/?#[]@!$&'()*+,;=")
_IN_QUERY = _UNRESERVED | (_RESERVED - frozenset(b"#&+[]"))
_IN_PATH = _UNRESERVED | (_RESERVED - frozenset(b"/?#[]"))
_IN_TEMPLATE = _IN_PATH | frozenset(b"/?")
_VISIBLE = frozenset(range(0x21, 0x7F))
_PLAIN = frozenset(map(chr, _UNRESERVED))
_HEX = b"0123456789ABCDEFabcdef"


def quote(text: str) -> str:
    """Encode everything but unreserved characters."""
    if _PLAIN.issuperset(text):
        return text
    return _encode(text, _UNRESERVED, keep_triples=False)


def quote_query(text: str) -> str:
    """``allowReserved`` in a query: reserved characters that cannot end the value stay."""
    return _encode(text, _IN_QUERY, keep_triples=True)


def quote_path(text: str) -> str:
    """``allowReserved`` in a path: reserved characters that cannot end the path segment stay."""
    return _encode(text, _IN_PATH, keep_triples=True)


def quote_template(template: str) -> str:
    """The fixed text of a path template, as the document writes it; placeholders stay."""
    parts: list[str] = []
    rest = template
    while rest:
        text, brace, rest = rest.partition("{")
        name, end, rest = rest.partition("}")
        parts.append(_encode(text, _IN_TEMPLATE, keep_triples=True))
        parts.append(f"{brace}{name}{end}")
    return "".join(parts)


def quote_visible(text: str) -> str:
    """A written URL: only what is no visible ASCII is encoded, everything else stays as it is."""
    return _encode(text, _VISIBLE, keep_triples=True)


def _encode(text: str, safe: frozenset[int], *, keep_triples: bool) -> str:
    data = text.encode("utf-8", "surrogatepass")
    parts: list[str] = []
    for position, byte in enumerate(data):
        if byte in safe or (
            keep_triples
            and byte == 0x25
            and len(data) > position + 2
            and data[position + 1] in _HEX
            and data[position + 2] in _HEX
        ):
            parts.append(chr(byte))
        else:
            parts.append(f"%{byte:02X}")
    return "".join(parts)


def to_text(value: Any) -> str:
    """One scalar as text: booleans lower-case, times in ISO 8601, bytes in base64.

    Raises InvalidRequestError for what is no scalar.
    """
    if isinstance(value, str):
        # A str-based enum formats as its value only this way.
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise InvalidRequestError(f"{value!r} cannot be sent")
        return float.__repr__(value)
    plain = to_plain(value)
    if isinstance(plain, (list, dict)) or plain is None:
        raise InvalidRequestError(f"a {type(value).__name__} cannot be sent as one piece of text")
    return to_text(plain)


def to_plain(value: Any) -> Any:
    """A value as JSON builtins: models, times, UUIDs, enums, dataclasses, pydantic models included."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    from .encoding import to_builtins

    try:
        return to_builtins(value, sent=True)
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(f"a {type(value).__name__} cannot be sent: {error}") from error
