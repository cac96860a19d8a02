"""The entry of a changelog (Keep a Changelog 1.1.0): what users of the package want to know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sdkpress.diffing.changes import SEVERITIES, Change, Report, Severity
from sdkpress.diffing.reports.entries import (
    Entry,
    entries,
    node_places,
    tells_its_subject,
    values_text,
)
from sdkpress.diffing.reports.markdown_text import code, prose

__all__ = ["changelog_entry", "sections"]

_SECTIONS = ("Removed", "Changed", "Deprecated", "Added")
_VERSION = re.compile(r"v?\d[A-Za-z0-9.!+-]*")
_NOTHING = "- Nothing that a caller sees."


def changelog_entry(report: Report, version: str) -> str:
    """`## [version]` and its sections, without a date; ends in one newline. Breaking changes come
    first, in each section and among the sections.

    A change of the document that a change of the Python package tells as well is not told twice.
    """
    shown = version if _VERSION.fullmatch(version) else prose(version)
    lines = [f"## [{shown or 'Unreleased'}]"]
    found = sections(entries(report))
    for title, bullets in found:
        lines += ["", f"### {title}", "", *bullets]
    if not found:
        lines += ["", _NOTHING]
    return "\n".join(lines) + "\n"


def sections(found: Sequence[Entry]) -> list[tuple[str, list[str]]]:
    """The sections that have something in them, with their bullets."""
    by_title: dict[str, list[Entry]] = {title: [] for title in _SECTIONS}
    for entry in _worth_telling(found):
        by_title[_section(entry.change)].append(entry)
    return [(title, list(map(_bullet, told))) for title, told in by_title.items() if told]


def _worth_telling(found: Sequence[Entry]) -> Iterator[Entry]:
    """Everything on the axes of Python; of the wire, what can fail and is not told there as
    something that is as bad."""
    python = [entry for entry in found if entry.axes != ("wire",)]
    told: set[tuple[str, str, Severity]] = set()
    for entry in python:
        worse = SEVERITIES[SEVERITIES.index(entry.severity) :]
        told.update((*node, severity) for node in _nodes(entry.change) for severity in worse)
    for entry in found:
        if entry.axes != ("wire",):
            yield entry
        elif not python or entry.severity != "compatible":
            if not any((*node, entry.severity) in told for node in _nodes(entry.change)):
                yield entry


def _nodes(change: Change) -> Iterator[tuple[str, str]]:
    for name, place in zip(("old", "new"), node_places(change), strict=True):
        if place is not None:
            yield name, place.pointer


def _section(change: Change) -> str:
    words = change.id.split("-")
    is_python = words[0] == "python"  # on the wire, a limit that was removed is a change
    old, new = node_places(change)
    if "removed" in words and (is_python or new is None):
        return "Removed"
    if "deprecated" in words:
        return "Deprecated"
    if ("added" in words or words[0] == "new") and (is_python or old is None):
        return "Added"
    return "Changed"


def _bullet(entry: Entry) -> str:
    change = entry.change
    values = values_text(change, "→") if change.before and change.after else ""
    tail = f" ({code(values)})" if values else ""
    subject = "" if tells_its_subject(change) else f"{code(change.subject)}: "
    return f"- {_label(entry)}{subject}{prose(change.message)}{tail}"


def _label(entry: Entry) -> str:
    match entry.severity, entry.axes:
        case "compatible", _:
            return ""
        case "risky", _:
            return "**May break:** "
        case _, ("typing",):
            return "**Breaking for type checkers:** "
        case _, ("wire",):
            return "**Breaking on the wire:** "
        case _:
            return "**Breaking:** "
