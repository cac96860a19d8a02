"""Limits of time, each under its name; drips do not escape them.

Nothing here measures time: a limit that is not kept shows as another outcome, since the server goes
on for far longer than the limit, and then answers well.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.driving import Driver
from tests.behaviour.fault_server import CUT, RESET, STALL, Pause, head, reply, serving, stream
from tests.behaviour.test_answers import completion
from tests.behaviour.test_streams import DONE, HELLO, chunk, data, text


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


def drip(content: bytes, pause: float = 0.05) -> list[object]:
    return [step for byte in content for step in (bytes([byte]), Pause(pause))]


BODY = completion().encode()
HEAD = head(200, ("Content-Type", "application/json"), ("Content-Length", str(len(BODY))))

PLAIN: dict[str, tuple[list[object], dict[str, Any], str, str]] = {
    "no answer": ([Pause(9)], {"read": 0.2}, "read", "waiting"),
    "no answer in total": ([Pause(9)], {"total": 0.2}, "total", "waiting"),
    "no body": ([HEAD, Pause(9)], {"read": 0.2}, "read", "reading"),
    "a head in drips": (drip(HEAD), {"total": 0.3}, "total", "waiting"),
    "a body in drips": ([HEAD, *drip(BODY)], {"total": 0.3}, "total", "reading"),
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_answers(driver: Driver, case: str) -> None:
    script, limits, name, phase = PLAIN[case]
    with serving([*script, HEAD + BODY]) as server:
        timeout = driver.package.Timeout(**limits)
        client = driver.client(server.url, timeout=timeout, max_retries=0)
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(client)
    error = caught.value
    assert (error.limit, error.phase) == (name, phase)
    assert error.seconds == next(iter(limits.values()))
    assert error.retryable


def test_a_number_means_nothing_takes_longer(driver: Driver) -> None:
    with serving([HEAD, *drip(BODY)]) as server:
        client = driver.client(server.url, timeout=0.3)
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.create(client)
    assert caught.value.limit == "total"
    assert len(server.requests) == 1


def test_total_is_over_all_attempts(driver: Driver) -> None:
    with serving(reply("{}", 503, ("Retry-After", "5")), reply(completion())) as server:
        client = driver.client(server.url, timeout=driver.package.Timeout(total=1))
        with pytest.raises(driver.errors.InternalServerError):
            driver.create(client)
    assert len(server.requests) == 1


def test_a_read_limit_is_retried(driver: Driver) -> None:
    with serving([STALL], reply(completion())) as server:
        client = driver.client(server.url, timeout=driver.package.Timeout(read=0.2))
        driver.create(client)
    assert len(server.requests) == 2


def test_the_limit_of_a_call_goes_before_the_clients(driver: Driver) -> None:
    with serving([Pause(0.3), HEAD + BODY]) as server:
        client = driver.client(server.url, timeout=0.05, max_retries=0)
        driver.create(client, options={"timeout": 20})
        with pytest.raises(driver.errors.APITimeoutError):
            driver.create(client)


STREAMS: dict[str, tuple[list[object], Any, str]] = {
    "no head": ([Pause(9), b""], {"first_event": 0.2}, "first_event"),
    "no first event": (list(stream(Pause(9))), {"first_event": 0.2}, "first_event"),
    "only comments": (
        list(stream(*[step for _ in range(90) for step in (b": ping\n\n", Pause(0.05))])),
        {"first_event": 0.3},
        "first_event",
    ),
    "no second event": (
        list(stream(HELLO[0], Pause(9))),
        {"between_events": 0.2},
        "between_events",
    ),
    "a second event in drips": (
        list(stream(HELLO[0], *drip(HELLO[1]))),
        {"between_events": 0.3},
        "between_events",
    ),
    "only comments after the first": (
        list(stream(HELLO[0], *[step for _ in range(90) for step in (b": ping\n\n", Pause(0.05))])),
        {"between_events": 0.3},
        "between_events",
    ),
    "no end": (
        list(stream(*[step for _ in range(90) for step in (HELLO[0], Pause(0.05))])),
        {"total": 0.3},
        "total",
    ),
    "a number": (list(stream(HELLO[0], Pause(9))), 0.3, "between_events"),
    "silence": (list(stream(HELLO[0], Pause(9))), {"read": 0.2}, "read"),
}


@pytest.mark.parametrize("case", STREAMS)
def test_streams(driver: Driver, case: str) -> None:
    script, limits, name = STREAMS[case]
    with serving([*script[:-1], *stream(*HELLO, DONE)[1:]]) as server:
        timeout = driver.package.Timeout(**limits) if isinstance(limits, dict) else limits
        client = driver.client(server.url, timeout=timeout, max_retries=0)
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.read(client)
    error = caught.value
    assert error.limit == name
    if name in ("between_events", "total", "read"):
        assert error.partial.choices[0].message.content.startswith("Hel")


def test_a_number_does_not_end_a_stream_that_goes_on(driver: Driver) -> None:
    events = [step for _ in range(8) for step in (data(chunk("x")), Pause(0.1))]
    with serving(stream(*events, DONE)) as server:
        client = driver.client(server.url, timeout=0.5)
        assert text(driver.read(client)) == "x" * 8


def test_a_retry_that_would_come_too_late_is_not_waited_for(driver: Driver) -> None:
    late = reply("{}", 503, ("Retry-After", "5"))
    with serving(late, stream(*HELLO, DONE)) as server:
        timeout = driver.package.Timeout(first_event=1)
        with pytest.raises(driver.errors.InternalServerError) as caught:
            driver.read(driver.client(server.url, timeout=timeout))
    assert caught.value.attempts == len(server.requests) == 1


@pytest.mark.only("default")
def test_first_event_is_over_all_attempts(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    retries = import_module(f"{driver.package.__name__}._runtime.retries")
    monkeypatch.setattr(retries, "FIRST_DELAY", 0.01)
    with serving([STALL]) as server:
        timeout = driver.package.Timeout(first_event=0.5, read=0.2)
        with pytest.raises(driver.errors.APITimeoutError) as caught:
            driver.read(driver.client(server.url, timeout=timeout, max_retries=50))
    assert caught.value.limit in ("first_event", "read")
    assert 2 <= caught.value.attempts <= 5


BODIES: dict[str, list[object]] = {
    "stalled": [head(503, ("Content-Length", "99")) + b"no", STALL],
    "in drips": [head(503, ("Content-Length", "99")) + b"no", *drip(b" " * 90)],
}


@pytest.mark.parametrize("case", BODIES)
def test_the_body_of_an_error_is_not_waited_for_long(
    driver: Driver, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving = import_module(f"{driver.package.__name__}._runtime.receiving")
    monkeypatch.setattr(receiving, "ERROR_BODY_SECONDS", 0.2)
    with serving(BODIES[case]) as server:
        client = driver.client(server.url, max_retries=0)
        with pytest.raises(driver.errors.InternalServerError) as caught:
            driver.create(client)
    assert caught.value.content.startswith(b"no")


@pytest.mark.parametrize("end", [STALL, CUT, RESET], ids=["stalled", "closed", "reset"])
def test_nobody_waits_for_the_body_of_a_redirect(
    driver: Driver, end: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = import_module(f"{driver.package.__name__}._runtime.attempts")
    monkeypatch.setattr(attempts, "_SKIP_SECONDS", 0.2)
    moved = head(307, ("Location", "/elsewhere"), ("Content-Length", "99")) + b"moved"
    with serving([moved, end], [HEAD + BODY]) as server:
        driver.create(driver.client(server.url, max_retries=0))
    assert [request.target for request in server.requests] == [
        "/v1/chat/completions",
        "/elsewhere",
    ]


@pytest.mark.only("default")
def test_the_callers_loop_does_not_count(driver: Driver) -> None:
    events = [step for event in (*HELLO, DONE) for step in (event, Pause(0.05))]
    with serving(stream(*events)) as server:
        timeout = driver.package.Timeout(between_events=0.25)
        answer = driver.create(driver.client(server.url, timeout=timeout), stream=True)

        found = []
        if driver.kind == "sync":
            for item in answer:
                found.append(item)
                time.sleep(0.3)
        else:

            async def read() -> None:
                async for item in answer:
                    found.append(item)
                    await asyncio.sleep(0.3)

            driver.call(read)
    assert text(found) == "Hello"


def test_waiting_of_the_caller_does_not_count(driver: Driver) -> None:
    with serving(stream(*HELLO, DONE)) as server:
        client = driver.client(server.url, timeout=1)
        answer = driver.create(client, stream=True)
        time.sleep(1.2)
        assert text(driver.items(answer)) == "Hello"
