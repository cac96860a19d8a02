"""naming/by_hand.py, and the lock: names that people set, and names that stay."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.loading import load_api
from sdkpress.model import Api, SchemaId
from sdkpress.naming import Names, PinnedNames, apply_names, decide_names
from sdkpress.naming.lock import read_lock, write_lock
from sdkpress.naming.schemas import name_arguments

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "parameters": [{"name": "pageSize", "in": "query", "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "Ok."}},
            },
            "post": {
                "operationId": "addPet",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                    }
                },
                "responses": {"201": {"description": "Ok."}},
            },
        }
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "properties": {
                    "petType": {"type": "string"},
                    "owner": {"type": "object", "properties": {"name": {"type": "string"}}},
                },
            }
        }
    },
}


def named(
    tmp_path: Path,
    document: Mapping[str, Any],
    overrides: Mapping[str, str] | None = None,
    pinned: PinnedNames | None = None,
) -> tuple[Api, Names, Diagnostics]:
    file = tmp_path / "pets.json"
    file.write_text(json.dumps(document))
    diagnostics = Diagnostics()
    loaded, api = load_api(file, (), diagnostics)
    api = apply_names(api, overrides or {})
    return (
        api,
        decide_names(api, pinned or PinnedNames(), overrides or {}, diagnostics, loaded),
        diagnostics,
    )


def changed(*path: str, **values: Any) -> dict[str, Any]:
    """The document with values added to one of its nodes."""
    copy: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    node: Any = copy
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    node.update({key.replace("_", "-"): value for key, value in values.items()})
    return copy


def operations(names: Names) -> dict[str, str]:
    return {key: place.dotted() for key, place in names.operations.items()}


PET = "/components/schemas/Pet"


def test_without_names_by_hand(tmp_path: Path) -> None:
    _, names, diagnostics = named(tmp_path, DOCUMENT)
    assert operations(names) == {"GET /pets": "pets.list", "POST /pets": "pets.create"}
    assert sorted(names.schemas.values()) == ["Pet", "PetOwner"]
    assert not diagnostics.items


@pytest.mark.parametrize("key", ["POST /pets", "addPet"])
def test_an_operation_is_named_in_the_configuration(tmp_path: Path, key: str) -> None:
    _, names, diagnostics = named(tmp_path, DOCUMENT, {key: "animals.register"})
    assert operations(names)["POST /pets"] == "animals.register"
    assert not diagnostics.items


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [("Pet", "Animal", ["Animal", "AnimalOwner"]), (f"{PET}/properties/owner", "Keeper", ["Keeper", "Pet"])],
)  # fmt: skip
def test_a_class_is_named_in_the_configuration(
    tmp_path: Path, key: str, name: str, expected: list[str]
) -> None:
    _, names, diagnostics = named(tmp_path, DOCUMENT, {key: name})
    assert sorted(names.schemas.values()) == expected
    assert not diagnostics.items


@pytest.mark.parametrize("key", ["GET /pets pageSize", "listPets.pageSize"])
def test_a_parameter_is_named_in_the_configuration(tmp_path: Path, key: str) -> None:
    api, _, diagnostics = named(tmp_path, DOCUMENT, {key: "limit"})
    assert [item.docs.name for item in api.operations[0].parameters] == ["limit"]
    assert not diagnostics.items


def test_a_property_is_named_in_the_configuration(tmp_path: Path) -> None:
    _, names, diagnostics = named(tmp_path, DOCUMENT, {"Pet.petType": "kind"})
    assert names.properties[next(id for id in names.properties if id == PET)] == ("kind", "owner")
    assert not diagnostics.items


def test_the_document_names_an_operation_a_class_and_a_property(tmp_path: Path) -> None:
    document = changed("paths", "/pets", "post", x_sdkpress_name="animals.register")
    schema = document["components"]["schemas"]["Pet"]
    schema["x-sdkpress-name"] = "Animal"
    schema["properties"]["petType"]["x-sdkpress-name"] = "kind"
    schema["properties"]["owner"]["x-sdkpress-name"] = "Keeper"
    _, names, _ = named(tmp_path, document)
    assert operations(names)["POST /pets"] == "animals.register"
    assert sorted(names.schemas.values()) == ["Animal", "Keeper"]
    assert ("kind", "owner") in names.properties.values()


def test_the_configuration_beats_the_document_and_that_the_lock(tmp_path: Path) -> None:
    document = changed("components", "schemas", "Pet", x_sdkpress_name="Animal")
    _, first, _ = named(tmp_path, DOCUMENT)
    pinned = PinnedNames(first.operations, first.schemas)
    _, names, _ = named(tmp_path, document, pinned=pinned)
    assert names.schemas[SchemaId("/components/schemas/Pet")] == "Animal"
    _, names, _ = named(tmp_path, document, {"Pet": "Creature"}, pinned)
    assert "Creature" in names.schemas.values()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"addPet": "register"}, "is no name"),
        ({"addPet": "pets.class"}, "is no name"),
        ({"addPet": "close.it"}, "attribute of every client"),
        ({"addPet": "pets.make", "listPets": "pets.make"}, "and of"),
        ({"Pet": "class"}, "not usable"),
        ({"listPets.pageSize": "self"}, "not usable"),
        ({"Pet.petType": "to_dict"}, "not usable"),
    ],
)
def test_an_impossible_name_is_an_error(
    tmp_path: Path, overrides: dict[str, str], said: str
) -> None:
    with pytest.raises(SdkpressError) as caught:
        named(tmp_path, DOCUMENT, overrides)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.id == "invalid-name"
    assert said in diagnostic.message
    assert diagnostic.location is not None


def test_a_name_for_nothing_is_a_warning(tmp_path: Path) -> None:
    _, _, diagnostics = named(tmp_path, DOCUMENT, {"addPets": "pets.add", "Pet.type": "kind"})
    assert [item.id for item in diagnostics.items] == ["unused-name", "unused-name"]


def test_a_changed_document_renames_nothing_that_is_pinned(tmp_path: Path) -> None:
    _, before, _ = named(tmp_path, DOCUMENT)
    lock = write_lock(None, "pets", before.operations, before.schemas, before.webhooks)
    document = changed("paths")
    document["paths"] = {
        "/{scope}/pets": {"get": {"responses": {"200": {"description": "Ok."}}}},
        "/pets/list": {"get": {"responses": {"200": {"description": "Ok."}}}},
        **document["paths"],
    }
    document["components"]["schemas"] = {
        "PetOwner": {"type": "object", "properties": {"id": {"type": "string"}}},
        **document["components"]["schemas"],
    }
    _, after, _ = named(tmp_path, document, pinned=read_lock(lock, "pets"))
    for key, place in before.operations.items():
        assert after.operations[key] == place
    for id, name in before.schemas.items():
        assert after.schemas[id] == name
    assert len(set(after.schemas.values())) == len(after.schemas)
    assert len(set(after.operations.values())) == len(after.operations)


def test_a_lock_with_a_keyword_pins_nothing() -> None:
    section = {"operations": {"GET /a": "a.class", "GET /b": "b.list"}}
    lock = json.dumps({"format": 1, "clients": {"pets": section}}).encode()
    assert list(read_lock(lock, "pets").operations) == ["GET /b"]


def test_arguments_by_hand_reach_the_client(tmp_path: Path) -> None:
    from sdkpress.naming.schemas import name_arguments

    assert inspect.signature(name_arguments).parameters["hints"].default == ()
    wire = [("query", "pageSize"), ("path", "limit"), ("body", "limit")]
    assert name_arguments(wire) == ("page_size", "limit", "limit_body")
    assert name_arguments(wire, ("limit", "", "")) == ("limit", "limit_path", "limit_body")


def test_arguments_with_one_name_by_hand_are_told_apart() -> None:
    wire = [("query", "a"), ("header", "b"), ("query", "same")]
    assert name_arguments(wire, ("same", "same", "")) == ("same", "same_header", "same_query")
    assert name_arguments([("query", "x")], ("options",)) == ("options_",)
