"""The sync direct transport at its end: closed, forgotten, interrupted, forked; and the ends of TLS."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from sdkpress.runtime.direct.sync_transport import DirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import TransportError
from tests.behaviour.direct_calls import get, prepared
from tests.behaviour.fault_server import (
    STALL,
    Pause,
    Reply,
    head,
    reply,
    serving,
    stream,
)
from tests.behaviour.listening import OK, listening, read_head

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
from sdkpress.runtime.direct.sync_transport import DirectTransport
from tests.behaviour.direct_calls import get, prepared, send
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
