"""The nodes of a document with their pointers, and where a `$ref` leads."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sdkpress.diffing.changes import Place
from sdkpress.document import Document
from sdkpress.identifiers import find_anchor
from sdkpress.trees import escape_token, is_mapping, is_sequence, node_at

__all__ = ["MISSING", "Node", "Tree"]

_MAX_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document and the pointer at which it stands."""

    pointer: str
    value: Any

    def get(self, key: str) -> Node | None:
        """The member of an object; None where there is none, or no object."""
        if is_mapping(self.value) and key in self.value:
            return Node(f"{self.pointer}/{escape_token(key)}", self.value[key])
        return None

    def at(self, key: str) -> Any:
        """The plain value of a member, None where there is none."""
        return self.value.get(key) if is_mapping(self.value) else None

    def text(self, key: str) -> str:
        """A member that is a string, "" for anything else."""
        value = self.at(key)
        return value if isinstance(value, str) else ""

    def members(self, key: str = "") -> dict[str, Node]:
        """The members of this object (or of the object at `key`), in the order of the document;
        none where it is no object."""
        node = self.get(key) if key else self
        if node is None or not is_mapping(node.value):
            return {}
        return {
            name: Node(f"{node.pointer}/{escape_token(name)}", value)
            for name, value in node.value.items()
        }

    def items(self, key: str = "") -> list[Node]:
        """The items of this array (or of the array at `key`); none where it is no array."""
        node = self.get(key) if key else self
        if node is None or not is_sequence(node.value):
            return []
        return [Node(f"{node.pointer}/{index}", value) for index, value in enumerate(node.value)]


MISSING = Node("", None)
"""Stands for a node that is not there: it has no members and no items."""


class Tree:
    """One of the two documents."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.root = Node("", document.tree)
        self.openapi = str(document.tree.get("openapi", ""))
        self._targets: dict[str, Node | None] = {}

    @property
    def is_30(self) -> bool:
        """Whether schemas are those of OpenAPI 3.0 (`nullable`, no siblings of `$ref`)."""
        return self.openapi.startswith("3.0")

    @functools.cached_property
    def paths(self) -> dict[str, Node]:
        """The path items, by path template."""
        return self.root.members("paths")

    def node(self, pointer: str) -> Node | None:
        """The node at a pointer, None where there is none."""
        try:
            return Node(pointer, node_at(self.document.tree, pointer))
        except (LookupError, ValueError):
            return None

    def target(self, reference: str) -> Node | None:
        """What a local reference (`#/...`, `#anchor`) names, itself perhaps a reference; None when
        nothing."""
        if reference not in self._targets:
            self._targets[reference] = self._find(reference)
        return self._targets[reference]

    def _find(self, reference: str) -> Node | None:
        if not reference.startswith("#"):
            return None
        decoded = unquote(reference[1:])
        if decoded and not decoded.startswith("/"):
            anchored = find_anchor(self.document.tree, decoded)
            return None if anchored is None else self.node(anchored)
        # Some names look escaped themselves, and some writers put `+` for a space.
        for pointer in dict.fromkeys((reference[1:], decoded, decoded.replace("+", " "))):
            node = self.node(pointer)
            if node is not None:
                return node
        return None

    def resolve(self, node: Node) -> Node:
        """The node behind all references that a node consists of; a reference that leads nowhere,
        or in a circle, stays as it is. What stands beside a `$ref` is not looked at."""
        seen = 0
        start = node
        while is_mapping(node.value) and isinstance(node.value.get("$ref"), str):
            found = self.target(node.value["$ref"])
            seen += 1
            if found is None or seen > _MAX_REFERENCES:
                return start
            node = found
        return node

    def chain(self, node: Node) -> Iterator[Node]:
        """The node, then each that its references lead through, the resolved one last."""
        for _ in range(_MAX_REFERENCES):
            yield node
            if not is_mapping(node.value) or not isinstance(node.value.get("$ref"), str):
                return
            found = self.target(node.value["$ref"])
            if found is None:
                return
            node = found

    def place(self, pointer: str) -> Place:
        """Where a node was written."""
        location = self.document.locate(pointer)
        return Place(location.file, location.line, pointer)
