"""Files written as a whole or not at all; several of them together."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.interrupting import whole

__all__ = ["missing_folders", "write_file", "write_new_file", "write_together", "written"]


@whole()
def write_file(path: Path, content: bytes) -> None:
    """Make `path` hold `content`; a file that holds it already is left alone.

    Raises SdkpressError (`file-unwritable`); then nothing has changed.
    """
    temporary = ""
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        target = path.resolve() if path.is_symlink() else path  # a link stays a link
        temporary = _write_temporary(target.parent, target, content)
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        location = Location(path.as_posix(), 1, 1)
        raise fatal("file-unwritable", f"cannot be written: {reason}", location) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def write_together(base: Path, changes: Mapping[str, bytes]) -> None:
    """Write all files or none: first all temporary files, then the renames, undone on failure.

    `changes` has the contents by posix path below `base`; folders that are not there are made.
    Raises SdkpressError (`file-unwritable`); then nothing has changed.
    """
    with written(base, changes):
        pass


@contextlib.contextmanager
def written(base: Path, changes: Mapping[str, bytes]) -> Generator[None]:
    """As `write_together`, for the time of a block: where that fails, the files are as before."""
    temporary: dict[str, str] = {}
    before: dict[str, bytes | None] = {}
    made: list[Path] = []
    path = "."
    try:
        try:
            with whole():
                for path, content in changes.items():
                    folder = (base / path).parent
                    for missing in missing_folders(folder):
                        missing.mkdir()
                        made.append(missing)
                    temporary[path] = _write_temporary(folder, base / path, content)
                for path, name in temporary.items():
                    target = base / path
                    before[path] = target.read_bytes() if target.is_file() else None
                    os.replace(name, target)
        except OSError as error:
            raise _unwritable(path, error) from None
        yield
    except BaseException:
        with whole():
            for name in temporary.values():
                with contextlib.suppress(OSError):
                    os.unlink(name)
            _undo(base, before)
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()
        raise


def missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that are not there, the outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing[::-1]


def _write_temporary(folder: Path, target: Path, content: bytes) -> str:
    mode = target.stat().st_mode & 0o777 if target.is_file() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=folder, prefix=".sdkpress-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, mode)
    except BaseException:
        os.unlink(name)
        raise
    return name


def _undo(base: Path, before: Mapping[str, bytes | None]) -> None:
    for path, content in before.items():
        with contextlib.suppress(OSError):
            if content is None:
                (base / path).unlink(missing_ok=True)
            elif (base / path).read_bytes() != content:
                (base / path).write_bytes(content)


def _unwritable(path: str, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unwritable", f"Cannot write the file: {reason}.", Location(path, 1, 1))


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


@whole()
def write_new_file(path: Path, content: bytes) -> None:
    """Make a file that is not there yet; one that appears in between is left as it is.

    Raises SdkpressError: `overlay-exists` for a file that is there, `file-unwritable`.
    """
    temporary = ""
    location = Location(path.as_posix(), 1, 1)
    try:
        temporary = _write_temporary(path.parent, path, content)
        try:
            os.link(temporary, path)  # unlike a rename, it fails where there is a file
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            with open(path, "xb") as stream:
                stream.write(content)
    except FileExistsError:
        message = f"{path.as_posix()} is there already, and is not overwritten"
        raise fatal("overlay-exists", message, location) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise fatal("file-unwritable", f"cannot be written: {reason}", location) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
