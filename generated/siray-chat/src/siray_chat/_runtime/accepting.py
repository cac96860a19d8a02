"""Strict decoding's second look at what is not as the nearest members of its unions have it.

A value that comes near to one member of a union may match another one, which knows less of it: by
the document it is right then. Strict decoding takes it as that; without ``strict`` the nearest
member stays, with a note of what does not match, because more of the value is typed so.
"""

from __future__ import annotations

from typing import Any

from .building import Notes
from .compiling import node_for
from .decoding import Decoded
from .parsing import JSONDecodeError, JSONText, parse_json

__all__ = ["accept", "accept_json"]


def accept(value: Any, type_: Any) -> Decoded[Any] | None:
    """Return what JSON values are by the document, None where they do not match it."""
    found = Notes(takes_any=True)
    try:
        built = node_for(type_).build(value, None, found)
    except RecursionError:
        return None
    return None if found.total else Decoded(built, ())


def accept_json(data: JSONText, type_: Any) -> Decoded[Any] | None:
    """As ``accept``, for JSON text."""
    try:
        value, notes = parse_json(data)
    except JSONDecodeError:
        return None
    return None if notes else accept(value, type_)
