"""The async transport over connections of our own: what it does beside what every transport does."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from sdkpress.runtime.direct import async_pool
from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.async_direct_calls import Run, get, pool_of, send
from tests.behaviour.direct_calls import prepared
from tests.behaviour.fault_server import (
    CUT,
    STALL,
    Pause,
    Reply,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK

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
