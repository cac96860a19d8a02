"""What a newer package makes of a vendored folder: three sides, file by file, all in memory.

The base is what was published, ours what the host has made of it, theirs the newer package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from sdkpress.diagnostics import Location, fatal
from sdkpress.provenance import sha256
from sdkpress.vendoring.matching import similarity
from sdkpress.vendoring.merging import is_binary, merge_texts, whole_conflict
from sdkpress.vendoring.packages import Package
from sdkpress.vendoring.record import DELETED, Record, record_of, unix
from sdkpress.vendoring.same_code import is_same_code
from sdkpress.vendoring.trees import REJECTED, Vendored

__all__ = ["Action", "Change", "Update", "plan_update"]

Action = Literal["added", "updated", "removed", "merged", "moved", "kept", "conflict"]

_BOM = b"\xef\xbb\xbf"
_SAME_FILE = 0.6
"""How much of a file (see `similarity`) has to be in another one that is new for it to have moved."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file. `was` is its former path where it has moved."""

    path: str
    action: Action
    was: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """The folder as it will be (`files`, without the record and the archive), its record, what was
    published, and the changes in order of path."""

    files: Mapping[str, bytes]
    record: Record
    published: Mapping[str, bytes]
    changes: tuple[Change, ...]

    @property
    def conflicts(self) -> tuple[str, ...]:
        return self.record.conflicts


def plan_update(
    vendored: Vendored, base: Mapping[str, bytes], package: Package, *, with_testing: bool
) -> Update:
    """Merge `package` into a vendored folder. `base` is what was published before.

    Edits that the record accepts stay accepted where they could be merged. Raises SdkpressError
    (`vendor-target`) where a file of the package and one of the host differ in case only.
    """
    theirs = package.content(with_testing=with_testing)
    merger = _Merger(vendored, base, theirs, package)
    for path in sorted({*base, *vendored.files, *theirs}):
        merger.merge(path)
    _refuse_twins(vendored, merger.files)
    conflicts = tuple(sorted({item.path for item in merger.changes if item.action == "conflict"}))
    record = record_of(
        package,
        with_testing=with_testing,
        accepted=merger.accepted,
        conflicts=conflicts,
    )
    return Update(
        files=MappingProxyType(dict(sorted(merger.files.items()))),
        record=record,
        published=theirs,
        changes=tuple(sorted(merger.changes, key=lambda item: item.path)),
    )


