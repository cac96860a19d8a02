"""Content codings of answers (RFC 9110 section 8.4.1): gzip and deflate, block by block, bounded.

What is behind the end of the compressed data (padding, as some servers send) is ignored.
"""

from __future__ import annotations

import zlib

from .errors import SDKError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_SIZE = 1024 * 1024 * 1024
"""Bytes that a body may grow to; one of a few megabytes can pretend to hold as much."""
MAX_RATIO = 200
"""How many times its own size a body may grow to, once it is larger than ``FREE_SIZE``.

Both codings reach about 1030 with nothing but repetition; answers of APIs stay below 100.
"""
FREE_SIZE = 32 * 1024 * 1024
"""Bytes below which the ratio does not matter."""
MAX_CODINGS = 3
"""How many codings may lie upon each other."""
_STEP = 1024 * 1024
"""Bytes that are made at once, before the bounds are looked at again."""


class ContentCodingError(SDKError):
    """The body is not what Content-Encoding says, or was cut. Callers turn it into their own error."""

    cut: bool = False
    """It was well as far as it came."""
    data: bytes = b""
    """What the last block held before that which cannot be read."""


class Decompressor:
    """Removes gzip or deflate, then what ``inner`` removes."""

    __slots__ = ("_coding", "_engine", "_held", "_inner", "_members", "_over", "_received", "_size")

    def __init__(self, coding: str, inner: Decompressor | None = None) -> None:
        self._coding = coding
        self._inner = inner
        self._engine: Any = None
        """None before the first bytes and between the members of a gzip file."""
        self._held = b""
        self._members = 0
        self._over = False
        self._received = 0
        self._size = 0

    def feed(self, block: bytes) -> bytes:
        """Take compressed bytes, return what they hold. Raises ContentCodingError."""
        self._received += len(block)
        if self._held:
            block, self._held = self._held + block, b""
        pieces: list[bytes] = []
        try:
            while block and not self._over:
                engine = self._engine
                if engine is None:
                    engine = self._begun(block)
                    if engine is None:
                        break
                    self._engine = engine
                while True:
                    piece = engine.decompress(block, _STEP)
                    pieces.append(piece)
                    self._count(len(piece))
                    block = engine.unconsumed_tail
                    # Without input there may be output left from what has been taken.
                    if engine.eof or (not block and len(piece) < _STEP):
                        break
                if engine.eof:
                    block = engine.unused_data
                    self._engine = None
                    self._members += 1
                    self._over = self._coding != "gzip"
        except zlib.error as error:
            failure = ContentCodingError(f"the body is no {self._coding}: {error}")
            failure.data = b"" if self._inner else b"".join(pieces)
            raise failure from None
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return data if self._inner is None else self._inner.feed(data)

    def _begun(self, block: bytes) -> Any:
        """What reads the data that begins with ``block``; None while that cannot be said, or at its end."""
        if self._coding == "gzip":
            if self._members and block[0] != 0x1F:
                # RFC 1952 section 2.2: a file has several members. This is none.
                self._over = True
                return None
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        if len(block) < 2:
            self._held = block
            return None
        # Many servers send raw deflate (RFC 1951) under this name, which means zlib (RFC 1950 section 2.2).
        is_zlib = (
            block[0] & 0x0F == 8 and block[0] >> 4 <= 7 and (block[0] << 8 | block[1]) % 31 == 0
        )
        return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > MAX_SIZE:
            raise ContentCodingError(f"the {self._coding} body is larger than {MAX_SIZE} bytes")
        if self._size > FREE_SIZE and self._size > self._received * MAX_RATIO:
            raise ContentCodingError(
                f"the {self._coding} body grows to more than {MAX_RATIO} times its size"
            )

    def end(self) -> None:
        """The compressed bytes are over. Raises ContentCodingError when something is missing."""
        if self._engine is not None or self._held:
            error = ContentCodingError(f"the {self._coding} body was cut")
            error.cut = True
            raise error
        if self._inner is not None:
            self._inner.end()


def decompressor(content_encoding: str | None) -> Decompressor | None:
    """What removes the codings a header names, None for none. Raises ContentCodingError for others."""
    made: Decompressor | None = None
    if not content_encoding:
        return made
    count = 0
    # They are named in the order in which they were applied.
    for name in content_encoding.lower().split(","):
        coding = name.strip()
        if coding in ("", "identity", "none"):
            continue
        if coding == "x-gzip":
            coding = "gzip"
        count += 1
        if coding not in ("gzip", "deflate") or count > MAX_CODINGS:
            raise ContentCodingError(
                f"the content coding {content_encoding!r} was not asked for and is not understood"
            )
        made = Decompressor(coding, made)
    return made
