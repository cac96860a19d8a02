"""A folder replaced as a whole: the new one is written beside the old one, then they change places.

Whoever is killed in between leaves one of both under its name or under that of the old one, and
`recover` puts it right: nobody ever finds half a package.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.interrupting import whole
from sdkpress.writing import missing_folders

__all__ = ["is_interrupted", "recover", "remove_folder", "replace_folder"]


def replace_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Make `target` a folder of exactly `files` (by posix path); files keep their modes.

    Raises SdkpressError (`file-unwritable`); then what was there is there still.
    """
    staged, old = _staged(target), _old(target)
    made: list[Path] = []
    try:
        for missing in missing_folders(target.parent):
            missing.mkdir()
            made.append(missing)
        _discard(staged)
        staged.mkdir()
        for path, content in files.items():
            place = staged / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            _copy_mode(target / path, place)
        if target.exists():
            _refuse_inside(target)
            with whole():  # a Ctrl-C comes behind it
                os.rename(target, old)
                try:
                    os.rename(staged, target)
                except BaseException:
                    os.rename(old, target)
                    raise
            _discard(old)
        else:
            os.rename(staged, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            _discard(staged)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise _unwritable(error, target) from None
        raise


def remove_folder(target: Path) -> None:
    """Take a folder away, at once: whoever is killed meanwhile leaves all of it or a hidden rest.

    Raises SdkpressError (`file-unwritable`).
    """
    staged = _staged(target)
    try:
        _refuse_inside(target)
        _discard(staged)
        os.rename(target, staged)
        _discard(staged)
    except OSError as error:
        raise _unwritable(error, target) from None


def is_interrupted(target: Path) -> bool:
    """Whether a replacement was cut off before the new folder had the name."""
    return _old(target).is_dir() and not target.exists()


def recover(target: Path) -> bool:
    """Put right what a replacement that was cut off has left; whether there was anything.

    Raises SdkpressError (`file-unwritable`).
    """
    staged, old = _staged(target), _old(target)
    try:
        found = False
        if old.is_dir() and not old.is_symlink():
            found = True
            if target.exists():
                _discard(old)
            else:
                os.rename(old, target)
        if staged.is_dir() and not staged.is_symlink():
            found = True
            _discard(staged)
    except OSError as error:
        raise _unwritable(error, target) from None
    return found


def _staged(target: Path) -> Path:
    return target.parent / f".{target.name}.sdkpress-new"


def _old(target: Path) -> Path:
    return target.parent / f".{target.name}.sdkpress-old"


def _discard(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _refuse_inside(target: Path) -> None:
    """Whoever works in a folder that is replaced stands in one that is gone."""
    here, folder = Path.cwd(), Path(os.path.abspath(target))
    if folder == here or folder in here.parents:
        message = "the working folder is in here, and would be gone; call from the project's folder"
        raise fatal("vendor-target", message, Location(target.as_posix(), 1, 1))


def _copy_mode(source: Path, target: Path) -> None:
    with contextlib.suppress(OSError):
        os.chmod(target, os.lstat(source).st_mode & 0o777)


def _unwritable(error: OSError, target: Path) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    place = str(error.filename or target)
    return fatal("file-unwritable", f"cannot be written: {reason}", Location(place, 1, 1))
