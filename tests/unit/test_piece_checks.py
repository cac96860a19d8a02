"""The pieces of a stream are judged once for each form, and never differently for it."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.testing.json_schema import SchemaRules
from sdkpress.runtime.testing.piece_checks import PieceChecks, is_free
from sdkpress.runtime.testing.references import References

TEXTS = ("", "a", "abc", "abcdefgh", "stop", "delta")
LEAVES: list[Any] = [
    {"type": "string"},
    {"type": ["string", "null"], "description": "free"},
    {"$ref": "#/components/schemas/Text"},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^a"},
    {"enum": ["stop", "a"]},
    {"anyOf": [{"type": "string", "minLength": 2}, {"const": "a"}]},
    {"allOf": [{"type": "string"}, {"not": {"const": "abc"}}]},
    {"type": "string", "format": "date"},
    {"type": "integer"},
    True,
    False,
]


def around(leaf: Any) -> list[Any]:
    """Schemas of items that have the leaf's text somewhere."""
    inner = {"type": "object", "properties": {"t": leaf}}
    return [
        inner,
        {"properties": {"d": inner, "t": True}},
        {"properties": {"d": {"type": "array", "items": inner}}},
        {"type": "object", "additionalProperties": {"oneOf": [inner, {"type": "array"}]}},
        {"properties": {"d": inner}, "if": {"required": ["d"]}, "then": {"required": ["n"]}},
        {"patternProperties": {"^d": inner}},
        {"oneOf": [{"properties": {"t": {"const": "a"}}}, {"properties": {"t": leaf}}]},
        {
            "oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/A"}],
            "discriminator": {"propertyName": "t", "mapping": {"a": "#/components/schemas/A"}},
        },
        {"anyOf": [{"$ref": "#/components/schemas/Endless"}, inner]},
    ]


@pytest.mark.parametrize("leaf", LEAVES, ids=str)
def test_verdicts_are_those_of_the_rules(leaf: Any) -> None:
    schemas = {
        "Text": {"type": "string"},
        "A": {"type": "object", "properties": {"t": {"type": "string"}}, "required": ["n"]},
        "Endless": {"anyOf": [{"$ref": "#/components/schemas/Endless"}, {"type": "object"}]},
    }
    references = References({"components": {"schemas": schemas}})
    rules = SchemaRules(references, "response")
    for schema in around(leaf):
        checks = PieceChecks(schema, rules, references)
        for text in TEXTS:
            for number in (1, 1.0, True, None):
                for item in (
                    {"t": text, "n": number},
                    {"d": {"t": text}, "n": number},
                    {"d": [{"t": text}, {"t": number}]},
                    {"d": text},
                    {"t": number},
                    [text],
                ):
                    assert checks.accepts(item) == rules.accepts(item, schema), (schema, item)


def test_what_is_free_is_found() -> None:
    text = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x", "x-own": 1}
    choice = {"type": "object", "properties": {"delta": {"properties": {"content": text}}}}
    schema = {"properties": {"choices": {"type": "array", "items": choice, "minItems": 1}}}
    references = References({"components": {"schemas": {"Chunk": schema}}})
    path = ("/choices", "*", "/delta", "/content")
    assert is_free({"$ref": "#/components/schemas/Chunk"}, path, references)
    text["anyOf"].append({"pattern": "x"})  # type: ignore[attr-defined]
    assert not is_free({"$ref": "#/components/schemas/Chunk"}, path, references)
