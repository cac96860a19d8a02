"""What documents say to other generators: lowering/foreign/, naming/suggestions.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, Location
from sdkpress.inspecting import inspect_json
from sdkpress.lowering.foreign.table import READ
from sdkpress.model import Api, ObjectSchema, Operation
from sdkpress.naming import Names, PinnedNames, Place
from sdkpress.naming.lock import read_lock, write_lock
from sdkpress.pipeline import analyse, build
from tests.conftest import REPOSITORY

PETS = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - &from {name: from, in: query, schema: {type: string}}
        - {name: count, in: query, schema: {type: integer}}
        - {name: Pet-Key, in: header, schema: {type: string}}
      responses: {"200": {description: Ok., content: {application/json: {schema: {type: object, properties: {
        rows: {type: array, items: {$ref: "#/components/schemas/Pet"}},
        extra: {type: array, items: {type: string}},
        meta: {type: object, properties: {after: {type: string}, pages: {type: integer}, more: {type: boolean}}}}}}}}}
    post:
      operationId: addPet
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
      responses: {"200": {description: Ok., content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}
  /pets/talk:
    post:
      operationId: talk
      requestBody: {content: {application/json: {schema: {type: object, properties: {live: {type: boolean}}}}}}
      responses: {"200": {description: Ok., content: {text/event-stream: {schema: {type: string}}}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: string}, owner: {type: object, properties: {id: {type: string}}}}}
"""
LIST, ADD, TALK = "/paths/~1pets/get", "/paths/~1pets/post", "/paths/~1pets~1talk/post"
PET = "/components/schemas/Pet"
ANSWER = f"{LIST}/responses/200/content/application~1json/schema/properties"


@dataclass(frozen=True)
class Read:
    api: Api
    names: Names
    said: list[str]
    places: dict[str, Location]

    def operation(self, id: str) -> Operation:
        return next(item for item in self.api.operations if item.operation_id == id)

    def called(self, id: str) -> str:
        operation = self.operation(id)
        return self.names.operations[f"{operation.method} {operation.path}"].dotted()


def read(
    folder: Path,
    edits: dict[str, object],
    text: str = PETS,
    pinned: PinnedNames | None = None,
    names: dict[str, str] | None = None,
) -> Read:
    """The document with values set at JSON pointers, as far as names and views."""
    tree: dict[str, Any] = yaml.safe_load(text)
    for pointer, value in edits.items():
        *parents, last = (
            part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
        )
        node: Any = tree
        for part in parents:
            node = node[int(part) if len(part) == 1 and part.isdigit() else part]
        node[last] = value
    spec = folder / "pets.yaml"
    spec.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    diagnostics = Diagnostics()
    config = config_from_options(spec=spec, out=folder / "out", title="Pets", name="pets")
    config = replace(config, names=names or {})
    done = analyse(config, diagnostics, pinned=pinned, has_testing=False)
    return Read(
        done.api,
        done.names,
        [f"{item.id}: {item.message}" for item in diagnostics.items],
        {item.id: item.location for item in diagnostics.items if item.location is not None},
    )


def pages(found: Read) -> dict[str, Any]:
    pagination = found.operation("listPets").pagination
    assert pagination is not None
    return {
        "style": pagination.style, "parameter": pagination.parameter, "items": pagination.items,
        "next": pagination.next, "last": pagination.last_item, "more": pagination.has_more,
        "pages": pagination.total_pages, "first": pagination.first, "size": pagination.size,
    }  # fmt: skip


def attributes(found: Read) -> tuple[str, ...]:
    return next(
        found.names.properties[id]
        for id, schema in found.api.schemas.items()
        if isinstance(schema, ObjectSchema) and id == PET
    )


def argument(found: Read, wire: str) -> str:
    return next(
        item.docs.name for item in found.operation("listPets").parameters if item.name == wire
    )


def deprecation(found: Read) -> tuple[bool, str]:
    docs = found.operation("addPet").docs
    return docs.deprecated, docs.deprecation


def stream(found: Read) -> tuple[str, str]:
    told = found.operation("talk").stream
    assert told is not None
    return told.terminator, told.condition


