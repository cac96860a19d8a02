"""Is a client in step? The plan that `generate` would carry out, told as findings with a cause."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdkpress.comparing import Difference, Plan, PlannedFile, plan
from sdkpress.manifest import MANIFEST_NAME, changed_inputs
from sdkpress.output import BuildFacts, NamesLock, OutputFile

__all__ = ["Cause", "Finding", "check", "findings_of", "repair_command"]

Cause = Literal[
    "document",
    "overlay",
    "configuration",
    "template",
    "generator",
    "names",
    "edited",
    "missing",
    "extra",
    "line-endings",
]

_DIFF_LINES = 40
_DIFF_WINDOW = 400  # lines compared on each side; difflib is quadratic


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is out of step. `path` is as the caller names it (folder and file); `diff` is a
    short unified diff from what is there to what should be, "" where there is none."""

    client: str
    cause: Cause
    path: str
    message: str
    diff: str = ""


def check(
    files: Sequence[OutputFile],
    out: Path,
    facts: BuildFacts,
    lock: NamesLock | None = None,
    *,
    client: str,
    sources: Mapping[Cause, str] | None = None,
) -> tuple[Finding, ...]:
    """Compare a build with the folder `out`; empty = in step. Never writes.

    `sources` names the file behind a cause ("document" -> the path of the document). Raises
    SdkpressError and ValueError as `comparing.plan` does.
    """
    return findings_of(plan(files, out, facts, lock), files, client=client, sources=sources)


def findings_of(
    compared: Plan,
    files: Sequence[OutputFile],
    *,
    client: str,
    sources: Mapping[Cause, str] | None = None,
) -> tuple[Finding, ...]:
    """The findings of a plan: first the inputs that moved, then the files in order of path."""
    if compared.old_manifest is None and compared.manifest.disk is None:
        if not any(file.disk is not None for file in compared.files):
            message = "the client has not been generated yet"
            return (Finding(client, "missing", compared.out.as_posix(), message),)
    kinds = {file.path: file.kind for file in files}
    moved = _moved_causes(compared)
    found = [_input_finding(compared, cause, client, sources or {}) for cause in moved]
    for file in compared.files:
        if file.difference is not Difference.NONE:
            is_runtime = kinds.get(file.path) == "runtime"
            found.append(_file_finding(compared, file, client, moved, is_runtime=is_runtime))
    lock = compared.lock
    if lock is not None and lock.difference.is_written and "names" not in moved:
        path = (compared.out / lock.path).as_posix() if not sources else sources.get("names", "")
        path = path or (compared.out / lock.path).as_posix()
        found.append(
            Finding(client, "names", path, "the names lock is not up to date", _diff(lock, path))
        )
    if compared.manifest.difference.is_written and not found:
        path = (compared.out / MANIFEST_NAME).as_posix()
        cause: Cause = "missing" if compared.manifest.disk is None else "generator"
        message = "the manifest is missing" if cause == "missing" else "the manifest is not current"
        if compared.manifest.difference is Difference.LINE_ENDS:
            cause, message = "line-endings", "some lines end in CRLF, others in LF"
        diff = _diff(compared.manifest, path) if compared.manifest.disk is not None else ""
        found.append(Finding(client, cause, path, message, diff))
    return tuple(found)


def repair_command(clients: Sequence[str], *, all_clients: bool) -> str:
    """The command that brings the named clients back in step."""
    return " ".join(["sdkpress", "generate", *([] if all_clients else clients)])


_INPUT_CAUSES: Mapping[str, Cause] = {
    "document": "document",
    "overlays": "overlay",
    "configuration": "configuration",
    "templates": "template",
    "names": "names",
}
_INPUT_NOUNS: Mapping[Cause, str] = {
    "document": "the document",
    "overlay": "the overlays",
    "configuration": "the configuration",
    "template": "the templates",
    "names": "the names lock",
}


def _moved_causes(compared: Plan) -> tuple[Cause, ...]:
    if compared.old_manifest is None:
        return ()
    changed = changed_inputs(compared.old_manifest, compared.new_manifest)
    # A lock that moves with the document or the configuration is their effect, not a cause.
    causes: list[Cause] = [_INPUT_CAUSES[name] for name in changed]
    if len(causes) > 1 and "names" in causes and not _lock_was_edited(compared):
        causes.remove("names")
    return tuple(causes)


