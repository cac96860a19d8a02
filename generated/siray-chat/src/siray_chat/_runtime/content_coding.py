"""Content codings of answers (RFC 9110 section 8.4.1): gzip and deflate, block by block, bounded."""

from __future__ import annotations

import zlib

from .errors import SDKError

MAX_SIZE = 1024 * 1024 * 1024
"""Bytes that a body may grow to; one of a few megabytes can pretend to hold as much."""


class ContentCodingError(SDKError):
    """The body is not what Content-Encoding says, or was cut. Callers turn it into their own error."""


class Decompressor:
    """Removes gzip or deflate."""

    __slots__ = ("_coding", "_engine", "_fed", "_size")

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | (16 if coding == "gzip" else 0))
        self._fed = False
        self._size = 0

    def feed(self, block: bytes) -> bytes:
        """Take compressed bytes, return what they hold. Raises ContentCodingError."""
        try:
            data = self._decompress(block)
        except zlib.error as error:
            if self._coding == "deflate" and not self._fed:
                # Many servers send raw deflate under this name.
                self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
                try:
                    data = self._decompress(block)
                except zlib.error:
                    raise ContentCodingError(f"the body is no {self._coding}: {error}") from None
            else:
                raise ContentCodingError(f"the body is no {self._coding}: {error}") from None
        self._fed = True
        self._size += len(data)
        if self._size > MAX_SIZE:
            raise ContentCodingError(f"the {self._coding} body is larger than {MAX_SIZE} bytes")
        return data

    def _decompress(self, block: bytes) -> bytes:
        data = self._engine.decompress(block)
        while self._engine.eof and self._engine.unused_data and self._coding == "gzip":
            # RFC 1952: a gzip file may have several members.
            rest = self._engine.unused_data
            self._engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
            data += self._engine.decompress(rest)
        return data

    def end(self) -> None:
        """The compressed bytes are over. Raises ContentCodingError when something is missing."""
        if self._fed and not self._engine.eof:
            raise ContentCodingError(f"the {self._coding} body was cut")


def decompressor(content_encoding: str | None) -> Decompressor | None:
    """What removes the coding a header names, None for none. Raises ContentCodingError for others."""
    coding = (content_encoding or "").strip().lower()
    if coding in ("", "identity", "none"):
        return None
    if coding in ("gzip", "x-gzip"):
        return Decompressor("gzip")
    if coding == "deflate":
        return Decompressor("deflate")
    raise ContentCodingError(
        f"the content coding {coding!r} was not asked for and is not understood"
    )
