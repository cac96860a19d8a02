"""One schema out of many: references followed, `allOf` folded in, alternatives set aside."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .nodes import as_bool, as_list, as_object, as_text
from .references import References

__all__ = ["Alternatives", "Flat", "flatten"]

_LARGEST = ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum")
_SMALLEST = ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum")
_APPLIED_APART = frozenset(
    ("$ref", "allOf", "oneOf", "anyOf", "if", "then", "else", "example", "examples", "default")
)


@dataclass(slots=True)
class Alternatives:
    """The branches of one `oneOf` or `anyOf`, with the discriminator beside it ({} for none)."""

    branches: list[Any]
    discriminator: dict[str, Any]


@dataclass(slots=True)
class Flat:
    """A schema without references and `allOf`.

    `refs` are the references followed on the way, `suggestions` the values the document gives
    (outermost first; `example`, then `examples`, then `default`), `is_impossible` says that a
    `false` schema took part.
    """

    rules: dict[str, Any] = field(default_factory=dict[str, Any])
    alternatives: list[Alternatives] = field(default_factory=list[Alternatives])
    conditions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    suggestions: list[Any] = field(default_factory=list[Any])
    refs: list[str] = field(default_factory=list[str])
    is_impossible: bool = False


def flatten(schema: Any, references: References, known: tuple[str, ...] = ()) -> Flat:
    """Merge everything that applies to the same value; a circular reference adds nothing twice.

    `known` are references that have been followed for this value before.
    """
    flat = Flat(refs=list(known))
    defaults: list[Any] = []
    _fold(schema, flat, references, defaults)
    flat.suggestions.extend(defaults)
    del flat.refs[: len(known)]
    return flat


def _fold(schema: Any, flat: Flat, references: References, defaults: list[Any]) -> None:
    if schema is False:
        flat.is_impossible = True
    node = as_object(schema)
    if not node:
        return
    if "example" in node:
        flat.suggestions.append(node["example"])
    flat.suggestions.extend(as_list(node.get("examples")))
    if "default" in node:
        defaults.append(node["default"])
    _merge(flat.rules, node)
    if "if" in node:
        flat.conditions.append(node)
    for keyword in ("oneOf", "anyOf"):
        if branches := as_list(node.get(keyword)):
            flat.alternatives.append(Alternatives(branches, as_object(node.get("discriminator"))))
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in flat.refs:
        flat.refs.append(reference)
        _fold(references.target(reference), flat, references, defaults)
    for part in as_list(node.get("allOf")):
        _fold(part, flat, references, defaults)


def _merge(rules: dict[str, Any], node: dict[str, Any]) -> None:
    for keyword, value in node.items():
        if keyword in _APPLIED_APART:
            continue
        if keyword not in rules:
            rules[keyword] = value
            continue
        present = rules[keyword]
        if keyword == "type":
            rules[keyword] = _common_types(present, value)
        elif keyword == "properties":
            rules[keyword] = _join(as_object(present), as_object(value))
        elif keyword == "required":
            rules[keyword] = list(dict.fromkeys((*as_list(present), *as_list(value))))
        elif keyword == "enum":
            common = [item for item in as_list(present) if item in as_list(value)]
            rules[keyword] = common or present
        elif keyword in _LARGEST:
            rules[keyword] = _extreme(present, value, largest=True)
        elif keyword in _SMALLEST:
            rules[keyword] = _extreme(present, value, largest=False)
        elif keyword == "multipleOf":
            rules[keyword] = _common_multiple(present, value)
        elif keyword == "uniqueItems":
            rules[keyword] = as_bool(present) or as_bool(value)
        elif keyword == "nullable":
            rules[keyword] = as_bool(present) and as_bool(value)
        elif keyword in ("items", "additionalProperties", "propertyNames"):
            if present is False or value is False:
                rules[keyword] = False
            else:
                rules[keyword] = {"allOf": [present, value]} if present != value else present


def _join(present: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    joined = dict(present)
    for name, schema in added.items():
        if name not in joined or joined[name] is True:
            joined[name] = schema
        elif schema is not True and schema != joined[name]:
            joined[name] = {"allOf": [joined[name], schema]}
    return joined


def _common_types(present: Any, added: Any) -> Any:
    one = [present] if isinstance(present, str) else as_list(present)
    other = [added] if isinstance(added, str) else as_list(added)
    common: list[str] = []
    for name in map(as_text, one):
        if name in other:
            common.append(name)
        elif name == "number" and "integer" in other:
            common.append("integer")
        elif name == "integer" and "number" in other:
            common.append("integer")
    return common or present


def _common_multiple(one: Any, other: Any) -> Any:
    """The least number that is a multiple of both."""
    try:
        left, right = Fraction(str(one)), Fraction(str(other))
        top = math.lcm(left.numerator, right.numerator)
        common = Fraction(top, math.gcd(left.denominator, right.denominator))
    except ValueError:
        return one
    return int(common) if common.denominator == 1 else float(common)


def _extreme(one: Any, other: Any, *, largest: bool) -> Any:
    # OpenAPI 3.0 writes exclusive bounds as booleans beside the bound.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is True or other is True
    try:
        return max(one, other) if largest else min(one, other)
    except TypeError:
        return one
