"""The fake server on loopback, through uvicorn (the extra `testing`)."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from .app import FakeApp
from .loopback import LoopbackServer

__all__ = ["ServedApp", "Serving", "bind", "run_forever", "serve"]

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class ServedApp:
    """A running fake server. `url` has no slash at its end."""

    app: FakeApp
    host: str
    port: int

    @property
    def url(self) -> str:
        """The address to give to a client as its base URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Serving:
    """What `serve` returns: a server while the block runs, `with` or `async with`.

    The latter is the same for code that has an event loop, which it keeps busy for some
    milliseconds; the server runs in a thread in either case.
    """

    def __init__(self, app: FakeApp, host: str, port: int) -> None:
        self._app = app
        self._address = (host, port)
        self._running: tuple[LoopbackServer, threading.Thread, int] | None = None

    def __enter__(self) -> ServedApp:
        """Start, and wait until connections are accepted."""
        if self._running is not None:
            raise RuntimeError("it is being served already: call serve() once more")
        host, port = self._address
        listener = bind(host, port)
        try:
            served = ServedApp(self._app, host, listener.getsockname()[1])
            ready = threading.Event()
            server = LoopbackServer(self._app, listener, ready.set)
        except BaseException:
            listener.close()
            raise
        failures: list[BaseException] = []

        def run() -> None:
            try:
                server.run()
            except BaseException as error:
                failures.append(error)
            finally:
                listener.close()
                ready.set()

        thread = threading.Thread(
            target=run, name=f"fake server on port {served.port}", daemon=True
        )
        thread.start()
        self._running = server, thread, os.getpid()
        try:
            ready.wait()
            if failures:
                raise RuntimeError("the fake server did not start") from failures[0]
        except BaseException:
            self._stop()
            raise
        return served

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; then raise what `app.check()` raises, unless the block ended with an exception."""
        self._stop()
        if error is None:
            self._app.check()

    async def __aenter__(self) -> ServedApp:
        """As `with`."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `with`."""
        self.__exit__(kind, error, trace)

    def _stop(self) -> None:
        running, self._running = self._running, None
        # A child process that was forked within the block has no thread to stop.
        if running is not None and running[2] == os.getpid():
            running[0].stop()
            running[1].join()


def serve(app: FakeApp, host: str = "127.0.0.1", port: int = 0) -> Serving:
    """Serve in a thread while the `with` block runs; port 0 is a free one.

    The server is ready when the block begins. When it ends, answers that are still being sent are
    cut and the thread has ended; then what `app.check()` raises is raised, unless the block ended
    with an exception. The block raises OSError when the address is in use, ImportError without
    uvicorn.
    """
    return Serving(app, host, port)


def run_forever(
    app: FakeApp,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM; the main thread only. Closes the socket.

    `app.on_exchange` is the place for a request log.
    """
    try:
        with contextlib.suppress(KeyboardInterrupt):
            LoopbackServer(app, listener, on_ready or (lambda: None)).run()
    finally:
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the address is in use or not ours."""
    if not host:  # it would be every address of the machine
        raise OSError("an address is needed")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it lets two servers have the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (TypeError, ValueError) as error:  # a name that no host can have
        listener.close()
        raise OSError(f"{host!r} is no address: {error}") from None
    except BaseException:
        listener.close()
        raise
    return listener
