"""Rules on schemas inside schemas other than properties and alternatives: items, further properties,
conditions, content."""

from __future__ import annotations

from typing import Any

from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.normal_form import normal_form
from sdkpress.diffing.wire.pairs import Notes
from sdkpress.diffing.wire.shapes import Shape
from sdkpress.diffing.wire.values import identity, shown
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["compare_subschemas"]

_SINGLE = {
    # keyword: its aspect, how it is named in messages
    "if": ("if", "a condition (`if`)"),
    "then": ("then", "a schema for where its condition holds (`then`)"),
    "else": ("else", "a schema for where its condition does not hold (`else`)"),
    "contains": ("contains", "a schema for items that must be there (`contains`)"),
    "propertyNames": ("property-names", "a schema for the names of its properties"),
    "unevaluatedItems": ("unevaluated-items", "a schema for further items (`unevaluatedItems`)"),
    "unevaluatedProperties": (
        "unevaluated-properties",
        "a schema for further properties (`unevaluatedProperties`)",
    ),
    "contentSchema": ("content-schema", "a schema for the content of its text"),
}

_BY_NAME = {
    "dependentSchemas": ("dependent-schema", "a schema for where the property {} is there"),
    "patternProperties": ("pattern-property", "a schema for properties with names like {}"),
}


def compare_subschemas(notes: Notes, old: Shape, new: Shape) -> None:
    """Note schemas inside that came or went; those of both go on to be compared."""
    _compare_items(notes, old, new)
    _compare_prefix_items(notes, old, new)
    _compare_additional(notes, old, new)
    for keyword in _SINGLE:
        _compare_single(notes, keyword, old, new)
    for keyword in _BY_NAME:
        _compare_named(notes, keyword, old, new)
    _compare_not(notes, old, new)
    _compare_dependent_required(notes, old, new)
    _compare_content(notes, old, new)


def _restricting(nodes: list[Node], keyword: str) -> tuple[Node, ...]:
    """The schemas that refuse anything: not `true`, not `{}`. What must be contained must be there
    even if it may be anything, and a condition counts whatever it is."""
    counts_always = keyword in ("contains", "if")
    return tuple(
        node
        for node in nodes
        if node.value is False
        or (is_mapping(node.value) and (counts_always or normal_form(node.value) != "{}"))
    )


def _compare_items(notes: Notes, old: Shape, new: Shape) -> None:
    before = tuple(node for node in old.all("items") if not is_sequence(node.value))
    after = tuple(node for node in new.all("items") if not is_sequence(node.value))
    if before or after:
        notes.below("[]", before, after)


