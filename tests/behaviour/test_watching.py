"""What hooks and the logger are told of calls, and what they are never told."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.driving import MESSAGES, AsyncDriver, Driver, SyncDriver
from tests.behaviour.fault_server import STALL, reply, serving, stream
from tests.behaviour.test_answers import completion
from tests.behaviour.test_streams import DONE, HELLO

KEY = "sk-test-0123456789"


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


def close(driver: Driver, stream: Any) -> None:
    driver.call(stream.close if driver.kind == "sync" else stream.aclose)


def test_the_end_of_a_plain_call_is_told_once(driver: Driver) -> None:
    seen: list[Any] = []
    answers = reply("{}", 503, ("X-Request-Id", "r1")), reply(
        completion(), 200, ("X-Request-Id", "r2")
    )
    with serving(*answers) as server:
        client = driver.client(server.url, hooks=driver.package.Hooks(end=seen.append))
        driver.create(client)
        with pytest.raises(ValueError):
            driver.create(client, model=float("nan"))
    done, refused = seen
    assert (done.attempts, done.status_code, done.request_id) == (2, 200, "r2")
    assert done.error is None and done.items is None and done.elapsed > 0
    assert refused.attempts == 0 and refused.status_code is None
    assert isinstance(refused.error, ValueError)


def test_the_end_of_a_failed_call_has_its_error(driver: Driver) -> None:
    seen: list[Any] = []
    with serving(reply('{"error": {"message": "no"}}', 400)) as server:
        client = driver.client(server.url, hooks=driver.package.Hooks(end=seen.append))
        with pytest.raises(driver.errors.BadRequestError) as caught:
            driver.create(client)
    (event,) = seen
    assert event.error is caught.value and event.status_code == 400


def test_the_end_of_a_stream_counts_its_items(driver: Driver) -> None:
    seen: list[Any] = []
    with serving(stream(*HELLO, DONE), stream(HELLO[0], STALL, end=False)) as server:
        client = driver.client(server.url, hooks=driver.package.Hooks(end=seen.append))
        opened = driver.create(client, stream=True)
        assert seen == []
        driver.items(opened)
        assert [event.items for event in seen] == [len(HELLO)]
        close(driver, opened)
        opened = driver.create(client, stream=True)
        driver.items(opened, limit=1)
        close(driver, opened)
    whole, left = seen
    assert whole.error is None and left.error is None
    assert (left.items, left.status_code) == (1, 200)


def test_a_cancelled_call_ends_with_the_cancellation(handmade: ModuleType) -> None:
    seen: list[Any] = []
    driver = AsyncDriver(handmade)
    with serving([STALL]) as server:
        client = driver.client(server.url, hooks=handmade.Hooks(end=seen.append))

        async def cancelled() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.chat.completions.create(model="m", messages=MESSAGES)

        driver.call(cancelled)
        driver.close()
    (event,) = seen
    assert isinstance(event.error, asyncio.CancelledError)


def test_async_hooks_run_beside_the_call(handmade: ModuleType) -> None:
    seen: list[Any] = []

    async def note(event: Any) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    driver = AsyncDriver(handmade)
    with serving(reply(completion())) as server:
        client = driver.client(server.url, hooks=handmade.Hooks(request=note, end=note))

        async def called() -> None:
            await client.chat.completions.create(model="m", messages=MESSAGES)
            await asyncio.sleep(0.01)

        driver.call(called)
        driver.close()
    assert [type(event).__name__ for event in seen] == ["RequestEvent", "EndEvent"]


def test_async_hooks_of_the_sync_client_are_refused_in_the_log(
    handmade: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    async def note(event: Any) -> None:
        """Never run."""

    driver = SyncDriver(handmade)
    with serving(reply(completion())) as server:
        driver.create(driver.client(server.url, hooks=handmade.Hooks(end=note)))
        driver.close()
    assert "an async hook needs an event loop" in caplog.text


def test_debug_shows_the_call_and_no_secret(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failing = reply(json.dumps({"error": {"message": f"echo {KEY}"}}), 500)
    with serving(failing, reply(completion(), 200, ("X-Request-Id", "r2"))) as server:
        client = driver.client(server.url)
        driver.create(client, options={"query": {"token": "very secret"}})
    lines = [r.getMessage() for r in caplog.records if r.name == driver.package.__name__]
    address = f"POST {server.url}/v1/chat/completions"
    assert lines[0].startswith(f"{address}: 500 after ")
    assert "(attempt 1, request id None)" in lines[0]
    assert "attempt 1 failed, next in" in lines[1] and "HTTP 500: echo ***" in lines[1]
    assert "200 after" in lines[2] and "(attempt 2, request id r2)" in lines[2]
    assert len(lines) == 3
    assert KEY not in caplog.text and "very secret" not in caplog.text
    assert "Hello" not in caplog.text and "messages" not in caplog.text


def test_bodies_are_logged_only_when_their_own_logger_is_asked(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, f"{driver.package.__name__}.body")
    streamed = stream(*HELLO, DONE)
    with serving(
        reply(completion()), streamed, reply('{"bad": "sk-test-0123456789"}', 400)
    ) as server:
        client = driver.client(server.url)
        driver.create(client)
        driver.read(client)
        with pytest.raises(driver.errors.BadRequestError):
            driver.create(client)
    lines = [r.getMessage() for r in caplog.records if r.name == f"{driver.package.__name__}.body"]
    assert "request body: {" in lines[0] and '"role":"user","content":"Hi"' in lines[0]
    assert "answer: {" in lines[1] and "Hello" in lines[1]
    assert len([line for line in lines if ": item: " in line]) == len(HELLO)
    assert lines[-1].endswith('answer: {"bad": "***"}')


def run_logged(package: ModuleType, code: str, **environment: str) -> str:
    """The standard error of a fresh interpreter."""
    assert package.__file__ is not None
    folder = str(Path(package.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": folder, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stderr


def test_an_environment_variable_shows_calls_on_stderr(handmade: ModuleType) -> None:
    with serving(reply(completion())) as server:
        code = f"""
