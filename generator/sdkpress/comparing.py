"""What writing a client would do to its folder, decided before anything is written.

`plan` is the one place that compares; `emitting` carries the plan out, `checking` reports it, so
that the two cannot disagree.
"""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.manifest import (
    MANIFEST_NAME,
    Entry,
    Manifest,
    is_portable_path,
    manifest_of,
    parse_manifest,
    serialize_manifest,
)
from sdkpress.output import BuildFacts, NamesLock, OutputFile
from sdkpress.provenance import sha256

__all__ = ["Difference", "Plan", "PlannedFile", "plan"]


class Difference(enum.Enum):
    """How a file on disk stands to the file that should be there."""

    NONE = "none"  # the same bytes, the same with CRLF line ends, or not ours to touch
    NEW = "new"  # not there, and was not there before
    MISSING = "missing"  # not there, though the manifest lists it
    STALE = "stale"  # as we wrote it, but now it would be written otherwise
    LINE_ENDS = "line-endings"  # differs in some line ends only
    EDITED = "edited"  # changed by someone else since we wrote it
    FOREIGN = "foreign"  # never ours
    DROPPED = "dropped"  # ours, as we wrote it, and no longer part of the client
    DROPPED_EDITED = "dropped-edited"  # no longer part of the client, but edited

    @property
    def is_written(self) -> bool:
        """Whether carrying out the plan writes the file."""
        return self in (Difference.NEW, Difference.MISSING, Difference.STALE, Difference.LINE_ENDS)

    @property
    def is_refused(self) -> bool:
        """Whether the plan cannot be carried out because of the file."""
        return self in (Difference.EDITED, Difference.FOREIGN)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One path: what is there (`disk`, None = nothing) and what should be (`content`, None = nothing)."""

    path: str
    difference: Difference
    disk: bytes | None
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The comparison of a build with a folder. `files` is sorted by path; `manifest` and `lock` are
    files like the others (`lock.path` is relative to the folder and may begin with `../`)."""

    out: Path
    files: tuple[PlannedFile, ...]
    manifest: PlannedFile
    lock: PlannedFile | None
    old_manifest: Manifest | None
    new_manifest: Manifest
    pinned: str | None = ""
    """`NamesLock.pinned`."""
    besides: tuple[PlannedFile, ...] = ()
    """Files outside of the folder that are written along: all of it or nothing."""

    @property
    def refused(self) -> tuple[PlannedFile, ...]:
        """The files that forbid writing."""
        return tuple(file for file in self.files if file.difference.is_refused)


def plan(
    files: Sequence[OutputFile], out: Path, facts: BuildFacts, lock: NamesLock | None = None
) -> Plan:
    """Compare `files` with the folder `out`; reads only.

    Raises SdkpressError where the folder cannot be compared or may not be written (an unreadable
    file or manifest, a symbolic link inside), ValueError where the build itself is impossible.
    """
    _check_paths([file.path for file in files])
    folder = _Folder(out)
    raw = folder.read(MANIFEST_NAME)
    old = None if raw is None else parse_manifest(raw, _display(out, MANIFEST_NAME))
    listed: Mapping[str, Entry] = old.files if old else {}
    planned = {file.path for file in files}
    dropped = [path for path in sorted(listed) if path not in planned]
    twins = {path.casefold(): path for path in dropped}
    compared: list[PlannedFile] = []
    for file in sorted(files, key=lambda file: file.path):
        entry = listed.get(file.path)
        twin = twins.get(file.path.casefold())
        if entry is None and twin and folder.is_same(file.path, twin):
            entry = listed[twin]  # renamed in case only, on a file system that ignores case
        disk = folder.read(file.path)
        compared.append(PlannedFile(file.path, _compare(file, entry, disk), disk, file.content))
    renamed = {path.casefold() for path in planned}
    for path in dropped:
        disk = folder.read(path)
        if disk is None or listed[path].owner == "once":
            continue
        intact = _matches(disk, listed[path].digest) or path.casefold() in renamed
        difference = Difference.DROPPED if intact else Difference.DROPPED_EDITED
        compared.append(PlannedFile(path, difference, disk, None))
    new = manifest_of(files, facts, old)
    return Plan(
        out=out,
        files=tuple(sorted(compared, key=lambda file: file.path)),
        manifest=_own(MANIFEST_NAME, raw, serialize_manifest(new)),
        lock=None if lock is None else _compare_lock(out, lock),
        old_manifest=old,
        new_manifest=new,
        pinned="" if lock is None else lock.pinned,
    )


