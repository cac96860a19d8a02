"""Sample values: valid by another implementation of JSON Schema, the same every time, finite."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.runtime.testing.json_schema import SchemaRules
from sdkpress.runtime.testing.patterns import sample_pattern
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.samples import Sampler

DOCUMENT = "urn:document"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def sample(schema: Any, *, seed: int = 0, schemas: dict[str, Any] | None = None) -> Any:
    return Sampler(References({"components": {"schemas": schemas or {}}}), seed=seed).sample(schema)


def normalised(node: Any) -> Any:
    """The schemas of OpenAPI 3.0 as draft 2020-12 writes them, references into one resource."""
    if isinstance(node, list):
        return [normalised(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: normalised(value) for key, value in node.items()}
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
            made[exclusive] = made.pop(bound)
    if isinstance(made.get("$ref"), str):
        made["$ref"] = f"{DOCUMENT}{made['$ref']}"
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def responses(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A name and the schema of every answer of every operation."""
    references = References(tree)
    for path, item in tree["paths"].items():
        for method in METHODS:
            for status, node in item.get(method, {}).get("responses", {}).items():
                for media_type, media in references.resolve(node).get("content", {}).items():
                    if "schema" in media:
                        yield f"{method} {path} {status} {media_type}", media["schema"]


# By their schemas no answer of this name can be valid: two alternatives of a oneOf that accept
# whatever the other one accepts.
CONTRADICTORY = {
    "github.json": {"put /repos/{owner}/{repo}/contents/{path} 409 application/json"},
}


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["museum.yaml", "petstore.yaml", "svix.json", "meilisearch.json", "github.json"]
)
def test_samples_of_real_documents_are_valid(shared: Path, name: str) -> None:
    path = shared / "specs" / "real" / name
    if not path.is_file():
        pytest.skip(f"no {name} in ../shared/specs/real")
    tree = load_document(path, Diagnostics()).tree
    registry: Registry[Any] = Registry().with_resource(
        DOCUMENT, Resource(normalised(tree), DRAFT202012)
    )
    sampler = Sampler(References(tree))
    wrong: set[str] = set()
    count = 0
    for where, schema in responses(tree):
        count += 1
        value = sampler.sample(schema)
        validator = jsonschema.Draft202012Validator(normalised(schema), registry=registry)
        if not validator.is_valid(value):
            wrong.add(where)
    assert count >= 20
    assert wrong == CONTRADICTORY.get(name, set())


SCHEMAS: list[Any] = [
    {"type": "integer", "minimum": 3, "maximum": 3},
    {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 7},
    {"type": "integer", "maximum": -5},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.25},
    {"type": "number", "minimum": 0.15, "multipleOf": 0.25},
    {"type": "string", "minLength": 20, "maxLength": 21},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[a-z]{3}-\\d{2,4}$"},
    {"type": "string", "pattern": "^(?:ab|cd)+x?$", "minLength": 7},
    {"type": "string", "pattern": "^[^/]{5,}$"},
    {"type": "string", "format": "date-time"},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "boolean"}, "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"const": "x"}], "items": False},
    {"type": "array", "contains": {"const": 5}, "items": {"type": "integer"}},
    {"type": ["null", "string"]},
    {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 3, "additionalProperties": {"type": "string"}},
    {"type": "object", "propertyNames": {"pattern": "^x-"}, "minProperties": 1},
    {"type": "object", "patternProperties": {"^n\\d$": {"type": "null"}}, "minProperties": 2},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"const": 4}}}]},
    {"allOf": [{"type": "number", "minimum": 2}, {"type": "integer", "maximum": 3}]},
    {"oneOf": [{"type": "integer"}, {"type": "number", "multipleOf": 0.5}]},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}},
    {"anyOf": [False, {"type": "string"}]},
    {"properties": {"k": {"enum": ["a"]}}, "if": {"required": ["k"]}, "then": {"required": ["z"]}},
]


@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_keywords(schema: Any, seed: int) -> None:
    value = sample(schema, seed=seed)
    jsonschema.Draft202012Validator(schema).validate(value)
    assert sample(copy.deepcopy(schema), seed=seed) == value


def test_the_documents_own_values_come_first() -> None:
    schema = {
        "type": "string",
        "example": "e",
        "examples": ["f"],
        "default": "d",
        "enum": list("xefd"),
    }
    assert sample(schema) == "e"
    del schema["example"]
    assert sample(schema) == "f"
    del schema["examples"]
    assert sample(schema) == "d"
    del schema["default"]
    assert sample(schema) == "x"


def test_an_example_that_is_not_valid_is_passed_over() -> None:
    assert sample({"type": "integer", "example": "ten", "minimum": 4}) == 4
    assert sample({"type": "array", "items": {"type": "string"}, "example": "a"}) == ["string"]


def test_a_sample_is_a_value_of_its_own() -> None:
    schema = {"type": "object", "example": {"a": [1]}}
    sample(schema)["a"].append(2)
    assert schema["example"] == {"a": [1]}


