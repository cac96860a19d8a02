"""The fake server on loopback, through uvicorn (the extra `testing`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .app import FakeApp
from .exchanges import Exchange

if TYPE_CHECKING:
    import uvicorn

__all__ = ["ServedApp", "bind", "describe_exchange", "run_forever", "serve"]

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


@contextlib.contextmanager
def serve(app: FakeApp, host: str = "127.0.0.1", port: int = 0) -> Generator[ServedApp]:
    """Serve in a thread while the `with` block runs; port 0 is a free one.

    The server is ready when the block begins. When it ends, answers that are still being sent are
    cut and the thread has ended. Raises OSError when the address is in use, ImportError without
    uvicorn.
    """
    listener = bind(host, port)
    try:
        served = ServedApp(app, host, listener.getsockname()[1])
        ready = threading.Event()
        server = _server(app, ready.set)
        failures: list[BaseException] = []
    except BaseException:
        listener.close()
        raise

    def run() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name=f"fake server on port {served.port}", daemon=True)
    thread.start()
    try:
        ready.wait()
        if failures:
            raise RuntimeError("the fake server did not start") from failures[0]
        yield served
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def run_forever(
    app: FakeApp,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM; the main thread only. Closes the socket.

    `app.on_exchange` is the place for a request log (see `describe_exchange`).
    """
    try:
        # After its shutdown uvicorn raises the signal that it caught once more.
        with contextlib.suppress(KeyboardInterrupt):
            _server(app, on_ready or (lambda: None)).run(sockets=[listener])
    finally:
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the address is in use or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def describe_exchange(exchange: Exchange) -> str:
    """One readable line: method, path, status, milliseconds, and why where that is not obvious.

    The query is left out, for it may hold keys; what a terminal would obey is escaped.
    """
    request, reply = exchange.request, exchange.reply
    line = f"{request.method} {request.path} {reply.status} {exchange.seconds * 1000:.0f} ms"
    if exchange.blocks > 1:
        line += f", {exchange.blocks} blocks"
    if not exchange.is_complete:
        line += ", not completed"
    if reply.note:
        line += f"  {reply.note}"
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in line
    )


def _server(app: FakeApp, on_ready: Callable[[], None]) -> uvicorn.Server:
    try:
        import uvicorn
        from uvicorn.protocols.http.auto import AutoHTTPProtocol
    except ImportError:
        raise ImportError(_missing()) from None

    # uvicorn reports a connection that a script cuts as an error, on the root handler.
    silent = logging.Logger("fake server")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    make: Any = AutoHTTPProtocol

    def protocol(**options: Any) -> Any:
        made = make(**options)
        made.logger = silent
        return made

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            on_ready()

        async def main_loop(self) -> None:
            # The original looks every 100 ms; stopping should not take longer than a test.
            counter = 0
            while not await self.on_tick(counter):
                counter = (counter + 1) % 864_000
                for _ in range(10):
                    if self.should_exit:
                        break
                    await asyncio.sleep(0.01)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # A stalled answer would hold up the end: whatever still runs is cut.
            for task in list(self.server_state.tasks):
                task.cancel()
            await super().shutdown(sockets=sockets)

    return Server(
        uvicorn.Config(
            app,
            http=cast("Any", protocol),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )


def _missing() -> str:
    # <package>.testing._engine.serving in a client; the distribution of a package has its name.
    package = __name__.partition(".")[0].replace("_", "-")
    return f"serving on loopback needs uvicorn: install it with `pip install '{package}[testing]'`"
