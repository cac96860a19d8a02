"""The async transport over httpx2; :mod:`.httpx2_transport` explains it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from .httpx2_transport import (
    WireRequest,
    check_client,
    discard_connections,
    failure,
    fields_of_response,
    new_client,
    overdue,
)
from .transport import TransportError

if TYPE_CHECKING:
    from .timeouts import Budget
    from .transport import PreparedRequest

_inherited: list[object] = []
"""Pools of the parent process: never used here, and never collected, which would close shared sockets noisily."""


class AsyncHttpx2Transport:
    """Implements AsyncTransport."""

    __slots__ = ("_closed", "_given", "_live", "_pid", "_pools", "_wire")

    def __init__(self, client: object | None = None) -> None:
        self._given: Any = client
        self._wire = (
            WireRequest(check_client(client, "AsyncClient")) if client is not None else None
        )
        self._pid = os.getpid()
        self._pools: dict[asyncio.AbstractEventLoop, Any] = {}
        self._live: set[AsyncHttpx2Exchange] = set()
        self._closed = False

    def _ready(self) -> tuple[Any, WireRequest]:
        if self._closed:
            raise TransportError("the client has been closed", "connecting", permanent=True)
        client = self._given
        if client is None:
            if self._pid != os.getpid():
                _inherited.append((self._pools, self._live))
                self._pools, self._live = {}, set()
                self._pid = os.getpid()
            loop = asyncio.get_running_loop()
            client = self._pools.get(loop)
            if client is None:
                self._drop_pools_of_closed_loops()
                client = self._pools[loop] = new_client("AsyncClient")
                if self._wire is None:
                    self._wire = WireRequest(check_client(client, "AsyncClient"))
        assert self._wire is not None
        return client, self._wire

    def _drop_pools_of_closed_loops(self) -> None:
        for loop in [loop for loop in self._pools if loop.is_closed()]:
            discard_connections(self._pools.pop(loop))
            self._live = {exchange for exchange in self._live if not exchange.belongs_to(loop)}

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncHttpx2Exchange:
        """Send, and wait for the head. Raises TransportError."""
        if budget.expired():
            raise overdue(budget, "connecting")
        client, wire = self._ready()
        try:
            wired = wire.build(client, request, budget, is_async=True)
            if self._given is not None:
                async with asyncio.timeout(budget.remaining()):
                    response = await client.send(wired, stream=True, follow_redirects=False)
            else:
                # Past the client's logging of URLs, which may hold a key.
                response = await client._transport_for_url(wired.url).handle_async_request(wired)
        except Exception as error:
            if request.body is not None and request.body.failure is error:
                raise
            raise failure(error, "waiting", budget) from error
        exchange = AsyncHttpx2Exchange(response, budget, self, timer=self._given is not None)
        self._live.add(exchange)
        return exchange

    def forget(self, exchange: AsyncHttpx2Exchange) -> None:
        """An exchange has been closed."""
        self._live.discard(exchange)

    async def close(self) -> None:
        """Close the pool; a client that was given stays open."""
        if self._given is not None:
            return
        self._closed = True
        if self._pid != os.getpid():
            return
        self._drop_pools_of_closed_loops()
        loop = asyncio.get_running_loop()
        client = self._pools.pop(loop, None)
        for exchange in [exchange for exchange in self._live if exchange.belongs_to(loop)]:
            await exchange.close()
        if client is not None:
            try:
                await client.aclose()
            except Exception:
                pass

    def __del__(self) -> None:
        # The last loop may have been closed with connections of a client nobody closed.
        try:
            if self._pid == os.getpid():
                self._drop_pools_of_closed_loops()
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

    def belongs_to(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it was opened in that event loop."""
        return self._loop is loop

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
