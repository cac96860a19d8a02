"""The overlay of this repository: each action matches, says how certain it is, and its examples are valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document, parse_file
from sdkpress.overlays import apply_overlays

SPECS = Path(__file__).resolve().parents[2] / "openapi-spec"


def test_the_overlay_of_this_repository() -> None:
    diagnostics = Diagnostics()
    source = parse_file((SPECS / "qwen3-max-256k.yaml").read_bytes(), "spec.yaml", diagnostics)
    vendor = Document("spec.yaml", source.tree, source.digest, base=source)
    result = apply_overlays(vendor, [SPECS / "qwen3-max-256k.overlay.yaml"], diagnostics)
    assert diagnostics.items == ()

    schemas = result.tree["components"]["schemas"]
    text = json.dumps(result.tree)
    referenced = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referenced == set(schemas)
    assert list(schemas["ChatCompletionChunkChoice"]["properties"])[:2] == ["index", "delta"]
    assert "message" in schemas["ChatCompletionChoice"]["required"]
    assert "delta" not in schemas["ChatCompletionChoice"]["properties"]
    answer = result.tree["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    stream = answer["text/event-stream"]
    chunk, end = (event["properties"]["data"] for event in stream["itemSchema"]["anyOf"])
    assert chunk["contentSchema"] == {"$ref": "#/components/schemas/ChatCompletionChunk"}
    assert end["const"] == "[DONE]"


def test_each_action_of_that_overlay_says_how_certain_it_is() -> None:
    tree = parse_file((SPECS / "qwen3-max-256k.overlay.yaml").read_bytes(), "o", Diagnostics()).tree
    for action in tree["actions"]:
        assert action["description"].startswith(("CERTAIN. ", "ASSUMPTION. ")), action["target"]


def test_the_examples_of_that_overlay_follow_its_schemas() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    source = parse_file((SPECS / "qwen3-max-256k.yaml").read_bytes(), "spec.yaml", Diagnostics())
    vendor = Document("spec.yaml", source.tree, source.digest, base=source)
    tree = apply_overlays(vendor, [SPECS / "qwen3-max-256k.overlay.yaml"], Diagnostics()).tree
    operation = tree["paths"]["/v1/chat/completions"]["post"]
    checked = 0

    def check(name: str, value: Any) -> None:
        nonlocal checked
        schema = {"$ref": f"#/components/schemas/{name}", "components": tree["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)
        checked += 1

    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        check("ChatCompletionRequest", example["value"])
    answers = operation["responses"]["200"]["content"]
    items = {**answers["text/event-stream"]["itemSchema"], "components": tree["components"]}
    for example in answers["application/json"]["examples"].values():
        check("ChatCompletion", example["value"])
    for example in answers["text/event-stream"]["examples"].values():
        *events, end = example["value"]
        assert end == {"data": "[DONE]"}
        for event in example["value"]:
            jsonschema.Draft202012Validator(items).validate(event)
        for event in events:
            check("ChatCompletionChunk", json.loads(event["data"]))
    for response in operation["responses"].values():
        content = response["content"]["application/json"]
        if "example" in content:
            check("ErrorResponse", content["example"])
    assert checked == 4 + 4 + 13 + 7
