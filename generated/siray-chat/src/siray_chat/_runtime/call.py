"""The life of one call, without I/O: credentials, attempts, redirects, reading, decoding.

The logic is written once, as generators that yield what is to be done (``Send``, ``Read``, ...) and
receive the result; the sync and the async client each have a loop that does it. What I/O raises is
raised at the yield.
"""

from __future__ import annotations

import time
from logging import DEBUG
from random import random
from typing import TYPE_CHECKING, Any, cast

from . import answers, retries
from .answers import Head
from .content_coding import ContentCodingError, Decompressor, decompressor
from .errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    ResponseDecodeError,
    SDKError,
    TokenError,
)
from .preparing import choose_schemes, draft_request
from .redirects import MAX_REDIRECTS, follow
from .request import StreamRequest
from .response import Response
from .steps import Close, Opened, Read, Resolve, Send, Sleep
from .timeouts import Budget, Timeout
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .api import Scheme
    from .oauth2 import TokenSource
    from .operation import Operation as Operation
    from .options import Options
    from .preparing import Draft
    from .request import AnyRequest
    from .settings import Settings
    from .steps import AnyExchange, Steps
    from .transport import PreparedRequest

_PHASES = {
    "connecting": "while connecting",
    "sending": "while sending the request",
    "waiting": "while waiting for the answer",
    "reading": "while reading the answer",
}
_OPTIONS = frozenset(
    "allow_truncated body headers idempotency_key max_retries query replay strict timeout".split()
)
_MAX_ERROR_BODY = 1024 * 1024