CURSOR = {
    "cursor": "$request.from",
    "next_cursor": "$response.meta.after",
    "results": "$response.rows",
}
PURPOSE = "x-stainless-pagination-property"
CASES: dict[str, tuple[dict[str, object], Callable[[Read], object], object]] = {
    "x-fern-sdk-group-name": (
        {f"{LIST}/x-fern-sdk-group-name": ["api-gateway", "userPets"]},
        lambda found: found.called("listPets"),
        "api_gateway.user_pets.list",
    ),
    "x-fern-sdk-method-name": (
        {f"{LIST}/x-fern-sdk-method-name": "listAll"},
        lambda found: found.called("listPets"),
        "pets.list_all",
    ),
    "x-fern-type-name": (
        {f"{PET}/x-fern-type-name": "animal", f"{PET}/properties/owner/x-fern-type-name": "Keeper"},
        lambda found: sorted(found.names.schemas.values())[:2],
        ["Animal", "Keeper"],
    ),
    "x-fern-property-name": (
        {f"{PET}/properties/name/x-fern-property-name": "calledBy"},
        attributes,
        ("called_by", "owner"),
    ),
    "x-fern-parameter-name": (
        {f"{LIST}/parameters/2/x-fern-parameter-name": "key"},
        lambda found: argument(found, "Pet-Key"),
        "key",
    ),
    "x-fern-ignore": (
        {f"{ADD}/x-fern-ignore": True},
        lambda found: [item.operation_id for item in found.api.operations],
        ["listPets", "talk"],
    ),
    "x-fern-streaming": (
        {f"{TALK}/x-fern-streaming": {"format": "sse", "terminator": "<END>"}},
        stream,
        ("<END>", ""),
    ),
    "x-fern-pagination": (
        {f"{LIST}/x-fern-pagination": {**CURSOR, "has-next-page": "$response.meta.more"}},
        lambda found: {key: pages(found)[key] for key in ("style", "parameter", "next", "more")},
        {"style": "cursor", "parameter": "from", "next": ("meta", "after"), "more": ("meta", "more")},
    ),
    "x-fern-idempotent": (
        {"/x-fern-idempotency-headers": [{"header": "X-Once-Key"}], f"{ADD}/x-fern-idempotent": True},
        lambda found: [
            (item.idempotency_header, item.replay)
            for item in map(found.operation, ("addPet", "listPets"))
        ],
        [("X-Once-Key", "key"), ("", "method")],
    ),
    "x-fern-idempotency-headers": (
        {
            "/x-fern-idempotency-headers": [{"header": "Key-Expires"}, {"header": "Pet-Key"}],
            f"{LIST}/x-fern-idempotent": True,
        },
        lambda found: (
            found.operation("listPets").idempotency_header,
            [item.name for item in found.operation("listPets").parameters],
        ),
        ("Pet-Key", ["from", "count"]),
    ),
    "x-fern-availability": (
        {f"{ADD}/x-fern-availability": "deprecated"},
        deprecation,
        (True, ""),
    ),
    "x-speakeasy-group": (
        {f"{LIST}/x-speakeasy-group": "store.animals"},
        lambda found: found.called("listPets"),
        "store.animals.list",
    ),
    "x-speakeasy-name-override": (
        {
            "/x-speakeasy-name-override": [
                {"operationId": "^add.*", "methodNameOverride": "put_in"},
                {"operationId": "nothing", "methodNameOverride": "none"},
            ],
            f"{LIST}/x-speakeasy-name-override": "browse",
            f"{LIST}/parameters/0/x-speakeasy-name-override": "start",
            f"{PET}/x-speakeasy-name-override": "Animal",
            f"{PET}/properties/name/x-speakeasy-name-override": "title",
        },
        lambda found: (
            found.called("listPets"), found.called("addPet"), argument(found, "from"),
            found.names.schemas[next(id for id in found.api.schemas if id == PET)],
            attributes(found)[0],
        ),
        ("pets.browse", "pets.put_in", "start", "Animal", "title"),
    ),
    "x-speakeasy-ignore": (
        {"/paths/~1pets/x-speakeasy-ignore": True},
        lambda found: [item.operation_id for item in found.api.operations],
        ["talk"],
    ),
    "x-speakeasy-pagination": (
        {
            f"{LIST}/x-speakeasy-pagination": {
                "type": "cursor",
                "inputs": [
                    {"name": "from", "in": "parameters", "type": "cursor"},
                    {"name": "count", "in": "parameters", "type": "limit"},
                ],
                "outputs": {"nextCursor": "$.rows[(@.length-1)].owner['id']"},
            }
        },
        lambda found: {key: pages(found)[key] for key in ("style", "items", "last", "size")},
        {"style": "cursor", "items": ("rows",), "last": ("owner", "id"), "size": "count"},
    ),
    "x-speakeasy-sse-sentinel": (
        {f"{TALK}/responses/200/content/text~1event-stream/x-speakeasy-sse-sentinel": "[STOP]"},
        stream,
        ("[STOP]", ""),
    ),
    "x-speakeasy-retries": (
        {
            f"{ADD}/x-speakeasy-retries": {"strategy": "backoff", "retryConnectionErrors": True},
            f"{TALK}/x-speakeasy-retries": {"strategy": "none", "retryConnectionErrors": True},
        },
        lambda found: (found.operation("addPet").replay, found.operation("talk").replay),
        ("safe", "method"),
    ),
    "x-speakeasy-deprecation-message": (
        {f"{ADD}/x-speakeasy-deprecation-message": "Gone in May."},
        deprecation,
        (True, "Gone in May."),
    ),
    "x-speakeasy-deprecation-replacement": (
        {f"{ADD}/x-speakeasy-deprecation-replacement": "putPet"},
        deprecation,
        (True, "Use `putPet` instead."),
    ),
    "x-stainless-naming": (
        {
            f"{PET}/x-stainless-naming": {"python": {"type_name": "Animal"}, "go": {"type_name": "A"}},
            f"{PET}/properties/name/x-stainless-naming": {"python": {"property_name": "title"}},
            f"{PET}/properties/owner/x-stainless-naming": "KeeperOfPets",
        },
        lambda found: (sorted(found.names.schemas.values())[:2], attributes(found)),
        (["Animal", "KeeperOfPets"], ("title", "owner")),
    ),
    "x-stainless-param": (
        {f"{LIST}/parameters/0/schema/x-stainless-param": "start"},
        lambda found: argument(found, "from"),
        "start",
    ),
    "x-stainless-skip": (
        {f"{ADD}/x-stainless-skip": ["go", "python"], f"{TALK}/x-stainless-skip": ["go"]},
        lambda found: [item.operation_id for item in found.api.operations],
        ["listPets", "talk"],
    ),
    PURPOSE: (
        {
            f"{LIST}/parameters/0/schema/{PURPOSE}": {"purpose": "next_cursor_param"},
            f"{ANSWER}/rows/{PURPOSE}": {"purpose": "items"},
            f"{ANSWER}/meta/properties/after/{PURPOSE}": {"purpose": "next_cursor_field"},
        },
        lambda found: {key: pages(found)[key] for key in ("style", "items", "next")},
        {"style": "cursor", "items": ("rows",), "next": ("meta", "after")},
    ),
    "x-stainless-deprecation-message": (
        {f"{ADD}/x-stainless-deprecation-message": "Use the other."},
        deprecation,
        (True, "Use the other."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("extension", READ, ids=lambda row: row.name)
def test_each_extension_of_the_table_is_read(extension: Any, tmp_path: Path) -> None:
    edits, look, expected = CASES[extension.name]
    assert any(extension.name in pointer for pointer in edits)
    found = read(tmp_path, edits)
    assert look(found) == expected
    without = read(tmp_path, {at: value for at, value in edits.items() if extension.name not in at})
    try:
        other: object = look(without)
    except AssertionError:
        other = None  # no pages, no stream
    assert other != expected
    assert [text for text in found.said if text.startswith("foreign-extension")] == []


def test_the_table_has_every_extension_that_the_code_knows() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((REPOSITORY / "generator/sdkpress/lowering/foreign").glob("*.py"))
        if path.name != "table.py"
    )
    known = set(re.findall(r'"(x-(?:fern|speakeasy|stainless)-[a-z-]+)"', code))
    assert known == {row.name for row in READ} == set(CASES)
    elsewhere = [
        path.name
        for path in sorted((REPOSITORY / "generator/sdkpress").rglob("*.py"))
        if path.parent.name != "foreign"
        and re.search(r"x-(?:fern|speakeasy|stainless)-", path.read_text(encoding="utf-8"))
    ]
    assert elsewhere == []


def test_the_page_of_our_own_extensions_has_them_all() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("lowering", "lowering/foreign")
        for path in sorted((REPOSITORY / "generator/sdkpress" / folder).glob("*.py"))
    )
    known = set(re.findall(r'"(x-sdkpress-[a-z-]+)"', code)) - {"x-sdkpress-pointer"}
    page = (REPOSITORY / "docs" / "extensions.md").read_text(encoding="utf-8")
    assert known == set(re.findall(r"^\| `(x-sdkpress-[a-z-]+)`", page, re.M))


# ---------------------------------------------------------------- who goes first


def test_own_facts_go_first(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            f"{LIST}/x-sdkpress-name": "animals.all",
            f"{LIST}/x-fern-sdk-method-name": "listAll",
            f"{LIST}/x-sdkpress-pagination": False,
            f"{LIST}/x-fern-pagination": CURSOR,
            f"{ADD}/x-fern-ignore": True,
            f"{ADD}/x-sdkpress-ignore": False,
            f"{ADD}/x-sdkpress-replay": "method",
            f"{ADD}/x-speakeasy-retries": {"strategy": "backoff", "retryConnectionErrors": True},
            f"{PET}/properties/name/x-sdkpress-name": "own",
            f"{PET}/properties/name/x-fern-property-name": "foreign",
        },
    )
    assert found.called("listPets") == "animals.all"
    assert found.operation("listPets").pagination is None
    assert found.operation("addPet").replay == "method"
    assert attributes(found)[0] == "own"


