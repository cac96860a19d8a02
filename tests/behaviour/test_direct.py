"""The sync transport over sockets of our own: what it does beside what every transport does."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from sdkpress.runtime.direct import sync_transport
from sdkpress.runtime.direct.pool import Pool
from sdkpress.runtime.direct.sync_transport import DirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.direct_calls import get, prepared, send
from tests.behaviour.fault_server import (
    CUT,
    STALL,
    Pause,
    Reply,
    chunk,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK, listening, read_head

# -- connections are used again


def test_one_connection_for_requests_in_a_row(transport: DirectTransport) -> None:
    with serving(reply(b"a"), stream(b"b", b"c"), [head(204)], reply(b"d")) as server:
        assert [get(transport, server.url) for _ in range(4)] == [b"a", b"bc", b"", b"d"]
        assert server.connections == 1


def test_whole_answers_need_no_read_and_no_close(transport: DirectTransport) -> None:
    with serving(reply(b"a")) as server:
        for _ in range(2):
            exchange = transport.send(prepared(server.url), Budget(Timeout.of(20.0), stream=False))
            assert exchange.whole() == b"a"
            assert exchange.read() == b""
        assert server.connections == 1


def test_trailers_are_read_and_dropped(transport: DirectTransport) -> None:
    answer = [*stream(b"a", end=False), b"0\r\nX-Sum: 1\r\n\r\n"]
    with serving(answer) as server:
        assert [get(transport, server.url) for _ in range(2)] == [b"a", b"a"]
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        [head(200, ("Connection", "close"), ("Content-Length", "2")) + b"ok"],
        [head(200) + b"ok", CUT],
        [OK + b"more"],
        [head(200, ("Content-Length", "2")).replace(b"1.1", b"1.0", 1) + b"ok"],
    ],
    ids=["close", "until the end", "surplus", "HTTP/1.0"],
)
def test_connections_that_cannot_be_used_again(transport: DirectTransport, answer: Reply) -> None:
    with serving(answer) as server:
        assert [get(transport, server.url) for _ in range(2)] == [b"ok", b"ok"]
        assert server.connections == 2


def test_a_server_may_say_how_long_it_keeps_connections() -> None:
    """One that says two seconds may have closed the connection while the request is on its way."""
    opened: list[int] = []

    def script(connection: socket.socket) -> None:
        opened.append(1)
        while read_head(connection):
            connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: max=9, timeout=2\r\n\r\n"))

    transport = DirectTransport()
    with listening(script) as url:
        get(transport, url)
        get(transport, url)
        assert len(opened) == 1
        time.sleep(1.2)
        get(transport, url)
        assert len(opened) == 2
    transport.close()


def test_a_stale_connection_is_noticed_before_anything_is_sent(transport: DirectTransport) -> None:
    with serving([OK, CUT]) as server:
        for _ in range(3):
            assert send(transport, prepared(server.url)) == (200, b"ok")
            time.sleep(0.05)  # for the end of the connection to arrive
        assert server.connections == len(server.requests) == 3


def test_bytes_on_a_resting_connection_end_it(transport: DirectTransport) -> None:
    with serving([OK, Pause(0.05), b"HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n"]) as server:
        assert send(transport, prepared(server.url)) == (200, b"ok")
        time.sleep(0.2)
        assert send(transport, prepared(server.url)) == (200, b"ok")
        assert server.connections == 2


def test_a_connection_lost_after_sending_is_not_called_connecting(
    transport: DirectTransport,
) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(OK)
        read_head(connection)  # and goes away without an answer

    with listening(script) as url:
        assert get(transport, url) == b"ok"
        with pytest.raises(TransportError) as caught:
            get(transport, url)
        assert caught.value.phase == "waiting"


def test_idle_connections_expire(
    transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(reply(b"a")) as server:
        get(transport, server.url)
        later = time.monotonic() + 31
        monkeypatch.setattr(sync_transport, "monotonic", lambda: later)
        get(transport, server.url, timeout=None)
        assert server.connections == 2


# -- limits of the pool


def test_requests_wait_for_a_connection_in_turn() -> None:
    transport = DirectTransport(proxy="")
    transport._pool = Pool(2)
    order: list[int] = []
    with serving([Pause(0.1), OK]) as server:

        def ask(number: int) -> None:
            assert get(transport, server.url) == b"ok"
            order.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
            time.sleep(0.02)
        for thread in threads:
            thread.join(10)
        assert server.connections == 2
        assert sorted(order) == list(range(8))
        assert all(abs(number - place) <= 1 for place, number in enumerate(order))
        transport.close()


def test_the_limit_for_waiting() -> None:
    transport = DirectTransport(proxy="")
    transport._pool = Pool(1)
    with serving([STALL]) as server:

        def ask() -> None:
            with pytest.raises(TransportError):
                get(transport, server.url)

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.1)
        with pytest.raises(TransportError) as caught:
            get(transport, server.url, Timeout(pool=0.2))
        assert (caught.value.phase, caught.value.limit, caught.value.seconds) == (
            "connecting",
            "pool",
            0.2,
        )
        transport.close()
        thread.join(5)
        assert not thread.is_alive()


def test_a_connection_to_elsewhere_makes_room() -> None:
    transport = DirectTransport(proxy="")
    transport._pool = Pool(1)
    with serving(reply(b"a")) as one, serving(reply(b"b")) as other:
        for _ in range(2):
            assert (get(transport, one.url), get(transport, other.url)) == (b"a", b"b")
        assert (one.connections, other.connections) == (2, 2)
    transport.close()


def test_many_threads() -> None:
    transport = DirectTransport(proxy="")

    def script(connection: socket.socket) -> None:
        while request := read_head(connection):
            target = request.split(b" ")[1]
            connection.sendall(
                head(200, ("Transfer-Encoding", "chunked")) + chunk(target) + b"0\r\n\r\n"
            )

    wrong: list[object] = []
    with listening(script) as url:

        def ask(number: int) -> None:
            for turn in range(50):
                path = f"/{number}/{turn}"
                body = get(transport, url + path)
                if body != f"{path}/x".encode():
                    wrong.append((path, body))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not wrong
        assert len(transport._pool.members) == transport._pool.idle_count <= 12
        transport.close()
        assert not transport._pool.members
