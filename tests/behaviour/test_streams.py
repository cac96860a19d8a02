"""Streams: plain, oddly framed, cut, lying; and what becomes of their connections."""

from __future__ import annotations

import gc
import json
import logging
import pickle
import warnings
from typing import Any

import pytest

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, RESET, STALL, Pause, reply, serving, stream


def chunk(content: str | None = None, finish: str | None = None, **changes: Any) -> dict[str, Any]:
    delta: dict[str, Any] = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    made = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return {**made, **changes}


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


HELLO = [data(chunk("Hel")), data(chunk("lo")), data(chunk(finish="stop"))]
DONE = b"data: [DONE]\n\n"


def text(items: list[Any]) -> str:
    return "".join(item.choices[0].delta.content or "" for item in items)


def test_a_stream(driver: Driver) -> None:
    with serving(stream(*HELLO, DONE, fields=[("x-request-id", "r1")])) as server:
        client = driver.client(server.url)
        answer = driver.create(client, stream=True)
        assert (answer.status_code, answer.request_id) == (200, "r1")
        assert answer.headers["X-Request-ID"] == "r1"
        items = driver.items(answer)
        whole = driver.final(answer)
    assert text(items) == "Hello"
    assert whole.choices[0].message.content == "Hello"
    assert whole.choices[0].finish_reason == "stop"
    assert type(whole).__name__ == "ChatCompletion"
    assert server.requests[0].headers["accept"] == "text/event-stream"
    assert json.loads(server.requests[0].body)["stream"] is True


def test_final_alone_reads_everything(driver: Driver) -> None:
    with serving(stream(*HELLO, DONE)) as server:
        whole = driver.final(driver.create(driver.client(server.url), stream=True))
    assert whole.choices[0].message.content == "Hello"


def test_items_arrive_as_they_are_sent(driver: Driver) -> None:
    # The server goes on only when the test is over: an item held back would never come.
    with serving(stream(HELLO[0], STALL)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer, limit=1)) == "Hel"


FRAMINGS: dict[str, list[bytes]] = {
    "one block": [b"".join(HELLO) + DONE],
    "every byte alone": [bytes([byte]) for byte in b"".join(HELLO) + DONE],
    "byte order mark": [b"\xef\xbb\xbf", *HELLO, DONE],
    "cr": [block.replace(b"\n", b"\r") for block in [*HELLO, DONE]],
    "crlf": [block.replace(b"\n", b"\r\n") for block in [*HELLO, DONE]],
    "crlf split": [
        piece for block in [*HELLO, DONE] for piece in (block.replace(b"\n", b"\r\n")[:-1], b"\n")
    ],
    "comments between id and data": [
        b"id: 1\n: ping\n" + HELLO[0],
        b": ping\n\n",
        b"id: 2\n: ping\n\n",
        *HELLO[1:],
        DONE,
    ],
    "events without data": [b"retry: 3000\n\n", b"event: ping\n\n", *HELLO, DONE],
    "empty data": [b"data:\n\n", b"data: \n\n", *HELLO, DONE],
    "no space after the colon": [block.replace(b"data: ", b"data:") for block in [*HELLO, DONE]],
    "several data lines": [
        json.dumps(json.loads(block[6:]), indent=1)
        .replace("\n", "\ndata: ")
        .join(("data: ", "\n\n"))
        .encode()
        for block in HELLO
    ]
    + [DONE],
    "no last line break": [*HELLO, b"data: [DONE]"],
    "one last line break": [*HELLO, b"data: [DONE]\n"],
    "no terminator but a finish": HELLO,
    "no terminator, finish without line break": [*HELLO[:2], HELLO[2].rstrip()],
}


