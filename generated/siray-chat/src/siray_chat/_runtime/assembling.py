"""From the bytes of a stream to its items and its whole, without I/O.

What ends a stream well: its terminator; else, where the document says how to see it, items that say
they are the last; else the end of the answer. Anything before that is a StreamTruncatedError with
what came until then.

What ``final()`` will need is kept as the events came, since that is less than the items are, and put
together when it is asked for; or, where it is asked for first, put together as it comes.
"""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Any, TypeVar

from . import answers
from .errors import (
    APIConnectionError,
    APIResponseError,
    ConfigurationError,
    SDKError,
    StreamDecodeError,
    StreamError,
    StreamTruncatedError,
)
from .events import NOTABLE, SKIP, Events, before
from .keeping import MANY, KeptEvents
from .parsing import JSONDecodeError, parse_json
from .sse import MAX_EVENT_SIZE, RawEvent, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .call import Call
    from .finishing import Finish
    from .folding import Folder
    from .jsonl import JSONLinesDecoder
    from .operation import StreamAnswer
    from .sse import Frame
    from .steps import Opened
    from .transport import TransportError

_Error = TypeVar("_Error", bound=SDKError)
_NOTHING: tuple[Any, ...] = ()
_SAMPLE = 16
"""Events at either end of a stream that tell which choices there are, without looking at all."""
_LAST = 3
"""Events at the end of a block that are looked at for a finish: token counts may follow it."""


