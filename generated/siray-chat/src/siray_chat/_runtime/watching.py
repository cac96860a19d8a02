"""What is told of a call: to its hooks, to its logger, and to an observer such as telemetry.

A call has a ``Watch`` only where somebody listens (``Settings.watched``); everywhere else that is one
test for None. Nothing here raises into a call, and nothing that is told holds a credential.
"""

from __future__ import annotations

from _thread import get_ident
from logging import DEBUG, getLogger
from time import monotonic
from typing import TYPE_CHECKING, Any

from .headers import Headers
from .hooks import EndEvent, RequestEvent, ResponseEvent, RetryEvent, WarningEvent
from .sensitive import hidden, is_sensitive, redact_query

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from logging import Logger
    from typing import Protocol, TypeAlias

    from .answers import Head
    from .errors import SDKError
    from .hooks import Hooks
    from .operation import Operation
    from .request import AnyRequest
    from .settings import Settings
    from .steps import Steps
    from .timeouts import Budget
    from .transport import PreparedRequest

    _Whole: TypeAlias = tuple[Any, Head, bytes]

    class Watched(Protocol):
        """What a watch looks at of a call."""

        settings: Settings
        request: AnyRequest
        operation: Operation
        budget: Budget
        attempts: int

        @property
        def address(self) -> str:
            """Method and URL, without the query."""
            ...

        def redact_text(self, text: str) -> str:
            """``text`` without credentials."""
            ...

    class Observer(Protocol):
        """Is told of one call. What it raises is logged and changes nothing."""

        def sending(self, request: PreparedRequest, url: str, sent_before: int) -> None:
            """A request is about to be sent; headers may be added. ``url`` has no credentials."""
            ...

        def answered(self, head: Head) -> None:
            """The head of an answer arrived."""
            ...

        def failed(self, error: BaseException) -> None:
            """The attempt failed; perhaps another follows."""
            ...

        def item(self, item: Any) -> None:
            """An item of a stream is handed out."""
            ...

        def ended(self, error: BaseException | None, parsed: Any) -> None:
            """The call is over; told once. ``parsed`` is what it returned, None for a stream."""
            ...


MAX_SHOWN = 20_000
"""Characters of one body that are logged."""


