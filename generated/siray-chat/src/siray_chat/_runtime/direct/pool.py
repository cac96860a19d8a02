"""Which connections there are, which of them are idle, and who waits for one; without I/O.

Connections are kept by the key of their route. The one that rested least is used first, so that the
others grow old and are closed. Nothing here waits or closes: what has to be closed is left in
``surplus``, and a ``Waiter`` is told to look again. A pool is used under the lock of its owner, but
for ``forget``, which finalizers may call at any time. An exception that a signal handler raises
within a method leaves the pool in order: each changes it in one step, or in steps that may be missing.
The sync transport's; in an event loop nothing is concurrent, and :mod:`.async_pool` is made for that.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONNECTIONS = 1000
MAX_IDLE = 100
IDLE_SECONDS = 30.0
"""How long an idle connection is kept. Servers and balancers drop theirs after 60 s or more."""


class Pooled(Protocol):
    """What a pool wants to know of a connection."""

    key: str
    """Of its route; connections of equal key can take each other's place."""
    idle_since: float
    """Set by the pool, by the clock of its caller."""


C = TypeVar("C", bound=Pooled)


class Waiter(Generic[C]):
    """One who waits for a connection; ``wake`` is called when there may be one, from any thread."""

    __slots__ = ("given", "key", "wake")

    def __init__(self, key: str, wake: Callable[[], object]) -> None:
        self.key: str = key
        self.wake: Callable[[], object] = wake
        self.given: C | None = None
        """A connection that became free, for this waiter alone."""


class Pool(Generic[C]):
    """Bookkeeping of connections.

    Args:
        max_connections: How many there may be, idle ones and those being opened included.
        max_idle: How many may be idle.
        idle_seconds: After how long an idle one is closed.
    """

    __slots__ = (
        "_idle",
        "_idle_seconds",
        "_max_connections",
        "_max_idle",
        "_next_expiry",
        "_waiters",
        "members",
        "surplus",
    )

    def __init__(
        self,
        max_connections: int = MAX_CONNECTIONS,
        max_idle: int = MAX_IDLE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._max_connections = max_connections
        self._max_idle = max_idle
        self._idle_seconds = idle_seconds
        self._idle: dict[str, list[C]] = {}
        """Each list from the one that rests longest."""
        self._next_expiry = 0.0
        self._waiters: list[Waiter[C]] = []
        self.members: dict[int, Callable[[], C | None]] = {}
        """By its number every connection there is, or is being opened: weak references."""
        self.surplus: list[C] = []
        """Connections that the owner is to close, and to forget, once it holds no lock."""

    @property
    def idle_count(self) -> int:
        """How many connections are idle."""
        return sum(map(len, self._idle.values()))

    @property
    def waiting_count(self) -> int:
        """How many wait for a connection."""
        return len(self._waiters)

    def take(self, key: str, now: float) -> C | None:
        """An idle connection for a route, which is in use from now on; None where there is none."""
        if now >= self._next_expiry:
            self.expire(now)
        resting = self._idle.get(key)
        return resting.pop() if resting else None

    def reserve(
        self, number: int, member: Callable[[], C | None], waiter: Waiter[C] | None = None
    ) -> bool:
        """Whether a connection may be opened; if so, ``member`` counts as one until it is forgotten.

        Who comes while others wait waits behind them. At the limit the connection that rests longest
        makes room.
        """
        waiters = self._waiters
        if waiters and waiters[0] is not waiter:
            return False
        if len(self.members) >= self._max_connections:
            if not self._evict():
                return False
        self.members[number] = member
        return True

    def put(self, connection: C, now: float) -> None:
        """A connection in use is idle from now on, or goes to the first who waits."""
        connection.idle_since = now
        waiters = self._waiters
        if waiters:
            waiter = waiters[0]
            if waiter.key == connection.key:
                try:
                    waiter.given = connection
                    del waiters[0]
                finally:
                    waiter.wake()
            else:
                # Closing it makes room.
                self.surplus.append(connection)
            return
        if now >= self._next_expiry:
            self.expire(now)
        idle = self._idle
        resting = idle.get(connection.key)
        if resting is None:
            idle[connection.key] = resting = [connection]
        else:
            resting.append(connection)
        if (len(resting) if len(idle) == 1 else self.idle_count) > self._max_idle:
            self._evict()

    def forget(self, number: int) -> None:
        """A connection is closed, or was never opened. Takes no lock; a second time does nothing."""
        self.members.pop(number, None)
        waiters = self._waiters
        if waiters:
            try:
                waiters[0].wake()
            except IndexError:
                pass

    def queue(self, waiter: Waiter[C]) -> None:
        """Wait: until ``given`` is set, or ``take`` or ``reserve`` succeeds after a call of ``wake``."""
        self._waiters.append(waiter)

    def leave(self, waiter: Waiter[C], now: float) -> None:
        """Wait no more, for whatever reason. What was given and not used goes to somebody else."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        given, waiter.given = waiter.given, None
        if given is not None:
            self.put(given, now)
        elif self._waiters:
            # There may be room for the next one too.
            self._waiters[0].wake()

    def expire(self, now: float) -> None:
        """Take out what has been idle for too long."""
        limit = now - self._idle_seconds
        oldest = now
        for key, resting in list(self._idle.items()):
            while resting and resting[0].idle_since <= limit:
                self.surplus.append(resting.pop(0))
            if not resting:
                del self._idle[key]
            elif resting[0].idle_since < oldest:
                oldest = resting[0].idle_since
        self._next_expiry = oldest + self._idle_seconds

    def clear(self) -> None:
        """Take out everything that is idle."""
        while self._idle:
            self.surplus += self._idle.popitem()[1]

    def wake_all(self) -> None:
        """Everybody who waits is to look again."""
        for waiter in self._waiters:
            waiter.wake()

    def _evict(self) -> bool:
        """Take out the connection that has been idle for longest, if there is one."""
        lists = [resting for resting in self._idle.values() if resting]
        if not lists:
            return False
        connection = min(lists, key=lambda resting: resting[0].idle_since).pop(0)
        self.surplus.append(connection)
        self.members.pop(id(connection), None)
        return True
