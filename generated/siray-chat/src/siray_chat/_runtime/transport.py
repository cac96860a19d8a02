"""The protocol between the client and whatever speaks HTTP (sync and async).

A transport sends a ``PreparedRequest`` and gives an exchange: status and headers, then the body as
blocks of bytes as they came off the wire, content codings not yet removed. It follows no redirects
and stores no cookies. Whatever goes wrong is a ``TransportError`` that names the phase, because that
alone decides whether the request may be sent again.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Literal, Protocol, TypeAlias

    from .bodies import Body
    from .timeouts import Budget, LimitName

    Phase: TypeAlias = Literal["connecting", "sending", "waiting", "reading"]

    class Exchange(Protocol):
        """One answer, being read. Not for use by several threads at once."""

        status: int
        headers: list[tuple[str, str]]

        def read(self) -> bytes:
            """The next block, or ``b""`` at the end. Raises TransportError (phase reading)."""
            ...

        def close(self) -> None:
            """Release the connection: to the pool when the answer was read to its end, else shut."""
            ...

        def abandon(self) -> None:
            """As close, from a garbage collector: must take no lock and wait for nothing."""
            ...

    class SyncTransport(Protocol):
        """Safe to share between threads."""

        def send(self, request: PreparedRequest, budget: Budget) -> Exchange:
            """Send, and wait for the head. Raises TransportError."""
            ...

        def close(self) -> None:
            """Close idle connections and refuse further use, where the transport owns its pool."""
            ...

    class AsyncExchange(Protocol):
        """The async twin of Exchange."""

        status: int
        headers: list[tuple[str, str]]

        async def read(self) -> bytes:
            """The next block, or ``b""`` at the end."""
            ...

        async def close(self) -> None:
            """Release the connection."""
            ...

        def abandon(self) -> None:
            """As close, from a garbage collector."""
            ...

    class AsyncTransport(Protocol):
        """The async twin of SyncTransport; event loops may follow each other."""

        async def send(self, request: PreparedRequest, budget: Budget) -> AsyncExchange:
            """Send, and wait for the head."""
            ...

        async def close(self) -> None:
            """Close idle connections."""
            ...


class PreparedRequest:
    """What goes on the wire."""

    __slots__ = ("body", "headers", "method", "url")

    def __init__(
        self, method: str, url: str, headers: list[tuple[str, str]], body: Body | None
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body

    def blocks(self) -> Iterator[bytes]:
        """The body, to be sent block by block."""
        return iter(()) if self.body is None else self.body.blocks()

    def ablocks(self) -> AsyncIterator[bytes]:
        """The body, for an async transport."""
        assert self.body is not None
        return self.body.ablocks()


class TransportError(Exception):
    """Sending or reading failed; ``limit`` is set when time ran out."""

    def __init__(
        self,
        message: str,
        phase: Phase,
        *,
        limit: LimitName | None = None,
        seconds: float | None = None,
        permanent: bool = False,
    ) -> None:
        super().__init__(message)
        self.phase: Phase = phase
        self.limit: LimitName | None = limit
        self.seconds = seconds
        self.permanent = permanent
        """Sending again cannot help (an unsupported scheme, a malformed request)."""
