"""The sync transport over sockets of our own: what it does beside what every transport does."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from sdkpress.runtime.bodies import Body, StreamBody
from sdkpress.runtime.direct import sync_transport
from sdkpress.runtime.direct.pool import Pool
from sdkpress.runtime.direct.sync_transport import DirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import PreparedRequest, TransportError
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

Script = Callable[[socket.socket], object]


@pytest.fixture
def transport() -> Iterator[DirectTransport]:
    made = DirectTransport(proxy="")
    yield made
    made.close()


def prepared(url: str, body: Any = b"{}", method: str = "POST", length: int | None = None) -> Any:
    """A request; ``body`` is bytes, None, or what can be iterated."""
    fields = [("Accept", "*/*")]
    made: Body | None = None
    if isinstance(body, bytes):
        made = Body(body, None)
        fields.append(("Content-Length", str(len(body))))
    elif body is not None:
        made = StreamBody(body, None)
        if length is None:
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            fields.append(("Content-Length", str(length)))
    return PreparedRequest(method, f"{url}/x", fields, made)


def send(
    transport: DirectTransport, request: Any, timeout: Timeout | float | None = 20.0
) -> tuple[int, bytes]:
    exchange = transport.send(request, Budget(Timeout.of(timeout), stream=False))
    blocks: list[bytes] = []
    try:
        while block := exchange.read():
            blocks.append(block)
    finally:
        exchange.close()
    return exchange.status, b"".join(blocks)


def get(transport: DirectTransport, url: str, timeout: Timeout | float | None = 20.0) -> bytes:
    return send(transport, prepared(url, None, "GET"), timeout)[1]


@contextlib.contextmanager
def listening(script: Script, *, backlog: int = 100, path: str | None = None) -> Iterator[str]:
    """A server whose every connection is given to ``script``, in a thread; gives its URL."""
    if path is None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(backlog)
    stopped = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            script(connection)

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield "http://localhost" if path else f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            break
        data += block
    return data


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


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


# -- sending


def too_large(connection: socket.socket) -> None:
    """Answers 413 at once, reads no more, and closes: what it did not read makes that a reset."""
    read_head(connection)
    connection.sendall(reply(b"too large", 413)[0])  # type: ignore[arg-type]
    time.sleep(0.3)


def test_an_early_answer_to_a_large_body(transport: DirectTransport) -> None:
    with listening(too_large) as url:
        assert send(transport, prepared(url, b"x" * 50_000_000)) == (413, b"too large")


def test_an_early_answer_to_a_streamed_body(transport: DirectTransport) -> None:
    sent: list[int] = []

    def blocks() -> Iterator[bytes]:
        for number in range(100_000):
            sent.append(number)
            yield b"x" * 65536

    with listening(too_large) as url:
        assert send(transport, prepared(url, blocks())) == (413, b"too large")
        assert len(sent) < 10_000


def test_an_early_answer_before_the_connection_is_lost(transport: DirectTransport) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(reply(b"no", 401)[0])  # type: ignore[arg-type]

    with listening(script) as url:
        assert send(transport, prepared(url, b"x" * 5_000_000)) == (401, b"no")


def test_an_early_success_does_not_end_the_request(transport: DirectTransport) -> None:
    got: list[int] = []

    def script(connection: socket.socket) -> None:
        data = read_head(connection)
        connection.sendall(head(200, ("Transfer-Encoding", "chunked")) + chunk(b"begun "))
        size = len(data.partition(b"\r\n\r\n")[2])
        while size < 20_000_000:
            size += len(connection.recv(65536))
        got.append(size)
        connection.sendall(chunk(b"done") + b"0\r\n\r\n")

    with listening(script) as url:
        assert send(transport, prepared(url, b"x" * 20_000_000)) == (200, b"begun done")
        assert got == [20_000_000]


def test_nothing_is_sent_after_a_server_has_gone(transport: DirectTransport) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)

    with listening(script) as url:
        with pytest.raises(TransportError) as caught:
            send(transport, prepared(url, b"x" * 20_000_000))
        assert caught.value.phase == "sending"


def test_the_limit_for_writing(transport: DirectTransport) -> None:
    def script(connection: socket.socket) -> None:
        time.sleep(2)

    with listening(script) as url:
        for timeout, limit in ((Timeout(write=0.2), "write"), (Timeout(total=0.2), "total")):
            with pytest.raises(TransportError) as caught:
                send(transport, prepared(url, b"x" * 50_000_000), timeout)
            assert (caught.value.phase, caught.value.limit) == ("sending", limit)
            assert caught.value.seconds == 0.2


@pytest.mark.parametrize("count", [1, 3])
def test_a_body_of_another_length_than_was_said(transport: DirectTransport, count: int) -> None:
    with serving(reply(b"a")) as server:
        with pytest.raises(TransportError) as caught:
            send(transport, prepared(server.url, iter([b"12345"] * count), length=10))
        assert caught.value.permanent and caught.value.phase == "sending"


def test_an_error_of_the_body_comes_through(transport: DirectTransport) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    with serving(reply(b"a")) as server:
        with pytest.raises(KeyError, match="mine"):
            send(transport, prepared(server.url, blocks()))
        assert not transport._pool.members


def test_a_streamed_body_arrives(transport: DirectTransport) -> None:
    with serving(reply(b"a")) as server:
        send(transport, prepared(server.url, [b"one ", b"", b"two"]))
        send(transport, prepared(server.url, [b"one ", b"two"], length=7))
        assert [request.body for request in server.requests] == [b"one two", b"one two"]


# -- connecting


def test_every_address_is_tried(
    transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(reply(b"a")) as server:
        port = int(server.url.rpartition(":")[2])
        refusing = socket.create_server(("127.0.0.1", 0))
        dead = refusing.getsockname()[1]
        refusing.close()
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", dead)),
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", dead, 0, 0)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ],
        )
        assert get(transport, f"http://some.test:{port}") == b"a"


def test_a_resolver_put_in_place_of_the_standard_one_is_asked_with_text(
    transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(reply(b"a")) as server:
        port = int(server.url.rpartition(":")[2])
        known = {("some.test", port): ("127.0.0.1", port)}
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, port, *_, **__: [(socket.AF_INET, 1, 6, "", known[host, port])],
        )
        assert get(transport, f"http://some.test:{port}") == b"a"


def test_an_address_that_does_not_answer_is_overtaken(
    transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A listener whose queue is full drops what comes.
    silent = socket.create_server(("127.0.0.1", 0), backlog=0)
    filling = [socket.socket() for _ in range(4)]
    for each in filling:
        each.setblocking(False)
        each.connect_ex(silent.getsockname())
    try:
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
            started = time.monotonic()
            assert get(transport, f"http://some.test:{port}", Timeout(connect=20.0)) == b"a"
            assert time.monotonic() - started < 10

            monkeypatch.setattr(
                socket,
                "getaddrinfo",
                lambda *_, **__: [
                    (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent.getsockname())
                ],
            )
            with pytest.raises(TransportError) as caught:
                get(transport, "http://other.test", Timeout(connect=0.3))
            assert (caught.value.phase, caught.value.limit) == ("connecting", "connect")
    finally:
        for each in (silent, *filling):
            each.close()


def test_a_resolver_that_does_not_answer(
    transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        asked.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TransportError) as caught:
        get(transport, "http://some.test", Timeout(connect=0.2))
    asked.set()
    assert (caught.value.phase, caught.value.limit, caught.value.seconds) == (
        "connecting",
        "connect",
        0.2,
    )


def test_refused(transport: DirectTransport) -> None:
    with pytest.raises(TransportError, match="refused") as caught:
        get(transport, "http://127.0.0.1:1")
    assert caught.value.phase == "connecting" and not caught.value.permanent
    assert not transport._pool.members


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets here")
def test_unix_sockets(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        while request := read_head(connection):
            seen.append(request)
            connection.sendall(OK)

    path = str(tmp_path / "s")
    with listening(script, path=path):
        transport = DirectTransport(unix_socket=path)
        assert get(transport, "http://api.test/v1") == b"ok"
        assert b"GET /v1/x HTTP/1.1\r\nHost: api.test\r\n" in seen[0]
        transport.close()
    transport = DirectTransport(unix_socket=str(tmp_path / "nothing"))
    with pytest.raises(TransportError, match="No such file") as caught:
        get(transport, "http://api.test")
    assert caught.value.phase == "connecting"


def test_a_proxy_forwards_plain_requests() -> None:
    with serving(reply(b"by proxy")) as proxy:
        address = proxy.url.replace("http://", "http://user:p%40ss@")
        transport = DirectTransport(proxy=address)
        assert get(transport, "http://one.test/v1") == b"by proxy"
        assert get(transport, "http://two.test:81/v1") == b"by proxy"
        assert [request.target for request in proxy.requests] == [
            "http://one.test/v1/x",
            "http://two.test:81/v1/x",
        ]
        assert proxy.requests[0].headers["host"] == "one.test"
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
        assert proxy.connections == 1
        transport.close()


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
        transport = DirectTransport(proxy=proxy.url)
        with pytest.raises(TransportError, match=message) as caught:
            get(transport, "https://api.test")
        assert caught.value.phase == "connecting" and caught.value.permanent is permanent
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].target == "api.test:443"
        assert not transport._pool.members
        transport.close()


def test_a_proxy_that_keeps_silent() -> None:
    with serving([STALL]) as proxy:
        transport = DirectTransport(proxy=proxy.url)
        with pytest.raises(TransportError) as caught:
            get(transport, "https://api.test", Timeout(connect=0.2))
        assert (caught.value.phase, caught.value.limit) == ("connecting", "connect")
        transport.close()


# -- limits while receiving


@pytest.mark.parametrize(
    "answer",
    [
        [head(200, ("Content-Length", "100")), *[Pause(0.05), b"x"] * 200],
        [*stream(end=False), *[Pause(0.05), b"1;x\r\na\r\n"] * 200],
        [*stream(b"x", end=False), b"1;", *[Pause(0.05), b"x"] * 200],
    ],
    ids=["bytes", "chunks", "a chunk extension"],
)
def test_a_drip_does_not_escape(transport: DirectTransport, answer: Reply) -> None:
    with serving(answer) as server:
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            get(transport, server.url, Timeout(total=0.5, read=10.0))
        assert time.monotonic() - started < 8
        assert (caught.value.phase, caught.value.limit, caught.value.seconds) == (
            "reading",
            "total",
            0.5,
        )


def test_limits_change_from_one_request_to_the_next(transport: DirectTransport) -> None:
    slow = [Pause(0.3), OK]
    with serving(slow, slow, slow, slow, slow) as server:
        for _ in range(2):
            assert get(transport, server.url, Timeout(read=5.0)) == b"ok"
            with pytest.raises(TransportError) as caught:
                get(transport, server.url, Timeout(read=0.1))
            assert (caught.value.limit, caught.value.seconds) == ("read", 0.1)
        assert get(transport, server.url, Timeout(read=None)) == b"ok"


# -- the end of it all


def test_closing_ends_the_calls_of_other_threads() -> None:
    transport = DirectTransport(proxy="")
    errors: list[BaseException] = []
    with serving([STALL], [*stream(b"a", end=False), STALL]) as server:

        def ask() -> None:
            try:
                get(transport, server.url, None)
            except TransportError as error:
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(server.requests) < 2:
            time.sleep(0.01)
        time.sleep(0.1)
        transport.close()
        for thread in threads:
            thread.join(5)
        assert [str(error) for error in errors] == ["the client has been closed"] * 2
        with pytest.raises(TransportError, match="closed"):
            get(transport, server.url)
        assert not transport._pool.members


def test_closing_a_stream_that_another_thread_reads(transport: DirectTransport) -> None:
    with serving([*stream(b"a", end=False), STALL], reply(b"b")) as server:
        exchange = transport.send(prepared(server.url), Budget(Timeout.of(None), stream=True))
        assert exchange.read() == b"a"
        errors: list[TransportError] = []

        def read() -> None:
            try:
                exchange.read()
            except TransportError as error:
                errors.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        time.sleep(0.2)
        exchange.close()
        thread.join(5)
        assert not thread.is_alive() and [error.phase for error in errors] == ["reading"]
        assert not transport._pool.members
        assert get(transport, server.url) == b"b"


def test_closing_a_stream_closes_its_connection(transport: DirectTransport) -> None:
    with serving([*stream(b"a", end=False), STALL]) as server:
        exchange = transport.send(prepared(server.url), Budget(Timeout.of(None), stream=True))
        assert exchange.read() == b"a"
        exchange.close()
        assert server.closed_by_client.wait(5)
        assert exchange.read() == b"" and not transport._pool.members


def test_a_forgotten_stream_leaks_nothing(transport: DirectTransport) -> None:
    with serving([*stream(b"a", end=False), STALL]) as server:
        exchange: Any = transport.send(prepared(server.url), Budget(Timeout.of(None), stream=True))
        cycle: list[Any] = [exchange, transport]
        cycle.append(cycle)
        del exchange, cycle
        gc.collect()
        assert server.closed_by_client.wait(5)
        assert not transport._pool.members


def test_a_forgotten_transport_leaks_nothing() -> None:
    with serving(reply(b"a")) as server:
        transport: Any = DirectTransport(proxy="")
        get(transport, server.url)
        cycle: list[Any] = [transport]
        cycle.append(cycle)
        del transport, cycle
        gc.collect()
        assert server.closed_by_client.wait(5)


def run_python(code: str, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PRELUDE + code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=Path(__file__).parents[2],
        check=False,
    )


PRELUDE = """
import os, signal, sys, threading, time, warnings
from tests.behaviour.test_direct import DirectTransport, get, prepared, send
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
# Where the tests run in the background of a shell, Ctrl-C is ignored from the start.
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.parametrize(
    "answer",
    [
        [STALL],
        [*stream(b"a", end=False), STALL],
        [*stream(end=False), *[Pause(0.05), b"1\r\na\r\n"] * 90],
    ],
    ids=["waiting", "reading", "drip"],
)
def test_ctrl_c_is_seen_at_once(answer: Reply) -> None:
    code = """
transport = DirectTransport(proxy="")
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    get(transport, sys.argv[1], None)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - started < 3, len(transport._pool.members))
print(get(transport, sys.argv[2]))
"""
    with serving(answer) as server, serving(reply(b"after")) as other:
        ran = run_python(code, server.url, other.url)
        assert ran.stdout.split("\n")[:2] == ["interrupted True 0", "b'after'"], ran.stderr
        assert ran.stderr == ""


