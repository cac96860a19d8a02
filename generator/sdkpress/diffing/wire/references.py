"""Which nodes are the same in both documents, down to everything they refer to.

A node can be equal letter by letter and yet mean something else, as what its `$ref` names has
changed. The references of a document and what they reach are gathered once, so that unchanged
operations of a large document cost one comparison each.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["Differing", "references_in"]


def references_in(value: Any) -> frozenset[str]:
    """Every local reference at or below a node: `$ref`, and the pointers of a `mapping`. Examples and
    defaults are looked into as well: what has their name may be a property or an answer."""
    found: set[str] = set()
    stack = [value]
    while stack:
        node = stack.pop()
        if is_mapping(node):
            for key, child in node.items():
                if isinstance(child, str):
                    if child[:1] == "#" and (key == "$ref" or child[:2] == "#/"):
                        found.add(child)
                elif child and isinstance(child, (dict, list)):
                    stack.append(child)
        elif is_sequence(node):
            stack.extend(child for child in node if is_mapping(child) or is_sequence(child))
    return frozenset(found)


class Differing:
    """Answers whether nodes of the two documents are the same in everything."""

    def __init__(self, old: Tree, new: Tree) -> None:
        self._old = old
        self._new = new
        self._references: dict[str, frozenset[str]] = {}

    def same(self, old: Node, new: Node) -> bool:
        """Whether both nodes are equal, and so is all they lead to."""
        if old.value != new.value:
            return False
        if not self._changed:
            return True
        return not (self._used_by(new) & self._changed)

    def _used_by(self, node: Node) -> frozenset[str]:
        known = self._references.get(node.pointer)
        if known is None:
            known = self._references[node.pointer] = references_in(node.value)
        return known

    @functools.cached_property
    def _changed(self) -> frozenset[str]:
        """The references that lead to something else than they did, directly or further on."""
        wanted = set(self._all_references())
        users: dict[str, list[str]] = {}
        changed: set[str] = set()
        while wanted:
            further: set[str] = set()
            for reference in wanted:
                old, new = self._old.target(reference), self._new.target(reference)
                if old is None or new is None or old.value != new.value:
                    changed.add(reference)
                for target in (old, new):
                    for used in references_in(target.value) if target is not None else ():
                        if used not in users:
                            users[used] = []
                            further.add(used)
                        users[used].append(reference)
            wanted = further - wanted
        stack = list(changed)
        while stack:
            for user in users.get(stack.pop(), ()):
                if user not in changed:
                    changed.add(user)
                    stack.append(user)
        return frozenset(changed)

    def _all_references(self) -> Iterable[str]:
        old, new = self._old.root.value, self._new.root.value
        found = set(references_in(new))
        for key, value in old.items():
            other = new.get(key)
            if not is_mapping(value) or not is_mapping(other):
                if value != other:
                    found |= references_in(value)
                continue
            for name, part in value.items():
                if name not in other or part != other[name]:
                    found |= references_in(part)
        return found
