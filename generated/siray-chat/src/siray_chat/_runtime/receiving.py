"""Reading the answer of a call: the whole body, or up to where a stream or a download takes over.

Generators of steps (:mod:`.steps`). Whatever reports a failure is read to its end and raised.
"""

from __future__ import annotations

from msgspec import MsgspecError

from . import answers
from .errors import APIResponseError, ResponseDecodeError
from .steps import Close, Opened, Read
from .transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from .answers import Head
    from .call import Call
    from .content_coding import Decompressor
    from .steps import AnyExchange
    from .transport import Fields

MAX_BODY = 1024 * 1024 * 1024
"""Bytes that a whole body may have; what is larger is for ``client.download``."""
MAX_ERROR_BODY = 1024 * 1024
"""Bytes of a failure's body that are read."""
ERROR_BODY_SECONDS = 10.0
"""How long a failure's body is waited for; its status is known."""

LINE_TYPES = frozenset(
    (
        "application/geo+json-seq",
        "application/json-lines",
        "application/json-seq",
        "application/jsonl",
        "application/jsonlines",
        "application/ndjson",
        "application/stream+json",
        "application/x-json-stream",
        "application/x-jsonl",
        "application/x-jsonlines",
        "application/x-ndjson",
        "text/jsonl",
    )
)
"""Names under which servers send JSON values one after the other."""

_STREAM_TYPES = {"sse": frozenset(("text/event-stream",)), "jsonl": LINE_TYPES}


class Arrived:
    """An exchange that is over: a body that was found whole, and has yet to be looked at."""

    __slots__ = ("_content", "headers", "status")

    def __init__(self, exchange: AnyExchange, content: bytes) -> None:
        self.status: int = exchange.status
        self.headers: Fields = exchange.headers
        self._content: bytes | None = content

    def whole(self) -> bytes | None:
        """The body, once."""
        content, self._content = self._content, None
        return content


NOTHING: Any = object()
"""No value: there is more to do."""


def receive_at_once(call: Call, exchange: AnyExchange) -> tuple[Any, AnyExchange]:
    """What a plain call returns, where its answer came whole, is a success, and matches the document.

    That is how nearly all calls end, and it needs no steps. Otherwise NOTHING, and the exchange to
    go on with.
    """
    if 200 <= exchange.status < 300 and not getattr(exchange, "is_encoded", True):
        found = call.operation.candidates(exchange.status)
        decoder = found[0].decoder if len(found) == 1 else None
        # Without a decoder there is more to it, or this is the first answer.
        if decoder:
            content: bytes | None = exchange.whole()
            if content is not None:
                try:
                    return decoder.strict(content), None
                except (MsgspecError, ValueError, RecursionError):
                    return NOTHING, Arrived(exchange, content)
    return NOTHING, exchange


def receive_plain(
    call: Call, exchange: AnyExchange, head: Head
) -> Generator[Any, Any, tuple[Any, Head, bytes]]:
    """What a plain call returns, with the head and the body that it came from."""
    content = _at_hand(call, exchange, head)
    if content is None:
        content = yield from read_all(call, exchange, head)
    parsed = answers.decode_success(
        call.operation,
        head,
        content,
        strict=call.strict,
        warn=lambda notes: call.warn(notes, head),
    )
    return parsed, head, content


def _at_hand(call: Call, exchange: AnyExchange, head: Head) -> bytes | None:
    """The body of a success as it is, if all of it has come with the head; else None."""
    if not 200 <= head.status < 300:
        return None
    if getattr(exchange, "is_encoded", True) and head.headers.is_encoded:
        return None
    whole = getattr(exchange, "whole", None)
    content: bytes | None = None if whole is None else whole()
    if content is not None:
        call.exchange = None
    return content


def receive_stream(call: Call, exchange: AnyExchange, head: Head) -> Generator[Any, Any, Opened]:
    """A stream that begins, or the JSON body that came in its place."""
    stream = call.operation.stream
    assert stream is not None
    if not 200 <= head.status < 300:
        yield from read_all(call, exchange, head)
    coding = _decompressor(head)
    kind = head.media_type
    if kind == stream.media_type or kind in _STREAM_TYPES[stream.kind]:
        return Opened(head, exchange, coding, b"")
    first = b""
    # A wrong or no media type: the first bytes tell.
    certain = answers.is_json(kind) or "html" in kind
    try:
        while stream.kind == "sse" or not certain:
            block = yield Read(exchange)
            if not block:
                break
            first += _decompressed(coding, block, head, first)
            start = first.lstrip(b"\xef\xbb\xbf \t\r\n")
            if len(start) < 6 and start and b"\n" not in start:
                continue
            if start:
                if _opens_stream(start, certain=certain, sse=stream.kind == "sse"):
                    return Opened(head, exchange, coding, first)
                break
    except TransportError as failure:
        failure.head, failure.content = head, first
        raise
    content = yield from read_all(call, exchange, head, first, coding)
    return Opened(head, None, None, content)


