"""The property that tells the alternatives of a union, or the children of a base, apart."""

from __future__ import annotations

from typing import Any

from .inheritance import Inheritance
from .json_schema import SchemaRules
from .merging import Alternatives, Flat, flatten
from .nodes import as_bool, as_object
from .references import References

__all__ = ["is_bare_null", "named", "tags_of"]

_VAGUE = frozenset(("description", "title", "deprecated", "nullable"))


def tags_of(
    alternatives: Alternatives, branch: Any, references: References, rules: SchemaRules
) -> list[Any]:
    """What a discriminator adds to a branch: the property has the value that names it."""
    name = alternatives.discriminator.get("propertyName")
    reference = as_object(branch).get("$ref")
    if not isinstance(name, str) or not isinstance(reference, str):
        return []
    component = reference.rsplit("/", 1)[-1]
    value = component
    for key, target in as_object(alternatives.discriminator.get("mapping")).items():
        if target in (reference, component):
            value = key
            break
    flat = flatten(branch, references)
    declared = as_object(flat.rules.get("properties")).get(name, {})
    if not rules.accepts(value, declared):
        return []  # a branch that has a constant of its own knows better
    return [{"properties": {name: {"const": value}}, "required": [name]}]


def named(
    flat: Flat, schema: Any, inherited: Inheritance, references: References, rules: SchemaRules
) -> Flat:
    """The schema of a child, with its discriminator set to the value that names it."""
    name, value = inherited.property, inherited.own
    declared = as_object(flat.rules.get("properties")).get(name, {})
    if not rules.accepts(value, declared):
        return flat
    tag = {"properties": {name: {"const": value}}, "required": [name]}
    return flatten({"allOf": [schema, tag]}, references)


def is_bare_null(branch: Any) -> bool:
    """Whether a branch is `{nullable: true}`, for null has no type in OpenAPI 3.0."""
    node = as_object(branch)
    return as_bool(node.get("nullable")) and node.keys() <= _VAGUE
