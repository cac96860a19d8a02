"""One call, without I/O: what was asked for, how far it has come, what is said about it.

What is to be done is written once, as generators that yield steps (:mod:`.steps`) and receive their
results: :mod:`.attempts` sends, :mod:`.receiving` reads. The sync and the async client each have a
loop that does the steps. What I/O raises is raised at the yield.
"""

from __future__ import annotations

from time import monotonic

from .attempts import again, attempts
from .errors import APIConnectionError, APITimeoutError, ConfigurationError
from .preparing import draft_request
from .receiving import receive_head, receive_plain, receive_stream
from .request import StreamRequest
from .response import Response
from .timeouts import Budget, Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from .answers import Head
    from .api import Scheme
    from .draft import Draft
    from .errors import SDKError
    from .oauth2 import TokenSource
    from .operation import Operation as Operation
    from .options import Options
    from .request import AnyRequest
    from .settings import Settings
    from .steps import AnyExchange, Opened
    from .transport import PreparedRequest, TransportError
    from .watching import Watch

_PHASES = {
    "connecting": "while connecting",
    "sending": "while sending the request",
    "waiting": "while waiting for the answer",
    "reading": "while reading the answer",
}
_OPTIONS = frozenset(
    "allow_truncated body headers idempotency_key keep max_retries query replay strict timeout".split()
)
_DEFAULTS = Timeout.of(None)
_NO_OPTIONS: Options = {}


