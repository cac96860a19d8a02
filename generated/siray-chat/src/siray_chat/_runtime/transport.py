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

    from .answers import Head
    from .bodies import Body
    from .timeouts import Budget, LimitName

    Phase: TypeAlias = Literal["connecting", "sending", "waiting", "reading"]
    Fields: TypeAlias = list[tuple[str, str]] | list[tuple[bytes, bytes]]
    """Header fields as they came, bytes or the same in ISO 8859-1, interim answers and trailers not."""

    class Exchange(Protocol):
        """One answer, being read. Not for use by several threads at once."""

        status: int

        @property
        def headers(self) -> Fields:
            """The fields of the head."""
            ...

        def whole(self) -> bytes | None:
            """The body, if all of it has arrived already, else None. Waits for nothing.

            When it is given, the connection is back in the pool, ``read()`` gives ``b""``, and
            ``close()`` need not be called. Optional: an exchange that lacks it is read in blocks.
            So is a ``bool`` ``is_encoded``, false only where there is no Content-Encoding: it saves
            looking for one.
            """
            ...

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

        @property
        def headers(self) -> Fields:
            """The fields of the head."""
            ...

        def whole(self) -> bytes | None:
            """As Exchange.whole: not async, since it waits for nothing."""
            ...

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
    """What goes on the wire. Everything in it has been checked: no field has a line break."""

    __slots__ = ("_headers", "_host", "_lines", "_origin", "_target", "body", "method", "url")

    def __init__(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]] | None,
        body: Body | None,
        lines: str = "",
        origin: str = "",
        target: str = "",
        host: str = "",
    ) -> None:
        """A request with these fields, or with ``lines``, the same as written, each with its CRLF.

        ``origin`` and ``target`` are those of ``url`` (:func:`.address.split_url`), where they are
        known already; ``host`` is then the Host field, empty where the lines have one.
        """
        self.method: str = method
        self.url: str = url
        self.body: Body | None = body
        self._headers: list[tuple[str, str]] | None = headers
        self._lines: str = lines
        self._origin: str = origin
        self._target: str = target if origin else ""
        self._host: str = host

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The fields, to be read or added to.

        Content-Length or Transfer-Encoding is among them; Host only where the caller has set it.
        """
        headers = self._headers
        if headers is None:
            headers = [_field(line) for line in self._lines.split("\r\n")[:-1]]
            self._headers = headers
        return headers

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``, normal form (:func:`.address.split_url`): the key of a pool."""
        return self._origin or self._split()[0]

    @property
    def target(self) -> str:
        """Path and query, as the request line has them."""
        return self._target or self._split()[1]

    def _split(self) -> tuple[str, str]:
        from .address import split_url

        try:
            self._origin, self._target = place = split_url(self.url)
        except ValueError as error:
            raise TransportError(str(error), "connecting", permanent=True) from None
        return place

    def head(self, target: str | None = None, more: str = "") -> bytes:
        """Request line, Host, fields and the empty line of an HTTP/1.1 request.

        ``target`` stands in place of path and query (the absolute form, for a proxy); ``more`` are
        further fields, each line with its CRLF.
        """
        lines = self._lines
        if self._host and self._headers is None:
            text = (
                f"{self.method} {target or self._target} HTTP/1.1\r\nHost: {self._host}\r\n{lines}"
            )
            return f"{text}{more}\r\n".encode("latin-1")
        if self._headers is not None:
            lines = "".join([f"{name}: {value}\r\n" for name, value in self._headers])
        target = target or self.target
        if "\nhost:" not in f"\n{lines}".lower():
            host = self.origin.partition("://")[2]
            lines = f"Host: {host}\r\n{lines}"
        return f"{self.method} {target} HTTP/1.1\r\n{lines}{more}\r\n".encode("latin-1")

    def blocks(self) -> Iterator[bytes]:
        """The body, to be sent block by block."""
        return iter(()) if self.body is None else self.body.blocks()

    def ablocks(self) -> AsyncIterator[bytes]:
        """The body, for an async transport."""
        assert self.body is not None
        return self.body.ablocks()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


class TransportError(Exception):
    """Sending or reading failed; ``limit`` is set when time ran out."""

    head: Head | None = None
    """Of the answer that broke off; set by whoever read it."""
    content: bytes = b""
    """What had come of its body."""

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
