"""What a call asks its client to do: the words between the sans-I/O logic and the two clients.

A call is a generator (:mod:`.call`). It yields one of these, and is sent the result.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeAlias

    from .answers import Head
    from .content_coding import Decompressor
    from .gates import Gate
    from .timeouts import Budget
    from .transport import PreparedRequest

    AnyExchange: TypeAlias = Any
    Steps: TypeAlias = Generator[Any, Any, Any]


class Send:
    """Do: send a request; the result is an exchange."""

    __slots__ = ("budget", "request")

    def __init__(self, request: PreparedRequest, budget: Budget) -> None:
        self.request = request
        self.budget = budget


class Read:
    """Do: read the next block of an exchange."""

    __slots__ = ("exchange",)

    def __init__(self, exchange: AnyExchange) -> None:
        self.exchange = exchange


class Close:
    """Do: close an exchange."""

    __slots__ = ("exchange",)

    def __init__(self, exchange: AnyExchange) -> None:
        self.exchange = exchange


class Sleep:
    """Do: wait."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Resolve:
    """Do: call the caller's function for a credential (and await the result, in an async client)."""

    __slots__ = ("argument", "function")

    def __init__(self, function: Callable[[], object], argument: str) -> None:
        self.function = function
        self.argument = argument


class Acquire:
    """Do: wait for a gate; the result is a function that releases it."""

    __slots__ = ("budget", "gate")

    def __init__(self, gate: Gate, budget: Budget) -> None:
        self.gate = gate
        self.budget = budget


class Opened:
    """An answer to a stream request: an exchange to read events from, or a whole JSON body."""

    __slots__ = ("content", "decompressor", "exchange", "head")

    def __init__(
        self,
        head: Head,
        exchange: AnyExchange | None,
        decompressor: Decompressor | None,
        content: bytes,
    ) -> None:
        self.head: Head = head
        self.exchange: AnyExchange | None = exchange
        self.decompressor: Decompressor | None = decompressor
        self.content: bytes = content
        """The first block read already, or the whole body when ``exchange`` is None."""
