"""OpenTelemetry: spans and metrics of a client's calls; the only module that imports it.

By the semantic conventions for HTTP clients (a span for each attempt, ``http.client.request.duration``)
and for generative AI (a span around the attempts of a call to a language model, token usage,
time to the first chunk), the latter for operations that are such calls by the shape of their request.
"""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from .chat_shapes import GenerativeCall, field, operation_name
from .errors import APIStatusError
from .hooks import Hooks
from .request import NO_BODY

try:
    from opentelemetry import context as _context
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.trace import SpanKind, Status, StatusCode
except ImportError as error:  # pragma: no cover - needs an environment without it
    raise ImportError(
        f"telemetry needs the package opentelemetry-api, the extra 'otel': {error}"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Histogram, MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider

    from .answers import Head
    from .hooks import EndEvent, RequestEvent, ResponseEvent, RetryEvent, WarningEvent
    from .operation import Operation
    from .settings import Settings
    from .transport import PreparedRequest
    from .watching import Watched

SCHEMA_URL = "https://opentelemetry.io/schemas/1.40.0"
"""The version of the semantic conventions that is followed."""

CAPTURE_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable that asks for the contents of messages, as other instrumentations read it."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_LONG_SECONDS = tuple(0.01 * 2**power for power in range(14))
_CHUNK_SECONDS = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
)
_TOKENS = tuple(4**power for power in range(14))
_METHODS = frozenset("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split())


class OpenTelemetry(Hooks):
    """Hooks that record spans and metrics: ``Client(hooks=OpenTelemetry())``.

    Args:
        tracer_provider: Where spans go; without it, the global provider.
        meter_provider: Where metrics go; without it, the global provider.
        provider: ``gen_ai.provider.name``; without it, the name of the client in lower case.
        capture_messages: Record what was asked and answered, which may be private; without it,
            only if the environment variable OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is true.
        http_spans: Record a span for each attempt; not needed where the HTTP client given as
            ``http_client`` is instrumented itself.
        request: As for ``Hooks``, and so are the following.
    """

    __slots__ = (
        "_instruments",
        "_meter_provider",
        "_tracer_provider",
        "capture_messages",
        "http_spans",
        "provider",
    )

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        provider: str | None = None,
        capture_messages: bool | None = None,
        http_spans: bool = True,
        request: Callable[[RequestEvent], object] | None = None,
        response: Callable[[ResponseEvent], object] | None = None,
        retry: Callable[[RetryEvent], object] | None = None,
        warning: Callable[[WarningEvent], object] | None = None,
        end: Callable[[EndEvent], object] | None = None,
    ) -> None:
        super().__init__(request=request, response=response, retry=retry, warning=warning, end=end)
        if capture_messages is None:
            wanted = os.environ.get(CAPTURE_VARIABLE, "").strip().lower()
            capture_messages = wanted in ("true", "1", "span_only", "span_and_event")
        self._tracer_provider = tracer_provider
        self._meter_provider = meter_provider
        self._instruments: _Instruments | None = None
        self.capture_messages: bool = capture_messages
        self.http_spans: bool = http_spans
        self.provider: str | None = provider

    def observer(self, call: Any) -> Any:
        """The recorder of one call."""
        return _CallTelemetry(self, self._instruments_of(call.settings), call)

    def _instruments_of(self, settings: Settings) -> _Instruments:
        found = self._instruments
        if found is None or found.name != settings.api.name:
            api = settings.api
            found = _Instruments(api.name, api.version, self._tracer_provider, self._meter_provider)
            self._instruments = found
        return found


def instrument(client: Any, **options: Any) -> None:
    """Record the calls of a client from now on; ``options`` are those of ``OpenTelemetry``.

    The hooks that the client has are kept. Clients made of it by ``with_options`` before are not
    affected.
    """
    settings = client._settings
    before = settings.hooks
    for name in ("request", "response", "retry", "warning", "end"):
        function = getattr(before, name, None)
        if function is not None:
            options.setdefault(name, function)
    client._settings = settings.changed(
        timeout=None,
        max_retries=None,
        headers=None,
        query=None,
        strict=None,
        hooks=OpenTelemetry(**options),
    )
    client._calls = None  # which hold the settings


