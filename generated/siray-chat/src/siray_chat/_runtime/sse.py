"""Server-sent events: bytes in, events out (WHATWG HTML, section 9.2 "Server-sent events").

The decoder does no I/O and is right wherever the bytes are split. Two details that are easy to get
wrong: a line that ends with CR is complete at once (a following LF is swallowed when it comes), and
the last event id takes effect when its event ends, also where that event has no data.

An event that is not ended by an empty line before the bytes end is dropped, as the standard says.

The fast path takes runs of ``data: ...`` events with one C call; it is decided for each block, sees
only complete events, and otherwise leaves the block to the line machine, so it cannot change the
result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .errors import StreamDecodeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from typing import TypeAlias

MAX_EVENT_SIZE = 64 * 1024 * 1024
"""Bytes; a longer event (or line) is an error and not kept in memory."""

_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event."""

    event: str
    """Its type; ``message`` where the server names none."""
    data: str
    id: str
    """The last event id as of this event: a server need not repeat it."""
    retry: int | None
    """Milliseconds to wait before reconnecting, where this event says so."""


class RawEvent:
    """An event as bytes."""

    __slots__ = ("data", "event", "id", "retry")

    def __init__(self, event: bytes, data: bytes, id: bytes, retry: int | None) -> None:
        self.event = event
        self.data = data
        self.id = id
        self.retry = retry


if TYPE_CHECKING:
    Frame: TypeAlias = bytes | RawEvent
    """The data of a plain event (type ``message``, no id, no retry), or an event with more to it."""


class SSEDecoder:
    """A decoder for one stream of bytes."""

    __slots__ = (
        "_data",
        "_data_size",
        "_event",
        "_id",
        "_line_size",
        "_max",
        "_open",
        "_pieces",
        "_retry",
        "_skip_lf",
        "_start",
        "last_event_id",
        "retry",
    )

    def __init__(self, max_event_size: int = MAX_EVENT_SIZE) -> None:
        self._max = max_event_size
        self._start: bytes | None = b""  # until the place of a byte order mark has passed
        self._skip_lf = False
        self._pieces: list[bytes] = []  # a line that has not ended
        self._line_size = 0  # bytes held in _pieces
        self._data_size = 0  # bytes held in _data
        self._open = False  # whether lines of the current event were seen
        self._data: list[bytes] = []
        self._event = b""
        self._id = b""
        self._retry: int | None = None
        self.last_event_id: bytes = b""
        """What a reconnect would send as ``Last-Event-ID``."""
        self.retry: int | None = None
        """The last reconnection time the server gave, in milliseconds."""

    def feed(self, block: bytes) -> list[Frame]:
        """Take bytes, return the events they complete. Raises StreamDecodeError past the size cap."""
        if self._start is not None:
            block = self._start + block
            if len(block) < 3 and _BOM.startswith(block):
                self._start = block
                return []
            self._start = None
            if block.startswith(_BOM):
                block = block[3:]
        if self._skip_lf and block:
            self._skip_lf = False
            if block[0] == 10:
                block = block[1:]
        if b"\n" not in block and b"\r" not in block:
            if block:
                self._hold(block)
            return []
        if self._pieces:
            self._pieces.append(block)
            block = b"".join(self._pieces)
            self._pieces = []
            self._line_size = 0
        # The fast path: nothing is open, and the block has nothing but "data: ...\n\n" events.
        if not self._open and block.startswith(b"data: ") and b"\r" not in block:
            end = block.rfind(b"\n\n")
            if end > 0:
                frames: list[Frame] = block[6:end].split(b"\n\ndata: ")  # type: ignore[assignment]
                if block.count(b"\n", 0, end) == 2 * (len(frames) - 1):
                    rest = block[end + 2 :]
                    if not rest:
                        return frames
                    if b"\n" not in rest:
                        self._hold(rest)
                        return frames
                    frames.extend(self._lines(rest))
                    return frames
        return self._lines(block)

    def end(self) -> RawEvent | None:
        """The event that was open when the bytes ended, if it has data. The standard drops it.

        A line without an end counts as one, so that callers can tell a missing last line break from
        an event cut in two.
        """
        if self._start:
            self._pieces.append(self._start)
        self._start = None
        if self._pieces:
            line = b"".join(self._pieces)
            self._pieces = []
            self._field(line)
        if not self._data:
            return None
        return RawEvent(self._event or b"message", b"\n".join(self._data), self._id, self._retry)

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._line_size += len(piece)
        self._check_size()

    def _check_size(self) -> None:
        if self._line_size + self._data_size > self._max:
            self._pieces = []
            self._data = []
            raise StreamDecodeError(f"an event of the stream is longer than {self._max} bytes")

    def _lines(self, block: bytes) -> list[Frame]:
        if b"\r" in block:
            lines = block.splitlines()
            last = block[-1]
            if last == 13:
                self._skip_lf = True
            rest = b"" if last in (10, 13) else lines.pop()
        else:
            lines = block.split(b"\n")
            rest = lines.pop()
        frames: list[Frame] = []
        for line in lines:
            if line:
                self._field(line)
                continue
            self._open = False
            self.last_event_id = self._id
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                frames.append(RawEvent(self._event or b"message", data, self._id, self._retry))
                self._data = []
                self._data_size = 0
            self._event = b""
            self._retry = None
        if rest:
            self._hold(rest)
        return frames

    def _field(self, line: bytes) -> None:
        if line[0] == 58:  # a comment
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        self._open = True
        if name == b"data":
            self._data.append(value)
            self._data_size += len(value) + 1
            self._check_size()
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value
        elif name == b"retry" and value.isdigit() and len(value) <= 15:
            self._retry = self.retry = int(value)


def decode_block(decoder: SSEDecoder, block: bytes) -> Iterator[ServerSentEvent]:
    """Feed one block, yield the events it completes in their public form."""
    last_id = decoder.last_event_id
    for frame in decoder.feed(bytes(block)):
        if isinstance(frame, bytes):
            yield ServerSentEvent("message", _text(frame), _text(last_id), None)
        else:
            last_id = frame.id
            yield ServerSentEvent(
                _text(frame.event), _text(frame.data), _text(last_id), frame.retry
            )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def decode_sse(
    iterable_of_bytes: Iterable[bytes], *, max_event_size: int = MAX_EVENT_SIZE
) -> Iterator[ServerSentEvent]:
    """Decode blocks of bytes, split anywhere, to events, each as soon as it is complete.

    Raises StreamDecodeError when an event is longer than ``max_event_size`` bytes.
    """
    decoder = SSEDecoder(max_event_size)
    for block in iterable_of_bytes:
        yield from decode_block(decoder, block)


async def adecode_sse(
    iterable_of_bytes: AsyncIterable[bytes], *, max_event_size: int = MAX_EVENT_SIZE
) -> AsyncIterator[ServerSentEvent]:
    """As ``decode_sse``, for an async iterable."""
    decoder = SSEDecoder(max_event_size)
    async for block in iterable_of_bytes:
        for event in decode_block(decoder, block):
            yield event
