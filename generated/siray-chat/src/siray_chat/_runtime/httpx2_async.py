"""The async transport over httpx2; :mod:`.httpx2_transport` explains it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from .httpx2_transport import (
    WireRequest,
    check_client,
    failure,
    fields_of_response,
    new_client,
    overdue,
)
from .transport import TransportError

if TYPE_CHECKING:
    from .timeouts import Budget
    from .transport import PreparedRequest

_retired: list[object] = []
"""Pools of processes and event loops that are gone: nothing could close their connections any more."""


class AsyncHttpx2Transport:
    """Implements AsyncTransport."""

    __slots__ = ("_client", "_closed", "_given", "_live", "_loop", "_pid", "_wire")

    def __init__(self, client: object | None = None) -> None:
        self._given = client is not None
        self._client: Any = client
        self._wire = (
            WireRequest(check_client(client, "AsyncClient")) if client is not None else None
        )
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live: set[AsyncHttpx2Exchange] = set()
        self._closed = False

    def _ready(self) -> tuple[Any, WireRequest]:
        if self._closed:
            raise TransportError("the client has been closed", "connecting", permanent=True)
        if not self._given:
            loop = asyncio.get_running_loop()
            if self._client is not None and (self._loop is not loop or self._pid != os.getpid()):
                _retired.append((self._client, self._live))
                self._client, self._live = None, set()
            if self._client is None:
                self._client = new_client("AsyncClient")
                self._loop, self._pid = loop, os.getpid()
                if self._wire is None:
                    self._wire = WireRequest(check_client(self._client, "AsyncClient"))
        assert self._wire is not None
        return self._client, self._wire

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncHttpx2Exchange:
        """Send, and wait for the head. Raises TransportError."""
        if budget.expired():
            raise overdue(budget, "connecting")
        client, wire = self._ready()
        try:
            wired = wire.build(client, request, budget, is_async=True)
            if self._given:
                async with asyncio.timeout(budget.remaining()):
                    response = await client.send(wired, stream=True, follow_redirects=False)
            else:
                # Past the client's logging of URLs, which may hold a key.
                response = await client._transport_for_url(wired.url).handle_async_request(wired)
        except Exception as error:
            if request.body is not None and request.body.failure is error:
                raise
            raise failure(error, "waiting", budget) from error
        exchange = AsyncHttpx2Exchange(response, budget, self, timer=self._given)
        self._live.add(exchange)
        return exchange

    def forget(self, exchange: AsyncHttpx2Exchange) -> None:
        """An exchange has been closed."""
        self._live.discard(exchange)

    async def close(self) -> None:
        """Close the pool; a client that was given stays open."""
        if self._given:
            return
        self._closed = True
        client, self._client = self._client, None
        if client is None:
            return
        if self._loop is not asyncio.get_running_loop() or self._pid != os.getpid():
            _retired.append((client, self._live))
            return
        for exchange in list(self._live):
            await exchange.close()
        try:
            await client.aclose()
        except Exception:
            pass


class AsyncHttpx2Exchange:
    """Implements AsyncExchange."""

    __slots__ = (
        "__weakref__",
        "_budget",
        "_iterator",
        "_loop",
        "_response",
        "_timer",
        "_transport",
        "headers",
        "status",
    )

    def __init__(
        self, response: Any, budget: Budget, transport: AsyncHttpx2Transport, *, timer: bool
    ) -> None:
        self.status: int = response.status_code
        self.headers = fields_of_response(response)
        self._response = response
        self._budget = budget
        self._transport: AsyncHttpx2Transport = transport
        self._timer = timer
        self._loop = asyncio.get_running_loop()
        if response.is_stream_consumed:
            # A hook of the caller's client has read it: what it left is decompressed.
            self.headers = [f for f in self.headers if f[0].lower() != "content-encoding"]
            self._iterator = response.aiter_bytes()
        else:
            self._iterator = response.aiter_raw()

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        try:
            if self._timer:
                async with asyncio.timeout(self._budget.remaining()):
                    return await self._next()
            return await self._next()
        except TransportError:
            raise
        except Exception as error:
            raise failure(error, "reading", self._budget) from error

    async def _next(self) -> bytes:
        while True:
            block: bytes | None = await anext(self._iterator, None)
            if block is None:
                return b""
            if self._budget.expired():
                raise overdue(self._budget, "reading")
            if block:
                return block

    async def close(self) -> None:
        """Release the connection."""
        self._transport.forget(self)
        try:
            await self._iterator.aclose()
            await self._response.aclose()
        except Exception:
            # It is of no use any more, and closing must not hide what went before.
            pass

    def abandon(self) -> None:
        """Close as soon as the event loop comes round to it."""
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._close_soon)
            except RuntimeError:
                pass

    def _close_soon(self) -> None:
        task = self._loop.create_task(self.close())
        # The loop itself keeps only weak references.
        _closing.add(task)
        task.add_done_callback(_closing.discard)


_closing: set[asyncio.Task[None]] = set()
