"""Server-sent events: bytes in, events out (WHATWG HTML, section 9.2 "Server-sent events").

The decoder does no I/O and is right wherever the bytes are split. Two details that are easy to get
wrong: a line that ends with CR is complete at once (a following LF is swallowed when it comes), and
the last event id takes effect when its event ends, also where that event has no data.

An event that is not ended by an empty line before the bytes end is dropped, as the standard says.

The fast path takes runs of ``data: ...`` events with one C call, be their lines ended by LF or CRLF
and with or without the space. It is decided for each block, sees only complete events, and otherwise
leaves the block to the line machine, so it cannot change the result.
"""

from __future__ import annotations

from itertools import repeat
from operator import contains
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
    """The data of a plain event (``message``, no id so far, no retry; or not ``notable``), or an event
    with more to it."""


class SSEDecoder:
    """A decoder for one stream of bytes."""

    __slots__ = (
        "_data",
        "_data_size",
        "_event",
        "_id",
        "_line_size",
        "_max",
        "_notable",
        "_open",
        "_pieces",
        "_retry",
        "_skip_lf",
        "_start",
        "is_plain",
        "last_event_id",
        "retry",
    )

    def __init__(
        self, max_event_size: int = MAX_EVENT_SIZE, notable: frozenset[bytes] | None = None
    ) -> None:
        """``notable``: only events of these types are more than their data to whoever reads them."""
        self._max = max_event_size
        self._notable = notable
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
        self.is_plain = True
        """All events of the last block are bytes."""

    def feed(self, block: bytes) -> list[Frame]:
        """Take bytes, return the events they complete. Raises StreamDecodeError past the size cap."""
        self.is_plain = True
        if (
            block[-2:] == b"\n\n"
            and block[:6] == b"data: "
            and block.find(b"\n") == len(block) - 2
            and not (self._pieces or self._open or self._skip_lf)
            and not (self._id and self._notable is None)
            and self._start is None
            and b"\r" not in block
            and len(block) <= self._max
        ):
            return [block[6:-2]]  # one event in a block of its own, as live streams send it
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
        if not self._open and block[:5] == b"data:" and len(block) <= self._max:
            return self._plain(block)
        return self._lines(block)

    def _plain(self, block: bytes) -> list[Frame]:
        """The events of a block that begins with one: at once, if all are a single line of data."""
        has_cr = b"\r" in block
        blank = b"\r\n\r\n" if has_cr else b"\n\n"
        end = block.rfind(blank)
        if end < 0:
            return self._lines(block)
        start = 6 if block[5] == 32 else 5
        texts = block[start:end].split(blank + block[:start])
        # Of single characters, ``in`` is much faster than ``count``.
        if (
            True in map(contains, texts, repeat(10))
            or (has_cr and True in map(contains, texts, repeat(13)))
            or (start == 5 and blank + b"data: " in block)
        ):
            return self._lines(block)
        frames: list[Frame] = texts  # type: ignore[assignment]
        if self._id and self._notable is None:
            self.is_plain = False
            frames = [RawEvent(b"message", text, self._id, None) for text in texts]
        rest = block[end + len(blank) :]
        if rest:
            if b"\n" in rest or b"\r" in rest:
                frames.extend(self._lines(rest))
            else:
                self._hold(rest)
        return frames

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
            self._too_long()

    def _too_long(self) -> None:
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
        data, notable = self._data, self._notable
        counted = len(data)
        for line in lines:
            if line[:6] == b"data: ":
                data.append(line[6:])
            elif line[:7] == b"event: ":
                self._event = line[7:]
                self._open = True
            elif line[:4] == b"id: " and b"\0" not in line:
                self._id = line[4:]
                self._open = True
            elif line:
                self._field(line)
            else:
                self._open = False
                event_id = self.last_event_id = self._id
                if data:
                    text = data[0] if len(data) == 1 else b"\n".join(data)
                    if len(text) > self._max:
                        self._too_long()
                    if (
                        self._event in notable
                        if notable is not None
                        else self._event or event_id or self._retry is not None
                    ):
                        self.is_plain = False
                        text = RawEvent(self._event or b"message", text, event_id, self._retry)  # type: ignore[assignment]
                    frames.append(text)
                    data = self._data = []
                    counted = self._data_size = 0
                self._event = b""
                self._retry = None
        if data:
            self._open = True
            self._data_size += sum(map(len, data[counted:])) + len(data) - counted
            self._check_size()
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
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value
        elif name == b"retry" and value.isdigit() and len(value) <= 15:
            self._retry = self.retry = int(value)


def decode_block(decoder: SSEDecoder, block: bytes) -> Iterator[ServerSentEvent]:
    """Feed one block, yield the events it completes in their public form."""
    for frame in decoder.feed(bytes(block)):
        if isinstance(frame, bytes):
            yield ServerSentEvent("message", _text(frame), "", None)
        else:
            yield ServerSentEvent(
                _text(frame.event), _text(frame.data), _text(frame.id), frame.retry
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