class Call:
    """One call; ``exchange`` is what is open now, for whoever has to close it."""

    # No slots: most calls end with the values of the class, which are not set again for each.
    attempts: int = 0
    """How many times the request was sent."""
    draft: Draft | None = None
    exchange: AnyExchange | None = None
    options: Options = _NO_OPTIONS
    renewed: bool = False
    """Access tokens were fetched anew, since the API refused those that were kept."""
    tokens: Sequence[tuple[Scheme, TokenSource, str]] = ()
    """Where access tokens are fetched, and those that the request carries now."""
    watch: Watch | None = None

    def __init__(self, settings: Settings, request: AnyRequest) -> None:
        self.settings: Settings = settings
        self.request: AnyRequest = request
        self.operation: Operation = request.operation
        self.strict: bool = settings.strict
        timeout = settings.timeout
        options = request.options
        if options:
            if not options.keys() <= _OPTIONS:
                unknown = ", ".join(sorted(map(repr, options.keys() - _OPTIONS)))
                raise ConfigurationError(f"unknown options: {unknown}")
            if "timeout" in options:
                timeout = Timeout.of(options["timeout"])
            self.strict = options.get("strict", settings.strict)
            self.options = options
        self.budget: Budget = Budget(
            timeout or _DEFAULTS, stream=isinstance(request, StreamRequest)
        )
        if settings.watched:
            from .watching import Watch

            self.watch = Watch(self)

    # -- what to do

    def begin(self) -> PreparedRequest | None:
        """The request of a first attempt that may be made without steps, else None.

        Then ``execute`` is to be given what came of it, unless that is all (``receive_at_once``).
        """
        if self.watch is not None:
            return None
        draft = self.draft = draft_request(self.settings, self.request)
        if draft.kept.unsigned:
            return None
        self.attempts = 1
        return draft.prepare(1)

    def execute(
        self, begun: AnyExchange | Exception | None = None
    ) -> Generator[Any, Any, tuple[Any, Head, bytes]]:
        """The steps of a plain call; they end with what it returns, and the answer's head and body."""
        steps = attempts(self, receive_plain, begun)
        return steps if self.watch is None else self.watch.whole(steps)

    def open(self) -> Generator[Any, Any, Opened]:
        """The steps of a stream call up to its first bytes; they end with an Opened."""
        steps = attempts(self, receive_stream)
        return steps if self.watch is None else self.watch.beginning(steps)

    def open_download(self) -> Generator[Any, Any, Opened]:
        """The steps of a call up to its head; they end with an Opened, the body unread."""
        self.draft = draft_request(self.settings, self.request)
        # What is written to a file should be what the server has, and its length be known.
        self.draft.add_header("Accept-Encoding", "identity")
        steps = attempts(self, receive_head)
        opened: Opened = yield from steps if self.watch is None else self.watch.beginning(steps)
        return opened

    def reopen(self, error: SDKError, cause: BaseException | None) -> Generator[Any, Any, Opened]:
        """The steps after a stream failed before its first event: open it again, or raise ``error``."""
        steps = again(self, error, cause, receive_stream)
        return steps if self.watch is None else self.watch.beginning(steps)

    def stream_response(self, stream: Any, opened: Opened) -> Response[Any]:
        """The Response of a stream call; the stream reads the rest."""
        self.budget.pause()
        return self.response(stream, opened.head, b"")

    def response(self, parsed: Any, head: Head, content: bytes) -> Response[Any]:
        """The full answer of a call."""
        return Response(
            parsed,
            status_code=head.status,
            headers=head.headers,
            request_id=head.request_id,
            elapsed=monotonic() - self.budget.started,
            content=content,
            attempts=self.attempts,
        )

    # -- what holds for it

    @property
    def max_retries(self) -> int:
        """How often the request may be sent again."""
        return self.options.get("max_retries", self.settings.max_retries)

    @property
    def replay(self) -> bool:
        """Whether executing the request twice is harmless."""
        replay = self.options.get("replay")
        if replay is not None:
            return replay
        operation = self.operation
        if operation.idempotent or operation.replay == "safe":
            return True
        return operation.replay == "key" and bool(operation.idempotency_header)

    @property
    def allow_truncated(self) -> bool:
        """Whether a stream without its end is taken for whole."""
        return self.options.get("allow_truncated", False)

    # -- what is said about it

    @property
    def address(self) -> str:
        """Method and URL, for messages; without the query, which may hold secrets."""
        draft = self.draft
        return (
            draft.redact(draft.address)
            if draft
            else f"{self.operation.method} {self.operation.path}"
        )

    def connection_error(
        self, failure: TransportError, partial: Any = None, *, address: str = ""
    ) -> APIConnectionError:
        """Our error for a failure of the transport; ``address`` where it was not that of the call."""
        phase = failure.phase
        address = address or self.address
        text = self.redact_text(str(failure))
        if failure.limit is None:
            message = f"{address}: {text} ({_PHASES[phase]})"
            error = APIConnectionError(message, phase, partial)
        else:
            seconds = "" if failure.seconds is None else f" after {failure.seconds:g} s"
            message = f"{address}: timed out{seconds} {_PHASES[phase]} (limit: {failure.limit})"
            error = APITimeoutError(message, phase, failure.limit, failure.seconds, partial)
        if failure.head is not None:
            from .answers import broken_off

            broken_off(error, failure.head, failure.content)
        return error

    def redact_text(self, text: str) -> str:
        """``text`` without credentials."""
        return self.draft.redact(text) if self.draft else text

    def redact(self, error: SDKError) -> None:
        """Take credentials out of an error's message: servers do echo them."""
        if self.draft is not None:
            error.args = tuple(
                self.draft.redact(arg) if isinstance(arg, str) else arg for arg in error.args
            )

    def warn(self, notes: tuple[str, ...], head: Head) -> None:
        """Say in one line that an answer did not match the document."""
        more = f" and {len(notes) - 3} more" if len(notes) > 3 else ""
        trace = f" (request id {head.request_id})" if head.request_id else ""
        message = (
            f"{self.operation.method} {self.operation.path}: the answer does not match the document: "
            f"{'; '.join(notes[:3])}{more}{trace}"
        )
        message = self.redact_text(message)
        self.settings.logger.warning("%s", message)
        if self.watch is not None:
            self.watch.warned(message, notes, head.request_id)
