"""Functions that are told what the client does. One that raises is logged and changes nothing.

Each is called with one event. An ``async def`` is run as a task of the event loop, beside the call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .errors import SDKError
    from .headers import Headers


class Hooks:
    """``Hooks(request=..., response=..., retry=..., warning=..., end=...)``; sync and async client alike."""

    __slots__ = ("end", "request", "response", "retry", "warning")

    def __init__(
        self,
        *,
        request: Callable[[RequestEvent], object] | None = None,
        response: Callable[[ResponseEvent], object] | None = None,
        retry: Callable[[RetryEvent], object] | None = None,
        warning: Callable[[WarningEvent], object] | None = None,
        end: Callable[[EndEvent], object] | None = None,
    ) -> None:
        self.request: Callable[[RequestEvent], object] | None = request
        self.response: Callable[[ResponseEvent], object] | None = response
        self.retry: Callable[[RetryEvent], object] | None = retry
        self.warning: Callable[[WarningEvent], object] | None = warning
        self.end: Callable[[EndEvent], object] | None = end

    def observer(self, call: Any) -> Any:
        """Who else is told of a call (:class:`.watching.Observer`): for telemetry, which needs more."""
        return None


class RequestEvent:
    """A request is about to be sent; credentials in ``headers`` and ``url`` are replaced by ``***``.

    One for each attempt, and for each redirect that is followed.
    """

    __slots__ = ("attempt", "headers", "method", "operation_id", "url")

    def __init__(
        self, operation_id: str, method: str, url: str, headers: Headers, attempt: int
    ) -> None:
        self.operation_id = operation_id
        self.method = method
        self.url = url
        self.headers = headers
        self.attempt = attempt
        """1 for the first."""


class ResponseEvent:
    """The head of an answer arrived."""

    __slots__ = ("attempt", "elapsed", "headers", "operation_id", "request_id", "status_code")

    def __init__(
        self,
        operation_id: str,
        status_code: int,
        headers: Headers,
        request_id: str | None,
        elapsed: float,
        attempt: int,
    ) -> None:
        self.operation_id = operation_id
        self.status_code = status_code
        self.headers = headers
        self.request_id = request_id
        self.elapsed = elapsed
        """Seconds since the call began."""
        self.attempt = attempt


class RetryEvent:
    """An attempt failed and another follows after ``delay`` seconds."""

    __slots__ = ("attempt", "delay", "error", "operation_id")

    def __init__(self, operation_id: str, error: SDKError, delay: float, attempt: int) -> None:
        self.operation_id = operation_id
        self.error = error
        self.delay = delay
        self.attempt = attempt
        """The number of the attempt that failed."""


class WarningEvent:
    """An answer did not match the document and was used all the same."""

    __slots__ = ("message", "notes", "operation_id", "request_id")

    def __init__(
        self, operation_id: str, message: str, notes: tuple[str, ...], request_id: str | None
    ) -> None:
        self.operation_id = operation_id
        self.message = message
        self.notes = notes
        self.request_id = request_id


class EndEvent:
    """A call is over: its answer was read, it failed for good, or its stream was read or closed."""

    __slots__ = (
        "attempts",
        "elapsed",
        "error",
        "items",
        "operation_id",
        "request_id",
        "status_code",
    )

    def __init__(
        self,
        operation_id: str,
        elapsed: float,
        attempts: int,
        status_code: int | None,
        request_id: str | None,
        error: BaseException | None,
        items: int | None,
    ) -> None:
        self.operation_id = operation_id
        self.elapsed = elapsed
        """Seconds since the call began."""
        self.attempts = attempts
        self.status_code = status_code
        """That of the last answer; None where none came."""
        self.request_id = request_id
        self.error = error
        """What the caller got in place of an answer: an error of ours, or a cancellation."""
        self.items = items
        """How many items of a stream were handed out; None where the answer is no stream."""
