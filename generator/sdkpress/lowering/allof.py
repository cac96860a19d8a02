"""allOf to one schema: the members are merged, so that a model is flat and not a tower."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import Any

from sdkpress.lowering.foreign.names import DOCS_KEYS
from sdkpress.lowering.keywords import (
    adds_type,
    allows_null,
    is_structural,
    node_types,
    only_narrows,
)
from sdkpress.lowering.source import OWN_NAME, POINTER, Source, as_dict, as_list, child
from sdkpress.trees import is_mapping

_ABOUT_THE_WHOLE = (
    "title", "description", "deprecated", "nullable", "readOnly", "writeOnly", OWN_NAME,
    *sorted(DOCS_KEYS),
)  # fmt: skip
"""What members of an allOf say of themselves, and not of what they are merged into."""

MAX_PRODUCT = 64

MAX_REPEATS = 50
"""How often one schema counts in one allOf: members that share members, level upon level, would
be more than can be counted."""

MERGED = "merged"
"""Suffix of a schema merged from others in the place of one of them."""


@dataclass(frozen=True, slots=True)
class Member:
    """A schema within an allOf, and whether null is allowed beside it."""

    value: object
    pointer: str
    nullable: bool


def sole_member(node: dict[str, Any], pointer: str) -> Member | None:
    """The one member of an allOf that says something, when all else adds nothing to it."""
    listed = as_list(node["allOf"])
    members = [(member, index) for index, member in enumerate(listed) if is_structural(member)]
    if len(members) > 1:
        members = [(member, index) for member, index in members if adds_type(member)]
    if len(members) != 1:
        return None
    member, index = members[0]
    own = {key: value for key, value in node.items() if key != "allOf"}
    is_reference = "$ref" in as_dict(member) or POINTER in as_dict(member)
    if adds_type(own) or (is_structural(own) and not is_reference):
        return None
    if (
        len(listed) > 1
        and not is_reference
        and any(is_structural(other) for number, other in enumerate(listed) if number != index)
    ):
        return None
    others = [as_dict(other) for number, other in enumerate(listed) if number != index]
    nullable = any(allows_null(other) for other in (own, *others))
    return Member(member, child(pointer, "allOf", index), nullable)


def merge_all_of(source: Source, node: dict[str, Any], pointer: str) -> dict[str, Any]:
    """An equivalent schema without allOf; members are referred to by pointer, not copied."""
    parts = _flatten(source, node, pointer, (pointer,), Counter())
    merged: dict[str, Any] = {}
    properties: dict[str, list[tuple[object, str]]] = {}
    required: dict[str, None] = {}
    unions: list[tuple[str, list[dict[str, Any]], object]] = []
    types: list[str] | None = None
    enum: list[Any] | None = None
    for part, place in parts:
        for name, schema in as_dict(part.get("properties")).items():
            properties.setdefault(name, []).append((schema, child(place, "properties", name)))
        required.update({name: None for name in as_list(part.get("required")) if _is_text(name)})
        for keyword in ("oneOf", "anyOf"):
            options = as_list(part.get(keyword))
            if options and not only_narrows(options):
                pointers = [child(place, keyword, index) for index in range(len(options))]
                members = [{POINTER: option} for option in pointers]
                unions.append((keyword, members, part.get("discriminator")))
        own = part.get("type")
        if own is not None:
            listed = [own] if isinstance(own, str) else [item for item in as_list(own)]
            names = [item for item in listed if _is_text(item)]
            types = names if types is None else _intersect(source, types, names, pointer)
        values = as_list(part.get("enum"))
        if values:
            enum = values if enum is None else [item for item in enum if item in values] or enum
        for keyword, value in part.items():
            if keyword in ("properties", "required", "oneOf", "anyOf", "type", "enum", "allOf"):
                continue
            if keyword in ("discriminator", "$ref", POINTER, "nullable"):
                continue
            own_value = _by_pointer(keyword, value, place)
            if keyword in ("additionalProperties", "unevaluatedProperties", "items"):
                own_value = _narrower(merged.get(keyword, True), own_value)
            merged[keyword] = own_value
    # What stands beside allOf speaks for the whole.
    for keyword in _ABOUT_THE_WHOLE:
        merged.pop(keyword, None)
        if keyword in node:
            merged[keyword] = node[keyword]
    if "description" not in merged:
        texts = [part["description"] for part, _ in parts if part.get("description")]
        if len(texts) == 1:
            merged["description"] = texts[0]
    if types is not None:
        merged["type"] = types[0] if len(types) == 1 else types
    if enum is not None:
        merged["enum"] = enum
    if properties:
        merged["properties"] = {name: _property(found) for name, found in properties.items()}
    if required:
        merged["required"] = list(required)
    if "nullable" not in node and parts and all(part.get("nullable") is True for part, _ in parts):
        merged["nullable"] = True
    if not unions and "discriminator" in node:
        merged["discriminator"] = node["discriminator"]
    if len(unions) == 1:
        keyword, options, discriminator = unions[0]
        merged[keyword] = options
        if discriminator is not None:
            merged["discriminator"] = discriminator
    elif unions:
        combinations = 1
        for _, options, _ in unions:
            combinations *= len(options)
        if combinations <= MAX_PRODUCT:
            chosen = list(product(*(options for _, options, _ in unions)))
            possible = [item for item in chosen if _may_hold(source, item)]
            merged["oneOf"] = [{"allOf": list(item)} for item in possible or chosen]
        else:
            source.report(
                "all-of-too-wide",
                f"allOf combines unions into {combinations} alternatives; the type is left open",
                pointer,
            )
    return merged


def _flatten(
    source: Source, value: object, pointer: str, seen: tuple[str, ...], met: Counter[str]
) -> list[tuple[dict[str, Any], str]]:
    node = as_dict(value)
    target = source.target(node)
    parts: list[tuple[dict[str, Any], str]] = []
    if target is not None:
        if target in seen:
            source.report("reference-cycle", "allOf leads back to itself", pointer)
            return []
        try:
            found, target = source.find(target)
        except KeyError:
            source.dangling(node, target, pointer)
            return []
        met[target] += 1
        if met[target] > MAX_REPEATS:
            return []  # it says what it said
        parts.extend(_flatten(source, found, target, (*seen, target), met))
        rest = {key: item for key, item in node.items() if key not in ("$ref", POINTER)}
        if is_structural(rest):
            parts.extend(_flatten(source, rest, pointer, seen, met))
        return parts
    for index, member in enumerate(as_list(node.get("allOf"))):
        parts.extend(_flatten(source, member, child(pointer, "allOf", index), seen, met))
    own = {key: item for key, item in node.items() if key != "allOf"}
    for keyword in ("oneOf", "anyOf"):
        options = [source.target(as_dict(option)) for option in as_list(own.get(keyword))]
        if any(option is not None and option in seen for option in options):
            # A parent that lists its children: what they take over is its properties alone.
            own = {k: v for k, v in own.items() if k not in (keyword, "discriminator")}
    if own:
        parts.append((own, pointer))
    return parts


def _may_hold(source: Source, members: tuple[dict[str, Any], ...]) -> bool:
    """Whether a value may be of all these options at once, as far as their types tell."""
    common: set[str] | None = None
    for member in members:
        node, _ = source.resolve(member, member[POINTER])
        own = node_types(node)
        if own:
            common = own if common is None else common & own
    return common is None or bool(common)


def _property(found: list[tuple[object, str]]) -> dict[str, Any]:
    structural = [(schema, pointer) for schema, pointer in found if is_structural(schema)]
    if not structural:
        return {POINTER: found[-1][1]}
    # `{readOnly: true}` beside the same property of another member is about that property.
    said: dict[str, Any] = {}
    for schema, _ in found:
        if not is_structural(schema):
            said.update(as_dict(schema))
    distinct: list[tuple[object, str]] = []
    for schema, pointer in structural:
        if all(schema != other for other, _ in distinct):
            distinct.append((schema, pointer))
    if len(distinct) == 1:
        return {**said, POINTER: distinct[0][1]}
    return {"allOf": [{POINTER: pointer} for _, pointer in distinct]}


def _intersect(source: Source, left: list[str], right: list[str], pointer: str) -> list[str]:
    if "number" in left and "integer" in right:
        left = [*left, "integer"]
    if "number" in right and "integer" in left:
        right = [*right, "integer"]
    common = [item for item in left if item in right]
    if "integer" in common and "number" in common:
        common.remove("number")
    if common:
        return common
    source.report(
        "all-of-conflict",
        f"allOf asks for {' or '.join(left)} and for {' or '.join(right)} at once",
        pointer,
    )
    return [*left, *right]


def _by_pointer(keyword: str, value: object, place: str) -> object:
    """Subschemas move with a merge; they keep the pointer of the place they come from."""
    if keyword in ("items", "additionalProperties", "unevaluatedProperties"):
        return {POINTER: child(place, keyword)} if is_mapping(value) else value
    if keyword == "prefixItems":
        return [{POINTER: child(place, keyword, n)} for n in range(len(as_list(value)))]
    if keyword == "patternProperties":
        return {name: {POINTER: child(place, keyword, name)} for name in as_dict(value)}
    return value


def _narrower(left: object, right: object) -> object:
    if is_structural(left) and is_structural(right) and left != right:
        return {"allOf": [left, right]}
    return right if is_structural(right) or left is True else left


def _is_text(value: object) -> bool:
    return isinstance(value, str)
