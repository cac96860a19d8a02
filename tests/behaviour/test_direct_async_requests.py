"""The async direct transport: connecting, sending, receiving."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.async_direct_calls import Run, get, pool_of, send
from tests.behaviour.direct_calls import REFUSED_TUNNELS, check_forwarded, prepared
from tests.behaviour.fault_server import (
    RESET,
    Pause,
    Reply,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK, listening, read_head, too_large

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
        check_forwarded(proxy)


@pytest.mark.parametrize(("answer", "message", "permanent"), REFUSED_TUNNELS)
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