class Call:
    """One call; ``exchange`` is what is open now, for whoever has to close it."""

    __slots__ = (
        "_draft",
        "_options",
        "_renewed",
        "_replay",
        "_tokens",
        "attempts",
        "budget",
        "exchange",
        "operation",
        "request",
        "settings",
        "strict",
    )

    def __init__(self, settings: Settings, request: AnyRequest) -> None:
        self.settings: Settings = settings
        self.request: AnyRequest = request
        self.operation: Operation = request.operation
        options: Options = request.options or {}
        self._options = options
        if not options.keys() <= _OPTIONS:
            unknown = ", ".join(sorted(map(repr, options.keys() - _OPTIONS)))
            raise ConfigurationError(f"unknown options: {unknown}")
        timeout = Timeout.of(options["timeout"]) if "timeout" in options else settings.timeout
        self.budget: Budget = Budget(
            timeout or Timeout.of(None), stream=isinstance(request, StreamRequest)
        )
        self.strict: bool = options.get("strict", settings.strict)
        self.attempts: int = 0
        self.exchange: AnyExchange | None = None
        self._draft: Draft | None = None
        replay = options.get("replay")
        operation = self.operation
        if replay is None:
            replay = operation.idempotent or operation.replay == "safe"
            replay = replay or (operation.replay == "key" and bool(operation.idempotency_header))
        self._replay = replay
        self._renewed = False
        self._tokens: list[tuple[Scheme, TokenSource, str]] = []
        """Where access tokens are fetched, and those that the request carries now."""

    def execute(self) -> Generator[Any, Any, Response[Any]]:
        """The steps of a plain call; they end with its Response."""
        return self._attempt(self._receive_plain)

    def open(self) -> Generator[Any, Any, Opened]:
        """The steps of a stream call up to its first bytes; they end with an Opened."""
        return self._attempt(self._receive_stream)

    def open_download(self) -> Generator[Any, Any, Opened]:
        """The steps of a call up to its head; they end with an Opened, the body unread."""
        if self._draft is None:
            self._draft = yield from self._prepare()
            # What is written to a file should be what the server has, and its length be known.
            self._draft.add_header("Accept-Encoding", "identity")
        opened: Opened = yield from self._attempt(self._receive_head)
        return opened

    def reopen(self, error: SDKError, cause: BaseException | None) -> Generator[Any, Any, Opened]:
        """The steps after a stream failed before its first event: open it again, or raise ``error``."""
        yield from self._after_failure(error, cause, self._delay_after_failure(error, cause))
        opened: Opened = yield from self._attempt(self._receive_stream)
        return opened

    def stream_response(self, stream: Any, opened: Opened) -> Response[Any]:
        """The Response of a stream call; the stream reads the rest."""
        head = opened.head
        self.budget.pause()
        return Response(
            stream,
            status_code=head.status,
            headers=head.headers,
            request_id=head.request_id,
            elapsed=time.monotonic() - self.budget.started,
            content=b"",
            attempts=self.attempts,
        )

    # -- attempts

    def _attempt(self, receive: Callable[[AnyExchange, Head], Steps]) -> Steps:
        if self._draft is None:
            self._draft = yield from self._prepare()
        while True:
            self.attempts += 1
            error: SDKError
            cause: BaseException | None = None
            try:
                if self._tokens:
                    yield from self._authorize(self._draft)
                exchange, head = yield from self._send(self._draft)
                return (yield from receive(exchange, head))
            except TransportError as failure:
                error = self.connection_error(failure)
                cause = failure.__cause__ or failure
                delay = self._delay_after_failure(error, failure)
            except TokenError as failure:
                failure.attempts = self.attempts
                raise
            except APIStatusError as failure:
                error = failure
                if failure.status_code == 401 and self._can_renew():
                    self._renewed = True
                    for _, source, token in self._tokens:
                        source.reject(token)
                    continue
                delay = self._delay_after_answer(failure)
            except SDKError as failure:
                failure.attempts = self.attempts
                self.redact(failure)
                raise
            yield from self._after_failure(error, cause, delay)

    def _after_failure(
        self, error: SDKError, cause: BaseException | None, delay: float | None
    ) -> Steps:
        error.attempts = self.attempts
        self.redact(error)
        if self.exchange is not None:
            yield Close(self.exchange)
            self.exchange = None
        remaining = self.budget.remaining()
        if delay is not None and remaining is not None and delay >= remaining:
            delay = None
        if delay is None:
            raise error from cause
        settings = self.settings
        settings.logger.debug(
            "%s: attempt %d failed, next in %.2f s: %s", self.address, self.attempts, delay, error
        )
        if settings.hooks is not None and settings.hooks.retry is not None:
            from .hooks import RetryEvent

            event = RetryEvent(self.operation.operation_id, error, delay, self.attempts)
            self._tell(settings.hooks.retry, event)
        if delay > 0:
            yield Sleep(delay)

    @property
    def max_retries(self) -> int:
        """How often the request may be sent again."""
        return self._options.get("max_retries", self.settings.max_retries)

    def _retries_left(self) -> bool:
        # The attempt after a new access token does not count.
        return self.attempts - self._renewed <= self.max_retries and self._body_left()

    def _body_left(self) -> bool:
        body = self._draft.body if self._draft else None
        return body is None or body.replayable or not body.started

    def _can_renew(self) -> bool:
        """Whether the request may be sent once more with a new access token."""
        return bool(self._tokens) and not self._renewed and self._body_left()

    def _delay_after_failure(self, error: SDKError, cause: BaseException | None) -> float | None:
        if isinstance(cause, TransportError) and cause.permanent:
            error.retryable = False
            return None
        phase = error.phase if isinstance(error, APIConnectionError) else "reading"
        if not self._retries_left() or not retries.replayable_failure(phase, replay=self._replay):
            return None
        return retries.backoff(self.attempts, random())

    def _delay_after_answer(self, error: APIStatusError) -> float | None:
        if error.status_code < 300:
            error.retryable = error.code == 429 or (
                isinstance(error.code, int) and error.code >= 500
            )
            return None
        error.retryable = retries.retryable_status(
            error.status_code, error.headers, _final(error), idempotent=self._replay
        )
        if not error.retryable or not self._retries_left():
            return None
        return retries.delay_before_retry(error.headers, time.time(), self.attempts, random())

    # -- sending

    def _prepare(self) -> Generator[Any, Any, Draft]:
        draft = draft_request(self.settings, self.request)
        self._draft = draft
        for scheme, credential in choose_schemes(self.settings, self.operation, draft):
            if hasattr(credential, "token_steps"):
                self._tokens.append((scheme, credential, ""))
                continue
            if isinstance(credential, tuple):
                user, password = cast("tuple[object, object]", credential)
                password = yield from self._resolve(password, scheme.argument)
                credential = (user, password)
            else:
                credential = yield from self._resolve(credential, scheme.argument)
            scheme.sign(credential, draft)
        return draft

    def _resolve(self, credential: object, argument: str) -> Steps:
        """What a callable returns; everything else as it is."""
        if callable(credential):
            credential = yield Resolve(credential, argument)
            if credential is None or credential == "":
                raise ConfigurationError(f"the callable given as {argument} returned nothing")
        return credential

    def _authorize(self, draft: Draft) -> Steps:
        """Sign with access tokens that are valid now."""
        for number, (scheme, source, signed) in enumerate(self._tokens):
            token = yield from source.token_steps(self)
            if token != signed:
                scheme.sign(token, draft)
                self._tokens[number] = (scheme, source, token)

    def _send(self, draft: Draft) -> Generator[Any, Any, tuple[AnyExchange, Head]]:
        request = draft.prepare(self.attempts)
        settings = self.settings
        hooks = settings.hooks
        if hooks is not None and hooks.request is not None:
            from .headers import Headers
            from .hooks import RequestEvent

            shown = Headers((name, draft.redact(value)) for name, value in request.headers)
            url = draft.redact(request.url)
            event = RequestEvent(
                self.operation.operation_id, request.method, url, shown, self.attempts
            )
            self._tell(hooks.request, event)
        hops = 0
        while True:
            exchange = yield Send(request, self.budget)
            self.exchange = exchange
            head = Head(exchange.status, exchange.headers, settings.api)
            target: PreparedRequest | None = None
            if 300 < head.status < 309 and hops < MAX_REDIRECTS:
                target = follow(request, head.status, head.headers, draft.secrets)
            if target is None:
                break
            hops += 1
            yield from self._skip(exchange)
            request = target
        elapsed = time.monotonic() - self.budget.started
        if settings.logger.isEnabledFor(DEBUG):
            settings.logger.debug(
                "%s: %d after %.3f s (attempt %d, request id %s)",
                self.address,
                head.status,
                elapsed,
                self.attempts,
                head.request_id,
            )
        if hooks is not None and hooks.response is not None:
            from .hooks import ResponseEvent

            self._tell(
                hooks.response,
                ResponseEvent(
                    self.operation.operation_id,
                    head.status,
                    head.headers,
                    head.request_id,
                    elapsed,
                    self.attempts,
                ),
            )
        return exchange, head

    def _skip(self, exchange: AnyExchange) -> Steps:
        """Read a short body nobody wants, so that the connection can be used again."""
        size = 0
        while size < 65536:
            block = yield Read(exchange)
            if not block:
                break
            size += len(block)
        yield Close(exchange)
        self.exchange = None

    # -- receiving

    def _receive_plain(
        self, exchange: AnyExchange, head: Head
    ) -> Generator[Any, Any, Response[Any]]:
        content = yield from self._read_all(exchange, head)
        parsed = answers.decode_success(
            self.operation,
            head,
            content,
            strict=self.strict,
            warn=lambda notes: self.warn(notes, head),
        )
        return Response(
            parsed,
            status_code=head.status,
            headers=head.headers,
            request_id=head.request_id,
            elapsed=time.monotonic() - self.budget.started,
            content=content,
            attempts=self.attempts,
        )

    def _receive_stream(self, exchange: AnyExchange, head: Head) -> Generator[Any, Any, Opened]:
        stream = self.operation.stream
        assert stream is not None
        if not 200 <= head.status < 300:
            yield from self._read_all(exchange, head)
        coding = self._decompressor(head)
        kind = head.media_type
        if kind == stream.media_type or kind in _STREAM_TYPES[stream.kind]:
            return Opened(head, exchange, coding, b"")
        first = b""
        if not answers.is_json(kind) and "html" not in kind:
            # A wrong or no media type: the first bytes tell.
            while True:
                block = yield Read(exchange)
                if not block:
                    break
                first += self._decompressed(coding, block, head)
                start = first.lstrip(b"\xef\xbb\xbf \t\r\n")
                if start:
                    opens_json = start[:1] in (b"{", b"[") and stream.kind == "sse"
                    if not opens_json and start[:1] != b"<":
                        return Opened(head, exchange, coding, first)
                    break
        content = yield from self._read_all(exchange, head, first, coding)
        return Opened(head, None, None, content)

    def _receive_head(self, exchange: AnyExchange, head: Head) -> Generator[Any, Any, Opened]:
        if not self.operation.is_success(head.status):
            yield from self._read_all(exchange, head)
        return Opened(head, exchange, self._decompressor(head), b"")

    def _read_all(
        self,
        exchange: AnyExchange,
        head: Head,
        first: bytes = b"",
        coding: Decompressor | None = None,
    ) -> Generator[Any, Any, bytes]:
        """The whole body, the exchange closed. Raises APIStatusError unless the status is a success."""
        success = self.operation.is_success(head.status)
        blocks = [first] if first else []
        size = 0
        try:
            if coding is None and not first:
                coding = self._decompressor(head)
            while True:
                block = yield Read(exchange)
                if not block:
                    break
                if coding is not None:
                    block = self._decompressed(coding, block, head)
                blocks.append(block)
                size += len(block)
                if not success and size > _MAX_ERROR_BODY:
                    break
            if coding is not None and success:
                coding.end()
        except ContentCodingError as error:
            if success:
                raise answers.response_error(
                    ResponseDecodeError, str(error), head, b"".join(blocks)
                ) from None
        except (TransportError, APIResponseError):
            # The status of a failure counts for more than the end of its body.
            if success:
                raise
        yield Close(exchange)
        self.exchange = None
        content = b"".join(blocks) if len(blocks) != 1 else blocks[0]
        if not success:
            raise answers.status_error(self.operation, head, content)
        return content

    def _decompressor(self, head: Head) -> Decompressor | None:
        try:
            return decompressor(head.headers.get("content-encoding"))
        except ContentCodingError as error:
            raise answers.response_error(ResponseDecodeError, str(error), head, b"") from None

    def _decompressed(self, coding: Decompressor | None, block: bytes, head: Head) -> bytes:
        if coding is None:
            return block
        try:
            return coding.feed(block)
        except ContentCodingError as error:
            raise answers.response_error(ResponseDecodeError, str(error), head, block) from None

    # -- telling

    @property
    def address(self) -> str:
        """Method and URL, for messages; without the query, which may hold secrets."""
        draft = self._draft
        return (
            draft.redact(draft.address)
            if draft
            else f"{self.operation.method} {self.operation.path}"
        )

    @property
    def allow_truncated(self) -> bool:
        """Whether a stream without its end is taken for whole."""
        return self._options.get("allow_truncated", False)

    def connection_error(
        self, failure: TransportError, partial: Any = None, *, address: str = ""
    ) -> APIConnectionError:
        """Our error for a failure of the transport; ``address`` where it was not that of the call."""
        phase = failure.phase
        address = address or self.address
        text = self.redact_text(str(failure))
        if failure.limit is None:
            message = f"{address}: {text} ({_PHASES[phase]})"
            return APIConnectionError(message, phase, partial)
        seconds = "" if failure.seconds is None else f" after {failure.seconds:g} s"
        message = f"{address}: timed out{seconds} {_PHASES[phase]} (limit: {failure.limit})"
        return APITimeoutError(message, phase, failure.limit, failure.seconds, partial)

    def redact_text(self, text: str) -> str:
        """``text`` without credentials."""
        return self._draft.redact(text) if self._draft else text

    def redact(self, error: SDKError) -> None:
        """Take credentials out of an error's message: servers do echo them."""
        if self._draft is not None:
            error.args = tuple(
                self._draft.redact(arg) if isinstance(arg, str) else arg for arg in error.args
            )

    def warn(self, notes: tuple[str, ...], head: Head) -> None:
        """Say in one line that an answer did not match the document."""
        more = f" and {len(notes) - 3} more" if len(notes) > 3 else ""
        trace = f" (request id {head.request_id})" if head.request_id else ""
        message = (
            f"{self.operation.method} {self.operation.path}: the answer does not match the document: "
            f"{'; '.join(notes[:3])}{more}{trace}"
        )
        self.settings.logger.warning("%s", self.redact_text(message))
        hooks = self.settings.hooks
        if hooks is not None and hooks.warning is not None:
            from .hooks import WarningEvent

            event = WarningEvent(self.operation.operation_id, message, notes, head.request_id)
            self._tell(hooks.warning, event)

    def _tell(self, hook: Callable[[Any], object], event: object) -> None:
        try:
            hook(event)
        except Exception:
            self.settings.logger.exception("a hook failed")


_STREAM_TYPES = {
    "sse": frozenset(("text/event-stream",)),
    "jsonl": frozenset(
        (
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
            "application/jsonlines",
            "application/json-seq",
            "application/geo+json-seq",
            "application/stream+json",
        )
    ),
}


def _final(error: APIStatusError) -> object:
    for code in (error.code, error.error_type):
        if isinstance(code, str) and code in retries.FINAL_CODES:
            return code
    return error.code
