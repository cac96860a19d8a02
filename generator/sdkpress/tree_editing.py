"""Edits of a JSON tree that leave the original alone: what an Overlay action does to its targets.

Only the containers on the way to an edit are copied, and each of them once; all else is shared with
the original and with the values that edits bring in.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sdkpress.json_text import MAX_DEPTH
from sdkpress.origins import OriginTree, pointer_of
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["EditError", "JsonKind", "Path", "TooLarge", "TreeEditor", "UnlikeKinds", "kind_of"]

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root to a node."""

_MAX_INSERTED_NODES = 1_000_000


class JsonKind(enum.Enum):
    """The kinds of values that Overlay actions tell apart; the value is the word for messages."""

    OBJECT = "an object"
    ARRAY = "an array"
    PRIMITIVE = "a primitive value"


def kind_of(value: object) -> JsonKind:
    """The kind of a JSON value; null is a primitive value."""
    if is_mapping(value):
        return JsonKind.OBJECT
    return JsonKind.ARRAY if is_sequence(value) else JsonKind.PRIMITIVE


class EditError(Exception):
    """An edit is not possible."""


class UnlikeKinds(EditError):
    """A value does not go with what stands at `pointer`; `within` leads to the part of the value."""

    def __init__(self, pointer: str, old: JsonKind, new: JsonKind, within: str) -> None:
        super().__init__(f"{new.value} cannot be merged into {old.value}")
        self.pointer = pointer
        self.old = old
        self.new = new
        self.within = within


class TooLarge(EditError):
    """The result would be larger or nested more deeply than sdkpress accepts."""


class TreeEditor:
    """A tree under edit: `root` and `origin` are the state so far.

    Values handed in are shared, never changed. `changes` counts the edits that had an effect.
    """

    def __init__(self, root: dict[str, Any], origin: OriginTree) -> None:
        self.root = root
        self.origin = origin
        self.changes = 0
        self._inserted = 0
        # The containers that are ours to change, by id; holding them keeps the ids theirs.
        self._own: dict[int, Any] = {}

    def update(self, path: Path, value: Any, source: OriginTree) -> None:
        """Merge `value`, which was written at `source`, into the node at `path`.

        An object is merged into an object; an array is concatenated with an array, and anything
        else is appended to it; a primitive value takes the place of a primitive value. Raises
        UnlikeKinds for all other pairs, at any depth, and TooLarge.
        """
        self._account(len(path), value)
        source = source.clone()  # the next target must not share it
        node = self._node(path)
        if is_mapping(node) and is_mapping(value):
            origin = self.origin.enter(path)
            self._merge_members(self._writable(path), value, origin, source, path, ())
        elif is_sequence(node):
            origin = self.origin.enter(path)
            if is_sequence(value):
                self._extend(self._writable(path), value, origin, source)
            else:
                items = self._writable(path)
                origin.put(len(items), source)
                items.append(value)
                self.changes += 1
        elif kind_of(node) is kind_of(value):
            if not path:
                raise EditError("the root of a document is an object")
            self._replace(self._writable(path[:-1]), path[-1], value)
            self.origin.enter(path[:-1]).put(path[-1], source)
        else:
            raise UnlikeKinds(pointer_of(path), kind_of(node), kind_of(value), "")

    def put(self, path: Path, value: Any) -> None:
        """Set the member or item at `path`, whatever is there now; it counts as written there."""
        self._writable(path[:-1])[path[-1]] = value
        self.changes += 1

    def copy(self, source: Path, targets: Iterable[Path]) -> None:
        """Merge the node at `source`, as it is now, into the nodes at `targets`, as `update` does."""
        value = self._node(source)
        origin = self.origin.at(source).clone()
        # From here on the copied containers stand in two places, so none may be changed in place.
        self._own.clear()
        for target in targets:
            self.update(target, value, origin)

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove nodes from the objects and arrays that hold them; `paths` excludes the root."""
        doomed = dict.fromkeys(paths)
        holders: dict[Path, list[str | int]] = {}
        for path in doomed:
            if not any(path[:length] in doomed for length in range(1, len(path))):
                holders.setdefault(path[:-1], []).append(path[-1])
        # The deepest first: removing an item moves what stands after it.
        for holder in sorted(holders, key=len, reverse=True):
            self._remove_children(holder, holders[holder])
        self.changes += len(doomed)

    def _remove_children(self, holder: Path, parts: Sequence[str | int]) -> None:
        container = self._writable(holder)
        origin = self.origin.enter(holder)
        if is_mapping(container):
            keys = [str(part) for part in parts]
            for key in keys:
                del container[key]
            origin.drop_keys(keys)
            return
        dropped = set(parts)
        kept = [index for index in range(len(container)) if index not in dropped]
        container[:] = [container[index] for index in kept]
        origin.keep_items(kept)

    def _merge_members(
        self,
        target: dict[str, Any],
        value: dict[str, Any],
        origin: OriginTree,
        source: OriginTree,
        path: Path,
        within: Path,
    ) -> None:
        for key, new in value.items():
            written = source.at((key,))
            if key not in target:
                target[key] = new
                origin.put(key, written)
                self.changes += 1
                continue
            old = target[key]
            if old == {} and is_mapping(new):
                # Nothing of a place holder is left, so the value is what a reader wants to see.
                target[key] = new
                origin.put(key, written)
                self.changes += bool(new)
            elif is_mapping(old) and is_mapping(new):
                child = target[key] = self._mine(old)
                entered = origin.enter((key,))
                self._merge_members(child, new, entered, written, (*path, key), (*within, key))
            elif is_sequence(old) and is_sequence(new):
                items = target[key] = self._mine(old)
                self._extend(items, new, origin.enter((key,)), written)
            elif kind_of(old) is kind_of(new):
                self._replace(target, key, new)
                origin.put(key, written)
            else:
                pointer = pointer_of((*path, key))
                raise UnlikeKinds(pointer, kind_of(old), kind_of(new), pointer_of((*within, key)))

    def _extend(
        self, items: list[Any], value: list[Any], origin: OriginTree, source: OriginTree
    ) -> None:
        for index in range(len(value)):
            origin.put(len(items) + index, source.at((index,)))
        items.extend(value)
        self.changes += bool(value)

    def _replace(self, container: Any, part: str | int, value: Any) -> None:
        old = container[part]
        if old != value or type(old) is not type(value):
            self.changes += 1
        container[part] = value

    def _node(self, path: Path) -> Any:
        node: Any = self.root
        for part in path:
            node = node[part]
        return node

    def _writable(self, path: Path) -> Any:
        node: Any = self._mine(self.root)
        self.root = node
        for part in path:
            child = self._mine(node[part])
            node[part] = child
            node = child
        return node

    def _mine(self, container: Any) -> Any:
        if id(container) in self._own:
            return container
        copy = container.copy()
        self._own[id(copy)] = copy
        return copy

    def _account(self, depth: int, value: Any) -> None:
        # Shared containers count each time: later stages walk the result as a tree.
        pending = [(value, depth)]
        while pending:
            node, level = pending.pop()
            self._inserted += 1
            if level > MAX_DEPTH:
                raise TooLarge(f"the result would be nested more than {MAX_DEPTH} levels deep")
            if self._inserted > _MAX_INSERTED_NODES:
                raise TooLarge(f"more than {_MAX_INSERTED_NODES:,} nodes would be inserted")
            if is_mapping(node):
                pending.extend((child, level + 1) for child in node.values())
            elif is_sequence(node):
                pending.extend((child, level + 1) for child in node)
