"""Rules on `oneOf` and `anyOf`, and on what became one or was one."""

from __future__ import annotations

from itertools import zip_longest

from sdkpress.diffing.wire.members import match_members, member_name
from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Alternatives, Shape

__all__ = ["compare_unions"]

_KINDS = {"oneOf": "one-of", "anyOf": "any-of"}
_UNION_KEYS = frozenset(("oneOf", "anyOf", "discriminator"))


def compare_unions(notes: Notes, old: Shape, new: Shape) -> bool:
    """Note changes of alternatives. True where a plain schema was replaced by alternatives, or the
    other way round, so that the rest of the two schemas is not to be compared."""
    if old.unions and not new.unions:
        return _dissolved(notes, old, new)
    if new.unions and not old.unions:
        return _formed(notes, old, new)
    kinds = [union.kind for union in old.unions], [union.kind for union in new.unions]
    in_order = sorted(kinds[0]) == sorted(kinds[1])
    before = sorted(old.unions, key=lambda one: one.kind) if in_order else list(old.unions)
    after = sorted(new.unions, key=lambda one: one.kind) if in_order else list(new.unions)
    for one, other in zip_longest(before, after):
        if one is None and other is not None:
            words = "must match one of several alternatives on top of the rest"
            notes.aspect("alternatives-required", words, old, other.node.pointer)
        elif other is None and one is not None:
            words = "need not match one of several alternatives any more"
            notes.aspect("alternatives-dropped", words, one.node.pointer, new)
        elif one is not None and other is not None:
            _compare(notes, one, other)
    return False


def _compare(notes: Notes, old: Alternatives, new: Alternatives) -> None:
    matching = match_members(notes, old.members, new.members)
    for node in matching.removed:
        _gone(notes, old, node, new.node.pointer)
    for node in matching.added:
        _come(notes, new, node, old.node.pointer)
    for one, other in matching.pairs:
        notes.below(f"({member_name(other)})", (one,), (other,))
    if old.kind != new.kind:
        is_stricter = new.kind == "oneOf"
        aspect = "any-of-became-one-of" if is_stricter else "one-of-became-any-of"
        words = (
            "must match exactly one alternative, before at least one"
            if is_stricter
            else "must match at least one alternative, before exactly one"
        )
        notes.aspect(aspect, words, old.node.pointer, new.node.pointer)


def _come(notes: Notes, union: Alternatives, node: Node, old: Shape | str) -> None:
    name = f"`{member_name(node)}`"
    words = f"has the further alternative {name}"
    notes.aspect(f"{_KINDS[union.kind]}-added", words, old, node.pointer, after=name)


def _gone(notes: Notes, union: Alternatives, node: Node, new: Shape | str) -> None:
    name = f"`{member_name(node)}`"
    words = f"lacks the alternative {name}, which it had"
    notes.aspect(f"{_KINDS[union.kind]}-removed", words, node.pointer, new, before=name)


def _formed(notes: Notes, old: Shape, new: Shape) -> bool:
    """Alternatives where there were none."""
    rest = {key: value for key, value in new.own.items() if key not in _UNION_KEYS}
    union = new.unions[0]
    if old.own and rest == old.own:
        words = "must match one of several alternatives on top of the rest"
        notes.aspect("alternatives-required", words, old, union.node.pointer)
        if notes.is_request or union.kind == "anyOf":
            for node in union.members:
                _come(notes, union, node, old)
        return False
    if not _asks_for_anything(old):
        aspect = "type-changed" if notes.is_request else "type-specialized"
        words = "must be one of several alternatives, before it was anything"
        notes.aspect(aspect, words, old, union.node.pointer)
        return True
    if union.kind == "oneOf" and notes.context.prefix.endswith("-body"):
        words = "is one of several alternatives, before it was one schema"
        notes.aspect("wrapped-in-one-of", words, old, union.node.pointer)
    scores = [notes.tried(notes.pair.old, (node,)) for node in union.members]
    best = min(range(len(scores)), key=lambda index: (scores[index], index))
    if scores[best].breaking:
        words = "is one of several alternatives, none of which takes in what it was"
        notes.aspect("type-changed", words, old, union.node.pointer)
        return True
    for index, node in enumerate(union.members):
        if index != best:
            _come(notes, union, node, old)
    member = union.members[best]
    notes.below(
        f"({member_name(member)})", notes.pair.old, (member,), is_nested=notes.context.is_nested
    )
    return True


def _dissolved(notes: Notes, old: Shape, new: Shape) -> bool:
    """Alternatives where there are none any more."""
    rest = {key: value for key, value in old.own.items() if key not in _UNION_KEYS}
    union = old.unions[0]
    if new.own and rest == new.own:
        words = "need not match one of several alternatives any more"
        notes.aspect("alternatives-dropped", words, union.node.pointer, new)
        return False
    if not _asks_for_anything(new):
        words = "may be anything, before it was one of several alternatives"
        notes.aspect("type-generalized", words, union.node.pointer, new)
        return True
    scores = [notes.tried((node,), notes.pair.new) for node in union.members]
    best = min(range(len(scores)), key=lambda index: (scores[index], index))
    if scores[best].breaking:
        words = "is one schema that no alternative was"
        notes.aspect("type-changed", words, union.node.pointer, new)
        return True
    for index, node in enumerate(union.members):
        if index == best:
            continue
        if notes.is_request and scores[index].is_clean:
            continue  # what fits it still fits
        _gone(notes, union, node, new)
    member = union.members[best]
    notes.below(
        f"({member_name(member)})", (member,), notes.pair.new, is_nested=notes.context.is_nested
    )
    return True


def _asks_for_anything(shape: Shape) -> bool:
    """Whether a schema restricts its values at all."""
    return bool(shape.unions or shape.own.keys() - {"nullable"}) or shape.types is not None
