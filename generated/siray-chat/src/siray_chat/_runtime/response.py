"""The full answer, as ``client.send(request)`` returns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from .headers import Headers

T = TypeVar("T")


class Response(Generic[T]):
    """An answer with what came around it."""

    __slots__ = ("attempts", "content", "elapsed", "headers", "parsed", "request_id", "status_code")

    def __init__(
        self,
        parsed: T,
        *,
        status_code: int,
        headers: Headers,
        request_id: str | None,
        elapsed: float,
        content: bytes,
        attempts: int,
    ) -> None:
        self.parsed: T = parsed
        """What the operation returns: a model, or the stream."""
        self.status_code: int = status_code
        self.headers: Headers = headers
        self.request_id: str | None = request_id
        self.elapsed: float = elapsed
        """Seconds from the call to the end of the answer (for a stream: to its head)."""
        self.content: bytes = content
        """The body, content codings removed; empty for a stream."""
        self.attempts: int = attempts
        """How many times the request was sent."""

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {type(self.parsed).__name__}>"