def _compare_prefix_items(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = old.get("prefixItems"), new.get("prefixItems")
    first = before.items() if before is not None else []
    second = after.items() if after is not None else []
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        notes.below(f"[{index}]", (one,), (other,))
    for index, node in enumerate(second[len(first) :], len(first)):
        words = f"has a schema of its own for item {index + 1}"
        notes.aspect("prefix-items-added", words, old, node.pointer, ("prefixItems",))
    for index, node in enumerate(first[len(second) :], len(second)):
        words = f"has no schema of its own for item {index + 1} any more"
        notes.aspect("prefix-items-removed", words, node.pointer, new, ("prefixItems",))


def _compare_single(notes: Notes, keyword: str, old: Shape, new: Shape) -> None:
    aspect, words = _SINGLE[keyword]
    before = _restricting(old.all(keyword), keyword)
    after = _restricting(new.all(keyword), keyword)
    if before and after:
        notes.below(f"<{keyword}>", before, after)
    elif after:
        notes.aspect(f"{aspect}-added", f"has got {words}", old, after[0].pointer)
    elif before:
        notes.aspect(f"{aspect}-removed", f"has lost {words}", before[0].pointer, new)


def _compare_named(notes: Notes, keyword: str, old: Shape, new: Shape) -> None:
    aspect, words = _BY_NAME[keyword]
    before, after = old.names(keyword), new.names(keyword)
    for name, nodes in before.items():
        if name in after:
            notes.below(f"<{name}>", nodes, after[name])
        else:
            text = f"has lost {words.format(f'`{name}`')}"
            notes.aspect(f"{aspect}-removed", text, nodes[0].pointer, new, (keyword,))
    for name, nodes in after.items():
        if name not in before:
            text = f"has got {words.format(f'`{name}`')}"
            notes.aspect(f"{aspect}-added", text, old, nodes[0].pointer, (keyword,))


def _compare_not(notes: Notes, old: Shape, new: Shape) -> None:
    before, after = tuple(old.all("not")), tuple(new.all("not"))
    if before and not after:
        notes.aspect("not-removed", "has lost its schema `not`", before[0].pointer, new)
    elif after and not before:
        notes.aspect("not-added", "has got a schema `not`", old, after[0].pointer)
    elif before and not notes.same(before, after) and any(notes.tried(before, after)):
        words = "has another schema `not`"
        notes.aspect("not-changed", words, before[0].pointer, after[0].pointer)


def _compare_additional(notes: Notes, old: Shape, new: Shape) -> None:
    keyword = "additionalProperties"
    before, after = old.all(keyword), new.all(keyword)
    closed = [any(node.value is False for node in nodes) for nodes in (before, after)]
    keys = (keyword,)
    if closed[0] != closed[1]:
        if not _is_object(old) or not _is_object(new):
            return
        if closed[1]:
            words = "may have no properties beyond those described"
            notes.aspect("additional-properties-forbidden", words, old, new, keys)
        else:
            words = "may have properties beyond those described"
            notes.aspect("additional-properties-allowed", words, old, new, keys)
        return
    if closed[0]:
        return
    first, second = _restricting(before, keyword), _restricting(after, keyword)
    if first and second:
        notes.below(".*", first, second)
    elif second and _is_object(old):
        words = "has a schema for properties beyond those described"
        notes.aspect("additional-properties-restricted", words, old, second[0].pointer)
    elif first and _is_object(new):
        words = "has no schema for properties beyond those described any more"
        notes.aspect("additional-properties-unrestricted", words, first[0].pointer, new)


def _is_object(shape: Shape) -> bool:
    return shape.types is None or "object" in shape.types


def _compare_dependent_required(notes: Notes, old: Shape, new: Shape) -> None:
    keyword = "dependentRequired"
    before, after = old.names(keyword), new.names(keyword)
    for name, nodes in before.items():
        first = _names(nodes)
        second = _names(after.get(name, ()))
        if name not in after:
            words = f"needs nothing more where `{name}` is there"
            place = nodes[0].pointer
            notes.aspect("dependent-required-removed", words, place, new, (keyword,))
        elif first != second:
            texts = _listed(first), _listed(second)
            words = f"needs {texts[1]} where `{name}` is there, before {texts[0]}"
            is_looser = notes.is_request and second < first
            aspect = "dependent-required-removed" if is_looser else "dependent-required-changed"
            places = nodes[0].pointer, after[name][0].pointer
            notes.aspect(aspect, words, *places, before=texts[0], after=texts[1])
    for name, nodes in after.items():
        if name not in before:
            words = f"needs {_listed(_names(nodes))} where `{name}` is there"
            place = nodes[0].pointer
            notes.aspect("dependent-required-added", words, old, place, (keyword,))


def _names(nodes: tuple[Node, ...]) -> frozenset[str]:
    return frozenset(
        name
        for node in nodes
        if is_sequence(node.value)
        for name in node.value
        if isinstance(name, str)
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "nothing"


_CONTENT = {
    "contentMediaType": ("content-media-type-changed", "media type", "binary"),
    "contentEncoding": ("content-encoding-changed", "encoding", "byte"),
}


def _compare_content(notes: Notes, old: Shape, new: Shape) -> None:
    for keyword, (aspect, words, form) in _CONTENT.items():
        before, after = old.value(keyword), new.value(keyword)
        if identity(before) == identity(after):
            continue
        # OpenAPI 3.0 writes `format: byte` and `format: binary` for what 3.1 writes here.
        if (before is None and old.value("format") == form) or (
            after is None and new.value("format") == form
        ):
            continue
        texts = _or_none(before), _or_none(after)
        text = f"holds text of the {words} {texts[1]}, before {texts[0]}"
        notes.aspect(aspect, text, old, new, (keyword,), before=texts[0], after=texts[1])


def _or_none(value: Any) -> str:
    return "none" if value is None else shown(value)
