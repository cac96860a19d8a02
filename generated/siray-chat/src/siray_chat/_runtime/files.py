"""What an argument for a file or for raw bytes accepts, as a type."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping
    from os import PathLike
    from typing import IO, TypeAlias

    FileContent: TypeAlias = (
        bytes | bytearray | IO[bytes] | PathLike[str] | Iterable[bytes] | AsyncIterable[bytes]
    )
    """Bytes, a binary file, a path, or an iterable of blocks; all but bytes are streamed."""
    FileInput: TypeAlias = (
        FileContent
        | tuple[str | None, FileContent]
        | tuple[str | None, FileContent, str | None]
        | tuple[str | None, FileContent, str | None, Mapping[str, str]]
    )
    """Content alone, or with a file name, a media type, and headers of its part of a form."""
else:

    def __getattr__(name):
        """Give the aliases as plain ``object`` to those who ask at run time."""
        if name in ("FileContent", "FileInput"):
            return object
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
