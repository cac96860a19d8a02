"""The SSE decoder against a slow one that follows the standard word by word, at random splits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sdkpress.runtime.errors import StreamDecodeError
from sdkpress.runtime.sse import (
    RawEvent,
    ServerSentEvent,
    SSEDecoder,
    adecode_sse,
    decode_block,
    decode_sse,
)


def reference(data: bytes) -> list[ServerSentEvent]:
    """WHATWG HTML 9.2.6, "Interpreting an event stream", as it is written there."""
    text = data.decode("utf-8", "replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    lines: list[str] = []
    line = ""
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\r":
            if text[position : position + 1] == "\n":
                position += 1
            lines.append(line)
            line = ""
        elif char == "\n":
            lines.append(line)
            line = ""
        else:
            line += char
    # What has no end of line is not processed, nor is an event without an empty line after it.
    events: list[ServerSentEvent] = []
    data_buffer, event_type, last_id = "", "", ""
    retry: int | None = None
    for line in lines:
        if line == "":
            if data_buffer:
                data_buffer = data_buffer.removesuffix("\n")
                events.append(ServerSentEvent(event_type or "message", data_buffer, last_id, retry))
            data_buffer, event_type, retry = "", "", None
            continue
        if line.startswith(":"):
            continue
        name, colon, value = line.partition(":")
        if colon and value.startswith(" "):
            value = value[1:]
        if name == "event":
            event_type = value
        elif name == "data":
            data_buffer += value + "\n"
        elif name == "id":
            if "\0" not in value:
                last_id = value
        elif (
            name == "retry" and value and all(c in "0123456789" for c in value) and len(value) < 16
        ):
            retry = int(value)
    return events


PIECES = st.sampled_from(
    [
        b"data: a\n\n",
        b"data: b\n\ndata: c\n\n",
        b"data: b\r\n\r\ndata: c\r\n\r\n",
        b"data: d\r\rdata: e\r\r",
        b"data:f\n\ndata:g\n\n",
        b"data:h\r\n\r\ndata: i\r\n\r\n",
        b"data:\n\ndata:\n\n",
        b"data:",
        b"data",
        b"data: ",
        b"id: 1",
        b"id",
        b"id: \x00",
        b"event: e",
        b"retry: 10",
        b"retry: x",
        b"retry:",
        b": comment",
        b":",
        b"other: 1",
        b" ",
        b"x",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\xef\xbb\xbf",
        "é😀".encode(),
        b"\xff",
        b"\xf0\x9f",
    ]
)
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)


def split(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in itertools.pairwise(places):
        yield data[start:end]


@given(STREAMS, st.lists(st.integers(0, 120), max_size=20))
@example(b"\xef\xbb\xbfdata: a\n\n", [1, 2])
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10])
@example(b"data: a\r\ndata: b\r\n\r\n", [8])
@example(b"id: 1\ndata: a\n\ndata: b\n\ndata: c\n\n", [])
def test_any_split_gives_what_the_standard_says(data: bytes, cuts: list[int]) -> None:
    expected = reference(data)
    assert list(decode_sse(split(data, cuts))) == expected
    assert list(decode_sse([data])) == expected
    assert list(decode_sse(bytes([byte]) for byte in data)) == expected


class AnyOrder(RuleBasedStateMachine):
    """Bytes come in pieces of any kind; at each moment exactly the complete events are out."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = SSEDecoder()
        self.sent = b""
        self.events: list[ServerSentEvent] = []

    @rule(piece=PIECES, size=st.integers(1, 40))
    def feed(self, piece: bytes, size: int) -> None:
        """A piece, in blocks of a size."""
        self.sent += piece
        for start in range(0, len(piece), size):
            self.events += decode_block(self.decoder, piece[start : start + size])

    @rule(pieces=st.lists(PIECES, min_size=2, max_size=8))
    def feed_at_once(self, pieces: list[bytes]) -> None:
        """Several pieces in one block."""
        block = b"".join(pieces)
        self.sent += block
        self.events += decode_block(self.decoder, block)

    @rule()
    def feed_nothing(self) -> None:
        """An empty block."""
        assert self.decoder.feed(b"") == []

    @invariant()
    def agrees(self) -> None:
        """As the standard says."""
        expected = reference(self.sent)
        # A CR that came last may be half of CRLF: its line has ended all the same.
        assert self.events == expected
        if expected:
            assert isinstance(self.decoder.last_event_id, bytes)


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase


@given(STREAMS)
def test_no_complete_event_is_held_back(data: bytes) -> None:
    decoder = SSEDecoder()
    count = 0
    for position, byte in enumerate(data):
        count += len(decoder.feed(bytes([byte])))
        assert count >= len(reference(data[: position + 1]))


@given(STREAMS, st.lists(st.integers(0, 120), max_size=20))
def test_async_is_the_same(data: bytes, cuts: list[int]) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for block in split(data, cuts):
            yield block

    async def run() -> list[ServerSentEvent]:
        return [event async for event in adecode_sse(blocks())]

    assert asyncio.run(run()) == reference(data)


def test_fields() -> None:
    data = b"event: add\nid: 5\nretry: 100\ndata: one\ndata:  two\ndata\n\ndata: x\n\n"
    assert list(decode_sse([data])) == [
        ServerSentEvent("add", "one\n two\n", "5", 100),
        ServerSentEvent("message", "x", "5", None),
    ]


def test_last_event_id_counts_once_its_event_has_ended() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"id: 1\n")
    assert decoder.last_event_id == b""
    decoder.feed(b"\n")
    assert decoder.last_event_id == b"1"
    decoder.feed(b"id\n\n")
    assert decoder.last_event_id == b""


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_comes_with_its_last_byte_but_one(end: bytes) -> None:
    # After CR CR or LF CR the event is complete, whether or not an LF follows.
    decoder = SSEDecoder()
    frames = decoder.feed(b"data: a" + end + end[:1])
    assert len(frames) == 1
    assert decoder.feed(end[1:] + b"data: b" + end + end) != []


def test_what_was_open_at_the_end() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"event: e\ndata: a\ndata: b")
    last = decoder.end()
    assert isinstance(last, RawEvent)
    assert (last.event, last.data) == (b"e", b"a\nb")
    assert SSEDecoder().end() is None


@pytest.mark.parametrize(
    "block", [b"x" * 10, b"data: 1234\n", b": comment", b"data: " + b"x" * 40], ids=repr
)
def test_the_size_of_an_event_is_bounded(block: bytes) -> None:
    decoder = SSEDecoder(max_event_size=64)
    with pytest.raises(StreamDecodeError, match="64 bytes"):
        for _ in range(20):
            decoder.feed(block)


def test_the_bound_is_for_one_event_not_for_all() -> None:
    decoder = SSEDecoder(max_event_size=64)
    for _ in range(100):
        assert decoder.feed(b"data: 0123456789\n") == []
        assert len(decoder.feed(b"\n")) == 1
    for _ in range(100):
        assert decoder.feed(b"data: 0123") == []
        assert decoder.feed(b"456789\n\n") == [b"0123456789"]
