"""Whole answers: the good one, and those that are not what the document says."""

from __future__ import annotations

import gzip
import json
import logging
import pickle
from importlib import import_module
from typing import Any

import pytest

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, RESET, Endless, head, reply, serving

COMPLETION: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def completion(**changes: Any) -> str:
    return json.dumps({**COMPLETION, **changes})


def test_a_completion(driver: Driver) -> None:
    with serving(reply(completion(), 200, ("X-Request-Id", "r1"))) as server:
        client = driver.client(server.url + "/base/")
        request = client.chat.completions.create_request(model="m", messages=[{"role": "user"}])
        response = driver.send(client, request)
    assert response.parsed.choices[0].message.content == "Hello"
    assert (response.status_code, response.request_id, response.attempts) == (200, "r1", 1)
    assert response.headers["CONTENT-type"] == "application/json"
    assert json.loads(response.content)["id"] == "c1" and response.elapsed > 0
    [sent] = server.requests
    assert (sent.method, sent.target) == ("POST", "/base/v1/chat/completions")
    assert sent.headers["authorization"] == "Bearer sk-test-0123456789"
    assert sent.headers["user-agent"].startswith("siray-chat/0.1.0 python/3.")
    assert sent.headers["x-retry-count"] == "0" and sent.headers["idempotency-key"]
    assert json.loads(sent.body) == {"model": "m", "messages": [{"role": "user"}]}


@pytest.mark.wire("counts connections")
def test_connections_are_reused(driver: Driver) -> None:
    with serving(reply(completion())) as server:
        client = driver.client(server.url)
        for _ in range(3):
            driver.create(client)
    assert server.connections == 1


