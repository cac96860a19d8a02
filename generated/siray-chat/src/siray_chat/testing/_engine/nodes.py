"""Typed access to the untyped tree of a document: a node of the wrong kind reads as empty."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["as_bool", "as_list", "as_object", "as_text", "pointer_token"]


def as_object(node: Any) -> dict[str, Any]:
    """The node if it is an object, else an empty one."""
    return cast("dict[str, Any]", node) if isinstance(node, dict) else {}


def as_list(node: Any) -> list[Any]:
    """The node if it is an array, else an empty one."""
    return cast("list[Any]", node) if isinstance(node, list) else []


def as_text(node: Any, default: str = "") -> str:
    """The node if it is a string, else `default`."""
    return node if isinstance(node, str) else default


def as_bool(node: Any) -> bool:
    """Whether the node is `true` itself, not merely truthy."""
    return node is True


def pointer_token(token: str | int) -> str:
    """One reference token of a JSON pointer, escaped (RFC 6901, section 3)."""
    return str(token).replace("~", "~0").replace("/", "~1")
