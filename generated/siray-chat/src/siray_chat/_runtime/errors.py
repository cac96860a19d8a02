"""Every error the client raises, one tree::

    SDKError
    ├── ConfigurationError              the client or the call is set up wrongly; nothing was sent
    │   ├── MissingCredentialsError     no key for an operation that needs one
    │   └── InvalidRequestError         (also ValueError) a value cannot become part of a request
    ├── APIConnectionError              no usable answer: ``phase`` says how far the request came
    │   └── APITimeoutError             a limit of ``Timeout`` ran out: ``limit``, ``seconds``
    ├── APIResponseError                the server answered: status_code, headers, request_id, body
    │   ├── APIStatusError              the server reports a failure
    │   │   ├── BadRequestError           400
    │   │   ├── AuthenticationError       401
    │   │   ├── PermissionDeniedError     403
    │   │   ├── NotFoundError             404
    │   │   ├── ConflictError             409
    │   │   ├── UnprocessableEntityError  422
    │   │   ├── RateLimitError            429
    │   │   ├── InternalServerError       500 and above, whatever the number
    │   │   ├── TokenError                the authorization server gives no access token
    │   │   └── StreamServerError         (also StreamError) a failure reported inside a stream
    │   ├── ResponseDecodeError         success, but the body is not what it should be (HTML, cut JSON)
    │   └── ResponseValidationError     JSON that does not match the document (root, or ``strict=True``)
    ├── WebhookError                    (also ValueError) a webhook that came in cannot be read
    ├── PaginationError                 the next page is on another host, or one that was there before
    └── StreamError                     a stream went wrong after it began: ``partial``
        ├── StreamTruncatedError        it ended before its end
        ├── StreamDecodeError           an event that cannot be read
        └── StreamServerError

Decisions:

- Some servers answer 200 with ``{"error": {...}}`` (or ``errors``, or a code with a message). Where
  the required fields of the promised type are absent too, that is a failure: an ``APIStatusError``
  with the real ``status_code`` (200); the class follows a status as ``code`` inside the error where
  there is one, so that ``except RateLimitError`` catches a rate limit reported either way. It is not
  retried.
- An answer that breaks off is an ``APIConnectionError`` (``phase`` reading) that has what is known of
  the answer. One whose framing is whole but whose gzip or JSON lacks its end is a
  ``ResponseDecodeError`` with ``retryable``. Both are sent again where that is safe.
- ``event: error`` or such an object inside a stream is a ``StreamServerError``, caught by both
  ``except APIStatusError`` and ``except StreamError``.
- A limit that runs out in the middle of a stream is an ``APITimeoutError`` (with ``partial``), since
  it says more than "cut"; every other end in the middle is a ``StreamTruncatedError``.

Every error can be pickled, has ``attempts`` (how many times the request was sent) and ``retryable``
(whether sending the same again later may help). No message contains a credential.
"""

from __future__ import annotations

from .headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .transport import Phase


