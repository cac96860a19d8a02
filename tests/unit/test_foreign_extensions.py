"""What documents say to other generators: lowering/foreign/, naming/suggestions.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.inspecting import inspect_json
from sdkpress.model import ObjectSchema
from sdkpress.naming import PinnedNames, Place
from sdkpress.naming.lock import read_lock, write_lock
from sdkpress.pipeline import build
from tests.unit.foreign_documents import (
    ADD,
    CURSOR,
    LIST,
    PET,
    PETS,
    TALK,
    argument,
    attributes,
    pages,
    read,
)

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
