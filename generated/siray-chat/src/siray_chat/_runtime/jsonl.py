"""Streams of JSON texts: newline-delimited (NDJSON, JSON Lines) and RFC 7464 sequences."""

from __future__ import annotations

from .errors import StreamDecodeError
from .sse import MAX_EVENT_SIZE


class JSONLinesDecoder:
    """Bytes in, one block of bytes for each JSON text out; empty lines and record separators go."""

    __slots__ = ("_max", "_pieces", "_size")
    is_plain = True
    """All that is given is bytes."""

    def __init__(self, max_event_size: int = MAX_EVENT_SIZE) -> None:
        self._max = max_event_size
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, block: bytes) -> list[bytes]:
        """Take bytes, return the texts they complete. Raises StreamDecodeError past the size cap."""
        if b"\n" not in block:
            if block:
                self._pieces.append(block)
                self._size += len(block)
                if self._size > self._max:
                    self._pieces = []
                    raise StreamDecodeError(
                        f"a line of the stream is longer than {self._max} bytes"
                    )
            return []
        if self._pieces:
            self._pieces.append(block)
            block = b"".join(self._pieces)
        lines = block.split(b"\n")
        rest = lines.pop()
        self._pieces = [rest] if rest else []
        self._size = len(rest)
        if block[:1] == b"{" and b"\x1e" not in block and b"\r" not in block:
            return [*filter(None, lines)]  # white space around JSON is JSON
        return [text for line in lines if (text := _strip(line))]

    def end(self) -> bytes | None:
        """What stands after the last line break, if anything: the last line need not have one."""
        rest = _strip(b"".join(self._pieces))
        self._pieces = []
        return rest or None


def _strip(line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf").strip(b"\x1e \t\r")
