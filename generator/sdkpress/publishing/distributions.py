"""A published wheel or sdist, read in memory: the package in it, and the document it was made from.

What was published is not trusted: nothing is unpacked to disk, links are not followed, and sizes
have limits, whatever the archive says of itself.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from sdkpress.diagnostics import Location, SdkpressError, fatal

__all__ = ["PublishedPackage", "read_distribution"]

_DOCUMENT = "testing/document.json"
_MAX_FILE = 64 * 1024 * 1024
_MAX_TOTAL = 512 * 1024 * 1024
_MAX_FILES = 50_000


@dataclass(frozen=True, slots=True)
class PublishedPackage:
    """`files` are the Python files of the package by their paths below it; `document` is the whole
    document with its overlays, None where the package has none."""

    package: str
    files: Mapping[str, bytes]
    document: bytes | None


def read_distribution(
    content: bytes, kind: Literal["wheel", "sdist"], label: str
) -> PublishedPackage | None:
    """The client in an archive; None where there is none that sdkpress made.

    `label` names the archive in errors. Raises SdkpressError (`unreadable-package`) for what is no
    such archive, or is larger than any client.
    """
    try:
        members = dict(_wheel(content, label) if kind == "wheel" else _sdist(content, label))
    except (
        *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
        *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    ) as error:
        reason = str(error) or type(error).__name__
        raise _unreadable(f"cannot be read: {reason}", label) from None
    roots = sorted(
        (path.removesuffix(_DOCUMENT) for path in members if path.endswith(f"/{_DOCUMENT}")),
        key=lambda root: (root.count("/"), root),
    )
    if not roots:
        return None
    root = roots[0]
    files = {
        path.removeprefix(root): text
        for path, text in members.items()
        if path.startswith(root) and path.endswith(".py")
    }
    package = root.rstrip("/").rpartition("/")[2]
    return PublishedPackage(package, MappingProxyType(files), members[f"{root}{_DOCUMENT}"])


def _wheel(content: bytes, label: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        budget = _Budget(label)
        for entry in entries:
            budget.count()
            if _is_wanted(entry.filename):
                with archive.open(entry) as stream:
                    yield entry.filename, budget.taken(stream.read(_MAX_FILE + 1))


def _sdist(content: bytes, label: str) -> Iterator[tuple[str, bytes]]:
    budget = _Budget(label)
    # As a stream: what lies between the members that are read is decompressed and forgotten.
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
        for entry in archive:
            budget.count()
            budget.passed(entry.size)
            stream = archive.extractfile(entry) if entry.isreg() else None
            if stream is not None and _is_wanted(entry.name):
                yield entry.name, budget.taken(stream.read(_MAX_FILE + 1))


def _is_wanted(name: str) -> bool:
    return name.endswith((".py", f"/{_DOCUMENT}"))


class _Budget:
    """Counts what an archive costs, and refuses what costs too much."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._files = self._bytes = self._declared = 0

    def count(self) -> None:
        self._files += 1
        if self._files > _MAX_FILES:
            raise _unreadable(f"has more than {_MAX_FILES:,} files", self._label)

    def passed(self, size: int) -> None:
        self._declared += max(size, 0)
        if self._declared > _MAX_TOTAL:
            raise _too_large(self._label)

    def taken(self, content: bytes) -> bytes:
        self._bytes += len(content)
        if len(content) > _MAX_FILE or self._bytes > _MAX_TOTAL:
            raise _too_large(self._label)
        return content


def _too_large(label: str) -> SdkpressError:
    return _unreadable("is larger, unpacked, than sdkpress accepts", label)


def _unreadable(message: str, label: str) -> SdkpressError:
    return fatal("unreadable-package", f"{label} {message}", Location(label, 1, 1))
