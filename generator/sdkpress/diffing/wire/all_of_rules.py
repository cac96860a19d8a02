"""Rules on the members of `allOf`. What they ask for together is compared by the other rules."""

from __future__ import annotations

from sdkpress.diffing.wire.members import match_members, member_name
from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape, is_annotation
from sdkpress.trees import is_mapping

__all__ = ["compare_all_of"]


def compare_all_of(notes: Notes, old: Shape, new: Shape) -> None:
    """Note members that came or went. Call it behind all other rules: where members both came and
    went, or the schema around them changed, it was perhaps only written in another way, and then
    the others have found nothing."""
    if not old.all_of and not new.all_of:
        return
    before, after = _members(old, notes.pair.old), _members(new, notes.pair.new)
    is_strict = not old.all_of or not new.all_of
    matching = match_members(notes, before, after, is_strict=is_strict)
    removed, added = matching.removed, matching.added
    if is_strict:
        if not matching.pairs:
            if old.own != new.own or not old.own:
                return  # one schema here, put together there: what differs is found by the others
            removed, added = old.all_of, new.all_of
    elif (removed and added) or old.own != new.own:
        if not notes.found and not notes.steps:
            return
    for node in removed:
        words = f"need not match `{member_name(node)}` of `allOf` any more"
        aspect = f"all-of-removed{_kind(notes, node, is_old=True)}"
        notes.aspect(aspect, words, node.pointer, new, ("allOf",), before=f"`{member_name(node)}`")
    for node in added:
        words = f"must match `{member_name(node)}` of `allOf` as well"
        aspect = f"all-of-added{_kind(notes, node, is_old=False)}"
        notes.aspect(aspect, words, old, node.pointer, ("allOf",), after=f"`{member_name(node)}`")


def _members(shape: Shape, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The members; of a schema that is not put together, itself: it may be a member over there."""
    return shape.all_of or nodes


def _kind(notes: Notes, node: Node, *, is_old: bool) -> str:
    tree = notes.comparison.old if is_old else notes.comparison.new
    value = tree.resolve(node).value
    if is_mapping(value) and all(is_annotation(key) for key in value):
        return "-annotation-only"
    return ""