def test_seeds_differ() -> None:
    schema = {"enum": list(range(50))}
    assert len({sample(schema, seed=seed) for seed in range(8)}) > 3


def test_recursion_ends_where_it_may() -> None:
    tree = {
        "type": "object",
        "required": ["children"],
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            "parent": {"$ref": "#/components/schemas/Tree"},
            "next": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}]},
        },
    }
    value = sample({"$ref": "#/components/schemas/Tree"}, schemas={"Tree": tree})
    assert value == {"children": [], "next": None}


def test_recursion_without_an_end_is_given_up() -> None:
    schemas = {
        "A": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}},
        "C": {"$ref": "#/components/schemas/C"},
    }  # fmt: skip
    assert sample({"$ref": "#/components/schemas/A"}, schemas=schemas) is None
    sample({"$ref": "#/components/schemas/C"}, schemas=schemas)


def test_wide_and_deep_schemas_take_bounded_work() -> None:
    # Every level doubles: 2**40 nodes if all were made.
    schemas: dict[str, Any] = {"L40": {"type": "string"}}
    for level in range(40):
        reference = {"$ref": f"#/components/schemas/L{level + 1}"}
        properties = {"left": reference, "right": reference}
        schemas[f"L{level}"] = {"type": "object", "properties": properties}
    assert sample({"$ref": "#/components/schemas/L0"}, schemas=schemas).keys() == {"left", "right"}


def test_write_only_properties_are_not_answered() -> None:
    schema = {
        "type": "object",
        "required": ["password"],
        "properties": {
            "id": {"readOnly": True, "type": "integer"},
            "password": {"writeOnly": True},
        },
    }
    references = References({})
    assert Sampler(references, "response").sample(schema) == {"id": 1}
    assert "id" not in Sampler(references, "request").sample(schema)


def test_a_discriminator_names_the_branch() -> None:
    schemas = {
        name: {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, name: {"type": "integer"}}}
        for name in ("Cat", "Dog")
    }  # fmt: skip
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"meow": "#/components/schemas/Cat"}},
    }
    assert sample(union, schemas=schemas)["kind"] == "meow"


def test_an_example_is_mended_not_dropped() -> None:
    schema = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
    }
    sampler = Sampler(References({}))
    assert sampler.mend({"name": "Rex", "id": "7"}, schema) == {"name": "Rex", "id": 1}
    assert sampler.mend({"name": "Rex"}, schema) == {"name": "Rex", "id": 1}
    assert sampler.mend([1], schema) == {"id": 1, "name": "string"}


def test_patterns_beyond_the_grammar_are_declined() -> None:
    assert sample_pattern(r"^\p{L}+$") is None
    assert sample_pattern("(") is None
    assert sample_pattern("^a{3}$", min_length=4) is None


@pytest.mark.parametrize(
    ("value", "schema", "pointer"),
    [
        ({"a": {"b": ["x", 1]}}, {"properties": {"a": {"properties": {"b": {"items": {"type": "string"}}}}}}, "/a/b/1"),
        ({}, {"required": ["a/b"]}, "/a~1b"),
        ({"x": 1}, {"additionalProperties": False}, "/x"),
        (True, {"type": "integer"}, ""),
        (True, {"enum": [1]}, ""),
        (0.35, {"multipleOf": 0.1}, ""),
        ([1, 1.0], {"uniqueItems": True}, ""),
        (5, {"exclusiveMinimum": True, "minimum": 5}, ""),
        ("2024-02-30", {"format": "date"}, ""),
        ({"a": 1, "b": 2}, {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, "/b"),
    ],
    ids=str,
)  # fmt: skip
def test_violations_are_located(value: Any, schema: Any, pointer: str) -> None:
    found = SchemaRules(References({}), "request").violations(value, schema)
    assert [violation.pointer for violation in found] == [pointer]


def test_what_is_valid_is_accepted() -> None:
    rules = SchemaRules(References({}), "request")
    assert rules.accepts(0.3, {"multipleOf": 0.1})
    assert rules.accepts(1.0, {"type": "integer"})
    assert rules.accepts(None, {"type": "string", "nullable": True})
    assert rules.accepts({"id": 1}, {"required": ["at"], "properties": {"at": {"readOnly": True}}})
    assert rules.accepts("é", {"pattern": "\\p{L}"})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "array", "enum": ["a", "b"], "items": {"type": "string"}}, ["a"]),
        ({"anyOf": [{"nullable": True}, {"type": "string"}]}, "string"),
        (
            {"type": "string", "format": "date-time", "minLength": 25, "maxLength": 25},
            "2024-01-01T09:00:00+00:00",
        ),
        ({"type": "string", "format": "date", "minLength": 12}, "2024-01-01"),
        (
            {
                "properties": {"a": {"type": "string"}},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
            {"a": "string"},
        ),
        ({"items": {"type": "string"}, "example": "not a list"}, ["string"]),
        ({"properties": {"a": {"type": "boolean"}}, "example": "not an object"}, {"a": True}),
    ],
)  # fmt: skip
def test_what_documents_mean(schema: Any, expected: Any) -> None:
    assert sample(schema) == expected
