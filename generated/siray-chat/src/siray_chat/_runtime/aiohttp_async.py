"""The async transport over an aiohttp ``ClientSession`` of the caller.

Connections, proxies, TLS, cookies and the session's own headers are the session's. Redirects,
content codings, status codes and limits of time are ours: the session's settings for them are
overruled for each request. What the session keeps to itself: it repeats an idempotent request once
when the connection is lost before the answer, and writes methods in capitals.

A failure counts as ``connecting`` only where aiohttp raises one of the errors that it has for that,
or times out while it still looks for a connection; everything else may have reached the server.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING, Any

from .direct.failures import overdue
from .errors import ConfigurationError
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .timeouts import Budget, LimitName
    from .transport import Phase, PreparedRequest

_BLOCK = 64 * 1024
_GRACE = 0.05
"""Seconds after the deadline, for the session to notice it by itself."""
_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_CONNECTING = (
    "ClientConnectorError",
    "ClientHttpProxyError",
    "ConnectionTimeoutError",
    "ServerFingerprintMismatch",
)

_GLANCE = 0.5
"""Seconds between looks whether there is still a connection to wait for."""

_open: set[Any] = set()
"""Answers being read. aiohttp complains about those that the garbage collector finds first."""


class AiohttpTransport:
    """Implements AsyncTransport."""

    __slots__ = ("_library", "_session", "_url")

    def __init__(self, session: object) -> None:
        library: Any = sys.modules.get("aiohttp")
        if library is None or not isinstance(session, library.ClientSession):
            kind = type(session)
            raise ConfigurationError(
                "http_client must be an aiohttp.ClientSession,"
                f" not {kind.__module__}.{kind.__qualname__}"
            )
        self._library = library
        self._url: Any = sys.modules["yarl"].URL  # which aiohttp has imported
        self._session: Any = session

    async def send(self, request: PreparedRequest, budget: Budget) -> AiohttpExchange:
        """Send, and wait for the head. Raises TransportError."""
        session = self._session
        if session.closed:
            raise TransportError("the client has been closed", "connecting", permanent=True)
        if getattr(session, "_loop", None) not in (None, asyncio.get_running_loop()):
            raise TransportError(
                "the aiohttp session belongs to another event loop", "connecting", permanent=True
            )
        if budget.expired():
            raise overdue(budget, "connecting")
        progress = _Progress(request, budget)
        try:
            remaining = budget.remaining()
            # The session's own limits go off first: they know what it was waiting for.
            late = None if remaining is None else remaining + _GRACE
            async with asyncio.timeout(late) as progress.timer:
                response = await session.request(
                    request.method,
                    self._url(request.url, encoded=True),
                    headers=[field for field in request.headers if field[0] != "Transfer-Encoding"],
                    data=progress.data(),
                    skip_auto_headers=_AUTOMATIC,
                    allow_redirects=False,
                    raise_for_status=False,
                    auto_decompress=False,
                    timeout=self._limits(budget),
                    middlewares=(*getattr(session, "_middlewares", ()), progress.watch),
                )
        except Exception as error:
            body = request.body
            if body is not None and body.failure is not None:
                # What the caller's own iterator raised; aiohttp has wrapped it.
                raise body.failure from None
            # aiohttp's messages hold the URL, and the URL may hold a key.
            cause = None if "?" in request.url else error
            raise _failure(error, progress.phase, budget, progress) from cause
        finally:
            progress.timer = None
        return AiohttpExchange(response, budget)

    def _limits(self, budget: Budget) -> Any:
        """Those for finding a connection; the rest is timed here."""
        timeout = budget.timeout
        remaining = budget.remaining()
        return self._library.ClientTimeout(
            total=None,
            # This one counts from the wait for a free connection until there is a new one.
            connect=_soonest(timeout.pool, remaining),
            sock_connect=_soonest(timeout.connect, remaining),
            ceil_threshold=float("inf"),
        )

    async def close(self) -> None:
        """Do nothing: the session is the caller's, and stays open."""


class _Progress:
    """How far a request got, and the limit for what it is doing now."""

    __slots__ = ("_budget", "_request", "limit", "phase", "started", "timer")

    def __init__(self, request: PreparedRequest, budget: Budget) -> None:
        self._request = request
        self._budget = budget
        self.phase: Phase = "connecting"
        self.limit: LimitName = "total"
        """What the timer stands for now."""
        self.started = monotonic()
        self.timer: asyncio.Timeout | None = None

    async def watch(self, request: Any, handler: Any) -> Any:
        """A middleware of aiohttp: notes when there is a connection and the request is sent."""
        send = request.send

        async def noted_send(connection: Any) -> Any:
            if self._is_streamed():
                self._enter("sending", "write")
            else:
                self._enter("waiting", "read")
            return await send(connection)

        request.send = noted_send
        return await handler(request)

    def _is_streamed(self) -> bool:
        body = self._request.body
        return body is not None and (body.content is None or len(body.content) > _BLOCK)

    def data(self) -> bytes | AsyncIterator[bytes] | None:
        """The body as aiohttp takes it; a large one in blocks, between which others have their turn."""
        body = self._request.body
        if body is None or not self._is_streamed():
            return None if body is None else body.content
        return self._blocks()

    async def _blocks(self) -> AsyncIterator[bytes]:
        body = self._request.body
        if body is not None and body.content is not None:
            for start in range(0, len(body.content), _BLOCK):
                self._enter("sending", "write")
                yield body.content[start : start + _BLOCK]
        else:
            blocks: Any = self._request.ablocks()
            async with aclosing(blocks):
                # The caller may take their time over a block.
                self._enter("sending", "total")
                block: bytes
                async for block in blocks:
                    self._enter("sending", "write")
                    yield block
                    self._enter("sending", "total")
        self._enter("waiting", "read")

    def _enter(self, phase: Phase, limit: LimitName) -> None:
        self.phase, self.limit = phase, limit
        timer = self.timer
        if timer is None or timer.expired():
            return
        timeout = self._budget.timeout
        seconds = {"write": timeout.write, "read": timeout.read}.get(limit)
        left = _soonest(seconds, self._budget.remaining())
        timer.reschedule(None if left is None else asyncio.get_running_loop().time() + left)


