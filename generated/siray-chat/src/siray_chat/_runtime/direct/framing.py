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
_SOME_FIELDS = MAX_FIELDS * len(b"x:\r\n")
"""A head with fewer bytes has no more fields than it may."""


def fields_of(head: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of a head (``AnswerParser.head``) as they came, without blanks around the values."""
    found: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found.append((name, value.strip(b" \t")))
    return found


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
        "_is_tunnel",
        "_overhead",
        "_parser",
        "_raw",
        "_received",
        "_start",
        "complete",
        "failure",
        "head",
        "is_clean",
        "is_encoded",
        "status",
    )

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.status: int = 0
        """Of the final answer; 0 until its head is complete."""
        self.head: bytes = b""
        """Status line and fields (``fields_of``) without the empty line, once there is a status. Most
        answers are used without a look at their fields."""
        self.is_encoded: bool = False
        """Whether there is a Content-Encoding."""
        self.complete: bool = False
        """Whether the answer has been received to its end."""
        self.is_clean: bool = True
        """Of a complete answer: whether the connection may carry another request. False as soon as
        the server says so, or sends more than it should."""
        self.failure: TransportError | None = None
        self._raw = b""
        """What has come while there is no final head."""
        self._start = 0
        """Where in that the next head begins, interim answers being over."""
        self._begun = False
        self._by_line = False
        self._is_tunnel = False
        self._received = 0
        self._overhead = 0

    # -- what a connection calls

    def begin(self, method: str) -> None:
        """A request is about to be sent, the answer to the last one being complete and clean."""
        self.status = self._received = self._overhead = self._start = 0
        self.head = self._raw = b""
        self.complete = self._begun = self.is_encoded = False
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        # These answers have no content, whatever their head says (RFC 9112 section 6.3), which
        # llhttp does not know. It is given line by line, so that nothing after the head reaches it.
        self._is_tunnel = method == "CONNECT"
        self._by_line = self._is_tunnel or method == "HEAD"

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
        if not had_head:
            data = bytes(data)
            self._raw = self._raw + data if self._raw else data
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
            content = blocks.pop()
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
            return
        length = _length_of(self.head)
        if length == _UNKNOWN and is_orderly:
            self.complete = True  # RFC 9112 section 6.3, rule 8
        elif length >= 0:
            self._fail(
                f"the connection ended after {self._received} of {length} bytes of the answer"
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

    # Fields are taken out of the head when they are wanted: a function of Python for each of them
    # would be a tenth of the time that a short answer takes.

    def on_headers_complete(self) -> None:
        """The end of a head."""
        parser = self._parser
        if parser is None:
            return
        raw, start = self._raw, self._start
        version = b"HTTP/1.1"
        if not raw.startswith(version, start):
            # llhttp passes over empty lines before the status line.
            while raw[start : start + 1] in (b"\r", b"\n"):
                start += 1
            version = raw[start : start + 8]
        end = raw.find(b"\r\n\r\n", start)
        if end < 0:
            self._fail("the answer is malformed: the head has line ends without CR")
            return
        head = raw[start:end]
        if end - start > _SOME_FIELDS and head.count(b"\r\n") > MAX_FIELDS:
            self._fail(f"the answer has more than {MAX_FIELDS} header fields")
            return
        lower = head.lower()
        if b"-encoding" in lower:
            if b"\ntransfer-encoding" in lower and not self._knows_coding(head):
                return
            self.is_encoded = b"\ncontent-encoding" in lower
        status = parser.get_status_code()
        if status < 200:
            # An interim answer (RFC 9110 section 15.2); what follows is read on.
            self._start = end + 4
            if status == 101 or status < 100:
                self._fail(f"the server answered with status {status}, which was not asked for")
            return
        if version == b"HTTP/1.1":
            # With CONNECT and HEAD llhttp looks for the length of content that will not come.
            keeps_alive = not _says_close(head) if self._by_line else parser.should_keep_alive()
        elif version == b"HTTP/1.0":
            # RFC 9112 section 6.1: the framing cannot be trusted beyond this answer.
            keeps_alive = parser.should_keep_alive() and _length_of(head) != _CHUNKED
        else:
            self._fail("the answer is not HTTP/1.1")
            return
        # A tunnel is not closed with the answer to CONNECT, whatever old proxies say there.
        self.is_clean = keeps_alive or (self._is_tunnel and status < 300)
        self.head = head
        self.status = status
        self._raw = b""

    def on_message_complete(self) -> None:
        """The end of an answer."""
        if self.status:
            self.complete = True

    # --

    def _knows_coding(self, head: bytes) -> bool:
        """Whether the body comes as it is, or in chunks, and nothing else was done to it."""
        is_chunked = False
        for name, value in fields_of(head):
            lower = name.lower()
            if lower == b"transfer-encoding":
                coding = value.lower()
                if coding == b"chunked" and not is_chunked:
                    is_chunked = True
                elif coding != b"identity":
                    shown = value[:40].decode("latin-1")
                    self._fail(f"the answer has a transfer coding that was not asked for: {shown}")
                    return False
        return True

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


def _length_of(head: bytes) -> int:
    """How many bytes of content follow a head, or how else their end is known."""
    length = _UNKNOWN
    for name, value in fields_of(head):
        lower = name.lower()
        if lower == b"content-length":
            length = int(value)
        elif lower == b"transfer-encoding" and value.lower() == b"chunked":
            return _CHUNKED
    return length


def _says_close(head: bytes) -> bool:
    return any(
        name.lower() == b"connection" and b"close" in value.lower()
        for name, value in fields_of(head)
    )


class _SurplusError(Exception):
    """More than one answer has come; raised to stop llhttp."""


class BodyWriter:
    """Frames a request body that comes block by block, as the request's head announces it (RFC 9112)."""

    __slots__ = ("_left",)

    def __init__(self, head: bytes) -> None:
        fields = head.lower()
        self._left: int | None = None
        """Bytes yet to come; None: as many as there are, in chunks."""
        if b"\r\ntransfer-encoding: chunked\r\n" not in fields:
            _, found, rest = fields.partition(b"\r\ncontent-length: ")
            self._left = int(rest.partition(b"\r\n")[0]) if found else 0

    def write(self, block: bytes) -> bytes:
        """What to send for a block, which is not empty. Raises TransportError where it is too long."""
        if self._left is None:
            return b"%x\r\n%b\r\n" % (len(block), block)
        self._left -= len(block)
        if self._left < 0:
            raise _wrong_length("the body has more bytes than its Content-Length says")
        return block

    def end(self) -> bytes:
        """What to send behind the last block, if anything. Raises TransportError where some are missing."""
        if self._left:
            raise _wrong_length(
                f"the body has {self._left} bytes less than its Content-Length says"
            )
        return b"0\r\n\r\n" if self._left is None else b""


def _wrong_length(message: str) -> TransportError:
    return TransportError(message, "sending", permanent=True)
