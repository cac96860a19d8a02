"""The sync transport over httpx2; :mod:`.httpx2_transport` explains it."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import deque
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

from .httpx2_transport import (
    WireRequest,
    check_client,
    failure,
    fields_of_response,
    new_client,
    overdue,
    own_connection,
)
from .transport import TransportError

if TYPE_CHECKING:
    from .timeouts import Budget
    from .transport import PreparedRequest

_inherited: list[object] = []
"""Pools of the parent process: never used here, and never collected, which would close shared sockets noisily."""


class Httpx2Transport:
    """Implements SyncTransport."""

    __slots__ = ("_abandoned", "_client", "_given", "_live", "_lock", "_pid", "_wire")

    def __init__(self, client: object | None = None) -> None:
        self._given = client is not None
        self._client: Any = client
        self._wire = WireRequest(check_client(client, "Client")) if client is not None else None
        self._pid = os.getpid()
        self._lock = allocate_lock()
        self._live: set[Httpx2Exchange] = set()
        self._abandoned: deque[Httpx2Exchange] = deque()

    def _ready(self) -> tuple[Any, WireRequest]:
        if self._pid != os.getpid() and not self._given:
            # Another thread of the parent may have held the lock at the fork.
            self._lock = allocate_lock()
            _inherited.append((self._client, self._live, self._abandoned))
            self._client, self._live, self._abandoned = None, set(), deque()
            self._pid = os.getpid()
        client, wire = self._client, self._wire
        if client is None or wire is None:
            with self._lock:
                if self._client is None:
                    fresh = new_client("Client")
                    self._wire = WireRequest(check_client(fresh, "Client"))
                    self._client = fresh
                client, wire = self._client, self._wire
        assert wire is not None
        while self._abandoned:
            try:
                self._abandoned.popleft().close()
            except IndexError:
                break
        return client, wire

    def send(self, request: PreparedRequest, budget: Budget) -> Httpx2Exchange:
        """Send, and wait for the head. Raises TransportError."""
        if budget.expired():
            raise overdue(budget, "connecting")
        client, wire = self._ready()
        try:
            wired = wire.build(client, request, budget, is_async=False)
            if self._given:
                response = client.send(wired, stream=True, follow_redirects=False)
            else:
                # Past the client's logging of URLs, which may hold a key.
                response = client._transport_for_url(wired.url).handle_request(wired)
        except Exception as error:
            if request.body is not None and request.body.failure is error:
                raise
            raise failure(error, "waiting", budget) from error
        exchange = Httpx2Exchange(response, budget, self, watched=self._given)
        self._live.add(exchange)
        return exchange

    def forget(self, exchange: Httpx2Exchange) -> None:
        """An exchange has been closed."""
        self._live.discard(exchange)

    def bury(self, exchange: Httpx2Exchange) -> None:
        """An exchange is to be closed at the next occasion."""
        self._abandoned.append(exchange)

    def close(self) -> None:
        """Close the pool; a client that was given stays open."""
        closed = self._client is None or isinstance(self._client, _Closed)
        if self._given or closed or self._pid != os.getpid():
            return
        client: Any = self._client
        self._client = _Closed()
        for exchange in list(self._live):
            exchange.interrupt()
            exchange.close()
        try:
            client.close()
        except Exception:
            pass

    def __del__(self) -> None:
        # Nobody can hold the lock of a pool that nobody can reach.
        try:
            self.close()
        except Exception:
            pass


class _Closed:
    """Stands for a closed pool."""

    def build_request(self, *arguments: object, **options: object) -> object:
        raise RuntimeError("the client has been closed")


class Httpx2Exchange:
    """Implements Exchange."""

    __slots__ = (
        "__weakref__",
        "_budget",
        "_iterator",
        "_response",
        "_transport",
        "_watched",
        "headers",
        "status",
    )

    def __init__(
        self, response: Any, budget: Budget, transport: Httpx2Transport, *, watched: bool
    ) -> None:
        self.status: int = response.status_code
        self.headers = fields_of_response(response)
        self._response = response
        self._budget = budget
        self._watched = watched
        self._transport: Httpx2Transport = transport
        if response.is_stream_consumed:
            # A hook of the caller's client has read it: what it left is decompressed.
            self.headers = [f for f in self.headers if f[0].lower() != "content-encoding"]
            self._iterator = response.iter_bytes()
        else:
            self._iterator = response.iter_raw()

    def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        remaining = self._budget.remaining() if self._watched else None
        if remaining is None:
            return self._next()
        from threading import Timer

        timer = Timer(max(remaining, 0.0), self.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return self._next()
        except TransportError:
            if self._budget.expired():
                raise overdue(self._budget, "reading") from None
            raise
        finally:
            timer.cancel()

    def _next(self) -> bytes:
        try:
            block: bytes
            for block in self._iterator:
                if self._budget.expired():
                    raise overdue(self._budget, "reading")
                if block:
                    return block
        except TransportError:
            raise
        except Exception as error:
            raise failure(error, "reading", self._budget) from error
        return b""

    def close(self) -> None:
        """Release the connection."""
        self._transport.forget(self)
        try:
            self._response.close()
        except Exception:
            # It is of no use any more, and closing must not hide what went before.
            pass

    def interrupt(self) -> None:
        """Wake whoever reads: closing a socket alone does not."""
        try:
            stream = own_connection(self._response)
            if stream is not None:
                stream.get_extra_info("socket").shutdown(SHUT_RDWR)
        except Exception:
            pass

    def abandon(self) -> None:
        """Shut the socket now, without the pool's lock, and leave the rest to the next request."""
        try:
            stream = own_connection(self._response)
            if stream is not None:
                stream.close()
        except Exception:
            pass
        self._transport.bury(self)
