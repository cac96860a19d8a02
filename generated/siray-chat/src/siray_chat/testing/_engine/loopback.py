"""uvicorn's HTTP protocol on a socket of ours, without uvicorn's own way to start and to end.

That way logs through the root handler, polls for the end, and waits seconds for readers that do
not read; a server in a test has to be gone at once, in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from types import FrameType
from typing import Any

from .extras import not_installed
from .writing import DROP, Receive, Scope, Send

__all__ = ["LoopbackServer"]

_BACKLOG = 512
_FAREWELL = 1.0
"""Seconds that the end waits for answers that were cut, and for their connections."""


class LoopbackServer:
    """Serves an ASGI application on a bound socket, which it closes.

    Raises ImportError without uvicorn. `stop` may be called from any thread, at any time.
    """

    def __init__(self, app: Any, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        try:
            import uvicorn
            from uvicorn.protocols.http.auto import AutoHTTPProtocol
            from uvicorn.server import ServerState
        except ImportError:
            raise not_installed("serving on loopback needs", "uvicorn") from None
        self._config = uvicorn.Config(
            app,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            server_header=False,
        )
        self._make_protocol: Any = AutoHTTPProtocol
        self._state = ServerState()
        self._listener = listener
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False
        self._stopped = asyncio.Event()
        # uvicorn reports a connection that a script cuts as an error, on the root handler.
        self._silent = logging.Logger("fake server")
        self._silent.addHandler(logging.NullHandler())
        self._silent.propagate = False

    def run(self) -> None:
        """Serve until `stop`; in the main thread also until SIGTERM, or SIGINT.

        The latter is raised as KeyboardInterrupt once the server has ended.
        """
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, self._on_signal) if is_main else None
        # A shell starts what runs in the background with SIGINT ignored; who sends it means it.
        is_deaf = is_main and signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        if is_deaf:
            signal.signal(signal.SIGINT, self._on_signal)
        try:
            with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
                runner.run(self._serve())
        finally:
            if is_main:
                signal.signal(signal.SIGTERM, before)
            if is_deaf:
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop(self) -> None:
        """Let `run` return. Answers that are still being sent are cut."""
        self._is_stopped = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed by now
                loop.call_soon_threadsafe(self._stopped.set)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._config.load()
        self._loop = loop = asyncio.get_running_loop()
        self._date()
        server = await loop.create_server(
            self._protocol, sock=self._listener, backlog=_BACKLOG, start_serving=True
        )
        try:
            self._on_ready()
            while not (self._is_stopped or self._stopped.is_set()):
                self._date()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await self._stopped.wait()
        finally:
            # What has been accepted becomes a connection some turns of the loop later; a server
            # that is closed before would leave it as it is.
            with contextlib.suppress(NotImplementedError):  # a proactor has no readers
                loop.remove_reader(self._listener.fileno())
            for _ in range(4):
                await asyncio.sleep(0)
            server.close()
            await self._end()

    def _date(self) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]

    def _protocol(self) -> Any:
        made = self._make_protocol(
            config=self._config, server_state=self._state, app_state={}, _loop=self._loop
        )
        made.logger, made.access_log = self._silent, False
        app = made.app

        async def with_extensions(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {DROP: {"close": made.transport.close}}
            await app(scope, receive, send)

        made.app = with_extensions
        return made

    async def _end(self) -> None:
        connections: set[Any] = self._state.connections  # pyright: ignore[reportAssignmentType]
        for connection in list(connections):
            # Before its task is cancelled, for then uvicorn would still answer 500.
            connection.transport.close()
        if tasks := list(self._state.tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_FAREWELL)
        await asyncio.sleep(0)
        for connection in list(connections):
            # What its reader has not read would keep it open.
            connection.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                while connections:
                    await asyncio.sleep(0)
