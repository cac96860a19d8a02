"""The sync transport over sockets of our own: a pool of connections, shared by threads.

A request goes out on a connection that rested, if there is one and the server has not closed it
meanwhile, else on a new one. Locks are held for moments only, and never by what a finalizer or a
signal handler may call. After a fork the child forgets the connections of its parent: it closes its
copies of them, and says nothing to the servers.
"""

from __future__ import annotations

import os
from _thread import RLock, allocate_lock
from time import monotonic
from typing import TYPE_CHECKING
from weakref import ref

from ..transport import TransportError
from .failures import UnsentError, broken, closed, not_reached, overdue, timed_out
from .framing import AnswerParser, fields_of
from .pool import Pool, Waiter
from .routes import Routes
from .sync_connecting import TooLateError, connect_tcp, connect_unix, secure, tunnel
from .sync_connection import Connection

if TYPE_CHECKING:
    import ssl

    from ..timeouts import Budget
    from ..transport import PreparedRequest
    from .routes import Route

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class DirectTransport:
    """Implements SyncTransport.

    Args:
        proxy: The URL of an HTTP proxy; ``""``: none, also not that of the environment.
        ssl_context: In place of the one that all clients share.
        unix_socket: A path; every request goes there, whatever the host of its URL.
    """

    __slots__ = ("__weakref__", "_closed", "_forks", "_lock", "_pool", "_routes", "_ssl_context")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._routes = Routes(proxy, unix_socket)
        self._ssl_context = ssl_context
        # Not a plain one: the collector may run a finalizer that closes the client while it is held.
        self._lock = RLock()
        self._pool: Pool[Connection] = Pool()
        self._forks = _forks
        self._closed = False

    def send(self, request: PreparedRequest, budget: Budget) -> DirectExchange:
        """Send, and wait for the head. Raises TransportError."""
        if self._forks != _forks:
            self._start_anew()
        if self._closed:
            raise closed()
        if budget.deadline is not None and budget.expired():
            raise overdue(budget, "connecting")
        route = self._routes.find(request.origin)
        head = (
            request.head(route.forwarded + request.target, route.more)
            if route.forwarded
            else request.head()
        )
        pool = self._pool
        while True:
            now = monotonic()
            with self._lock:
                connection = pool.take(route.key, now)
            if connection is None or connection.is_stale(now):
                connection = self._connection(connection, route, budget)
            parser = connection.parser
            try:
                content = connection.request(request, head, budget)
                while not parser.status:
                    content = connection.advance(budget, "waiting")
            except UnsentError:
                connection.retire()
                continue
            except BaseException:
                connection.retire()
                raise
            if not parser.complete:
                return DirectExchange(self, connection, content, budget)
            exchange = DirectExchange(self, connection, content, None)
            # From here on the connection may be used by another thread.
            self.keep(connection)
            return exchange

    # -- connections

    def _connection(self, stale: Connection | None, route: Route, budget: Budget) -> Connection:
        """A connection that is alive as far as one can see, or a new one."""
        pool = self._pool
        while stale is not None:
            stale.retire()
            now = monotonic()
            with self._lock:
                resting = pool.take(route.key, now)
            if resting is not None and not resting.is_stale(now):
                return resting
            stale = resting
        made = Connection(route.key, pool)
        with self._lock:
            may_open = pool.reserve(id(made), ref(made))
        self._close_surplus()
        if not may_open:
            given = self._wait(made, budget)
            if given is not None:
                if given.is_stale(monotonic()):
                    return self._connection(given, route, budget)
                return given
        return self._opened(made, route, budget)

    def _wait(self, made: Connection, budget: Budget) -> Connection | None:
        """Wait in the queue for a connection, or (None) for leave to open the one given."""
        pool = self._pool
        signal = allocate_lock()
        signal.acquire()

        def wake() -> None:
            try:
                signal.release()
            except RuntimeError:
                pass  # more than once

        waiter: Waiter[Connection] = Waiter(made.key, wake)
        limit = budget.timeout.pool
        until = None if limit is None else monotonic() + limit
        if budget.deadline is not None:
            until = budget.deadline if until is None else min(until, budget.deadline)
        with self._lock:
            pool.queue(waiter)
        try:
            while True:
                with self._lock:
                    connection, waiter.given = waiter.given, None
                    if connection is not None:
                        return connection
                    if self._closed:
                        raise closed()
                    if pool.reserve(id(made), ref(made), waiter):
                        return None
                self._close_surplus()
                left = -1 if until is None else until - monotonic()
                if until is not None and left <= 0:
                    raise timed_out(budget, "pool", "connecting")
                signal.acquire(timeout=left)
        finally:
            with self._lock:
                pool.leave(waiter, monotonic())
            self._close_surplus()

    def _opened(self, made: Connection, route: Route, budget: Budget) -> Connection:
        """Open a connection within the limit for connecting. Raises TransportError."""
        limit = budget.timeout.connect
        deadline = None if limit is None else monotonic() + limit
        if budget.deadline is not None:
            deadline = budget.deadline if deadline is None else min(deadline, budget.deadline)
        try:
            if route.unix_socket is not None:
                connected = connect_unix(route.unix_socket, deadline)
            else:
                try:
                    connected = connect_tcp(route.host, route.port, deadline)
                except TransportError as error:
                    raise not_reached(error, route) from error
            if route.tunnel_head:
                tunnel(connected, route, AnswerParser(), deadline)
            session = None
            if route.is_tls:
                session = secure(connected, route, self._ssl_context, deadline)
            made.attach(connected, session)
        except TooLateError:
            made.close()
            raise timed_out(budget, "connect", "connecting") from None
        except OSError as error:  # no more files
            made.close()
            raise broken(error, "connecting") from error
        except BaseException:
            made.close()
            raise
        if self._closed:
            made.close()
            raise closed()
        return made

    def keep(self, connection: Connection) -> None:
        """The answer on a connection is complete: keep it for the next request, if it can be."""
        if (
            not connection.parser.is_clean
            or connection.is_interrupted
            or self._closed
            or self._forks != _forks
        ):
            connection.retire()
            return
        pool = self._pool
        with self._lock:
            pool.put(connection, monotonic())
        if pool.surplus:
            self._close_surplus()
        if self._closed:
            self._close_idle()

    def _close_surplus(self) -> None:
        surplus = self._pool.surplus
        while surplus:
            try:
                connection = surplus.pop()
            except IndexError:
                break  # another thread was faster
            connection.take_leave()

    # -- the end

    def close(self) -> None:
        """Close all connections; calls that run in other threads end with a TransportError."""
        self._closed = True
        if self._forks != _forks:
            self._start_anew()
        self._close_idle()
        for member in list(self._pool.members.values()):
            connection = member()
            if connection is not None:
                connection.interrupt()

    def _close_idle(self) -> None:
        with self._lock:
            self._pool.clear()
            self._pool.wake_all()
        self._close_surplus()

    def _start_anew(self) -> None:
        """In a child process: another thread of the parent may have held the lock at the fork."""
        self._lock = RLock()
        self._pool = Pool()
        self._forks = _forks


