"""Rules about formats of strings and ranges of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sdkpress.content import ContentKind, classify
from sdkpress.doctor.facts import Facts, quoted, types_of
from sdkpress.doctor.findings import Finding, Mend, Update, assumption
from sdkpress.doctor.parts import SchemaNode, child, mapping, sequence, text
from sdkpress.naming.words import split_words
from sdkpress.runtime.testing.formats import is_format

__all__ = ["CHECKS"]

_SAID = (
    ("date-time", re.compile(r"\b(?:ISO ?-?8601|RFC ?-?3339)\b.*\b(?:time|timestamp)|"
                             r"\b(?:time|timestamp)\b.*\b(?:ISO ?-?8601|RFC ?-?3339)\b", re.I)),
    ("uuid", re.compile(r"\bUUID\b")),
)  # fmt: skip
_BY_EXAMPLE = ("date-time", "date", "uuid", "email", "ipv4")
_URL = re.compile(r"https?://[^\s{}<>\"]+")
_URL_WORDS = frozenset(("url", "uri", "href", "link", "homepage", "website"))
_TIMES = re.compile(r"(?:created|updated|deleted|modified|expires|started|ended|published)_?at",
                    re.IGNORECASE)  # fmt: skip
_OPAQUE = re.compile(r"cursor|token|etag|version|hash|secret", re.IGNORECASE)
_MONEY = frozenset("amount price total balance cost fee cents subtotal".split())
_SAFE = 2**53
_HINTS = ("format", "pattern", "enum", "const", "$ref", "maxLength", "contentMediaType")


def _missing(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node = schema.node
        if types_of(node) not in (["string"], ["string", "null"]):
            continue
        if schema.place not in ("property", "component", "parameter", "items"):
            continue
        if any(hint in node for hint in _HINTS) or _OPAQUE.search(schema.name):
            continue
        found = _by_examples(schema)
        if found:
            format, value = found
            yield Finding(
                "missing-format",
                schema.pointer,
                f"The example {quoted(value)} of {quoted(schema.name)} is of the format {quoted(format)}.",
                _mend(schema, format, f"Its example is {quoted(value)}."),
            )
            continue
        if _examples(node):
            continue  # what it shows is no such thing
        described = text(node.get("description"))
        for format, words in _SAID:
            if words.search(described[:500]):
                message = f"The description of {quoted(schema.name)} speaks of the format {quoted(format)}."
                yield Finding(
                    "missing-format",
                    schema.pointer,
                    message,
                    _mend(schema, format, "Its description says so."),
                )
                break
        else:
            if _TIMES.fullmatch(schema.name) and facts.survey.in_answers(schema):
                message = f"{quoted(schema.name)} looks like a date-time by its name."
                yield Finding("missing-format", schema.pointer, message)


def _examples(node: dict[str, Any]) -> list[Any]:
    found = [node["example"]] if "example" in node else []
    return found + sequence(node.get("examples"))


def _by_examples(schema: SchemaNode) -> tuple[str, Any] | None:
    values = _examples(schema.node)
    if not values or not all(isinstance(value, str) and value for value in values):
        return None
    for format in _BY_EXAMPLE:
        if all(is_format(format, value) for value in values):
            return format, values[0]
    words = {word.lower() for word in split_words(schema.name)}
    if words & _URL_WORDS and all(_URL.fullmatch(value) for value in values):
        return "uri", values[0]
    return None


def _mend(schema: SchemaNode, format: str, why: str) -> Mend:
    return assumption(why, Update(schema.pointer, {"format": format}))


def _numbers(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        node = schema.node
        types = types_of(node)
        if not ({"integer", "number"} & set(types)) or "format" in node:
            continue
        large = [v for v in _examples(node) if isinstance(v, int) and abs(v) > _SAFE]
        if large:
            yield Finding(
                "large-number",
                schema.pointer,
                f"The example of {quoted(schema.name)} is beyond 2^53 and has no format.",
                (
                    assumption(
                        f"Its example is {large[0]}.", Update(schema.pointer, {"format": "int64"})
                    )
                    if "integer" in types
                    else None
                ),
            )
            continue
        words = [word.lower() for word in split_words(schema.name)]
        is_money = bool(words) and words[-1] in _MONEY and "number" in types
        if is_money and schema.place == "property" and "multipleOf" not in node:
            message = f"{quoted(schema.name)} is a number of unknown precision."
            yield Finding("imprecise-money", schema.pointer, message)


def _binary(facts: Facts) -> Iterator[Finding]:
    for content in facts.survey.contents:
        schema, place = facts.survey.resolve(
            content.node.get("schema"), child(content.pointer, "schema")
        )
        if schema.get("format") == "binary" and classify(content.media_type) is ContentKind.JSON:
            message = f"Bytes are declared as {quoted(content.media_type)}."
            yield Finding("binary-as-json", content.pointer, message)
        elif content.media_type.strip() in ("*/*", "*"):
            message = f"A body has the media type {quoted(content.media_type)}."
            yield Finding("any-media-type", content.pointer, message)
        elif classify(content.media_type) is ContentKind.JSON:
            for name, value in mapping(schema.get("properties")).items():
                if mapping(value).get("format") == "binary":
                    message = f"{quoted(name)} is binary in a JSON body, which holds text only."
                    pointer = child(place, "properties", name)
                    yield Finding("binary-as-json", pointer, message)


CHECKS = (_missing, _numbers, _binary)
