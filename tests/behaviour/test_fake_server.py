"""The fake server over real HTTP on loopback: one document of a chat API, one of a shop."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Generator, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.overlays import apply_overlays
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import Exchange, Reply, describe_exchange
from sdkpress.runtime.testing.reading import LARGEST_BODY
from sdkpress.runtime.testing.serving import ServedApp, serve
from tests.behaviour.shop_document import SHOP

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {
    "model": "alibaba/qwen3-max-256k",
    "messages": [{"role": "user", "content": "Say hello."}],
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool = True

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[str]:
        return re.findall(r"^data: (.*)$", self.body.decode(), re.MULTILINE)


Call = Callable[..., Answer]


def caller(served: ServedApp) -> Call:
    def call(
        method: str, path: str, body: Any = None, *, key: str = "Bearer k", **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection(served.host, served.port, timeout=30)
        try:
            head = {name.replace("_", "-"): value for name, value in headers.items()}
            if key:
                head["authorization"] = key
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
                head.setdefault("content-type", "application/json")
            connection.request(method, path, body, head)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Answer(response.status, got, response.read())
            except http.client.IncompleteRead as error:
                return Answer(response.status, got, error.partial, is_whole=False)
        finally:
            connection.close()

    return call


@pytest.fixture(scope="module")
def chat_document(repository: Path) -> dict[str, Any]:
    folder = repository / "openapi-spec"
    document = load_document(folder / "qwen3-max-256k.yaml", Diagnostics())
    overlay = folder / "qwen3-max-256k.overlay.yaml"
    return apply_overlays(document, [overlay], Diagnostics()).tree


@pytest.fixture(scope="module")
def chat_server(chat_document: dict[str, Any]) -> Generator[ServedApp]:
    with serve(FakeApp(chat_document)) as served:
        yield served


@pytest.fixture
def app(chat_server: ServedApp) -> Iterator[FakeApp]:
    chat_server.app.reset()
    yield chat_server.app
    chat_server.app.reset()


@pytest.fixture
def chat(chat_server: ServedApp, app: FakeApp) -> Call:
    return caller(chat_server)


@pytest.fixture(scope="module")
def shop_server() -> Generator[ServedApp]:
    with serve(FakeApp(SHOP)) as served:
        yield served


@pytest.fixture
def shop(shop_server: ServedApp) -> Call:
    return caller(shop_server)


# --- Answers


def test_a_completion_is_the_documents_example(chat: Call, app: FakeApp) -> None:
    answer = chat("POST", CHAT, HELLO)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["content"] == "Hello! How can I help you today?"
    (request,) = app.requests
    assert request.operation == f"POST {CHAT}"
    assert request.json() == HELLO
    assert chat("POST", CHAT, HELLO).body == answer.body


def test_the_example_follows_the_request(chat: Call) -> None:
    tools = [{"type": "function", "function": {"name": "get_weather"}}]
    answer = chat("POST", CHAT, {**HELLO, "tools": tools})
    assert answer.json()["choices"][0]["finish_reason"] == "tool_calls"


def test_examples_are_matched_by_name_and_shape(shop: Call) -> None:
    assert shop("POST", "/pets", {"name": "x", "tail": 3}).json() == {"name": "a dog"}
    assert shop("POST", "/pets", {"name": "x", "claws": 3}).json() == {"name": "a cat"}
    assert shop("POST", "/pets", {"name": "x"}, Prefer="example=dog").json() == {"name": "a dog"}
    refused = shop("POST", "/pets", {"name": "x"}, Prefer="example=cow")
    assert refused.status == 404
    assert "cat, dog" in refused.body.decode()


def test_a_value_is_made_where_there_is_no_example(shop: Call) -> None:
    answer = shop("GET", "/pets", X_Tenant="t")
    assert answer.json() == [{"name": "string", "claws": 1, "tail": 1}]
    assert answer.headers["x-total"] == "1"
    assert re.fullmatch(r"fake-\d+", answer.headers["x-request-id"])


def test_the_base_path_of_the_server_may_be_there(shop: Call) -> None:
    assert shop("GET", "/v2/pets/7").body == shop("GET", "/pets/7").body


def test_other_media_types(shop: Call) -> None:
    xml = shop("GET", "/pets", X_Tenant="t", Accept="application/xml")
    assert xml.headers["content-type"] == "application/xml"
    assert b"<name>string</name>" in xml.body
    photo = shop("GET", "/pets/7/photo")
    assert (photo.headers["content-type"], photo.body) == ("image/png", b"sample")
    gone = shop("DELETE", "/pets/7", X_Key="k")
    assert (gone.status, gone.body) == (204, b"")


# --- Streams


def test_a_stream_has_chunks_and_an_end(chat: Call) -> None:
    answer = chat("POST", CHAT, {**HELLO, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *chunks, last = answer.events()
    assert last == "[DONE]"
    deltas = [json.loads(chunk)["choices"][0]["delta"].get("content") or "" for chunk in chunks]
    assert "".join(deltas) == "Hello! How can I help you today?"
    assert len([delta for delta in deltas if delta]) > 3
    assert json.loads(chunks[-1])["choices"][0]["finish_reason"] == "stop"


def test_accept_asks_for_a_stream_too(chat: Call) -> None:
    assert chat("POST", CHAT, HELLO, Accept="text/event-stream").events()[-1] == "[DONE]"
    assert chat("POST", CHAT, HELLO, Accept="application/json, text/event-stream;q=0.5").json()
    no = chat("POST", CHAT, {**HELLO, "stream": False}, Accept="text/event-stream")
    assert no.json()["object"] == "chat.completion"


def test_usage_comes_when_asked_for(chat: Call) -> None:
    body = {**HELLO, "stream": True, "stream_options": {"include_usage": True}}
    *_, usage, last = chat("POST", CHAT, body).events()
    assert last == "[DONE]"
    assert json.loads(usage)["choices"] == []
    assert json.loads(usage)["usage"]["total_tokens"] == 30


@pytest.mark.parametrize("has_hints", [True, False])
def test_without_chunk_examples_the_completion_is_split(
    chat_document: dict[str, Any], has_hints: bool
) -> None:
    document = json.loads(json.dumps(chat_document))
    content = document["paths"][CHAT]["post"]["responses"]["200"]["content"]
    del content["text/event-stream"]["examples"]
    if not has_hints:
        del content["text/event-stream"]["x-sdkpress-stream"]
    body: dict[str, Any] = {**HELLO, "stream": True}
    with serve(FakeApp(document)) as served:
        call = caller(served)
        *chunks, last = call("POST", CHAT, body).events()
        body["tools"] = [{"type": "function", "function": {"name": "get_weather"}}]
        body["stream_options"] = {"include_usage": True}
        *tool_chunks, _ = call("POST", CHAT, body).events()
    assert last == "[DONE]"
    items = [json.loads(chunk) for chunk in chunks]
    assert {item["object"] for item in items} == {"chat.completion.chunk"}
    choices = [item["choices"][0] for item in items]
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(choice["delta"].get("content", "") for choice in choices) == (
        "Hello! How can I help you today?"
    )
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(items) - 1) + ["stop"]
    tools = [json.loads(chunk) for chunk in tool_chunks]
    assert tools[-1]["usage"]["total_tokens"] == 182
    calls = [
        call
        for item in tools
        for choice in item["choices"]
        for call in choice["delta"].get("tool_calls") or []
    ]
    assert {call["index"] for call in calls} == {0}
    assert calls[0]["id"] == "call_4b1f02"
    arguments = "".join(call["function"]["arguments"] for call in calls)
    assert json.loads(arguments) == {"city": "Paris"}


def test_events_with_an_envelope_and_ndjson(shop: Call) -> None:
    events = shop("GET", "/events").body.decode().split("\n\n")
    assert events[0].splitlines() == [
        "event: pet",
        "id: 7",
        'data: {"name":"string","claws":1,"tail":1}',
    ]
    assert len(events) == 4 and events[-1] == ""
    lines = shop("GET", "/pets", X_Tenant="t", Accept="application/x-ndjson").body.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["string", "string1", "string2"]


# --- Refusals


def test_a_missing_key(chat: Call, shop: Call) -> None:
    answer = chat("POST", CHAT, HELLO, key="")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "Authorization" in answer.json()["error"]["message"]
    assert shop("DELETE", "/pets/7").status == 401


def test_given_credentials_must_match(chat_document: dict[str, Any]) -> None:
    with serve(FakeApp(chat_document, credentials={"bearerAuth": "sk-right"})) as served:
        call = caller(served)
        assert call("POST", CHAT, HELLO, key="Bearer sk-right").status == 200
        refused = call("POST", CHAT, HELLO, key="Bearer sk-wrong")
    assert refused.status == 401
    assert b"sk-" not in refused.body


def test_unknown_paths_and_methods(chat: Call, shop: Call) -> None:
    answer = chat("GET", "/v1/nothing")
    assert answer.status == 404
    assert "/v1/nothing" in answer.json()["error"]["message"]
    answer = chat("GET", CHAT)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert chat("HEAD", CHAT).status == 405
    answer = shop("GET", "/nothing")
    assert (answer.status, answer.json()["status"]) == (404, 404)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"messages": None}, "body/messages: is null"),
        ({"messages": []}, "body/messages: has 0 items"),
        ({"messages": [{"content": "x"}]}, "body/messages/0/role: is required"),
        ({"temperature": 3}, "body/temperature: is 3, more than 2"),
    ],
)
def test_a_body_that_is_not_valid(chat: Call, change: dict[str, Any], place: str) -> None:
    answer = chat("POST", CHAT, {**HELLO, **change})
    assert answer.status == 400
    message = answer.json()["error"]["message"]
    assert place in message
    assert "#/paths/~1v1~1chat~1completions/post/requestBody" in message


def test_a_missing_field_is_named(chat: Call) -> None:
    answer = chat("POST", CHAT, {"model": HELLO["model"]})
    assert answer.status == 400
    assert answer.json()["error"]["param"] == "messages"


def test_bodies_that_cannot_be_read(chat: Call) -> None:
    assert chat("POST", CHAT, b"{", content_type="application/json").status == 400
    assert chat("POST", CHAT, b"[" * 100_000, content_type="application/json").status == 400
    assert chat("POST", CHAT, b"x", content_type="text/plain").status == 415
    assert chat("POST", CHAT).status == 400


def test_parameters_are_checked(shop: Call) -> None:
    answer = shop("GET", "/pets?limit=500")
    assert (answer.status, answer.json()["status"]) == (422, 422)
    assert "query parameter 'limit': is 500, more than 100" in answer.json()["detail"]
    assert "header 'X-Tenant': is required" in answer.json()["detail"]
    assert shop("GET", "/pets/seven").status == 400


def test_forms(shop: Call) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert shop("POST", "/pets", b"name=Rex&claws=4", **form).status == 201
    assert shop("POST", "/pets", b"name=Rex&claws=four", **form).status == 400
    parts = (
        b'--b\r\ncontent-disposition: form-data; name="name"\r\n\r\nRex\r\n'
        b'--b\r\ncontent-disposition: form-data; name="claws"\r\n\r\n%s\r\n--b--\r\n'
    )
    form = {"content_type": "multipart/form-data; boundary=b"}
    assert shop("POST", "/pets", parts % b"4", **form).status == 201
    refused = shop("POST", "/pets", parts % b"four", **form)
    assert refused.status == 400
    assert b"body/claws" in refused.body


def test_prefer_asks_for_documented_errors(chat: Call, shop: Call) -> None:
    answer = chat("POST", CHAT, HELLO, Prefer="code=429")
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert shop("POST", "/pets", {"name": "x"}, Prefer="code=409").status == 409
    assert shop("POST", "/pets", {"name": "x"}, Prefer="code=418").status == 418


# --- Scripts


def test_a_script_is_a_sequence(chat: Call, app: FakeApp) -> None:
    script = app.script("token_model-de6tzdf802fbb9gd")
    script.fails(status=429, retry_after=0.5, times=2).replies({"id": "x"}).sends_raw(
        b"<html>", status=502, media_type="text/html"
    )
    answers = [chat("POST", CHAT, HELLO) for _ in range(5)]
    assert [answer.status for answer in answers] == [429, 429, 200, 502, 200]
    assert answers[0].headers["retry-after"] == "0.5"
    assert answers[0].json()["error"]["type"] == "rate_limit_error"
    assert answers[2].json() == {"id": "x"}
    assert (answers[3].headers["content-type"], answers[3].body) == ("text/html", b"<html>")
    assert answers[4].json()["object"] == "chat.completion"


def test_a_bad_request_uses_up_no_script(chat: Call, app: FakeApp) -> None:
    app.script(f"POST {CHAT}").replies({"id": "x"})
    assert chat("POST", CHAT, {}).status == 400
    assert chat("POST", CHAT, HELLO).json() == {"id": "x"}


def test_a_script_may_have_a_condition(chat: Call, app: FakeApp) -> None:
    script = app.script(f"POST {CHAT}")
    script.when(lambda request: "Hi" in str(request.json())).replies({"id": "hi"}, times=None)
    hi = {**HELLO, "messages": [{"role": "user", "content": "Hi"}]}
    assert chat("POST", CHAT, hi).json() == {"id": "hi"}
    assert chat("POST", CHAT, HELLO).json()["id"] != "hi"
    assert chat("POST", CHAT, hi).json() == {"id": "hi"}


def test_scripted_streams(chat: Call, app: FakeApp) -> None:
    app.script(f"POST {CHAT}").streams([{"id": 1}, {"id": 2}]).cuts_after(
        events=1, of=[{"id": 3}, {"id": 4}]
    ).cuts_after(events=2)
    body = {**HELLO, "stream": True}
    assert chat("POST", CHAT, body).events() == ['{"id":1}', '{"id":2}', "[DONE]"]
    cut = chat("POST", CHAT, body)
    assert (cut.events(), cut.is_whole) == (['{"id":3}'], False)
    cut = chat("POST", CHAT, body)
    assert (len(cut.events()), cut.is_whole) == (2, False)


def test_a_cut_body(chat: Call, app: FakeApp) -> None:
    app.script(f"POST {CHAT}").cuts_after(events=1).cuts_after(events=0)
    half = chat("POST", CHAT, HELLO)
    assert not half.is_whole and half.body.startswith(b'{"id"')
    nothing = chat("POST", CHAT, HELLO)
    assert not nothing.is_whole and nothing.body == b""


def test_a_stall_ends_when_the_client_leaves(chat_document: dict[str, Any]) -> None:
    told: list[Exchange] = []
    heard = threading.Event()

    def on_exchange(exchange: Exchange) -> None:
        told.append(exchange)
        heard.set()

    with serve(FakeApp(chat_document, on_exchange=on_exchange)) as served:
        served.app.script(f"POST {CHAT}").stalls(3600, after_events=1)
        connection = http.client.HTTPConnection(served.host, served.port, timeout=30)
        head = {"authorization": "Bearer k", "content-type": "application/json"}
        connection.request("POST", CHAT, json.dumps({**HELLO, "stream": True}), head)
        response = connection.getresponse()
        assert response.readline().startswith(b"data: ")
        assert not heard.is_set()
        response.close()
        connection.close()
        assert heard.wait(30)
    assert (told[0].blocks, told[0].is_complete) == (1, False)


def test_the_server_stops_while_an_answer_stalls(chat_document: dict[str, Any]) -> None:
    with serve(FakeApp(chat_document)) as served:
        served.app.script(f"POST {CHAT}").stalls(3600, after_events=1)
        stream = socket.create_connection((served.host, served.port), timeout=30)
        body = json.dumps({**HELLO, "stream": True}).encode()
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        stream.sendall(head.encode() + body)
        assert stream.recv(5)
    with stream:
        while stream.recv(65536):
            pass
    with pytest.raises(OSError), socket.create_connection((served.host, served.port), timeout=5):
        pass


def test_an_unknown_operation_has_no_script(app: FakeApp) -> None:
    with pytest.raises(LookupError, match="GET /nothing"):
        app.script("GET /nothing")
    with pytest.raises(ValueError, match="times"):
        app.script(f"POST {CHAT}").replies({}, times=0)


# --- Serving


def test_many_clients_at_once(chat: Call, app: FakeApp) -> None:
    def ask(number: int) -> int:
        body = {**HELLO, "stream": number % 2 == 0, "max_tokens": number + 1}
        answer = chat("POST", CHAT, body)
        text = answer.events()[-1] if number % 2 == 0 else answer.json()["object"]
        assert text == ("[DONE]" if number % 2 == 0 else "chat.completion")
        return answer.status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(120))) == {200}
    assert sorted(request.json()["max_tokens"] for request in app.requests) == list(range(1, 121))


def test_a_connection_is_reused(chat_server: ServedApp) -> None:
    connection = http.client.HTTPConnection(chat_server.host, chat_server.port, timeout=30)
    head = {"authorization": "Bearer k", "content-type": "application/json"}
    for is_streamed in (True, False, True):
        connection.request("POST", CHAT, json.dumps({**HELLO, "stream": is_streamed}), head)
        response = connection.getresponse()
        response.read()
        if is_streamed:
            first = connection.sock
        assert connection.sock is first
    connection.close()


def test_a_port_in_use_is_an_error(chat_server: ServedApp) -> None:
    with pytest.raises(OSError), serve(chat_server.app, port=chat_server.port):
        pass
    assert not [t for t in threading.enumerate() if t.name.endswith("port 0")]


def test_no_answer_of_a_broken_document_is_a_traceback() -> None:
    document = {
        "paths": {
            "/a": {"get": {"responses": {"200": {"content": {"application/json": None}}}}},
            "/b": {"get": None, "post": {"requestBody": 5, "parameters": [3, {"$ref": "#/x"}]}},
            "/c": {"get": {"responses": {"x": 1, "default": {"$ref": "#/nowhere"}}, "security": 4}},
            "/d": {"get": {"responses": {"200": {"headers": {"A\r\nB: c": {"example": "x\r\ny"}}}}}},
            "bad": 3,
        }
    }  # fmt: skip
    with serve(FakeApp(document)) as served:
        call = caller(served)
        assert call("GET", "/a").status == 200
        assert call("POST", "/b").status == 200
        assert call("GET", "/c").status == 200
        assert call("GET", "/d").status == 200
        assert call("GET", "/b").status == 405


@pytest.mark.parametrize(
    ("sizes", "status"),
    [((2, 0), 413), ((1, 1), 413), ((0, 2), 413), ((1, 0), 400)],
    ids=["at once", "in blocks", "at last", "just not"],
)
def test_a_body_that_is_too_large_is_refused(
    app: FakeApp, sizes: tuple[int, ...], status: int
) -> None:
    blocks = [bytes(size * LARGEST_BODY) for size in sizes]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": blocks.pop(0), "more_body": bool(blocks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer test-key")]
    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": headers}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == status


def test_the_log_line_is_harmless(app: FakeApp) -> None:
    app.respond(request := _request("/\x1b[31m\u202e", "key=secret"))
    line = describe_exchange(Exchange(request, Reply(200, note="why"), 0.0123, 3, True))
    assert line == "GET /\\u001b[31m\\u202e 200 12 ms, 3 blocks  why"


def _request(path: str, query: str) -> Any:
    from sdkpress.runtime.testing.exchanges import ReceivedRequest

    return ReceivedRequest("GET", path, query)
