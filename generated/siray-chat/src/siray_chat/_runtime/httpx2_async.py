"""The async transport over a client of httpx2 or httpx; :mod:`.httpx2_transport` explains it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .direct.failures import overdue
from .httpx2_transport import (
    WireRequest,
    check_client,
    failure,
)
from .transport import TransportError

if TYPE_CHECKING:
    from .timeouts import Budget
    from .transport import PreparedRequest

_GRACE = 0.05
"""Seconds after the deadline, for the client to notice it by itself."""

_closing: set[asyncio.Task[None]] = set()


class AsyncHttpx2Transport:
    """Implements AsyncTransport."""

    __slots__ = ("_client", "_wire")

    def __init__(self, client: object) -> None:
        self._wire = WireRequest(check_client(client, "AsyncClient"))
        self._client: Any = client

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncHttpx2Exchange:
        """Send, and wait for the head. Raises TransportError."""
        if budget.expired():
            raise overdue(budget, "connecting")
        client = self._client
        try:
            wired = self._wire.build(client, request, budget, is_async=True)
            remaining = budget.remaining()
            # The client's own limits, which know the phase, go off first.
            async with asyncio.timeout(None if remaining is None else remaining + _GRACE):
                response = await client.send(wired, stream=True, follow_redirects=False)
        except Exception as error:
            if request.body is not None and request.body.failure is error:
                raise
            raise failure(error, "waiting", budget) from error
        return AsyncHttpx2Exchange(response, budget)

    async def close(self) -> None:
        """Do nothing: the client is the caller's, and stays open."""


class AsyncHttpx2Exchange:
    """Implements AsyncExchange."""

    __slots__ = ("__weakref__", "_budget", "_iterator", "_loop", "_response", "headers", "status")

    def __init__(self, response: Any, budget: Budget) -> None:
        self.status: int = response.status_code
        self.headers: list[tuple[bytes, bytes]] = response.headers.raw
        self._response = response
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        if response.is_stream_consumed:
            # A hook of the caller's client has read it: what it left is decompressed.
            self.headers = [f for f in self.headers if f[0].lower() != b"content-encoding"]
            self._iterator = response.aiter_bytes()
        else:
            self._iterator = response.aiter_raw()

    def whole(self) -> None:
        """Not known: the library does not say how much has come."""

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        try:
            async with asyncio.timeout(self._budget.remaining()):
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
