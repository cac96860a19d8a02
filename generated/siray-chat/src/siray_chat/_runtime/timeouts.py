"""Limits of time: ``Timeout`` is what the caller says, ``Budget`` watches over one call."""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    LimitName = Literal[
        "connect", "read", "write", "pool", "total", "first_event", "between_events"
    ]

_FIELDS = ("connect", "read", "write", "pool", "total", "first_event", "between_events")


FOR_EVER = 1e6
"""Seconds; what is longer counts as no limit."""


class Timeout:
    """How long each part of a call may take, in seconds; None means without limit.

    ``connect``: until the connection stands, TLS included. ``read`` and ``write``: until some bytes
    move. ``pool``: until a connection is free. ``total``: the call from start to end, over all
    attempts. For streams also ``first_event``, from the start of the call, and ``between_events``,
    both counted only while the caller waits; comments of a server do not prolong them.

    A plain number ``n`` given for a timeout means: nothing may take longer than ``n``. That is
    ``total=n`` for a plain answer, ``first_event=n`` and ``between_events=n`` for a stream.
    """

    __slots__ = (
        "between_events",
        "connect",
        "first_event",
        "plain",
        "pool",
        "read",
        "total",
        "write",
    )

    def __init__(
        self,
        *,
        connect: float | None = 5.0,
        read: float | None = 600.0,
        write: float | None = 600.0,
        pool: float | None = 600.0,
        total: float | None = None,
        first_event: float | None = None,
        between_events: float | None = None,
    ) -> None:
        self.plain: bool = False
        self.connect: float | None = _checked("connect", connect)
        self.read: float | None = _checked("read", read)
        self.write: float | None = _checked("write", write)
        self.pool: float | None = _checked("pool", pool)
        self.total: float | None = _checked("total", total)
        self.first_event: float | None = _checked("first_event", first_event)
        self.between_events: float | None = _checked("between_events", between_events)

    @classmethod
    def of(cls, value: Timeout | float | None) -> Timeout:
        """A Timeout from what callers may write: one, a number of seconds, or None for the defaults."""
        if value is None:
            return _DEFAULT
        if isinstance(value, Timeout):
            return value
        n = _checked("timeout", value)
        assert n is not None
        timeout = cls(
            connect=min(5.0, n),
            read=n,
            write=n,
            pool=n,
            total=n,
            first_event=n,
            between_events=n,
        )
        timeout.plain = True
        return timeout

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timeout) and all(
            getattr(self, name) == getattr(other, name) for name in (*_FIELDS, "plain")
        )

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _FIELDS))

    def __repr__(self) -> str:
        return f"Timeout({', '.join(f'{name}={getattr(self, name)!r}' for name in _FIELDS)})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (tuple(getattr(self, name) for name in _FIELDS), self.plain))


def _restore(values: tuple[float | None, ...], number: bool) -> Timeout:
    timeout = Timeout(**dict(zip(_FIELDS, values, strict=True)))
    timeout.plain = number
    return timeout


def _checked(name: str, given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        from .errors import ConfigurationError

        raise ConfigurationError(
            f"{name} must be a positive number of seconds or None, not {given!r}"
        )
    return float(given) if given < FOR_EVER else None


_DEFAULT = Timeout()


class Budget:
    """The limits of one call as they stand now; the clock is ``time.monotonic``."""

    __slots__ = ("_paused", "_total_at", "deadline", "limit", "seconds", "started", "timeout")

    def __init__(self, timeout: Timeout, *, stream: bool) -> None:
        self.timeout: Timeout = timeout
        self.started: float = monotonic()
        self._total_at: float | None = None
        self.deadline: float | None = None
        """When the nearest limit over several operations runs out, or None."""
        self.limit: LimitName = "total"
        self.seconds: float | None = None
        total = timeout.total
        if total is not None and not (stream and timeout.plain):
            self._total_at = self.deadline = self.started + total
            self.seconds = total
        self._paused: float | None = None
        if stream:
            self._tighten("first_event", timeout.first_event, self.started)

    def _tighten(self, limit: LimitName, seconds: float | None, start: float) -> None:
        if seconds is not None and (self._total_at is None or start + seconds < self._total_at):
            self.deadline = start + seconds
            self.limit = limit
            self.seconds = seconds
        else:
            self.deadline = self._total_at
            self.limit = "total"
            self.seconds = self.timeout.total

    def await_event(self) -> None:
        """From now on the next event of a stream (not the first) is waited for."""
        if self.timeout.between_events is not None or self.limit != "total":
            self._tighten("between_events", self.timeout.between_events, monotonic())

    def pause(self) -> None:
        """The caller has the stream now, and may take its time before asking for the first event."""
        if self.limit == "first_event" and self.deadline is not None:
            self._paused = self.deadline - monotonic()

    def resume(self) -> None:
        """The caller asks for the first event."""
        if self._paused is not None:
            self._tighten("first_event", self._paused, monotonic())
            self.seconds = self.timeout.first_event if self.limit == "first_event" else self.seconds
            self._paused = None

    def allow(self, seconds: float) -> None:
        """Give what follows this many seconds, whatever stood before (to drain a finished answer)."""
        self.deadline = monotonic() + seconds

    def shorten(self, seconds: float) -> float | None:
        """Allow no more than this for what follows, until ``restore`` gets what this returns."""
        before = self.deadline
        nearer = monotonic() + seconds
        if before is None or nearer < before:
            self.deadline = nearer
        return before

    def restore(self, deadline: float | None) -> None:
        """What stood before ``shorten`` stands again."""
        self.deadline = deadline

    def remaining(self) -> float | None:
        """Seconds until the deadline (not above zero when it has passed), or None without one."""
        return None if self.deadline is None else self.deadline - monotonic()

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and monotonic() >= self.deadline

    def blame(self, limit: LimitName) -> tuple[LimitName, float | None]:
        """Which limit ran out, when an operation bounded by ``limit`` timed out just now."""
        # Clocks of the system and of the event loop differ by their granularity.
        if self.deadline is not None and monotonic() >= self.deadline - 0.02:
            return self.limit, self.seconds
        return limit, getattr(self.timeout, limit)
