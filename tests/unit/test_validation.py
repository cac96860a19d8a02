"""Validation: what is legal passes silently, what is not is reported, placed and set aside."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdkpress import validation
from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.document import Document, parse_file
from sdkpress.validation import validate

HEAD = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\n"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def document(text: str) -> Document:
    source = parse_file(text.encode(), "spec.yaml", Diagnostics())
    return Document("spec.yaml", source.tree, source.digest, base=source)


def checked(text: str) -> tuple[Document, list[tuple[str, int, str]]]:
    """The document after validation, and (pointer, line, message) of each finding."""
    diagnostics = Diagnostics()
    given = document(text)
    before = copy.deepcopy(given.tree)
    result = validate(given, diagnostics)
    assert given.tree == before, "the input was changed"
    assert {item.id for item in diagnostics.items} <= {"invalid-node"}
    found: list[tuple[str, int, str]] = []
    for item in diagnostics.items:
        assert item.location is not None
        found.append((item.location.pointer, item.location.line, item.message))
    assert (result is given) == (result.tree == given.tree)
    return result, found


def schema(text: str) -> str:
    return f"{HEAD}components:\n  schemas:\n    A: {text}\n"


LEGAL = {
    "no paths": "",
    "two-part version": "",
    "no responses": "paths: {/a: {get: {operationId: a}}}",
    "no description": "paths: {/a: {get: {responses: {'200': {}}}}}",
    "boolean schemas": "components: {schemas: {A: true, B: {properties: {c: false}, items: true}}}",
    "object const": "components: {schemas: {A: {const: {a: 1}}, B: {const: [1]}}}",
    "null fields": "components: {schemas: {A: {allOf: null, properties: {a: null}}}}\n"
    "paths: {/a: null, /b: {get: {tags: null, responses: {'200': null, '201': "
    "{content: {application/json: null}}}}}}",
    "extensions": "paths: {x-a: 1, /a: {get: {responses: {x-b: text, '200': {description: d}}, "
    "callbacks: {c: {x-d: [1]}}}}}",
    "callback by reference": "paths: {/a: {get: {responses: {}, callbacks: "
    "{c: {$ref: '#/components/callbacks/C'}}}}}",
    "querystring": "paths: {/a: {get: {parameters: [{name: q, in: querystring, content: "
    "{application/json: {}}}], responses: {}}}}",
    "item schema": "paths: {/a: {get: {responses: {'200': {description: d, content: "
    "{text/event-stream: {itemSchema: {$ref: '#/x'}}}}}}}}",
    "query method": "paths: {/a: {query: {responses: {}}, additionalOperations: {LINK: {}}}}",
    "scopes left empty": "security: [{key: null}]",
    "webhooks": "webhooks: {w: {post: {requestBody: {content: {}}}}}",
}


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.1", "3.2.0", "3.2"])
def test_legal_documents_pass_unchanged(text: str, version: str) -> None:
    head = f"openapi: '{version}'\ninfo: {{title: T, version: '1'}}\n"
    given = document(head + text)
    diagnostics = Diagnostics()
    assert validate(given, diagnostics) is given
    assert diagnostics.items == ()


SCHEMAS: list[tuple[str, Any, str, str]] = [
    ("text", {}, "", "This schema is not valid: it must be an object, not \"text\"; it allows any value now."),
    ("{type: strnig, title: t}", {"title": "t"}, "/type", "not \"strnig\"; `type` is set aside."),
    ("{type: [string, strnig]}", {}, "/type/1", "not \"strnig\"; `type` is set aside."),
    ("{type: [string, null]}", {"type": ["string", "null"]}, "/type/1", "it is read as \"null\"."),
    ("{required: x, type: string}", {"type": "string"}, "/required", "`required` must be an array, not \"x\""),
    ("{required: [a, [b], c]}", {"required": ["a", "c"]}, "/required/1", "`required/1` must be a string"),
    ("{maxLength: x}", {}, "/maxLength", "`maxLength` must be an integer, not \"x\""),
    ("{minLength: -1}", {}, "/minLength", "greater than or equal to 0, not -1"),
    ("{multipleOf: 0}", {}, "/multipleOf", "greater than 0, not 0"),
    ("{enum: []}", {}, "/enum", "a list that is not empty"),
    ("{properties: [a]}", {}, "/properties", "`properties` must be an object"),
    ("{properties: {a: 1, b: {}}}", {"properties": {"a": {}, "b": {}}}, "/properties/a", "any value"),
    ("{items: 3}", {"items": {}}, "/items", "This schema is not valid"),
    ("{allOf: [{}, 3]}", {"allOf": [{}, {}]}, "/allOf/1", "This schema is not valid"),
    ("{additionalProperties: x}", {"additionalProperties": {}}, "/additionalProperties", "a boolean or an object, not \"x\""),
    (
        "{additionalProperties: {properties: {other: {type: x}}}}",
        {"additionalProperties": {"properties": {"other": {}}}},
        "/additionalProperties/properties/other/type",
        "`type` must be",
    ),
    ("{discriminator: kind}", {}, "/discriminator", "This discriminator is not valid"),
    ("{discriminator: {mapping: {}}}", {}, "/discriminator", "`propertyName` is missing"),
    ("{title: 3}", {"title": "3"}, "/title", "it is read as \"3\""),
    ("{$ref: [1]}", {}, "/$ref", "`$ref` must be a string"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "left", "pointer", "message"), SCHEMAS)
def test_bad_schemas(text: str, left: Any, pointer: str, message: str) -> None:
    result, found = checked(schema(text))
    assert result.tree["components"]["schemas"]["A"] == left
    assert [(item[0], item[1]) for item in found] == [(f"/components/schemas/A{pointer}", 5)]
    assert message in found[0][2]


def operation(text: str) -> str:
    return f"{HEAD}paths:\n  /a:\n    get: {text}\n    post: {{operationId: other}}\n"


OPERATIONS: list[tuple[str, Any, str, str]] = [
    ("text", {"responses": {}}, "", "This operation is not valid"),
    ("[1]", {"responses": {}}, "", "it is kept without parameters, body and responses"),
    (
        "{parameters: [{name: a, in: query}, {name: b, in: body}, 3, {in: query}, {name: c, in: path}]}",
        {"parameters": [{"name": "a", "in": "query"}, {"name": "c", "in": "path"}]},
        "/parameters/1/in /parameters/2 /parameters/3",
        "one of 'query', 'path', 'header' or 'cookie', not \"body\"; it is set aside",
    ),
    ("{parameters: x, summary: s}", {"summary": "s"}, "/parameters", "`parameters` must be an array"),
    (
        "{responses: {'200': text, '400': {description: d}}}",
        {"responses": {"200": {"description": ""}, "400": {"description": "d"}}},
        "/responses/200",
        "it is kept without content",
    ),
    (
        "{responses: {'200': {description: d, headers: {A: 1, B: {}}}}}",
        {"responses": {"200": {"description": "d", "headers": {"B": {}}}}},
        "/responses/200/headers/A",
        "This header is not valid",
    ),
    (
        "{responses: {'200': {description: d, content: {a/b: 1}}}}",
        {"responses": {"200": {"description": "d", "content": {"a/b": {}}}}},
        "/responses/200/content/a~1b",
        "its type is left open",
    ),
    ("{responses: []}", {"responses": {}}, "/responses", "set of responses"),
    ("{requestBody: {}}", {"requestBody": {}}, "/requestBody", "A request body needs `content`"),
    ("{requestBody: 1}", {}, "/requestBody", "This request body is not valid"),
    ("{tags: [a, [b]]}", {"tags": ["a"]}, "/tags/1", "`tags/1` must be a string"),
    ("{security: [{a: 3}]}", {"security": [{"a": []}]}, "/security/0/a", "it counts as []"),
    ("{operationId: {a: 1}}", {}, "/operationId", "`operationId` must be a string"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "left", "pointers", "message"), OPERATIONS)
def test_bad_operations_are_kept(text: str, left: Any, pointers: str, message: str) -> None:
    result, found = checked(operation(text))
    assert result.tree["paths"]["/a"]["get"] == left
    assert result.tree["paths"]["/a"]["post"] == {"operationId": "other"}
    assert [item[0] for item in found] == [
        f"/paths/~1a/get{pointer}" for pointer in (pointers.split(" ") if pointers else [""])
    ]
    assert message in found[0][2]


def test_other_places() -> None:
    result, found = checked(
        "openapi: 3.1.0\ninfo: {title: 1.5}\nservers: [{}, {url: /v1}]\n"
        "paths: {/a: text, /b: {parameters: [1], get: {}}}\n"
        "components:\n  securitySchemes:\n    a: {}\n    b: {type: http, scheme: bearer}\n"
        "    c: {type: oauth2, flows: {clientCredentials: {tokenUrl: /t}}}\n"
    )
    assert result.tree == {
        "openapi": "3.1.0",
        "info": {"title": "1.5"},
        "servers": [{"url": "/v1"}],
        "paths": {"/b": {"parameters": [], "get": {}}},
        "components": {
            "securitySchemes": {
                "b": {"type": "http", "scheme": "bearer"},
                "c": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t"}}},
            }
        },
    }
    assert sorted(message for _, _, message in found) == sorted(
        [
            '`title` must be a string, not 1.5; it is read as "1.5".',
            "An info object needs `version`, which is missing.",
            "This server is not valid: `url` is missing; it is set aside.",
            'This path item is not valid: it must be an object, not "text"; it is set aside.',
            "This parameter is not valid: it must be an object, not 1; it is set aside.",
            "This security scheme is not valid: `type` is missing; it is set aside.",
            "An OAuth flow needs `scopes`, which is missing.",
        ]
    )


def test_places_of_what_follows_a_removed_item() -> None:
    result, _ = checked(
        HEAD
        + "paths:\n  /a:\n    get:\n      parameters:\n"
        + "        - {name: a, in: body}\n        - {name: b, in: query}\n"
    )
    location = result.locate("/paths/~1a/get/parameters/0/name")
    assert (location.file, location.line, location.column) == ("spec.yaml", 8, 12)
    assert "name: b" in result.excerpt(location)[-1]


def test_a_set_aside_node_hides_nothing_beside_it() -> None:
    """What a first round hides (a parameter without a name has a bad schema too) comes later."""
    _, found = checked(
        HEAD
        + "paths: {/a: {get: {responses: {}, parameters: [{in: query, schema: {type: x}}]}}}\n"
        + "components: {schemas: {A: {items: {type: y}}}}\n"
    )
    assert [pointer for pointer, _, _ in found] == [
        "/paths/~1a/get/parameters/0",
        "/paths/~1a/get/parameters/0/schema/type",
        "/components/schemas/A/items/type",
    ]


def test_messages_have_no_addresses_and_are_bounded() -> None:
    _, found = checked(schema(f"{{type: {'x' * 5000}, pattern: [1], maximum: {{a: 1}}}}"))
    assert len(found) == 3
    for _, _, message in found:
        assert " at 0x" not in message
        assert len(message) < 250


def test_very_many_invalid_nodes_are_counted() -> None:
    parts = "".join(f"    A{n}: text\n" for n in range(600))
    diagnostics = Diagnostics()
    result = validate(document(f"{HEAD}components:\n  schemas:\n{parts}"), diagnostics)
    assert set(map(str, result.tree["components"]["schemas"].values())) == {"{}"}
    ids = [item.id for item in diagnostics.items]
    assert ids.count("invalid-node") == 500
    (last,) = [item for item in diagnostics.items if item.id == "validation-incomplete"]
    assert "100 more" in last.message


def test_a_failure_of_the_model_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(tree: object) -> list[object]:
        raise AttributeError("<some.UntrustedString object at 0x7f1234> is no more")

    monkeypatch.setattr(validation, "_check", fail)
    given = document(HEAD)
    diagnostics = Diagnostics()
    assert validate(given, diagnostics) is given
    (item,) = diagnostics.items
    assert item.id == "validation-unavailable"
    assert "0x7f" not in item.message


def test_the_library_is_imported_late() -> None:
    code = "import sys, sdkpress.validation; print('openapi_python_client' in sys.modules)"
    generator = Path(validation.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(generator)},
    )
    assert done.stdout == "False\n"


# --- real documents -------------------------------------------------------------------------------


def operations(tree: dict[str, Any]) -> list[tuple[str, str]]:
    paths = tree.get("paths")
    return [
        (path, method)
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        if isinstance(item, dict)
        for method in item
        if method in METHODS
    ]


@pytest.mark.shared
def test_real_documents_are_valid(shared: Path) -> None:
    files = sorted(path for path in (shared / "specs" / "real").glob("*.*"))
    assert files
    for path in files:
        given = load_document(path, Diagnostics(), display=path.name)
        diagnostics = Diagnostics()
        assert validate(given, diagnostics) is given, path.name
        assert diagnostics.items == (), path.name


@pytest.mark.shared
@pytest.mark.slow
def test_no_operation_of_the_peers_fixtures_is_lost(shared: Path) -> None:
    index = (shared / "specs" / "INDEX.tsv").read_text("utf-8").splitlines()
    files = [line.partition("\t")[0] for line in index if line.startswith("peers/")]
    assert len(files) > 1_000
    seen = 0
    for name in files:
        try:
            given = load_document(shared / "specs" / name, Diagnostics(), display=name)
        except SdkpressError:
            continue
        diagnostics = Diagnostics()
        result = validate(given, diagnostics)
        assert {item.id for item in diagnostics.items} <= {"invalid-node"}, name
        assert operations(result.tree) == operations(given.tree), name
        again = Diagnostics()
        validate(result, again)
        assert len(again.items) <= len(diagnostics.items), name
        seen += 1
    assert seen > 1_000
