"""A schema without what makes no difference: descriptions, the order of lists that are sets, wrappings.

References stay as they are: two schemas with the same normal form differ at most in what they refer
to.
"""

from __future__ import annotations

import json
from typing import Any

from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.shapes import is_annotation
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["normal_form", "unwrapped"]

_MAPS = frozenset(("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"))
_SETS_OF_SCHEMAS = frozenset(("allOf", "anyOf", "oneOf"))
_SETS = frozenset(("required", "enum", "type"))
_SCHEMAS = frozenset(
    (
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)


def normal_form(schema: Any) -> str:
    """A text that is the same for schemas that say the same in the same words."""
    return _text(_normal(schema))


def unwrapped(node: Node) -> Node:
    """The schema that an `allOf` of one member, without anything that asks for more, stands for."""
    while is_mapping(node.value) and len(members := node.items("allOf")) == 1:
        if not all(key == "allOf" or is_annotation(key) for key in node.value):
            break
        node = members[0]
    return node


def _normal(schema: Any) -> Any:
    if not is_mapping(schema):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if is_annotation(key):
            continue
        if key in _MAPS and is_mapping(value):
            found[key] = {name: _normal(item) for name, item in value.items()}
        elif key in _SETS_OF_SCHEMAS and is_sequence(value):
            found[key] = sorted(map(_normal, value), key=_text)
        elif key in _SETS and is_sequence(value):
            found[key] = sorted(value, key=_text)
        elif key == "prefixItems" and is_sequence(value):
            found[key] = list(map(_normal, value))
        else:
            found[key] = _normal(value) if key in _SCHEMAS else value
    members = found.get("allOf")
    if is_sequence(members) and len(members) == 1 and len(found) == 1:
        return members[0]
    return found


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