def test_unknown_fields_at_three_depths_survive_quietly(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    raw = json.loads(completion(service_tier="gold"))
    raw["choices"][0]["spin"] = {"up": 1}
    raw["choices"][0]["message"]["mood"] = "good"
    with serving(reply(json.dumps(raw))) as server, caplog.at_level(logging.WARNING):
        answer = driver.create(driver.client(server.url, strict=True))
    assert answer.extra == {"service_tier": "gold"}
    assert answer.choices[0].extra == {"spin": {"up": 1}}
    assert answer.choices[0].message.extra == {"mood": "good"}
    assert answer.to_dict() == raw
    assert not [record for record in caplog.records if record.name == driver.package.__name__]


def test_unknown_enum_values_survive(driver: Driver) -> None:
    choice = {**COMPLETION["choices"][0], "finish_reason": "brand_new"}
    with serving(reply(completion(choices=[choice]))) as server:
        answer = driver.create(driver.client(server.url, strict=True))
    assert answer.choices[0].finish_reason == "brand_new"


@pytest.mark.parametrize(
    "change",
    [
        {"role": 5},
        {"content": 5},
        {"tool_calls": [{"function": None}]},
    ],
)
def test_a_mismatch_is_kept_and_warned_of_once(
    driver: Driver, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    message = {"role": "assistant", "content": "Hello", **change}
    raw = json.loads(completion(choices=[{**COMPLETION["choices"][0], "message": message}]))
    seen: list[Any] = []
    hooks = _hooks(driver, warning=seen.append)
    with (
        serving(reply(json.dumps(raw))) as server,
        caplog.at_level(logging.WARNING, driver.package.__name__),
    ):
        answer = driver.create(driver.client(server.url, hooks=hooks))
    assert answer.to_dict() == raw
    [record] = [record for record in caplog.records if record.name == driver.package.__name__]
    assert "choices[0].message" in record.getMessage() and "\n" not in record.getMessage()
    assert len(seen) == 1 and seen[0].notes


def test_usage_without_details_and_without_required_counts(driver: Driver) -> None:
    with serving(reply(completion(usage={"total_tokens": 3}))) as server:
        answer = driver.create(driver.client(server.url))
    assert answer.usage.total_tokens == 3
    assert answer.usage.prompt_tokens is None
    assert answer.to_dict()["usage"] == {"total_tokens": 3}


def test_strict_raises_with_the_body(driver: Driver) -> None:
    with serving(reply(completion(created="soon"), 200, ("x-request-id", "r9"))) as server:
        client = driver.client(server.url, strict=True)
        with pytest.raises(driver.errors.ResponseValidationError) as caught:
            driver.create(client)
    error = caught.value
    assert json.loads(error.content)["created"] == "soon"
    assert (error.status_code, error.request_id, error.attempts) == (200, "r9", 1)
    assert any("created" in note for note in error.notes)
    assert pickle.loads(pickle.dumps(error)).notes == error.notes


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (418, "APIStatusError"),
        (422, "UnprocessableEntityError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (529, "InternalServerError"),
        (999, "InternalServerError"),
        (304, "APIStatusError"),
    ],
)
def test_status_errors(driver: Driver, status: int, name: str) -> None:
    body = {"error": {"message": "No such luck", "type": "bad", "code": "unlucky", "param": None}}
    data = b"" if status == 304 else json.dumps(body).encode()
    with serving(reply(data, status, ("request-id", "r2"))) as server:
        client = driver.client(server.url, max_retries=0)
        with pytest.raises(driver.errors.APIStatusError) as caught:
            driver.create(client)
    error = caught.value
    assert type(error).__name__ == name
    assert (error.status_code, error.request_id, error.attempts) == (status, "r2", 1)
    assert error.retryable == (status == 429 or status >= 500)
    if status != 304:
        assert error.code == "unlucky" and error.error_type == "bad"
        assert "No such luck" in str(error)
        assert error.body.error.message == "No such luck"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_html_error_page(driver: Driver) -> None:
    page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    with serving(reply(page, 502, content_type="text/html")) as server:
        client = driver.client(server.url, max_retries=0)
        with pytest.raises(driver.errors.InternalServerError, match="502 Bad Gateway") as caught:
            driver.create(client)
    assert caught.value.body == page


def test_the_key_is_in_no_message(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-test-0123456789"
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {key}"}})
    with serving(reply(body, 401)) as server, caplog.at_level(logging.DEBUG):
        with pytest.raises(driver.errors.AuthenticationError) as caught:
            driver.create(driver.client(server.url))
    assert key not in str(caught.value) and key not in repr(caught.value)
    assert "Incorrect API key provided: ***" in str(caught.value)
    assert caplog.records and not any(key in record.getMessage() for record in caplog.records)


LIES: dict[str, tuple[list[object], str]] = {
    "html": (list(reply("<html>sign in</html>", content_type="text/html")), "ResponseDecodeError"),
    "empty": (list(reply("")), "ResponseDecodeError"),
    "no content": ([head(204)], "ResponseDecodeError"),
    "null": (list(reply("null")), "ResponseValidationError"),
    "list": (list(reply("[]")), "ResponseValidationError"),
    "string": (list(reply('"hi"')), "ResponseValidationError"),
    "cut json": (list(reply(completion()[:50])), "ResponseDecodeError"),
    "two values": (list(reply(completion() * 2)), "ResponseDecodeError"),
    "error object": (list(reply('{"error": {"message": "no"}}')), "APIStatusError"),
    "error object with a status": (
        list(reply('{"error": {"message": "no", "code": 429}}')),
        "RateLimitError",
    ),
    "no gzip": (
        list(reply(completion(), 200, ("Content-Encoding", "gzip"))),
        "ResponseDecodeError",
    ),
    "cut gzip": (
        list(reply(gzip.compress(completion().encode())[:-9], 200, ("Content-Encoding", "gzip"))),
        "ResponseDecodeError",
    ),
    "unknown coding": (list(reply("x", 200, ("Content-Encoding", "zebra"))), "ResponseDecodeError"),
    "too short": ([head(200, ("Content-Length", "500")) + b"{}", CUT], "APIConnectionError"),
    "no head": ([CUT], "APIConnectionError"),
    "half a head": ([b"HTTP/1.1 200 OK\r\nConte", CUT], "APIConnectionError"),
    "not http": ([b"SSH-2.0-OpenSSH_9.6\r\n", CUT], "APIConnectionError"),
    "reset": ([RESET], "APIConnectionError"),
}


@pytest.mark.parametrize("case", LIES)
def test_answers_that_lie_are_our_errors(driver: Driver, case: str) -> None:
    script, name = LIES[case]
    with serving(script) as server:
        client = driver.client(server.url, max_retries=0)
        with pytest.raises(driver.errors.SirayError) as caught:
            driver.create(client)
    error = caught.value
    assert type(error).__name__ == name, error
    assert error.attempts == 1
    if name == "APIConnectionError":
        assert error.phase in ("waiting", "reading")
        assert error.phase == ("reading" if case == "too short" else "waiting")
    else:
        assert error.status_code in (200, 204)
    pickle.loads(pickle.dumps(error))


TRUTHS: dict[str, list[object]] = {
    "no media type": list(reply(completion(), content_type=None)),
    "text": list(reply(completion(), content_type="text/plain")),
    "html media type": list(reply(completion(), content_type="text/html; charset=utf-8")),
    "+json": list(reply(completion(), content_type="application/vnd.siray+json")),
    "undocumented status": list(reply(completion(), 299)),
    "byte order mark": list(reply(b"\xef\xbb\xbf" + completion().encode())),
    "gzip": list(reply(gzip.compress(completion().encode()), 200, ("Content-Encoding", "gzip"))),
    "until the end of the connection": [
        head(200, ("Content-Type", "application/json")) + completion().encode(),
        CUT,
    ],
}


@pytest.mark.parametrize("case", TRUTHS)
def test_usable_answers_are_used(driver: Driver, case: str) -> None:
    with serving(TRUTHS[case]) as server:
        answer = driver.create(driver.client(server.url, max_retries=0))
    assert answer.choices[0].message.content == "Hello"


@pytest.mark.only("default")
def test_a_body_without_end_is_left(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    receiving = import_module(f"{driver.package.__name__}._runtime.receiving")
    monkeypatch.setattr(receiving, "MAX_BODY", 10_000_000)
    chunked = head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
    with serving([chunked, Endless(b"3e8\r\n" + b" " * 1000 + b"\r\n")]) as server:
        with pytest.raises(driver.errors.ResponseDecodeError, match="larger than 10000000"):
            driver.create(driver.client(server.url))
        assert server.closed_by_client.wait(5)
    assert len(server.requests) == 1


def test_tool_calls_null_survives(driver: Driver) -> None:
    message = {"role": "assistant", "content": "Hello", "tool_calls": None}
    raw = json.loads(completion(choices=[{**COMPLETION["choices"][0], "message": message}]))
    with serving(reply(json.dumps(raw))) as server:
        answer = driver.create(driver.client(server.url))
    assert answer.choices[0].message.tool_calls is None
    assert answer.to_dict() == raw


def _hooks(driver: Driver, **functions: Any) -> Any:
    return driver.package.Hooks(**functions)
