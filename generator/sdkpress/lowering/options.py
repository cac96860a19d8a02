"""The options of oneOf and anyOf: where each stands, and what it takes over from its surroundings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdkpress.lowering.allof import merge_all_of
from sdkpress.lowering.keywords import says_type
from sdkpress.lowering.source import (
    MAX_CHAIN,
    POINTER,
    Source,
    as_dict,
    as_list,
    child,
    is_component,
    last_segment,
)


@dataclass(frozen=True, slots=True)
class Option:
    """A schema to choose, where it is lowered, and which one a discriminator would name."""

    value: object
    pointer: str
    target: str


def find_options(
    source: Source,
    listed: list[Any],
    keyword: str,
    base: dict[str, Any],
    types: list[str],
    pointer: str,
) -> Iterator[Option]:
    """The options with what stands beside them: `base`, which is of the given types.

    Properties beside oneOf belong to each option, so that they are merged into those that take any.
    """
    shared = source.derive(pointer, "shared", base) if as_dict(base.get("properties")) else ""
    for index, value in enumerate(listed):
        place = child(pointer, keyword, index)
        node = as_dict(value)
        if combination(node):
            # Merging made it, and something else may stand at that place in the document.
            place = source.derive(pointer, f"option{index}", value)
        target = _destination(source, node, place)
        resolved, at = source.resolve(node, place)
        if shared and _takes_properties(resolved) and _lacks(source, resolved, at, base):
            member = {POINTER: target} if target != place else value
            merged: dict[str, Any] = {"allOf": [{POINTER: shared}, member]}
            if is_component(target):
                words = [last_segment(item) for item in (pointer, target) if is_component(item)]
                merged["title"] = " ".join(words)
            yield Option(merged, source.derive(place, "with", merged), target)
        elif types and target == place and not says_type(node):
            typed = {**base, **node}
            yield Option(typed, source.derive(place, "typed", typed), target)
        else:
            yield Option(value, place, target)


def combination(node: dict[str, Any]) -> tuple[str, ...]:
    """The pointers that an allOf made by lowering consists of, empty for any other schema."""
    if node.keys() != {"allOf"}:
        return ()
    pointers = [as_dict(member).get(POINTER) for member in as_list(node["allOf"])]
    found = tuple(item for item in pointers if isinstance(item, str))
    return found if len(found) == len(pointers) else ()


def _destination(source: Source, node: dict[str, Any], pointer: str) -> str:
    """What a `$ref` names, be it behind references of our own; else where the schema stands."""
    for _ in range(MAX_CHAIN):
        target = source.target(node)
        if target is None:
            break
        if POINTER not in node:
            return target
        try:
            node, pointer = as_dict(source.at(target)), target
        except KeyError:
            break
    return pointer


def _takes_properties(node: dict[str, Any]) -> bool:
    declared = node.get("type", "object")
    types = [declared] if isinstance(declared, str) else as_list(declared)
    return "object" in types and not ("enum" in node or "const" in node or "items" in node)


def _lacks(source: Source, node: dict[str, Any], pointer: str, base: dict[str, Any]) -> bool:
    if as_list(node.get("allOf")):
        node = merge_all_of(source, node, pointer)
    own = as_dict(node.get("properties"))
    return any(name not in own for name in as_dict(base.get("properties")))
