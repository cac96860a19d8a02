"""HTTP/1.1 answers out of bytes, without I/O; framing by httptools (llhttp, as Node has it).

llhttp refuses what can be read in two ways: both length fields at once, lengths that are repeated or
no numbers, folded lines, line ends without CR, blanks around chunk sizes. What it lets pass and must
not be believed is refused here: transfer codings other than chunked, versions that are no HTTP/1,
statuses below 100, and more of anything than the bounds allow (RFC 9112).
"""

from __future__ import annotations

import httptools

from ..transport import TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..transport import Phase

MAX_HEAD = 64 * 1024
"""Bytes until the head is complete, interim answers included; what one read brings may go beyond."""
MAX_FIELDS = 1000
"""Header fields in a head, or trailer fields."""
MAX_OVERHEAD = 16 * 1024
"""Bytes of chunk sizes, chunk extensions and trailers that carry no content (see ``feed``)."""
FREE_OVERHEAD = 16
"""So many bytes of overhead are free for each byte of content."""
READ_SIZE = 64 * 1024
"""How much to read from a socket at once."""

_UNKNOWN = -1
_CHUNKED = -2
_FRAMING = frozenset(
    map(len, (b"connection", b"content-length", b"transfer-encoding", b"content-encoding"))
)


class AnswerParser:
    """The answers on one connection, one after the other.

    ``begin`` announces that a request is being sent; ``feed`` takes what was received, ``end`` that
    the connection has ended. Neither raises: a malformed answer sets ``failure``, which is to be
    raised when all that came before it has been used.
    """

    __slots__ = (
        "_begun",
        "_blocks",
        "_by_line",
        "_connection",
        "_fields",
        "_length",
        "_overhead",
        "_parser",
        "_received",
        "complete",
        "failure",
        "headers",
        "is_clean",
        "is_encoded",
        "status",
    )

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.status: int = 0
        """Of the final answer; 0 until its head is complete."""
        self.headers: list[tuple[bytes, bytes]] = []
        """As they came, once there is a status; trailers are not among them."""
        self.is_encoded: bool = False
        """Whether there is a Content-Encoding."""
        self.complete: bool = False
        """Whether the answer has been received to its end."""
        self.is_clean: bool = True
        """Of a complete answer: whether the connection may carry another request. False as soon as
        the server says so, or sends more than it should."""
        self.failure: TransportError | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._begun = False
        self._by_line = False
        self._length = _UNKNOWN
        self._connection = b""
        self._received = 0
        self._overhead = 0

    # -- what a connection calls

    def begin(self, method: str) -> None:
        """A request is about to be sent, the answer to the last one being complete and clean."""
        self.status = self._received = self._overhead = 0
        self.headers = self._fields = []
        self.complete = self._begun = self.is_encoded = False
        self._length = _UNKNOWN
        self._connection = b""
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        # These answers have no content, whatever their head says (RFC 9112 section 6.3), which
        # llhttp does not know. It is given line by line, so that nothing after the head reaches it.
        self._by_line = method == "HEAD" or method == "CONNECT"

    @property
    def has_begun(self) -> bool:
        """Whether any byte of an answer, or of an interim one, has come."""
        return self._begun or self._overhead > 0

    def feed(self, data: bytes | memoryview) -> bytes:
        """Take what was received; returns what of it is content, which may be nothing."""
        parser = self._parser
        if self.complete:
            # Nobody has asked for it.
            self.is_clean = False
            return b""
        if parser is None or self.failure is not None:
            return b""
        had_head = self.status
        try:
            if self._by_line:
                self._feed_lines(parser, bytes(data))
            else:
                parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._refuse(error)
        blocks = self._blocks
        if not blocks:
            content = b""
        elif len(blocks) == 1:
            content = blocks[0]
            blocks.clear()
        else:
            content = b"".join(blocks)
            blocks.clear()
        if self.complete:
            return content
        if not had_head:
            if self.status:
                self._received = len(content)
                self._overhead = 0
                return content
            content = b""
        # A server may put each byte into a chunk of its own, but not fill memory or time with
        # extensions of chunks, with trailers, or with a head that never ends.
        received = len(content)
        if received:
            self._received += received
            self._overhead += len(data) - received - FREE_OVERHEAD * received
            if self._overhead < 0:
                self._overhead = 0
        else:
            self._overhead += len(data)
        if self._overhead > MAX_OVERHEAD:
            if not self.status:
                if self._overhead > MAX_HEAD:
                    self._fail(f"the head of the answer has more than {MAX_HEAD} bytes")
            elif not received or self._overhead > MAX_OVERHEAD + READ_SIZE:
                self._fail("the answer has more framing than content")
        return content

    def end(self, *, is_orderly: bool = True) -> None:
        """The connection has ended: the answer is complete now, or it never will be.

        The end is not orderly where TLS was cut off: then nobody knows whether more should come.
        """
        self.is_clean = False
        if self.complete or self.failure is not None:
            return
        if not self.status:
            if self.has_begun:
                self._fail("the connection ended within the head of the answer")
            else:
                self._fail("the server closed the connection without an answer")
        elif self._length == _UNKNOWN and is_orderly:
            self.complete = True  # RFC 9112 section 6.3, rule 8
        elif self._length >= 0:
            self._fail(
                f"the connection ended after {self._received} of {self._length} bytes of the answer"
            )
        else:
            self._fail("the connection ended in the middle of the answer")

    def release(self) -> None:
        """The connection is given up: let go of the parser, which otherwise waits for the collector."""
        self._parser = None

    # -- what httptools calls

    @property
    def on_body(self) -> object:
        """Takes content: a function of C, called for each chunk."""
        return self._blocks.append

    def on_message_begin(self) -> None:
        """The first byte of an answer."""
        if self.complete:
            raise _SurplusError
        self._begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of the trailers, which are read and dropped."""
        if self.status:
            return
        # Spaces behind a value are still there: whoever reads it takes them away.
        self._fields.append((name, value))
        if len(name) in _FRAMING:
            self._heed(name.lower(), value.rstrip(b" \t"))

    def _heed(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
        elif name == b"content-encoding":
            self.is_encoded = True
        elif name == b"connection":
            self._connection += b"," + value.lower()
        elif name == b"transfer-encoding":
            coding = value.lower()
            if coding == b"chunked" and self._length == _UNKNOWN:
                self._length = _CHUNKED
            elif coding != b"identity":
                shown = value[:40].decode("latin-1")
                self._fail(f"the answer has a transfer coding that was not asked for: {shown}")

    def on_headers_complete(self) -> None:
        """The end of a head."""
        parser = self._parser
        if self.failure is not None or parser is None:
            return
        status = parser.get_status_code()
        keeps_alive = parser.should_keep_alive()
        if len(self._fields) > MAX_FIELDS:
            self._fail(f"the answer has more than {MAX_FIELDS} header fields")
            return
        if status < 200:
            # An interim answer (RFC 9110 section 15.2); what follows is read on.
            self._fields = []
            self._length = _UNKNOWN
            self._connection = b""
            if status == 101 or status < 100:
                self._fail(f"the server answered with status {status}, which was not asked for")
            return
        if not keeps_alive or self._connection:
            version = parser.get_http_version()
            if version == "1.1":
                if self._by_line:
                    # llhttp looks for the length of content that will not come.
                    keeps_alive = b"close" not in self._connection
            elif version == "1.0":
                # RFC 9112 section 6.1: the framing cannot be trusted beyond this answer.
                keeps_alive = keeps_alive and self._length != _CHUNKED
            else:
                self._fail("the answer is not HTTP/1.1")
                return
        self.status = status
        self.headers = self._fields
        self.is_clean = keeps_alive

    def on_message_complete(self) -> None:
        """The end of an answer."""
        if self.status:
            self.complete = True

    # --

    def _feed_lines(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        for line in data.splitlines(keepends=True):
            if self.complete:
                self.is_clean = False
                return
            parser.feed_data(line)
            if self.status:
                self.complete = True
                # llhttp may wait for content now.
                self._parser = None

    def _refuse(self, error: Exception) -> None:
        """httptools will not go on."""
        raised = error.__context__
        if isinstance(error, httptools.HttpParserCallbackError) and raised is not None:
            if not isinstance(raised, Exception):
                # Ctrl-C came while one of the functions above ran.
                self._fail("interrupted")
                raise raised
            error = raised
        if self.complete:
            self.is_clean = False
        else:
            self._fail(f"the answer is malformed: {error}")

    def _fail(self, message: str) -> None:
        if self.failure is None:
            self.is_clean = False
            phase: Phase = "reading" if self.status else "waiting"
            self.failure = TransportError(message, phase)


class _SurplusError(Exception):
    """More than one answer has come; raised to stop llhttp."""


def chunked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A request body in the chunked coding (RFC 9112 section 7.1), the last chunk with its end."""
    for block in blocks:
        if block:
            yield chunk(block)
    yield LAST_CHUNK


def chunk(block: bytes) -> bytes:
    """One chunk of a request body; the block must not be empty, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(block), block)


LAST_CHUNK = b"0\r\n\r\n"
