"""An ASGI application as the other side, in the same process."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sdkpress.runtime.testing.app import FakeApp
from tests.behaviour.built import import_case
from tests.behaviour.driving import MESSAGES, AsyncDriver, Driver, SyncDriver
from tests.behaviour.test_answers import completion
from tests.behaviour.test_life import run_python
from tests.behaviour.test_streams import DONE, HELLO, text

URL = "http://app.test:8080/base"


class InProcess:
    """A client of the application that a test writes, sync or async."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.errors = driver.errors

    def client(self, app: Any, url: str = URL, **options: Any) -> Any:
        module, name = "in_process", "AppTransport"
        if self.driver.kind == "async":
            module, name = "in_process_async", "AsyncAppTransport"
        runtime = import_module(f"{self.driver.package.__name__}._runtime.{module}")
        transport = getattr(runtime, name)(app)
        return self.driver.client(url, http_client=transport, **options)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Let the application go on until something is so."""
        deadline = time.monotonic() + 5
        while not condition() and time.monotonic() < deadline:
            if self.driver.kind == "sync":
                time.sleep(0.01)
            else:
                self.driver.call(lambda: asyncio.sleep(0.01))
        assert condition()

    def shut(self, stream: Any) -> None:
        self.driver.call(stream.close if self.driver.kind == "sync" else stream.aclose)


@pytest.fixture(params=["sync", "async"])
def here(request: pytest.FixtureRequest, handmade: ModuleType) -> Iterator[InProcess]:
    driver: Driver = SyncDriver(handmade) if request.param == "sync" else AsyncDriver(handmade)
    yield InProcess(driver)
    driver.close()


def head(kind: str = "application/json", status: int = 200, **fields: str) -> dict[str, Any]:
    headers = [(b"content-type", kind.encode())]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(block: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": block, "more_body": more}


async def read_all(receive: Any) -> list[dict[str, Any]]:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def test_what_the_application_sees(here: InProcess) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, await read_all(receive), (await _later(receive))["type"]))

    async def _later(receive: Any) -> Any:
        return {"type": "nothing"}

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        await send(head())
        await send(body(b'{"id": "t"}'))

    client = here.client(answering)
    here.driver.send(client, client.things.get_request("a/b ü", options={"query": {"q": "x y"}}))
    [(scope, messages, _)] = seen
    assert (scope["type"], scope["method"], scope["scheme"]) == ("http", "GET", "http")
    assert (scope["server"], scope["http_version"]) == (("app.test", 8080), "1.1")
    assert scope["raw_path"] == b"/base/things/a%2Fb%20%C3%BC"
    assert scope["path"] == "/base/things/a/b ü"
    assert scope["query_string"] == b"q=x%20y"
    headers = dict(scope["headers"])
    assert headers[b"host"] == b"app.test:8080"
    assert headers[b"authorization"] == b"Bearer sk-test-0123456789"
    assert all(name == name.lower() for name, _ in scope["headers"])
    assert messages == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_streamed_body_arrives_in_its_blocks(here: InProcess) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(await read_all(receive))
        await send(head())
        await send(body(b'{"id": "t"}'))

    def pieces() -> Iterator[bytes]:
        yield b"first"
        yield b"second"

    client = here.client(app)
    here.driver.send(client, client.things.upload_request({"file": pieces()}))
    blocks = [message["body"] for message in seen]
    assert b"first" in blocks and b"second" in blocks
    assert blocks[-1] == b"" and not seen[-1]["more_body"]


def test_what_the_callers_iterator_raises_is_theirs(here: InProcess) -> None:
    ends: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            pass
        ends.append(message["type"])

    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise LookupError("mine")

    client = here.client(app)
    with pytest.raises(LookupError, match="mine"):
        here.driver.send(client, client.things.upload_request({"file": pieces()}))
    assert ends == ["http.disconnect"]


def test_items_arrive_as_they_are_sent_and_nothing_runs_ahead(here: InProcess) -> None:
    sent = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send(head("text/event-stream"))
        padding = b": " + b"x" * 16_000 + b"\n\n"
        while sent < 1000:
            await send(body(HELLO[0] + padding, more=True))
            sent += 1
        await send(body(b""))

    stream = here.driver.create(here.client(app), stream=True)
    here.wait_for(lambda: sent >= 3)
    if here.driver.kind == "async":
        here.driver.call(lambda: asyncio.sleep(0.05))
    else:
        time.sleep(0.05)
    assert sent < 20
    assert len(here.driver.items(stream, limit=100)) == 100
    assert sent < 120


def test_leaving_disconnects(here: InProcess) -> None:
    ends: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_all(receive)
        await send(head("text/event-stream"))
        await send(body(HELLO[0], more=True))
        ends.append((await receive())["type"])
        try:
            await send(body(HELLO[1], more=True))
        except OSError as error:
            ends.append(error)
            raise

    stream = here.driver.create(here.client(app), stream=True)
    assert text(here.driver.items(stream, limit=1)) == "Hel"
    here.shut(stream)
    here.wait_for(lambda: len(ends) == 2)
    assert ends[0] == "http.disconnect"


def test_what_the_application_raises(here: InProcess) -> None:
    calls = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError("oops")

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await send(head("text/event-stream"))
        await send(body(HELLO[0], more=True))
        raise ZeroDivisionError("oops")

    with pytest.raises(here.errors.APIConnectionError, match="ZeroDivisionError: oops") as caught:
        here.driver.create(here.client(app))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert (caught.value.phase, caught.value.attempts, calls) == ("waiting", 1, 1)
    with pytest.raises(here.errors.StreamTruncatedError) as cut:
        here.driver.read(here.client(late))
    assert cut.value.partial.choices[0].message.content == "Hel"
    assert isinstance(cut.value.__cause__, ZeroDivisionError)


WRONG: dict[str, list[dict[str, Any]]] = {
    "nothing at all": [],
    "no end": [head(), body(b"{", more=True)],
    "shorter than it says": [head(content_length="500"), body(b"{}")],
    "longer than it says": [head(content_length="1"), body(b"{}")],
    "a body first": [body(b"{}")],
    "two heads": [head(), head()],
}


@pytest.mark.parametrize("case", WRONG)
def test_applications_that_are_wrong(here: InProcess, case: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in WRONG[case]:
            await send(message)

    with pytest.raises(here.errors.APIConnectionError):
        here.driver.create(here.client(app, max_retries=0))


def test_closing_the_client_ends_the_application(here: InProcess) -> None:
    ends: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(head("text/event-stream"))
        await send(body(HELLO[0], more=True))
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("cancelled")

    client = here.client(app)
    here.driver.create(client, stream=True)
    here.driver.call(client.close if here.driver.kind == "sync" else client.aclose)
    assert ends == ["cancelled"]
    with pytest.raises(here.errors.APIConnectionError, match="closed"):
        here.driver.create(client)


def test_threads_share_an_application(handmade: ModuleType) -> None:
    running = most = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        running -= 1
        await send(head())
        await send(body(completion().encode()))

    transport = import_module(f"{handmade.__name__}._runtime.in_process").AppTransport(app)
    with handmade.Siray("k", base_url=URL, http_client=transport) as client:
        threads = [
            threading.Thread(
                target=client.chat.completions.create, kwargs={"model": "m", "messages": MESSAGES}
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most > 1


def test_event_loops_one_after_the_other(handmade: ModuleType) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(head())
        await send(body(completion().encode()))

    module = import_module(f"{handmade.__name__}._runtime.in_process_async")
    client = handmade.AsyncSiray("k", base_url=URL, http_client=module.AsyncAppTransport(app))

    async def ask() -> str:
        answer = await client.chat.completions.create(model="m", messages=MESSAGES)
        return str(answer.choices[0].message.content)

    assert [asyncio.run(ask()), asyncio.run(ask())] == ["Hello", "Hello"]


APP = f"""
import asyncio, os
async def app(scope, receive, send):
    kind = [(b"content-type", b"text/event-stream")]
    await send({{"type": "http.response.start", "status": 200, "headers": kind}})
    for block in {[*HELLO, DONE]!r}:
        await send({{"type": "http.response.body", "body": block, "more_body": True}})
    await send({{"type": "http.response.body", "body": b""}})
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_nothing_is_left_behind_and_a_fork_goes_on(handmade: ModuleType) -> None:
    name = handmade.__name__
    code = f"""{APP}
import {name} as package
from {name}._runtime.in_process import AppTransport
client = package.Siray("k", base_url="http://app", http_client=AppTransport(app))
ask = lambda: sum(1 for _ in client.chat.completions.create(model="m", messages=[], stream=True))
print(ask())
child = os.fork()
if child == 0:
    os._exit(0 if ask() == 3 else 1)
assert os.waitpid(child, 0)[1] == 0
print(ask())
"""
    assert run_python(handmade, code) == "3\n3\n"
    code = f"""{APP}
import {name} as package
from {name}._runtime.in_process_async import AsyncAppTransport
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # imports take a while
    client = package.AsyncSiray("k", base_url="http://app", http_client=AsyncAppTransport(app))
    stream = await client.chat.completions.create(model="m", messages=[], stream=True)
    print(len([item async for item in stream]))
    await client.chat.completions.create(model="m", messages=[], stream=True)
asyncio.run(main())
"""
    assert run_python(handmade, code, PYTHONASYNCIODEBUG="1") == "3\n"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_fake_server_without_a_server(generated_siray: ModuleType, kind: str) -> None:
    driver = SyncDriver(generated_siray) if kind == "sync" else AsyncDriver(generated_siray)
    app = import_module(f"{generated_siray.__name__}.testing").fake_app()
    here = InProcess(driver)
    client = here.client(app, "http://app")
    messages = [{"role": "user", "content": "Say hello."}]
    model = "alibaba/qwen3-max-256k"
    whole = driver.create(client, model=model, messages=messages)
    assert whole.choices[0].message.content
    stream = driver.create(client, model=model, messages=messages, stream=True)
    assert text(driver.items(stream)) == whole.choices[0].message.content
    with pytest.raises(driver.errors.APIStatusError) as caught:
        driver.create(client, model=5, messages=messages)
    assert 400 <= caught.value.status_code < 500
    assert [request.method for request in app.requests] == ["POST"] * 3
    driver.close()


