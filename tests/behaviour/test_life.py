"""The life of a client: what it costs to have one, threads, forks, event loops, interruptions, other pools."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from tests.behaviour.driving import MESSAGES, Driver
from tests.behaviour.fault_server import STALL, reply, serving, stream
from tests.behaviour.test_answers import completion
from tests.behaviour.test_streams import DONE, HELLO, text

OK = reply(completion())
KEY = "sk-test-0123456789"


@pytest.fixture(scope="session")
def package(handmade: ModuleType) -> ModuleType:
    """One package will do here."""
    return handmade


def run_python(package: ModuleType, code: str, **environment: str) -> str:
    """The output of a fresh interpreter that can import the package, warnings being errors."""
    assert package.__file__ is not None
    folder = Path(package.__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0 and result.stderr == "", result.stderr
    return result.stdout


HEAVY = ["typing", "enum", "dataclasses", "re", "json", "ssl", "asyncio", "socket", "logging"]
HEAVY += ["msgspec", "httpx2", "httpx", "httpcore2", "urllib.parse", "email", "uuid", "threading"]


def test_importing_and_constructing_loads_next_to_nothing(package: ModuleType) -> None:
    code = f"""
import sys
before = set(sys.modules)
import {package.__name__} as package
client = package.Siray(api_key="k")
package.AsyncSiray(api_key="k", timeout=5)
client.with_options(timeout=3)
loaded = set(sys.modules) - before
print(sorted(loaded & set({HEAVY!r})))
print(len([name for name in loaded if name.startswith(package.__name__)]))
print(sorted(name for name in loaded if not name.startswith(package.__name__)))
"""
    heavy, ours, others = run_python(package, code).splitlines()
    assert heavy == "[]"
    assert int(ours) <= 15
    assert others == "['__future__']"


def test_an_unused_client_leaves_nothing_behind(package: ModuleType) -> None:
    with serving(OK) as server:
        code = f"""
import {package.__name__} as package
client = package.Siray(api_key="k", base_url={server.url!r})
print(client.chat.completions.create(model="m", messages=[]).choices[0].message.content)
client.close()
"""
        assert run_python(package, code) == "Hello\n"


def test_threads_share_a_client(package: ModuleType) -> None:
    with serving(stream(*HELLO, DONE)) as server, package.Siray(KEY, base_url=server.url) as client:

        def work(_: int) -> str:
            with client.chat.completions.create(
                model="m", messages=MESSAGES, stream=True
            ) as answer:
                return text(list(answer))

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(work, range(64))) == {"Hello"}
        assert len(server.requests) == 64
        assert server.connections <= 8


def test_many_at_once(package: ModuleType) -> None:
    async def run(url: str) -> list[str]:
        async with package.AsyncSiray(KEY, base_url=url) as client:

            async def work() -> str:
                answer = await client.chat.completions.create(
                    model="m", messages=MESSAGES, stream=True
                )
                return text([item async for item in answer])

            return await asyncio.gather(*[work() for _ in range(50)])

    with serving(stream(*HELLO, DONE)) as server:
        assert set(asyncio.run(run(server.url))) == {"Hello"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_both_go_on(package: ModuleType) -> None:
    with serving(OK) as server:
        code = f"""
import os, sys
import {package.__name__} as package
client = package.Siray(api_key="k", base_url={server.url!r})
ask = lambda: client.chat.completions.create(model="m", messages=[]).choices[0].message.content
ask()
child = os.fork()
if child == 0:
    os._exit(0 if ask() == "Hello" else 1)
assert os.waitpid(child, 0)[1] == 0
print(ask())
client.close()
"""
        assert run_python(package, code) == "Hello\n"
        # The child opened its own connection; the parent kept its first.
        assert [request.connection for request in server.requests] == [1, 2, 1]


def test_event_loops_one_after_the_other(package: ModuleType) -> None:
    with serving(stream(*HELLO, DONE)) as server:
        client = package.AsyncSiray(KEY, base_url=server.url)

        async def ask() -> str:
            answer = await client.chat.completions.create(model="m", messages=[], stream=True)
            async with answer:
                return text([item async for item in answer])

        async def ask_and_close() -> str:
            answer = await ask()
            await client.aclose()
            return answer

        async def ask_of_a_copy() -> str:
            async with package.AsyncSiray(KEY, base_url=server.url):
                return await ask()

        assert asyncio.run(ask_of_a_copy()) == "Hello"
        assert asyncio.run(ask()) == "Hello"
        assert asyncio.run(ask_and_close()) == "Hello"
        assert server.connections == 3
        # The sockets of the loops that are gone were closed, though nobody asked for it there.
        assert server.closed_by_client.wait(5)


def test_cancelling_closes_and_leaves_the_client_usable(package: ModuleType) -> None:
    async def run(url: str, streaming: bool) -> str:
        async with package.AsyncSiray(KEY, base_url=url) as client:

            async def ask() -> str:
                if not streaming:
                    answer = await client.chat.completions.create(model="m", messages=[])
                    return str(answer.choices[0].message.content)
                items = await client.chat.completions.create(model="m", messages=[], stream=True)
                return text([item async for item in items])

            task = asyncio.create_task(ask())
            while not server.requests:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.closed_by_client.wait, 5)
            return await ask()

    with serving([STALL], OK) as server:
        assert asyncio.run(run(server.url, False)) == "Hello"
    with serving([*stream(HELLO[0], end=False), STALL], stream(*HELLO, DONE)) as server:
        assert asyncio.run(run(server.url, True)) == "Hello"


@pytest.mark.parametrize("streaming", [False, True])
def test_ctrl_c_passes_at_once(package: ModuleType, streaming: bool) -> None:
    script = [*stream(HELLO[0], end=False), STALL] if streaming else [STALL]
    with serving(script) as server:
        code = f"""