class DirectExchange:
    """Implements Exchange."""

    __slots__ = (
        "_budget",
        "_connection",
        "_content",
        "_head",
        "_is_reading",
        "_transport",
        "is_encoded",
        "status",
    )

    def __init__(
        self,
        transport: DirectTransport,
        connection: Connection,
        content: bytes,
        budget: Budget | None,
    ) -> None:
        """Without a budget the answer is complete, and the connection not needed any more."""
        parser = connection.parser
        self.status: int = parser.status
        self._head = parser.head
        self.is_encoded: bool = parser.is_encoded
        self._content = content
        self._connection: Connection | None = None if budget is None else connection
        self._transport: DirectTransport = transport
        self._budget = budget
        self._is_reading = False

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

    def read(self) -> bytes:
        """The next block, or ``b""`` at the end. Raises TransportError."""
        content = self._content
        if content:
            self._content = b""
            return content
        connection, budget = self._connection, self._budget
        if connection is None or budget is None:
            return b""
        parser = connection.parser
        self._is_reading = True
        try:
            while not content and not parser.complete:
                content = connection.advance(budget, "reading")
        except BaseException:
            self._is_reading = False
            self._connection = None
            connection.close()
            raise
        self._is_reading = False
        if parser.complete:
            self._connection = None
            self._transport.keep(connection)
        return content

    def close(self) -> None:
        """Shut the connection, unless it is in the pool already.

        When another thread reads, that one is woken, closes the connection, and gets an error.
        """
        connection, self._connection = self._connection, None
        self._content = b""
        if connection is None:
            return
        if self._is_reading:
            connection.interrupt()
        else:
            connection.close()

    abandon = close
    """Closing takes no lock."""
