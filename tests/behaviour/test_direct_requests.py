"""The sync direct transport: connecting, sending, receiving."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdkpress.runtime.direct.sync_transport import DirectTransport
from sdkpress.runtime.timeouts import Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.direct_calls import REFUSED_TUNNELS, check_forwarded, get, prepared, send
from tests.behaviour.fault_server import (
    STALL,
    Pause,
    Reply,
    chunk,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK, listening, read_head, too_large

# -- sending


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
        check_forwarded(proxy)
        transport.close()


@pytest.mark.parametrize(("answer", "message", "permanent"), REFUSED_TUNNELS)
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