def test_the_lock_goes_before_what_the_document_says_to_others(tmp_path: Path) -> None:
    edits: dict[str, object] = {
        f"{LIST}/x-fern-sdk-group-name": "animals",
        f"{PET}/x-fern-type-name": "Animal",
    }
    plain = read(tmp_path, {})
    pet = next(id for id in plain.api.schemas if id == PET)
    pinned = PinnedNames({"GET /pets": Place(("pets",), "list")}, {pet: "Pet"})
    found = read(tmp_path, edits, pinned=pinned)
    assert found.called("listPets") == "pets.list"
    assert found.names.schemas[pet] == "Pet"
    named = read(tmp_path, edits)
    assert named.called("listPets") == "animals.list"
    lock = write_lock(None, "pets", named.names.operations, named.names.schemas, {})
    assert b'"GET /pets": "animals.list"' in lock


def test_two_operations_with_one_suggestion(tmp_path: Path) -> None:
    edits: dict[str, object] = {}
    for place in (LIST, ADD):
        edits |= {
            f"{place}/x-fern-sdk-group-name": "animals",
            f"{place}/x-fern-sdk-method-name": "do",
        }
    found = read(tmp_path, edits)
    assert len({found.called("listPets"), found.called("addPet"), "animals.do"}) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("class", "class_"),
        ("from __future__ import x", "from_future_import_x"),
        ('"""); import os', "import_os"),
        ("Größe", "grosse"),
        ("名前", "name"),
        ("count", "name"),  # the other property has it
        ("x" * 10_000, None),
    ],
)
def test_names_are_made_safe_or_left(words: str, expected: str | None, tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            f"{PET}/properties/count": {"type": "integer"},
            f"{PET}/properties/name/x-fern-property-name": words,
            f"{LIST}/x-fern-sdk-method-name": words,
            f"{PET}/x-fern-type-name": words,
            f"{LIST}/parameters/0/x-fern-parameter-name": words,
        },
    )
    name = attributes(found)[0]
    assert name.isidentifier()
    assert len(name) < 200
    if expected is not None:
        assert name == expected


