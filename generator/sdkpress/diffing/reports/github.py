"""The report as workflow commands of GitHub Actions: annotations beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sdkpress.diffing.changes import SEVERITIES, Report, Severity
from sdkpress.diffing.reports.entries import (
    Entry,
    counted,
    entries,
    places_text,
    shortened,
    tells_its_subject,
    values_text,
)
from sdkpress.diffing.reports.text import bump_text, caller_path
from sdkpress.workflow_commands import Level, annotation, command_data, relative_path

__all__ = ["github"]

_LEVELS: dict[Severity, Level] = {"breaking": "error", "risky": "warning", "compatible": "notice"}
_SHOWN = 10  # annotations of a kind that GitHub shows per step; it drops what comes after


def github(report: Report, *, is_verbose: bool = False, root: Path | None = None) -> str:
    """One command a line: broken calls and breaking changes are errors, risky ones warnings,
    others notices. Of each kind at most ten, the last of which counts the rest; all with
    `is_verbose`. Files are named from `root`, the folder of the repository; without it, as the
    report has them. Ends with a line that no command is: the bump."""
    found = entries(report)
    lines: list[str] = []
    for severity in SEVERITIES:
        level = _LEVELS[severity]
        ready = [
            _of_entry(level, entry, root, is_revision=report.old.startswith("git:"))
            for entry in found
            if entry.severity == severity
        ]
        if severity == "breaking":
            ready = [*_of_callers(report, root), *ready]
        lines += ready if is_verbose else _bounded(level, ready)
    lines.append(command_data(f"sdkpress diff: {bump_text(report)}"))
    return "\n".join(lines) + "\n"


def _bounded(level: Level, lines: Sequence[str]) -> list[str]:
    if len(lines) <= _SHOWN:
        return list(lines)
    rest = counted(len(lines) - _SHOWN + 1, "more finding")
    return [*lines[: _SHOWN - 1], annotation(level, f"{rest} of this kind", title="sdkpress diff")]


def _of_entry(level: Level, entry: Entry, root: Path | None, *, is_revision: bool) -> str:
    """`is_revision` says that the old side is not in the working tree, which is all that a pull
    request can show."""
    change = entry.change
    values = values_text(change)
    subject = "" if tells_its_subject(change) else f"{shortened(change.subject)}: "
    parts = [f"{subject}{shortened(change.message)}"]
    parts += [values] if values else []
    parts.append(f"{places_text(change)}; {entry.axes_text}; cause: {change.cause}".lstrip("; "))
    title = f"{entry.severity}: {change.id}"
    message = "\n".join(parts)
    place = change.new or (None if is_revision else change.old)
    if place is None:
        return annotation(level, message, title=title)
    file = _file(place.file, root)
    return annotation(level, message, title=title, file=file, line=place.line)


def _of_callers(report: Report, root: Path | None) -> Iterator[str]:
    for call in report.callers or ():
        yield annotation(
            "error",
            shortened(call.message),
            title=f"broken call: {call.change.id}" if call.change else "broken call",
            file=_file(caller_path(report, call), root),
            line=call.line,
            column=call.column,
        )


def _file(name: str, root: Path | None) -> str:
    return name if root is None else relative_path(name, root)