import {handmade.__name__} as package
with package.Siray(api_key="{KEY}", base_url={server.url!r}) as client:
    client.chat.completions.create(model="m", messages=[])
    client.chat.completions.create(model="m", messages=[])
"""
        assert run_logged(handmade, code) == ""
        shown = run_logged(handmade, code, SIRAY_LOG="debug")
        bodies = run_logged(handmade, code, SIRAY_LOG="body")
        wrong = run_logged(handmade, code, SIRAY_LOG="loud")
    assert shown.count(f"{handmade.__name__} DEBUG POST") == 2 == shown.count("200 after")
    assert "request body" not in shown
    assert bodies.count(f"{handmade.__name__}.body DEBUG") == 4 and KEY not in bodies
    assert "'loud' is no level of logging" in wrong and len(wrong.splitlines()) == 1


def test_a_download_ends_when_it_is_read(handmade: ModuleType) -> None:
    seen: list[Any] = []
    driver = SyncDriver(handmade)
    with serving(reply(b"0123")) as server:
        client = driver.client(server.url, hooks=handmade.Hooks(end=seen.append))
        download = client.download(client.things.get_request("t"))
        assert seen == []
        assert download.read() == b"0123"
        driver.close()
    assert [event.error for event in seen] == [None]


@pytest.mark.parametrize(
    "constructed, called",
    [
        ({"default_headers": {"Authorization": "Bearer my-own-secret"}}, {}),
        ({}, {"headers": {"X-Company-Key": "my-own-secret"}}),
        ({}, {"headers": {"Cookie": "theme=dark; session=my-own-secret"}}),
        ({}, {"query": {"access_token": "my-own-secret"}}),
        ({"default_query": {"api_key": "my-own-secret"}}, {}),
    ],
)
def test_credentials_in_the_callers_own_fields_are_in_no_text(
    driver: Driver,
    caplog: pytest.LogCaptureFixture,
    constructed: dict[str, Any],
    called: dict[str, Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, f"{driver.package.__name__}.body")
    seen: list[Any] = []
    echo = json.dumps({"error": {"message": "no such key: my-own-secret"}})
    with serving(reply(echo, 401)) as server:
        hooks = driver.package.Hooks(request=seen.append)
        client = driver.client(server.url, hooks=hooks, **constructed)
        with pytest.raises(
            driver.errors.AuthenticationError, match=r"no such key: \*\*\*"
        ) as caught:
            driver.create(client, options=called)
        received = server.requests[0]
    assert "my-own-secret" in received.target + str(received.headers)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(driver.package.__name__)]
    told = [*ours, str(caught.value), seen[0].url, repr(seen[0].headers)]
    assert not [text for text in told if "my-own-secret" in text]
