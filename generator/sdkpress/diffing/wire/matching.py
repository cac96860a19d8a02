"""Which operations of two documents are the same one: by method and by the address they lead to.

A path parameter with another name makes no other path, and neither does a prefix that moved from
the servers into the paths or back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sdkpress.diffing.wire.nodes import MISSING, Node, Tree
from sdkpress.trees import is_mapping

__all__ = [
    "Operation",
    "PathPair",
    "base_path",
    "match_paths",
    "operations_of",
    "placeholders",
    "server_address",
]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: `name` is `POST /v1/things`, `item` the path item that it belongs to."""

    method: str
    path: str
    node: Node
    item: Node

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class PathPair:
    """A path of the one document and the same one in the other; "" where there is none."""

    old: str
    new: str


def operations_of(tree: Tree, item: Node, path: str) -> dict[str, Operation]:
    """The operations of a path item by method, those of `additionalOperations` as written."""
    item = tree.resolve(item)
    found = {
        method.upper(): Operation(method.upper(), path, node, item)
        for method, node in item.members().items()
        if method in _METHODS and is_mapping(node.value)
    }
    for method, node in item.members("additionalOperations").items():
        if is_mapping(node.value):
            found.setdefault(method, Operation(method, path, node, item))
    return found


def placeholders(path: str) -> list[str]:
    """The names of the parameters in a path template, in order."""
    return _PLACEHOLDER.findall(path)


def match_paths(old: Tree, new: Tree) -> list[PathPair]:
    """Every path of both documents once: those of the new one in order, then what is gone."""
    before, after = old.paths, new.paths
    pairs: dict[str, str] = {path: path for path in after if path in before}
    _match(pairs, before, after, _shape, _shape)
    old_base, new_base = base_path(old.root), base_path(new.root)
    if old_base != new_base:
        _match(
            pairs,
            before,
            after,
            lambda path: _shape(old_base + path),
            lambda path: _shape(new_base + path),
        )
    taken = set(pairs.values())
    return [PathPair(pairs.get(path, ""), path) for path in after if path[:2] != "x-"] + [
        PathPair(path, "") for path in before if path not in taken and path[:2] != "x-"
    ]


def _match(
    pairs: dict[str, str],
    before: Mapping[str, Node],
    after: Mapping[str, Node],
    old_shape: Callable[[str], str],
    new_shape: Callable[[str], str],
) -> None:
    """Add to `pairs` (new -> old) the paths that are left and have one shape, each shape once."""
    taken = set(pairs.values())
    free: dict[str, str] = {}
    for path in before:
        if path not in taken:
            free.setdefault(old_shape(path), path)
    for path in after:
        if path not in pairs:
            match = free.pop(new_shape(path), None)
            if match is not None:
                pairs[path] = match


def _shape(path: str) -> str:
    return _PLACEHOLDER.sub("{}", path)


def server_address(server: Node) -> str:
    """The URL of a server with its variables' defaults, without a slash at its end."""
    variables = server.members("variables")
    return _PLACEHOLDER.sub(
        lambda match: variables.get(match[1], MISSING).text("default") or match[0],
        server.text("url"),
    ).rstrip("/")


def base_path(root: Node) -> str:
    """The path of the first server's URL, "" without one."""
    servers = root.items("servers")
    if not servers:
        return ""
    address = server_address(servers[0])
    try:
        path = urlsplit(address).path if "//" in address else address
    except ValueError:  # such as an unclosed bracket of an IPv6 address
        return ""
    return path if path.startswith("/") else ""