def test_a_script_without_an_end_waits_for_its_reader_and_ends_with_it(
    here: InProcess, generated_siray: ModuleType
) -> None:
    app = FakeApp(import_module(f"{generated_siray.__name__}.testing").document())
    made: list[int] = []
    ends: list[str] = []

    def chunks() -> Iterator[dict[str, Any]]:
        try:
            for number in itertools.count():
                made.append(number)
                choice = {"index": 0, "delta": {"content": "x" * 1000}, "finish_reason": None}
                item = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                yield {**item, "choices": [choice]}
        finally:
            ends.append("ended")

    app.script("POST /v1/chat/completions").streams(chunks())
    client = here.client(app, "http://app.test")
    messages = [{"role": "user", "content": "Go on."}]
    stream = here.driver.create(
        client, model="alibaba/qwen3-max-256k", messages=messages, stream=True
    )
    for _ in range(5):
        if here.driver.kind == "async":
            here.driver.call(lambda: asyncio.sleep(0.02))
        else:
            time.sleep(0.02)
    assert len(made) < 1_000
    assert not ends
    assert len(here.driver.items(stream, limit=500)) == 500
    here.shut(stream)
    here.wait_for(lambda: ends == ["ended"])


def test_the_transports_are_public(tmp_path_factory: pytest.TempPathFactory) -> None:
    package = import_case("servers", Path(tmp_path_factory.getbasetemp()) / "wire")
    testing = import_module(f"{package.__name__}.testing")
    assert {"AppTransport", "AsyncAppTransport"} <= set(testing.__all__)
    transport = testing.AppTransport(testing.fake_app())
    with package.Things(base_url="http://app/v1", http_client=transport) as client:
        client.things.upload()
