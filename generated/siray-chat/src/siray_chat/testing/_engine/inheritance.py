"""Discriminators that are inherited: a base schema names the property, its children are `allOf` it."""

from __future__ import annotations

from dataclasses import dataclass

from .merging import Flat
from .nodes import as_list, as_object
from .references import References

__all__ = ["Inheritance", "inheritance_of"]

_SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """`property` tells the children of a base, the reference of which is `base`, apart.

    `own` is the value that names the schema itself, "" where that is the base; `children` are
    references by their value.
    """

    base: str
    property: str
    own: str
    children: dict[str, str]


def inheritance_of(flat: Flat, references: References) -> Inheritance | None:
    """What a flattened schema inherits, None for nothing or where its alternatives say it."""
    if flat.alternatives or "discriminator" not in flat.rules or not flat.refs:
        return None
    outermost = flat.refs[0]
    for base in flat.refs:
        node = as_object(references.target(base))
        discriminator = as_object(node.get("discriminator"))
        name = discriminator.get("propertyName")
        if not isinstance(name, str) or "oneOf" in node or "anyOf" in node:
            continue
        children: dict[str, str] = {}
        for value, target in as_object(discriminator.get("mapping")).items():
            if isinstance(target, str):
                children[value] = target if "/" in target else _SCHEMAS + target
        known = set(children.values())
        for child in _children(base, references):
            if child not in known:
                children[child.removeprefix(_SCHEMAS)] = child
        own = next((value for value, target in children.items() if target == outermost), "")
        if not own and outermost != base:
            own = outermost.rsplit("/", 1)[-1]
        children = {value: target for value, target in children.items() if target != outermost}
        if own or children:
            return Inheritance(base, name, own, children)
    return None


def _children(base: str, references: References) -> list[str]:
    """References of the components that are `allOf` a base, in the order of the document."""
    if references.children is None:
        found: dict[str, list[str]] = {}
        components = as_object(references.document.get("components"))
        for name, schema in as_object(components.get("schemas")).items():
            for part in as_list(as_object(schema).get("allOf")):
                parent = as_object(part).get("$ref")
                if isinstance(parent, str):
                    found.setdefault(parent, []).append(_SCHEMAS + name)
        references.children = found
    return references.children.get(base, [])
