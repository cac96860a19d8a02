"""Streams of other kinds than chat completions: what ends them and what they add up to."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.behaviour.fault_server import reply, serving, stream

TEXT = {"type": "string"}
BOOLEAN = {"type": "boolean"}


def thing(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def listed(item: Any) -> dict[str, Any]:
    return {"type": "array", "items": item}


def named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, Any] = {
    "Call": thing(name=TEXT, arguments={"type": "object"}),
    "Said": thing(role=TEXT, content=TEXT, calls=listed(named("Call"))),
    "Line": thing(model=TEXT, message=named("Said"), done=BOOLEAN, reason=TEXT),
    "Talk": thing(model=TEXT, message=named("Said"), done=BOOLEAN, reason=TEXT),
    "Row": thing(response=TEXT, done=BOOLEAN),
    "Job": thing("id status", id=TEXT, status={"enum": ["running", "over"]}, text=TEXT),
    "Begun": thing("type job", type={"const": "begun"}, job=named("Job")),
    "Step": thing("type text", type={"const": "step"}, text=TEXT),
    "Chunk": thing(
        "id choices", id=TEXT, choices=listed(thing(index={"type": "integer"},
        delta=thing(content=TEXT), finish_reason={"type": ["string", "null"]})),
    ),
    "Completion": thing("id choices", id=TEXT, choices=listed(thing(index={"type": "integer"},
        message=thing(content=TEXT), finish_reason=TEXT))),
    "Reply": thing("id object text", id=TEXT, object={"enum": ["reply"]}, text=TEXT),
    "Started": thing("type reply", type={"enum": ["replyStart"]}, reply=named("Reply")),
    "Ended": thing("type reply", type={"enum": ["reply_stop"]}, reply=named("Reply")),
    "Delta": thing("type text", type={"enum": ["reply_delta"]}, text=TEXT),
    "Piece": thing("id object choices", id=TEXT, object={"enum": ["piece"]},
        choices=listed(thing(index={"type": "integer"}, delta=thing(content=TEXT),
        finish_reason={"type": ["string", "null"]}))),
    "Whole": thing("id object choices", id=TEXT, object={"enum": ["whole"]},
        choices=listed(thing(message=thing(content=TEXT)))),
    "Event": thing("data", data=named("Chunk")),
    "ChunkEvent": thing("data", data={"type": "string", "contentMediaType": "application/json",
        "contentSchema": named("Chunk")}, event=TEXT, id=TEXT, retry={"type": "integer"}),
    "End": thing("data", data={"type": "string", "enum": ["[END]"]}),
}  # fmt: skip

OPERATIONS: dict[str, tuple[str, Any, Any]] = {
    "talks": ("application/x-ndjson", named("Line"), named("Talk")),
    "rows": ("application/x-ndjson", named("Row"), named("Row")),
    "jobs": ("text/event-stream", {"oneOf": [named("Begun"), named("Step")]}, named("Job")),
    "replies": (
        "text/event-stream", {"oneOf": [named("Started"), named("Delta")]}, named("Reply"),
    ),
    "endings": (
        "text/event-stream",
        {"oneOf": [named("Started"), named("Delta"), named("Ended")]},
        named("Reply"),
    ),
    "pieces": ("text/event-stream", named("Piece"), named("Whole")),
    "parsed": (
        "text/event-stream", {"oneOf": [named("ChunkEvent"), {"const": {"data": "[END]"}}]},
        named("Completion"),
    ),
    "alone": ("text/event-stream", named("ChunkEvent"), named("Completion")),
    "chats": ("text/event-stream", {"oneOf": [named("Event"), named("End")]}, named("Completion")),
}  # fmt: skip


def operation(media_type: str, item: Any, whole: Any) -> dict[str, Any]:
    body = thing(stream=BOOLEAN)
    content = {media_type: {"schema": item}, "application/json": {"schema": whole}}
    return {
        "post": {
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "", "content": content}},
        }
    }


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shapes", "version": "1"},
        "components": {"schemas": SCHEMAS},
        "paths": {f"/{name}": operation(*facts) for name, facts in OPERATIONS.items()},
    }
    folder = tmp_path_factory.mktemp("shapes")
    spec = folder / "shapes.json"
    spec.write_text(json.dumps(document), encoding="utf-8")
    config = config_from_options(
        spec=spec, out=folder / "out", title="Shapes", package="stream_shapes", client="Shapes"
    )
    for file in build(config, Diagnostics(), black="off").files:
        if file.path.startswith("src/"):
            target = folder / Path(file.path).relative_to("src")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    sys.path.insert(0, str(folder))
    return importlib.import_module("stream_shapes")


Read = Callable[[str, list[object]], Any]


@pytest.fixture(params=["sync", "async"])
def final(request: pytest.FixtureRequest, package: ModuleType) -> Read:
    """``final()`` of a stream of the named operation that the server answers so."""

    def read(name: str, steps: list[object]) -> Any:
        with serving(steps) as server:
            if request.param == "sync":
                with package.Shapes(base_url=server.url, max_retries=0) as client:
                    return getattr(client, name).create(stream=True).final()

            async def main() -> Any:
                async with package.AsyncShapes(base_url=server.url, max_retries=0) as client:
                    return await (await getattr(client, name).create(stream=True)).final()

            return asyncio.run(main())

    return read


def lines(*items: Any, rest: bytes = b"") -> list[object]:
    body = b"".join(json.dumps(item).encode() + b"\n" for item in items) + rest
    return list(reply(body, content_type="application/x-ndjson"))


def events(*items: Any) -> list[object]:
    texts = (item if isinstance(item, str) else json.dumps(item) for item in items)
    return list(stream(*(f"data: {text}\n\n".encode() for text in texts)))


def said(content: str, done: bool = False, **more: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "a", "content": content, **more}, "done": done}


def test_lines_with_a_flag_on_the_last(final: Read) -> None:
    calls = [said("", calls=[{"name": name, "arguments": {}}]) for name in "fg"]
    whole = final("talks", lines(said("Hel"), *calls, {**said("lo", done=True), "reason": "x"}))
    assert (whole.message.role, whole.message.content, whole.reason) == ("a", "Hello", "x")
    assert [call.name for call in whole.message.calls] == ["f", "g"]
    rows = [{"response": "a", "done": False}, {"response": "b"}, {"response": "", "done": True}]
    assert final("rows", lines(*rows)).response == "ab"


@pytest.mark.parametrize("rest", [b"", b'{"model": "m", "mess'])
def test_lines_that_are_cut(final: Read, package: ModuleType, rest: bytes) -> None:
    errors = importlib.import_module(f"{package.__name__}.errors")
    with pytest.raises(errors.StreamTruncatedError) as caught:
        final("talks", lines(said("Hel"), said("lo"), rest=rest))
    assert caught.value.partial.message.content == "Hello"


def test_an_error_among_lines(final: Read, package: ModuleType) -> None:
    errors = importlib.import_module(f"{package.__name__}.errors")
    with pytest.raises(errors.StreamServerError, match="crashed"):
        final("talks", lines(said("Hel"), {"error": "crashed"}))


def test_events_that_carry_the_whole(final: Read) -> None:
    begun = {"type": "begun", "job": {"id": "1", "status": "running"}}
    over = {"type": "begun", "job": {"id": "1", "status": "over", "text": "Hello"}}
    whole = final("jobs", events(begun, {"type": "step", "text": "Hello"}, over, "[DONE]"))
    assert type(whole).__name__ == "Job", whole
    assert (whole.status, whole.text, whole.extra) == ("over", "Hello", {})


def test_a_whole_that_comes_empty_and_never_again_is_no_whole(final: Read) -> None:
    started = {"type": "replyStart", "reply": {"id": "1", "object": "reply", "text": ""}}
    said = {"type": "reply_delta", "text": "Hello"}
    items = final("replies", events(started, said))
    assert [type(item).__name__ for item in items] == ["Started", "Delta"]
    ended = {"type": "reply_stop", "reply": {"id": "1", "object": "reply", "text": "Hello"}}
    assert final("endings", events(started, said, ended)).text == "Hello"


def test_an_enum_of_one_value_is_that_of_the_whole(final: Read) -> None:
    whole = final("pieces", events({**piece("Hel"), "object": "piece"}, piece("lo", "stop")))
    assert (type(whole).__name__, whole.object) == ("Whole", "whole")
    assert whole.choices[0].message.content == "Hello"


@pytest.mark.parametrize(("name", "end"), [("parsed", "[END]"), ("alone", "[DONE]")])
def test_events_whose_data_is_json_of_a_schema(final: Read, name: str, end: str) -> None:
    whole = final(name, events(piece("Hel"), piece("lo", "stop"), end))
    assert type(whole).__name__ == "Completion"
    assert whole.choices[0].message.content == "Hello"


def piece(content: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return {"id": "1", "choices": [choice]}


def test_a_union_of_events_one_of_which_ends_the_stream(final: Read) -> None:
    whole = final("chats", events(piece("Hel"), piece("lo", "stop"), "[END]"))
    assert type(whole).__name__ == "Completion"
    assert whole.choices[0].message.content == "Hello"


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_fake_server_streams_so_too(package: ModuleType, name: str) -> None:
    testing = importlib.import_module(f"{package.__name__}.testing")
    with testing.serve() as server, package.Shapes(base_url=server.url) as client:
        items = list(getattr(client, name).create(stream=True))
    assert items
