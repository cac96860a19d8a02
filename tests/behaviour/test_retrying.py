"""What is sent again, when, and what is not; redirects."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, RESET, STALL, FaultServer, head, reply, serving
from tests.behaviour.test_answers import completion


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


OK = reply(completion())
NOW = ("Retry-After-Ms", "1")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_statuses_are_retried(driver: Driver, status: int) -> None:
    with serving(reply("{}", status, NOW), reply("{}", status, NOW), OK) as server:
        client = driver.client(server.url)
        request = client.chat.completions.create_request(model="m", messages=[])
        assert driver.send(client, request).attempts == 3
    assert [r.headers["x-retry-count"] for r in server.requests] == ["0", "1", "2"]
    assert len({r.headers["idempotency-key"] for r in server.requests}) == 1
    assert len({r.body for r in server.requests}) == 1
    assert server.connections == 1


def test_the_last_error_is_raised_with_the_number_of_attempts(driver: Driver) -> None:
    with serving(reply("{}", 503, NOW)) as server:
        with pytest.raises(driver.errors.InternalServerError) as caught:
            driver.create(driver.client(server.url, max_retries=3))
    assert caught.value.attempts == len(server.requests) == 4


def test_options_go_before_the_client(driver: Driver) -> None:
    with serving(reply("{}", 503, NOW)) as server:
        with pytest.raises(driver.errors.InternalServerError):
            driver.create(driver.client(server.url), options={"max_retries": 0})
    assert len(server.requests) == 1


FINAL: dict[str, Any] = {
    "a client error": reply("{}", 400),
    "quota": reply('{"error": {"code": "insufficient_quota", "message": "x"}}', 429, NOW),
    "told not to": reply("{}", 503, NOW, ("X-Should-Retry", "false")),
    "told to wait too long": reply("{}", 429, ("Retry-After", "3600")),
    "told to wait for ever": reply("{}", 429, ("Retry-After", "Fri, 31 Dec 2999 23:59:59 GMT")),
    "told to wait too many milliseconds": reply("{}", 429, ("Retry-After-Ms", "9999999")),
    "quota by its type": reply('{"error": {"type": "insufficient_quota"}}', 429, NOW),
    "quota at the root": reply('{"code": "InsufficientBalance", "message": "x"}', 429, NOW),
    "quota in a list": reply('{"errors": [{"code": "quota_exceeded"}]}', 503, NOW),
}


@pytest.mark.parametrize("case", FINAL)
def test_what_is_final(driver: Driver, case: str) -> None:
    with serving(FINAL[case], OK) as server:
        with pytest.raises(driver.errors.APIStatusError):
            driver.create(driver.client(server.url))
    assert len(server.requests) == 1


WAITS: dict[str, tuple[tuple[str, str], float, float]] = {
    "milliseconds": (("Retry-After-Ms", "50"), 0.05, 0.05),
    "a fraction": (("Retry-After", "0.05"), 0.05, 0.05),
    "nothing": (("Retry-After", "0"), 0, 0),
    "a date that is over": (("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"), 0, 0),
    "a negative number": (("Retry-After", "-5"), 0, 0.5),
    "nonsense": (("Retry-After", "in a while"), 0, 0.5),
    "no date": (("Retry-After", "Fri, 99 Dec 2099 23:59:59 GMT"), 0, 0.5),
}


@pytest.mark.only("default")
@pytest.mark.parametrize("case", WAITS)
def test_how_long_the_server_is_left_alone(driver: Driver, case: str) -> None:
    field, least, most = WAITS[case]
    seen: list[Any] = []
    hooks = driver.package.Hooks(retry=seen.append)
    with serving(reply("{}", 503, field), OK) as server:
        driver.create(driver.client(server.url, hooks=hooks))
    [event] = seen
    assert least <= event.delay <= most


def test_told_to_retry(driver: Driver) -> None:
    with serving(reply("{}", 400, NOW, ("X-Should-Retry", "true")), OK) as server:
        driver.create(driver.client(server.url))
    assert len(server.requests) == 2


def test_connect_errors_are_retried(driver: Driver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    seen: list[Any] = []
    hooks = driver.package.Hooks(retry=seen.append)
    client = driver.client(f"http://127.0.0.1:{port}", max_retries=1, hooks=hooks)
    with pytest.raises(driver.errors.APIConnectionError) as caught:
        driver.send(client, client.things.create_request({}))
    assert (caught.value.phase, caught.value.attempts) == ("connecting", 2)
    assert len(seen) == 1 and seen[0].attempt == 1
    assert 0 <= seen[0].delay <= 0.5


BROKEN: dict[str, list[object]] = {"cut": [CUT], "reset": [RESET], "half": [b"HTTP/1.1 200", CUT]}


@pytest.mark.parametrize("case", BROKEN)
def test_a_request_that_may_have_been_executed_is_repeated_only_where_safe(
    driver: Driver, case: str
) -> None:
    thing = reply('{"id": "t"}')
    with serving(BROKEN[case], OK, BROKEN[case], thing, BROKEN[case], thing) as server:
        client = driver.client(server.url)
        driver.create(client)  # declared safe
        driver.send(client, client.things.get_request("a"))  # idempotent
        with pytest.raises(driver.errors.APIConnectionError) as caught:
            driver.send(client, client.things.create_request({}))
        assert (caught.value.phase, caught.value.attempts) == ("waiting", 1)
    assert len(server.requests) == 5


def test_the_caller_knows_better(driver: Driver) -> None:
    with serving([CUT], reply('{"id": "t"}'), [CUT]) as server:
        client = driver.client(server.url)
        driver.send(client, client.things.create_request({}, options={"replay": True}))
        with pytest.raises(driver.errors.APIConnectionError):
            driver.create(client, options={"replay": False})
    assert len(server.requests) == 3


def test_a_file_is_rewound(driver: Driver, tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"content " * 20_000)
    file = io.BytesIO(b"skipped, then more")
    file.seek(9)
    with serving(reply("{}", 500, NOW), reply('{"id": "t"}')) as server:
        client = driver.client(server.url)
        body = {"file": path, "other": ("b.bin", file), "title": "T"}
        driver.send(client, client.things.upload_request(body))
    first, second = server.requests
    assert first.body == second.body
    assert first.body.count(b"content ") == 20_000
    assert b"then more" in first.body and b"skipped" not in first.body
    assert b'name="file"; filename="a.txt"' in first.body
    assert int(first.headers["content-length"]) == len(first.body)


def test_what_cannot_be_rewound_is_not_sent_again(driver: Driver) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        yield b"b"

    with serving(reply("{}", 500, NOW), reply('{"id": "t"}')) as server:
        client = driver.client(server.url)
        with pytest.raises(driver.errors.InternalServerError):
            driver.send(client, client.things.upload_request({"file": pieces()}))
    assert len(server.requests) == 1
    assert server.requests[0].headers["transfer-encoding"] == "chunked"
    assert b"\r\n\r\nab\r\n" in server.requests[0].body


def test_what_the_callers_iterator_raises_is_theirs(driver: Driver) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise LookupError("mine")

    with serving(reply('{"id": "t"}')) as server:
        client = driver.client(server.url)
        with pytest.raises(LookupError, match="mine"):
            driver.send(client, client.things.upload_request({"file": pieces()}))


# -- redirects


def test_redirects_of_the_same_origin(driver: Driver) -> None:
    with serving(reply("", 307, ("Location", "/elsewhere?x=1")), OK) as server:
        driver.create(driver.client(server.url))
    first, second = server.requests
    assert (second.method, second.target) == ("POST", "/elsewhere?x=1")
    assert second.body == first.body
    assert second.headers["authorization"] == first.headers["authorization"]
    assert server.connections == 1


@pytest.mark.parametrize("status", [307, 308])
def test_credentials_do_not_go_to_another_origin(driver: Driver, status: int) -> None:
    with FaultServer(OK) as other:
        with serving(reply("", status, ("Location", other.url + "/x"))) as server:
            client = driver.client(
                server.url, default_headers={"X-Secret": "s", "Cookie": "session=s"}
            )
            driver.create(client)
    [arrived] = other.requests
    assert not {"authorization", "x-secret", "cookie", "idempotency-key"} & arrived.headers.keys()
    assert b"sk-test" not in arrived.head
    assert arrived.headers["content-type"] == "application/json"


def test_a_post_is_not_turned_into_a_get(driver: Driver) -> None:
    with serving(reply("", 301, ("Location", "/elsewhere")), OK) as server:
        with pytest.raises(driver.errors.APIStatusError) as caught:
            driver.create(driver.client(server.url))
    assert caught.value.status_code == 301 and len(server.requests) == 1


def test_redirects_are_bounded(driver: Driver) -> None:
    with serving(reply("", 307, ("Location", "/again"))) as server:
        with pytest.raises(driver.errors.APIStatusError):
            driver.create(driver.client(server.url))
    assert len(server.requests) == 6


@pytest.mark.parametrize("location", ["ftp://x/", "http://u:p@127.0.0.1/", "http://[", "\x00"])
def test_odd_locations_are_not_followed(driver: Driver, location: str) -> None:
    with serving([head(307, ("Location", location), ("Content-Length", "0"))]) as server:
        with pytest.raises(driver.errors.SirayError):
            driver.create(driver.client(server.url, max_retries=0))
    assert len(server.requests) == 1


# -- credentials, options, the client's life


def test_a_missing_key_is_reported_by_the_request(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIRAY_API_KEY", raising=False)
    with serving(OK) as server:
        client = driver.client(server.url, api_key=None)
        with pytest.raises(driver.errors.MissingCredentialsError) as caught:
            driver.create(client)
    assert "api_key" in str(caught.value) and "SIRAY_API_KEY" in str(caught.value)
    assert not server.requests


def test_environment(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as server:
        monkeypatch.setenv("SIRAY_API_KEY", "sk-from-environment\n")
        monkeypatch.setenv("SIRAY_BASE_URL", server.url)
        driver.create(driver.client(None, api_key=None))  # type: ignore[arg-type]
    assert server.requests[0].headers["authorization"] == "Bearer sk-from-environment"


def test_a_callable_key_is_asked_for_each_request(driver: Driver) -> None:
    keys = iter(["one", "two"])

    async def later() -> str:
        return next(keys)

    with serving(OK) as server:
        client = driver.client(
            server.url, api_key=(lambda: next(keys)) if driver.kind == "sync" else later
        )
        driver.create(client)
        driver.create(client)
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer one", "Bearer two"]


def test_options(driver: Driver) -> None:
    with serving(OK) as server:
        client = driver.client(server.url, default_headers={"X-A": "1", "X-B": "1"})
        options = {
            "headers": {"X-B": "2", "x-a": None, "Authorization": "Custom t"},
            "query": {"debug": True, "tags": ["a", "b"]},
            "body": {"model": "other", "extra": 1},
            "idempotency_key": "mine",
        }
        driver.create(client, options=options)
    [sent] = server.requests
    assert "x-a" not in sent.headers and sent.headers["x-b"] == "2"
    assert sent.headers["authorization"] == "Custom t"
    assert sent.headers["idempotency-key"] == "mine"
    assert sent.target == "/v1/chat/completions?debug=true&tags=a&tags=b"
    assert json.loads(sent.body)["model"] == "other" and json.loads(sent.body)["extra"] == 1


def test_unknown_options_are_named(driver: Driver) -> None:
    client = driver.client("http://127.0.0.1:1")
    with pytest.raises(driver.errors.ConfigurationError, match="'timout'"):
        driver.create(client, options={"timout": 1})


def test_with_options(driver: Driver) -> None:
    with serving(reply("{}", 500, NOW), OK) as server:
        client = driver.client(server.url)
        with pytest.raises(driver.errors.InternalServerError):
            driver.create(client.with_options(max_retries=0, default_headers={"X-A": "1"}))
        driver.create(client)
    assert [request.headers.get("x-a") for request in server.requests] == ["1", None]
    assert server.connections == 1


def test_hooks_see_everything_but_the_key(driver: Driver) -> None:
    seen: list[Any] = []
    hooks = driver.package.Hooks(request=seen.append, response=seen.append, retry=_raise)
    with serving(reply("{}", 500, NOW), OK) as server:
        driver.create(driver.client(server.url, hooks=hooks))
    assert [type(event).__name__ for event in seen] == ["RequestEvent", "ResponseEvent"] * 2
    assert seen[0].headers["authorization"] == "Bearer ***"
    assert [event.attempt for event in seen] == [1, 1, 2, 2]
    assert (seen[1].status_code, seen[3].status_code) == (500, 200)


def _raise(_: object) -> None:
    raise RuntimeError("a hook that fails changes nothing")


@pytest.mark.own_pool("what is given stays open when the client is closed")
def test_a_closed_client_says_so(driver: Driver) -> None:
    with serving(OK) as server:
        client = driver.client(server.url)
        driver.create(client)
        driver.call(client.close if driver.kind == "sync" else client.aclose)
        with pytest.raises(driver.errors.APIConnectionError, match="closed"):
            driver.create(client)


def test_a_stalled_server_is_left_at_the_end(driver: Driver) -> None:
    with serving([STALL]) as server:
        client = driver.client(server.url, max_retries=0, timeout=0.2)
        with pytest.raises(driver.errors.APITimeoutError):
            driver.create(client)
        assert server.closed_by_client.wait(5)


def test_a_documented_empty_answer_is_none(driver: Driver) -> None:
    with serving([head(204)]) as server:
        client = driver.client(server.url)
        response = driver.send(client, client.things.delete_request("a/b"))
    assert response.parsed is None and response.status_code == 204
    assert server.requests[0].target == "/things/a%2Fb"
