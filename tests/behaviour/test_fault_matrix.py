"""Every fault of :mod:`.faults` and :mod:`.stream_faults`, sync and async, over every transport, on real sockets.

Each gives exactly the error that the table says, with what the caller needs to know, in time, with
nothing on stderr; the client works on afterwards; and it is sent again exactly where that is safe.
"""

from __future__ import annotations

import copy
import gc
import pickle
import signal
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.driving import MESSAGES, Driver
from tests.behaviour.fault_server import FaultServer, Reply, serving
from tests.behaviour.faults import (
    BEYOND,
    BODY,
    CUT_BODY,
    KEY,
    LIES,
    NO_HEAD,
    ODD_STATUS,
    PLAIN,
    Fault,
    sized,
)
from tests.behaviour.stream_faults import DONE, HEL, LO, STOP, STREAMS, streamed

OK: dict[str, Reply] = {"plain": [sized(BODY)], "stream": streamed(HEL, LO, STOP, DONE)}
CASES = [
    *[pytest.param("plain", fault, id=name) for name, fault in PLAIN.items()],
    *[pytest.param("stream", fault, id=f"stream: {name}") for name, fault in STREAMS.items()],
]
LARGE = [{"role": "user", "content": "large " * 3_000_000}]


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Whatever hangs fails."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def hangs(*_: object) -> None:
        pytest.fail("the call hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, 25)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def short_delays(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    from importlib import import_module

    retries = import_module(f"{package.__name__}._runtime.retries")
    monkeypatch.setattr(retries, "FIRST_DELAY", 0.01)


@pytest.fixture(autouse=True)
def within_the_library(request: pytest.FixtureRequest, driver: Driver) -> None:
    """Skip, and say so, what a given library does not do."""
    name = request.node.callspec.id.partition("-")[2].removeprefix(f"{driver.transport}-")
    reason = BEYOND.get((driver.transport, name))
    if reason is not None:
        pytest.skip(f"{driver.transport}: {reason}")


def server_for(fault: Fault, kind: str) -> FaultServer:
    """One fault, and good answers from then on."""
    if fault.opening is not None:
        return FaultServer(OK[kind], opening=[fault.opening])
    return FaultServer(fault.script, OK[kind])


def client_for(driver: Driver, url: str, fault: Fault, **options: Any) -> Any:
    if driver.transport == "in-process" and fault.opening is not None:
        pytest.skip("needs a socket: the server does not read the request")
    limits = driver.package.Timeout(**fault.timeout)
    return driver.client(url, api_key=KEY, timeout=limits, **options)


def ask(driver: Driver, client: Any, kind: str, fault: Fault | None = None) -> str:
    """The text of an answer, whole or streamed."""
    messages = LARGE if fault is not None and fault.big else MESSAGES
    if kind == "plain":
        answer = driver.create(client, messages=messages)
        return str(answer.choices[0].message.content)
    items = driver.read(client, messages=messages)
    return "".join(item.choices[0].delta.content or "" for item in items)


@pytest.mark.only("default", "httpx2", "aiohttp", "in-process")  # httpx has httpx2's adapter
@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_what_the_caller_gets(
    driver: Driver,
    kind: str,
    fault: Fault,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with server_for(fault, kind) as server, caplog.at_level("WARNING"):
        client = client_for(driver, server.url, fault, max_retries=0)
        if fault.error is None:
            assert ask(driver, client, kind, fault) == "Hello"
        else:
            with pytest.raises(driver.errors.SirayError) as caught:
                ask(driver, client, kind, fault)
            check(driver, caught.value, fault)
        said = [record for record in caplog.records if record.name == driver.package.__name__]
        assert len(said) == fault.warned and not any("\n" in item.getMessage() for item in said)
        assert not any(record.levelname == "ERROR" for record in caplog.records)
        if fault.opening is None:
            assert len(server.requests) == 1
        if driver.transport == "default":
            # Nothing of it is left in the pool for the next call.
            assert ask(driver, client, kind) == "Hello"
    gc.collect()
    assert capfd.readouterr() == ("", "")


def check(driver: Driver, error: Any, fault: Fault) -> None:
    """Class, attributes, secrecy, copies."""
    assert type(error).__name__ == fault.error, repr(error)
    assert error.status_code == fault.status if fault.status else not hasattr(error, "code")
    assert error.attempts == 1
    assert fault.message in str(error)
    if fault.status is not None:
        assert error.request_id == "r-1"
        assert error.headers["x-request-id"] == "r-1"
    if fault.phases and hasattr(error, "phase"):
        assert error.phase in fault.phases
    if fault.limit is not None:
        assert (error.limit, error.seconds) == (fault.limit, fault.timeout[fault.limit])
        assert f"{error.seconds:g} s" in str(error) and fault.limit in str(error)
    if fault.content is not None:
        assert error.content == fault.content
    if fault.code is not None:
        assert error.code == fault.code
    partial = getattr(error, "partial", None)
    text = None if partial is None else partial.choices[0].message.content
    if text is not None and fault.partial is not None and fault.partial.endswith("..."):
        assert text.startswith(fault.partial[:-3])
    else:
        assert text == fault.partial
    if fault.again:
        assert error.retryable
    shown = [str(error), repr(error), *traceback.format_exception(error)]
    assert not any(KEY in text for text in shown)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error) and str(twin) == str(error)
        assert twin.__dict__ == error.__dict__


@pytest.mark.only("default")  # what decides is the same over every transport
@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_what_is_sent_again(driver: Driver, kind: str, fault: Fault) -> None:
    with server_for(fault, kind) as server:
        client = client_for(driver, server.url, fault, max_retries=1)
        if fault.again or fault.error is None:
            assert ask(driver, client, kind, fault) == "Hello"
        else:
            with pytest.raises(driver.errors.SirayError) as caught:
                ask(driver, client, kind, fault)
            assert caught.value.attempts == 1
        if fault.opening is None:
            assert len(server.requests) == 1 + fault.again
            assert len({r.headers["idempotency-key"] for r in server.requests}) == 1
            counts = [r.headers["x-retry-count"] for r in server.requests]
            assert counts == ["0", "1"][: len(counts)]


UNSAFE = [
    pytest.param(fault, id=name)
    for name, fault in PLAIN.items()
    if fault.error is not None and not fault.big
]


@pytest.mark.only("default")
@pytest.mark.parametrize("fault", UNSAFE)
def test_what_may_have_been_done_is_not_done_twice(driver: Driver, fault: Fault) -> None:
    good = [sized(b'{"id": "t"}')]
    opening = [] if fault.opening is None else [fault.opening]
    with serving(*([good] if opening else [fault.script, good]), opening=opening) as server:
        client = client_for(driver, server.url, fault, max_retries=1)
        request = client.things.create_request({})
        if fault.always:
            assert driver.send(client, request).attempts == 2
        else:
            with pytest.raises(driver.errors.SirayError) as caught:
                driver.send(client, request)
            assert caught.value.attempts == 1
            assert len(server.requests) == 1 - len(opening)


DOWNLOADS = [
    pytest.param(fault, id=name)
    for name, fault in {**NO_HEAD, **CUT_BODY, **ODD_STATUS, **LIES}.items()
    if not fault.big
    and fault.status != 204
    and (fault.status != 200 or fault.phases or "gzip" in name or "coding" in name)
]


@pytest.mark.only("default")
@pytest.mark.parametrize("fault", DOWNLOADS)
def test_downloads(
    driver: Driver, fault: Fault, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with server_for(fault, "plain") as server:
        client = client_for(driver, server.url, fault, max_retries=0)

        def store() -> Any:
            return client.download(client.things.get_request("a")).write_to(tmp_path / "file")

        async def store_later() -> Any:
            download = await client.download(client.things.get_request("a"))
            return await download.write_to(tmp_path / "file")

        with pytest.raises(driver.errors.SirayError) as caught:
            driver.call(store if driver.kind == "sync" else store_later)
        check(driver, caught.value, replace(fault, content=None))
        assert not list(tmp_path.iterdir())
        assert ask(driver, client, "plain") == "Hello"
    gc.collect()
    assert capfd.readouterr() == ("", "")
