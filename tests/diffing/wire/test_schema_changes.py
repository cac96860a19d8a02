"""What is found between two schemas, by small pairs of them in all places where one can stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.diffing.wire import wire_changes
from sdkpress.diffing.wire.schema_ids import schema_ids
from sdkpress.document import Document

TABLE = Path(__file__).with_name("schema_changes.yaml")
CASES: list[dict[str, Any]] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
TODAY = date(2030, 1, 1)

COMPONENTS = {
    "Cat": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
    },
    "AlsoCat": {"$ref": "#/components/schemas/Cat"},
    "Dog": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "dog"}}},
    "Named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
}
PLACES = {
    # path: the start of ids of what stands there, and of what stands in it
    "/asked": ("request-body", "request-property"),
    "/asked-inside": ("request-property", "request-property"),
    "/answered": ("response-body", "response-property"),
    "/answered-inside": ("response-property", "response-property"),
    "/parameter": ("request-parameter", "request-parameter-property"),
    "/parameter-inside": ("request-parameter-property", "request-parameter-property"),
    "/header": ("response-header", "response-header-property"),
    "/header-inside": ("response-header-property", "response-header-property"),
    # A header of a request, for what only this place has.
    "/asked-header": ("request-parameter", "request-parameter-property"),
}


COMMON = [path for path in PLACES if path != "/asked-header"]
BODIES = [path for path in COMMON if path.startswith(("/asked", "/answered"))]


def _document(schema: Any, stability: str, version: str = "3.1.0") -> Document:
    inside = {"type": "object", "properties": {"p": schema}}

    def operation(**parts: Any) -> dict[str, Any]:
        level = {"x-stability-level": stability} if stability else {}
        return {"post": {"responses": {"200": {"description": "d"}}, **level, **parts}}

    def content(of: Any) -> dict[str, Any]:
        return {"content": {"application/json": {"schema": of}}, "description": "d"}

    def parameter(of: Any, where: str = "query") -> list[dict[str, Any]]:
        return [{"name": "q", "in": where, "schema": of}]

    def header(of: Any) -> dict[str, Any]:
        return {"description": "d", "headers": {"H": {"required": True, "schema": of}}}

    paths = {
        "/asked": operation(requestBody=content(schema)),
        "/asked-inside": operation(requestBody=content(inside)),
        "/answered": operation(responses={"200": content(schema)}),
        "/answered-inside": operation(responses={"200": content(inside)}),
        "/parameter": operation(parameters=parameter(schema)),
        "/parameter-inside": operation(parameters=parameter(inside)),
        "/header": operation(responses={"200": header(schema)}),
        "/header-inside": operation(responses={"200": header(inside)}),
        "/asked-header": operation(parameters=parameter(schema, "header")),
    }
    tree = {
        "openapi": version,
        "info": {"title": "T", "version": "one"},
        "paths": paths,
        "components": {"schemas": COMPONENTS},
    }
    return Document("spec.json", json.loads(json.dumps(tree)))


def _found(old: Document, new: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {path: [] for path in PLACES}
    for change in wire_changes(old, new, today=TODAY):
        for operation in change.operations:
            if operation.startswith("POST"):
                found[operation.removeprefix("POST ")].append(change.id)
    return {path: sorted(set(ids)) for path, ids in found.items()}


def _expected(words: list[str], path: str) -> list[str]:
    def whole(word: str) -> str:
        if word in schema_ids():
            return word
        start = PLACES[path][1 if word.startswith("/") else 0]
        return f"{start}-{word.removeprefix('/')}"

    special = {"response-body-enum-value-removed": "response-mediatype-enum-value-removed"}
    return sorted(special.get(whole(word), whole(word)) for word in words)


def _tries(case: dict[str, Any]) -> Iterator[tuple[str, bool, list[str]]]:
    for path in PLACES:
        if path not in case.get("places", COMMON if not case.get("bodies") else BODIES):
            continue
        is_answer = path.startswith(("/answered", "/header"))
        found = case.get("answer", case["found"]) if is_answer else case["found"]
        back = case.get("answer_back", case["back"]) if is_answer else case["back"]
        yield path, False, found
        yield path, True, back


def _name(case: dict[str, Any]) -> str:
    return case.get("about") or " ".join(case["found"]) or "compatible"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_is_found_is_what_the_table_says(case: dict[str, Any]) -> None:
    stability = case.get("stability", "stable")
    old, new = _document(case["old"], stability), _document(case["new"], stability)
    forward, back = _found(old, new), _found(new, old)
    told = {
        (path, is_back): (back if is_back else forward)[path] for path, is_back, _ in _tries(case)
    }
    assert told == {
        (path, is_back): _expected(words, path) for path, is_back, words in _tries(case)
    }


def test_the_tables_have_every_id() -> None:
    listed = {
        id_ for case in CASES for path, _, words in _tries(case) for id_ in _expected(words, path)
    }
    assert set(schema_ids()) - listed == set()


@pytest.mark.parametrize("name", ["default", "200"])
def test_what_changed_behind_a_reference_is_found_wherever_it_is_used(name: str) -> None:
    def document(kind: str) -> Document:
        content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
        properties = {"example": {"$ref": "#/components/schemas/B"}}
        schemas = {"A": {"type": "object", "properties": properties}, "B": {"type": kind}}
        tree = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "one"},
            "paths": {"/a": {"get": {"responses": {name: {"description": "d", **content}}}}},
            "components": {"schemas": schemas},
        }
        return Document("spec.json", tree)

    found = {change.id for change in wire_changes(document("string"), document("integer"))}
    assert "response-property-type-changed" in found


def test_a_change_that_many_operations_share_is_told_once() -> None:
    def document(kind: str) -> Document:
        reference = {"schema": {"$ref": "#/components/schemas/Tree"}}
        answer = {"200": {"description": "d", "content": {"application/json": reference}}}
        properties = {"child": {"$ref": "#/components/schemas/Tree"}, "v": {"type": kind}}
        tree = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "one"},
            "paths": {f"/{name}": {"get": {"responses": answer}} for name in "cab"},
            "components": {"schemas": {"Tree": {"type": "object", "properties": properties}}},
        }
        return Document("spec.json", tree)

    changes = wire_changes(document("string"), document("integer"))
    [change] = [change for change in changes if change.id != "api-version-not-bumped"]
    assert change.subject == "GET /c and 2 other operations"
    assert change.operations == ("GET /a", "GET /b", "GET /c")
    assert change.message == "`v` of answer 200 changed its type from `string` to `integer`"
    assert change.old and change.new
    assert change.old.pointer == "/components/schemas/Tree/properties/v/type" == change.new.pointer


def test_alternatives_that_lead_back_to_their_schema_end() -> None:
    """Each alternative is put together with the schema that lists it, as generators of documents
    write inheritance."""

    def document(kind: str) -> Document:
        names = [f"Item{number}" for number in range(6)]
        references = [{"$ref": f"#/components/schemas/{name}"} for name in names]
        schemas: dict[str, Any] = {"Base": {"type": "object", "oneOf": references}}
        for name in names:
            own = {"type": "object", "properties": {name: {"type": kind}}}
            schemas[name] = {"allOf": [{"$ref": "#/components/schemas/Base"}, own]}
        reference = {"schema": {"$ref": "#/components/schemas/Base"}}
        answer = {"200": {"description": "d", "content": {"application/json": reference}}}
        tree = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "one"},
            "paths": {"/a": {"get": {"responses": answer}}},
            "components": {"schemas": schemas},
        }
        return Document("spec.json", tree)

    changes = wire_changes(document("string"), document("integer"))
    found = [change for change in changes if change.id != "api-version-not-bumped"]
    assert {change.id for change in found} == {"response-property-type-changed"}
    assert len(found) == 6


def test_a_circle_of_references_and_deep_schemas_end() -> None:
    def document(kind: str) -> Document:
        schemas: dict[str, Any] = {
            "A": {"$ref": "#/components/schemas/B"},
            "B": {"$ref": "#/components/schemas/A"},
        }
        deep: dict[str, Any] = {"type": kind}
        for number in range(60):
            keyword = ("items", "not", "additionalProperties")[number % 3]
            deep = {"type": "array" if keyword == "items" else "object", keyword: deep}
        for number in range(1_500):
            schemas[f"S{number}"] = {"allOf": [{"$ref": f"#/components/schemas/S{number + 1}"}]}
        schemas["S1500"] = {"anyOf": [{"$ref": "#/components/schemas/A"}, deep, {"type": kind}]}
        reference = {"schema": {"$ref": "#/components/schemas/S0"}}
        answer = {"200": {"description": "d", "content": {"application/json": reference}}}
        tree = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "one"},
            "paths": {"/a": {"get": {"responses": answer}}},
            "components": {"schemas": schemas},
        }
        return Document("spec.json", tree)

    assert wire_changes(document("string"), document("integer"))
