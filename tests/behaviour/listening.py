"""A server on loopback whose every connection is given to a function, for what no script of answers says."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from tests.behaviour.fault_server import (
    reply,
)

Script = Callable[[socket.socket], object]


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


def too_large(connection: socket.socket) -> None:
    """Answers 413 at once, reads no more, and closes: what it did not read makes that a reset."""
    read_head(connection)
    connection.sendall(reply(b"too large", 413)[0])  # type: ignore[arg-type]
    time.sleep(0.3)
