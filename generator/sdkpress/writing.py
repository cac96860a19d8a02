"""One file, written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from sdkpress.diagnostics import Location, fatal

__all__ = ["write_file"]


def write_file(path: Path, content: bytes) -> None:
    """Make `path` hold `content`; a file that holds it already is left alone.

    Raises SdkpressError (`file-unwritable`); then nothing has changed.
    """
    temporary = ""
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        target = path.resolve() if path.is_symlink() else path  # a link stays a link
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:60]}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        location = Location(path.as_posix(), 1, 1)
        raise fatal("file-unwritable", f"cannot be written: {reason}", location) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