class Assembler:
    """Decodes one stream. Not for use by several threads at once."""

    __slots__ = (
        "_coding_error",
        "_cut",
        "_decompressor",
        "_document",
        "_document_size",
        "_ends",
        "_finish",
        "_folder",
        "_frames",
        "_is_failing",
        "_is_first",
        "_is_special",
        "_kept",
        "_parser",
        "_passed",
        "_place",
        "_singles",
        "_skipped",
        "_whole",
        "answer",
        "batch",
        "call",
        "error",
        "events",
        "head",
        "is_finished",
        "opened",
    )

    def __init__(self, call: Call, opened: Opened) -> None:
        answer = call.operation.stream
        assert answer is not None
        self.call = call
        self.answer: StreamAnswer = answer
        self.events = Events(call, answer, opened.head)
        self.batch: Iterator[Any] = iter(_NOTHING)
        """The items of the last block that have not been handed out; see ``recover``."""
        self.error: SDKError | None = None
        self.is_finished = False
        """Items have said that they are the last; a terminator or token counts may follow."""
        self._kept: KeptEvents | None = None
        if call.options.get("keep", True):
            self._kept = KeptEvents(whole_events=answer.envelope)
        self._folder: Folder | None = None
        self._singles: list[Any] = []
        self._whole: Any = None
        self._finish: Finish | None = None
        if answer.finished_by:
            from .finishing import Finish

            self._finish = Finish(answer.finished_by, answer.fold.keys if answer.fold else {})
        self.start(opened)

    def start(self, opened: Opened) -> None:
        """Begin with an answer; again when the call was opened again before the first event."""
        self.opened = opened
        self.head = self.events.head = opened.head
        self._decompressor = opened.decompressor
        self._parser: SSEDecoder | JSONLinesDecoder
        if self.answer.kind == "sse":
            self._parser = SSEDecoder(notable=None if self.answer.envelope else NOTABLE)
        else:
            from .jsonl import JSONLinesDecoder

            self._parser = JSONLinesDecoder()
        self._coding_error: StreamDecodeError | None = None
        """What is to be raised once all that came before it has been handed out."""
        self._cut = False
        self._is_first = self.answer.kind == "sse"
        self._document: list[bytes] | None = None
        self._document_size = 0
        self._is_special = self._is_first or self._decompressor is not None
        """Blocks have to be looked at before they are events."""
        self._frames: list[Frame] = []
        """The events of the last block."""
        self._place: Iterator[Frame] = iter(_NOTHING)
        """Stands in ``_frames`` behind the last item that was handed out."""
        self._passed = 0  # events of the blocks before
        self._ends: list[Frame] = []  # of a stream that is not kept, at most _SAMPLE events each
        self._skipped = 0  # of all events, those without an item
        self._is_failing = False
        if self._kept is not None:
            self._kept = KeptEvents(whole_events=self.answer.envelope)

    @property
    def done(self) -> bool:
        """The stream has ended well; what may still come does not matter."""
        return self.events.done

    @property
    def count(self) -> int:
        """How many items have been handed out."""
        return self._position() - self._skipped

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one, empty where none had."""
        parser = self._parser
        return (
            parser.last_event_id.decode("utf-8", "replace")
            if isinstance(parser, SSEDecoder)
            else ""
        )

    @property
    def retry(self) -> int | None:
        """Milliseconds the server asks to wait before reconnecting."""
        parser = self._parser
        return parser.retry if isinstance(parser, SSEDecoder) else None

    # -- blocks in, items out

    def feed(self, block: bytes) -> None:
        """Take bytes off the wire; ``batch`` has the items they complete. Raises our errors."""
        if self._is_special:
            block = self._unwrapped(block)
            if not block:
                return
        frames: list[Frame]
        try:
            frames = self._parser.feed(block)  # type: ignore[assignment]  # bytes are frames
        except StreamDecodeError as error:
            raise self.failed(error) from None
        if not frames:
            return
        # The items of these events are handed out next; those of the block before have been.
        if self._kept is not None:
            self._kept.recent += frames
        self._passed += len(self._frames)
        self._frames = frames
        self._place = place = iter(frames)
        events = self.events
        if events.is_direct and self.call.watch is None and self._parser.is_plain:
            self.batch = map(events.strict, place)  # type: ignore[arg-type]  # bytes, all of them
        else:
            self._deliver(events.deliver(place, self._parser.is_plain))

    def _deliver(self, items: Iterator[Any]) -> None:
        watch = self.call.watch
        self.batch = items if watch is None else watch.items(items)

    def recover(self, failure: Exception) -> None:
        """Go on after ``batch`` raised one of REFUSED. Raises our errors; and what is none of ours."""
        position = self._position() - self._passed
        frame = self._frames[position - 1] if position else None
        if frame is None or self.events.is_plain(frame):
            raise failure  # thrown into the iterator by whoever reads it
        self._is_failing = True
        self._skipped += 1
        try:
            item = self.events.item(frame)
        except SDKError as error:
            raise self.failed(error) from None
        self._is_failing = False
        if item is not SKIP:
            self._skipped -= 1
        else:
            self._frames[position - 1] = b""  # nothing of it goes into the whole
            if self._kept is not None:
                self._kept.drop(self._passed + position - 1)
            if self.done:
                self.batch = iter(_NOTHING)
                return
        self._deliver(before(item, self.events.deliver(self._place, self._parser.is_plain)))

    def settle(self) -> None:
        """All items of the last block have been handed out, and the next is about to be waited for."""
        if self._coding_error is not None:
            raise self.failed(self._coding_error)
        if self._kept is None:
            self._gather()
            return
        kept, finish = self._kept, self._finish
        if len(kept.recent) >= MANY:
            kept.pack()
        if finish is not None:
            if self.is_finished:
                # Another choice may begin after the one before has finished.
                self._look(self._frames[-_LAST:])
                return
            for frame in self._frames[-_LAST:]:
                if finish.is_mentioned(_data_of(frame)):
                    self._look(kept.ends(_SAMPLE))
                    break

    def close(self) -> None:
        """Hand out nothing more."""
        if self._kept is None:
            self._gather()
        else:
            position = self._position()
            self._kept.cut(position)
            self._passed, self._frames, self._place = position, [], iter(_NOTHING)
        self.batch = iter(_NOTHING)

    def _gather(self) -> None:
        """Where events are not kept: take what is needed of those that were handed out."""
        position = self._position()
        frames = self._frames[: position - self._passed - self._is_failing]
        self._passed, self._frames, self._place = position, [], iter(_NOTHING)
        finish, folder = self._finish, self._folder
        if folder is not None:
            for frame in frames:
                item = self._raw(frame)
                if finish is not None:
                    finish.look(item)
                folder.add(item)
        elif finish is not None:
            ends = self._ends
            ends += frames
            del ends[_SAMPLE:-_SAMPLE]
            said = [frame for frame in frames if finish.is_mentioned(_data_of(frame))]
            if said or self.is_finished:
                self._look(said + ends)  # the others tell which choices there are
        if finish is not None:
            self.is_finished = finish.is_reached

    def _position(self) -> int:
        """How many events have been handed out or skipped, or are in the works."""
        return self._passed + len(self._frames) - length_hint(self._place)

    def _unwrapped(self, block: bytes) -> bytes:
        """Content codings removed; empty where the answer turns out to be no stream."""
        if self._decompressor is not None:
            from .content_coding import ContentCodingError

            try:
                block = self._decompressor.feed(block)
            except ContentCodingError as error:
                self._coding_error = StreamDecodeError(str(error))
                block = error.data
        if (self._is_first or self._document is not None) and self._is_document(block):
            return b""
        self._is_special = (
            self._decompressor is not None or self._is_first or self._document is not None
        )
        return block

    def _is_document(self, block: bytes) -> bool:
        """Whether the answer is no stream but JSON or HTML, whatever its media type says."""
        if self._document is None:
            if not block:
                return False
            self._is_first = False
            if block.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"[", b"<"):
                return False
            self._document = []  # no event stream begins so
        self._document.append(block)
        self._document_size += len(block)
        if self._document_size > MAX_EVENT_SIZE:
            self._document = []
            raise self.failed(StreamDecodeError("the answer is no stream, and too long"))
        return True

    # -- the begin and the end

    def first_block(self) -> None:
        """As ``feed``, with what was read while opening, or the JSON answer in place of a stream."""
        opened = self.opened
        if opened.exchange is None:
            self._take_whole(opened.content)
        elif opened.content:
            # It has been decompressed to be looked at.
            decompressor, self._decompressor = self._decompressor, None
            try:
                self.feed(opened.content)
            finally:
                self._decompressor = decompressor
                self._is_special = self._is_special or decompressor is not None

    def leftover(self) -> None:
        """The bytes have ended in good order: the item whose last line break is missing, if any."""
        if self._document is not None:
            content, self._document = b"".join(self._document), None
            self._take_whole(content)
            return
        last = None if self.done else self._parser.end()
        if last is None:
            return
        try:
            item = self.events.item(last)
        except StreamDecodeError:
            self._cut = True
        except SDKError as error:
            raise self.failed(error) from None
        else:
            if item is not SKIP:
                if self._kept is not None:
                    self._kept.recent.append(last)
                self._passed += len(self._frames)
                self._frames = [last]
                self._place = iter(_NOTHING)
                self._deliver(iter((item,)))

    def end(self) -> None:
        """There is nothing more. Raises StreamTruncatedError unless that is where the stream ends."""
        if self.done:
            return
        cut = self._cut
        if self._decompressor is not None:
            from .content_coding import ContentCodingError

            try:
                self._decompressor.end()
            except ContentCodingError:
                cut = True
        # What comes behind the items that say they are the last does not matter.
        well = self.is_complete() and (not cut or self._finish is not None)
        if not well and not self.call.allow_truncated:
            where = "inside an event" if cut else "without its end"
            raise self.truncated(f"the stream ended {where} after {self.count} items")
        self.events.done = True

    def is_complete(self) -> bool:
        """Whether the bytes may end here."""
        if self._finish is None:
            return self.answer.terminator is None
        if self._kept is None:
            self._gather()
        else:
            self._look(self._kept.first(self._position()))
        return self.is_finished

    def _look(self, frames: Iterable[Frame]) -> None:
        finish = self._finish
        if finish is not None:
            for frame in frames:
                finish.look(self._raw(frame))
            self.is_finished = finish.is_reached

    # -- what came

    def collect(self) -> None:
        """``final()`` is all that is wanted of a stream that nobody has begun to read."""
        answer = self.answer
        if answer.final is not None and answer.fold is not None:
            from .folding import Folder

            self._kept = None
            self._folder = Folder(answer.fold, answer.final())
        elif self._kept is None:
            self._kept = KeptEvents(whole_events=answer.envelope)  # the whole is the list of items

    def check_kept(self) -> None:
        """Raise ConfigurationError where nothing was kept that ``final()`` could return."""
        if self._kept is None and self._folder is None and self._whole is None:
            raise ConfigurationError(
                'with the option "keep": False, final() has to be called before the stream is read'
            )

    def partial(self) -> Any:
        """What the items so far fold into, None where there are none or they were not kept."""
        if not self.count and not self._singles:
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
        answer, kept, folder = self.answer, self._kept, self._folder
        if folder is not None:
            self._gather()
            return folder.result()
        if kept is None:
            return None
        frames = kept.first(self._position() - self._is_failing)
        if answer.final is None or answer.fold is None:
            items = [self._typed(frame) for frame in frames]
            return self._singles + [item for item in items if item is not SKIP]
        from .folding import Folder

        folder = Folder(answer.fold, answer.final())
        for item in self._singles:
            folder.add(item)
        for frame in frames:
            folder.add(self._raw(frame))
        return folder.result()

    def _raw(self, frame: Frame) -> Any:
        """What an event that has been handed out holds, as JSON values; None for nothing."""
        data = _data_of(frame)
        if self.events.is_void(data):
            return None
        if not self.answer.envelope:
            try:
                return parse_json(data, keep_halves=True)[0]
            except JSONDecodeError:
                pass
        item = self._typed(frame)
        if item is SKIP:
            return None
        from .encoding import to_builtins

        return to_builtins(item)

    def _typed(self, frame: Frame) -> Any:
        """The item of an event that has been handed out, or SKIP."""
        try:
            return self.events.item(frame)
        except SDKError:
            return SKIP

    # -- errors

    def truncated(self, message: str) -> StreamTruncatedError:
        """A StreamTruncatedError with what came so far."""
        return self.failed(StreamTruncatedError(message))

    def broken(self, failure: TransportError) -> SDKError:
        """Our error for a failure of the transport in the middle."""
        if failure.limit is not None or not self.count:
            error = self.call.connection_error(failure, self.partial())
            answers.broken_off(error, self.head)
            error.attempts = self.call.attempts
            self.error = error
            return error
        text = self.call.redact_text(str(failure))
        return self.truncated(f"the stream was cut after {self.count} items: {text}")

    def failed(self, error: _Error) -> _Error:
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

    def _take_whole(self, content: bytes) -> None:
        from .single_answer import items_of_whole

        try:
            self._whole, self._singles = items_of_whole(
                self.call, self.answer, self.events.type, self.head, content
            )
        except SDKError as error:
            raise self.failed(error) from None
        self._passed = len(self._singles)
        self._deliver(iter(self._singles))
        self.events.done = True


def _data_of(frame: Frame) -> bytes:
    return frame.data if isinstance(frame, RawEvent) else frame