class AiohttpExchange:
    """Implements AsyncExchange."""

    __slots__ = ("__weakref__", "_budget", "_content", "_loop", "_response", "headers", "status")

    def __init__(self, response: Any, budget: Budget) -> None:
        self.status: int = response.status
        self.headers: list[tuple[bytes, bytes]] = list(response.raw_headers)
        self._response = response
        self._content = response.content
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        if response.connection is not None:
            _open.add(response)

    def whole(self) -> bytes | None:
        """The body, where all of it has come; then the connection is free again."""
        content = self._content
        if not content.is_eof() or content.exception() is not None:
            return None
        data: bytes = content.read_nowait(-1)
        _open.discard(self._response)
        return data

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        content, budget = self._content, self._budget
        if budget.deadline is not None and budget.expired():
            raise overdue(budget, "reading")
        try:
            block = self._buffered()
            if not block and not content.at_eof():
                block = await self._wait()
        except TransportError:
            raise
        except Exception as error:
            raise _failure(error, "reading", budget) from error
        if not block:
            _open.discard(self._response)
        return block

    def _buffered(self) -> bytes:
        """What has come already."""
        content = self._content
        if content.exception() is not None and hasattr(content, "_read_nowait"):
            # What came before the failure is worth having, but read_nowait() raises at once.
            block: bytes = content._read_nowait(-1)
            return block
        block = content.read_nowait(-1)
        return block

    async def _wait(self) -> bytes:
        limit = _soonest(self._budget.timeout.read, self._budget.remaining())
        until = None if limit is None else monotonic() + limit
        while True:
            left = None if until is None else until - monotonic()
            try:
                async with asyncio.timeout(_soonest(left, _GLANCE)):
                    # Empty in the middle where a chunk has ended without data.
                    while True:
                        block: bytes = await self._content.readany()
                        if block or self._content.at_eof():
                            return block
            except TimeoutError:
                if until is not None and monotonic() >= until - 0.001:
                    raise
                self._check_connection()

    def _check_connection(self) -> None:
        """A malformed chunk makes aiohttp close the connection without a word to who reads."""
        connection = self._response.connection
        protocol = getattr(connection, "protocol", None)
        if connection is None or (protocol is not None and not protocol.is_connected()):
            if not self._content.is_eof() and self._content.exception() is None:
                raise TransportError("the connection was closed in the answer", "reading")

    async def close(self) -> None:
        """Release the connection."""
        self._shut()

    def abandon(self) -> None:
        """Close as soon as the event loop comes round to it."""
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._shut)
                return
            except RuntimeError:
                pass
        _open.discard(self._response)

    def _shut(self) -> None:
        _open.discard(self._response)
        try:
            if self._content.at_eof() and self._content.exception() is None:
                self._response.release()
            else:
                self._response.close()
        except Exception:
            # It is of no use any more, and closing must not hide what went before.
            pass


def _failure(
    error: BaseException, phase: Phase, budget: Budget, progress: _Progress | None = None
) -> TransportError:
    """Our error for one of aiohttp, by the names of its classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(getattr(error, "message", None) or error) or type(error).__name__
    if names & set(_CONNECTING):
        phase = "connecting"
    elif phase == "connecting" and not isinstance(error, ValueError) and not _by_timer(progress):
        # From a mock, or from something between us and the session: it may be any phase.
        phase = "waiting"
    if isinstance(error, TimeoutError):
        name: LimitName = "read"
        if "ConnectionTimeoutError" in names and progress is not None:
            text, name = "no connection in time", "connect"
            pool = budget.timeout.pool
            if pool is not None and monotonic() - progress.started >= pool - 0.02:
                name = "pool"
        elif progress is not None:
            name = progress.limit
        limit, seconds = budget.blame(name)
        return TransportError(text, phase, limit=limit, seconds=seconds)
    if names & {"InvalidURL", "NonHttpUrlClientError"} or isinstance(
        error, (ValueError, TypeError)
    ):
        return TransportError(text, "connecting", permanent=True)
    if isinstance(error, RuntimeError) and "closed" in text:
        return TransportError("the client has been closed", "connecting", permanent=True)
    return TransportError(text, phase)


def _by_timer(progress: _Progress | None) -> bool:
    return progress is not None and progress.timer is not None and progress.timer.expired()


def _soonest(*limits: float | None) -> float | None:
    """The smallest of some limits in seconds; None is none."""
    return min((limit for limit in limits if limit is not None), default=None)
