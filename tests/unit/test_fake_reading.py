"""How the fake server reads forms, multipart bodies and parameters, and tells operations apart."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.bodies import build_body
from sdkpress.runtime.operation import Content, Property
from sdkpress.runtime.testing.bodies import read_body
from sdkpress.runtime.testing.exchanges import ReceivedRequest
from sdkpress.runtime.testing.json_schema import SchemaRules
from sdkpress.runtime.testing.parameters import ParameterReader
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.routing import Router

NOTHING = References({})
NUMBERS = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "price": {"type": "integer"}},
        },
        {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "sizes": {"items": {"type": "number"}}},
        },
    ]
}


def sent(kind: Any, value: dict[str, Any], schema: Any, **encoding: Property) -> Any:
    """What the fake server reads of a body that the client writes."""
    media_type = {"form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data"}
    body = build_body(Content(kind, media_type[kind], encoding), value, None)
    return read_body(b"".join(body.blocks()), body.content_type or "", schema, NOTHING)


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_members_of_alternatives_have_their_types(kind: str) -> None:
    value = {"kind": "x", "price": 3, "sizes": [1, 2.5]}
    assert sent(kind, value, NUMBERS) == value


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_brackets_of_nested_objects_and_arrays(kind: str) -> None:
    schema = {
        "properties": {
            "deep": {
                "properties": {
                    "a": {"type": "integer"},
                    "list": {"type": "array", "items": {"properties": {"b": {"type": "boolean"}}}},
                }
            },
            "items": {"type": "array", "items": {"type": "integer"}},
        }
    }
    value = {"deep": {"a": 1, "list": [{"b": True}, {"b": False}]}, "items": [1, 2]}
    rule = Property(style="deepObject", explode=True)
    assert sent(kind, value, schema, deep=rule, items=rule) == value


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_a_declared_name_may_have_brackets(kind: str) -> None:
    schema = {
        "properties": {
            "track[title]": {"type": "string"},
            "ids[]": {"type": "array", "items": {"type": "integer"}},
        }
    }
    value = {"track[title]": "One", "ids[]": [1, 2]}
    assert sent(kind, value, schema) == value


def test_a_form_without_fields() -> None:
    assert sent("multipart", {}, {}) == {}


def test_a_file_or_its_address() -> None:
    schema = {
        "oneOf": [{"type": "string", "format": "binary"}, {"type": "string", "format": "uri"}]
    }
    rules = SchemaRules(NOTHING, "request")
    assert not list(rules.violations(b"bytes", schema))
    assert not list(rules.violations("https://example.com/a.wav", schema))


def test_a_required_property_that_is_declared_nowhere_is_not_missed() -> None:
    schema = {"properties": {"url": {}}, "required": ["uri"]}
    assert not list(SchemaRules(NOTHING, "request").violations({}, schema))
    assert list(SchemaRules(NOTHING, "response").violations({}, schema))


def test_operations_of_one_address_are_told_apart() -> None:
    def operation(name: str, place: str, value: str) -> dict[str, Any]:
        schema = {"type": "string", "enum": [value]}
        return {
            "operationId": value,
            "parameters": [{"name": name, "in": place, "required": True, "schema": schema}],
        }

    router = Router(
        References(
            {
                "paths": {
                    "/#Target=Open": {"post": operation("X-Target", "header", "Open")},
                    "/#Target=Close": {"post": operation("X-Target", "header", "Close")},
                    "/rpc?action=list": {"get": {"operationId": "list"}},
                    "/rpc?action=show": {"get": {"operationId": "show"}},
                    "/files/{+path}{?page}": {"get": {"operationId": "file"}},
                }
            }
        )
    )

    def found(method: str, path: str, query: str = "", *headers: tuple[str, str]) -> str:
        request = ReceivedRequest(method, path, query, headers)
        operation = router.find(method, path, request).operation
        return operation.operation_id if operation else ""

    assert found("POST", "/", "", ("x-target", "Close")) == "Close"
    assert found("POST", "/", "", ("x-target", "Open")) == "Open"
    assert found("GET", "/rpc", "action=show&page=1") == "show"
    assert found("GET", "/rpc", "action=list") == "list"
    assert found("GET", "/files/a") == "file"
    assert dict(router.find("GET", "/files/a").parameters) == {"path": "a"}


def test_deep_objects_in_a_query() -> None:
    schema = {
        "properties": {
            "size": {"properties": {"min": {"type": "integer"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
        }
    }
    parameter = {
        "name": "f",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "schema": schema,
    }
    query = "f%5Bsize%5D%5Bmin%5D=3&f%5Btags%5D%5B0%5D=x&f%5Btags%5D%5B1%5D=y"
    [value] = ParameterReader(NOTHING).read(ReceivedRequest("GET", "/", query), [parameter])
    assert value.value == {"size": {"min": 3}, "tags": ["x", "y"]}
