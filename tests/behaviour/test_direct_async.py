"""The async transport over connections of our own: what it does beside what every transport does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.runtime.direct import async_pool
from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.fault_server import (
    CUT,
    RESET,
    STALL,
    Pause,
    Reply,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.test_direct import OK, listening, prepared, read_head, too_large

Run = Callable[[Callable[[AsyncDirectTransport], Awaitable[Any]]], Any]

REPOSITORY = Path(__file__).parents[2]


def loop_factories() -> list[Any]:
    factories = [pytest.param(None, id="asyncio")]
    with contextlib.suppress(ImportError):
        import uvloop

        factories.append(pytest.param(uvloop.new_event_loop, id="uvloop"))
    return factories


@pytest.fixture(params=loop_factories())
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine function with a transport, which is closed at the end."""
    with asyncio.Runner(loop_factory=request.param, debug=True) as runner:
        transport = AsyncDirectTransport(proxy="")

        def do(test: Callable[[AsyncDirectTransport], Awaitable[Any]]) -> Any:
            async def main() -> Any:
                return await test(transport)

            return runner.run(main())

        yield do
        runner.run(transport.close())


async def send(
    transport: AsyncDirectTransport, request: Any, timeout: Timeout | float | None = 20.0
) -> tuple[int, bytes]:
    exchange = await transport.send(request, Budget(Timeout.of(timeout), stream=False))
    blocks: list[bytes] = []
    try:
        while block := await exchange.read():
            blocks.append(block)
    finally:
        await exchange.close()
    return exchange.status, b"".join(blocks)


async def get(
    transport: AsyncDirectTransport, url: str, timeout: Timeout | float | None = 20.0
) -> bytes:
    return (await send(transport, prepared(url, None, "GET"), timeout))[1]


def pool_of(transport: AsyncDirectTransport) -> async_pool.LoopPool:
    (pool,) = transport._pools.values()
    return pool


# -- connections are used again


def test_one_connection_for_requests_in_a_row(run: Run) -> None:
    with serving(reply(b"a"), stream(b"b", b"c"), [head(204)], reply(b"d")) as server:

        async def test(transport: AsyncDirectTransport) -> list[bytes]:
            return [await get(transport, server.url) for _ in range(4)]

        assert run(test) == [b"a", b"bc", b"", b"d"]
        assert server.connections == 1


def test_whole_answers_need_no_read_and_no_close(run: Run) -> None:
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            for _ in range(2):
                budget = Budget(Timeout.of(None), stream=False)
                exchange = await transport.send(prepared(server.url), budget)
                assert exchange.whole() == b"a"
                assert await exchange.read() == b""

        run(test)
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        [head(200, ("Connection", "close"), ("Content-Length", "2")) + b"ok"],
        [head(200) + b"ok", CUT],
        [OK + b"more"],
    ],
    ids=["close", "until the end", "surplus"],
)
def test_connections_that_cannot_be_used_again(run: Run, answer: Reply) -> None:
    with serving(answer) as server:

        async def test(transport: AsyncDirectTransport) -> list[bytes]:
            return [await get(transport, server.url) for _ in range(2)]

        assert run(test) == [b"ok", b"ok"]
        assert server.connections == 2


