"""Rules on the properties of objects: which there are, which must be there, which way they travel."""

from __future__ import annotations

from sdkpress.diffing.wire.lifecycle import (
    STABILITY_LEVELS,
    Deprecation,
    SunsetChange,
    deprecation_of,
    stability_of,
    sunset_change,
)
from sdkpress.diffing.wire.nodes import MISSING, Node
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape

__all__ = ["compare_properties"]


def compare_properties(notes: Notes, old: Shape, new: Shape) -> None:
    """Note added, removed, required properties; those of both go on to be compared."""
    before, after = old.names("properties"), new.names("properties")
    old_required, new_required = old.required, new.required
    for name, nodes in before.items():
        if name not in after:
            shape = notes.old_shapes.of(nodes)
            _removed(notes, name, shape, new, is_required=name in old_required)
    for name, nodes in after.items():
        if name not in before:
            shape = notes.new_shapes.of(nodes)
            _added(notes, name, old, shape, is_required=name in new_required)
    for name, nodes in after.items():
        if name in before:
            needs = name in old_required, name in new_required
            if needs[0] != needs[1] or not notes.same(before[name], nodes):
                _compare_one(notes, name, before[name], nodes, needs)
    for name in sorted((old_required ^ new_required) - before.keys() - after.keys()):
        _requirement(notes, name, old, new, is_required=name in new_required)


def _segment(name: str) -> str:
    """How a property continues the name of what it is in."""
    return f".{name}"


def _removed(notes: Notes, name: str, shape: Shape, new: Shape, *, is_required: bool) -> None:
    words, place = "was removed", shape.pointer
    segment = _segment(name)
    if not notes.is_request:
        kind = "write-only-" if shape.flag("writeOnly") else ""
        need = "required" if is_required else "optional"
        id = f"response-{need}-{kind}property-removed"
    elif shape.flag("readOnly"):
        return
    else:
        id = f"{notes.context.part}-removed"
    notes.add(id, words, place, new, ("properties",), segment=segment)


def _added(notes: Notes, name: str, old: Shape, shape: Shape, *, is_required: bool) -> None:
    segment, place = _segment(name), shape.pointer
    words = "is new, and required" if is_required else "is new"
    if not notes.is_request:
        kind = "write-only-" if shape.flag("writeOnly") else ""
        need = "required" if is_required else "optional"
        id = f"response-{need}-{kind}property-added"
    elif shape.flag("readOnly"):
        return
    elif not is_required:
        id = f"new-optional-{notes.context.part}"
    elif notes.context.is_header:
        id = "new-required-request-header-property"
    else:
        id = f"new-required-{notes.context.part}"
        if notes.context.area == "request-body" and shape.get("default") is not None:
            id += "-with-default"
            words = "is new, and required although it has a default"
    notes.add(id, words, old, place, ("properties",), segment=segment)


def _compare_one(
    notes: Notes,
    name: str,
    before: tuple[Node, ...],
    after: tuple[Node, ...],
    needs: tuple[bool, bool],
) -> None:
    old, new = notes.old_shapes.of(before), notes.new_shapes.of(after)
    flag = "readOnly" if notes.is_request else "writeOnly"
    is_hidden = old.flag(flag) or new.flag(flag)
    if needs[0] != needs[1] and not (is_hidden and notes.is_request):
        places = before[0].pointer, after[0].pointer
        _need(notes, name, new, places, is_required=needs[1], is_hidden=is_hidden)
    _mutability(notes, name, old, new, is_required=needs[1])
    _lifecycle(notes, name, old, new)
    notes.below(_segment(name), before, after, is_hidden=is_hidden)


def _need(
    notes: Notes,
    name: str,
    shape: Shape,
    places: tuple[str, str],
    *,
    is_required: bool,
    is_hidden: bool,
) -> None:
    words = "is required now" if is_required else "is no longer required"
    way = "became-required" if is_required else "became-optional"
    if not notes.is_request:
        kind = "write-only-" if is_hidden else ""
        id = f"response-{kind}property-{way}"
    elif notes.context.is_header and is_required:
        id = "request-header-property-became-required"
    else:
        id = f"{notes.context.part}-{way}"
        is_body = notes.context.area == "request-body"
        if is_required and is_body and shape.get("default") is not None:
            id += "-with-default"
            words += ", although it has a default"
    notes.add(id, words, places[0], places[1], segment=_segment(name))


