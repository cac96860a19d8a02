"""The report in Markdown, for a pull request, a job's summary or a release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdkpress.diagnostics import printable
from sdkpress.diffing.changes import AXES, SEVERITIES, Report
from sdkpress.diffing.reports.changelog import sections
from sdkpress.diffing.reports.entries import Entry, counted, entries, totals
from sdkpress.diffing.reports.markdown_text import code, prose, table_cell
from sdkpress.diffing.reports.migration import migration_notes
from sdkpress.diffing.reports.text import bump_text, caller_path

__all__ = ["markdown"]

LIMIT = 60_000
"""Characters; a description of a pull request may have some more than that."""

_RESERVED = 200  # for the line that says what was left out


def markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The verdict, the entry for a changelog, notes on migration, the calls that break.

    At most `limit` characters: what does not fit is left out from the end, and counted.
    """
    found = entries(report)
    lines: list[str] = []
    room = limit - _RESERVED
    left_out = 0
    for block in _blocks(report, found):
        size = sum(len(line) + 1 for line in block)
        if left_out or size > room:
            left_out += block[0].startswith("- ")
        else:
            lines += block
            room -= size
    while lines and not lines[-1]:
        lines.pop()
    if left_out:
        lines += [
            "",
            f"_{counted(left_out, 'more item')} did not fit; the other formats have all._",
        ]
    return "\n".join(lines) + "\n"


def _blocks(report: Report, found: Sequence[Entry]) -> Iterator[list[str]]:
    """Parts that stay whole: the heading with its table, then a list item or a heading each."""
    yield _verdict(report)
    told = sections(found)
    if told:
        yield ["", "### Changelog"]
    for title, bullets in told:
        yield ["", f"#### {title}", ""]
        yield from ([bullet] for bullet in bullets)
    notes = migration_notes(found)
    if notes:
        yield ["", "### Migration", ""]
        yield from notes
    if report.callers is not None:
        yield ["", "### Calls that break", ""]
        if not report.callers:
            yield ["None."]
        for call in report.callers:
            place = code(f"{caller_path(report, call)}:{call.line}")
            source = code(call.source)
            yield [f"- {place}: {prose(call.message)}" + (f": {source}" if source else "")]


def _verdict(report: Report) -> list[str]:
    name = code(report.package or report.client)
    heading = prose(bump_text(report, "→"))
    lines = [f"## {name}: {heading}" if name else f"## {heading}"]
    lines += ["", f"{code(printable(report.old))} → {code(printable(report.new))}", ""]
    if not report.changes:
        return [*lines, "No changes."]
    counts = totals(report)
    verdicts = {
        "wire": report.verdict.wire,
        "runtime": report.verdict.runtime,
        "typing": report.verdict.typing,
    }
    lines += ["| axis | verdict | breaking | risky | compatible |", "|---|---|--:|--:|--:|"]
    for axis in AXES:
        verdict = verdicts[axis]
        shown = f"**{verdict}**" if verdict == "breaking" else table_cell(verdict)
        cells = " | ".join(f"{counts[axis, severity]:,}" for severity in SEVERITIES)
        lines.append(f"| {axis} | {shown} | {cells} |")
    return lines
