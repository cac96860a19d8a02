"""The sync transport into an ASGI application of this process; see :mod:`.in_process_async`.

The application runs in an event loop of its own, in a thread that is started with the first request.
"""

from __future__ import annotations

import asyncio
import os
import threading
from _thread import allocate_lock
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

from .in_process_async import AsyncAppTransport
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from .in_process_async import AppExchange, Application
    from .timeouts import Budget
    from .transport import Phase, PreparedRequest

    T = TypeVar("T")


class AppTransport:
    """Implements SyncTransport; give it to a client as ``http_client``.

    ``app`` is an ASGI 3 application. Closing the client closes the transport.
    """

    __slots__ = ("__weakref__", "_app", "_closed", "_inner", "_lock", "_loop", "_pid", "_thread")

    def __init__(self, app: Application) -> None:
        self._app = app
        self._inner = AsyncAppTransport(app)
        self._lock = allocate_lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._closed = False

    def send(self, request: PreparedRequest, budget: Budget) -> SyncAppExchange:
        """Call the application, and wait for its head. Raises TransportError."""
        if self._closed:
            raise TransportError("the client has been closed", "connecting", permanent=True)
        body = request.body
        blocks = None
        if body is not None and body.content is None:
            blocks = _in_threads(request)
        loop = self._running()
        exchange = self.wait_for(loop, self._inner.send(request, budget, blocks), "waiting")
        return SyncAppExchange(exchange, self, loop)

    def wait_for(
        self, loop: asyncio.AbstractEventLoop, steps: Coroutine[Any, Any, T], phase: Phase
    ) -> T:
        """The result of what is done in the application's event loop."""
        try:
            future = asyncio.run_coroutine_threadsafe(steps, loop)
        except RuntimeError:
            steps.close()
            raise TransportError("the client has been closed", phase, permanent=True) from None
        try:
            return future.result()
        except CancelledError:
            raise TransportError("the client has been closed", phase, permanent=True) from None
        except BaseException:
            future.cancel()
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._pid != os.getpid():
            # The thread has stayed in the parent; so may have whoever held the lock.
            self._lock = allocate_lock()
            self._inner, self._loop, self._pid = AsyncAppTransport(self._app), None, os.getpid()
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(loop,), name="ASGI application", daemon=True
                )
                self._thread.start()
                self._loop = loop
            return self._loop

    def close(self) -> None:
        """End the applications that still run, and refuse further use."""
        self._closed = True
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None and self._pid == os.getpid():
            _stop(loop)
            if self._thread is not None and self._thread is not threading.current_thread():
                self._thread.join()

    def __del__(self) -> None:
        loop = getattr(self, "_loop", None)
        if loop is not None and self._pid == os.getpid():
            _stop(loop)


class SyncAppExchange:
    """Implements Exchange."""

    __slots__ = ("__weakref__", "_exchange", "_loop", "_transport", "headers", "status")

    def __init__(
        self, exchange: AppExchange, transport: AppTransport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.status: int = exchange.status
        self.headers: list[tuple[bytes, bytes]] = exchange.headers
        self._exchange: AppExchange = exchange
        self._transport = transport
        self._loop = loop

    def whole(self) -> bytes | None:
        """The body, where all of it has come."""
        return self._exchange.whole()

    def read(self) -> bytes:
        """The blocks that have come since, as one, or ``b""`` at the end."""
        return self._transport.wait_for(self._loop, self._exchange.read_available(), "reading")

    def close(self) -> None:
        """Leave, and let the application notice."""
        self._exchange.abandon()

    def abandon(self) -> None:
        """As close: nothing waits there."""
        self._exchange.abandon()


async def _in_threads(request: PreparedRequest) -> AsyncIterator[bytes]:
    """The blocks of a body whose iterator may block, and must not block the application."""
    blocks = request.blocks()
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.call_soon_threadsafe(loop.stop)
    except RuntimeError:  # closed already
        pass