def _requirement(notes: Notes, name: str, old: Shape, new: Shape, *, is_required: bool) -> None:
    """A name in `required` that neither schema describes."""
    places = old.place("required"), new.place("required")
    shape = notes.new_shapes.of(())
    _need(notes, name, shape, places, is_required=is_required, is_hidden=False)


def _mutability(notes: Notes, name: str, old: Shape, new: Shape, *, is_required: bool) -> None:
    if notes.context.area not in ("request-body", "response-body"):
        return
    direction = "request" if notes.is_request else "response"
    need = "required" if is_required else "optional"
    for flag, kind in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        before, after = old.flag(flag), new.flag(flag)
        if before != after:
            id = f"{direction}-{need}-property-became-{'' if after else 'not-'}{kind}"
            words = f"is {kind} now" if after else f"is not {kind} any more"
            notes.add(id, words, old, new, (flag,), segment=_segment(name))


def _lifecycle(notes: Notes, name: str, old: Shape, new: Shape) -> None:
    start = f"{notes.context.part}-"
    segment = _segment(name)
    stability = notes.context.stability
    before, after = old.flag("deprecated"), new.flag("deprecated")
    node = _annotated(new, "deprecated")
    if after and not before:
        verdict = deprecation_of(node, stability, notes.comparison.today)
        aspect, words = _DEPRECATIONS[verdict]
        notes.add(start + aspect, words, old, new, ("deprecated",), segment=segment)
    elif before and not after:
        words = "is no longer deprecated"
        notes.add(f"{start}reactivated", words, old, new, ("deprecated",), segment=segment)
    elif before and after:
        change = sunset_change(
            _annotated(old, "deprecated"), node, stability, notes.comparison.today
        )
        keys = ("x-sunset", "deprecated")
        if change is SunsetChange.TOO_SOON:
            words = "has a sunset date that comes too soon"
            notes.add(f"{start}sunset-date-too-small", words, old, new, keys, segment=segment)
        elif change is SunsetChange.INVALID:
            words = "has a sunset date that is no date"
            notes.add(f"{start}deprecated-sunset-invalid", words, old, new, keys, segment=segment)
    levels = stability_of(_annotated(old, _LEVEL)), stability_of(_annotated(new, _LEVEL))
    if levels[0] != levels[1] and levels[0] in STABILITY_LEVELS and levels[1] is not None:
        # Without a level, what was promised is promised no longer.
        rank = STABILITY_LEVELS.index(levels[1]) if levels[1] else -1
        way = "increased" if rank > STABILITY_LEVELS.index(levels[0]) else "decreased"
        words = f"has the stability level `{levels[1] or 'none'}`, before `{levels[0]}`"
        notes.add(f"{start}stability-{way}", words, old, new, (_LEVEL,), segment=segment)


_LEVEL = "x-stability-level"

_DEPRECATIONS = {
    Deprecation.PLAIN: ("deprecated", "is deprecated"),
    Deprecation.WITH_SUNSET: ("deprecated-with-sunset", "is deprecated, with a sunset date"),
    Deprecation.SUNSET_MISSING: (
        "deprecated-sunset-missing",
        "is deprecated without the sunset date that the stability level asks for",
    ),
    Deprecation.SUNSET_INVALID: (
        "deprecated-sunset-invalid",
        "is deprecated with a sunset date that is no date",
    ),
    Deprecation.SUNSET_TOO_SOON: (
        "sunset-date-too-small",
        "is deprecated with a sunset date that comes too soon",
    ),
}


def _annotated(shape: Shape, key: str) -> Node:
    """The layer that has a keyword."""
    return next((layer for layer in shape.layers if key in layer.value), MISSING)
