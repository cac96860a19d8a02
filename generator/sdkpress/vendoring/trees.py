"""A vendored folder as it stands on disk, and how its files differ from those that were published."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sdkpress.diagnostics import Location, fatal
from sdkpress.provenance import sha256
from sdkpress.vendoring.base import unpack
from sdkpress.vendoring.folders import file_paths, read_bounded
from sdkpress.vendoring.merging import has_markers
from sdkpress.vendoring.record import (
    BASE_NAME,
    DELETED,
    RECORD_NAME,
    Record,
    is_same_text,
    parse_record,
    unix,
)
from sdkpress.vendoring.swapping import is_interrupted

__all__ = ["Cause", "Difference", "Vendored", "open_conflicts", "read_base", "read_vendored"]

Cause = Literal["edited", "missing", "extra", "conflict", "base"]

REJECTED = ".theirs"
"""What is put behind the name of a file that cannot be merged, for the other version of it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as published; `is_accepted` where the record says that it may be."""

    path: str
    cause: Cause
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Vendored:
    """A vendored package: its folder, its record, its other files by path, VENDORED.base (None where
    it is missing), and the differences in order of path."""

    folder: Path
    record: Record
    files: Mapping[str, bytes]
    base: bytes | None
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        return self.folder.name


def read_vendored(folder: Path) -> Vendored:
    """Read a vendored folder; writes nothing.

    Raises SdkpressError: `vendor-not-found`, `vendor-record`, `symlink-in-output`,
    `file-unreadable`, `vendor-source` for something that is no file.
    """
    record_path = folder / RECORD_NAME
    if not os.path.lexists(record_path):
        help = ""
        message = "nothing is vendored here: there is no VENDORED.toml"
        if is_interrupted(folder):
            message = "an update was cut off while it changed the folder's name"
            help = "Run `sdkpress vendor update`, which puts it right first."
        raise fatal("vendor-not-found", message, Location(folder.as_posix(), 1, 1), help)
    paths = filter(_is_ours, file_paths(folder, "Rename it, or move it out of the folder."))
    files = {path: read_bounded(folder / path) for path in paths}
    record = parse_record(files.pop(RECORD_NAME), record_path.as_posix())
    base = files.pop(BASE_NAME, None)
    return Vendored(
        folder, record, MappingProxyType(files), base, tuple(_differences(record, files))
    )


def read_base(vendored: Vendored) -> Mapping[str, bytes]:
    """The files as they were published.

    Where nobody has edited any, they are those that are there, and the archive is not needed.
    Raises SdkpressError (`vendor-base`) where it is, and is missing or another one.
    """
    hashes = vendored.record.files
    known = {
        path: _as_published(content, hashes[path])
        for path, content in vendored.files.items()
        if path in hashes and is_same_text(content, hashes[path])
    }
    if len(known) == len(hashes):
        return MappingProxyType(known)
    place = (vendored.folder / BASE_NAME).as_posix()
    if vendored.base is None:
        message = "the pristine copy is missing, and files were edited"
        raise fatal("vendor-base", message, Location(place, 1, 1))
    return unpack(vendored.base, hashes, place)


def open_conflicts(vendored: Vendored) -> tuple[str, ...]:
    """The files in which the last update left something to decide, and that still hold it."""
    return tuple(
        path
        for path in vendored.record.conflicts
        if has_markers(vendored.files.get(path, b"")) or f"{path}{REJECTED}" in vendored.files
    )


def _is_ours(path: str) -> bool:
    return not path.endswith((".pyc", ".pyo"))


def _as_published(content: bytes, digest: str) -> bytes:
    return content if sha256(content) == digest else unix(content)


def _differences(record: Record, files: Mapping[str, bytes]) -> list[Difference]:
    found: list[Difference] = []
    for path in sorted({*record.files, *files}):
        content, published = files.get(path), record.files.get(path)
        accepted = record.accepted.get(path)
        if content is None:
            if published is not None:
                found.append(Difference(path, "missing", accepted == DELETED))
        elif path in record.conflicts and has_markers(content):
            found.append(Difference(path, "conflict", False))
        elif published is None or not is_same_text(content, published):
            is_accepted = accepted is not None and is_same_text(content, accepted)
            cause: Cause = "extra" if published is None else "edited"
            found.append(Difference(path, cause, is_accepted))
    return found