def _lock_was_edited(compared: Plan) -> bool:
    return compared.lock is not None and not compared.lock.difference.is_written


def _input_finding(
    compared: Plan, cause: Cause, client: str, sources: Mapping[Cause, str]
) -> Finding:
    path = sources.get(cause) or (compared.out / MANIFEST_NAME).as_posix()
    verb = "have" if cause in ("overlay", "template") else "has"
    message = f"{_INPUT_NOUNS[cause]} {verb} changed since {client} was generated"
    return Finding(client, cause, path, message)


def _file_finding(
    compared: Plan,
    file: PlannedFile,
    client: str,
    moved: Sequence[Cause],
    *,
    is_runtime: bool,
) -> Finding:
    path = (compared.out / file.path).as_posix()
    reason = " and ".join(_INPUT_NOUNS[cause] for cause in moved) or "the generator"
    cause: Cause = "generator" if is_runtime or not moved else moved[0]
    if is_runtime:
        reason = "the generator's runtime"
    match file.difference:
        case Difference.NEW:
            message = f"is not there yet ({reason} changed)"
            if compared.old_manifest is None:
                cause, message = "missing", "is not there"
            return Finding(client, cause, path, message)
        case Difference.MISSING:
            return Finding(client, "missing", path, "was deleted")
        case Difference.STALE:
            message = f"is not up to date ({reason} changed)"
            return Finding(client, cause, path, message, _diff(file, path))
        case Difference.LINE_ENDS:
            return Finding(client, "line-endings", path, "some lines end in CRLF, others in LF")
        case Difference.EDITED:
            message = "was edited by hand; restore or delete it first, such code belongs in extras/"
            return Finding(client, "edited", path, message, _diff(file, path))
        case Difference.FOREIGN:
            message = "is in the way of a generated file and was not written by sdkpress"
            return Finding(client, "extra", path, message, _diff(file, path))
        case Difference.DROPPED:
            message = f"is no longer part of the client ({reason} changed)"
            return Finding(client, "extra", path, message)
        case Difference.DROPPED_EDITED:
            message = "is no longer part of the client, but was edited; generate keeps it"
            return Finding(client, "extra", path, message)
        case Difference.NONE:
            raise ValueError("a file in step is no finding")


def _diff(file: PlannedFile, path: str) -> str:
    """A unified diff of at most some forty lines from what is there to what should be."""
    have, want = _lines(file.disk), _lines(file.content)
    if have is None or want is None:
        return "binary files differ\n"
    start = 0
    while start < min(len(have), len(want)) and have[start] == want[start]:
        start += 1
    end = 0
    while end < min(len(have), len(want)) - start and have[-1 - end] == want[-1 - end]:
        end += 1
    first = max(0, start - 3)
    stop = max(0, end - 3)
    old = have[first : len(have) - stop][:_DIFF_WINDOW]
    new = want[first : len(want) - stop][:_DIFF_WINDOW]
    lines = list(_numbered(difflib.unified_diff(old, new, path, path, n=3, lineterm=""), first))
    cut = max(0, max(len(have), len(want)) - stop - first - _DIFF_WINDOW)
    if len(lines) > _DIFF_LINES or cut:
        left = max(0, len(lines) - _DIFF_LINES) + cut
        lines = [*lines[:_DIFF_LINES], f"... {left} more lines differ"]
    return "".join(f"{line}\n" for line in lines)


def _numbered(lines: Iterator[str], offset: int) -> Iterator[str]:
    """The lines of a diff whose hunks count from the top of the file, not of the window."""
    for line in lines:
        if offset and line.startswith("@@ "):
            ranges = [_shift(part, offset) for part in line.split(" ")[1:3]]
            line = f"@@ {ranges[0]} {ranges[1]} @@"
        yield line


def _shift(part: str, offset: int) -> str:
    number, comma, count = part[1:].partition(",")
    return f"{part[0]}{int(number) + offset}{comma}{count}"


def _lines(content: bytes | None) -> list[str] | None:
    if content is None:
        return []
    if b"\0" in content:
        return None
    return content.replace(b"\r\n", b"\n").decode("utf-8", "replace").split("\n")
