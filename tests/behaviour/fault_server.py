"""A server on loopback that answers with exactly the bytes a test wrote down.

Each connection is served by a thread. A script is a list of answers, used one after the other in the
order in which requests arrive, over any number of connections; the last one is repeated. An answer is
a list of steps: ``bytes`` are sent as they are, ``Endless`` bytes until the client has enough;
``Pause`` waits; ``CUT`` ends the connection (FIN), ``RESET`` breaks it (RST), ``STALL`` holds it open
until the client or the test ends, and so does ``HOLD``, which does not read either.

``opening`` holds steps for the first connections, one list each, that come before any request is
read: ``[CUT]`` accepts and closes, ``[HOLD]`` never reads.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

CUT = object()
RESET = object()
STALL = object()
HOLD = object()


@dataclass(frozen=True)
class Pause:
    """Wait before the next step."""

    seconds: float


@dataclass(frozen=True)
class Endless:
    """Send the same bytes again and again."""

    data: bytes


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    head: bytes = field(repr=False, default=b"")


Step = object
Reply = Sequence[Step]


def head(status: int = 200, *fields: tuple[str, str], reason: str = "X") -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def reply(
    body: bytes | str = b"",
    status: int = 200,
    *fields: tuple[str, str],
    content_type: str | None = "application/json",
) -> Reply:
    """A whole answer with its length."""
    data = body.encode() if isinstance(body, str) else body
    typed = [("Content-Type", content_type)] if content_type else []
    return [head(status, *typed, ("Content-Length", str(len(data))), *fields) + data]


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(
    *steps: Step,
    fields: Iterable[tuple[str, str]] = (),
    content_type: str = "text/event-stream",
    end: bool = True,
) -> Reply:
    """An answer in chunks; ``bytes`` become one chunk each. ``end`` sends the last, empty chunk."""
    first = head(200, ("Content-Type", content_type), ("Transfer-Encoding", "chunked"), *fields)
    body = [chunk(step) if isinstance(step, bytes) else step for step in steps]
    return [first, *body, *([b"0\r\n\r\n"] if end else [])]


class FaultServer:
    """Use as a context manager; ``url`` is where it listens."""

    running: ClassVar[dict[str, FaultServer]] = {}
    """Those that listen now, by their address."""

    def __init__(
        self, *script: Reply, opening: Sequence[Reply] = (), tls: ssl.SSLContext | None = None
    ) -> None:
        self.script: list[Reply] = list(script)
        self.opening: list[Reply] = list(opening)
        self._tls = tls
        self.requests: list[Received] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.closed_by_client = threading.Event()
        """Set when a client closed a connection that was being answered or idle."""

    def __enter__(self) -> FaultServer:
        self._start(self._accept)
        self.running[self.url] = self
        return self

    def __exit__(self, *_: object) -> None:
        self.running.pop(self.url, None)
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with contextlib.ExitStack() as opened:
                opened.enter_context(connection)
                if number <= len(self.opening):
                    if not self._answer(connection, self.opening[number - 1]):
                        return
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    opened.enter_context(connection)
                    with self._lock:
                        self._open.add(connection)
                reader = opened.enter_context(connection.makefile("rb"))
                while (request := self._read(reader, number)) is not None:
                    with self._lock:
                        position = min(len(self.requests), len(self.script) - 1)
                        self.requests.append(request)
                    if not self._answer(connection, self.script[position]):
                        return
            self.closed_by_client.set()
        except (OSError, ValueError):  # a request that was cut reads as nonsense
            self.closed_by_client.set()
        finally:
            with self._lock:
                self._open.discard(connection)

    def _read(self, reader: object, number: int) -> Received | None:
        lines: list[bytes] = []
        while (line := reader.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
            lines.append(line)
        if not lines:
            return None
        method, target, _ = lines[0].decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(reader.readline(), 16):  # type: ignore[attr-defined]
                body += reader.read(size)  # type: ignore[attr-defined]
                reader.readline()  # type: ignore[attr-defined]
            reader.readline()  # type: ignore[attr-defined]
        else:
            body = reader.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
        return Received(method, target, headers, body, number, b"".join(lines))

    def _answer(self, connection: socket.socket, steps: Reply) -> bool:
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, Pause):
                if self._stopped.wait(step.seconds):
                    return False
            elif isinstance(step, Endless):
                block = step.data * (65536 // len(step.data) + 1)
                while not self._stopped.is_set():
                    connection.sendall(block)
                return False
            elif step is CUT:
                connection.shutdown(socket.SHUT_WR)
                return False
            elif step is RESET:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            elif step is HOLD:
                self._stopped.wait(30)
                return False
            elif step is STALL:
                # Until the client goes away, or the test is over.
                connection.settimeout(30)
                if connection.recv(1) == b"":
                    self.closed_by_client.set()
                return False
            else:
                raise TypeError(f"no step: {step!r}")
        return True


@contextlib.contextmanager
def serving(
    *script: Reply, opening: Sequence[Reply] = (), tls: ssl.SSLContext | None = None
) -> Iterator[FaultServer]:
    """A FaultServer that is running."""
    with FaultServer(*script, opening=opening, tls=tls) as server:
        yield server
