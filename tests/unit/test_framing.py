"""The parser of answers: what it takes, what it refuses, and that no bytes make it do anything else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdkpress.runtime.direct.framing import (
    MAX_FIELDS,
    MAX_HEAD,
    MAX_OVERHEAD,
    READ_SIZE,
    AnswerParser,
    BodyWriter,
    fields_of,
)
from sdkpress.runtime.transport import TransportError

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 2\r\n\r\nab"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Read:
    """Everything that a parser says about bytes, however they were split."""

    def __init__(self, *pieces: bytes, method: str = "GET", ends: bool = True) -> None:
        parser = AnswerParser()
        parser.begin(method)
        self.body = b"".join([parser.feed(piece) for piece in pieces])
        if ends and not parser.complete:
            parser.end()
        self.status = parser.status
        self.headers = fields_of(parser.head) if parser.status else []
        self.is_complete = parser.complete
        self.is_clean = parser.is_clean
        self.failure = None if parser.failure is None else str(parser.failure)
        self.phase = None if parser.failure is None else parser.failure.phase

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Read) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return repr(vars(self))


GOOD = {
    "length": (LENGTH, "GET", 200, b"ab", True),
    "length zero": (OK + b"Content-Length: 0\r\n\r\n", "GET", 200, b"", True),
    "chunks": (CHUNKS + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "GET", 200, b"abc", True),
    "chunk extensions": (CHUNKS + b'2;a=b;c="d"\r\nab\r\n0;x\r\n\r\n', "GET", 200, b"ab", True),
    "chunks in capitals": (
        OK + b"TRANSFER-ENCODING: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
        "GET",
        200,
        b"0123456789",
        True,
    ),
    "trailers": (CHUNKS + b"2\r\nab\r\n0\r\nX: y\r\nZ: w\r\n\r\n", "GET", 200, b"ab", True),
    "until the end": (OK + b"\r\nabc", "GET", 200, b"abc", False),
    "until the end, empty": (OK + b"\r\n", "GET", 200, b"", False),
    "identity": (OK + b"Transfer-Encoding: identity\r\n\r\nabc", "GET", 200, b"abc", False),
    "connection: close": (
        OK + b"Connection: foo, Close\r\nContent-Length: 2\r\n\r\nab",
        "GET",
        200,
        b"ab",
        False,
    ),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "GET", 200, b"ab", False),
    "1.0 kept alive": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
        "GET",
        200,
        b"ab",
        True,
    ),
    "1.0 in chunks": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nab\r\n0\r\n\r\n",
        "GET",
        200,
        b"ab",
        False,
    ),
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n" + LENGTH,
        "GET",
        200,
        b"ab",
        True,
    ),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", "GET", 200, b"ab", True),
    "unknown status": (b"HTTP/1.1 799 ?\r\nContent-Length: 2\r\n\r\nab", "GET", 799, b"ab", True),
    "204": (b"HTTP/1.1 204 No\r\n\r\n", "GET", 204, b"", True),
    "304 with a length": (b"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "GET", 304, b"", True),
    "HEAD, length": (OK + b"Content-Length: 9\r\n\r\n", "HEAD", 200, b"", True),
    "HEAD, chunks": (CHUNKS, "HEAD", 200, b"", True),
    "HEAD, neither": (OK + b"\r\n", "HEAD", 200, b"", True),
    "HEAD, close": (OK + b"Connection: close\r\n\r\n", "HEAD", 200, b"", False),
    "HEAD, interim": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 9\r\n\r\n",
        "HEAD",
        200,
        b"",
        True,
    ),
    "CONNECT": (OK + b"\r\n", "CONNECT", 200, b"", True),
    # What follows is not part of the answer, and nobody knows what it is part of.
    "surplus": (LENGTH + b"x", "GET", 200, b"ab", False),
    "surplus answer": (LENGTH + LENGTH, "GET", 200, b"ab", False),
    "surplus after chunks": (CHUNKS + b"2\r\nab\r\n0\r\n\r\n" + LENGTH, "GET", 200, b"ab", False),
    "surplus after close": (
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nabcd",
        "GET",
        200,
        b"ab",
        False,
    ),
    "204 with content": (b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nab", "GET", 204, b"", False),
    "HEAD with content": (OK + b"Content-Length: 2\r\n\r\nab", "HEAD", 200, b"", False),
}

BAD_HEADS = {
    "html": b"<html>no HTTP</html>",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 099": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "switched": b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
    "switched without saying to what": b"HTTP/1.1 101 S\r\n\r\n" + LENGTH,
    "folded line": OK + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "folded first line": OK + b" A: b\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare LF after a field": OK + b"A: b\nContent-Length: 0\r\n\r\n",
    "bare LF at the end": OK + b"Content-Length: 0\r\n\n",
    "bare CR": OK + b"A: b\rc\r\nContent-Length: 0\r\n\r\n",
    "NUL": OK + b"A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "control character": OK + b"A: b\x01c\r\nContent-Length: 0\r\n\r\n",
    "blank before the colon": OK + b"A : b\r\nContent-Length: 0\r\n\r\n",
    "no name": OK + b": b\r\nContent-Length: 0\r\n\r\n",
    "no colon": OK + b"Abc\r\nContent-Length: 0\r\n\r\n",
    "name with a control character": OK + b"A\x01: b\r\nContent-Length: 0\r\n\r\n",
    "length with a sign": OK + b"Content-Length: +2\r\n\r\nab",
    "negative length": OK + b"Content-Length: -2\r\n\r\nab",
    "list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nab",
    "empty length": OK + b"Content-Length: \r\n\r\nab",
    "hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\nab",
    "length with a blank in it": OK + b"Content-Length: 1 2\r\n\r\nab",
    "length beyond 64 bits": OK + b"Content-Length: 99999999999999999999999\r\n\r\nab",
    "length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "length, then chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks, then length": CHUNKS[:-2] + b"Content-Length: 2\r\n\r\n0\r\n\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nab",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked, chunked": OK + b"Transfer-Encoding: chunked,chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": CHUNKS[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, then chunked": OK
    + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "empty coding": OK + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "closing after an interim answer": b"HTTP/1.1 103 H\r\nConnection: close\r\n\r\n" + LENGTH,
    "cut in the status line": b"HTTP/1.1 20",
    "cut in the fields": OK + b"Content-Le",
    "cut after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "nothing": b"",
}

BAD_BODIES = {
    "cut length": (OK + b"Content-Length: 9\r\n\r\nab", b"ab"),
    "cut chunk": (CHUNKS + b"9\r\nab", b"ab"),
    "cut between chunks": (CHUNKS + b"2\r\nab\r\n", b"ab"),
    "cut in the last chunk": (CHUNKS + b"2\r\nab\r\n0\r\n", b"ab"),
    "cut in the trailers": (CHUNKS + b"2\r\nab\r\n0\r\nX: y\r\n", b"ab"),
    "size with a blank": (CHUNKS + b"2\r\nab\r\n2 \r\nab\r\n0\r\n\r\n", b"ab"),
    "size after a blank": (CHUNKS + b"2\r\nab\r\n 2\r\nab\r\n0\r\n\r\n", b"ab"),
    "size with 0x": (CHUNKS + b"2\r\nab\r\n0x2\r\nab\r\n0\r\n\r\n", b"ab"),
    "negative size": (CHUNKS + b"2\r\nab\r\n-2\r\nab\r\n0\r\n\r\n", b"ab"),
    "no size": (CHUNKS + b"2\r\nab\r\n\r\nab\r\n0\r\n\r\n", b"ab"),
    "size beyond 64 bits": (CHUNKS + b"2\r\nab\r\n10000000000000000\r\nab", b"ab"),
    "more than the size": (CHUNKS + b"2\r\nabc\r\n0\r\n\r\n", b"ab"),
    "no line end after a chunk": (CHUNKS + b"2\r\nab0\r\n\r\n", b"ab"),
    "bare LF in chunks": (CHUNKS + b"2\r\nab\n0\n\n", b"ab"),
    "CR in an extension": (CHUNKS + b"2\r\nab\r\n2;a\rb\r\nab\r\n0\r\n\r\n", b"ab"),
    "LF in an extension": (CHUNKS + b"2\r\nab\r\n2;a\nab\r\n0\r\n\r\n", b"ab"),
    "length in trailers": (CHUNKS + b"2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n", b"ab"),
}


@pytest.mark.parametrize(("data", "method", "status", "body", "clean"), GOOD.values(), ids=GOOD)
def test_reads_answers(data: bytes, method: str, status: int, body: bytes, clean: bool) -> None:
    read = Read(data, method=method)
    assert (read.status, read.body, read.is_clean) == (status, body, clean)
    assert read.is_complete and read.failure is None


@pytest.mark.parametrize("data", BAD_HEADS.values(), ids=BAD_HEADS)
def test_refuses_heads(data: bytes) -> None:
    read = Read(data)
    assert (read.status, read.phase, read.body) == (0, "waiting", b"")
    assert not read.is_complete and not read.is_clean


@pytest.mark.parametrize(("data", "body"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_refuses_bodies_after_what_came_before(data: bytes, body: bytes) -> None:
    read = Read(data)
    assert (read.status, read.phase, read.body) == (200, "reading", body)
    assert not read.is_complete and not read.is_clean


_EVERY = {
    **{name: (data, method) for name, (data, method, *_) in GOOD.items()},
    **{name: (data, "GET") for name, data in BAD_HEADS.items()},
    **{name: (data, "GET") for name, (data, _) in BAD_BODIES.items()},
}


@pytest.mark.parametrize(("data", "method"), _EVERY.values(), ids=_EVERY)
def test_splits_change_nothing(data: bytes, method: str) -> None:
    whole = Read(data, method=method)
    by_byte = [data[at : at + 1] for at in range(len(data))]
    assert Read(*by_byte, method=method) == whole
    for at in range(1, len(data)):
        assert Read(data[:at], data[at:], method=method) == whole, at


def test_memory_views_read_as_bytes() -> None:
    parser = AnswerParser()
    parser.begin("GET")
    assert parser.feed(memoryview(bytearray(LENGTH))) == b"ab"


def test_one_connection_after_the_other_answer() -> None:
    parser = AnswerParser()
    for name, (data, method, status, body, clean) in GOOD.items():
        if not clean:
            continue
        parser.begin(method)
        assert not parser.has_begun
        assert (parser.feed(data), parser.status) == (body, status)
        assert parser.complete and parser.is_clean and parser.failure is None, name


def test_headers_are_given_as_they_came() -> None:
    read = Read(OK + b"X-A: 1\r\nx-a:  2 \t\r\nB:\r\nC: \xff\xe4 d\r\nContent-Length: 0\r\n\r\n")
    assert read.headers == [
        (b"X-A", b"1"),
        (b"x-a", b"2"),
        (b"B", b""),
        (b"C", b"\xff\xe4 d"),
        (b"Content-Length", b"0"),
    ]


def test_trailers_are_not_headers() -> None:
    read = Read(CHUNKS + b"2\r\nab\r\n0\r\nX: y\r\n\r\n")
    assert read.headers == [(b"Transfer-Encoding", b"chunked")]


def test_end_without_close_notify_completes_nothing() -> None:
    parser = AnswerParser()
    parser.begin("GET")
    parser.feed(OK + b"\r\nabc")
    parser.end(is_orderly=False)
    assert not parser.complete
    assert parser.failure is not None and parser.failure.phase == "reading"


def test_says_how_much_is_missing() -> None:
    assert "2 of 9 bytes" in str(Read(OK + b"Content-Length: 9\r\n\r\nab").failure)


# -- bounds


def test_head_is_bounded() -> None:
    line = b"A: " + b"b" * 997 + b"\r\n"
    assert Read(OK, *[line] * (MAX_HEAD // len(line) - 1), b"\r\n", b"x").status == 200
    read = Read(OK, *[line] * (2 * MAX_HEAD // len(line)), b"\r\n")
    assert (read.status, read.phase) == (0, "waiting")


def test_head_of_interim_answers_is_bounded() -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\n"
    read = Read(*[interim * 100] * (2 * MAX_HEAD // len(interim * 100)), LENGTH)
    assert read.status == 0


def test_number_of_fields_is_bounded() -> None:
    assert Read(OK + b"A: b\r\n" * MAX_FIELDS + b"\r\n").status == 200
    assert Read(OK + b"A: b\r\n" * (MAX_FIELDS + 1) + b"\r\n").status == 0


def test_large_head_does_not_count_against_the_body() -> None:
    head = OK + b"Transfer-Encoding: chunked\r\nA: " + b"b" * (MAX_HEAD // 2) + b"\r\n\r\n"
    assert Read(head, b"1\r\na\r\n0\r\n\r\n").body == b"a"


@pytest.mark.parametrize("opening", [b"1;", b"0\r\n"], ids=["chunk extension", "trailers"])
def test_framing_without_content_is_bounded(opening: bytes) -> None:
    filling = b"a" * 1000 if opening == b"1;" else b"A: " + b"b" * 995 + b"\r\n"
    few = Read(
        CHUNKS + b"2\r\nab\r\n" + opening, *[filling] * (MAX_OVERHEAD // 1000 - 1), ends=False
    )
    assert few.failure is None
    many = Read(CHUNKS + b"2\r\nab\r\n" + opening, *[filling] * (MAX_OVERHEAD // 1000 + 1))
    assert many.phase == "reading" and many.body == b"ab"


def test_extensions_between_content_are_bounded() -> None:
    piece = b"1;" + b"a" * 10_000 + b"\r\nx\r\n"
    assert Read(CHUNKS, *[piece] * (READ_SIZE // 5_000)).phase == "reading"


def test_each_byte_may_be_its_own_chunk() -> None:
    block = b"1\r\na\r\n" * 10_000
    assert Read(CHUNKS, *[block] * 4, b"0\r\n\r\n").body == b"a" * 40_000


# -- hostile bytes

_heads = st.sampled_from([data for data, *_ in GOOD.values()])
_fragments = st.sampled_from(
    [
        b"HTTP/1.1 ",
        b"200",
        b"100",
        b"101",
        b" OK",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Upgrade: h2c\r\n",
        b"5",
        b"0",
        b"ffffffffffffffff",
        b";x=y",
        b"A: b\r\n",
        b" ",
        b"\0",
        b"abc",
    ]
)
_streams = st.one_of(
    st.binary(max_size=200), st.lists(_fragments, max_size=30).map(b"".join), _heads
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(_heads))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["insert", "delete", "replace"]))
        if kind == "insert":
            data[at:at] = draw(st.one_of(st.binary(max_size=4), _fragments))
        elif kind == "delete":
            del data[at : at + draw(st.integers(1, 5))]
        elif at < len(data):
            data[at] = draw(st.integers(0, 255))
    return bytes(data)


@st.composite
def _split(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    data = draw(st.one_of(_streams, _mutated(), st.tuples(_heads, _streams).map(b"".join)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return data, [piece for piece in pieces if piece]


@given(_split(), st.sampled_from(["GET", "POST", "HEAD", "CONNECT"]))
@example((b"\r\n\r\n", [b"\r", b"\n\r\n"]), "HEAD")
def test_any_bytes_make_an_answer_or_one_failure(
    split: tuple[bytes, list[bytes]], method: str
) -> None:
    data, pieces = split
    read = Read(*pieces, method=method)
    assert read.is_complete != (read.failure is not None)
    assert len(read.body) <= len(data)
    assert read == Read(data, method=method)


POST = b"POST / HTTP/1.1\r\n"


@given(st.lists(st.binary(min_size=1, max_size=100)))
def test_chunked_bodies_read_back(blocks: list[bytes]) -> None:
    writer = BodyWriter(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    written = b"".join([writer.write(block) for block in blocks]) + writer.end()
    assert Read(CHUNKS + written).body == b"".join(blocks)


def test_bodies_have_the_announced_length() -> None:
    writer = BodyWriter(POST + b"Content-Length: 3\r\nA: b\r\n\r\n")
    assert writer.write(b"ab") == b"ab"
    with pytest.raises(TransportError, match="1 bytes less"):
        writer.end()
    assert writer.write(b"c") + writer.end() == b"c"
    with pytest.raises(TransportError, match="more bytes"):
        writer.write(b"d")


def test_a_chunk_says_its_length_in_hexadecimal() -> None:
    writer = BodyWriter(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    assert writer.write(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
