"""The sync transport over a client of httpx2 or httpx; :mod:`.httpx2_transport` explains it."""

from __future__ import annotations

from collections import deque
from threading import Timer
from typing import TYPE_CHECKING, Any

from .direct.failures import overdue
from .httpx2_transport import (
    WireRequest,
    check_client,
    connection_of_request,
    failure,
    own_connection,
    shut,
)
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .timeouts import Budget
    from .transport import PreparedRequest


_GRACE = 0.05
"""Seconds after the deadline, for the client to notice it by itself: then it knows the phase."""


class Httpx2Transport:
    """Implements SyncTransport."""

    __slots__ = ("_abandoned", "_client", "_wire")

    def __init__(self, client: object) -> None:
        self._wire = WireRequest(check_client(client, "Client"))
        self._client: Any = client
        self._abandoned: deque[Httpx2Exchange] = deque()

    def send(self, request: PreparedRequest, budget: Budget) -> Httpx2Exchange:
        """Send, and wait for the head. Raises TransportError."""
        if budget.expired():
            raise overdue(budget, "connecting")
        self._close_abandoned()
        client = self._client
        timer: _Timer | None = None
        try:
            wired = self._wire.build(client, request, budget, is_async=False)
            timer = _Timer(budget, lambda: connection_of_request(client, wired))
            response = client.send(wired, stream=True, follow_redirects=False)
        except Exception as error:
            if request.body is not None and request.body.failure is error:
                raise
            if timer is not None and timer.has_shut:
                raise overdue(budget, "waiting") from None
            raise failure(error, "waiting", budget) from error
        finally:
            if timer is not None:
                timer.cancel()
        return Httpx2Exchange(response, budget, self._abandoned)

    def _close_abandoned(self) -> None:
        while self._abandoned:
            try:
                self._abandoned.popleft().close()
            except IndexError:  # another thread was faster
                break

    def close(self) -> None:
        """Do nothing: the client is the caller's, and stays open."""


class Httpx2Exchange:
    """Implements Exchange."""

    __slots__ = (
        "__weakref__",
        "_abandoned",
        "_budget",
        "_iterator",
        "_response",
        "headers",
        "status",
    )

    def __init__(self, response: Any, budget: Budget, abandoned: deque[Httpx2Exchange]) -> None:
        self.status: int = response.status_code
        self.headers: list[tuple[bytes, bytes]] = response.headers.raw
        self._response = response
        self._budget = budget
        self._abandoned = abandoned
        if response.is_stream_consumed:
            # A hook of the caller's client has read it: what it left is decompressed.
            self.headers = [f for f in self.headers if f[0].lower() != b"content-encoding"]
            self._iterator = response.iter_bytes()
        else:
            self._iterator = response.iter_raw()

    def whole(self) -> None:
        """Not known: the library does not say how much has come."""

    def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        timer = _Timer(self._budget, lambda: own_connection(self._response))
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
            if timer.has_shut:
                raise overdue(self._budget, "reading") from None
            raise failure(error, "reading", self._budget) from error
        finally:
            timer.cancel()
        if timer.has_shut:  # which looks like the end of a body without a length
            raise overdue(self._budget, "reading")
        return b""

    def close(self) -> None:
        """Release the connection."""
        try:
            self._response.close()
        except Exception:
            # It is of no use any more, and closing must not hide what went before.
            pass

    def abandon(self) -> None:
        """Shut the socket now, without the pool's lock, and leave the rest to the next request."""
        try:
            stream = own_connection(self._response)
            if stream is not None:
                stream.close()
        except Exception:
            pass
        self._abandoned.append(self)


class _Timer:
    """Shuts down a connection when the deadline has passed; runs from its construction."""

    __slots__ = ("_find", "_timer", "has_shut")

    def __init__(self, budget: Budget, find: Callable[[], Any]) -> None:
        self._find = find
        self.has_shut = False
        self._timer: Timer | None = None
        remaining = budget.remaining()
        if remaining is not None:
            self._timer = Timer(max(remaining, 0.0) + _GRACE, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        try:
            stream = self._find()
            if stream is not None:
                self.has_shut = True
                shut(stream)
        except Exception:
            # What the library keeps where is not ours to know for sure.
            pass

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
