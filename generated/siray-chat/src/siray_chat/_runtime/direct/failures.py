"""The errors of a connection, as TransportError."""

from __future__ import annotations

from os import strerror

from ..transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..timeouts import Budget, LimitName
    from ..transport import Phase
    from .routes import Route


class UnsentError(Exception):
    """A connection that had rested was lost before any byte of the request was written."""


def overdue(budget: Budget, phase: Phase) -> TransportError:
    """The deadline of the call was found to have passed."""
    limit, seconds = budget.blame("total")
    return TransportError("the deadline has passed", phase, limit=limit, seconds=seconds)


def timed_out(budget: Budget, limit: LimitName, phase: Phase) -> TransportError:
    """An operation bounded by ``limit``, and by the deadline of the call, took too long."""
    blamed, seconds = budget.blame(limit)
    return TransportError("timed out", phase, limit=blamed, seconds=seconds)


def broken(error: OSError, phase: Phase) -> TransportError:
    """The system says that something is wrong."""
    text = error.strerror or str(error) or type(error).__name__
    if isinstance(error.errno, int) and error.errno > 0:
        # The words of Python's own errors repeat numbers.
        text = strerror(error.errno)
    return TransportError(text, phase)


def not_reached(error: TransportError, route: Route) -> TransportError:
    """Why nothing was connected to; it is told when that was not the server, but a proxy."""
    if route.proxy is None:
        return error
    text = f"proxy {route.proxy.shown}: {error}"
    return TransportError(text, error.phase, permanent=error.permanent)


def closed(phase: Phase = "connecting") -> TransportError:
    """The transport has been closed, before the call or during it."""
    return TransportError("the client has been closed", phase, permanent=True)