class _Merger:
    """Collects the new folder, file by file."""

    def __init__(
        self,
        vendored: Vendored,
        base: Mapping[str, bytes],
        theirs: Mapping[str, bytes],
        package: Package,
    ) -> None:
        self.base = base
        self.ours = vendored.files
        self.theirs = theirs
        self.files: dict[str, bytes] = {}
        self.changes: list[Change] = []
        self.accepted: dict[str, str] = {}
        self._were_accepted = {item.path for item in vendored.differences if item.is_accepted}
        self._our_label = "edited here"
        self._their_label = package.label
        self._moved = self._find_moved()

    def merge(self, path: str) -> None:
        base, ours, theirs = (side.get(path) for side in (self.base, self.ours, self.theirs))
        if path in self._moved.values():
            return  # merged where the file was before
        if _is_same(ours, base) or (theirs is None and self._is_laid_out_anew(path)):
            self._take(path, ours, theirs)
        elif _is_same(theirs, base) or _is_same(ours, theirs):
            # Nobody else has touched it, or everybody has come to the same.
            if ours is not None:
                self.files[path] = ours
            if not _is_same(ours, theirs):
                self._keep(path, ours)
        elif path in self._moved:
            self._follow(path, self._moved[path])
        else:
            self._both(path, path, base or b"", ours, theirs)

    def _take(self, path: str, ours: bytes | None, theirs: bytes | None) -> None:
        """A file that is as published: the newer one, or none."""
        if theirs is None:
            if ours is not None:
                self.changes.append(Change(path, "removed"))
        elif ours is None:
            self.files[path] = theirs
            self.changes.append(Change(path, "added"))
        elif _is_same(ours, theirs):
            self.files[path] = ours
        else:
            self.files[path] = theirs
            self.changes.append(Change(path, "updated"))

    def _keep(self, path: str, ours: bytes | None) -> None:
        self.changes.append(Change(path, "kept"))
        self._accept(path, path, ours)

    def _follow(self, old: str, new: str) -> None:
        """A file that was edited here and has another name in the newer package."""
        self._both(old, new, self.base[old], self.ours[old], self.theirs[new])

    def _both(
        self, old: str, new: str, base: bytes, ours: bytes | None, theirs: bytes | None
    ) -> None:
        """A file that both sides have changed; at least one of them has it still."""
        sides = [side for side in (base, ours, theirs) if side is not None]
        if any(map(is_binary, sides)):
            self._reject(new, ours, theirs)
            return
        our_text, their_text = unix(ours or b""), unix(theirs or b"")
        mark = _BOM if our_text.startswith(_BOM) and not base.startswith(_BOM) else b""
        our_text = our_text.removeprefix(mark)
        if ours is None or theirs is None:
            self.files[new] = whole_conflict(
                our_text,
                their_text,
                our_label=self._our_label if ours is not None else "deleted here",
                their_label=(
                    self._their_label
                    if theirs is not None
                    else f"{self._their_label}, which has it no more"
                ),
            )
            self.changes.append(Change(new, "conflict"))
            return
        merged = merge_texts(
            unix(base),
            our_text,
            their_text,
            our_label=self._our_label,
            their_label=self._their_label,
        )
        is_formatted = is_same_code(new, our_text, base)
        if is_formatted and not is_same_code(new, merged.content, their_text):
            # A formatter is no edit that anybody misses, and lines that it has moved merge badly.
            self.files[new] = theirs
            self.changes.append(Change(new, "updated", old if old != new else ""))
            return
        is_windows = ours.count(b"\r\n") * 2 > ours.count(b"\n")
        content = mark + merged.content
        if is_windows:
            content = content.replace(b"\n", b"\r\n")
        self.files[new] = content
        was = old if old != new else ""
        if merged.conflicts:
            self.changes.append(Change(new, "conflict", was))
            return
        self.changes.append(Change(new, "moved" if was else "merged", was))
        if not _is_same(content, theirs):
            self._accept(old, new, content)

    def _reject(self, path: str, ours: bytes | None, theirs: bytes | None) -> None:
        """A file that cannot be merged: ours stays, theirs is put beside it."""
        if ours is not None:
            self.files[path] = ours
        self.files[f"{path}{REJECTED}"] = theirs or b""
        self.changes.append(Change(path, "conflict"))

    def _accept(self, old: str, new: str, content: bytes | None) -> None:
        if old in self._were_accepted:
            self.accepted[new] = DELETED if content is None else sha256(unix(content))

    def _is_laid_out_anew(self, path: str) -> bool:
        """Whether all that was done to a file here is a formatter's work."""
        base, ours = self.base.get(path), self.ours.get(path)
        return base is not None and ours is not None and is_same_code(path, ours, base)

    def _find_moved(self) -> dict[str, str]:
        """Files that were edited here and are gone from the newer package, by the path of the new
        file that most of their published text is in now."""
        gone = [
            path
            for path in sorted(self.base)
            if path not in self.theirs
            and path in self.ours
            and not _is_same(self.ours[path], self.base[path])
            and not self._is_laid_out_anew(path)
        ]
        new = [
            path for path in sorted(self.theirs) if path not in self.base and path not in self.ours
        ]
        moved: dict[str, str] = {}
        for path in gone:
            lines = _lines(self.base[path])
            if not lines or is_binary(self.base[path]):
                continue
            rated = [
                (similarity(lines, _lines(self.theirs[other])), other)
                for other in new
                if other not in moved.values() and other.endswith(_suffix(path))
            ]
            best, target = max(rated, default=(0.0, ""))
            if best >= _SAME_FILE:
                moved[path] = target
        return moved


def _is_same(left: bytes | None, right: bytes | None) -> bool:
    """Whether two files hold the same, whatever their line ends; None is no file."""
    if left is None or right is None:
        return left is right
    return left == right or unix(left) == unix(right)


def _lines(content: bytes) -> Sequence[bytes]:
    return unix(content).splitlines()


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rindex(".") :] if "." in name else ""


def _refuse_twins(vendored: Vendored, files: Mapping[str, bytes]) -> None:
    """Two files that are one on file systems that ignore case, or a file where a folder must be."""
    seen: dict[str, str] = {}
    folders = {
        "/".join(path.split("/")[:count]).casefold()
        for path in files
        for count in range(1, path.count("/") + 1)
    }
    for path in sorted(files):
        twin = seen.setdefault(path.casefold(), path)
        if twin != path or path.casefold() in folders:
            message = f"{path!r} is in the way of the package; move it out of the folder"
            place = Location((vendored.folder / path).as_posix(), 1, 1)
            raise fatal("vendor-target", message, place)