@pytest.mark.parametrize("is_awaited", [True, False], ids=["loop running", "loop blocked"])
def test_a_stale_connection_is_noticed_before_anything_is_sent(run: Run, is_awaited: bool) -> None:
    with serving([OK, CUT]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            for _ in range(3):
                assert await send(transport, prepared(server.url)) == (200, b"ok")
                if is_awaited:
                    await asyncio.sleep(0.05)
                else:
                    time.sleep(0.05)

        run(test)
        assert server.connections == len(server.requests) == 3


def test_bytes_on_a_resting_connection_end_it(run: Run) -> None:
    late = b"HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n"
    with serving([OK, Pause(0.05), late]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            assert await send(transport, prepared(server.url)) == (200, b"ok")
            await asyncio.sleep(0.2)
            assert not pool_of(transport).live
            assert await send(transport, prepared(server.url)) == (200, b"ok")

        run(test)
        assert server.connections == 2


def test_a_server_may_say_how_long_it_keeps_connections(run: Run) -> None:
    """One that says a second may have closed the connection while the request is on its way."""
    answer = [head(200, ("Content-Length", "2"), ("Keep-Alive", "timeout=2, max=9")) + b"ok"]
    with serving(answer) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            await get(transport, server.url)
            await get(transport, server.url)
            await asyncio.sleep(1.2)
            await get(transport, server.url)

        run(test)
        assert server.connections == 2


def test_idle_connections_are_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "IDLE_SECONDS", 0.2)
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            await get(transport, server.url)
            await asyncio.sleep(0.1)
            assert pool_of(transport).live
            await asyncio.sleep(0.3)
            assert not pool_of(transport).live

        run(test)
        assert server.closed_by_client.wait(5)


# -- many at once


def test_many_short_calls_share_connections(run: Run) -> None:
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            answers = await asyncio.gather(*[get(transport, server.url) for _ in range(500)])
            assert answers == [b"a"] * 500
            assert len(pool_of(transport)._idle) <= async_pool.MAX_IDLE

        run(test)
        assert len(server.requests) == 500
        assert server.connections < 500


def test_more_short_calls_use_the_connections_that_are_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(async_pool, "MAX_OPENING", 5)
    monkeypatch.setattr(async_pool, "_TICK", 5.0)  # the line moves, however slow this machine is
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            for _ in range(3):
                await asyncio.gather(*[get(transport, server.url) for _ in range(50)])
            # One after the other they are no burst.
            for _ in range(10):
                await get(transport, server.url)
            assert pool_of(transport).rested(next(iter(pool_of(transport).lanes.values())))
            assert pool_of(transport).may_open(next(iter(pool_of(transport).lanes.values())))

        run(test)
        assert server.connections == 5


def test_long_calls_get_a_connection_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "MAX_OPENING", 5)
    with serving([Pause(1.0), OK]) as server:

        async def test(transport: AsyncDirectTransport) -> float:
            started = time.monotonic()
            await asyncio.gather(*[get(transport, server.url) for _ in range(30)])
            return time.monotonic() - started

        assert run(test) < 6
        assert server.connections > 15


def test_the_limit_of_connections(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "MAX_CONNECTIONS", 2)
    order: list[int] = []
    with serving([Pause(0.03), OK]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            async def ask(number: int) -> None:
                await get(transport, server.url)
                order.append(number)

            await asyncio.gather(*[ask(number) for number in range(8)])

        run(test)
        assert server.connections == 2
        assert sorted(order) == list(range(8))
        assert all(abs(number - place) <= 1 for place, number in enumerate(order))


def test_the_limit_for_waiting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "MAX_CONNECTIONS", 1)
    with serving([STALL]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            task = asyncio.create_task(get(transport, server.url))
            await asyncio.sleep(0.1)
            for timeout, limit in ((Timeout(pool=0.2), "pool"), (Timeout(total=0.2), "total")):
                with pytest.raises(TransportError) as caught:
                    await get(transport, server.url, timeout)
                assert (caught.value.phase, caught.value.limit) == ("connecting", limit)
                assert caught.value.seconds == 0.2
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert not pool_of(transport).live

        run(test)


def test_a_connection_to_elsewhere_makes_room(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "MAX_CONNECTIONS", 1)
    with serving(reply(b"a")) as one, serving(reply(b"b")) as other:

        async def test(transport: AsyncDirectTransport) -> None:
            assert await get(transport, one.url) == b"a"
            assert await get(transport, other.url) == b"b"
            both = await asyncio.gather(*[get(transport, s.url) for s in (one, other, one)])
            assert both == [b"a", b"b", b"a"]

        run(test)


def test_cancelling_anywhere_leaks_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_pool, "MAX_CONNECTIONS", 3)
    answers = [stream(b"a", Pause(0.01), b"b"), reply(b"c"), [Pause(0.01), OK]]
    with serving(*(answers * 40)) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            async def ask(seconds: float) -> None:
                with contextlib.suppress(TimeoutError, TransportError):
                    async with asyncio.timeout(seconds):
                        await get(transport, server.url)

            for round in range(12):
                await asyncio.gather(*[ask(0.0005 * n + 0.0003 * round) for n in range(12)])
            async with asyncio.timeout(10):
                await asyncio.gather(*[get(transport, server.url) for _ in range(4)])
            pool = pool_of(transport)
            assert len(pool.live) == len(pool._idle) <= 3
            assert pool._opening == 0
            assert all(lane.opening == 0 for lane in pool.lanes.values())

        run(test)


