"""Every operation of a document of hard cases is answered by its own fake server, sync and async."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.corpus.calling import Called, call_package

SPEC = Path(__file__).parent / "called.yaml"
PACKAGE = "hard_to_call"


Clients = Callable[[httpx2.Response], tuple[Any, list[httpx2.Request]]]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Called:
    """What calling all of them twice showed: with the required arguments, and with all."""
    folder = tmp_path_factory.mktemp("called")
    config = config_from_options(
        spec=SPEC, out=folder, name="hard-to-call", package=PACKAGE, client="Api"
    )
    for file in build(config, Diagnostics(), black="off").files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    sys.path.insert(0, str(folder / "src"))
    try:
        return call_package(PACKAGE)
    finally:
        sys.path.remove(str(folder / "src"))


def test_nothing_goes_wrong(called: Called) -> None:
    assert called.problems == []
    assert called.unsatisfiable == []


def test_every_operation_is_answered(called: Called) -> None:
    text = SPEC.read_text(encoding="utf-8")
    assert called.operations == text.count("operationId:")
    assert called.answered == called.answered_async == called.operations


@pytest.fixture
def client(called: Called) -> Clients:
    """Makes a strict client whose server gives one answer, and the list of what it was sent."""
    assert called.importable

    def make(answer: httpx2.Response) -> tuple[Any, list[httpx2.Request]]:
        sent: list[httpx2.Request] = []

        def respond(request: httpx2.Request) -> httpx2.Response:
            sent.append(request)
            return answer

        http_client = httpx2.Client(transport=httpx2.MockTransport(respond))
        package = importlib.import_module(PACKAGE)
        return package.Api(base_url="http://x", http_client=http_client, strict=True), sent

    return make


def events(*blocks: bytes) -> httpx2.Response:
    content = b"".join(block + b"\n\n" for block in blocks)
    return httpx2.Response(200, content=content, headers={"content-type": "text/event-stream"})


def test_a_string_item_is_the_data_itself(client: Clients) -> None:
    answer = events(b'data: "x"', b'data: {"a": 1}', b"data: 1", b"data:", b"data:  ", b"data: y")
    api, _ = client(answer)
    with api.streams.stream_text() as stream:
        assert list(stream) == ['"x"', '{"a": 1}', "1", " ", "y"]


def test_an_item_that_may_be_a_string(client: Clients) -> None:
    api, _ = client(events(b'data: {"n": 1}', b"data: hello", b'data: "quoted"'))
    with api.streams.stream_mixed() as stream:
        first, *others = stream
    assert (first.n, others) == (1, ["hello", "quoted"])


def test_an_event_with_an_object_in_it(client: Clients) -> None:
    api, _ = client(events(b'data: {"n": 1}', b'event: message\ndata: {"n": 2}'))
    with api.streams.stream_events() as stream:
        assert [item.data.n for item in stream] == [1, 2]


def test_a_documented_error_is_an_answer(client: Clients) -> None:
    api, _ = client(httpx2.Response(200, json={"error": "failed to start"}))
    assert api.answers.get_error().error == "failed to start"


def test_a_method_goes_out_as_the_document_writes_it(client: Clients) -> None:
    api, sent = client(httpx2.Response(204))
    api.methods.link()
    assert [request.method for request in sent] == ["link"]


def test_texts_that_are_no_strings(client: Clients) -> None:
    api, sent = client(httpx2.Response(204))
    api.text.update_integer(body=3)
    api.text.update_boolean(body=True)
    api.text.update_array(body=[1, 2])
    api.text.update_integer(body="4")
    assert [request.content for request in sent] == [b"3", b"true", b"[1,2]", b"4"]
