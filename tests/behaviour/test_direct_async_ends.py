"""The async direct transport at its end: closed, forgotten, forked, its loop gone."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.async_direct_calls import Run, get, pool_of
from tests.behaviour.direct_calls import prepared
from tests.behaviour.fault_server import (
    STALL,
    Pause,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK

REPOSITORY = Path(__file__).parents[2]


# -- the end of it all


def test_closing_ends_the_calls_of_other_tasks(run: Run) -> None:
    with serving(stream(b"a", STALL), [STALL]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            budget = Budget(Timeout.of(None), stream=True)
            exchange = await transport.send(prepared(server.url), budget)
            assert await exchange.read() == b"a"
            reading = asyncio.create_task(exchange.read())
            waiting = asyncio.create_task(get(transport, server.url))
            await asyncio.sleep(0.1)
            await transport.close()
            for task in (reading, waiting):
                with pytest.raises(TransportError, match="has been closed") as caught:
                    await task
                assert caught.value.permanent
            with pytest.raises(TransportError, match="has been closed"):
                await get(transport, server.url)

        run(test)


def test_a_stream_may_be_forgotten_in_any_thread(run: Run) -> None:
    with serving(stream(b"a", STALL)) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            for is_elsewhere in (False, True):
                budget = Budget(Timeout.of(None), stream=True)
                exchange = await transport.send(prepared(server.url), budget)
                assert await exchange.read() == b"a"
                if is_elsewhere:
                    await asyncio.to_thread(exchange.abandon)
                else:
                    exchange.abandon()
                await asyncio.sleep(0.05)
                assert not pool_of(transport).live

        run(test)
        assert server.closed_by_client.wait(5)


def python(code: str, *arguments: str, debug: bool = True) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, where every warning is an error."""
    prelude = """
        import asyncio, gc, os, sys, threading, time
        from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
        from sdkpress.runtime.timeouts import Budget, Timeout
        from tests.behaviour.async_direct_calls import get
        from tests.behaviour.direct_calls import prepared
    """
    whole = textwrap.dedent(prelude) + textwrap.dedent(code)
    flags = ["-X", "dev", "-W", "error"] if debug else []
    ran = subprocess.run(
        [sys.executable, *flags, "-c", whole, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=REPOSITORY,
    )
    # In debug mode asyncio reports what took long, as anything may on a busy machine.
    lines = ran.stderr.splitlines(keepends=True)
    ran.stderr = "".join(line for line in lines if not line.startswith("Executing <"))
    return ran


ENDINGS = {
    "run, never closed": """
        asyncio.run(two(transport))
        """,
    "a loop closed without more ado": """
        loop = asyncio.new_event_loop()
        loop.run_until_complete(two(transport))
        loop.close()
        """,
    "an open stream, never closed": """
        async def leave():
            await two(transport)
            return await opened(transport)
        asyncio.run(leave())
        """,
    "an open stream whose loop is gone": """
        loop = asyncio.new_event_loop()
        exchange = loop.run_until_complete(opened(transport))
        loop.close()
        exchange.abandon()
        """,
    "a forgotten transport in a loop that goes on": """
        async def main():
            global transport
            await two(transport)
            del transport
            gc.collect()
            await asyncio.sleep(0.05)
        asyncio.run(main())
        """,
    "loops one after the other": """
        for _ in range(3):
            asyncio.run(two(transport))
        for _ in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(two(transport))
            loop.close()
        async def main():
            await two(transport)
            assert len(transport._pools) == 1
            await transport.close()
        asyncio.run(main())
        """,
    "loops in several threads": """
        def work():
            for _ in range(5):
                asyncio.run(two(transport))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    "a task that is thrown away": """
        async def main():
            task = asyncio.create_task(opened(transport))
            await asyncio.sleep(0)
            task = asyncio.create_task(two(transport))
            await asyncio.sleep(0)
        asyncio.run(main())
        """,
    "uvloop": """
        try:
            import uvloop
        except ImportError:
            print("fine")
            sys.exit()
        for _ in range(2):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(two(transport))
                exchange = runner.run(opened(transport))
        exchange.abandon()
        """,
}


@pytest.mark.parametrize("ending", list(ENDINGS.values()), ids=list(ENDINGS))
def test_nothing_is_said_at_the_end(ending: str) -> None:
    code = """
    transport = AsyncDirectTransport(proxy="")
    async def two(transport):
        await asyncio.gather(*[get(transport, sys.argv[1]) for _ in range(2)])
    async def opened(transport):
        budget = Budget(Timeout.of(None), stream=True)
        exchange = await transport.send(prepared(sys.argv[2]), budget)
        assert await exchange.read() == b"a"
        return exchange
    """
    closing = """
    transport = exchange = None
    gc.collect()
    print("fine")
    """
    with serving(reply(b"a")) as server, serving(stream(b"a", STALL)) as other:
        whole = textwrap.dedent(code) + textwrap.dedent(ending) + textwrap.dedent(closing)
        ran = python(whole, server.url, other.url)
    assert (ran.stdout, ran.stderr) == ("fine\n", "")


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="fork is of POSIX")
@pytest.mark.parametrize("debug", [True, False])
def test_a_child_process_leaves_the_connections_of_its_parent_alone(debug: bool) -> None:
    code = """
    transport = AsyncDirectTransport(proxy="")
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(get(transport, sys.argv[1])) == b"ok"
    async def opened():
        exchange = await transport.send(prepared(sys.argv[2]), Budget(Timeout.of(None), stream=True))
        assert await exchange.read() == b"a"
        return exchange
    exchange = loop.run_until_complete(opened())
    child = os.fork()
    if not child:
        async def again():
            assert await get(transport, sys.argv[1]) == b"ok"
        asyncio.run(again())
        exchange.abandon()
        transport = exchange = None
        gc.collect()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert loop.run_until_complete(get(transport, sys.argv[1])) == b"ok"
    async def rest():
        assert await exchange.read() == b"b"
        assert await exchange.read() == b""
        await transport.close()
    loop.run_until_complete(rest())
    loop.close()
    print("fine")
    """
    with serving([OK]) as server, serving(stream(b"a", Pause(1.0), b"b")) as other:
        ran = python(code, server.url, other.url, debug=debug)
        assert (ran.stdout, ran.stderr) == ("fine\n", "")
        assert server.connections == 2  # one of the parent, used twice, and one of the child


def test_nothing_is_kept_of_closed_connections(run: Run) -> None:
    with serving(reply(b"a"), [head(200, ("Connection", "close"), ("Content-Length", "0"))]) as s:

        async def test(transport: AsyncDirectTransport) -> int:
            for _ in range(20):
                await get(transport, s.url)
            await asyncio.sleep(0.05)
            gc.collect()
            kind = type(pool_of(transport)).__module__ + ".", "Connection"
            return sum(type(each).__name__ == kind[1] for each in gc.get_objects())

        assert run(test) <= 1