class _Instruments:
    """What spans and measurements of one package are made with."""

    __slots__ = ("duration", "first_chunk", "http_duration", "name", "tokens", "tracer")

    def __init__(
        self,
        name: str,
        version: str,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
    ) -> None:
        self.name = name
        self.tracer: Tracer = trace.get_tracer(name, version, tracer_provider, SCHEMA_URL)
        meter = metrics.get_meter(name, version, meter_provider, SCHEMA_URL)

        def histogram(name: str, unit: str, description: str, bounds: Any) -> Histogram:
            return meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=bounds
            )

        self.http_duration = histogram(
            "http.client.request.duration", "s", "Duration of HTTP client requests.", _SECONDS
        )
        self.duration = histogram(
            "gen_ai.client.operation.duration", "s", "GenAI operation duration.", _LONG_SECONDS
        )
        self.tokens = histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Number of input and output tokens used.",
            _TOKENS,
        )
        self.first_chunk = histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "Time to receive the first chunk of a stream.",
            _CHUNK_SECONDS,
        )


class _CallTelemetry:
    """Records one call: a span around it where it is one to a language model, and its attempts."""

    __slots__ = (
        "_attached",
        "_attempt",
        "_began",
        "_chat",
        "_context",
        "_first",
        "_instruments",
        "_operation",
        "_options",
        "_place",
        "_provider",
        "_redact",
        "_span",
    )

    def __init__(self, options: OpenTelemetry, instruments: _Instruments, call: Watched) -> None:
        self._options = options
        self._instruments = instruments
        self._operation: Operation = call.operation
        self._redact = call.redact_text
        self._began = monotonic()
        self._context = _context.get_current()
        self._attempt: _Attempt | None = None
        self._attached: tuple[Any, Any] | None = None
        self._span: Span | None = None
        self._chat: GenerativeCall | None = None
        self._first: float | None = None
        self._place: dict[str, Any] = {}
        self._provider: str = options.provider or call.settings.api.env_prefix.lower()
        body = _body_of(call.request)
        name = None if body is None else operation_name(call.operation.path, body)
        if name is None:
            return
        self._chat = chat = GenerativeCall(name, body, capture_messages=options.capture_messages)
        attributes = {
            **chat.request_attributes,
            "gen_ai.provider.name": self._provider,
        }
        self._place = _place_of(call.settings.base_url)
        self._span = instruments.tracer.start_span(
            f"{name} {chat.model}" if chat.model else name,
            self._context,
            SpanKind.CLIENT,
            {**attributes, **self._place},
        )
        self._context = trace.set_span_in_context(self._span, self._context)

    def sending(self, request: PreparedRequest, url: str, sent_before: int) -> None:
        """Begin the span of an attempt, and put its identity into the headers of the request."""
        self._end_attempt(None)
        context = self._context
        if self._options.http_spans:
            self._attempt = attempt = _Attempt(
                self._instruments, context, request.method, url, self._operation.path, sent_before
            )
            context = trace.set_span_in_context(attempt.span, context)
        carrier: dict[str, str] = {}
        propagate.inject(carrier, context)
        if carrier:
            names = {name.lower() for name in carrier}
            request.headers[:] = [
                *(pair for pair in request.headers if pair[0].lower() not in names),
                *carrier.items(),
            ]
        # While the request is sent, so that what the HTTP client records or logs belongs to it.
        self._attached = (_context.attach(context), context)

    def answered(self, head: Head) -> None:
        """The head of the answer arrived."""
        self._detach()
        if self._attempt is not None:
            self._attempt.answered(head.status)

    def failed(self, error: BaseException) -> None:
        """The attempt failed."""
        self._detach()
        self._end_attempt(error)

    def item(self, item: Any) -> None:
        """An item of a stream is handed out."""
        chat = self._chat
        if chat is None:
            return
        if self._first is None:
            self._first = seconds = monotonic() - self._began
            chat.attributes["gen_ai.response.time_to_first_chunk"] = seconds
            chat.request_attributes["gen_ai.request.stream"] = True
        chat.read(item)

    def ended(self, error: BaseException | None, parsed: Any) -> None:
        """End what is still open, and record the measurements."""
        self._detach()
        self._end_attempt(error)
        chat, span = self._chat, self._span
        if chat is None or span is None:
            return
        if parsed is not None:
            chat.read(parsed)
        found = chat.finish()
        span.set_attributes(found)
        if error is not None:
            _mark(span, type(error).__name__, self._redact(str(error)))
        measured: dict[str, Any] = {
            "gen_ai.operation.name": chat.name,
            "gen_ai.provider.name": self._provider,
            **self._place,
        }
        for name in ("gen_ai.request.model", "gen_ai.response.model"):
            value = chat.request_attributes.get(name) or found.get(name)
            if value is not None:
                measured[name] = value
        instruments = self._instruments
        for kind in ("input", "output"):
            tokens = found.get(f"gen_ai.usage.{kind}_tokens")
            if tokens is not None:
                instruments.tokens.record(
                    tokens, {**measured, "gen_ai.token.type": kind}, self._context
                )
        if self._first is not None:
            instruments.first_chunk.record(self._first, measured, self._context)
        if error is not None:
            measured = {**measured, "error.type": type(error).__name__}
        instruments.duration.record(monotonic() - self._began, measured, self._context)
        span.end()

    def _end_attempt(self, error: BaseException | None) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.end(error, self._redact)

    def _detach(self) -> None:
        attached, self._attached = self._attached, None
        if attached is not None:
            token, context = attached
            # A coroutine that is thrown away may end in another context, where the token is void.
            if _context.get_current() is context:
                _context.detach(token)