def test_ctrl_c_during_name_resolution() -> None:
    code = """
import socket
socket.getaddrinfo = lambda *_, **__: time.sleep(20)
transport = DirectTransport(proxy="")
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    get(transport, "http://some.test", None)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - started < 5, len(transport._pool.members), flush=True)
os._exit(0)
"""
    ran = run_python(code)
    assert ran.stdout == "interrupted True 0\n", ran.stderr


def test_interrupts_anywhere_leave_a_usable_transport() -> None:
    """Signals in quick succession hit every line sooner or later."""
    code = """
transport = DirectTransport(proxy="")
class Stop(BaseException): pass
armed = [False]
def stop(*_):
    if armed[0]:
        armed[0] = False
        raise Stop
signal.signal(signal.SIGALRM, stop)
done = stopped = 0
signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        armed[0] = True
        body = get(transport, sys.argv[1])
        armed[0] = False
        assert body == b"ok", body
        done += 1
    except Stop:
        stopped += 1
signal.setitimer(signal.ITIMER_REAL, 0)
free = []
looking = threading.Thread(target=lambda: free.append(transport._lock.acquire(timeout=5)))
looking.start()
looking.join()
assert free == [True]
transport._lock = type(transport._lock)()
body = get(transport, sys.argv[1])
print(done > 10, stopped > 10, len(transport._pool.members) == transport._pool.idle_count, body)
"""

    def script(connection: socket.socket) -> None:
        while read_head(connection):
            connection.sendall(OK)

    with listening(script) as url:
        ran = run_python(code, url)
        assert ran.stdout == "True True True b'ok'\n", (ran.stdout, ran.stderr)


