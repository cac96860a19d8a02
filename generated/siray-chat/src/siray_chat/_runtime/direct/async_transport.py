"""The async transport over connections of our own: a pool for each event loop that uses it.

A connection belongs to the loop in which it was opened. The pool of a loop is closed when the loop
shuts down its asynchronous generators, as ``asyncio.run`` has it do, and let go of when the loop was
closed without that. After a fork the child forgets the connections of its parent.
"""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..transport import TransportError
from . import async_pool
from .async_connection import Connection
from .async_dialing import Dialer
from .async_pool import LoopPool
from .failures import UnsentError, closed, overdue
from .framing import fields_of
from .routes import Routes

if TYPE_CHECKING:
    import ssl

    from ..timeouts import Budget
    from ..transport import PreparedRequest
    from .async_pool import Lane


class AsyncDirectTransport:
    """Implements AsyncTransport.

    Args:
        proxy: The URL of an HTTP proxy; ``""``: none, also not that of the environment.
        ssl_context: In place of the one that all clients share.
        unix_socket: A path; every request goes there, whatever the host of its URL.
    """

    __slots__ = ("__weakref__", "_closed", "_context", "_pools", "_routes")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._pools: dict[asyncio.AbstractEventLoop, LoopPool] = {}
        self._routes = Routes(proxy, unix_socket)
        self._context = ssl_context
        self._closed = False

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncDirectExchange:
        """Send, and wait for the head. Raises TransportError."""
        if self._closed:
            raise closed()
        if budget.deadline is not None and budget.expired():
            raise overdue(budget, "connecting")
        try:
            pool = self._pools.get(get_running_loop())
        except RuntimeError:
            raise ConfigurationError(
                "an async client needs a running event loop of asyncio (uvloop is one)"
            ) from None
        if pool is None or pool.is_closed or pool.forks != async_pool.forks:
            pool = await self._new_pool()
        route = self._routes.find(request.origin)
        head = (
            request.head(route.forwarded + request.target, route.more)
            if route.forwarded
            else request.head()
        )
        lane = pool.lanes.get(route.key) or pool.new_lane(route)
        while True:
            connection = pool.rested(lane)
            if connection is None:
                connection = await self._another(pool, lane, budget)
            try:
                await connection.request(request, head, budget)
            except UnsentError:
                connection.discard()
                if not connection.is_reused:
                    raise TransportError(
                        "the connection was closed before the request was sent", "connecting"
                    ) from None
            except BaseException:
                connection.discard()
                raise
            else:
                return AsyncDirectExchange(connection, budget)

    async def _another(self, pool: LoopPool, lane: Lane, budget: Budget) -> Connection:
        """A new connection, or one that becomes free while this call waits for leave to open one."""
        if not pool.may_open(lane):
            given = await pool.wait(lane, budget)
            if given is not None:
                return given
        made = Connection(pool, lane)
        pool.begin(lane, made)
        try:
            await Dialer(pool, self._context).open(made, lane.route, budget)
        finally:
            pool.opened(lane)
        if pool.is_closed:
            made.discard()
            raise closed()
        return made

    async def _new_pool(self) -> LoopPool:
        loop = get_running_loop()
        for other, pool in list(self._pools.items()):
            if not pool.is_reachable or other is loop:
                self._pools.pop(other, None)
                if not pool.is_closed:
                    pool.disown()
        pool = self._pools[loop] = LoopPool(loop)
        await pool.guard()
        return pool

    async def close(self) -> None:
        """Close all connections; calls that are running end with a TransportError."""
        self._closed = True
        self._release(retire=False)
        # The event loop closes sockets in its next round.
        await asyncio.sleep(0)

    def _release(self, *, retire: bool) -> None:
        pools, self._pools = self._pools, {}
        running = _running_loop()
        for loop, pool in pools.items():
            if not pool.is_reachable:
                pool.disown()
            elif loop is running and not retire:
                pool.close()
            else:
                try:
                    loop.call_soon_threadsafe(pool.retire if retire else pool.close)
                except RuntimeError:  # closed just now
                    pool.disown()

    def __del__(self) -> None:
        if getattr(self, "_pools", None):
            self._release(retire=True)


class AsyncDirectExchange:
    """Implements AsyncExchange."""

    __slots__ = ("_budget", "_connection", "_content", "_head", "is_encoded", "status")

    def __init__(self, connection: Connection, budget: Budget) -> None:
        parser = connection.parser
        self.status: int = parser.status
        self._head = parser.head
        self.is_encoded: bool = parser.is_encoded
        self._content = connection.take()
        self._connection: Connection | None = connection
        self._budget = budget
        if parser.complete:
            self._connection = None
            connection.pool.put(connection)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The fields of the head."""
        return fields_of(self._head)

    def whole(self) -> bytes | None:
        """The body, if all of it came with the head."""
        if self._connection is not None:
            return None
        content, self._content = self._content, b""
        return content

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end. Raises TransportError (phase reading)."""
        content = self._content
        if content:
            self._content = b""
            return content
        connection = self._connection
        if connection is None:
            return b""
        budget = self._budget
        try:
            if budget.deadline is not None and budget.expired():
                raise overdue(budget, "reading")
            content = await connection.content(budget)
        except TransportError:
            self._connection = None
            connection.discard()
            raise
        if connection.parser.complete and self._connection is not None:
            self._connection = None
            connection.pool.put(connection)
        return content

    async def close(self) -> None:
        """Close the connection, unless it is in the pool already."""
        connection, self._connection = self._connection, None
        self._content = b""
        if connection is not None:
            connection.discard()
            # The event loop closes the socket in its next round, and may have no further one.
            await asyncio.sleep(0)

    def abandon(self) -> None:
        """As close, in the event loop at once and from elsewhere soon; never raises."""
        connection, self._connection = self._connection, None
        self._content = b""
        if connection is None:
            return
        pool = connection.pool
        if pool.is_reachable:
            if _running_loop() is pool.loop:
                # The loop may end in the next moment, and would leave the socket to the collector.
                connection.discard()
                return
            try:
                pool.loop.call_soon_threadsafe(connection.discard)
                return
            except RuntimeError:  # closed just now
                pass
        pool.live.discard(connection)
        connection.disown()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return get_running_loop()
    except RuntimeError:
        return None