def test_members_of_an_all_of_name_themselves_alone(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            f"{PET}/x-fern-type-name": "Animal",
            "/components/schemas/Cat": {
                "allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {}}}]
            },
        },
    )
    named = set(found.names.schemas.values())
    assert {"Animal", "Cat"} <= named


# ---------------------------------------------------------------- pages and streams


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (
            {"offset": "$request.count", "results": "$response.rows"},
            {"style": "page", "parameter": "count", "first": 1},
        ),
        (
            {"offset": "$request.count", "step": "$request.from", "results": "$response.rows"},
            {"style": "offset", "parameter": "count", "first": 0, "size": "from"},
        ),
        ({"next_uri": "$response.meta.after", "results": "$response.rows"}, {"style": "url"}),
        (True, {"style": "cursor", "items": ("rows",)}),
    ],
)
def test_pages_by_expressions(
    declared: object, expected: dict[str, object], tmp_path: Path
) -> None:
    found = read(tmp_path, {"/x-fern-pagination": CURSOR, f"{LIST}/x-fern-pagination": declared})
    assert {key: pages(found)[key] for key in expected} == expected


def test_pages_by_number_and_by_url(tmp_path: Path) -> None:
    by_number = {
        "type": "offsetLimit",
        "inputs": [{"name": "count", "in": "parameters", "type": "page"}],
        "outputs": {"results": "$.rows", "numPages": "$.meta.pages"},
    }
    found = read(tmp_path, {f"{LIST}/x-speakeasy-pagination": by_number})
    assert (pages(found)["style"], pages(found)["pages"]) == ("page", ("meta", "pages"))
    by_url = {"type": "url", "outputs": {"nextUrl": "$.meta.after", "results": "$.rows"}}
    found = read(tmp_path, {f"{LIST}/x-speakeasy-pagination": by_url})
    assert (pages(found)["style"], pages(found)["next"]) == ("url", ("meta", "after"))


