"""One process at a time writes to a folder, where the system has locks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path

__all__ = ["exclusive"]


@contextlib.contextmanager
def exclusive(folder: Path) -> Generator[None]:
    """Wait until nobody else has `folder`, or the nearest folder above it that exists, and keep
    it for this block. The lock ends with the process, however that ends (flock)."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    anchor = folder
    while not anchor.exists() and anchor != anchor.parent:
        anchor = anchor.parent
    try:
        handle = os.open(anchor, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
