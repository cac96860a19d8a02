"""Plain trees of JSON values, and the JSON pointers (RFC 6901) that name their nodes."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["escape_token", "is_mapping", "is_sequence", "node_at", "pointer_tokens"]


def is_mapping(node: object) -> TypeGuard[dict[str, Any]]:
    """Whether a node is an object; the keys of our trees are strings."""
    return isinstance(node, dict)


def is_sequence(node: object) -> TypeGuard[list[Any]]:
    """Whether a node is an array."""
    return isinstance(node, list)


def escape_token(token: str) -> str:
    """A key or index as one token of a pointer (section 3)."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer_tokens(pointer: str) -> list[str]:
    """The tokens of a pointer (section 4); "" has none."""
    if not pointer:
        return []
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def node_at(tree: Any, pointer: str) -> Any:
    """The node at `pointer`; LookupError when there is none."""
    node: Any = tree
    for token in pointer_tokens(pointer):
        if is_mapping(node):
            node = node[token]
        elif is_sequence(node) and token.isascii() and token.isdecimal():
            node = node[int(token)]
        else:
            raise LookupError(pointer)
    return node
