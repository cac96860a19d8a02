"""Rules on `discriminator`."""

from __future__ import annotations

from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape

__all__ = ["compare_discriminators"]

_KEYS = ("discriminator",)


def compare_discriminators(notes: Notes, old: Shape, new: Shape) -> None:
    """Note an added or removed discriminator, another property, other mappings."""
    before, after = old.get("discriminator"), new.get("discriminator")
    if before is None and after is not None:
        words = f"is told apart by its property `{after.text('propertyName')}`"
        notes.aspect("discriminator-added", words, old, new, _KEYS)
    elif before is not None and after is None:
        words = f"is no longer told apart by its property `{before.text('propertyName')}`"
        notes.aspect("discriminator-removed", words, old, new, _KEYS)
    elif before is not None and after is not None:
        _compare(notes, before, after)


def _compare(notes: Notes, before: Node, after: Node) -> None:
    names = before.text("propertyName"), after.text("propertyName")
    if names[0] != names[1]:
        words = f"is told apart by its property `{names[1]}`, before by `{names[0]}`"
        notes.aspect(
            "discriminator-property-name-changed",
            words,
            before.pointer,
            after.pointer,
            before=names[0],
            after=names[1],
        )
    old, new = before.members("mapping"), after.members("mapping")
    for value, node in old.items():
        if value not in new:
            words = f"has no discriminator value `{value}` any more"
            notes.aspect("discriminator-mapping-deleted", words, node.pointer, after.pointer)
        elif _target(node) != _target(new[value]):
            texts = _target(node), _target(new[value])
            words = f"has `{texts[1]}` for the discriminator value `{value}`, before `{texts[0]}`"
            places = node.pointer, new[value].pointer
            notes.aspect(
                "discriminator-mapping-changed", words, *places, before=texts[0], after=texts[1]
            )
    for value, node in new.items():
        if value not in old:
            words = f"has the further discriminator value `{value}`"
            notes.aspect("discriminator-mapping-added", words, before.pointer, node.pointer)


def _target(node: Node) -> str:
    """The schema of a mapping: `Cat` and `#/components/schemas/Cat` are the same."""
    text = node.value if isinstance(node.value, str) else ""
    return text.removeprefix("#/components/schemas/")