# -- sending


def test_an_early_answer_to_a_large_body(run: Run) -> None:
    with listening(too_large) as url:
        request = prepared(url, b"x" * 50_000_000)
        assert run(lambda transport: send(transport, request)) == (413, b"too large")


def test_an_early_answer_to_a_streamed_body(run: Run) -> None:
    sent: list[int] = []

    async def blocks() -> AsyncIterator[bytes]:
        for number in range(100_000):
            sent.append(number)
            yield b"x" * 65536

    with listening(too_large) as url:
        request = prepared(url, blocks())
        assert run(lambda transport: send(transport, request)) == (413, b"too large")
        assert len(sent) < 10_000


def test_an_early_answer_before_the_connection_is_lost() -> None:
    """With asyncio's own loop: others do not let one read from a connection that broke in writing."""

    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(reply(b"no", 401)[0])  # type: ignore[arg-type]

    async def test() -> None:
        transport = AsyncDirectTransport(proxy="")
        answer = await send(transport, prepared(url, b"x" * 5_000_000))
        assert answer == (401, b"no")
        await transport.close()

    with listening(script) as url:
        asyncio.run(test())


def test_an_answer_to_whoever_connects(run: Run) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(reply(b"full", 503, ("Connection", "close"))[0])  # type: ignore[arg-type]
        connection.shutdown(socket.SHUT_WR)
        read_head(connection)

    with listening(script) as url:

        async def test(transport: AsyncDirectTransport) -> None:
            for _ in range(5):
                assert await send(transport, prepared(url)) == (503, b"full")

        run(test)


def test_an_early_success_does_not_end_the_request(run: Run) -> None:
    got: list[int] = []

    def script(connection: socket.socket) -> None:
        data = read_head(connection)
        connection.sendall(head(200, ("Transfer-Encoding", "chunked")) + b"6\r\nbegun \r\n")
        size = len(data.partition(b"\r\n\r\n")[2])
        while size < 20_000_000:
            size += len(connection.recv(65536))
        got.append(size)
        connection.sendall(b"4\r\ndone\r\n0\r\n\r\n")

    with listening(script) as url:
        request = prepared(url, b"x" * 20_000_000)
        assert run(lambda transport: send(transport, request)) == (200, b"begun done")
        assert got == [20_000_000]


def test_an_answer_that_ends_with_the_connection_while_nobody_reads_the_request(run: Run) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(head(500) + b"no")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(2)

    with listening(script) as url:
        request = prepared(url, b"x" * 50_000_000)
        assert run(lambda transport: send(transport, request, Timeout(read=1.5))) == (500, b"no")


def test_nothing_is_sent_after_a_server_has_gone(run: Run) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)

    with listening(script) as url:

        async def test(transport: AsyncDirectTransport) -> None:
            with pytest.raises(TransportError) as caught:
                await send(transport, prepared(url, b"x" * 20_000_000))
            assert caught.value.phase == "sending"

        run(test)


def test_the_limit_for_writing(run: Run) -> None:
    def script(connection: socket.socket) -> None:
        time.sleep(2)

    with listening(script) as url:

        async def test(transport: AsyncDirectTransport) -> None:
            for timeout, limit in ((Timeout(write=0.2), "write"), (Timeout(total=0.2), "total")):
                with pytest.raises(TransportError) as caught:
                    await send(transport, prepared(url, b"x" * 50_000_000), timeout)
                assert (caught.value.phase, caught.value.limit) == ("sending", limit)
                assert caught.value.seconds == 0.2

        run(test)


def test_a_slow_reader_does_not_exceed_the_limit_for_writing(run: Run) -> None:
    def script(connection: socket.socket) -> None:
        data = read_head(connection)
        size = len(data.partition(b"\r\n\r\n")[2])
        while size < 12_000_000:
            size += len(connection.recv(1 << 20))
            time.sleep(0.05)
        connection.sendall(OK)

    with listening(script) as url:
        request = prepared(url, b"x" * 12_000_000)
        assert run(lambda transport: send(transport, request, Timeout(write=0.4)))[0] == 200


