"""The attempts of a call: what is sent, what is made of a failure, and whether another one follows.

Generators of steps (:mod:`.steps`). What may be sent again is decided in :mod:`.retries`.
"""

from __future__ import annotations

import os
import time

from .answers import Head
from .errors import (
    APIConnectionError,
    APIStatusError,
    ResponseDecodeError,
    SDKError,
    TokenError,
)
from .preparing import draft_request
from .steps import Close, Read, Send, Sleep
from .transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from .call import Call
    from .steps import AnyExchange, Steps
    from .transport import PreparedRequest

_MAX_SKIPPED = 64 * 1024
"""Bytes of a redirect's own body that are read, so that its connection can be used again."""
_SKIP_SECONDS = 1.0
"""How long it is waited for."""


def attempts(
    call: Call,
    receive: Callable[[Call, AnyExchange, Head], Steps],
    begun: AnyExchange | Exception | None = None,
) -> Steps:
    """The steps to an answer that counts; they end with what ``receive`` makes of it.

    ``begun`` is what came of the first attempt, where that was made already.
    """
    draft = call.draft
    if draft is None:
        draft = call.draft = draft_request(call.settings, call.request)
    if draft.kept.unsigned:
        from .signing import sign

        yield from sign(call, draft)
    while True:
        error: SDKError
        cause: BaseException | None = None
        if begun is None:
            call.attempts += 1
        try:
            if call.tokens:
                from .signing import authorize

                yield from authorize(call, draft)
            request = draft.prepare(call.attempts)
            if begun is not None:
                exchange, begun = begun, None
                if isinstance(exchange, Exception):
                    raise exchange
            else:
                if call.watch is not None:
                    call.watch.sending(request)
                exchange = yield Send(request, call.budget)
            call.exchange = exchange
            head = Head(exchange.status, exchange.headers, call.settings.api)
            if 300 < head.status < 309:
                exchange, head = yield from _redirected(call, request, exchange, head)
            if call.watch is not None:
                call.watch.answered(head)
            return (yield from receive(call, exchange, head))
        except TransportError as failure:
            error = call.connection_error(failure)
            cause = failure.__cause__ or failure
            delay = _delay_after_failure(call, error, failure)
        except TokenError as failure:
            failure.attempts = call.attempts
            raise
        except APIStatusError as failure:
            error = failure
            if failure.status_code == 401 and _can_renew(call):
                call.renewed = True
                for _, source, token in call.tokens:
                    source.reject(token)
                continue
            delay = _delay_after_answer(call, failure)
        except ResponseDecodeError as failure:
            error = failure
            delay = _delay_after_failure(call, error, None) if failure.retryable else None
        except SDKError as failure:
            failure.attempts = call.attempts
            call.redact(failure)
            raise
        yield from _after_failure(call, error, cause, delay)


def again(
    call: Call,
    error: SDKError,
    cause: BaseException | None,
    receive: Callable[[Call, AnyExchange, Head], Steps],
) -> Steps:
    """The steps after an answer broke off before any of it was used: as ``attempts``, or ``error``."""
    yield from _after_failure(call, error, cause, _delay_after_failure(call, error, cause))
    return (yield from attempts(call, receive))


def _redirected(
    call: Call, request: PreparedRequest, exchange: AnyExchange, head: Head
) -> Generator[Any, Any, tuple[AnyExchange, Head]]:
    """Follow redirects as far as they may be followed; the last answer."""
    from .redirects import MAX_REDIRECTS, follow

    assert call.draft is not None
    hops = 0
    while 300 < head.status < 309 and hops < MAX_REDIRECTS:
        target = follow(request, head.status, head.headers, call.draft.secrets())
        if target is None:
            break
        hops += 1
        if call.watch is not None:
            call.watch.answered(head)
        yield from _skip(call, exchange)
        request = target
        if call.watch is not None:
            call.watch.sending(request)
        exchange = yield Send(request, call.budget)
        call.exchange = exchange
        head = Head(exchange.status, exchange.headers, call.settings.api)
    return exchange, head


def _skip(call: Call, exchange: AnyExchange) -> Steps:
    """Read a short body nobody wants, so that the connection can be used again."""
    size = 0
    deadline = call.budget.shorten(_SKIP_SECONDS)
    try:
        while size < _MAX_SKIPPED:
            block = yield Read(exchange)
            if not block:
                break
            size += len(block)
    except TransportError:
        pass
    call.budget.restore(deadline)
    yield Close(exchange)
    call.exchange = None


# -- after a failure


def _after_failure(
    call: Call, error: SDKError, cause: BaseException | None, delay: float | None
) -> Steps:
    error.attempts = call.attempts
    call.redact(error)
    if call.exchange is not None:
        yield Close(call.exchange)
        call.exchange = None
    remaining = call.budget.remaining()
    if delay is not None and remaining is not None and delay >= remaining:
        delay = None
    if call.watch is not None:
        call.watch.failed(error, delay)
    if delay is None:
        raise error from (None if _tells(call, cause) else cause)
    if delay > 0:
        yield Sleep(delay)


def _tells(call: Call, cause: BaseException | None) -> bool:
    """Whether a traceback that shows ``cause`` would show a credential: servers do echo them."""
    depth = 0
    while cause is not None and depth < 10:
        text = str(cause)
        if call.redact_text(text) != text:
            return True
        cause = cause.__cause__ or cause.__context__
        depth += 1
    return False


def _fraction() -> float:
    """A random number in [0, 1); the module of that name costs a millisecond to import."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def _retries_left(call: Call) -> bool:
    # The attempt after a new access token does not count.
    return call.attempts - call.renewed <= call.max_retries and _body_left(call)


def _body_left(call: Call) -> bool:
    body = call.draft.body if call.draft else None
    return body is None or body.replayable or not body.started


def _can_renew(call: Call) -> bool:
    """Whether the request may be sent once more with a new access token."""
    return bool(call.tokens) and not call.renewed and _body_left(call)


def _delay_after_failure(call: Call, error: SDKError, cause: BaseException | None) -> float | None:
    if isinstance(cause, TransportError) and cause.permanent:
        error.retryable = False
        return None
    from . import retries  # no answer that is well needs any of it

    phase = error.phase if isinstance(error, APIConnectionError) else "reading"
    if not _retries_left(call) or not retries.replayable_failure(phase, replay=call.replay):
        return None
    return retries.backoff(call.attempts, _fraction())


def _delay_after_answer(call: Call, error: APIStatusError) -> float | None:
    if error.status_code < 300:
        return None
    from . import reports, retries

    code = retries.final_code(reports.parsed(error.content)) or error.code
    error.retryable = retries.retryable_status(
        error.status_code, error.headers, code, idempotent=call.replay
    )
    if not error.retryable or not _retries_left(call):
        return None
    return retries.delay_before_retry(error.headers, time.time(), call.attempts, _fraction())
