"""Which member of a `oneOf`, `anyOf` or `allOf` is which in the other document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.normal_form import normal_form, unwrapped
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape
from sdkpress.diffing.wire.values import identity
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["Matching", "match_members", "member_name"]

_MOST_TRIALS = 64
"""How many members are compared with each other, where nothing else says which is which."""


@dataclass(frozen=True, slots=True)
class Matching:
    """`pairs` are the members that are there in both; the others stand alone."""

    pairs: tuple[tuple[Node, Node], ...]
    removed: tuple[Node, ...]
    added: tuple[Node, ...]


def match_members(
    notes: Notes, old: Sequence[Node], new: Sequence[Node], *, is_strict: bool = False
) -> Matching:
    """Match members by the schema they refer to, by being equal, by title, by a fixed value that
    tells them apart; last of all, one that is left on each side, unless both have names of their
    own that are still in use. Their order means nothing. Strictly, only what is the same matches.
    """
    left, right = [unwrapped(node) for node in old], [unwrapped(node) for node in new]
    pairs: list[tuple[Node, Node]] = []

    def match(one: Node, other: Node) -> None:
        pairs.append((one, other))
        left.remove(one)
        right.remove(other)

    def take(key: Callable[[Node, bool], object], *, is_exact: bool = False) -> None:
        mine = _by_key(left, lambda node: key(node, True))
        others = _by_key(right, lambda node: key(node, False))
        for value, group in mine.items():
            found = others.get(value, [])
            if is_exact or len(group) == len(found) == 1:
                for one, other in zip(group, found, strict=False):
                    match(one, other)

    def take_where(fits: Callable[[Node, Node], bool]) -> None:
        for one in list(left):
            for other in right:
                if fits(one, other):
                    match(one, other)
                    break

    take(lambda node, _: _reference(node), is_exact=True)
    take_where(
        lambda one, other: notes.same((_behind(notes, one, True),), (_behind(notes, other, False),))
    )
    take(lambda node, _: normal_form(node.value), is_exact=True)
    if len(left) * len(right) <= _MOST_TRIALS:
        take_where(lambda one, other: not any(notes.tried((one,), (other,))))
    if is_strict:
        return Matching(tuple(pairs), tuple(left), tuple(right))
    take(lambda node, is_old: _title(_behind(notes, node, is_old)))
    take(lambda node, is_old: _mark(_shape(notes, node, is_old)))
    take(lambda node, is_old: None if _reference(node) else _names(_shape(notes, node, is_old)))
    take(lambda node, is_old: None if _reference(node) else _types(_shape(notes, node, is_old)))
    if len(left) == len(right) == 1 and _may_be_one(notes, left[0], right[0]):
        pairs.append((left.pop(), right.pop()))
    return Matching(tuple(pairs), tuple(left), tuple(right))


def member_name(node: Node) -> str:
    """A member in words: the name that it refers to, its title, else its type."""
    reference = _reference(node)
    if reference:
        return reference.rpartition("/")[2]
    title = _title(node)
    if title:
        return title
    declared = node.at("type")
    return declared if isinstance(declared, str) else "schema"


def _may_be_one(notes: Notes, old: Node, new: Node) -> bool:
    names = _reference(old), _reference(new)
    if not all(names):
        return True
    comparison = notes.comparison
    if comparison.new.target(names[0] or "") or comparison.old.target(names[1] or ""):
        return False
    return notes.tried((old,), (new,)).is_clean


def _by_key(nodes: Sequence[Node], key: Callable[[Node], object]) -> dict[object, list[Node]]:
    """The nodes by key; those without one (None) are left out."""
    found: dict[object, list[Node]] = {}
    for node in nodes:
        value = key(node)
        if value is not None:
            found.setdefault(value, []).append(node)
    return found


def _reference(node: Node) -> str | None:
    value = node.at("$ref")
    return value if isinstance(value, str) else None


def _behind(notes: Notes, node: Node, is_old: bool) -> Node:
    tree = notes.comparison.old if is_old else notes.comparison.new
    value = node.value
    return tree.resolve(node) if is_mapping(value) and len(value) == 1 else node


def _shape(notes: Notes, node: Node, is_old: bool) -> Shape:
    return (notes.old_shapes if is_old else notes.new_shapes).of((node,))


def _title(node: Node) -> str | None:
    title = node.at("title")
    return title if isinstance(title, str) and title else None


def _mark(shape: Shape) -> str | None:
    """The properties that have one value only, with it: what a reader tells members apart by."""
    found: list[str] = []
    for name, nodes in shape.names("properties").items():
        for node in nodes:
            values = node.at("enum")
            if is_mapping(node.value) and "const" in node.value:
                found.append(f"{name}={identity(node.value['const'])}")
            elif is_sequence(values) and len(values) == 1:
                found.append(f"{name}={identity(values[0])}")
    return "&".join(sorted(found)) or None


def _names(shape: Shape) -> tuple[str, ...] | None:
    return tuple(sorted(shape.names("properties"))) or None


def _types(shape: Shape) -> str | None:
    return None if shape.types is None else "|".join(sorted(shape.types))
