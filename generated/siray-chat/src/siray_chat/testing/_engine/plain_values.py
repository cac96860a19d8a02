"""Values that a test hands over, as JSON values: models in them are written as the client does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

__all__ = ["is_model", "plain", "sendable"]


def is_model(value: object) -> bool:
    """Whether the value is an object of a model class, of whichever client."""
    return not isinstance(value, type) and callable(getattr(value, "to_dict", None))


def plain(value: object) -> Any:
    """The value with every model in it replaced by its `to_dict()`."""
    if is_model(value):
        return cast("Any", value).to_dict()
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in cast("Mapping[str, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("list[object]", value)]
    return value


def sendable(value: object) -> Any:
    """The plain value. Raises TypeError where there is something in it that JSON has no form for."""
    made = plain(value)
    try:
        msgspec.json.encode(made)
    except TypeError as error:
        raise TypeError(f"this is neither a model of the client nor JSON: {error}") from None
    return made