import os, signal, threading
import {package.__name__} as package
# Where the tests run in the background of a shell, Ctrl-C is ignored from the start.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = package.Siray(api_key="k", base_url={server.url!r})
try:
    # What the first call loads takes its time on a busy machine.
    package.Siray(api_key="k", base_url="http://127.0.0.1:9", max_retries=0).chat.completions.create(
        model="m", messages=[], stream={streaming}
    )
except Exception:
    pass
threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    answer = client.chat.completions.create(model="m", messages=[], stream={streaming})
    list(answer)
except KeyboardInterrupt:
    print("interrupted")
client.close()
"""
        assert run_python(package, code) == "interrupted\n"
        assert server.closed_by_client.wait(5)


def test_a_cycle_with_a_stream_is_collected_quietly(package: ModuleType) -> None:
    with serving([*stream(*HELLO, end=False), STALL], stream(*HELLO, DONE)) as server:
        code = f"""
import gc
import {package.__name__} as package
client = package.Siray(api_key="k", base_url={server.url!r})
class Holder: pass
holder = Holder()
holder.stream = client.chat.completions.create(model="m", messages=[], stream=True)
holder.iterator = iter(holder.stream)
next(holder.iterator)
holder.itself = holder
del holder
gc.collect()
items = client.chat.completions.create(model="m", messages=[], stream=True)
print(sum(1 for _ in items))
client.close()
"""
        assert run_python(package, code) == "3\n"


def test_leaving_a_stream_just_before_the_event_loop_ends_is_quiet(package: ModuleType) -> None:
    with serving([*stream(*HELLO, end=False), STALL]) as server:
        code = f"""
import asyncio, gc
import {package.__name__} as package

async def main():
    client = package.AsyncSiray(api_key="k", base_url={server.url!r})
    async for _ in await client.chat.completions.create(model="m", messages=[], stream=True):
        break
    return client

loop = asyncio.new_event_loop()
loop.slow_callback_duration = 60
client = loop.run_until_complete(main())
loop.close()  # without shutdown_asyncgens
del loop
gc.collect()
"""
        assert run_python(package, code) == ""
        assert server.closed_by_client.wait(5)


# -- the library's own pool


@pytest.mark.own_pool("proxies are theirs")
def test_a_proxy_from_the_environment(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        driver.create(driver.client("http://api.siray.invalid"))
    assert proxy.requests[0].target == "http://api.siray.invalid/v1/chat/completions"


@pytest.mark.own_pool("cookies are theirs")
def test_cookies_are_not_kept(driver: Driver) -> None:
    with serving(reply(completion(), 200, ("Set-Cookie", "session=other-user"))) as server:
        client = driver.client(server.url)
        driver.create(client)
        driver.create(client)
    assert "cookie" not in server.requests[1].headers


def test_a_key_in_the_query_is_not_logged_by_the_library(
    package: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    from importlib import import_module

    name = package.__name__
    api = import_module(f"{name}._runtime.api")
    operation = import_module(f"{name}._runtime.operation")
    request = import_module(f"{name}._runtime.request")
    client_class = import_module(f"{name}._runtime.sync_client").SyncClient
    scheme = api.ApiKeyAuth("api_key", "SIRAY_API_KEY", "query", "key")
    described = api.Api(
        name="q", distribution="q", version="1", env_prefix="Q", security={"k": scheme}
    )
    get = operation.Operation(method="GET", path="/x", security=(("k",),))
    with serving(reply("{}")) as server, caplog.at_level("DEBUG"):
        with client_class(described, credentials={"k": KEY}, base_url=server.url) as client:
            client.execute(request.Request(get))
    assert server.requests[0].target == f"/x?key={KEY}"
    assert KEY not in caplog.text


def test_closing_while_another_thread_reads(package: ModuleType) -> None:
    with serving([*stream(HELLO[0], end=False), STALL]) as server:
        client = package.Siray(KEY, base_url=server.url)
        answer = client.chat.completions.create(model="m", messages=[], stream=True)
        caught: list[BaseException] = []

        def read() -> None:
            try:
                list(answer)
            except package.errors.SirayError as error:
                caught.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        time.sleep(0.3)
        client.close()
        thread.join(5)
        assert not thread.is_alive() and len(caught) <= 1
