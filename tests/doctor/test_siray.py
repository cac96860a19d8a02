"""The overlay that doctor proposes for this repository's document, beside the one written by hand.

What the hand-written overlay says is of two kinds: what follows from the document, which the rules
have to find by themselves, and what somebody knew of the protocol, which no rule can. Each of its
intentions stands in one of the two tables below, and is looked for in both results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.doctor.diagnosing import diagnose, propose
from sdkpress.document import parse_file
from sdkpress.overlays import apply_overlays
from tests.conftest import REPOSITORY

SPEC = REPOSITORY / "openapi-spec" / "qwen3-max-256k.yaml"
OVERLAY = REPOSITORY / "openapi-spec" / "qwen3-max-256k.overlay.yaml"
PATH = "/v1/chat/completions"


class Api:
    """A document, with references followed."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.tree = tree

    def at(self, node: Any, *keys: Any) -> Any:
        for key in keys:
            node = self.resolved(node)
            if isinstance(node, dict) and key not in node:
                node = next((item for item in self.options(node) if key in item), {})
            node = node[key]
        return self.resolved(node)

    def resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            found: Any = self.tree
            for token in node["$ref"][2:].split("/"):
                found = found[token.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def options(self, node: Any) -> list[Any]:
        return [self.resolved(item) for item in (*node.get("oneOf", ()), *node.get("anyOf", ()))]

    def is_named(self, node: Any) -> bool:
        """A reference to a component, perhaps beside null."""
        return any("$ref" in item for item in (node, *node.get("oneOf", ())))

    def allows_null(self, node: Any) -> bool:
        node = self.resolved(node)
        types = node.get("type")
        is_null = types == "null" or (isinstance(types, list) and "null" in types)
        return is_null or any(self.allows_null(item) for item in self.options(node))

    @property
    def operation(self) -> Any:
        return self.tree["paths"][PATH]["post"]

    @property
    def request(self) -> Any:
        return self.at(self.operation, "requestBody", "content", "application/json", "schema")

    @property
    def answers(self) -> Any:
        return self.at(self.operation, "responses", "200", "content")

    @property
    def whole(self) -> Any:
        return self.at(self.answers, "application/json", "schema")

    @property
    def choice(self) -> Any:
        return self.at(self.whole, "properties", "choices", "items")

    @property
    def message(self) -> Any:
        return self.at(self.choice, "properties", "message")

    @property
    def data(self) -> Any:
        event = self.answers["text/event-stream"]["itemSchema"]["anyOf"][0]
        return event["properties"]["data"]

    @property
    def chunk(self) -> Any:
        return self.at(self.data, "contentSchema")

    @property
    def chunk_choice(self) -> Any:
        return self.at(self.chunk, "properties", "choices", "items")

    @property
    def delta(self) -> Any:
        return self.at(self.chunk_choice, "properties", "delta")

    @property
    def piece(self) -> Any:
        return self.at(self.delta, "properties", "tool_calls", "items")


def _schema(node: Any) -> Any:
    return node["content"]["application/json"]["schema"]


DERIVABLE: Mapping[str, Callable[[Api], bool]] = {
    "version 3.2": lambda api: api.tree["openapi"] == "3.2.0",
    "request named": lambda api: api.is_named(_schema(api.operation["requestBody"])),
    "request without title, or named by it": lambda api: api.is_named(
        _schema(api.operation["requestBody"])
    ),
    "message named": lambda api: api.is_named(api.request["properties"]["messages"]["items"]),
    "models named": lambda api: api.is_named(api.request["properties"]["model"]),
    "roles of the request named": lambda api: api.is_named(
        api.at(api.request, "properties", "messages", "items")["properties"]["role"]
    ),
    "roles of the request include `tool`": lambda api: (
        "tool"
        in api.at(api.request, "properties", "messages", "items", "properties", "role")["enum"]
    ),
    "roles of the delta named": lambda api: api.is_named(api.delta["properties"]["role"]),
    "reasons named": lambda api: api.is_named(api.choice["properties"]["finish_reason"]),
    "a reason may be null": lambda api: api.allows_null(api.choice["properties"]["finish_reason"]),
    "chunk without title": lambda api: "title" not in api.chunk,
    "whole without title": lambda api: "title" not in api.whole,
    "the old name is gone": lambda api: (
        "ChatCompletionResponse" not in api.tree["components"]["schemas"]
    ),
    "chunk and whole": lambda api: (
        {"ChatCompletion", "ChatCompletionChunk", "ChatCompletionChunkChoice"}
        | {"ChatCompletionChoice", "ChatCompletionMessage"}
        <= api.tree["components"]["schemas"].keys()
    ),
    "kind of the chunk": lambda api: (
        api.chunk["properties"]["object"]["const"] == "chat.completion.chunk"
    ),
    "kind of the whole": lambda api: api.whole["properties"]["object"]["const"]
    == "chat.completion",
    "a choice of a chunk requires its delta": lambda api: "delta" in api.chunk_choice["required"],
    "a choice of the whole has no delta": lambda api: (
        "delta" not in api.choice["properties"] and "delta" not in api.choice["required"]
    ),
    "a choice of the whole requires its message": lambda api: "message" in api.choice["required"],
    "a message has the fields of a delta": lambda api: (
        {"role", "content", "reasoning", "reasoning_content", "tool_calls"}
        <= api.message["properties"].keys()
    ),
    "a message says who speaks": lambda api: "role" in api.message["required"],
    "the content of a message may be null": lambda api: api.allows_null(
        api.message["properties"]["content"]
    ),
    "texts of a delta may be null": lambda api: all(
        api.allows_null(api.delta["properties"][name])
        for name in ("content", "reasoning", "reasoning_content")
    ),
    "calls in pieces": lambda api: api.is_named(api.delta["properties"]["tool_calls"]["items"]),
    "a piece of a call requires nothing": lambda api: (
        "required" not in api.piece
        and "required" not in api.at(api.piece, "properties", "function")
    ),
    "id and arguments of a piece may be null": lambda api: (
        api.allows_null(api.piece["properties"]["id"])
        and api.allows_null(api.at(api.piece, "properties", "function", "properties", "arguments"))
    ),
    "the kind of a piece is a text": lambda api: "string"
    in api.piece["properties"]["type"]["type"],
    "calls of a message are whole": lambda api: (
        "required"
        in api.at(api.message, "properties", "tool_calls", "items", "properties", "function")
    ),
    "details of the prompt's tokens may be null": lambda api: (
        api.allows_null(
            api.at(api.whole, "properties", "usage", "properties")["prompt_tokens_details"]
        )
        if "properties" in api.at(api.whole, "properties", "usage")
        else api.allows_null(
            api.options(api.at(api.whole, "properties", "usage"))[0]["properties"][
                "prompt_tokens_details"
            ]
        )
    ),
    "may be sent twice": lambda api: api.operation["x-sdkpress-replay"] == "safe",
    "an event stream": lambda api: (
        api.data["contentMediaType"] == "application/json" and "choices" in api.chunk["properties"]
    ),
    "the end of the stream": lambda api: (
        api.answers["text/event-stream"]["itemSchema"]["anyOf"][1]["properties"]["data"]["const"]
        == "[DONE]"
    ),
    "how a stream becomes a whole": lambda api: (
        api.answers["text/event-stream"]["x-sdkpress-stream"]
        == {
            "finished-by": "choices/*/finish_reason",
            "condition": "stream",
            "final": "#/components/schemas/ChatCompletion",
            "rename": {"delta": "message"},
            "keys": {"choices": "index", "tool_calls": "index"},
        }
    ),
    "errors": lambda api: {"401", "429", "default"} <= api.operation["responses"].keys(),
    "shape of errors": lambda api: (
        {"message", "type", "code", "param"}
        == api.at(
            _schema(api.operation["responses"]["default"]), "properties", "error", "properties"
        ).keys()
    ),
    "Retry-After": lambda api: "Retry-After" in api.operation["responses"]["429"]["headers"],
    "no example that says nothing": lambda api: (
        "example" not in api.operation["requestBody"]["content"]["application/json"]
    ),
}

KNOWLEDGE: Mapping[str, Callable[[Api], bool]] = {
    # The document does not mention these at all; they are known from the protocol.
    "tools of the request": lambda api: "tools" in api.request["properties"],
    "choice of a tool": lambda api: "tool_choice" in api.request["properties"],
    "options of the stream": lambda api: "stream_options" in api.request["properties"],
    "calls in messages of the request": lambda api: (
        "tool_calls" in api.at(api.request, "properties", "messages", "items", "properties")
    ),
    "content in parts": lambda api: (
        "oneOf" in api.at(api.request, "properties", "messages", "items", "properties", "content")
    ),
    "refusals": lambda api: "refusal" in api.delta["properties"],
    "a call requires its id": lambda api: (
        "id" in api.at(api.message, "properties", "tool_calls", "items")["required"]
    ),
    # The document says the opposite, or nothing; servers are known to do otherwise.
    "no fingerprint": lambda api: api.allows_null(api.chunk["properties"]["system_fingerprint"]),
    "details of tokens are optional": lambda api: "required"
    not in api.at(api.tree, "components", "schemas", "InputTokenDetails"),
    "only a function's name and arguments": lambda api: (
        "parameters" not in api.at(api.piece, "properties", "function", "properties")
    ),
    # Somebody has to write them.
    "examples": lambda api: (
        "examples" in api.operation["requestBody"]["content"]["application/json"]
    ),
    "each usual error by its status": lambda api: "503" in api.operation["responses"],
}


@cache
def by_hand() -> Api:
    return Api(apply_overlays(load_document(SPEC, Diagnostics()), [OVERLAY], Diagnostics()).tree)


@cache
def proposed() -> Api:
    diagnosis = diagnose(SPEC)
    proposal = propose(diagnosis, extends=SPEC.name)
    assert proposal is not None
    overlay = parse_file(proposal.text.encode(), "proposed", Diagnostics())
    return Api(apply_overlays(diagnosis.document, [overlay], Diagnostics()).tree)


@pytest.mark.parametrize("intention", DERIVABLE)
def test_what_follows_from_the_document_is_proposed(intention: str) -> None:
    holds = DERIVABLE[intention]
    assert holds(by_hand())
    assert holds(proposed())


@pytest.mark.parametrize("intention", KNOWLEDGE)
def test_what_only_somebody_knows_is_not_invented(intention: str) -> None:
    holds = KNOWLEDGE[intention]
    assert holds(by_hand())
    assert not holds(proposed())


def test_fewer_findings_remain_after_either() -> None:
    before = len(diagnose(SPEC).placed)
    diagnosis = diagnose(SPEC)
    proposal = propose(diagnosis, extends=SPEC.name)
    assert proposal is not None
    assert proposal.remaining < before
    after = diagnose(SPEC, [OVERLAY])
    assert len(after.placed) < before
    assert not [item for item in after.placed if item.severity.value == "error"]