@pytest.mark.parametrize("count", [1, 3])
def test_a_body_of_another_length_than_was_said(run: Run, count: int) -> None:
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            with pytest.raises(TransportError) as caught:
                await send(transport, prepared(server.url, iter([b"12345"] * count), length=10))
            assert caught.value.permanent and caught.value.phase == "sending"
            assert not pool_of(transport).live

        run(test)


def test_an_error_of_the_body_comes_through(run: Run) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            with pytest.raises(KeyError, match="mine"):
                await send(transport, prepared(server.url, blocks()))
            assert not pool_of(transport).live

        run(test)


def test_a_streamed_body_arrives(run: Run) -> None:
    with serving(reply(b"a")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            await send(transport, prepared(server.url, [b"one ", b"", b"two"]))
            await send(transport, prepared(server.url, [b"one ", b"two"], length=7))

        run(test)
        assert [request.body for request in server.requests] == [b"one two", b"one two"]


# -- connecting


def test_every_address_is_tried(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(reply(b"a")) as server:
        port = int(server.url.rpartition(":")[2])
        refusing = socket.create_server(("127.0.0.1", 0))
        dead = refusing.getsockname()[1]
        refusing.close()
        asked: list[object] = []

        def answer(*given: object, **_: object) -> list[Any]:
            asked.append(given)
            time.sleep(0.1)
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", dead)),
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", dead, 0, 0)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

        async def test(transport: AsyncDirectTransport) -> None:
            url = f"http://some.test:{port}"
            assert await asyncio.gather(*[get(transport, url) for _ in range(20)]) == [b"a"] * 20

        run(test)
        assert len(asked) == 1, "calls at the same time share a look-up"


def test_an_address_that_does_not_answer_is_overtaken(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fillers = [socket.socket() for _ in range(4)]  # its queue is full: it drops what comes
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
    time.sleep(0.05)
    with serving(reply(b"a")) as server:
        port = int(server.url.rpartition(":")[2])
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent.getsockname()),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ],
        )

        async def test(transport: AsyncDirectTransport) -> None:
            assert await get(transport, f"http://some.test:{port}", Timeout(connect=3)) == b"a"

        run(test)
    for filler in (*fillers, silent):
        filler.close()


def test_refused(run: Run) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()

    async def test(transport: AsyncDirectTransport) -> None:
        with pytest.raises(TransportError, match="refused") as caught:
            await get(transport, url)
        assert caught.value.phase == "connecting" and not caught.value.permanent
        assert not pool_of(transport).live

    run(test)


def test_a_resolver_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()

    def wait(*_: object, **__: object) -> list[Any]:
        free.wait(10)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", wait)

    async def test(transport: AsyncDirectTransport) -> None:
        with pytest.raises(TransportError) as caught:
            await get(transport, "http://some.test", Timeout(connect=0.2))
        assert (caught.value.phase, caught.value.limit) == ("connecting", "connect")
        free.set()
        await asyncio.sleep(0.1)

    run(test)


def test_unix_sockets(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        while request := read_head(connection):
            seen.append(request)
            connection.sendall(OK)

    async def test(path: str) -> bytes:
        transport = AsyncDirectTransport(unix_socket=path)
        try:
            return await get(transport, "http://api.test/v1")
        finally:
            await transport.close()

    path = str(tmp_path / "s")
    with listening(script, path=path):
        assert asyncio.run(test(path)) == b"ok"
        assert b"GET /v1/x HTTP/1.1\r\nHost: api.test\r\n" in seen[0]
    with pytest.raises(TransportError, match="No such file") as caught:
        asyncio.run(test(str(tmp_path / "nothing")))
    assert caught.value.phase == "connecting"


def test_a_proxy_forwards_plain_requests() -> None:
    with serving(reply(b"by proxy")) as proxy:
        address = proxy.url.replace("http://", "http://user:p%40ss@")

        async def test() -> None:
            transport = AsyncDirectTransport(proxy=address)
            assert await get(transport, "http://one.test/v1") == b"by proxy"
            assert await get(transport, "http://two.test:81/v1") == b"by proxy"
            await transport.close()

        asyncio.run(test())
        assert [request.target for request in proxy.requests] == [
            "http://one.test/v1/x",
            "http://two.test:81/v1/x",
        ]
        assert proxy.requests[0].headers["host"] == "one.test"
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
        assert proxy.connections == 1


@pytest.mark.parametrize(
    ("answer", "message", "permanent"),
    [
        (reply(b"no", 407), "wants user and password", True),
        (reply(b"no", 502), "refused to connect .status 502.", False),
        ([CUT], "without an answer", False),
        ([b"nonsense\r\n\r\n"], "malformed", False),
        ([head(200) + b"surplus"], "more than its answer", False),
    ],
    ids=["407", "502", "cut", "malformed", "surplus"],
)
def test_a_proxy_that_builds_no_tunnel(answer: Reply, message: str, permanent: bool) -> None:
    with serving(answer) as proxy:

        async def test() -> None:
            transport = AsyncDirectTransport(proxy=proxy.url)
            with pytest.raises(TransportError, match=message) as caught:
                await get(transport, "https://api.test")
            assert caught.value.phase == "connecting" and caught.value.permanent is permanent
            assert not pool_of(transport).live
            await transport.close()

        asyncio.run(test())
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].target == "api.test:443"