def test_limits_hold_while_a_timer_ticks() -> None:
    """Each of its signals interrupts the wait, which is then begun anew."""
    code = """
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
threading.Timer(20, lambda: os._exit(1)).start()
transport = DirectTransport(proxy="")
for timeout in (Timeout(total=0.4), Timeout(read=0.4)):
    try:
        get(transport, sys.argv[1], timeout)
    except TransportError as error:
        print(error.limit, flush=True)
os._exit(0)
"""
    with serving([STALL]) as server:
        ran = run_python(code, server.url)
        assert ran.stdout == "total\nread\n", ran.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_process_leaves_the_connections_of_its_parent_alone() -> None:
    code = """
transport = DirectTransport(proxy="")
assert get(transport, sys.argv[1]) == b"ok"
stream = transport.send(prepared(sys.argv[2]), Budget(Timeout.of(None), stream=True))
assert stream.read() == b"a"
taken = threading.Event()
done = threading.Event()
def take():
    with transport._lock:
        taken.set()
        done.wait()
taking = threading.Thread(target=take)
taking.start()
taken.wait()
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
child = os.fork()
if not child:
    assert get(transport, sys.argv[1]) == b"ok"
    stream.close()
    transport.close()
    os._exit(0)
done.set()
taking.join()
assert os.waitpid(child, 0)[1] == 0
assert get(transport, sys.argv[1]) == b"ok"
assert stream.read() == b"b"
assert stream.read() == b""
transport.close()
print("fine")
"""
    streamed = stream(b"a", Pause(1.5), b"b")
    with serving([OK]) as server, serving(streamed) as other:
        ran = run_python(code, server.url, other.url)
        assert (ran.stdout, ran.stderr) == ("fine\n", "")
        assert server.connections == 2  # one of the parent, used twice, and one of the child


