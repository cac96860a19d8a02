"""JSON Schema as OpenAPI 3.0 to 3.2 use it: what a value does wrong, and where.

Dialect: draft 2020-12 without `$id`, `$anchor` and `$dynamicRef` (a reference that is not a
local pointer accepts everything), plus the `nullable` and the boolean exclusive bounds of
OpenAPI 3.0. Formats are asserted where their grammar is short (see formats.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, TypeGuard, cast

from .formats import integer_bounds, is_format
from .nodes import as_bool, as_list, as_object, as_text, pointer_token
from .numbers import declared_bounds
from .patterns import compiled
from .references import References

__all__ = ["Direction", "SchemaRules", "Violation", "is_type", "items_by_enum", "same"]

Direction: TypeAlias = Literal["request", "response"]
_NO_REFS: tuple[str, ...] = ()
_TYPING = frozenset(("$ref", "allOf", "anyOf", "oneOf", "not", "if", "enum", "const", "x-nullable"))
_COMBINING = frozenset(
    (
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
    )
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong: a JSON pointer into the value, the keyword, and one sentence."""

    pointer: str
    keyword: str
    message: str


class SchemaRules:
    """Checks values against the schemas of one document.

    In a request, `required` does not count for a `readOnly` property; in a response, not for a
    `writeOnly` one (OpenAPI 3.0.4, section 4.7.24.2).
    """

    def __init__(self, references: References, direction: Direction) -> None:
        self._references = references
        self._is_request = direction == "request"
        self._waiver = "readOnly" if direction == "request" else "writeOnly"

    def accepts(self, value: Any, schema: Any) -> bool:
        """Whether the value is valid."""
        return next(self._check(value, schema, "", _NO_REFS), None) is None

    def violations(self, value: Any, schema: Any, *, limit: int = 10) -> list[Violation]:
        """The first `limit` violations, in the order of the document's keywords."""
        return list(itertools.islice(self._check(value, schema, "", _NO_REFS), limit))

    def _check(
        self, value: Any, schema: Any, at: str, refs: tuple[str, ...]
    ) -> Iterator[Violation]:
        if schema is False:
            yield Violation(at, "false", "is not allowed here")
        if not isinstance(schema, dict):
            return
        rules = cast("dict[str, Any]", schema)
        if value is None and as_bool(rules.get("nullable")):
            return
        reference = rules.get("$ref")
        if isinstance(reference, str) and reference not in refs:
            yield from self._check(
                value, self._references.target(reference), at, (*refs, reference)
            )
        rules = items_by_enum(rules)
        yield from _check_kind(value, rules, at, is_response=not self._is_request)
        if isinstance(value, bool) or value is None:
            pass
        elif isinstance(value, (int, float)):
            yield from _check_number(value, rules, at)
            if self._is_request:
                yield from _check_size(value, rules, at)
        elif isinstance(value, str):
            yield from _check_string(value, rules, at)
        elif isinstance(value, bytes) and rules.get("format", "binary") not in ("binary", "byte"):
            yield Violation(at, "format", f"is a file, not of the format {rules['format']}")
        elif isinstance(value, list):
            yield from self._check_array(cast("list[Any]", value), rules, at)
        elif isinstance(value, dict):
            yield from self._check_object(cast("dict[str, Any]", value), rules, at)
        if not _COMBINING.isdisjoint(rules):
            yield from self._check_combined(value, rules, at, refs)

    def _check_array(self, items: list[Any], rules: dict[str, Any], at: str) -> Iterator[Violation]:
        least, most = rules.get("minItems"), rules.get("maxItems")
        if isinstance(least, int) and len(items) < least:
            yield Violation(at, "minItems", f"has {len(items)} items, at least {least} are needed")
        if isinstance(most, int) and len(items) > most:
            yield Violation(at, "maxItems", f"has {len(items)} items, at most {most} are allowed")
        if as_bool(rules.get("uniqueItems")) and _has_duplicates(items):
            yield Violation(at, "uniqueItems", "has the same item twice")
        prefix = as_list(rules.get("prefixItems"))
        for index, item in enumerate(items):
            schema = prefix[index] if index < len(prefix) else rules.get("items", True)
            yield from self._check(item, schema, f"{at}/{index}", _NO_REFS)
        if "contains" in rules:
            count = sum(self.accepts(item, rules["contains"]) for item in items)
            least = rules.get("minContains", 1)
            most = rules.get("maxContains", count)
            if not least <= count <= most:
                yield Violation(at, "contains", f"has {count} items of the kind it must contain")

    def _check_object(
        self, members: dict[str, Any], rules: dict[str, Any], at: str
    ) -> Iterator[Violation]:
        properties = as_object(rules.get("properties"))
        for name in as_list(rules.get("required")):
            if name not in members and not self._is_waived(name, properties, rules):
                place = f"{at}/{pointer_token(name)}"
                yield Violation(place, "required", "is required and missing")
        least, most = rules.get("minProperties"), rules.get("maxProperties")
        if isinstance(least, int) and len(members) < least:
            yield Violation(
                at, "minProperties", f"has {len(members)} properties, at least {least} are needed"
            )
        if isinstance(most, int) and len(members) > most:
            yield Violation(
                at, "maxProperties", f"has {len(members)} properties, at most {most} are allowed"
            )
        patterns = as_object(rules.get("patternProperties"))
        additional = rules.get("additionalProperties", True)
        for name, member in members.items():
            place = f"{at}/{pointer_token(name)}"
            is_declared = name in properties
            if is_declared:
                yield from self._check(member, properties[name], place, _NO_REFS)
            for pattern, schema in patterns.items():
                expression = compiled(pattern)
                if expression is None or expression.search(name):
                    is_declared = True
                    yield from self._check(member, schema, place, _NO_REFS)
            if not is_declared and additional is False:
                yield Violation(place, "additionalProperties", "is not a declared property")
            elif not is_declared:
                yield from self._check(member, additional, place, _NO_REFS)
            if "propertyNames" in rules and not self.accepts(name, rules["propertyNames"]):
                yield Violation(place, "propertyNames", "has a name that is not allowed")
        for name, needed in as_object(rules.get("dependentRequired")).items():
            for other in as_list(needed) if name in members else ():
                if other not in members:
                    yield Violation(
                        at, "dependentRequired", f"misses {other!r}, as {name!r} is set"
                    )

    def _is_file(self, schema: Any) -> bool:
        return self._references.resolve(schema).get("format") == "binary"

    def _is_waived(self, name: Any, properties: dict[str, Any], rules: dict[str, Any]) -> bool:
        is_closed = rules.get("additionalProperties") is False
        if (self._is_request or is_closed) and properties and name not in properties:
            # Misspelled in the document: no client has an argument for it.
            return not rules.keys() & {"$ref", "allOf", "anyOf", "oneOf", "patternProperties"}
        node = as_object(properties.get(name))
        return as_bool(node.get(self._waiver)) or (
            "$ref" in node and as_bool(self._references.resolve(node).get(self._waiver))
        )

    def _check_combined(
        self, value: Any, rules: dict[str, Any], at: str, refs: tuple[str, ...]
    ) -> Iterator[Violation]:
        for schema in as_list(rules.get("allOf")):
            yield from self._check(value, schema, at, refs)
        for keyword in ("anyOf", "oneOf"):
            if as_list(rules.get(keyword)):
                yield from self._check_alternatives(value, rules, keyword, at, refs)
        if "not" in rules and self._fits(value, rules["not"], refs):
            yield Violation(at, "not", "is of a kind that is excluded")
        if "if" in rules:
            branch = "then" if self._fits(value, rules["if"], refs) else "else"
            if branch in rules:
                yield from self._check(value, rules[branch], at, refs)
        if isinstance(value, list) and "unevaluatedItems" in rules:
            items = cast("list[Any]", value)
            for index in self._unevaluated(items, rules, refs):
                place = f"{at}/{index}"
                if rules["unevaluatedItems"] is False:
                    yield Violation(place, "unevaluatedItems", "is one item too many")
                else:
                    yield from self._check(items[index], rules["unevaluatedItems"], place, _NO_REFS)
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            for name, schema in as_object(rules.get("dependentSchemas")).items():
                if name in members:
                    yield from self._check(value, schema, at, refs)
            if "unevaluatedProperties" in rules:
                known = self._evaluated(members, rules, refs)
                for name in sorted(members.keys() - known) if known is not None else ():
                    place = f"{at}/{pointer_token(name)}"
                    if rules["unevaluatedProperties"] is False:
                        yield Violation(
                            place, "unevaluatedProperties", "is not a declared property"
                        )
                    else:
                        yield from self._check(
                            members[name], rules["unevaluatedProperties"], place, _NO_REFS
                        )

    def _fits(self, value: Any, schema: Any, refs: tuple[str, ...]) -> bool:
        return next(self._check(value, schema, "", refs), None) is None

    def _check_alternatives(
        self, value: Any, rules: dict[str, Any], keyword: str, at: str, refs: tuple[str, ...]
    ) -> Iterator[Violation]:
        branches = as_list(rules[keyword])
        if self._is_request:
            # Alternatives that overlap are told apart by the discriminator; who asks need not
            # suffer for a document that forgot to make them exclusive.
            named = _named_branch(value, branches, as_object(rules.get("discriminator")))
            if named is not None:
                yield from self._check(value, named, at, refs)
                return
            if unknown := _unknown_tag(value, branches, as_object(rules.get("discriminator"))):
                name, choices = unknown
                message = f"is none of {', '.join(map(_shorten, choices[:6]))}"
                yield Violation(f"{at}/{pointer_token(name)}", "discriminator", message)
                return
        nearest: list[Violation] | None = None
        matches = 0
        is_file = False
        for branch in branches:
            found = list(itertools.islice(self._check(value, branch, at, refs), 5))
            if not found:
                if isinstance(value, str) and self._is_file(branch):
                    # A file, and another alternative is its address: text is the latter.
                    is_file = True
                    continue
                matches += 1
                if keyword == "anyOf":
                    return
            elif nearest is None or _nearness(found) > _nearness(nearest):
                nearest = found
        if matches > 1:
            yield Violation(at, keyword, f"matches {matches} of the alternatives, one is allowed")
        elif matches == 0 and nearest is not None and not is_file:
            if len(branches) == 1 or _depth(nearest[0]) > at.count("/"):
                yield from nearest
            else:
                first = nearest[0]
                fault = f"{first.pointer[len(at) :].lstrip('/')} {first.message}".strip()
                message = f"matches none of the {len(branches)} alternatives; nearest: {fault}"
                yield Violation(at, keyword, message)

    def _unevaluated(
        self, items: list[Any], rules: dict[str, Any], refs: tuple[str, ...]
    ) -> list[int]:
        """The places of items that no other keyword speaks of."""
        left = set(range(len(items)))
        for part, _ in self._parts(items, rules, refs):
            if "items" in part or (part is not rules and "unevaluatedItems" in part):
                return []
            left -= set(range(len(as_list(part.get("prefixItems")))))
            if "contains" in part:
                left -= {i for i in left if self.accepts(items[i], part["contains"])}
        return sorted(left)

    def _parts(
        self, value: Any, rules: dict[str, Any], refs: tuple[str, ...]
    ) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
        """The schema, and all others that apply to the same value and hold."""
        yield rules, refs
        parts, refs = self._applied(value, rules, refs)
        for part in parts:
            yield from self._parts(value, part, refs)

    def _applied(
        self, value: Any, rules: dict[str, Any], refs: tuple[str, ...]
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """The schemas within the rules that apply to the same value and hold, and the references."""
        parts = [*as_list(rules.get("allOf"))]
        for branch in (*as_list(rules.get("anyOf")), *as_list(rules.get("oneOf"))):
            if self._fits(value, branch, refs):
                parts.append(branch)
        if "if" in rules:
            holds = self._fits(value, rules["if"], refs)
            parts.extend([rules["if"], rules.get("then")] if holds else [rules.get("else")])
        if isinstance(value, dict):
            dependent = as_object(rules.get("dependentSchemas"))
            parts.extend(schema for name, schema in dependent.items() if name in value)
        reference = rules.get("$ref")
        if isinstance(reference, str) and reference not in refs:
            refs = (*refs, reference)
            parts.append(self._references.target(reference))
        return [as_object(part) for part in parts], refs

    def _evaluated(
        self, members: dict[str, Any], rules: dict[str, Any], refs: tuple[str, ...]
    ) -> set[str] | None:
        """The names other keywords speak of; None when that is all of them."""
        if "additionalProperties" in rules:
            return None
        known = set(as_object(rules.get("properties")))
        for pattern in as_object(rules.get("patternProperties")):
            expression = compiled(pattern)
            if expression is None:
                return None
            known.update(name for name in members if expression.search(name))
        parts, refs = self._applied(members, rules, refs)
        for part in parts:
            if "unevaluatedProperties" in part:
                return None
            more = self._evaluated(members, part, refs)
            if more is None:
                return None
            known |= more
        return known


def _named_branch(value: Any, branches: list[Any], discriminator: dict[str, Any]) -> Any:
    name = discriminator.get("propertyName")
    tag = cast("dict[str, Any]", value).get(as_text(name)) if isinstance(value, dict) else None
    if not isinstance(tag, str):
        return None
    target = as_text(as_object(discriminator.get("mapping")).get(tag), tag)
    for branch in branches:
        reference = as_text(as_object(branch).get("$ref"))
        if reference and target in (reference, reference.rsplit("/", 1)[-1]):
            return branch
    return None


def _unknown_tag(
    value: Any, branches: list[Any], discriminator: dict[str, Any]
) -> tuple[str, list[str]] | None:
    """The discriminator and its values, where they are for all branches and the value has another."""
    name, mapping = as_text(discriminator.get("propertyName")), as_object(
        discriminator.get("mapping")
    )
    tag = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    targets = {as_text(target).rsplit("/", 1)[-1] for target in mapping.values()}
    references = [as_text(as_object(branch).get("$ref")).rsplit("/", 1)[-1] for branch in branches]
    if not isinstance(tag, str) or tag in mapping or not targets.issuperset(references):
        return None
    return name, list(mapping)


def _check_kind(
    value: Any, rules: dict[str, Any], at: str, *, is_response: bool
) -> Iterator[Violation]:
    declared = rules.get("type")
    names = [declared] if isinstance(declared, str) else as_list(declared)
    if not names and is_response:
        # A client reads such an answer as what the keywords are about.
        names = _implied_types(rules)
    if names and not any(is_type(value, name) for name in names):
        wanted = " or ".join(as_text(name, "?") for name in names)
        yield Violation(at, "type", f"is {_describe(value)}, not of type {wanted}")
    if "const" in rules and not same(value, rules["const"]):
        yield Violation(at, "const", f"is not {_shorten(rules['const'])}")
    if isinstance(rules.get("enum"), list):
        choices = as_list(rules["enum"])
        if not any(same(value, choice) for choice in choices):
            listed = ", ".join(_shorten(choice) for choice in choices[:6])
            more = ", ..." if len(choices) > 6 else ""
            yield Violation(at, "enum", f"is none of {listed}{more}")


def items_by_enum(rules: dict[str, Any]) -> dict[str, Any]:
    """The rules, with the `enum` of an array put where it must have been meant: on its items."""
    if rules.get("type") != "array" or not isinstance(rules.get("enum"), list):
        return rules
    choices = as_list(rules["enum"])
    if any(isinstance(choice, list) for choice in choices):
        return rules
    items = {"allOf": [rules.get("items", {}), {"enum": choices}]}
    return {**{key: value for key, value in rules.items() if key != "enum"}, "items": items}


def _implied_types(rules: dict[str, Any]) -> list[str]:
    if not _TYPING.isdisjoint(rules):
        return []
    if any(isinstance(rules.get(word), dict) for word in ("properties", "additionalProperties")):
        return ["object"]
    return ["array"] if isinstance(rules.get("items"), dict) else []


def _check_number(value: int | float, rules: dict[str, Any], at: str) -> Iterator[Violation]:
    least, above, most, below = declared_bounds(rules)
    if _is_number(least) and value < least:
        yield Violation(at, "minimum", f"is {value}, less than {least}")
    if _is_number(most) and value > most:
        yield Violation(at, "maximum", f"is {value}, more than {most}")
    if _is_number(above) and value <= above:
        yield Violation(at, "exclusiveMinimum", f"is {value}, not more than {above}")
    if _is_number(below) and value >= below:
        yield Violation(at, "exclusiveMaximum", f"is {value}, not less than {below}")
    step = rules.get("multipleOf")
    if _is_number(step) and step > 0 and math.isfinite(value):
        # The decimal text, not the binary value: 0.3 is a multiple of 0.1.
        if Fraction(str(value)) % Fraction(str(step)):
            yield Violation(at, "multipleOf", f"is {value}, not a multiple of {step}")


def _check_size(value: int | float, rules: dict[str, Any], at: str) -> Iterator[Violation]:
    """Whether an integer is too large for its format.

    Only in requests: examples of answers, moments in milliseconds for one, disregard it often.
    """
    name = rules.get("format")
    bounds = integer_bounds(name) if isinstance(name, str) else None
    if bounds is None or not is_type(value, "integer"):
        return
    if not bounds[0] <= value <= bounds[1]:
        yield Violation(at, "format", f"is {value}, out of the range of {name}")


def _check_string(value: str, rules: dict[str, Any], at: str) -> Iterator[Violation]:
    if rules.get("format") == "byte" or "contentEncoding" in rules:
        return  # whether the length and the pattern mean the encoded text, documents disagree
    least, most = rules.get("minLength"), rules.get("maxLength")
    if isinstance(least, int) and len(value) < least:
        yield Violation(at, "minLength", f"is shorter than {least} characters")
    if isinstance(most, int) and len(value) > most:
        yield Violation(at, "maxLength", f"is longer than {most} characters")
    pattern = rules.get("pattern")
    if isinstance(pattern, str):
        expression = compiled(pattern)
        if expression is not None and not expression.search(value):
            yield Violation(at, "pattern", f"does not match the pattern {_shorten(pattern)}")
    name = rules.get("format")
    if isinstance(name, str) and not is_format(name, value):
        yield Violation(at, "format", f"is not of the format {name}")


def is_type(value: Any, name: str) -> bool:
    """Whether a value is of a JSON Schema type; 1.0 is an integer, true is no number."""
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            if isinstance(value, float):
                return value.is_integer()
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return _is_number(value)
        case "string":
            return isinstance(value, (str, bytes))
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True  # not a type of JSON Schema ("file", "any"): nothing is known


def same(one: Any, other: Any) -> bool:
    """JSON equality: 1 equals 1.0, true does not equal 1, at every depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast("list[Any]", one), cast("list[Any]", other)
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(one, dict) and isinstance(other, dict):
        first, second = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return first.keys() == second.keys() and all(
            same(member, second[name]) for name, member in first.items()
        )
    return bool(one == other)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _has_duplicates(items: list[Any]) -> bool:
    if all(isinstance(item, str) for item in items):
        return len(set(items)) < len(items)
    return any(same(one, other) for one, other in itertools.combinations(items, 2))


def _nearness(found: list[Violation]) -> tuple[int, bool, int]:
    # The deepest first violation is of the alternative that was most likely meant; among equals
    # a wrong constant says more about the wrong alternative than a missing property does.
    return (
        max(map(_depth, found)),
        not any(violation.keyword in ("const", "enum", "type") for violation in found),
        -len(found),
    )


def _depth(violation: Violation) -> int:
    # A missing property is a fault of the object that misses it.
    return violation.pointer.count("/") - (violation.keyword == "required")


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
