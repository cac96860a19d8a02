"""Transports whose answers come from a function: no socket, no event loop and no thread of their own.

The function is given method, URL, header fields and body, and returns a reply of the package's
fixtures (``testing/_engine/exchanges.py``), whose steps are blocks of the body, pauses, and cuts.
A reply with a ``failure`` is something wrong in the test itself: it is raised as it is, so that
neither the client nor whoever catches its errors takes it for one of the server.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .direct.failures import closed, overdue, timed_out
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol, TypeAlias

    from .timeouts import Budget
    from .transport import Phase, PreparedRequest

    class Reply(Protocol):
        """An answer. A status of 0 is none: the connection is lost before it begins."""

        @property
        def status(self) -> int: ...
        @property
        def headers(self) -> tuple[tuple[str, str], ...]: ...
        @property
        def steps(self) -> Iterable[Any]: ...
        @property
        def delay(self) -> float: ...
        @property
        def failure(self) -> BaseException | None: ...

    Respond: TypeAlias = Callable[[str, str, list[tuple[str, str]], bytes], Reply]


class ReplayTransport:
    """Implements SyncTransport; give it to a client as ``http_client``."""

    __slots__ = ("__weakref__", "_closed", "_respond")

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._closed = False

    def send(self, request: PreparedRequest, budget: Budget) -> ReplayedExchange:
        """The answer to a request. Raises TransportError, and what is wrong in the test."""
        _check(self._closed, budget)
        body = b"".join(request.blocks())
        reply = _reply(self._respond, request, body)
        if reply.delay:
            _pause(reply.delay, budget, "waiting")
        return ReplayedExchange(request, reply, budget)

    def close(self) -> None:
        """Refuse further use."""
        self._closed = True


class ReplayedExchange:
    """Implements Exchange."""

    __slots__ = ("__weakref__", "_budget", "_steps", "headers", "status")

    def __init__(self, request: PreparedRequest, reply: Reply, budget: Budget) -> None:
        self.status: int = reply.status
        self.headers: list[tuple[str, str]] = list(reply.headers)
        self._budget = budget
        self._steps = _steps(request, reply)

    def whole(self) -> bytes | None:
        """None: the body comes as it was recorded."""
        return None

    def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        if self._budget.expired():
            raise overdue(self._budget, "reading")
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            _pause(_seconds(step, self._budget), self._budget, "reading")
        return b""

    def close(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nothing is held."""


class AsyncReplayTransport:
    """Implements AsyncTransport; give it to a client as ``http_client``."""

    __slots__ = ("__weakref__", "_closed", "_respond")

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._closed = False

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncReplayedExchange:
        """The answer to a request. Raises TransportError, and what is wrong in the test."""
        _check(self._closed, budget)
        body = b"" if request.body is None else b"".join([b async for b in request.ablocks()])
        reply = _reply(self._respond, request, body)
        if reply.delay:
            await _apause(reply.delay, budget, "waiting")
        return AsyncReplayedExchange(request, reply, budget)

    async def close(self) -> None:
        """Refuse further use."""
        self._closed = True


class AsyncReplayedExchange:
    """Implements AsyncExchange."""

    __slots__ = ("__weakref__", "_budget", "_steps", "headers", "status")

    def __init__(self, request: PreparedRequest, reply: Reply, budget: Budget) -> None:
        self.status: int = reply.status
        self.headers: list[tuple[str, str]] = list(reply.headers)
        self._budget = budget
        self._steps = _steps(request, reply)

    def whole(self) -> bytes | None:
        """None: the body comes as it was recorded."""
        return None

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        if self._budget.expired():
            raise overdue(self._budget, "reading")
        # As from a network: whoever else is waiting gets a turn between two blocks.
        await asyncio.sleep(0)
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            await _apause(_seconds(step, self._budget), self._budget, "reading")
        return b""

    async def close(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nothing is held."""


def _check(is_closed: bool, budget: Budget) -> None:
    if is_closed:
        raise closed()
    if budget.expired():
        raise overdue(budget, "connecting")


def _reply(respond: Respond, request: PreparedRequest, body: bytes) -> Reply:
    reply = respond(request.method, request.url, request.headers, body)
    if reply.failure is not None:
        raise reply.failure
    if reply.status == 0:
        raise TransportError("the connection was lost before the answer began", "waiting")
    return reply


def _steps(request: PreparedRequest, reply: Reply) -> Iterator[Any]:
    has_body = request.method != "HEAD" and reply.status not in (204, 304)
    return iter(reply.steps if has_body else ())


def _seconds(step: Any, budget: Budget) -> float:
    """How long to wait. Raises TransportError where the answer breaks off."""
    seconds: float | None = getattr(step, "seconds", None)
    if seconds is not None:
        return seconds
    if getattr(step, "is_timeout", False):
        # Nobody waits for a recorded timeout to come about once more.
        raise timed_out(budget, "read", "reading")
    raise TransportError("the connection was lost before the answer ended", "reading")


def _wait(seconds: float, budget: Budget) -> tuple[float, bool]:
    """How long to wait in fact, and whether that is too short."""
    limits = [n for n in (budget.timeout.read, budget.remaining()) if n is not None]
    least = min(limits, default=seconds)
    return max(0.0, min(seconds, least)), least < seconds


def _pause(seconds: float, budget: Budget, phase: Phase) -> None:
    length, is_short = _wait(seconds, budget)
    time.sleep(length)
    if is_short:
        raise timed_out(budget, "read", phase)


async def _apause(seconds: float, budget: Budget, phase: Phase) -> None:
    length, is_short = _wait(seconds, budget)
    await asyncio.sleep(length)
    if is_short:
        raise timed_out(budget, "read", phase)