class Watch:
    """Everybody who listens to one call."""

    __slots__ = (
        "_bodies",
        "_call",
        "_debug",
        "_ended",
        "_head",
        "_hooks",
        "_items",
        "_logger",
        "_observer",
        "_sent",
    )

    def __init__(self, call: Watched) -> None:
        settings = call.settings
        self._call = call
        logger = settings.logger
        if settings.log:
            configure(logger, settings.log)
        self._logger: Logger = logger
        self._debug = logger.isEnabledFor(DEBUG)
        self._bodies: Logger | None = None
        if self._debug:
            bodies = getLogger(f"{logger.name}.body")
            # Its own level: whoever wants to see everything of everybody has not asked for bodies.
            if 0 < bodies.level <= DEBUG:
                self._bodies = bodies
        self._hooks: Hooks | None = settings.hooks
        self._observer: Observer | None = None
        self._ended = False
        self._head: Head | None = None
        self._items: int | None = None
        self._sent = 0
        if self._hooks is not None:
            try:
                self._observer = self._hooks.observer(call)
            except Exception:
                self._complain()

    def sending(self, request: PreparedRequest) -> None:
        """A request is about to be sent, for the first time, again, or to where it was redirected."""
        call, hooks = self._call, self._hooks
        if hooks is not None and (hooks.request is not None or self._observer is not None):
            url = redact_query(call.redact_text(request.url))
            if hooks.request is not None:
                shown = Headers(
                    (name, hidden(value) if is_sensitive(name) else call.redact_text(value))
                    for name, value in request.headers
                )
                self._tell(
                    hooks.request,
                    RequestEvent(
                        call.operation.operation_id, request.method, url, shown, call.attempts
                    ),
                )
            if self._observer is not None:
                self._observe(self._observer.sending, request, url, self._sent)
        self._sent += 1
        if self._bodies is not None:
            body = request.body
            if body is not None:
                content = body.content
                text = "(not in memory)" if content is None else self._text(content)
                self._bodies.debug("%s: request body: %s", call.address, text)

    def answered(self, head: Head) -> None:
        """The head of an answer arrived."""
        self._head = head
        call, hooks = self._call, self._hooks
        elapsed = monotonic() - call.budget.started
        if self._debug:
            self._logger.debug(
                "%s: %d after %.3f s (attempt %d, request id %s)",
                call.address,
                head.status,
                elapsed,
                call.attempts,
                head.request_id,
            )
        if hooks is not None and hooks.response is not None:
            self._tell(
                hooks.response,
                ResponseEvent(
                    call.operation.operation_id,
                    head.status,
                    head.headers,
                    head.request_id,
                    elapsed,
                    call.attempts,
                ),
            )
        if self._observer is not None:
            self._observe(self._observer.answered, head)

    def failed(self, error: SDKError, delay: float | None) -> None:
        """An attempt failed, and another follows after ``delay`` seconds unless that is None."""
        call = self._call
        if self._debug:
            follows = "no other follows" if delay is None else f"next in {delay:.2f} s"
            self._logger.debug(
                "%s: attempt %d failed, %s: %s", call.address, call.attempts, follows, error
            )
        if self._bodies is not None:
            content = getattr(error, "content", None)
            if content:
                self._bodies.debug("%s: answer: %s", call.address, self._text(content))
        if self._observer is not None:
            self._observe(self._observer.failed, error)
        if delay is not None and self._hooks is not None and self._hooks.retry is not None:
            event = RetryEvent(call.operation.operation_id, error, delay, call.attempts)
            self._tell(self._hooks.retry, event)

    def warned(self, message: str, notes: tuple[str, ...], request_id: str | None) -> None:
        """An answer did not match the document."""
        if self._hooks is not None and self._hooks.warning is not None:
            operation_id = self._call.operation.operation_id
            self._tell(self._hooks.warning, WarningEvent(operation_id, message, notes, request_id))

    def items(self, items: Iterator[Any]) -> Iterator[Any]:
        """The same items of a stream, told one by one as they are handed out."""
        if self._items is None:
            self._items = 0
        observer, bodies = self._observer, self._bodies
        for item in items:
            self._items += 1
            if observer is not None:
                self._observe(observer.item, item)
            if bodies is not None:
                bodies.debug("%s: item: %s", self._call.address, self._json(item))
            yield item

    def whole(self, steps: Generator[Any, Any, _Whole]) -> Generator[Any, Any, _Whole]:
        """The steps of a plain call, with whose end the call is over."""
        try:
            parsed, head, content = yield from steps
        except BaseException as error:
            self.ended(_reason(error))
            raise
        self.ended(None, parsed, content)
        return parsed, head, content

    def beginning(self, steps: Steps) -> Steps:
        """The steps to a stream or a download: the call is over only where they fail."""
        try:
            return (yield from steps)
        except BaseException as error:
            self.ended(_reason(error))
            raise

    def ended(
        self, error: BaseException | None = None, parsed: Any = None, content: bytes = b""
    ) -> None:
        """The call is over. Only the first time counts."""
        if self._ended:
            return
        self._ended = True
        call, head, hooks = self._call, self._head, self._hooks
        if content and self._bodies is not None:
            self._bodies.debug("%s: answer: %s", call.address, self._text(content))
        if self._observer is not None:
            self._observe(self._observer.ended, error, parsed)
        elapsed = monotonic() - call.budget.started
        if self._debug and self._items is not None:
            self._logger.debug(
                "%s: %d items after %.3f s%s",
                call.address,
                self._items,
                elapsed,
                "" if error is None else f", then {type(error).__name__}: {error}",
            )
        if hooks is not None and hooks.end is not None:
            self._tell(
                hooks.end,
                EndEvent(
                    call.operation.operation_id,
                    elapsed,
                    call.attempts,
                    None if head is None else head.status,
                    None if head is None else head.request_id,
                    error,
                    self._items,
                ),
            )

    def _tell(self, hook: Callable[[Any], object], event: object) -> None:
        try:
            result: Any = hook(event)
            if result is not None and hasattr(result, "__await__"):
                _spawn(result, self._complain)
        except Exception:
            self._complain()

    def _observe(self, method: Callable[..., None], *arguments: object) -> None:
        thread = get_ident()
        if thread in _late:
            # The garbage collector ends a stream while this thread is in an observer, and perhaps
            # holds a lock of its library: that has to wait.
            _late[thread].append((self, method, arguments))
            return
        _late[thread] = []
        try:
            method(*arguments)
        except Exception:
            self._complain()
        finally:
            late = _late.pop(thread)
        for watch, method, arguments in late:
            watch._observe(method, *arguments)

    def _complain(self) -> None:
        self._logger.exception("a hook failed")

    def _text(self, content: bytes) -> str:
        shown = content[:MAX_SHOWN].decode("utf-8", "replace")
        more = len(content) - MAX_SHOWN
        return self._call.redact_text(shown + (f"... ({more} more bytes)" if more > 0 else ""))

    def _json(self, item: Any) -> str:
        from .encoding import to_builtins

        try:
            return self._call.redact_text(str(to_builtins(item)))[:MAX_SHOWN]
        except Exception:
            return f"a {type(item).__name__}"


def _reason(error: BaseException) -> BaseException:
    """What ended the steps: for a generator that was closed, what its client was handling."""
    if isinstance(error, GeneratorExit) and error.__context__ is not None:
        return error.__context__
    return error


_late: dict[int, list[tuple[Watch, Callable[..., None], tuple[object, ...]]]] = {}
"""By thread that is in an observer: what has come up meanwhile."""

_tasks: set[Any] = set()
"""Hooks that run; a loop alone would let them be collected."""


def _spawn(awaitable: Any, complain: Callable[[], None]) -> None:
    """Await beside the call. Raises RuntimeError where no event loop runs."""
    from asyncio import get_running_loop

    async def run() -> None:
        try:
            await awaitable
        except Exception:
            complain()

    try:
        loop = get_running_loop()
    except RuntimeError:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
        raise RuntimeError("an async hook needs an event loop: the sync client has none") from None
    task = loop.create_task(run())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


_LEVELS = ("debug", "info", "warning", "error", "critical")
_configured: set[str] = set()


def configure(logger: Logger, wanted: str) -> None:
    """Show what a logger says on stderr, as the environment variable asks for; once per logger.

    ``wanted`` is the name of a level, or ``body``: ``debug`` with the bodies of requests and answers.
    """
    if logger.name in _configured:
        return
    _configured.add(logger.name)
    wanted = wanted.strip().lower()
    level = "debug" if wanted == "body" else wanted
    known = level in _LEVELS
    logger.setLevel(level.upper() if known else "WARNING")
    if not logger.hasHandlers():
        from logging import Formatter, StreamHandler

        handler: StreamHandler[Any] = StreamHandler()
        handler.setFormatter(Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    if wanted == "body":
        getLogger(f"{logger.name}.body").setLevel(DEBUG)
    if not known:
        names = ", ".join((*_LEVELS, "body"))
        logger.warning("%r is no level of logging; there are %s", wanted, names)