def _compare(file: OutputFile, entry: Entry | None, disk: bytes | None) -> Difference:
    match file.owner:
        case "once":
            if disk is not None:
                return Difference.NONE
            return Difference.NEW if entry is None else Difference.MISSING
        case "generated":
            if disk is None:
                return Difference.NEW if entry is None else Difference.MISSING
            same = _same_text(disk, file.content)
            if same is not Difference.EDITED:
                return same
            if entry is None or entry.owner == "once":
                return Difference.FOREIGN
            return Difference.STALE if _matches(disk, entry.digest) else Difference.EDITED
        case _:  # pragma: no cover
            assert_never(file.owner)


def _same_text(disk: bytes, content: bytes) -> Difference:
    """NONE, LINE_ENDS or EDITED. A checkout that turned every LF into CRLF is no difference."""
    if disk == content:
        return Difference.NONE
    if b"\r" in content or b"\0" in content or b"\r" not in disk:
        return Difference.EDITED
    if disk == content.replace(b"\n", b"\r\n"):
        return Difference.NONE
    return Difference.LINE_ENDS if _unix(disk) == content else Difference.EDITED


def _matches(disk: bytes, digest: str) -> bool:
    return sha256(disk) == digest or (b"\r\n" in disk and sha256(_unix(disk)) == digest)


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _own(path: str, disk: bytes | None, content: bytes) -> PlannedFile:
    """A file that we alone write and that has no entry in the manifest."""
    if disk is None:
        return PlannedFile(path, Difference.NEW, disk, content)
    same = _same_text(disk, content)
    difference = Difference.STALE if same is Difference.EDITED else same
    return PlannedFile(path, difference, disk, content)


def _compare_lock(out: Path, lock: NamesLock) -> PlannedFile:
    relative = Path(os.path.relpath(lock.path, out)).as_posix()
    try:
        disk = lock.path.read_bytes()
    except FileNotFoundError:
        disk = None
    except OSError as error:
        raise _unreadable(lock.path.as_posix(), error) from None
    return _own(relative, disk, lock.content)


class _Folder:
    """Reads below one folder without following a symbolic link inside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: dict[str, bool] = {}

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where nothing stands. A link or a folder in its place raises."""
        parent, _, _ = path.rpartition("/")
        if not self._is_folder(parent):
            return None
        target = self.root / path
        try:
            mode = os.lstat(target).st_mode
            if stat.S_ISLNK(mode):
                raise self._link(path)
            if not stat.S_ISREG(mode):
                raise fatal(
                    "output-unwritable",
                    "something that is not a file stands where a generated file belongs",
                    Location(_display(self.root, path), 1, 1),
                )
            return target.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(_display(self.root, path), error) from None

    def is_same(self, left: str, right: str) -> bool:
        try:
            return os.path.samefile(self.root / left, self.root / right)
        except OSError:
            return False

    def _is_folder(self, path: str) -> bool:
        known = self._checked.get(path)
        if known is not None:
            return known
        if path:
            parent, _, _ = path.rpartition("/")
            if not self._is_folder(parent):
                self._checked[path] = False
                return False
        try:
            # The folder itself may be a link that its owner made; nothing below it may.
            mode = (os.lstat if path else os.stat)(self.root / path).st_mode
        except FileNotFoundError:
            self._checked[path] = False
            return False
        except OSError as error:
            raise _unreadable(_display(self.root, path), error) from None
        if stat.S_ISLNK(mode):
            raise self._link(path)
        if not stat.S_ISDIR(mode):
            raise fatal(
                "output-unwritable",
                "a file stands where a folder of the client belongs",
                Location(_display(self.root, path), 1, 1),
            )
        self._checked[path] = True
        return True

    def _link(self, path: str) -> SdkpressError:
        return fatal(
            "symlink-in-output",
            "a symbolic link; sdkpress does not write through links inside a client's folder",
            Location(_display(self.root, path), 1, 1),
        )


def _check_paths(paths: Iterable[str]) -> None:
    """Refuse a build that no file system could hold, or that would leave its folder: our defect."""
    seen: dict[str, str] = {}
    for path in paths:
        if not is_portable_path(path) or path.casefold() == MANIFEST_NAME:
            raise ValueError(f"a build may not write to {path!r}")
        if path.casefold() in seen:
            raise ValueError(f"a build writes {path!r} and {seen[path.casefold()]!r}")
        seen[path.casefold()] = path
    for path in seen:
        parent = path.rpartition("/")[0]
        while parent:
            if parent in seen:
                raise ValueError(f"a build has {seen[path]!r} below the file {seen[parent]!r}")
            parent = parent.rpartition("/")[0]


def _unreadable(display: str, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unreadable", f"cannot be read: {reason}", Location(display, 1, 1))


def _display(out: Path, path: str) -> str:
    return (out / path).as_posix()