# -- limits while receiving


@pytest.mark.parametrize(
    ("answer", "phase"),
    [
        ([*[Pause(0.05), b"H"] * 60], "waiting"),
        ([head(200, ("Content-Length", "100")), *[Pause(0.05), b"x"] * 60], "reading"),
        ([*stream(b"x", end=False), *[Pause(0.05), b"1;x\r\na\r\n"] * 200], "reading"),
        ([*stream(b"x", end=False), b"1;", *[Pause(0.05), b"x"] * 200], "reading"),
    ],
    ids=["head", "bytes", "chunks", "a chunk extension"],
)
def test_a_drip_does_not_escape(run: Run, answer: Reply, phase: str) -> None:
    if phase == "waiting":
        answer = [b"HTTP/1.1 200 OK\r\nX: ", *answer]
    with serving(answer) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            with pytest.raises(TransportError) as caught:
                await get(transport, server.url, Timeout(total=0.5, read=10.0))
            found = (caught.value.phase, caught.value.limit, caught.value.seconds)
            assert found == (phase, "total", 0.5)
            assert not pool_of(transport).live

        started = time.monotonic()
        run(test)
        assert time.monotonic() - started < 8


def test_limits_change_from_one_request_to_the_next(run: Run) -> None:
    with serving([Pause(0.3), OK]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            for _ in range(2):
                assert await get(transport, server.url, Timeout(read=5.0)) == b"ok"
                with pytest.raises(TransportError) as caught:
                    await get(transport, server.url, Timeout(read=0.1))
                assert (caught.value.limit, caught.value.seconds) == ("read", 0.1)
            assert await get(transport, server.url, Timeout(read=None)) == b"ok"

        run(test)


def test_a_read_that_is_cancelled_loses_nothing(run: Run) -> None:
    with serving(stream(b"a", Pause(0.3), b"b")) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            budget = Budget(Timeout.of(None), stream=True)
            exchange = await transport.send(prepared(server.url), budget)
            assert await exchange.read() == b"a"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await exchange.read()
            assert await exchange.read() == b"b"
            assert await exchange.read() == b""

        run(test)


def test_what_is_not_read_stays_with_the_server(run: Run) -> None:
    """The buffers of both systems fill up, ours does not."""
    block = b"x" * 65536
    with serving([head(200, ("Content-Length", str(65536 * 2000))), *[block] * 2000]) as server:

        async def test(transport: AsyncDirectTransport) -> int:
            budget = Budget(Timeout.of(None), stream=True)
            exchange = await transport.send(prepared(server.url), budget)
            await asyncio.sleep(0.5)
            (connection,) = pool_of(transport).live
            held = connection._held
            size = 0
            while data := await exchange.read():
                size += len(data)
            assert size == 65536 * 2000
            return held

        assert run(test) < 1024 * 1024


def test_reset_while_reading(run: Run) -> None:
    with serving([*stream(b"a", end=False), Pause(0.1), RESET]) as server:

        async def test(transport: AsyncDirectTransport) -> None:
            budget = Budget(Timeout.of(None), stream=True)
            exchange = await transport.send(prepared(server.url), budget)
            assert await exchange.read() == b"a"
            with pytest.raises(TransportError) as caught:
                await exchange.read()
            assert caught.value.phase == "reading"

        run(test)


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
        from tests.behaviour.test_direct import prepared
        from tests.behaviour.test_direct_async import get
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
