"""The report for a terminal: the answer, then what changed, then whose code breaks."""

from __future__ import annotations

import posixpath
import textwrap
from collections.abc import Iterator, Sequence

from sdkpress.diagnostics import printable
from sdkpress.diffing.changes import AXES, SEVERITIES, BrokenCall, Report, Severity
from sdkpress.diffing.reports.entries import (
    Entry,
    counted,
    entries,
    places_text,
    shortened,
    totals,
    values_text,
)

__all__ = ["bump_text", "caller_path", "text"]

_SHOWN = {"breaking": 50, "risky": 20, "compatible": 10}
_SHOWN_CALLERS = 50
_COLORS = {"breaking": "31", "risky": "33", "compatible": "32", "none": "32"}


def text(
    report: Report, *, is_verbose: bool = False, has_color: bool = False, width: int = 80
) -> str:
    """Plain lines that end in a newline, at most `width` columns where words allow.

    Shows so many entries of each severity and says how many more there are; all with `is_verbose`.
    """
    found = entries(report)
    lines = [*_verdict(report, has_color)]
    for severity in SEVERITIES:
        group = [entry for entry in found if entry.severity == severity]
        if group:
            heading = _painted(f"{severity} ({len(group):,})", severity, has_color)
            lines += ["", heading, *_listed(group, severity, is_verbose, width)]
    if report.callers is not None:
        lines += ["", *_callers(report, report.callers, is_verbose, width)]
    return "\n".join(lines) + "\n"


def bump_text(report: Report, arrow: str = "->") -> str:
    """`minor bump, 0.1.0 -> 0.2.0`; without versions the bump alone."""
    old, new = printable(report.old_version), printable(report.new_version)
    if report.verdict.bump == "none":
        return f"no bump, {old} stays" if old else "no bump"
    return f"{report.verdict.bump} bump" + (f", {old} {arrow} {new}" if old and new else "")


def caller_path(report: Report, call: BrokenCall) -> str:
    """A broken call's file from where the command ran."""
    folder = report.callers_folder.replace("\\", "/")
    return printable(posixpath.normpath(posixpath.join(folder, call.file)))


def _verdict(report: Report, has_color: bool) -> Iterator[str]:
    name = printable(report.package or report.client)
    label = f"{name}: " if name else ""
    if not report.changes:
        yield f"{label}no changes, {bump_text(report)}"
        return
    yield f"{label}{bump_text(report)}"
    counts = totals(report)
    verdicts = {
        "wire": report.verdict.wire,
        "runtime": report.verdict.runtime,
        "typing": report.verdict.typing,
    }
    for axis in AXES:
        verdict = verdicts[axis]
        parts = [f"{counts[axis, s]:,} {s}" for s in SEVERITIES if counts[axis, s]]
        painted = _painted(f"{verdict:<10}", verdict, has_color)
        yield f"  {axis:<7}  {painted}  {', '.join(parts)}".rstrip()


def _listed(
    group: Sequence[Entry], severity: Severity, is_verbose: bool, width: int
) -> Iterator[str]:
    limit = len(group) if is_verbose else _SHOWN[severity]
    subject = ""
    for entry in group[:limit]:
        if entry.change.subject != subject:
            subject = entry.change.subject
            yield f"  {shortened(subject)}"
        yield from _entry(entry, is_verbose, width)
    if len(group) > limit:
        yield f"  ... {len(group) - limit:,} more {severity}; --verbose shows all"


def _entry(entry: Entry, is_verbose: bool, width: int) -> Iterator[str]:
    change = entry.change
    yield from _wrapped(shortened(change.message), width, "    ")
    values = values_text(change)
    if values:
        yield from _wrapped(values, width, "      ")
    facts = [places_text(change)] if change.old or change.new else []
    facts += [entry.axes_text, change.id, f"cause: {change.cause}"]
    facts += [f"breaks {counted(len(entry.callers), 'call')}"] if entry.callers else []
    yield from _filled(facts, width, "      ")
    if is_verbose and len(change.operations) > 1:
        yield from _wrapped(", ".join(map(printable, change.operations)), width, "      ")


def _callers(
    report: Report, callers: Sequence[BrokenCall], is_verbose: bool, width: int
) -> Iterator[str]:
    if not callers:
        yield "callers: none breaks"
        return
    yield f"callers ({counted(len(callers), 'broken call')})"
    limit = len(callers) if is_verbose else _SHOWN_CALLERS
    for call in callers[:limit]:
        place = f"{caller_path(report, call)}:{call.line}:{call.column}"
        yield f"  {place}: {shortened(call.message)}"
        source = shortened(call.source.strip(), max(20, width - 6))
        if source:
            yield f"      {source}"
    if len(callers) > limit:
        yield f"  ... {len(callers) - limit:,} more calls; --verbose shows all"


def _filled(facts: Sequence[str], width: int, indent: str) -> Iterator[str]:
    """The facts in as few lines as they go into whole."""
    line = f"{indent}{facts[0]}"
    for fact in facts[1:]:
        if len(line) + 3 + len(fact) > width:
            yield f"{line};"
            line = f"{indent}{fact}"
        else:
            line = f"{line}; {fact}"
    yield line


def _wrapped(line: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _painted(part: str, severity: str, has_color: bool) -> str:
    return f"\x1b[1;{_COLORS[severity]}m{part}\x1b[0m" if has_color else part
