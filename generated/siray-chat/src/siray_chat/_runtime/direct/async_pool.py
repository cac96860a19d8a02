"""The connections of one event loop: which are idle, who waits, and when another one is opened.

Everything here runs in the loop, so there are no locks, and each operation takes the same time
however many connections there are.

Many calls at once do not all open a connection at once: beyond ``MAX_OPENING`` they wait in line, and
take connections that become free. Every few milliseconds it is looked at whether the line moves fast
enough; if it does not, more of them open theirs, twice as many each time. A thousand short calls are
so served by less than a hundred connections, and by the same again if there are a thousand more; a
thousand long ones open one each within some fifty milliseconds.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from .failures import closed, timed_out
from .pool import IDLE_SECONDS, MAX_CONNECTIONS, MAX_IDLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import TypeAlias

    from ..timeouts import Budget
    from .addresses import Address
    from .async_connection import Connection
    from .routes import Route

    Waiter: TypeAlias = asyncio.Future[Connection | None]
    """Given a connection, or None: leave to open one, already counted."""

MAX_OPENING = 64
"""Connections to one server that are being opened, or were idle until a moment ago, at the same time,
as long as the line moves."""
_TICK = 0.01
"""Seconds between two looks at the line."""
_PATIENCE = 20
"""A line that would be served within so many ticks by connections becoming free is left to that."""
_BUSY = 5
"""So many looks may come late, as the loop has other things to do, before one counts all the same."""


_READ = 256 * 1024
"""Bytes that are read at once."""
_NEVER = float("inf")
forks: int = 0
"""How many times this process has been forked from another."""


def _count_fork() -> None:
    global forks
    forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class Lane:
    """The connections of one route, and the line of those who wait for one."""

    __slots__ = (
        "allowed",
        "fresh",
        "fresh_until",
        "idle",
        "moved",
        "opening",
        "patience",
        "route",
        "waiters",
    )

    def __init__(self, route: Route) -> None:
        self.route: Route = route
        self.idle: list[Connection] = []
        """The one that rested least comes last, and is used first."""
        self.waiters: deque[tuple[Waiter, float, Budget]] = deque()
        """With the time at which each gives up."""
        self.patience: float = _NEVER
        """When the first of them does."""
        self.opening: int = 0
        self.allowed: int = MAX_OPENING
        """How many may be, those put to use just now included: they will soon be free again, or the
        line does not move."""
        self.fresh: int = 0
        """How many were idle a moment ago and are in use,"""
        self.fresh_until: float = 0.0
        """and when that moment is over."""
        self.moved: int = 0
        """How many connections were opened, or given to a waiter, since the last look."""


class LoopPool:
    """The pool of one event loop."""

    __slots__ = (
        "_due",
        "_guard",
        "_idle",
        "_late",
        "_opening",
        "_sweeper",
        "_ticker",
        "buffer",
        "forks",
        "is_closed",
        "lanes",
        "live",
        "look_ups",
        "loop",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self.is_closed: bool = False
        self.buffer: memoryview = memoryview(bytearray(_READ))
        """What any of the connections has just received."""
        self.forks: int = forks
        self._guard: AsyncGenerator[None, None] | None = None
        self.live: set[Connection] = set()
        """Every connection that is open or being opened."""
        self.lanes: dict[str, Lane] = {}
        """By the keys of their routes."""
        self.look_ups: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}
        """Names that are being looked up."""
        self._idle: dict[Connection, None] = {}
        """All idle connections, from the one that rests longest."""
        self._due = 0.0
        self._late = 0
        self._opening = 0
        """Promised to waiters, and not yet begun."""
        self._ticker: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    def new_lane(self, route: Route) -> Lane:
        """The lane of a route that has none."""
        if len(self.lanes) > MAX_CONNECTIONS:
            self.lanes = {key: lane for key, lane in self.lanes.items() if _is_used(lane)}
        lane = self.lanes[route.key] = Lane(route)
        return lane

    async def guard(self) -> None:
        """Have the loop close the pool when it ends (``shutdown_asyncgens``, as ``asyncio.run`` does)."""
        self._guard = _until_the_end(self)
        await anext(self._guard)

    @property
    def is_reachable(self) -> bool:
        """Whether the loop can still do something: it is not closed, nor that of a parent process."""
        return self.forks == forks and not self.loop.is_closed()

    # -- taking

    def rested(self, lane: Lane) -> Connection | None:
        """An idle connection that seems to be alive, in use from now on."""
        idle = lane.idle
        if not idle:
            return None
        now = monotonic()
        while idle:
            connection = idle.pop()
            del self._idle[connection]
            if now - connection.idle_since < IDLE_SECONDS and not connection.is_stale(now):
                connection.is_idle = False
                connection.is_reused = True
                if now < lane.fresh_until:
                    lane.fresh += 1
                else:
                    lane.fresh = 1
                    lane.fresh_until = now + _TICK
                return connection
            connection.discard()
        return None

    def may_open(self, lane: Lane) -> bool:
        """Whether a connection may be opened now; if so, ``begin`` has to follow at once."""
        if lane.waiters or self.is_closed:
            return False
        started = lane.opening
        if lane.fresh and monotonic() < lane.fresh_until:
            started += lane.fresh
        return started < lane.allowed and self._room()

    def begin(self, lane: Lane, connection: Connection) -> None:
        """A connection is being opened."""
        lane.opening += 1
        self.live.add(connection)

    def opened(self, lane: Lane) -> None:
        """The opening is over, for better or worse; a connection that failed is forgotten besides."""
        lane.opening -= 1
        lane.moved += 1

    async def wait(self, lane: Lane, budget: Budget) -> Connection | None:
        """Wait in line for a connection, or (None) for leave to open one, as ``may_open`` gives it.

        Raises TransportError where the limit for that passes, or the client is closed.
        """
        if self.is_closed:
            raise closed()
        seconds = budget.timeout.pool
        until = _NEVER if seconds is None else monotonic() + seconds
        if budget.deadline is not None and budget.deadline < until:
            until = budget.deadline
        waiter: Waiter = self.loop.create_future()
        lane.waiters.append((waiter, until, budget))
        if until < lane.patience:
            lane.patience = until
        if self._ticker is None:
            self._look_later()
        try:
            given = await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # Given at the moment in which the caller was cancelled.
                self._give_back(waiter.result())
            raise
        if given is None:
            self._opening -= 1
        return given

    def _give_back(self, given: Connection | None) -> None:
        if given is None:
            self._opening -= 1
        else:
            self.put(given)

    # -- giving back

    def put(self, connection: Connection) -> None:
        """The answer on a connection is complete: it goes to the first in line, or rests."""
        if self.is_closed or not connection.parser.is_clean or connection.is_lost:
            connection.discard()
            return
        lane = connection.lane
        connection.idle_since = monotonic()
        waiters = lane.waiters
        while waiters:
            waiter = waiters.popleft()[0]
            if not waiter.done():
                connection.is_reused = True
                lane.moved += 1
                waiter.set_result(connection)
                return
        if lane.fresh:
            lane.fresh -= 1
        if len(self._idle) >= MAX_IDLE:
            self._evict()
        connection.is_idle = True
        lane.idle.append(connection)
        self._idle[connection] = None
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(IDLE_SECONDS, self._sweep)

    def forget(self, connection: Connection) -> None:
        """A connection is closed. A second time does nothing."""
        self.live.discard(connection)
        if connection in self._idle:
            del self._idle[connection]
            connection.lane.idle.remove(connection)

    def _room(self) -> bool:
        """Whether there may be one more; at the limit the one that rests longest makes room."""
        if len(self.live) + self._opening < MAX_CONNECTIONS:
            return True
        if not self._idle:
            return False
        self._evict()
        return True

    def _evict(self) -> None:
        next(iter(self._idle)).discard()

    # -- by the clock

    def _tick(self) -> None:
        """Let those in line open connections, where those that become free are not enough."""
        self._ticker = None
        now = monotonic()
        # More connections do not help where it is this process that has no time.
        self._late = self._late + 1 if now > self._due + _TICK and self._late < _BUSY else 0
        is_waited_for = False
        for lane in self.lanes.values():
            waiters = lane.waiters
            if now >= lane.patience:
                self._give_up(lane, now)
            while waiters and waiters[0][0].done():
                waiters.popleft()
            if not waiters:
                lane.allowed = MAX_OPENING
                continue
            is_waited_for = True
            moved, lane.moved = lane.moved, 0
            if self._late or moved * _PATIENCE >= len(waiters):
                continue
            lane.allowed = min(2 * lane.allowed, MAX_CONNECTIONS)
            started = 0
            while waiters and lane.opening + started < lane.allowed and self._room():
                waiter = waiters.popleft()[0]
                if not waiter.done():
                    self._opening += 1
                    started += 1
                    waiter.set_result(None)
        if is_waited_for:
            self._look_later()

    def _look_later(self) -> None:
        self._due = monotonic() + _TICK
        self._ticker = self.loop.call_later(_TICK, self._tick)

    def _give_up(self, lane: Lane, now: float) -> None:
        """End the waiting of those whose time has passed."""
        lane.patience = _NEVER
        for waiter, until, budget in lane.waiters:
            if waiter.done():
                continue
            if now >= until:
                waiter.set_exception(timed_out(budget, "pool", "connecting"))
            elif until < lane.patience:
                lane.patience = until

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        self._sweeper = None
        now = monotonic()
        while self._idle:
            connection = next(iter(self._idle))
            left = connection.idle_since + IDLE_SECONDS - now
            if left > 0.01:
                self._sweeper = self.loop.call_later(left, self._sweep)
                break
            connection.discard()

    # -- the end

    def close(self) -> None:
        """Close everything; calls that are running end with a TransportError."""
        self.is_closed = True
        for lane in self.lanes.values():
            for waiter, _, _ in lane.waiters:
                if not waiter.done():
                    waiter.set_exception(closed())
            lane.waiters.clear()
        for connection in list(self.live):
            connection.discard(closed("reading" if connection.parser.status else "waiting"))
        self._finish()

    def end(self) -> None:
        """The loop is about to end."""
        if self._guard is not None:
            self._guard = None
            self.close()

    def retire(self) -> None:
        """Nobody has the client any more: close what is idle now, and the others after use."""
        self.is_closed = True
        for connection in list(self._idle):
            connection.discard()
        self._finish()

    def disown(self) -> None:
        """The event loop is closed, or a parent's: let go of the sockets, which it cannot close."""
        self.is_closed = True
        live = list(self.live)
        self.live.clear()
        self._idle.clear()
        self.lanes.clear()
        for connection in live:
            connection.disown()
        self._finish()

    def _finish(self) -> None:
        for handle in (self._ticker, self._sweeper):
            if handle is not None and self.is_reachable:
                handle.cancel()
        self._ticker = self._sweeper = None
        guard, self._guard = self._guard, None
        if guard is not None:
            try:
                guard.aclose().__await__().send(None)
            except StopIteration:
                pass


async def _until_the_end(pool: LoopPool) -> AsyncGenerator[None, None]:
    """Closes the pool when it is itself closed; it awaits nothing then."""
    try:
        yield
    finally:
        pool.end()


def _is_used(lane: Lane) -> bool:
    return bool(lane.idle or lane.waiters or lane.opening)
