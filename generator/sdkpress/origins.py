"""Where the nodes of an edited tree were written.

Overlays move nodes and bring new ones in, so a pointer into the result says nothing about a file.
A tree of origins runs beside the result; it holds a node only where an edit left something that its
parent does not imply, so a tree of a million nodes with ten edits costs some ten origins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sdkpress.document import Locator, Origin
from sdkpress.trees import escape_token

__all__ = ["OriginTree", "pointer_of"]


class OriginTree:
    """The node was written at `pointer` in the file of `locator`, and so were its children unless
    they say otherwise. Array indexes are written as in a JSON pointer."""

    __slots__ = ("_children", "locator", "pointer")

    def __init__(self, locator: Locator, pointer: str = "") -> None:
        self.locator = locator
        self.pointer = pointer
        self._children: dict[str, OriginTree] = {}

    def at(self, parts: Iterable[str | int]) -> OriginTree:
        """The origin of a node below, for reading."""
        origin = self
        for part in parts:
            origin = origin._child(str(part))
        return origin

    def enter(self, parts: Iterable[str | int]) -> OriginTree:
        """The origin of a node below, for editing."""
        origin = self
        for part in parts:
            name = str(part)
            origin = origin._children.setdefault(name, origin._child(name))
        return origin

    def put(self, part: str | int, origin: OriginTree) -> None:
        """The child `part` was written elsewhere."""
        self._children[str(part)] = origin

    def drop_keys(self, keys: Iterable[str]) -> None:
        """Members of an object were removed."""
        for key in keys:
            self._children.pop(key, None)

    def keep_items(self, kept: Sequence[int]) -> None:
        """Of the items of an array, those at `kept` (ascending) remain and close ranks."""
        origins = [self._child(str(index)) for index in kept]
        self._children = {str(index): origin for index, origin in enumerate(origins)}

    def clone(self) -> OriginTree:
        """A copy that can be edited by itself."""
        copy = OriginTree(self.locator, self.pointer)
        copy._children = {name: child.clone() for name, child in self._children.items()}
        return copy

    def entries(self) -> dict[str, Origin]:
        """What `Document.with_tree` takes: the origins that their parents do not imply."""
        return dict(self._entries(""))

    def _entries(self, prefix: str) -> Iterator[tuple[str, Origin]]:
        for name, child in self._children.items():
            token = f"/{escape_token(name)}"
            if child.locator is not self.locator or child.pointer != self.pointer + token:
                yield prefix + token, Origin(child.locator, child.pointer)
            yield from child._entries(prefix + token)

    def _child(self, name: str) -> OriginTree:
        known = self._children.get(name)
        if known is not None:
            return known
        return OriginTree(self.locator, f"{self.pointer}/{escape_token(name)}")


def pointer_of(parts: Iterable[str | int]) -> str:
    """The JSON pointer of a path of keys and indexes (RFC 6901)."""
    return "".join(f"/{escape_token(str(part))}" for part in parts)