def test_a_stream_that_openapi_does_not_know(tmp_path: Path) -> None:
    """One operation, two answers: the media type of the stream is added, and its schema located."""
    answer = f"{TALK}/responses/200/content"
    found = read(
        tmp_path,
        {
            answer: {"application/json": {"schema": {}}},
            f"{TALK}/x-fern-streaming": {
                "format": "sse",
                "stream-condition": "$request.live",
                "response": {"$ref": "#/components/schemas/Pet"},
                "response-stream": {"type": "object", "properties": {"part": {"type": "strin"}}},
            },
        },
    )
    told = found.operation("talk").stream
    assert told is not None
    assert (told.content.media_type, told.condition) == ("text/event-stream", "live")
    assert told.final is not None
    assert isinstance(found.api.schema(told.final), ObjectSchema)
    assert found.places["unknown-type"].pointer.endswith(
        "x-fern-streaming/response-stream/properties/part"
    )


def test_lines_of_json_stay_what_the_document_calls_them(tmp_path: Path) -> None:
    edits: dict[str, object] = {
        f"{TALK}/responses/200/content": {"application/json": {"schema": {"type": "string"}}},
        f"{TALK}/x-fern-streaming": True,
    }
    told = read(tmp_path, edits).operation("talk").stream
    assert told is not None
    assert told.content.media_type == "application/json"


