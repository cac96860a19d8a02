"""Rules on listed values, fixed values and defaults."""

from __future__ import annotations

from typing import Any

from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape
from sdkpress.diffing.wire.values import equal, identity, shown
from sdkpress.trees import is_sequence

__all__ = ["compare_values"]

_MOST = 10
"""How many values a message lists."""


def compare_values(notes: Notes, old: Shape, new: Shape) -> None:
    """Note changes of `enum`, `const`, `x-extensible-enum` and `default`."""
    old_const, new_const = old.get("const"), new.get("const")
    old_enum, new_enum = _listed(old, "enum"), _listed(new, "enum")
    if old_const is not None and new_const is not None:
        if not equal(old_const.value, new_const.value):
            before, after = shown(old_const.value), shown(new_const.value)
            words = f"must be {after}, not {before} as before"
            notes.aspect("const-changed", words, old, new, ("const",), before=before, after=after)
    elif old_const is not None and new_enum is None:
        before = shown(old_const.value)
        words = f"need not be {before} any more"
        notes.aspect("const-removed", words, old, new, ("const",), before=before)
    elif new_const is not None and old_enum is None:
        after = shown(new_const.value)
        notes.aspect("const-added", f"must be {after}", old, new, ("const",), after=after)
    else:
        _compare_enums(notes, old, new, _or_const(old, old_enum), _or_const(new, new_enum))
    _compare_extensible(notes, old, new)
    _compare_defaults(notes, old, new)


def _listed(shape: Shape, keyword: str) -> dict[str, Any] | None:
    """By identity, the values that all lists of a shape have; null is not among them."""
    found: dict[str, Any] | None = None
    for node in shape.all(keyword):
        if not is_sequence(node.value):
            continue
        values = {identity(value): value for value in node.value if value is not None}
        if found is None:
            found = values
        else:
            found = {key: value for key, value in found.items() if key in values}
    return found


def _or_const(shape: Shape, listed: dict[str, Any] | None) -> dict[str, Any] | None:
    const = shape.get("const")
    return listed if const is None else {identity(const.value): const.value}


def _compare_enums(
    notes: Notes,
    old: Shape,
    new: Shape,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    keys = ("enum", "const")
    if before is None or after is None:
        if after is not None and not _is_everything(old, after):
            values = _listing(list(after.values()))
            words = f"must be {values}"
            notes.aspect("became-enum", words, old, new, keys, after=values)
        elif before is not None and not _is_everything(new, before):
            words = "is no longer restricted to listed values"
            notes.aspect("became-not-enum", words, old, new, keys)
        return
    _compare_lists(notes, old, new, ("enum-value-removed", "enum-value-added"), before, after, keys)


def _compare_lists(
    notes: Notes,
    old: Shape,
    new: Shape,
    aspects: tuple[str, str],
    before: dict[str, Any],
    after: dict[str, Any],
    keys: tuple[str, ...],
) -> None:
    """Note values that went, and values that came."""
    went = _listing([value for key, value in before.items() if key not in after])
    came = _listing([value for key, value in after.items() if key not in before])
    if went:
        notes.aspect(aspects[0], f"may be {went} no longer", old, new, keys, before=went)
    if came:
        notes.aspect(aspects[1], f"may be {came} as well", old, new, keys, after=came)


def _listing(values: list[Any]) -> str:
    """Values in words, the first ones where there are many; "" for none."""
    shown_values = [shown(value) for value in values[:_MOST]]
    if len(values) > _MOST:
        return f"{', '.join(shown_values)} or {len(values) - _MOST} others"
    return " or ".join([", ".join(shown_values[:-1]), *shown_values[-1:]]).removeprefix(" or ")


def _is_everything(shape: Shape, values: dict[str, Any]) -> bool:
    """Whether listed values are all that the type has: `true` and `false`."""
    return shape.is_only("boolean") and values.keys() == {"true", "false"}


def _compare_extensible(notes: Notes, old: Shape, new: Shape) -> None:
    keys = ("x-extensible-enum",)
    before, after = _listed(old, keys[0]), _listed(new, keys[0])
    if before is None or after is None:
        return
    aspects = "x-extensible-enum-value-removed", "x-extensible-enum-value-added"
    _compare_lists(notes, old, new, aspects, before, after, keys)


def _compare_defaults(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = old.get("default"), new.get("default")
    keys = ("default",)
    if before is None and after is not None:
        words = f"has got the default {shown(after.value)}"
        notes.aspect("default-value-added", words, old, new, keys, after=shown(after.value))
    elif before is not None and after is None:
        words = f"has lost its default {shown(before.value)}"
        notes.aspect("default-value-removed", words, old, new, keys, before=shown(before.value))
    elif before is not None and after is not None and not equal(before.value, after.value):
        texts = shown(before.value), shown(after.value)
        words = f"has the default {texts[1]}, before {texts[0]}"
        notes.aspect(
            "default-value-changed", words, old, new, keys, before=texts[0], after=texts[1]
        )