class _Attempt:
    """The span of one request, to the end of its answer."""

    __slots__ = ("_attributes", "_began", "_context", "_instruments", "_status", "span")

    def __init__(
        self,
        instruments: _Instruments,
        context: Any,
        method: str,
        url: str,
        template: str,
        sent_before: int,
    ) -> None:
        self._instruments = instruments
        self._began = monotonic()
        self._status: int | None = None
        known = method if method in _METHODS else "_OTHER"
        self._attributes: dict[str, Any] = {
            "http.request.method": known,
            **_place_of(url),
        }
        more: dict[str, Any] = {"url.full": url, "url.template": template}
        if known != method:
            more["http.request.method_original"] = method
        if sent_before:
            more["http.request.resend_count"] = sent_before
        self.span: Span = instruments.tracer.start_span(
            f"{method if known == method else 'HTTP'} {template}",
            context,
            SpanKind.CLIENT,
            {**self._attributes, **more},
        )
        self._context = trace.set_span_in_context(self.span, context)

    def answered(self, status: int) -> None:
        self._status = status
        self.span.set_attribute("http.response.status_code", status)

    def end(self, error: BaseException | None, redact: Callable[[str], str]) -> None:
        attributes = self._attributes
        status = self._status
        if status is not None:
            attributes["http.response.status_code"] = status
        if status is not None and status >= 400:
            attributes["error.type"] = str(status)
            _mark(self.span, str(status), None)
        elif error is not None and not isinstance(error, APIStatusError):
            attributes["error.type"] = type(error).__name__
            _mark(self.span, type(error).__name__, redact(str(error)))
        self._instruments.http_duration.record(monotonic() - self._began, attributes, self._context)
        self.span.end()


def _mark(span: Span, kind: str, description: str | None) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, description))


def _place_of(url: str) -> dict[str, Any]:
    """``server.address`` and ``server.port`` of a URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    except ValueError:
        return {}
    return {"server.address": parts.hostname or "", "server.port": port}


def _body_of(request: Any) -> Any:
    """The body of a request with what ``options`` add to it; None where it has none to look into."""
    body = request.body
    if body is NO_BODY or body is None or isinstance(body, (str, bytes)):
        return None
    added: Any = field(request.options, "body")
    if isinstance(body, dict) and isinstance(added, dict):
        return {**cast("dict[str, Any]", body), **cast("dict[str, Any]", added)}
    return cast("Any", body)
