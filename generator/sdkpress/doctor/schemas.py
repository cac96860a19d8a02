"""Rules about single schemas: what has no type, what cannot be, null, and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from sdkpress.doctor.facts import Facts, allows_null, json_type, quoted, types_of, with_null
from sdkpress.doctor.findings import (
    Edit,
    Finding,
    Mend,
    Put,
    Remove,
    Update,
    assumption,
    certain,
)
from sdkpress.doctor.parts import SchemaNode, child, is_within, mapping, sequence
from sdkpress.trees import is_mapping

__all__ = ["CHECKS"]

_TYPING = (
    "type $ref $dynamicRef allOf anyOf oneOf not if enum const properties items prefixItems "
    "additionalProperties patternProperties format required minLength maxLength pattern minimum "
    "maximum x-sdkpress-type nullable then else dependentSchemas contentSchema contentMediaType"
).split()
_TEXTS = frozenset("type kind object name title description email url".split())
_PLACES = frozenset(("property", "items", "component", "body", "parameter"))
_COMBINED = ("allOf", "anyOf", "oneOf", "not", "dependentSchemas", "if")


def _untyped(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node = schema.node
        if schema.place not in _PLACES or any(keyword in node for keyword in _TYPING):
            continue
        if schema.place == "body" or is_within(schema, _COMBINED):
            continue  # an answer without a schema has a rule of its own
        value, said = _shown_value(node)
        mend = None
        if not said and schema.place == "property" and schema.name in _TEXTS:
            mend = assumption(
                f"A {quoted(schema.name)} is a text nearly everywhere.",
                Update(schema.pointer, {"type": "string"}),
            )
        if said and value is not None:
            mend = assumption(
                f"Its {said} is {quoted(value)}.",
                Update(schema.pointer, {"type": json_type(value)}),
            )
        what = f"{quoted(schema.name)} says nothing of its type" if schema.name else "No type"
        message = f"{what}; its {said} shows {quoted(value)}." if said else f"{what}."
        yield Finding("untyped-schema", schema.pointer, message, mend)


def _shown_value(node: dict[str, Any]) -> tuple[Any, str]:
    for keyword in ("example", "default"):
        if keyword in node:
            return node[keyword], keyword
    examples = sequence(node.get("examples"))
    if len({json_type(value) for value in examples}) == 1:
        return examples[0], "example"
    return None, ""


def _open_objects(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node = schema.node
        if types_of(node) not in (["object"], ["object", "null"]):
            continue
        if any(keyword in node for keyword in ("properties", *_COMBINED, "$ref")):
            continue
        if "additionalProperties" in node or "patternProperties" in node:
            continue
        shown, _ = _shown_value(node)
        if is_mapping(shown) and shown:
            names = ", ".join(quoted(name) for name in list(shown)[:5])
            yield Finding(
                "open-object",
                schema.pointer,
                f"An object without properties, whose example has {names}.",
                _shape_of(schema, shown),
            )


def _shape_of(schema: SchemaNode, shown: dict[str, Any]) -> Mend | None:
    if len(shown) > 30 or any(value is None for value in shown.values()):
        return None
    types = {
        str(name): {"type": "number" if isinstance(value, float) else json_type(value)}
        for name, value in shown.items()
        if not isinstance(value, (dict, list))
    }
    if not types:
        return None
    return assumption(
        "The members that the example has; others are kept as they come.",
        Update(schema.pointer, {"properties": types, "additionalProperties": True}),
    )


def _arrays_without_items(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        if types_of(schema.node) in (["array"], ["array", "null"]):
            if "items" not in schema.node and "prefixItems" not in schema.node:
                if not is_within(schema, _COMBINED):
                    message = f"The array {quoted(schema.name)} does not say what it holds."
                    if not schema.name:
                        message = "An array that does not say what it holds."
                    yield Finding("untyped-array", schema.pointer, message)


# --- null -----------------------------------------------------------------------------------------


def _null_in_enum(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node, types = schema.node, types_of(schema.node)
        values = sequence(node.get("enum"))
        if not any(value is None for value in values) or not types or "null" in types:
            continue
        if node.get("nullable") is True and facts.survey.version == "3.0":
            continue
        allowed: Edit = Put(schema.pointer, "type", with_null(types), True)
        if facts.survey.version == "3.0":
            allowed = Put(schema.pointer, "nullable", True, "nullable" in node)
        yield Finding(
            "null-in-enum",
            schema.pointer,
            f"{quoted(schema.name or 'The enum')} lists null, which its type "
            f"{quoted(types[0])} does not allow.",
            certain("Nobody lists null among the values but to allow it.", allowed),
        )


def _nullable_keyword(facts: Facts) -> Iterator[Finding]:
    if facts.survey.version == "3.0":
        bare = [
            schema
            for schema in facts.survey.schemas
            if schema.node.get("nullable") is True and "type" not in schema.node
        ]
        if bare:
            more = f" and {len(bare) - 1} other schemas are" if bare[1:] else " is"
            yield Finding(
                "nullable-without-type",
                bare[0].pointer,
                f"{quoted(bare[0].name or 'A schema')}{more} `nullable` without a `type`.",
                count=len(bare),
            )
        return
    for schema in facts.survey.schemas:
        if schema.node.get("nullable") is not True:
            continue
        types = types_of(schema.node)
        mend = None
        if types and "null" not in types and "enum" not in schema.node:
            mend = assumption(
                "OpenAPI 3.1 has no `nullable`; whoever wrote it wants null to be allowed.",
                Remove(child(schema.pointer, "nullable")),
                Put(schema.pointer, "type", with_null(types), True),
            )
        yield Finding(
            "nullable-ignored",
            schema.pointer,
            f"{quoted(schema.name or 'A schema')} says `nullable: true` in an OpenAPI "
            f"{facts.survey.version} document.",
            mend,
        )


def _inconsistent_null(facts: Facts) -> Iterator[Finding]:
    survey = facts.survey
    for schema in survey.schemas:
        if not survey.in_answers(schema):
            continue
        places: dict[str, list[tuple[str, Any, str]]] = {}
        for name, value in mapping(schema.node.get("properties")).items():
            at = child(schema.pointer, "properties", name)
            target = _target(facts, value, at)
            if target:
                places.setdefault(target, []).append((name, value, at))
        for target, uses in places.items():
            plain = [use for use in uses if mapping(use[1]).keys() == {"$ref"}]
            other = [use for use in uses if use not in plain]
            if not plain or not other or len(plain) > len(other):
                continue
            for name, value, at in plain:
                null = {"nullable": True, "allOf": [dict(value)]}
                if survey.version != "3.0":
                    null = {"oneOf": [dict(value), {"type": "null"}]}
                yield Finding(
                    "inconsistent-null",
                    at,
                    f"{quoted(name)} may not be null, {quoted(other[0][0])} of the same type "
                    f"{quoted(target.rpartition('/')[2])} may.",
                    assumption(
                        f"What lets `{other[0][0][:60]}` be null lets {quoted(name)} be null too.",
                        Remove(child(at, "$ref")),
                        Update(at, null),
                    ),
                )


def _target(facts: Facts, value: object, pointer: str) -> str:
    """The component behind a property, where it is a plain reference or a nullable one."""
    node = mapping(value)
    if "$ref" in node:
        return facts.survey.resolve(node, pointer)[1] if node.keys() == {"$ref"} else ""
    if not allows_null(facts.survey, node, pointer):
        return ""
    _, place = facts.survey.schema(node, pointer)
    return place if place.startswith("/components/schemas/") and place != pointer else ""


# --- what cannot be -------------------------------------------------------------------------------


def _undefined_required(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node = schema.node
        if "properties" not in node or any(word in node for word in ("$ref", *_COMBINED)):
            continue
        if is_within(schema, _COMBINED) or "additionalProperties" in node:
            continue
        known = mapping(node["properties"])
        missing = [
            name
            for name in sequence(node.get("required"))
            if isinstance(name, str) and name not in known
        ]
        if missing:
            names = ", ".join(quoted(name) for name in missing[:5])
            message = f"{names} is required, and no property of that name is described."
            yield Finding("required-undefined", child(schema.pointer, "required"), message)


_LIMITS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


def _impossible(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        for least, most in _LIMITS:
            low, high = schema.node.get(least), schema.node.get(most)
            if _is_number(low) and _is_number(high) and low > high:
                yield Finding(
                    "impossible-limits",
                    child(schema.pointer, least),
                    f"{quoted(least)} is {quoted(low)} and {quoted(most)} is {quoted(high)}: "
                    "no value fits.",
                )


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _endless(facts: Facts) -> Iterator[Finding]:
    """Components that require themselves, so that no finite value fits."""
    survey = facts.survey
    needs: dict[str, set[str]] = {}
    for schema in survey.schemas:
        if schema.place == "component":
            needs[schema.pointer] = _needed(facts, schema.node, schema.pointer)
    reported: set[str] = set()
    for pointer in needs:
        waiting, seen = sorted(needs[pointer]), set[str]()
        while waiting:
            current = waiting.pop()
            if current == pointer and not seen & reported:
                reported.add(pointer)
                name = quoted(pointer.rpartition("/")[2])
                message = f"Every {name} requires another {name}: no finite value fits."
                yield Finding("endless-schema", pointer, message)
                break
            if current not in seen:
                seen.add(current)
                waiting += sorted(needs.get(current, ()))


def _needed(facts: Facts, node: dict[str, Any], pointer: str) -> set[str]:
    if any(word in node for word in ("oneOf", "anyOf", "nullable")):
        return set()
    found: set[str] = set()
    members = mapping(node.get("properties"))
    for name in sequence(node.get("required")):
        value = mapping(members.get(name)) if isinstance(name, str) else {}
        if value.keys() == {"$ref"}:
            target, place = facts.survey.resolve(value, child(pointer, "properties", name))
            if target and "null" not in types_of(target) and "nullable" not in target:
                found.add(place)
    return found


CHECKS = (
    _untyped,
    _open_objects,
    _arrays_without_items,
    _null_in_enum,
    _nullable_keyword,
    _inconsistent_null,
    _undefined_required,
    _impossible,
    _endless,
)
