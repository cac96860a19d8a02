"""Webhooks and links between document and package: what is one, how it is told, how it is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.inspecting import inspect_json
from sdkpress.loading import load_api
from sdkpress.model import Api
from sdkpress.naming import PinnedNames, decide_names
from sdkpress.naming.lock import read_lock, write_lock
from sdkpress.pipeline import build


def body(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"content": {media_type: {"schema": schema}}}}


def tagged(*path: str, value: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"const": value}
    for name in reversed(path):
        schema = {"type": "object", "properties": {name: schema}}
    return schema


def write(folder: Path, **parts: Any) -> Path:
    tree = {"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "paths": {}, **parts}
    spec = folder / "spec.json"
    spec.write_text(json.dumps(tree), encoding="utf-8")
    return spec


def load(folder: Path, **parts: Any) -> tuple[Api, Any, Diagnostics]:
    diagnostics = Diagnostics()
    document, api = load_api(write(folder, **parts), (), diagnostics)
    return api, document, diagnostics


def names_of(folder: Path, pinned: PinnedNames | None = None, **parts: Any) -> dict[str, str]:
    api, document, diagnostics = load(folder, **parts)
    names = decide_names(api, pinned or PinnedNames(), {}, diagnostics, document)
    return dict(names.webhooks)


def test_the_property_may_stand_one_level_down(tmp_path: Path) -> None:
    webhooks = {name: {"post": body(tagged("meta", "event", value=name))} for name in ("a", "b")}
    api, _, _ = load(tmp_path, webhooks=webhooks)
    assert api.webhook_tag == ("meta", "event")
    assert [item.tags for item in api.webhooks] == [("a",), ("b",)]


def test_a_value_that_two_kinds_of_body_have_tells_nothing(tmp_path: Path) -> None:
    same = {name: {"post": body({**tagged("type", value="x"), "title": name})} for name in "ab"}
    api, _, _ = load(tmp_path, webhooks=same)
    assert api.webhook_tag == ()
    shared = {"schemas": {"It": tagged("type", value="x"), "Other": tagged("type", value="y")}}
    references = {
        name: {"post": body({"$ref": f"#/components/schemas/{target}"})}
        for name, target in (("a", "It"), ("b", "It"), ("c", "Other"))
    }
    api, _, _ = load(tmp_path, webhooks=references, components=shared)
    assert api.webhook_tag == ("type",)


@pytest.mark.parametrize(("untagged", "path"), [(2, ("type",)), (3, ())])
def test_at_least_half_of_the_bodies_have_the_property(
    tmp_path: Path, untagged: int, path: tuple[str, ...]
) -> None:
    webhooks = {name: {"post": body(tagged("type", value=name))} for name in ("a", "b")}
    webhooks |= {f"n{n}": {"post": body({"type": "object"})} for n in range(untagged)}
    api, _, _ = load(tmp_path, webhooks=webhooks)
    assert api.webhook_tag == path


def test_a_shared_callback_is_there_once(tmp_path: Path) -> None:
    callback = {"{$request.body#/url}": {"post": body({"type": "integer"})}}
    operation = {"responses": {}, "callbacks": {"done": {"$ref": "#/components/callbacks/Done"}}}
    api, _, _ = load(
        tmp_path,
        paths={"/a": {"post": operation}, "/b": {"post": operation}},
        components={"callbacks": {"Done": callback}},
    )
    (webhook,) = api.webhooks
    assert webhook.sent_by == ("POST /a", "POST /b")
    assert webhook.address == "{$request.body#/url}"


def test_names_are_told_apart_and_pinned(tmp_path: Path) -> None:
    webhooks = {
        "pet-made": {"post": body({}), "put": body({})},
        "petMade": {"post": body({})},
        "class": {"post": body({})},
        "2": {"post": body({})},
        "!": {"post": body({})},
    }
    found = names_of(tmp_path, webhooks=webhooks)
    assert found == {
        "PUT pet-made": "pet_made_put",
        "POST pet-made": "pet_made",
        "POST petMade": "pet_made_post",
        "POST class": "class",
        "POST 2": "event_2",
        "POST !": "not",
    }
    # One more in front changes the name of none that is pinned.
    pinned = PinnedNames(webhooks=found)
    more = {"PetMade": {"post": body({})}, **webhooks}
    again = names_of(tmp_path, pinned, webhooks=more)
    assert {key: again[key] for key in found} == found
    assert again["POST PetMade"] not in found.values()


def test_the_lock_keeps_webhooks() -> None:
    written = write_lock(None, "things", {}, {}, {"POST made": "made", "POST b": "class"})
    assert read_lock(written, "things").webhooks == {"POST made": "made", "POST b": "class"}
    assert b"webhooks" not in write_lock(None, "things", {}, {}, {})


def test_a_name_by_hand_has_to_be_one(tmp_path: Path) -> None:
    webhooks = {"made": {"post": {**body({}), "x-sdkpress-name": "a thing"}}}
    with pytest.raises(SdkpressError) as caught:
        names_of(tmp_path, webhooks=webhooks)
    assert caught.value.diagnostics[0].id == "invalid-name"


def test_inspect_lists_webhooks(tmp_path: Path) -> None:
    api, document, diagnostics = load(
        tmp_path, **{"x-webhooks": {"made": {"post": body({"type": "integer"})}}}
    )
    names = decide_names(api, PinnedNames(), {}, diagnostics, document)
    (listed,) = inspect_json(api, names, diagnostics, "Things", "AsyncThings")["webhooks"]
    assert listed["python"] == "webhooks.parse_made"
    assert listed["request"] == [{"media_type": "application/json", "type": "int"}]


def test_what_both_sections_have_is_there_once(tmp_path: Path) -> None:
    webhooks = {"made": {"post": body({"type": "integer"})}}
    api, _, _ = load(tmp_path, **{"webhooks": webhooks, "x-webhooks": webhooks})
    assert [item.key for item in api.webhooks] == ["POST made"]


def test_without_webhooks_there_is_no_module(tmp_path: Path) -> None:
    config = config_from_options(
        spec=write(tmp_path), out=tmp_path, name="things", package="things", client="Things"
    )
    files = {file.path: file.content for file in build(config, Diagnostics(), black="off").files}
    assert "src/things/webhooks.py" not in files
    assert b"webhooks" not in files["src/things/__init__.py"]


def test_links_name_operations_by_id_and_by_pointer(tmp_path: Path) -> None:
    links = {
        "one": {"operationId": "getIt", "parameters": {"id": "$response.body#/id"}},
        "two": {"operationRef": "#/paths/~1its~1%7Bid%7D/get"},
        "none": {"operationId": "getThat"},
        "away": {"operationRef": "https://example.com/other.yaml#/paths/~1a/get"},
    }
    api, _, diagnostics = load(
        tmp_path,
        paths={
            "/its": {"post": {"responses": {"201": {"description": "It.", "links": links}}}},
            "/its/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}],
                "get": {"operationId": "getIt", "responses": {}},
            },
        },
    )
    found = [(item.name, item.target) for item in api.operations[0].links]
    assert found == [("one", "/paths/~1its~1{id}/get"), ("two", "/paths/~1its~1{id}/get")]
    assert [item.id for item in diagnostics.items] == ["unknown-link-target"] * 2
