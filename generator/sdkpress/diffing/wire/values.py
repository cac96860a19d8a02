"""Values of documents: when two are the same, and how messages show them."""

from __future__ import annotations

import json
from typing import Any

from sdkpress.trees import is_mapping, is_sequence

__all__ = ["equal", "identity", "number", "shown"]

_LONGEST = 60


def identity(value: Any) -> str:
    """A text that is the same for the same JSON value: 1 is 1.0, true is not 1."""
    return json.dumps(_canonical(value), sort_keys=True, default=str)


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same."""
    return identity(one) == identity(other)


def number(value: Any) -> int | float | None:
    """The value if it is a number, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value


def shown(value: Any) -> str:
    """A value in backticks, as JSON, shortened; strings without their quotes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}`"


def _canonical(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if is_mapping(value):
        return {key: _canonical(item) for key, item in value.items()}
    if is_sequence(value):
        return [_canonical(item) for item in value]
    return value