def _opens_stream(start: bytes, *, certain: bool, sse: bool) -> bool:
    """Whether a body that begins so is a stream; ``certain``: its media type says it is not."""
    if certain:
        return start.startswith((b"data:", b"event:", b"id:", b"retry:", b":"))
    return start[:1] != b"<" and not (sse and start[:1] in (b"{", b"["))


def receive_head(call: Call, exchange: AnyExchange, head: Head) -> Generator[Any, Any, Opened]:
    """A success, its body unread."""
    if not call.operation.is_success(head.status):
        yield from read_all(call, exchange, head)
    return Opened(head, exchange, _decompressor(head), b"")


def read_all(
    call: Call,
    exchange: AnyExchange,
    head: Head,
    first: bytes = b"",
    coding: Decompressor | None = None,
) -> Generator[Any, Any, bytes]:
    """The whole body, the exchange closed. Raises APIStatusError unless the status is a success."""
    success = call.operation.is_success(head.status)
    blocks = [first] if first else []
    size = len(first)
    is_open = True
    bound = MAX_BODY if success else MAX_ERROR_BODY
    deadline = None if success else call.budget.shorten(ERROR_BODY_SECONDS)
    try:
        if coding is None and not first:
            coding = _decompressor(head)
        whole = None if first else getattr(exchange, "whole", None)
        content = None if whole is None else whole()
        if content is not None:
            is_open = False
            blocks.append(_decompressed(coding, content, head))
        while is_open:
            block = yield Read(exchange)
            if not block:
                break
            if coding is not None:
                block = _decompressed(coding, block, head, blocks)
            blocks.append(block)
            size += len(block)
            if size > bound:
                if success:
                    raise _too_large(head)
                break
        if coding is not None and success:
            _end(coding, head, blocks)
    except TransportError as failure:
        # The status of a failure counts for more than the end of its body.
        if success:
            failure.head, failure.content = head, b"".join(blocks)
            raise
    except APIResponseError:
        if success:
            raise
    if is_open:
        yield Close(exchange)
    call.exchange = None
    content = b"".join(blocks) if len(blocks) != 1 else blocks[0]
    if not success:
        call.budget.restore(deadline)
        from .reports import status_error

        raise status_error(call.operation, head, content)
    return content


def _too_large(head: Head) -> ResponseDecodeError:
    message = f"the body is larger than {MAX_BODY} bytes; client.download() takes any"
    error: ResponseDecodeError = answers.response_error(ResponseDecodeError, message, head, b"")
    return error


def _decompressor(head: Head) -> Decompressor | None:
    if not head.headers.is_encoded:
        return None
    coding = head.headers.get("content-encoding")
    from .content_coding import ContentCodingError, decompressor

    try:
        return decompressor(coding)
    except ContentCodingError as error:
        raise answers.response_error(ResponseDecodeError, str(error), head, b"") from None


def _decompressed(
    coding: Decompressor | None, block: bytes, head: Head, before: bytes | list[bytes] = b""
) -> bytes:
    """What a block holds; ``before`` it came this, for the error."""
    if coding is None:
        return block
    from .content_coding import ContentCodingError

    try:
        return coding.feed(block)
    except ContentCodingError as error:
        content = (before if isinstance(before, bytes) else b"".join(before)) + error.data
        raise answers.response_error(ResponseDecodeError, str(error), head, content) from None


def _end(coding: Decompressor, head: Head, blocks: list[bytes]) -> None:
    from .content_coding import ContentCodingError

    try:
        coding.end()
    except ContentCodingError as error:
        content = b"".join(blocks)
        cut: ResponseDecodeError = answers.response_error(
            ResponseDecodeError, str(error), head, content
        )
        # It was well as far as it came: the server, or somebody between, gave up.
        cut.retryable = True
        raise cut from None
