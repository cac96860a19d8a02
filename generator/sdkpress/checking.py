"""Is a client in step? The plan that `generate` would carry out, told as findings with a cause."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdkpress.comparing import Difference, Plan, PlannedFile, plan
from sdkpress.manifest import MANIFEST_NAME, changed_inputs
from sdkpress.output import BuildFacts, NamesLock, OutputFile

__all__ = ["CAUSES", "Cause", "Finding", "check", "findings_of", "repair_command"]

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


CAUSES: Mapping[Cause, str] = {
    "document": "The document has changed since the client was generated",
    "overlay": "An overlay, or the list of overlays, has changed since the client was generated",
    "configuration": "The configuration has changed since the client was generated",
    "template": "The templates of sdkpress have changed, and write something else",
    "generator": "Another version of sdkpress writes something else from the same inputs",
    "names": "The names lock was changed or deleted by other hands than sdkpress",
    "edited": "A generated file was edited by hand",
    "missing": "A generated file was deleted",
    "extra": "A file is there that is no part of the client, or stands in the way of a part",
    "line-endings": "Some lines of a generated file end in CRLF, others in LF",
}
"""What each cause means, in one line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is out of step. `path` is as the caller names it (folder and file); `diff` is a
    short unified diff from what is there to what should be, "" where there is none.

    `causes` are all that may be behind it where several inputs moved; `cause` is the first of them.
    `removes` is a file that has to go before `generate` can write: an edit that a person decides on.
    """

    client: str
    cause: Cause
    path: str
    message: str
    diff: str = ""
    causes: tuple[Cause, ...] = ()
    removes: str = ""

    @property
    def line(self) -> int:
        """The first line (from 1) that differs in the file as it is; 1 where none is known."""
        hunk = _HUNK.search(self.diff)
        if hunk is None:
            return 1
        first = max(1, int(hunk[1]))
        for line in self.diff[hunk.end() :].split("\n")[1:]:
            if line[:1] != " ":
                return first
            first += 1
        return first

    @property
    def repair(self) -> str:
        """The commands, for a POSIX shell, after which the finding is gone."""
        return repair_command([self.client], all_clients=False, removed=[self.removes])


def check(
    files: Sequence[OutputFile],
    out: Path,
    facts: BuildFacts,
    lock: NamesLock | None = None,
    *,
    client: str,
    sources: Mapping[Cause, str] | None = None,
    overlays: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Compare a build with the folder `out`; empty = in step. Never writes.

    `sources` names the file behind a cause ("document" -> the path of the document), `overlays` the
    overlays in their order. Raises SdkpressError and ValueError as `comparing.plan` does.
    """
    compared = plan(files, out, facts, lock)
    return findings_of(compared, files, client=client, sources=sources, overlays=overlays)


