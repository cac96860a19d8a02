"""The text of one input file: decoded, with lines and columns for character offsets."""

from __future__ import annotations

import codecs
import os
import re
import stat
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from sdkpress.diagnostics import Location, fatal

__all__ = ["MAX_BYTES", "SourceText", "decode", "read_bytes"]

MAX_BYTES = 64 * 1024 * 1024
"""The largest input file in bytes; five times the largest published document we know of."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_CONTEXT_LINES = 2


@dataclass(frozen=True)
class SourceText:
    """Decoded text and where it came from.

    `display` is the path as the user gave it. A document inside a page is a source text of its
    own whose first character stands at `first_line`, `indent` + 1 of the page.
    """

    display: str
    text: str = field(repr=False)
    first_line: int = 1
    indent: int = 0

    @cached_property
    def _line_starts(self) -> list[int]:
        if "\r" in self.text:
            return [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        lengths = map(len, self.text.split("\n"))
        return [0, *accumulate(length + 1 for length in lengths)][:-1]

    def location(self, offset: int, pointer: str = "") -> Location:
        """The place of the character at `offset` (0-based; past the end counts as the end)."""
        offset = max(0, min(offset, len(self.text)))
        index = bisect_right(self._line_starts, offset) - 1
        column = offset - self._line_starts[index] + 1 + self.indent
        return Location(self.display, self.first_line + index, column, pointer)

    def excerpt(self, line: int) -> tuple[str, ...]:
        """The line with that number (of the file) and up to two lines before it, without ends."""
        last = line - self.first_line
        if not 0 <= last < len(self._line_starts):
            return ()
        return tuple(self._line(index) for index in range(max(0, last - _CONTEXT_LINES), last + 1))

    def _line(self, index: int) -> str:
        starts = self._line_starts
        end = starts[index + 1] if index + 1 < len(starts) else len(self.text)
        return " " * self.indent + self.text[starts[index] : end].rstrip("\r\n")


def read_bytes(path: Path, display: str, *, limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises `SdkpressError` (file-not-found, file-unreadable, file-too-large). Devices, pipes,
    sockets and folders are refused without being opened.
    """
    place = Location(display, 1, 1)
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise fatal("file-not-found", "There is no such file.", place) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise fatal("file-unreadable", f"Cannot read the file: {_reason(error)}.", place) from None
    if stat.S_ISDIR(status.st_mode):
        raise fatal("file-unreadable", "This is a folder, not a file.", place)
    if not stat.S_ISREG(status.st_mode):
        raise fatal("file-unreadable", "This is a device or a pipe, not a regular file.", place)
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise fatal("file-unreadable", f"Cannot read the file: {_reason(error)}.", place) from None
    if len(data) > limit:
        raise fatal("file-too-large", f"The file has more than {limit:,} bytes.", place)
    return data


def decode(data: bytes, display: str) -> str:
    """The text of a JSON or YAML file, without its byte order mark.

    UTF-8, or UTF-16 and UTF-32 recognised by their mark or by the position of zero bytes (YAML
    1.2.2 section 5.2). Raises `SdkpressError` (invalid-encoding) at the first bad byte.
    """
    encoding, start = _encoding(data)
    try:
        return data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        before = data[start : start + error.start].decode(encoding, "replace")
        place = SourceText(display, before).location(len(before))
        bad = data[start + error.start]
        raise fatal(
            "invalid-encoding", f"The byte 0x{bad:02x} is not {encoding.upper()} text.", place
        ) from None


_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _encoding(data: bytes) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    zeros = tuple(byte == 0 for byte in data[:4])
    if zeros[:3] == (True, True, True):
        return "utf-32-be", 0
    if zeros[1:] == (True, True, True):
        return "utf-32-le", 0
    if zeros[:2] == (True, False):
        return "utf-16-be", 0
    if zeros[:2] == (False, True):
        return "utf-16-le", 0
    return "utf-8", 0


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the path is not valid"