def test_a_finalizer_that_closes_the_client_while_it_is_used() -> None:
    transport = DirectTransport(proxy="")

    class Owner:
        def __del__(self) -> None:
            transport.close()

    with serving(reply(b"a")) as server:
        get(transport, server.url)
        owner: list[Owner] = [Owner()]
        with transport._lock:
            del owner[0]
        with pytest.raises(TransportError, match="closed"):
            get(transport, server.url)


# -- TLS (tests/behaviour/test_tls.py has what users see of it)


@contextlib.contextmanager
def speaking_tls(
    script: Callable[[ssl.SSLSocket], object],
) -> Iterator[tuple[str, DirectTransport]]:
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)

    def secured(connection: socket.socket) -> None:
        with theirs.wrap_socket(connection, server_side=True) as wrapped:
            script(wrapped)

    transport = DirectTransport(proxy="", ssl_context=ours)
    with listening(secured) as url:
        yield url.replace("http://127.0.0.1", "https://localhost"), transport
        transport.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="only Linux joins segments when asked")
def test_an_end_that_comes_with_the_content_is_not_waited_for() -> None:
    def script(connection: ssl.SSLSocket) -> None:
        read_head(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(head(200) + b"abc")
        connection.settimeout(20)
        connection.unwrap()  # waits for the other side to say the same

    with speaking_tls(script) as (url, transport):
        started = time.monotonic()
        assert get(transport, url, Timeout(read=15.0)) == b"abc"
        assert time.monotonic() - started < 10


def test_an_end_without_a_goodbye_is_no_end() -> None:
    def script(connection: ssl.SSLSocket) -> None:
        read_head(connection)
        connection.sendall(head(200) + b"abc")
        connection.shutdown(socket.SHUT_RDWR)

    with speaking_tls(script) as (url, transport):
        with pytest.raises(TransportError) as caught:
            get(transport, url)
        assert caught.value.phase == "reading"


def test_session_tickets_do_not_make_a_connection_stale() -> None:
    connections: list[object] = []

    def script(connection: ssl.SSLSocket) -> None:
        connections.append(connection)
        while read_head(connection):
            connection.sendall(OK)

    with speaking_tls(script) as (url, transport):
        for _ in range(3):
            assert get(transport, url) == b"ok"
            time.sleep(0.05)
        assert len(connections) == 1


def test_without_limits_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on other systems, and where a library has put its own sockets in place."""
    from sdkpress.runtime.direct import sync_connection

    monkeypatch.setattr(sync_connection, "_KERNEL_LIMITS", False)
    transport = DirectTransport(proxy="")
    with serving(reply(b"a"), stream(b"b", Pause(0.1), b"c"), reply(b"d"), [STALL]) as server:
        assert [get(transport, server.url) for _ in range(2)] == [b"a", b"bc"]
        assert send(transport, prepared(server.url, b"x" * 5_000_000)) == (200, b"d")
        for timeout, limit in ((Timeout(read=0.2), "read"), (Timeout(total=0.2), "total")):
            with pytest.raises(TransportError) as caught:
                get(transport, server.url, timeout)
            assert (caught.value.phase, caught.value.limit) == ("waiting", limit)
        assert server.connections == 2
    with listening(too_large) as url:
        assert send(transport, prepared(url, b"x" * 50_000_000)) == (413, b"too large")
    transport.close()


def test_reset_while_reading(transport: DirectTransport) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(head(200, ("Content-Length", "9")) + b"abc")
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with listening(script) as url, pytest.raises(TransportError, match="reset") as caught:
        get(transport, url)
    assert caught.value.phase == "reading"
