"""Is a vendored package what was published, but for what the host has accepted? Never writes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sdkpress.diagnostics import SdkpressError
from sdkpress.vendoring.base import unpack
from sdkpress.vendoring.host import HostWarning, host_warnings
from sdkpress.vendoring.merging import is_binary
from sdkpress.vendoring.record import BASE_NAME, unix
from sdkpress.vendoring.same_code import is_same_code
from sdkpress.vendoring.trees import Cause, Difference, Vendored, read_vendored

__all__ = ["Checked", "Finding", "check_vendored"]

_DIFF_LINES = 40
_DIFF_BYTES = 200_000

_MESSAGES: Mapping[Cause, str] = MappingProxyType(
    {
        "edited": "was edited",
        "missing": "was deleted",
        "extra": "is no part of the package",
        "conflict": "holds a conflict of the last update that nobody has resolved",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that is not as published. `path` is as the caller names it (folder and file); `diff` is
    a short unified diff from what was published to what is there, "" where there is none."""

    package: str
    cause: Cause
    path: str
    message: str
    diff: str = ""

    @property
    def line(self) -> int:
        """The first line (from 1) of the file that differs; 1 where none is known."""
        hunk = re.search(r"^@@ -\S+ \+(\d+)[^\n]*\n((?: [^\n]*\n)*)", self.diff, re.MULTILINE)
        return max(1, int(hunk[1]) + hunk[2].count("\n")) if hunk else 1


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to say about one vendored package. `accepted` are the differences that the record
    allows, `warnings` what the host's requirements lack."""

    vendored: Vendored
    findings: tuple[Finding, ...]
    accepted: tuple[Difference, ...]
    warnings: tuple[HostWarning, ...]


def check_vendored(folder: Path) -> Checked:
    """Compare a vendored folder with its record. Raises SdkpressError as `read_vendored` does."""
    vendored = read_vendored(folder)
    base: Mapping[str, bytes] = {}
    findings: list[Finding] = []
    place = folder / BASE_NAME
    if vendored.base is None:
        message = "was deleted; without it an update cannot keep edits"
        findings.append(Finding(vendored.name, "base", place.as_posix(), message))
    else:
        try:
            base = unpack(vendored.base, vendored.record.files, place.as_posix())
        except SdkpressError as error:
            message = error.diagnostics[0].message
            findings.append(Finding(vendored.name, "base", place.as_posix(), message))
    for item in vendored.differences:
        if not item.is_accepted:
            findings.append(_finding(vendored, item, base))
    return Checked(
        vendored,
        tuple(findings),
        tuple(item for item in vendored.differences if item.is_accepted),
        host_warnings(folder, vendored.record),
    )


def _finding(vendored: Vendored, item: Difference, base: Mapping[str, bytes]) -> Finding:
    path = (vendored.folder / item.path).as_posix()
    ours, published = vendored.files.get(item.path), base.get(item.path)
    message = _MESSAGES[item.cause]
    if item.cause == "edited" and ours and published and is_same_code(item.path, ours, published):
        message = "was formatted anew; exclude the folder from your formatter"
    diff = ""
    if item.cause in ("edited", "conflict") and ours is not None and published is not None:
        diff = _diff(published, ours, item.path)
    return Finding(vendored.name, item.cause, path, message, diff)


def _diff(published: bytes, ours: bytes, path: str) -> str:
    """A unified diff of at most some forty lines."""
    if is_binary(published) or is_binary(ours):
        return "binary files differ\n"
    if max(len(published), len(ours)) > _DIFF_BYTES:
        return ""
    old, new = _lines(published), _lines(ours)
    lines = list(difflib.unified_diff(old, new, path, path, lineterm=""))
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"... {len(lines) - _DIFF_LINES} more lines differ"]
    return "".join(f"{line}\n" for line in lines)


def _lines(content: bytes) -> Sequence[str]:
    return unix(content).decode("utf-8", "backslashreplace").split("\n")