def findings_of(
    compared: Plan,
    files: Sequence[OutputFile],
    *,
    client: str,
    sources: Mapping[Cause, str] | None = None,
    overlays: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """The findings of a plan: first the inputs that moved, then the files in order of path."""
    if compared.old_manifest is None and compared.manifest.disk is None:
        if not any(file.disk is not None for file in compared.files):
            message = "the client has not been generated yet"
            return (Finding(client, "missing", compared.out.as_posix(), message),)
    return _Reader(compared, client, sources or {}, overlays).findings(
        frozenset(file.path for file in files if file.kind == "runtime")
    )


def repair_command(
    clients: Sequence[str], *, all_clients: bool, removed: Sequence[str] = ()
) -> str:
    """The commands, for a POSIX shell, that bring the named clients back in step; `removed` are
    files that are in the way."""
    names = [] if all_clients else [shlex.quote(client) for client in clients]
    generate = " ".join(["sdkpress", "generate", *names])
    gone = [shlex.quote(path) for path in dict.fromkeys(removed) if path]
    return f"rm -- {' '.join(gone)} && {generate}" if gone else generate


_HUNK = re.compile(r"^@@ -(\d+)", re.MULTILINE)
_INPUT_CAUSES: Mapping[str, Cause] = {
    "document": "document",
    "overlays": "overlay",
    "configuration": "configuration",
    "templates": "template",
}
_INPUT_NOUNS: Mapping[Cause, str] = {
    "document": "the document",
    "overlay": "the overlays",
    "configuration": "the configuration",
    "template": "the templates",
    "names": "the names lock",
}


_MIXED = "some lines end in CRLF, others in LF"
_WRITTEN_BY_US = (Difference.STALE, Difference.EDITED, Difference.DROPPED)


def _has_mixed_ends(content: bytes) -> bool:
    return b"\0" not in content and 0 < content.count(b"\r\n") < content.count(b"\n")


class _Reader:
    """Reads a plan as findings: which inputs moved, and what became of which file."""

    def __init__(
        self, compared: Plan, client: str, sources: Mapping[Cause, str], overlays: Sequence[str]
    ) -> None:
        self.plan = compared
        self.client = client
        self.sources = sources
        self.overlays = overlays
        self.manifest = (compared.out / MANIFEST_NAME).as_posix()
        old = compared.old_manifest
        changed = () if old is None else changed_inputs(old, compared.new_manifest)
        self.moved: tuple[Cause, ...] = tuple(
            _INPUT_CAUSES[name] for name in changed if name in _INPUT_CAUSES
        )
        self.lock_problem = self._lock_problem(names_moved="names" in changed)
        if self.lock_problem and "names" in changed:
            self.moved = (*self.moved, "names")
        versions = (old.generator if old else "", compared.new_manifest.generator)
        self.versions = f"sdkpress {versions[0]} -> {versions[1]}" if len(set(versions)) > 1 else ""
        if old is None:
            self.versions = ""

    def findings(self, runtime: frozenset[str]) -> tuple[Finding, ...]:
        """All findings; `runtime` are the files that are copied from the generator."""
        found = [self._input(cause) for cause in self.moved if cause != "names"]
        if self.lock_problem:
            found.append(self._lock())
        if self.plan.manifest.disk is None:
            found.append(Finding(self.client, "missing", self.manifest, "the manifest is missing"))
        for file in self.plan.files:
            if file.difference is not Difference.NONE:
                found.append(self._file(file, is_runtime=file.path in runtime))
                if file.difference in _WRITTEN_BY_US and _has_mixed_ends(file.disk or b""):
                    path = (self.plan.out / file.path).as_posix()
                    found.append(Finding(self.client, "line-endings", path, _MIXED))
        if self.plan.manifest.difference.is_written and not found:
            found.append(self._stale_manifest())
        return tuple(found)

    def _lock_problem(self, *, names_moved: bool) -> str:
        """What is wrong with the names lock that no input explains, "" for nothing."""
        lock, old = self.plan.lock, self.plan.old_manifest
        if lock is None:
            return ""
        if lock.disk is None:
            return "the names lock is missing; restore it, or the names are decided anew"
        if self.plan.pinned is None:
            return f"the names lock has no names of {self.client}"
        if self.plan.pinned != "" and old is not None:
            if self.plan.pinned != old.inputs.get("names", ""):
                return f"the names lock was changed by hand since {self.client} was generated"
        elif names_moved and (len(self.moved) == 0 or not lock.difference.is_written):
            return f"the names lock has changed since {self.client} was generated"
        if lock.difference is Difference.LINE_ENDS:
            return _MIXED
        if lock.difference.is_written and not names_moved:
            return "the names lock is not up to date"
        return ""

    def _lock(self) -> Finding:
        lock = self.plan.lock
        assert lock is not None
        path = (
            self.sources.get("names")
            or Path(os.path.normpath(self.plan.out / lock.path)).as_posix()
        )
        cause: Cause = "line-endings" if lock.difference is Difference.LINE_ENDS else "names"
        shows = lock.disk is not None and lock.difference is Difference.STALE
        return Finding(
            self.client, cause, path, self.lock_problem, _diff(lock, path) if shows else ""
        )

    def _overlay(self) -> Finding:
        """The overlay that changed, where it is one of the same list; else the list."""
        old = self.plan.old_manifest
        before = old.inputs.get("overlays", "").split() if old else []
        after = self.plan.new_manifest.inputs["overlays"].split()
        pairs = zip(before, after, self.overlays, strict=False)
        changed = [path for one, other, path in pairs if one != other]
        if len(changed) == 1 and len(before) == len(after):
            message = f"the overlay has changed since {self.client} was generated"
            return Finding(self.client, "overlay", changed[0], message)
        path = self.sources.get("configuration") or self.manifest
        message = f"the overlays have changed since {self.client} was generated"
        return Finding(self.client, "overlay", path, message)

    def _input(self, cause: Cause) -> Finding:
        if cause == "overlay":
            return self._overlay()
        path = self.sources.get(cause) or self.manifest
        verb = "have" if cause == "template" else "has"
        message = f"{_INPUT_NOUNS[cause]} {verb} changed since {self.client} was generated"
        if cause == "template" and self.versions:
            message = f"{message} ({self.versions})"
        return Finding(self.client, cause, path, message)

    def _file(self, file: PlannedFile, *, is_runtime: bool) -> Finding:
        path = (self.plan.out / file.path).as_posix()
        causes: tuple[Cause, ...] = self.moved
        if is_runtime or not causes:
            causes = ("generator",)
        reason = f"{' and '.join(_INPUT_NOUNS.get(cause, 'the generator') for cause in causes)}"
        reason = f"{'the runtime of the generator' if is_runtime else reason} changed"
        if causes == ("generator",) and self.versions:
            reason = f"{reason}, {self.versions}"

        def finding(cause: Cause, message: str, *, diff: bool = False, rest: str = "") -> Finding:
            text = _diff(file, path) if diff else ""
            every = causes if cause == causes[0] and len(causes) > 1 else ()
            return Finding(self.client, cause, path, message, text, every, rest)

        match file.difference:
            case Difference.NEW:
                if self.plan.old_manifest is None:
                    return finding("missing", "is not there")
                return finding(causes[0], f"is not there yet ({reason})")
            case Difference.MISSING:
                return finding("missing", "was deleted")
            case Difference.STALE:
                return finding(causes[0], f"is not up to date ({reason})", diff=True)
            case Difference.LINE_ENDS:
                return finding("line-endings", _MIXED)
            case Difference.EDITED:
                message = "was edited by hand; save what you need, in extras/, and delete it"
                return finding("edited", message, diff=True, rest=path)
            case Difference.FOREIGN:
                message = "is in the way of a generated file and was not written by sdkpress"
                if self.plan.old_manifest is None:
                    message = "differs, and without the manifest nobody knows who wrote it"
                return finding("extra", message, diff=True, rest=path)
            case Difference.DROPPED:
                return finding("extra", f"is no longer part of the client ({reason})")
            case Difference.DROPPED_EDITED:
                message = "is no longer part of the client, but was edited; generate keeps it"
                return finding("extra", message)
            case Difference.NONE:
                raise ValueError("a file in step is no finding")

    def _stale_manifest(self) -> Finding:
        manifest = self.plan.manifest
        if manifest.difference is Difference.LINE_ENDS:
            return Finding(self.client, "line-endings", self.manifest, _MIXED)
        diff = _diff(manifest, self.manifest)
        if self.versions:
            message = f"the manifest is not current ({self.versions})"
            return Finding(self.client, "generator", self.manifest, message, diff)
        message = "the manifest does not say what is there, as after an edit or a merge"
        return Finding(self.client, "edited", self.manifest, message, diff)


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
