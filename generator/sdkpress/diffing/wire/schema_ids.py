"""The change ids of schemas: where a schema stands times what changed in it.

An id is `<area>-<aspect>`: `request-property-max-length-decreased`. Whether a change breaks follows
from the direction. A request is sent by the old client, so what the new document no longer takes
breaks; an answer is read by the old client, so what the new document may give beyond the old one
breaks. Ids and severities are those of the public catalogue of oasdiff where it has the concept;
where its severity is not what the direction says, a row says so.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sdkpress.diffing.changes import Severity

__all__ = ["AREAS", "schema_ids"]

_B: Severity = "breaking"
_R: Severity = "risky"
_C: Severity = "compatible"

AREAS: Mapping[str, str] = MappingProxyType(
    {
        "request-body": "The body of a request",
        "request-property": "A part of the body of a request",
        "request-parameter": "A parameter",
        "request-parameter-property": "A part of a parameter",
        "response-body": "The body of an answer",
        "response-property": "A part of the body of an answer",
        "response-header": "A header of an answer",
        "response-header-property": "A part of a header of an answer",
    }
)
"""Where a schema stands, as ids begin, and as sentences begin."""

_ASPECTS: dict[str, tuple[Severity, Severity, str]] = {
    # in a request, in an answer, the rest of the sentence
    "type-changed": (_B, _B, "has another type or format"),
    "type-generalized": (_C, _B, "has a wider type or format, which takes in the old one"),
    "type-specialized": (_B, _C, "has a narrower type or format, a part of the old one"),
    "type-compatible": (_C, _C, "declares its type in other words, for the same values"),
    "list-of-types-widened": (_C, _B, "may have further types"),
    "list-of-types-narrowed": (_B, _C, "may have fewer types"),
    "became-nullable": (_C, _B, "may be null now"),
    "became-not-nullable": (_B, _C, "may be null no longer"),
    "became-enum": (_B, _C, "is restricted to listed values"),
    "became-not-enum": (_C, _R, "is no longer restricted to listed values"),
    "enum-value-added": (_C, _R, "has a further listed value"),
    "enum-value-removed": (_B, _C, "lacks a value that was listed"),
    "x-extensible-enum-value-added": (_C, _C, "has a further value in `x-extensible-enum`"),
    "x-extensible-enum-value-removed": (_B, _C, "lacks a value of `x-extensible-enum`"),
    "const-added": (_B, _C, "must have one fixed value"),
    "const-removed": (_C, _B, "need not have the fixed value any more"),
    "const-changed": (_B, _B, "has another fixed value"),
    "default-value-added": (_C, _C, "has got a default"),
    "default-value-removed": (_C, _C, "has lost its default"),
    "default-value-changed": (_C, _C, "has another default"),
    "pattern-added": (_B, _C, "must match a pattern"),
    "pattern-removed": (_C, _C, "need not match a pattern any more"),
    "pattern-changed": (_R, _C, "must match another pattern"),
    "pattern-generalized": (_C, _C, "has a pattern that takes more"),
    "multiple-of-set": (_R, _C, "must be a multiple of a number"),
    "multiple-of-unset": (_C, _B, "need not be a multiple of a number any more"),
    "multiple-of-changed": (_B, _B, "must be a multiple of another number"),
    "multiple-of-loosened": (_C, _B, "must be a multiple of a divisor of the old number"),
    "multiple-of-tightened": (_B, _C, "must be a multiple of a multiple of the old number"),
    "unique-items-set": (_R, _C, "must not repeat items"),
    "unique-items-unset": (_C, _B, "may repeat items"),
    "all-of-added": (_B, _C, "must match a further schema of `allOf`"),
    "all-of-removed": (_R, _C, "need not match a schema of `allOf` any more"),
    "all-of-added-annotation-only": (_C, _C, "has a further `allOf` schema that only describes"),
    "all-of-removed-annotation-only": (_C, _C, "lacks an `allOf` schema that only described"),
    "any-of-added": (_C, _C, "has a further alternative in `anyOf`"),
    "any-of-removed": (_B, _C, "lacks an alternative of `anyOf`"),
    "one-of-added": (_C, _B, "has a further alternative in `oneOf`"),
    "one-of-removed": (_B, _C, "lacks an alternative of `oneOf`"),
    "wrapped-in-one-of": (_B, _B, "has become one of several alternatives"),
    "alternatives-required": (_R, _C, "must match one of several alternatives on top of the rest"),
    "alternatives-dropped": (_C, _R, "need not match one of several alternatives any more"),
    "any-of-became-one-of": (_R, _C, "must match exactly one alternative, not several"),
    "one-of-became-any-of": (_C, _C, "may match several alternatives, not exactly one"),
    "discriminator-added": (_C, _C, "has got a discriminator"),
    "discriminator-removed": (_C, _C, "has lost its discriminator"),
    "discriminator-property-name-changed": (_C, _C, "is told apart by another property"),
    "discriminator-mapping-added": (_C, _C, "has a further value of the discriminator"),
    "discriminator-mapping-deleted": (_C, _C, "lacks a value of the discriminator"),
    "discriminator-mapping-changed": (_C, _C, "has a discriminator value with another schema"),
    "if-added": (_B, _C, "has a condition"),
    "if-removed": (_C, _B, "has lost its condition"),
    "then-added": (_B, _C, "must match a schema where its condition holds"),
    "then-removed": (_C, _B, "need not match a schema where its condition holds"),
    "else-added": (_B, _C, "must match a schema where its condition does not hold"),
    "else-removed": (_C, _B, "need not match a schema where its condition does not hold"),
    "not-added": (_B, _C, "must not match a schema"),
    "not-removed": (_C, _B, "may match a schema that was excluded"),
    "not-changed": (_R, _R, "must not match another schema than before"),
    "contains-added": (_B, _C, "must contain certain items"),
    "contains-removed": (_C, _B, "need not contain certain items any more"),
    "dependent-required-added": (_B, _C, "has properties that come only together"),
    "dependent-required-removed": (_C, _B, "has properties that need not come together any more"),
    "dependent-required-changed": (_B, _B, "has other properties that come only together"),
    "dependent-schema-added": (_B, _C, "must match a schema where a property is there"),
    "dependent-schema-removed": (_C, _B, "need not match a schema where a property is there"),
    "pattern-property-added": (_B, _C, "has a schema for properties of certain names"),
    "pattern-property-removed": (_C, _B, "has lost the schema for properties of certain names"),
    "property-names-added": (_B, _C, "restricts the names of properties"),
    "property-names-removed": (_C, _B, "no longer restricts the names of properties"),
    "prefix-items-added": (_C, _B, "describes further first items"),
    "prefix-items-removed": (_B, _C, "describes fewer first items"),
    "unevaluated-items-added": (_B, _C, "restricts further items"),
    "unevaluated-items-removed": (_C, _B, "no longer restricts further items"),
    "unevaluated-properties-added": (_B, _C, "restricts further properties"),
    "unevaluated-properties-removed": (_C, _B, "no longer restricts further properties"),
    "additional-properties-forbidden": (_R, _C, "may have no properties beyond those listed"),
    "additional-properties-allowed": (_C, _C, "may have properties beyond those listed"),
    "additional-properties-restricted": (_R, _C, "has a schema for properties beyond those listed"),
    "additional-properties-unrestricted": (_C, _R, "has lost the schema for other properties"),
    "content-schema-added": (_B, _C, "has a schema for the content of the text"),
    "content-schema-removed": (_C, _B, "has lost the schema for the content of the text"),
    "content-media-type-changed": (_B, _B, "holds text of another media type"),
    "content-encoding-changed": (_B, _B, "holds text in another encoding"),
}

_UPPER = {
    "max": "the largest number",
    "exclusive-max": "the number that must not be reached",
    "max-length": "the greatest length",
    "max-items": "the greatest number of items",
    "max-properties": "the greatest number of properties",
    "max-contains": "the greatest number of certain items",
}
_LOWER = {
    "min": "the smallest number",
    "exclusive-min": "the number that must be exceeded",
    "min-length": "the least length",
    "min-items": "the least number of items",
    "min-properties": "the least number of properties",
    "min-contains": "the least number of certain items",
}

_NEVER_ABSENT = frozenset(("min-length", "min-contains"))
"""What has a value where nothing is written: no limit is set or lost, it is another one."""

_LIFECYCLE: dict[str, tuple[Severity, str]] = {
    "deprecated": (_C, "is deprecated"),
    "deprecated-with-sunset": (_C, "is deprecated, with the date of its end"),
    "deprecated-sunset-missing": (_B, "is deprecated without the date of its end"),
    "deprecated-sunset-invalid": (_B, "is deprecated with a date of its end that is no date"),
    "reactivated": (_C, "is no longer deprecated"),
    "sunset-date-too-small": (_B, "ends too soon after its deprecation"),
    "stability-decreased": (_B, "is less stable than it was"),
    "stability-increased": (_C, "is more stable than it was"),
}

_OVERRIDES: dict[str, Severity] = {
    # Who leaves a parameter out gets another result.
    "request-parameter-default-value-added": _B,
    "request-parameter-default-value-removed": _B,
    "request-parameter-default-value-changed": _B,
    "request-parameter-property-type-changed": _R,
}

_EXISTENCE: dict[str, tuple[Severity, str]] = {
    "new-required-request-property": (_B, "The body of a request needs a further property"),
    "new-required-request-property-with-default": (
        _B,
        "The body of a request needs a further property, which has a default",
    ),
    "new-optional-request-property": (_C, "The body of a request may have a further property"),
    "request-property-removed": (_R, "The body of a request has a property no longer"),
    "request-property-became-required": (_B, "A property of a request must be sent"),
    "request-property-became-required-with-default": (
        _B,
        "A property of a request, which has a default, must be sent",
    ),
    "request-property-became-optional": (_C, "A property of a request may be left out"),
    "new-required-request-parameter-property": (_B, "A parameter needs a further property"),
    "new-optional-request-parameter-property": (_C, "A parameter may have a further property"),
    "request-parameter-property-removed": (_R, "A parameter has a property no longer"),
    "request-parameter-property-became-required": (_B, "A property of a parameter must be sent"),
    "request-parameter-property-became-optional": (_C, "A property of a parameter may be left out"),
    "new-required-request-header-property": (_B, "A request header needs a further property"),
    "request-header-property-became-required": (_B, "A property of a request header must be sent"),
    "request-header-property-became-enum": (
        _B,
        "A property of a request header is restricted to listed values",
    ),
    "response-mediatype-enum-value-removed": (
        _C,
        "The body of an answer lacks a value that was listed",
    ),
    "response-required-property-removed": (_B, "An answer has a property no longer, which it had"),
    "response-optional-property-removed": (_R, "An answer has an optional property no longer"),
    "response-required-property-added": (_C, "An answer always has a further property"),
    "response-optional-property-added": (_C, "An answer may have a further property"),
    "response-required-write-only-property-removed": (
        _C,
        "An answer's schema has a required write-only property no longer",
    ),
    "response-optional-write-only-property-removed": (
        _C,
        "An answer's schema has a write-only property no longer",
    ),
    "response-required-write-only-property-added": (
        _C,
        "An answer's schema has a further required write-only property",
    ),
    "response-optional-write-only-property-added": (
        _C,
        "An answer's schema has a further write-only property",
    ),
    "response-property-became-optional": (_B, "An answer may lack a property that it had"),
    "response-property-became-required": (_C, "An answer always has a property"),
    "response-write-only-property-became-optional": (_C, "A write-only property became optional"),
    "response-write-only-property-became-required": (_C, "A write-only property became required"),
    "response-write-only-property-enum-value-added": (
        _C,
        "A write-only property has a further listed value",
    ),
    "request-read-only-property-enum-value-removed": (
        _C,
        "A read-only property lacks a value that was listed",
    ),
    "request-read-only-property-max-decreased": (_C, "A read-only property has a smaller maximum"),
    "request-read-only-property-exclusive-max-decreased": (
        _C,
        "A read-only property has a smaller exclusive maximum",
    ),
    "request-read-only-property-max-length-decreased": (
        _C,
        "A read-only property has a smaller greatest length",
    ),
    "request-read-only-property-min-increased": (_C, "A read-only property has a greater minimum"),
    "request-read-only-property-exclusive-min-increased": (
        _C,
        "A read-only property has a greater exclusive minimum",
    ),
}


def _limits(
    stems: Mapping[str, str], *, upper: bool
) -> Iterator[tuple[str, Severity, Severity, str]]:
    for stem, words in stems.items():
        if stem not in _NEVER_ABSENT:
            yield f"{stem}-set", _R, _C, f"has got a limit: {words}"
            yield f"{stem}-unset", _C, _B, f"has lost a limit: {words}"
        looser, tighter = ("increased", "decreased") if upper else ("decreased", "increased")
        yield f"{stem}-{looser}", _C, _B, f"has a wider limit: {words} {looser}"
        yield f"{stem}-{tighter}", _B, _C, f"has a narrower limit: {words} {tighter}"


def _aspects() -> Iterator[tuple[str, Severity, Severity, str]]:
    for aspect, (request, response, words) in _ASPECTS.items():
        yield aspect, request, response, words
    yield from _limits(_UPPER, upper=True)
    yield from _limits(_LOWER, upper=False)


def _is_possible(area: str, aspect: str) -> bool:
    """Whether an aspect has an id of its own in an area."""
    if aspect == "wrapped-in-one-of":
        return area.endswith("-body")
    if aspect == "type-specialized":  # elsewhere in requests it is `type-changed`
        return area.startswith("response") or area == "request-parameter-property"
    if aspect == "pattern-generalized":
        return area.startswith("request")
    return (area, aspect) != ("response-body", "enum-value-removed")  # see `_EXISTENCE`


def _mutability() -> Iterator[tuple[str, tuple[Severity, str]]]:
    for direction, noun in (("request", "a request"), ("response", "an answer")):
        for need in ("required", "optional"):
            for kind, verb in (("read-only", "read-only"), ("write-only", "write-only")):
                start = f"{direction}-{need}-property-became"
                article = "A required" if need == "required" else "An optional"
                words = f"{article} property of {noun}"
                # Answers may hold from now on what they never held.
                risky = direction == "response" and need == "required" and kind == "write-only"
                yield f"{start}-{kind}", (_C, f"{words} is {verb} now")
                yield f"{start}-not-{kind}", (
                    _R if risky else _C,
                    f"{words} is not {verb} any more",
                )


@functools.cache
def schema_ids() -> Mapping[str, tuple[Severity, str]]:
    """By id: its severity, and what it means in one sentence without a full stop."""
    found: dict[str, tuple[Severity, str]] = {}
    for area, subject in AREAS.items():
        asked = area.startswith("request")
        for aspect, request, response, words in _aspects():
            if not _is_possible(area, aspect):
                continue
            severity = _OVERRIDES.get(f"{area}-{aspect}", request if asked else response)
            found[f"{area}-{aspect}"] = severity, f"{subject} {words}"
        if area.endswith("property"):
            for aspect, (severity, words) in _LIFECYCLE.items():
                found[f"{area}-{aspect}"] = severity, f"{subject} {words}"
    found.update(_EXISTENCE)
    found.update(_mutability())
    return MappingProxyType(found)
