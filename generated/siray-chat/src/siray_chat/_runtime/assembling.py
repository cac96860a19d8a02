"""From the bytes of a stream to its items and its whole, without I/O.

What ends a stream well: its terminator; else, where the document says how to see it, an item that
says it is the last; else the end of the answer. Anything before that is a StreamTruncatedError with
what came until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import answers
from .content_coding import ContentCodingError
from .decoding import Decoded, JSONDecodeError, convert, decode_json, decoder_for
from .errors import (
    APIConnectionError,
    APIResponseError,
    ResponseDecodeError,
    ResponseValidationError,
    SDKError,
    StreamDecodeError,
    StreamError,
    StreamTruncatedError,
)
from .jsonl import JSONLinesDecoder
from .model import Model, fields_of
from .sse import MAX_EVENT_SIZE, RawEvent, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .call import Call
    from .operation import StreamAnswer
    from .steps import Opened
    from .transport import TransportError

_Error = TypeVar("_Error", bound=SDKError)
_SKIP: Any = object()
_MAX_WARNINGS = 20


class Assembler:
    """Decodes one stream. Not for use by several threads at once."""

    __slots__ = (
        "_cut",
        "_decoder",
        "_decompressor",
        "_document",
        "_document_size",
        "_frames",
        "_is_model",
        "_is_text",
        "_looked_at",
        "_strict",
        "_terminator",
        "_type",
        "_warned",
        "_whole",
        "answer",
        "call",
        "done",
        "error",
        "head",
        "items",
        "opened",
    )

    def __init__(self, call: Call, opened: Opened) -> None:
        answer = call.operation.stream
        assert answer is not None
        self.call = call
        self.answer: StreamAnswer = answer
        self._type: Any = answer.type() if answer.type else Any
        self._is_model = answers.is_model(self._type)
        self._decoder = decoder_for(self._type)
        # The data of an event is text before it is JSON: a string is what it says.
        self._is_text = self._type is str and answer.kind == "sse"
        self._strict = _text_of if self._is_text else self._decoder.strict
        self._terminator = None if answer.terminator is None else answer.terminator.encode()
        self._warned: set[str] = set()
        self._whole: Any = None
        self.items: list[Any] = []
        """Every item so far."""
        self.done = False
        """The stream has ended well; what may still come does not matter."""
        self.error: SDKError | None = None
        self.start(opened)

    def start(self, opened: Opened) -> None:
        """Begin with an answer; again when the call was opened again before the first event."""
        self.opened = opened
        self.head = opened.head
        self._decompressor = opened.decompressor
        self._cut = False
        self._looked_at = False
        self._document: list[bytes] | None = None
        self._document_size = 0
        sse = self.answer.kind == "sse"
        self._frames: SSEDecoder | JSONLinesDecoder = SSEDecoder() if sse else JSONLinesDecoder()

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one, empty where none had."""
        frames = self._frames
        return (
            frames.last_event_id.decode("utf-8", "replace")
            if isinstance(frames, SSEDecoder)
            else ""
        )

    @property
    def retry(self) -> int | None:
        """Milliseconds the server asks to wait before reconnecting."""
        frames = self._frames
        return frames.retry if isinstance(frames, SSEDecoder) else None

    def feed(self, block: bytes) -> Iterator[Any]:
        """Take bytes off the wire, yield the items they complete. Raises our errors."""
        if self._decompressor is not None:
            try:
                block = self._decompressor.feed(block)
            except ContentCodingError as error:
                raise self._failed(StreamDecodeError(str(error))) from None
        if block and not self._looked_at:
            self._looked_at = True
            if self.answer.kind == "sse" and block.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (
                b"{",
                b"[",
            ):
                # No event stream begins so: it is JSON, whatever its media type says.
                self._document = []
        if self._document is not None:
            self._document.append(block)
            self._document_size += len(block)
            if self._document_size > MAX_EVENT_SIZE:
                self._document = []
                raise self._failed(StreamDecodeError("the answer is no stream, and too long"))
            return
        try:
            frames = self._frames.feed(block)
        except StreamDecodeError as error:
            raise self._failed(error) from None
        strict, terminator, items = self._strict, self._terminator, self.items
        envelope = self.answer.envelope
        for frame in frames:
            if isinstance(frame, bytes) and not envelope:
                if frame == terminator:
                    self.done = True
                    return
                try:
                    item = strict(frame)
                except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
                    item = self._item(frame)
                else:
                    if b'"error"' in frame:
                        item = self._item(frame)
            else:
                item = self._item(frame)
                if self.done:
                    return
            if item is not _SKIP:
                items.append(item)
                yield item

    def first_block(self) -> Iterator[Any]:
        """The items of what was read while opening, or of a JSON answer in place of a stream."""
        opened = self.opened
        if opened.exchange is not None:
            # It has been decompressed to be looked at.
            decompressor, self._decompressor = self._decompressor, None
            try:
                yield from self.feed(opened.content)
            finally:
                self._decompressor = decompressor
        else:
            yield from self._whole_answer(opened.content)

    def leftover(self) -> list[Any]:
        """The bytes have ended in good order: the item whose last line break is missing, if any."""
        if self._document is not None:
            content, self._document = b"".join(self._document), None
            return list(self._whole_answer(content))
        last = None if self.done else self._frames.end()
        if last is None:
            return []
        try:
            item = self._item(last)
        except StreamDecodeError:
            if isinstance(last, bytes):
                raise
            self.error = None
            self._cut = True
            return []
        if item is _SKIP:
            return []
        self.items.append(item)
        return [item]

    def end(self) -> None:
        """There is nothing more. Raises StreamTruncatedError unless that is where the stream ends."""
        if self.done:
            return
        cut = self._cut
        if self._decompressor is not None:
            try:
                self._decompressor.end()
            except ContentCodingError:
                cut = True
        if cut or not (self._is_complete() or self.call.allow_truncated):
            where = "inside an event" if cut else "without its end"
            raise self.truncated(f"the stream ended {where} after {len(self.items)} items")
        self.done = True

    def truncated(self, message: str) -> StreamTruncatedError:
        """A StreamTruncatedError with what came so far."""
        return self._failed(StreamTruncatedError(message))

    def broken(self, failure: TransportError) -> SDKError:
        """Our error for a failure of the transport in the middle."""
        if failure.limit is not None or not self.items:
            error: SDKError = self.call.connection_error(failure, self.partial())
            error.attempts = self.call.attempts
            self.error = error
            return error
        text = self.call.redact_text(str(failure))
        return self.truncated(f"the stream was cut after {len(self.items)} items: {text}")

    def partial(self) -> Any:
        """What the items so far fold into, None where there are none."""
        if not self.items:
            return None
        try:
            return self._fold()
        except Exception:
            return None

    def final(self) -> Any:
        """The whole. Raises what the stream raised, or StreamTruncatedError when it was left early."""
        if self.error is not None:
            raise self.error
        if not self.done:
            raise self.truncated("the stream was closed before its end")
        return self._fold()

    def _fold(self) -> Any:
        if self._whole is not None:
            return self._whole
        answer = self.answer
        if answer.final is None or answer.fold is None:
            return list(self.items)
        from .folding import fold

        return fold(self.items, answer.fold, answer.final())

    def _is_complete(self) -> bool:
        path = self.answer.finished_by
        if not path:
            return self._terminator is None
        return any(_reaches(item, path) for item in reversed(self.items))

    # -- single items

    def _item(self, frame: bytes | RawEvent) -> Any:
        if isinstance(frame, RawEvent):
            data, event = frame.data, frame.event
        else:
            data, event = frame, b"message"
        if data == self._terminator:
            self.done = True
            return _SKIP
        if event == b"error":
            raise self._reported(data)
        if not (data if self._is_text else data.strip()):
            return _SKIP
        if self.answer.envelope:
            return self._enveloped(data, frame)
        try:
            value, notes = self._decoded(data)
        except JSONDecodeError as error:
            message = f"an event of the stream is not JSON: {error}; it begins {_shown(data)}"
            raise self._undecodable(message, data) from None
        if notes or b'"error"' in data:
            failure = answers.reported_error(data, self._type)
            if failure is not None:
                raise self._reported(data)
        if self._is_model and not isinstance(value, Model):
            message = f"an event of the stream is no {self._type.__name__}: {_shown(data)}"
            raise self._undecodable(message, data)
        if notes:
            self._mismatched(tuple(map(str, notes)), data, value)
        return value

    def _decoded(self, data: bytes) -> Decoded[Any]:
        """The data of an event or a line. Raises JSONDecodeError."""
        if self._is_text:
            return Decoded(data.decode("utf-8", "replace"), ())
        try:
            return self._decoder.decode(data)
        except JSONDecodeError:
            if self.answer.kind != "sse" or self._type is Any or self._is_model:
                raise
            # Where strings of some kind are allowed, text in no quotes may be one.
            text = convert(data.decode("utf-8", "replace"), self._type)
            if text.notes:
                raise
            return text

    def _enveloped(self, data: bytes, frame: bytes | RawEvent) -> Any:
        text = data.decode("utf-8", "replace")
        fields: dict[str, Any] = {"data": text}
        if isinstance(frame, RawEvent):
            if frame.event != b"message":
                fields["event"] = frame.event.decode("utf-8", "replace")
            if frame.id:
                fields["id"] = frame.id.decode("utf-8", "replace")
            if frame.retry is not None:
                fields["retry"] = frame.retry
        value, notes = convert(fields, self._type)
        if notes:
            # What is no string by the document is JSON in text, and the name of an event that
            # gives none is "message".
            candidates: list[dict[str, Any]] = [{"event": "message", **fields}]
            try:
                parsed: Any = decode_json(data, Any).value
            except JSONDecodeError:
                pass
            else:
                candidates += [{**fields, "data": parsed} for fields in (fields, *candidates)]
            for candidate in candidates:
                other = convert(candidate, self._type)
                if len(other.notes) < len(notes):
                    value, notes = other
        if notes:
            self._mismatched(tuple(map(str, notes)), data, value)
        return value

    def _mismatched(self, notes: tuple[str, ...], data: bytes, value: Any) -> None:
        if self.call.strict:
            message = f"an event does not match the document: {'; '.join(notes[:3])}"
            error = answers.response_error(ResponseValidationError, message, self.head, data, value)
            error.notes = notes
            raise self._failed(error)
        fresh = tuple(note for note in notes if note not in self._warned)
        if fresh and len(self._warned) < _MAX_WARNINGS:
            self._warned.update(fresh)
            self.call.warn(fresh, self.head)

    def _reported(self, data: bytes) -> SDKError:
        try:
            body: Any = decode_json(data, Any).value
        except JSONDecodeError:
            body = data.decode("utf-8", "replace")
        if isinstance(body, str):
            body = {"message": body}
        error = answers.status_error(
            self.call.operation, self.head, data, body=body, in_stream=True
        )
        return self._failed(error)

    def _undecodable(self, message: str, data: bytes) -> StreamDecodeError:
        error = StreamDecodeError(message)
        error.data = data
        return self._failed(error)

    def _failed(self, error: _Error) -> _Error:
        """Complete an error with what is known of the stream, and remember it."""
        error.attempts = self.call.attempts
        self.call.redact(error)
        if isinstance(error, (StreamError, APIConnectionError)):
            error.partial = self.partial()
        if isinstance(error, StreamError) and not isinstance(error, APIResponseError):
            error.status_code = self.head.status
            error.headers = self.head.headers
            error.request_id = self.head.request_id
        self.error = error
        return error

    # -- JSON in place of a stream

    def _whole_answer(self, content: bytes) -> Iterator[Any]:
        head, answer = self.head, self.answer
        if not content:
            error = answers.response_error(
                ResponseDecodeError, "the body is empty where a stream was asked for", head, content
            )
            raise self._failed(error)
        try:
            raw: Any = decode_json(content, Any).value
        except JSONDecodeError:
            kind = head.media_type or "no media type"
            message = f"the body is no stream ({kind}); it begins {_shown(content)}"
            error = answers.response_error(ResponseDecodeError, message, head, content)
            raise self._failed(error) from None
        if answers.reported_error(content, self._type) is not None:
            raise self._failed(answers.status_error(self.call.operation, head, content, body=raw))
        if self._is_model and not isinstance(raw, dict) and answer.final is not None:
            message = f"the body is neither a stream nor an object; it begins {_shown(content)}"
            raise self._failed(answers.response_error(ResponseDecodeError, message, head, content))
        self.call.warn(("the server sent one JSON answer in place of a stream",), head)
        if isinstance(raw, list) and self._is_model:
            pieces = cast("list[Any]", raw)
        else:
            pieces = [self._piece_of(raw)]
        for piece in pieces:
            item = convert(piece, self._type).value
            self.items.append(item)
            yield item
        self.done = True

    def _piece_of(self, raw: Any) -> Any:
        """The item that says what a whole says at once: its objects under the names of pieces."""
        answer = self.answer
        if answer.fold is None or answer.final is None or not convert(raw, self._type).notes:
            return raw
        self._whole = convert(raw, answer.final()).value
        return _renamed(raw, {whole: piece for piece, whole in answer.fold.rename.items()})


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        # A name that is there already is not written over.
        return {
            (names[key] if key in names and names[key] not in fields else key): _renamed(
                item, names
            )
            for key, item in fields.items()
        }
    if isinstance(value, list):
        elements = cast("list[Any]", value)
        return [_renamed(element, names) for element in elements]
    return value


def _text_of(data: bytes) -> str:
    """The data of an event as text; ValueError for none."""
    if not data:
        raise ValueError("no data")
    return data.decode("utf-8", "replace")


def _shown(data: bytes) -> str:
    return repr(data[:80].decode("utf-8", "replace"))


def _reaches(value: Any, path: tuple[str, ...]) -> bool:
    """Whether a value that is not null stands at the path; ``*`` is every element."""
    for position, step in enumerate(path):
        if step == "*":
            rest = path[position + 1 :]
            listed = isinstance(value, (list, tuple))
            elements = cast("Iterable[Any]", value if listed else ())
            return any(_reaches(element, rest) for element in elements)
        if isinstance(value, Model):
            value = fields_of(value).get(step)
        elif isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            value = fields.get(step)
        else:
            return False
        if value is None:
            return False
    return value is not None
