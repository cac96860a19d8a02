"""The server of the benchmarks: writes prepared bytes as fast as it can, or at a fixed pace.

    python server.py FOLDER

writes `certificates.pem` (the system's and its own) into the folder, prints three ports (answers,
streams, streams over TLS) and serves until its standard input closes. The first segment of the path
names what is answered (`answers.script`). It reads a request up to its declared length; it is no
HTTP server for any other purpose.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import sys
import threading
import time
from functools import cache
from pathlib import Path

import trustme
from answers import script

_prepared = cache(script)


class Requests:
    """Cuts what comes in over one connection into requests; knows just enough HTTP for our clients."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[str]:
        """The modes of the requests that are complete now."""
        self._buffer += data
        modes = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, found, rest = head.partition(b"content-length:")
            size = end + 4 + (int(rest.partition(b"\r\n")[0]) if found else 0)
            if len(self._buffer) < size:
                break
            modes.append(head.split(b"/", 2)[1].decode())
            self._buffer = self._buffer[size:]
        return modes


def listen() -> socket.socket:
    """A listening socket with room for a thousand connections at once."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    return listener


def serve_answers(listener: socket.socket) -> None:
    """Whole answers on any number of connections: one loop, for threads would wait for each other."""
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ, (connection, Requests()))
                continue
            connection, requests = key.data
            try:
                data = connection.recv(65536)
                for mode in requests.feed(data):
                    connection.sendall(_prepared(mode)[0][0])
            except OSError:
                data = b""
            if not data:
                selector.unregister(connection)
                connection.close()


def serve_streams(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    """Streams, a thread for each connection."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=converse, args=(connection, context), daemon=True).start()


def converse(connection: socket.socket, context: ssl.SSLContext | None) -> None:
    requests = Requests()
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        while data := connection.recv(65536):
            for mode in requests.feed(data):
                perform(connection, *_prepared(mode))
    except OSError:
        pass
    finally:
        connection.close()


def perform(connection: socket.socket, writes: list[bytes], pause: float) -> None:
    """Write a script; with a pause each write has its time, however long those before it took."""
    begun = time.perf_counter()
    for number, data in enumerate(writes):
        if pause:
            wait = begun + number * pause - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
        connection.sendall(data)


def certificates(folder: Path) -> ssl.SSLContext:
    """A context for the server; its authority is added to the system's, as one file in the folder."""
    authority = trustme.CA()
    system = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    known = Path(system).read_bytes() if os.path.exists(system) else b""
    (folder / "certificates.pem").write_bytes(known + authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


def main() -> None:
    context = certificates(Path(sys.argv[1]))
    listeners = [listen(), listen(), listen()]
    threads = (
        threading.Thread(target=serve_answers, args=(listeners[0],), daemon=True),
        threading.Thread(target=serve_streams, args=(listeners[1], None), daemon=True),
        threading.Thread(target=serve_streams, args=(listeners[2], context), daemon=True),
    )
    for thread in threads:
        thread.start()
    print(*(listener.getsockname()[1] for listener in listeners), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