@pytest.mark.parametrize("case", FRAMINGS)
def test_framings(driver: Driver, case: str) -> None:
    with serving(stream(*FRAMINGS[case])) as server:
        answer = driver.create(driver.client(server.url, strict=True), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert driver.final(answer).choices[0].finish_reason == "stop"


def test_last_event_id_and_retry(driver: Driver) -> None:
    events = [b"id: 7\nretry: 250\n" + HELLO[0], *HELLO[1:], DONE]
    with serving(stream(*events)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        driver.items(answer)
    assert (answer.last_event_id, answer.retry) == ("7", 250)


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", ""])
def test_a_wrong_media_type_is_seen_through(driver: Driver, content_type: str) -> None:
    with serving(stream(*HELLO, DONE, content_type=content_type)) as server:
        assert text(driver.read(driver.client(server.url))) == "Hello"


def test_unknown_fields_and_odd_values_survive(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    odd = chunk("x", "brand_new", obfuscation="abc", usage={"total_tokens": 1})
    odd["choices"][0]["spin"] = 1
    odd["choices"][0]["delta"].update(mood="good", tool_calls=None)
    lost = chunk("y")
    lost["choices"][0]["delta"] = None
    with serving(stream(data(odd), data(lost), DONE)) as server:
        with caplog.at_level(logging.WARNING, driver.package.__name__):
            items = driver.read(driver.client(server.url))
    assert [item.to_dict() for item in items] == [odd, lost]
    assert items[0].extra == {"obfuscation": "abc"}
    assert items[0].choices[0].delta.extra == {"mood": "good"}
    assert items[1].choices[0].delta is None
    assert caplog.records


def test_strict_streams_raise(driver: Driver) -> None:
    with serving(stream(data(chunk("x", created="soon")), DONE)) as server:
        with pytest.raises(driver.errors.ResponseValidationError):
            driver.read(driver.client(server.url, strict=True))


def test_tool_calls_in_pieces(driver: Driver) -> None:
    def call(index: int, **fields: Any) -> bytes:
        piece = chunk()
        piece["choices"][0]["delta"]["tool_calls"] = [{"index": index, **fields}]
        return data(piece)

    events = [
        call(0, id="a", type="function", function={"name": "f", "arguments": ""}),
        call(0, function={"arguments": '{"x"'}),
        call(1, id="b", type="function", function={"name": "g", "arguments": "{}"}),
        call(0, function={"arguments": ":1}"}),
        data(chunk(finish="tool_calls")),
        DONE,
    ]
    with serving(stream(*events)) as server:
        whole = driver.final(driver.create(driver.client(server.url), stream=True))
    first, second = whole.choices[0].message.tool_calls
    assert (first.id, first.function.name, first.function.arguments) == ("a", "f", '{"x":1}')
    assert (second.id, second.function.arguments) == ("b", "{}")


# -- ends


CUTS: dict[str, list[object]] = {
    "between events": list(stream(*HELLO[:2])),
    "inside an event": list(stream(*HELLO[:2], HELLO[2][:20])),
    "without the last chunk": [*stream(*HELLO[:2], end=False), CUT],
    "reset": [*stream(*HELLO[:2], Pause(0.1), end=False), RESET],
}


@pytest.mark.parametrize("case", CUTS)
def test_a_cut_stream_gives_what_came_and_says_so(driver: Driver, case: str) -> None:
    with serving(CUTS[case]) as server:
        client = driver.client(server.url)
        answer = driver.create(client, stream=True)
        with pytest.raises(driver.errors.StreamTruncatedError) as caught:
            driver.final(answer)
    error = caught.value
    assert error.partial.choices[0].message.content == "Hello"
    assert (error.status_code, error.attempts, error.retryable) == (200, 1, True)
    assert len(server.requests) == 1
    copy = pickle.loads(pickle.dumps(error))
    assert copy.partial == error.partial
    with pytest.raises(driver.errors.StreamTruncatedError):
        driver.final(answer)


def test_a_cut_can_be_allowed(driver: Driver) -> None:
    with serving(stream(*HELLO[:2])) as server:
        client = driver.client(server.url)
        answer = driver.create(client, stream=True, options={"allow_truncated": True})
        assert driver.final(answer).choices[0].message.content == "Hello"


def test_an_empty_stream_is_no_success(driver: Driver) -> None:
    with serving(stream()) as server:
        with pytest.raises(driver.errors.StreamTruncatedError):
            driver.read(driver.client(server.url, max_retries=0))


def test_a_stream_that_fails_before_its_first_event_is_sent_again(driver: Driver) -> None:
    broken = [*stream(b": hold on\n\n", end=False), CUT]
    with serving(broken, stream(*HELLO, DONE)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert answer.attempts == 2
    assert [request.headers["x-retry-count"] for request in server.requests] == ["0", "1"]
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(keys) == 1


ERRORS: dict[str, bytes] = {
    "event error": b'event: error\ndata: {"message": "overloaded", "code": "busy"}\n\n',
    "event error with text": b"event: error\ndata: overloaded\n\n",
    "error object": b'data: {"error": {"message": "overloaded", "code": "busy"}}\n\n',
    "error text": b'data: {"error": "overloaded"}\n\n',
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_inside_a_stream(driver: Driver, case: str) -> None:
    with serving(stream(HELLO[0], ERRORS[case], fields=[("x-request-id", "r3")])) as server:
        with pytest.raises(driver.errors.StreamServerError, match="overloaded") as caught:
            driver.read(driver.client(server.url))
    error = caught.value
    assert isinstance(error, driver.errors.APIStatusError)
    assert isinstance(error, driver.errors.StreamError)
    assert (error.status_code, error.request_id) == (200, "r3")
    assert error.partial.choices[0].message.content == "Hel"
    pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("event", [b"data: {oops\n\n", b"data: {} {}\n\n", b"data: null\n\n"])
def test_an_unreadable_event(driver: Driver, event: bytes) -> None:
    with serving(stream(HELLO[0], event, DONE)) as server:
        with pytest.raises(driver.errors.StreamDecodeError) as caught:
            driver.read(driver.client(server.url))
    assert caught.value.data == event[6:-2]
    assert caught.value.partial.choices[0].message.content == "Hel"
    assert caught.value.request_id is None


# -- no stream at all


def whole() -> dict[str, Any]:
    choice = {"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}
    made = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**made, "choices": [choice]}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/event-stream"])
def test_a_completion_in_place_of_a_stream(driver: Driver, content_type: str) -> None:
    with serving(reply(json.dumps(whole()), content_type=content_type)) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer)) == "Hello"
        final = driver.final(answer)
    assert final.to_dict() == whole()


def test_one_chunk_in_place_of_a_stream(driver: Driver) -> None:
    with serving(reply(json.dumps(chunk("Hello", "stop")))) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        assert text(driver.items(answer)) == "Hello"
        assert driver.final(answer).choices[0].message.content == "Hello"


NO_STREAMS: dict[str, tuple[list[object], str]] = {
    "error object": (list(reply('{"error": {"message": "no"}}')), "APIStatusError"),
    "html": (list(reply("<html></html>", content_type="text/html")), "ResponseDecodeError"),
    "html as text": (
        list(reply("<html></html>", content_type="text/plain")),
        "ResponseDecodeError",
    ),
    "empty": (list(reply("", content_type="application/json")), "ResponseDecodeError"),
    "empty, untyped": (list(reply("", content_type=None)), "ResponseDecodeError"),
    "list": (list(reply("[]")), "ResponseDecodeError"),
    "null": (list(reply("null")), "ResponseDecodeError"),
    "status": (list(reply('{"error": {"message": "no"}}', 400)), "BadRequestError"),
}


@pytest.mark.parametrize("case", NO_STREAMS)
def test_what_is_no_stream_is_an_error(driver: Driver, case: str) -> None:
    script, name = NO_STREAMS[case]
    with serving(script) as server:
        with pytest.raises(driver.errors.SirayError) as caught:
            driver.read(driver.client(server.url))
    assert type(caught.value).__name__ == name
    assert len(server.requests) == 1


# -- connections


@pytest.mark.wire("counts connections")
def test_the_connection_is_reused_after_done(driver: Driver) -> None:
    steps = [*stream(*HELLO, DONE, end=False), Pause(0.02), b"0\r\n\r\n"]
    with serving(steps) as server:
        client = driver.client(server.url)
        for _ in range(3):
            assert text(driver.read(client)) == "Hello"
    assert server.connections == 1


def test_a_server_that_does_not_stop_after_done_holds_nobody_up(driver: Driver) -> None:
    with serving([*stream(*HELLO, DONE, end=False), STALL]) as server:
        client = driver.client(server.url)
        assert text(driver.read(client)) == "Hello"
        assert server.closed_by_client.wait(5)


def test_breaking_out_closes(driver: Driver) -> None:
    with serving([*stream(*HELLO, end=False), STALL]) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        driver.items(answer, limit=1)
        driver.call(_nothing) if driver.kind == "async" else None
        assert server.closed_by_client.wait(5)
        with pytest.raises(driver.errors.StreamTruncatedError, match="closed"):
            driver.final(answer)


def test_closing_closes(driver: Driver) -> None:
    with serving([*stream(*HELLO, end=False), STALL]) as server:
        answer = driver.create(driver.client(server.url), stream=True)
        driver.call(answer.close if driver.kind == "sync" else answer.aclose)
        assert server.closed_by_client.wait(5)
        assert driver.items(answer) == []


def test_a_forgotten_stream_is_closed_without_a_word(driver: Driver) -> None:
    with serving([*stream(*HELLO, end=False), STALL], stream(*HELLO, DONE)) as server:
        client = driver.client(server.url)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = driver.create(client, stream=True)
            assert answer.status_code == 200
            del answer
            gc.collect()
            driver.call(_nothing) if driver.kind == "async" else None
            assert server.closed_by_client.wait(5)
            assert text(driver.read(client)) == "Hello"


async def _nothing() -> None:
    import asyncio

    await asyncio.sleep(0.05)
