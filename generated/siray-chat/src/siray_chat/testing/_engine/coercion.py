"""Text to JSON values, as the schema of the place allows: what forms and parameters are read with."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References

__all__ = [
    "coerce",
    "inner_schema",
    "item_types",
    "properties_of",
    "scalar",
    "types_of",
    "unbracketed",
]

_INTEGER = re.compile(r"[+-]?\d{1,4000}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def types_of(schema: Any, references: References, *, depth: int = 0) -> frozenset[str]:
    """The JSON types a schema allows, alternatives included; empty for any."""
    flat = flatten(schema, references)
    declared = flat.rules.get("type")
    names = {as_text(name) for name in as_list(declared)}
    if isinstance(declared, str):
        names.add(declared)
    if not names and "properties" in flat.rules:
        names.add("object")
    if not names and "items" in flat.rules:
        names.add("array")
    if not names and depth < 4:
        for alternatives in flat.alternatives:
            for branch in alternatives.branches:
                names |= types_of(branch, references, depth=depth + 1)
    if flat.rules.get("nullable") is True and names:
        names.add("null")
    return frozenset(names)


def coerce(text: str, types: frozenset[str]) -> Any:
    """The text as the first JSON type that it can be and the schema allows, else as text."""
    if ("integer" in types or "number" in types) and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "integer" in types and _NUMBER.fullmatch(text) and float(text).is_integer():
        return int(float(text))
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "null" in types and "string" not in types and text in ("", "null"):
        return None
    opening = text.lstrip()[:1]
    if ("object" in types and opening == "{") or ("array" in types and opening == "["):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return text
    return text


def scalar(given: Any, types: frozenset[str]) -> Any:
    """A field of a form, as `coerce` reads it; a file stays bytes."""
    return coerce(given, types) if isinstance(given, str) else given


def properties_of(schema: Any, references: References, depth: int = 0) -> dict[str, Any]:
    """The named properties of an object, those of its alternatives included."""
    flat = flatten(schema, references)
    found = dict(as_object(flat.rules.get("properties")))
    if depth < 4:
        for alternatives in flat.alternatives:
            for branch in alternatives.branches:
                for name, member in properties_of(branch, references, depth + 1).items():
                    known = found.setdefault(name, member)
                    if known is not member and known != member:
                        found[name] = {"anyOf": [known, member]}
    return found


def inner_schema(schema: Any, keyword: str, references: References, depth: int = 0) -> Any:
    """What `items` or `additionalProperties` says, in any of the alternatives; {} for nothing."""
    flat = flatten(schema, references)
    if keyword in flat.rules:
        return flat.rules[keyword]
    found: list[Any] = []
    if depth < 4:
        for alternatives in flat.alternatives:
            for branch in alternatives.branches:
                inner = inner_schema(branch, keyword, references, depth + 1)
                if isinstance(inner, dict) and inner and inner not in found:
                    found.append(inner)
    if len(found) > 1:
        return {"anyOf": found}
    return found[0] if found else {}


def item_types(schema: Any, references: References) -> frozenset[str]:
    return types_of(inner_schema(schema, "items", references), references)


def unbracketed(pairs: list[tuple[str, Any]], schema: Any, references: References) -> Any:
    """The value of names in brackets (deepObject): `a]`, `b][0]`, `b][1][c]`."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name, given in pairs:
        key, _, rest = name.partition("]")
        groups.setdefault(key, []).append((rest.removeprefix("["), given))
    is_array = "array" in types_of(schema, references) and all(
        key.isdigit() or not key for key in groups
    )
    properties = properties_of(schema, references)
    extra = inner_schema(schema, "items" if is_array else "additionalProperties", references)
    values: dict[str, Any] = {}
    for key, inner in groups.items():
        member = extra if is_array else properties.get(key, extra)
        if any(rest for rest, _ in inner):
            values[key] = unbracketed(inner, member, references)
        else:
            types = types_of(member, references)
            found = [scalar(given, types) for _, given in inner]
            values[key] = found if len(found) > 1 and "array" in types else found[-1]
    return list(values.values()) if is_array else values