class SDKError(Exception):
    """The root of every error of this client."""

    attempts: int = 0
    """How many times the request was sent."""
    retryable: bool = False
    """Whether the same call may succeed later."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.args, self.__dict__))

    @property
    def message(self) -> str:
        """The text of the error."""
        return str(self.args[0]) if self.args else ""


def _restore(kind: type[SDKError], args: tuple[object, ...], state: dict[str, object]) -> SDKError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(SDKError):
    """The client or the call is set up wrongly; nothing was sent."""


class MissingCredentialsError(ConfigurationError):
    """The operation needs a credential and none was given; names the argument and the variable."""


class InvalidRequestError(ConfigurationError, ValueError):
    """A value cannot become part of a request, as a line break in a header."""


class APIConnectionError(SDKError):
    """No usable answer came back."""

    phase: Phase
    """``connecting``, ``sending``, ``waiting`` (for the head) or ``reading`` (the body)."""
    partial: Any
    """In a stream: what its items folded into until then, else None."""
    status_code: int | None = None
    """That of the answer which broke off; None where not even its head arrived."""
    headers: Headers = Headers()
    """Those of the answer which broke off."""
    request_id: str | None = None
    content: bytes = b""
    """What had arrived of the body of a plain answer, content codings removed."""

    def __init__(self, message: str, phase: Phase = "connecting", partial: Any = None) -> None:
        super().__init__(message)
        self.phase = phase
        self.partial = partial
        self.retryable = True


class APITimeoutError(APIConnectionError):
    """A limit ran out."""

    limit: str
    """Which field of ``Timeout``: connect, read, write, pool, total, first_event, between_events."""
    seconds: float | None
    """Its length."""

    def __init__(
        self,
        message: str,
        phase: Phase = "connecting",
        limit: str = "read",
        seconds: float | None = None,
        partial: Any = None,
    ) -> None:
        super().__init__(message, phase, partial)
        self.limit = limit
        self.seconds = seconds


class APIResponseError(SDKError):
    """The server answered, and the answer is the problem."""

    status_code: int
    headers: Headers
    request_id: str | None
    body: Any
    """The answer: a model where the document declares one, else JSON builtins, else text or bytes."""
    content: bytes
    """The body as received, content codings removed."""
    code: str | int | None
    """The server's own code for the error, as ``insufficient_quota``, where it sends one."""
    error_type: str | None
    """The server's own type of the error, where it sends one."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        headers: Headers,
        request_id: str | None = None,
        body: Any = None,
        content: bytes = b"",
        code: str | int | None = None,
        error_type: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers = headers
        self.request_id = request_id
        self.body = body
        self.content = content
        self.code = code
        self.error_type = error_type


class APIStatusError(APIResponseError):
    """The server reports a failure."""


class BadRequestError(APIStatusError):
    """400."""


class AuthenticationError(APIStatusError):
    """401."""


class PermissionDeniedError(APIStatusError):
    """403."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429."""


class InternalServerError(APIStatusError):
    """500 and above."""


class TokenError(APIStatusError):
    """The authorization server gives no access token (RFC 6749 section 5.2); ``code`` says why.

    As ``invalid_client``, ``invalid_scope``. Status, headers and body are those of the token
    endpoint; client secrets that it echoes are taken out.
    """

    description: str | None = None
    """Its ``error_description``, where it sends one."""


class ResponseDecodeError(APIResponseError):
    """A success whose body cannot be read: HTML, cut or invalid JSON, empty, an unknown coding."""


class ResponseValidationError(APIResponseError):
    """JSON that does not match the document; ``notes`` say where, ``content`` has the whole body."""

    notes: tuple[str, ...] = ()


class WebhookError(SDKError, ValueError):
    """The body of an incoming webhook cannot be read: it is no JSON, or something else entirely."""

    body: Any
    """What came: bytes, text, or the value that was given."""
    notes: tuple[str, ...]
    """Where it does not match the document, as far as it is JSON."""

    def __init__(self, message: str, body: Any = None, notes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.body = body
        self.notes = notes


class PaginationError(SDKError):
    """The next page cannot be fetched: it is on another host, nowhere, or leads in a circle."""


class StreamError(SDKError):
    """A stream went wrong after it began."""

    partial: Any = None
    """What the items received until then fold into (as ``final()`` would give), or None."""
    status_code: int = 200
    headers: Headers = Headers()
    request_id: str | None = None


class StreamTruncatedError(StreamError):
    """The stream ended before its end: cut off, or without its terminator."""

    retryable = True


class StreamDecodeError(StreamError):
    """An event that cannot be read; ``data`` is the event's data."""

    data: bytes = b""


class StreamServerError(APIStatusError, StreamError):
    """The server reports a failure inside a stream; ``body`` is what the event says."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status: int) -> type[APIStatusError]:
    """The class for a status; any integer is answered."""
    if status >= 500:
        return InternalServerError
    return _BY_STATUS.get(status, APIStatusError)
