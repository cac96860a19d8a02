"""Discriminator Objects: which value of a property means which option of a union."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.source import (
    COMPONENTS,
    MAX_CHAIN,
    Source,
    as_dict,
    as_list,
    as_text,
    child,
    is_component,
    last_segment,
)
from sdkpress.model import Discriminator


def find_discriminator(
    source: Source, node: dict[str, Any], targets: list[str]
) -> Discriminator | None:
    """The discriminator of a union whose options stand at `targets`, if it declares one."""
    declared = as_dict(node.get("discriminator"))
    name = declared.get("propertyName")
    if not isinstance(name, str) or not name:
        return None
    ends = [_end(source, target) for target in targets]
    mapping: dict[str, int] = {}
    for value, reference in as_dict(declared.get("mapping")).items():
        pointer = _mapping_target(source, as_text(reference))
        if pointer in ends:
            mapping[value] = ends.index(pointer)
    for index, end in enumerate(ends):
        try:
            own = as_dict(source.at(end)).get("x-ms-discriminator-value")
        except KeyError:
            continue
        if isinstance(own, str):
            mapping.setdefault(own, index)
    for index, target in enumerate(targets):
        # A component of another file of the same description has its name just as well.
        if is_component(target) or target.rpartition("/")[0].endswith("/components/schemas"):
            mapping.setdefault(last_segment(target), index)
    default: int | None = None
    fallback = declared.get("defaultMapping")
    if isinstance(fallback, str) and _mapping_target(source, fallback) in ends:
        default = ends.index(_mapping_target(source, fallback))
    return Discriminator(name, tuple(sorted(mapping.items())), default)


def mapped_targets(source: Source, node: dict[str, Any], known: list[str]) -> list[str]:
    """Schemas that the mapping of a discriminator names and that are not among the known ones."""
    declared = as_dict(node.get("discriminator"))
    references = [*as_dict(declared.get("mapping")).values(), declared.get("defaultMapping")]
    if not isinstance(declared.get("propertyName"), str) or references == [None]:
        return []
    ends = {_end(source, target) for target in known}
    found: dict[str, None] = {}
    for reference in references:
        pointer = _mapping_target(source, as_text(reference))
        if pointer and pointer not in ends:
            found[pointer] = None
    return list(found)


def _mapping_target(source: Source, reference: str) -> str:
    """Where the schema stands that a mapping names or refers to, "" for none."""
    named = child("/components/schemas", reference)
    pointer = (source.target({"$ref": reference}) or "") if "#" in reference else named
    try:
        return _end(source, source.find(pointer)[1])
    except KeyError:
        return ""


def _end(source: Source, pointer: str) -> str:
    """The pointer at the end of a chain of references."""
    for _ in range(MAX_CHAIN):
        try:
            node = as_dict(source.at(pointer))
        except KeyError:
            break
        target = source.target(node)
        if target is None:
            break
        pointer = target
    return pointer


def find_children(source: Source) -> dict[str, tuple[str, ...]]:
    """Parents with a discriminator -> the component schemas that extend them by allOf."""
    schemas = as_dict(as_dict(source.tree.get("components")).get("schemas"))
    extended: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        for member in as_list(as_dict(schema).get("allOf")):
            target = source.target(as_dict(member))
            if target is not None and target.startswith(COMPONENTS):
                extended.setdefault(target, []).append(child("/components/schemas", name))
    found: dict[str, tuple[str, ...]] = {}
    for parent in extended:
        node = as_dict(schemas.get(last_segment(parent)))
        if "discriminator" in node and not node.get("oneOf") and not node.get("anyOf"):
            heirs: dict[str, None] = {}
            waiting = list(reversed(extended[parent]))
            while waiting:
                heir = waiting.pop()
                if heir not in heirs and heir != parent:
                    heirs[heir] = None
                    waiting.extend(reversed(extended.get(heir, ())))
            found[parent] = tuple(heirs)
    return found
