"""The cache folder: a place for results that can be made again.

`$SDKPRESS_CACHE`, else `$XDG_CACHE_HOME/sdkpress`, else `~/.cache/sdkpress`. A cache that cannot be
read or written costs time and nothing else: no function here raises `OSError`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from sdkpress.interrupting import whole

__all__ = ["append_lines", "cache_folder", "read_cached", "write_cached"]


def cache_folder() -> Path | None:
    """The cache folder (perhaps not there yet), or None when the environment names no place."""
    own = os.environ.get("SDKPRESS_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    if shared and os.path.isabs(shared):  # the XDG specification ignores relative values
        return Path(shared) / "sdkpress"
    try:
        return Path.home() / ".cache" / "sdkpress"
    except RuntimeError:
        return None


def read_cached(name: str) -> bytes | None:
    """The content of the cache file `name` (posix, relative), or None."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        return (folder / name).read_bytes()
    except OSError:
        return None


@whole()
def write_cached(name: str, content: bytes) -> None:
    """Replace the cache file `name` as a whole."""
    folder = cache_folder()
    if folder is None:
        return
    target = folder / name
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(temporary, target)
    except OSError:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def append_lines(name: str, lines: list[str], *, limit: int) -> None:
    """Append ASCII `lines` to the cache file `name`; past `limit` bytes it starts anew.

    Two processes may append at once: each append is one write.
    """
    folder = cache_folder()
    if folder is None or not lines:
        return
    target = folder / name
    content = "".join(f"{line}\n" for line in lines).encode("ascii")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.stat().st_size + len(content) > limit:
            write_cached(name, content)
            return
        with open(target, "ab", buffering=0) as stream:
            stream.write(content)
    except OSError:
        return
