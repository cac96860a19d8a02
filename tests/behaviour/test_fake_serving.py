"""How the fake server is put on loopback, streams there, and goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import Reply
from sdkpress.runtime.testing.serving import serve

ROOT = Path(__file__).parents[2]
LIMIT = 30.0
"""Seconds after which something that has to happen has not."""
LINES: dict[str, Any] = {"application/x-ndjson": {"itemSchema": {"type": "object"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.2.0",
    "info": {"title": "Lines", "version": "1"},
    "paths": {
        "/lines": {"get": {"responses": {"200": {"description": "", "content": LINES}}}},
        "/plain": {"get": {"responses": {"204": {"description": ""}}}},
    },
}


def asking(port: int, path: str = "/lines", host: str = "127.0.0.1") -> socket.socket:
    connection = socket.create_connection((host, port), LIMIT)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def read_all(connection: socket.socket) -> bytes:
    blocks: list[bytes] = []
    try:
        while block := connection.recv(1 << 16):
            blocks.append(block)
    except ConnectionResetError:
        pass
    return b"".join(blocks)


def wait_for(what: threading.Event) -> None:
    assert what.wait(LIMIT)


def succeeds(program: str) -> None:
    """A program of its own, which says what is left open on standard error."""
    prelude = """
        import asyncio, os, signal, socket, sys, threading
        from sdkpress.runtime.testing.app import FakeApp
        from sdkpress.runtime.testing.serving import serve
        from tests.behaviour.test_fake_serving import DOCUMENT, asking, read_all
    """
    text = textwrap.dedent(prelude) + textwrap.dedent(program)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generator")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=ROOT,
        # What asyncio's debug mode says about a busy machine is no finding.
        env={**os.environ, "PYTHONPATH": paths, "PYTHONASYNCIODEBUG": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.stderr, done.stdout, done.returncode) == ("", "done\n", 0)


def test_each_event_is_a_write_of_its_own_for_a_reader_that_keeps_up() -> None:
    app = FakeApp(DOCUMENT)
    has_read = threading.Event()

    def items() -> Iterator[dict[str, int]]:
        for number in range(200):
            yield {"n": number}
            # Nothing more is made until the reader has what was sent.
            wait_for(has_read)
            has_read.clear()

    app.script("GET /lines").streams(items())
    with serve(app) as server, asking(server.port) as connection:
        received = connection.recv(1 << 16)
        while b"\r\n\r\n" not in received or b'"n":0' not in received:
            received += connection.recv(1 << 16)
        for number in range(1, 200):
            has_read.set()
            block = connection.recv(1 << 16)
            assert block.endswith(b'{"n":%d}\n\r\n' % number)
            assert block.count(b'"n"') == 1
        has_read.set()
        assert connection.recv(1 << 16) == b"0\r\n\r\n"


@pytest.mark.parametrize("reads", ["leaves", "stops reading"])
def test_a_stream_without_an_end(reads: str) -> None:
    app = FakeApp(DOCUMENT)
    made, ended = [0], threading.Event()

    def items() -> Iterator[dict[str, str]]:
        try:
            while True:
                made[0] += 1
                yield {"text": "x" * 10_000}
        finally:
            ended.set()

    app.script("GET /lines").streams(items())
    with serve(app) as server:
        with asking(server.port) as connection:
            assert connection.recv(100)
            if reads == "stops reading":
                before, end = -1, time.monotonic() + LIMIT
                while made[0] != before and time.monotonic() < end:
                    before = made[0]
                    time.sleep(0.2)
                assert made[0] == before, "the server goes on without a reader"
                assert made[0] < 5_000  # some MB, in the buffers of the system
                assert not ended.is_set()
        wait_for(ended)


def test_an_item_that_cannot_be_made_fails_the_test_and_not_only_the_client() -> None:
    app = FakeApp(DOCUMENT)

    def items() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        raise ZeroDivisionError("my own mistake")

    app.script("GET /lines").streams(items())
    with pytest.raises(AssertionError, match="my own mistake") as caught, serve(app) as server:
        with asking(server.port) as connection:
            received = read_all(connection)
    assert b'{"n":1}' in received
    assert not received.endswith(b"0\r\n\r\n")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_answer_may_be_no_answer() -> None:
    class Gone(FakeApp):
        def respond(self, request: Any) -> Reply:
            return Reply(0)

    with serve(Gone(DOCUMENT)) as server, asking(server.port) as connection:
        assert read_all(connection) == b""


def test_stopping_with_many_streams_that_nobody_reads() -> None:
    succeeds("""
        app = FakeApp(DOCUMENT)
        app.script("GET /lines").streams([{"text": "x" * 1000}] * 20_000, times=None)
        before = threading.active_count()
        with serve(app) as server:
            connections = [asking(server.port) for _ in range(80)]
            assert all(connection.recv(10) for connection in connections)
        assert threading.active_count() == before
        for connection in connections:
            with connection:
                assert not read_all(connection).endswith(b"0\\r\\n\\r\\n")
        print("done")
    """)


def test_stopping_while_answers_stall_and_connections_idle() -> None:
    succeeds("""
        app = FakeApp(DOCUMENT)
        with serve(app) as server:
            idle = [asking(server.port, "/plain") for _ in range(20)]
            assert all(connection.recv(1000) for connection in idle)
            app.script("GET /plain").stalls(times=None)
            stalled = [asking(server.port, "/plain") for _ in range(20)]
            silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
            while len(app.requests) < 40:
                pass
        for connection in (*idle, *stalled, *silent):
            with connection:
                assert read_all(connection) == b""
        print("done")
    """)


def test_stopping_while_connections_are_being_accepted() -> None:
    succeeds("""
        app = FakeApp(DOCUMENT)
        for number in range(60):
            held = []
            with serve(app) as server:
                for _ in range(number % 4):
                    held.append(socket.create_connection(("127.0.0.1", server.port)))
            for connection in held:
                connection.close()
        print("done")
    """)


def test_several_servers_within_an_event_loop_and_within_each_other() -> None:
    succeeds("""
        async def main():
            one, other = FakeApp(DOCUMENT), FakeApp(DOCUMENT)
            async with serve(one) as first, serve(other) as second, serve(one) as third:
                assert len({first.port, second.port, third.port}) == 3
                for server in (first, second, third):
                    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                    writer.write(b"GET /plain HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
                    assert (await reader.readline()).startswith(b"HTTP/1.1 204")
                    writer.close()
                    await writer.wait_closed()
            with serve(one, port=first.port) as again:
                assert again.port == first.port
            assert (len(one.requests), len(other.requests)) == (2, 1)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        print("done")
    """)


def test_an_exception_or_an_interrupt_in_the_block_is_the_one_that_is_raised() -> None:
    succeeds("""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
        app = FakeApp(DOCUMENT)
        for error in (KeyError("mine"), KeyboardInterrupt()):
            try:
                with serve(app) as server:
                    held = asking(server.port)
                    if isinstance(error, KeyError):
                        raise error
                    signal.raise_signal(signal.SIGINT)
                    raise SystemExit("not interrupted")
            except (KeyError, KeyboardInterrupt) as raised:
                assert type(raised) is type(error)
            held.close()
            try:
                socket.create_connection(("127.0.0.1", server.port)).close()
            except ConnectionRefusedError:
                pass
            else:
                raise SystemExit("still there")
        assert threading.active_count() == 1
        print("done")
    """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_process_leaves_the_server_alone() -> None:
    succeeds("""
        app = FakeApp(DOCUMENT)
        with serve(app) as server:
            child = os.fork()
            if not child:
                server = None
            else:
                assert os.waitpid(child, 0)[1] == 0
                with asking(server.port, "/plain") as connection:
                    assert connection.recv(1000).startswith(b"HTTP/1.1 204")
        if not child:
            os._exit(0)
        print("done")
    """)


def test_a_block_is_entered_once_at_a_time() -> None:
    serving = serve(FakeApp(DOCUMENT))
    for _ in range(2):
        with serving, pytest.raises(RuntimeError, match="already"):
            serving.__enter__()


def test_hosts_and_ports() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with serve(FakeApp(DOCUMENT), host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        with asking(server.port, "/plain", "::1") as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 204")
        with pytest.raises(OSError), serve(FakeApp(DOCUMENT), host="::1", port=server.port):
            pass


def test_without_uvicorn_it_is_said_what_to_install() -> None:
    succeeds("""
        sys.modules["uvicorn"] = None
        before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
        try:
            with serve(FakeApp(DOCUMENT)):
                pass
        except ImportError as error:
            assert "pip install 'sdkpress[testing]'" in str(error), error
            print("done")
    """)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_in_silence(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-m", "sdkpress", "mock"]
    with subprocess.Popen(
        [*command, str(ROOT / "openapi-spec" / "qwen3-max-256k.yaml"), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT / "generator")},
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(" (Ctrl")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(number)
            _, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, errors) == (0, "")


def test_an_async_client_in_the_loop_that_serves() -> None:
    """Stopping from within the loop whose own client still reads."""

    async def main() -> bytes:
        app = FakeApp(DOCUMENT)
        app.script("GET /lines").stalls(after_events=1, of=[{"n": 1}, {"n": 2}])
        async with serve(app) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /lines HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" in await reader.readline()
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received

    received = asyncio.run(main())
    assert b'{"n":1}' in received
    assert b'{"n":2}' not in received