@pytest.mark.parametrize(
    ("pointer", "value", "place"),
    [
        (f"{LIST}/x-fern-sdk-group-name", {"a": 1}, "x-fern-sdk-group-name"),
        (f"{LIST}/x-fern-sdk-group-name", ["a", 3], "x-fern-sdk-group-name"),
        (f"{LIST}/x-fern-sdk-method-name", "?!", "x-fern-sdk-method-name"),
        (f"{LIST}/x-fern-pagination", {"cursor": 4}, "x-fern-pagination"),
        (f"{LIST}/x-fern-pagination", True, "x-fern-pagination"),
        (f"{LIST}/x-fern-pagination", {**CURSOR, "cursor": "$request.nope"}, "x-fern-pagination"),
        # The answer of the document has no such field: pages would end after the first.
        (f"{LIST}/x-fern-pagination", {**CURSOR, "next_cursor": "$response.meta.nope"}, "meta.nope"),
        (f"{LIST}/x-fern-pagination", {**CURSOR, "results": "$response.meta.after.a"}, "after.a"),
        (f"{LIST}/x-fern-pagination", {**CURSOR, "has-next-page": "$response.nope"}, "'nope'"),
        (f"{LIST}/x-speakeasy-pagination", {"type": "magic"}, "x-speakeasy-pagination"),
        (f"{LIST}/x-speakeasy-pagination", [], "x-speakeasy-pagination"),
        (f"{LIST}/x-speakeasy-retries", "often", "x-speakeasy-retries"),
        (f"{TALK}/x-fern-streaming", {"format": "smoke"}, "x-fern-streaming"),
        (
            f"{TALK}/x-fern-streaming",
            {"format": "sse", "stream-condition": "$request.nope"},
            "stream-condition",
        ),
        ("/x-fern-idempotency-headers", [{"header": "a b\r\nc"}], "x-fern-idempotency-headers"),
        ("/x-speakeasy-name-override", "listPets", "x-speakeasy-name-override"),
        ("/x-speakeasy-name-override", [{"operationId": "(", "methodNameOverride": "a"}],
         "x-speakeasy-name-override"),
        (f"{PET}/x-fern-type-name", 7, "x-fern-type-name"),
        (f"{PET}/properties/name/x-stainless-naming", [1], "x-stainless-naming"),
        (f"{LIST}/parameters/0/x-fern-parameter-name", None, "x-fern-parameter-name"),
        (f"{ADD}/x-speakeasy-deprecation-message", {}, "x-speakeasy-deprecation-message"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_noted_and_nothing_else(
    pointer: str, value: object, place: str, tmp_path: Path
) -> None:
    found = read(tmp_path, {pointer: value})
    notes = [text for text in found.said if text.startswith("foreign-extension")]
    assert len(notes) == 1, found.said
    assert place in notes[0]
    assert found.called("listPets") == "pets.list"


def test_a_hostile_pattern_takes_no_time(tmp_path: Path) -> None:
    """It would backtrack for years; ours does not."""
    rule = {"operationId": "^(a+)+$", "methodNameOverride": "x"}
    found = read(
        tmp_path,
        {"/x-speakeasy-name-override": [rule], f"{LIST}/operationId": "a" * 5000 + "!"},
    )
    assert found.called("addPet") == "pets.create"


def test_a_body_that_contains_itself_has_no_condition(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "/components/schemas/Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
            f"{TALK}/requestBody/content/application~1json/schema": {
                "$ref": "#/components/schemas/Loop"
            },
            f"{TALK}/x-fern-streaming": {"format": "sse", "stream-condition": "$request.a"},
        },
    )
    assert any("stream-condition" in text for text in found.said)


# ---------------------------------------------------------------- what users see


def test_a_left_out_operation_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, {f"{ADD}/x-fern-ignore": True})
    assert "operation-left-out: `x-fern-ignore` keeps it out of clients" in found.said


def test_reasons_are_in_docstrings_and_warnings(tmp_path: Path) -> None:
    tree: dict[str, Any] = yaml.safe_load(PETS)
    tree["paths"]["/pets"]["post"]["x-stainless-deprecation-message"] = 'Use\n"put"; \\ `it`.'
    tree["components"]["schemas"]["Pet"]["properties"]["name"]["x-fern-availability"] = "deprecated"
    spec = tmp_path / "pets.yaml"
    spec.write_text(yaml.safe_dump(tree), encoding="utf-8")
    config = config_from_options(spec=spec, out=tmp_path / "out", title="Pets", name="pets")
    done = build(config, Diagnostics(), black="off")
    texts = {file.path: file.content.decode() for file in done.files}
    methods = texts["src/pets/resources/pets.py"]
    compile(methods, "pets.py", "exec")
    assert 'pets.create() is deprecated: Use "put"; \\\\ `it`.' in methods
    assert "Deprecated: Use" in methods
    assert "Deprecated." in "".join(text for path, text in texts.items() if "/models/" in path)


def test_inspect_says_where_a_name_is_from(tmp_path: Path) -> None:
    found = read(tmp_path, {f"{LIST}/x-fern-sdk-group-name": "animals"})
    facts = inspect_json(found.api, found.names, Diagnostics(), "Pets", "AsyncPets")
    by_id = {item["operation_id"]: item["named_by"] for item in facts["operations"]}
    assert by_id == {"listPets": ["x-fern-sdk-group-name"], "addPet": [], "talk": []}


def test_a_client_keeps_the_arguments_and_attributes_that_it_had(tmp_path: Path) -> None:
    edits: dict[str, object] = {
        f"{LIST}/parameters/0/x-stainless-param": "since",
        f"{PET}/properties/name/x-fern-property-name": "title",
    }
    plain = read(tmp_path, {})
    # A lock of a generator that read no such extension.
    before = write_lock(None, "pets", plain.names.operations, plain.names.schemas, {})
    upgraded = read(tmp_path, edits, pinned=read_lock(before, "pets"))
    assert (argument(upgraded, "from"), attributes(upgraded)) == ("", ("name", "owner"))

    fresh = read(tmp_path, edits)
    assert (argument(fresh, "from"), attributes(fresh)) == ("since", ("title", "owner"))
    names = fresh.names
    lock = write_lock(None, "pets", names.operations, names.schemas, {}, names.members)
    pinned = read_lock(lock, "pets")
    # What is gone from the document, or said otherwise there, renames nothing either.
    for later in ({}, {key: "other" for key in edits}):
        kept = read(tmp_path, dict(later), pinned=pinned)
        assert (argument(kept, "from"), attributes(kept)) == ("since", ("title", "owner"))
        assert kept.names.members == names.members
    # What was added by hand to the lock, and is no name, counts for nothing.
    broken = PinnedNames(pinned.operations, members=dict.fromkeys(pinned.members, "class"))
    assert argument(read(tmp_path, edits, pinned=broken), "from") == ""


def test_a_configured_name_goes_before_a_suggested_one(tmp_path: Path) -> None:
    edits: dict[str, object] = {f"{PET}/properties/name/x-fern-property-name": "who"}
    found = read(tmp_path, edits, names={"Pet.owner": "who"})
    assert attributes(found) == ("name", "who")
