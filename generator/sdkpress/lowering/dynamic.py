"""Schemas with type parameters: `$dynamicRef` (JSON Schema 2020-12, section 8.2.3.2).

A schema that refers to a generic one and defines the anchors which that one refers to dynamically
is the generic one with its parameters filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdkpress.lowering.source import POINTER, as_dict, child
from sdkpress.trees import is_mapping, is_sequence


def dynamic_anchors(node: dict[str, Any], pointer: str) -> dict[str, str]:
    """Pointers of the dynamic anchors that a schema and its `$defs` define, by name."""
    found: dict[str, str] = {}
    if isinstance(node.get("$dynamicAnchor"), str):
        found[node["$dynamicAnchor"]] = pointer
    for name, schema in as_dict(node.get("$defs")).items():
        anchor = as_dict(schema).get("$dynamicAnchor")
        if isinstance(anchor, str):
            found[anchor] = child(pointer, "$defs", name)
    return found


def specialise(value: object, anchors: Mapping[str, str]) -> object:
    """A generic schema with its dynamic references bound; `value` itself where it has none."""
    if is_sequence(value):
        items = [specialise(item, anchors) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if not is_mapping(value):
        return value
    reference = value.get("$dynamicRef")
    if isinstance(reference, str):
        target = anchors.get(reference.rpartition("#")[2])
        if target is not None:
            rest = {k: v for k, v in value.items() if k not in ("$ref", "$dynamicRef")}
            return {**rest, POINTER: target}
    result = {
        key: item if key == "$defs" else specialise(item, anchors) for key, item in value.items()
    }
    if all(result[key] is item for key, item in value.items()):
        return value
    # The schemas behind its own anchors stand for what is not filled in.
    result.pop("$dynamicAnchor", None)
    return result
