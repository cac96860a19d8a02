"""The report as one page for reviewers: no network, nothing but what is in the file.

The page is made by `templates/reports/`. Text of documents gets there escaped by Jinja and nowhere
into the style or the script, whose hashes are all that the page's policy admits.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdkpress.diagnostics import printable
from sdkpress.diffing.changes import AXES, SEVERITIES, BrokenCall, Change, Place, Report, Severity
from sdkpress.diffing.reports.entries import (
    Entry,
    counted,
    entries,
    node_places,
    place_text,
    shortened,
    spans,
    totals,
    values_text,
)
from sdkpress.diffing.reports.excerpts import Excerpt, Texts, excerpt
from sdkpress.diffing.reports.migration import before_and_after
from sdkpress.diffing.reports.text import bump_text, caller_path
from sdkpress.provenance import templates_folder
from sdkpress.rendering import render_page
from sdkpress.trees import pointer_tokens

__all__ = ["html"]

_ROWS = 12_000  # of all excerpts together: a browser stays quick
_OPERATIONS = 60  # named at a change that concerns more
_TITLES: Mapping[Severity, str] = {
    "breaking": "Breaking",
    "risky": "Risky",
    "compatible": "Compatible",
}


@dataclass(frozen=True, slots=True)
class _Call:
    """A broken call as the page shows it."""

    anchor: str
    path: str
    line: int
    column: int
    message: tuple[tuple[bool, str], ...]
    source: str
    target: str
    """The anchor of the change behind it, "" without one."""
    subject: str


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry of a card."""

    anchor: str
    id: str
    subject: str
    message: tuple[tuple[bool, str], ...]
    values: str
    before: str
    after: str
    axes: tuple[str, ...]
    axes_text: str
    cause: str
    operations: tuple[str, ...]
    more_operations: int
    calls: tuple[_Call, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """Where one side of a card is: `path` are the keys down to the node."""

    place: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """The entries of one severity at one place, and the lines of both documents there."""

    items: tuple[_Item, ...]
    old: _Side | None
    new: _Side | None
    excerpt: Excerpt | None
    is_cut: bool
    """Whether the excerpt was left out because the page has enough of them."""


@dataclass(frozen=True, slots=True)
class _Section:
    severity: Severity
    title: str
    count: int
    cards: tuple[_Card, ...]


def html(report: Report, old_texts: Mapping[str, str], new_texts: Mapping[str, str]) -> str:
    """The page. `old_texts` and `new_texts` are the files that places of either side name; what is
    not among them is named without its lines."""
    found = entries(report)
    anchors = _anchors(entry.change for entry in found)
    targets = {c: anchors[number] for number, e in enumerate(found) for c in e.changes}
    calls = {call: _call(report, call, n, targets) for n, call in enumerate(report.callers or ())}
    maker = _Cards(Texts(old_texts), Texts(new_texts), anchors, calls)
    style, script = _asset("diff.css"), _asset("diff.js")
    counts = totals(report)
    context: dict[str, Any] = {
        "title": printable(report.package or report.client) or "API",
        "bump": report.verdict.bump,
        "bump_text": bump_text(report, "→"),
        "bump_name": bump_text(report, "→").partition(",")[0],
        "versions": bump_text(report, "→").partition(",")[2].strip(),
        "old": printable(report.old),
        "new": printable(report.new),
        "axes": _axes(report),
        "severities": [(s, _TITLES[s], sum(e.severity == s for e in found)) for s in SEVERITIES],
        "axis_counts": [(axis, sum(axis in entry.axes for entry in found)) for axis in AXES],
        "totals": counts,
        "sections": [maker.section(s, found) for s in SEVERITIES],
        "total": len(found),
        "callers": None if report.callers is None else list(calls.values()),
        "calls_text": counted(len(report.callers or ()), "call"),
        "style": style,
        "script": script,
        "policy": _policy(style, script),
    }
    return render_page("reports/diff.html.jinja", context)


def _axes(report: Report) -> list[dict[str, Any]]:
    counts = totals(report)
    rows = (
        ("wire", report.verdict.wire, "what goes over the connection"),
        ("runtime", report.verdict.runtime, "Python code that runs"),
        ("typing", report.verdict.typing, "Python code under a type checker"),
    )
    return [
        {
            "name": axis,
            "verdict": verdict,
            "meaning": meaning,
            "counts": [(s, counts[axis, s]) for s in SEVERITIES if counts[axis, s]],
        }
        for (axis, (_, verdict, meaning)) in zip(AXES, rows, strict=True)
    ]


class _Cards:
    """Makes the cards of all sections; counts what their excerpts take."""

    def __init__(
        self,
        old: Texts,
        new: Texts,
        anchors: Sequence[str],
        calls: Mapping[BrokenCall, _Call],
    ) -> None:
        self._old = old
        self._new = new
        self._anchors = anchors
        self._calls = calls
        self._rows = _ROWS
        self._excerpts: dict[tuple[Place | None, Place | None], Excerpt | None] = {}

    def section(self, severity: Severity, found: Sequence[Entry]) -> _Section:
        by_place: dict[tuple[object, ...], list[tuple[str, Entry]]] = {}
        count = 0
        for anchor, entry in zip(self._anchors, found, strict=True):
            if entry.severity != severity:
                continue
            count += 1
            old, new = node_places(entry.change)
            key = (old, new) if old or new else (anchor,)
            by_place.setdefault(key, []).append((anchor, entry))
        cards = tuple(self._card(group) for group in by_place.values())
        return _Section(severity, _TITLES[severity], count, cards)

    def _card(self, group: Sequence[tuple[str, Entry]]) -> _Card:
        change = group[0][1].change
        old, new = node_places(change)
        is_full = self._rows <= 0
        lines = None if is_full else self._excerpt(old, new)
        is_cut = is_full or (lines is not None and len(lines.rows) > self._rows)
        if lines is not None and not is_cut:
            self._rows -= len(lines.rows)
        return _Card(
            items=tuple(self._item(anchor, entry) for anchor, entry in group),
            old=_side(old),
            new=_side(new),
            excerpt=None if is_cut else lines,
            is_cut=is_cut,
        )

    def _excerpt(self, old: Place | None, new: Place | None) -> Excerpt | None:
        if (old, new) not in self._excerpts:
            made = excerpt(self._old.block(old), self._new.block(new))
            self._excerpts[old, new] = made
        return self._excerpts[old, new]

    def _item(self, anchor: str, entry: Entry) -> _Item:
        change = entry.change
        before, after = before_and_after(change) if entry.axes != ("wire",) else ("", "")
        operations = tuple(map(printable, change.operations))
        if len(operations) == 1 and operations[0] == printable(change.subject):
            operations = ()
        return _Item(
            anchor=anchor,
            id=change.id,
            subject=shortened(change.subject),
            message=_spans(change.message),
            values="" if before or after else values_text(change, "→"),
            before=before,
            after=after,
            axes=entry.axes,
            axes_text=entry.axes_text,
            cause=change.cause,
            operations=operations[:_OPERATIONS],
            more_operations=max(0, len(operations) - _OPERATIONS),
            calls=tuple(self._calls[call] for call in entry.callers),
        )


def _anchors(changes: Iterable[Change]) -> list[str]:
    """An id for each change that stays the same when others come and go."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for change in changes:
        number = seen[change.fingerprint] = seen.get(change.fingerprint, 0) + 1
        found.append(f"c-{change.fingerprint}" + (f"-{number}" if number > 1 else ""))
    return found


def _call(report: Report, call: BrokenCall, number: int, targets: Mapping[Change, str]) -> _Call:
    target = targets.get(call.change, "") if call.change is not None else ""
    return _Call(
        anchor=f"call-{number + 1}",
        path=caller_path(report, call),
        line=call.line,
        column=call.column,
        message=_spans(call.message),
        source=shortened(call.source.strip()),
        target=target,
        subject=shortened(call.change.subject) if call.change is not None else "",
    )


def _side(place: Place | None) -> _Side | None:
    if place is None:
        return None
    return _Side(place_text(place), tuple(map(printable, pointer_tokens(place.pointer))))


def _spans(message: str) -> tuple[tuple[bool, str], ...]:
    return tuple(spans(shortened(message)))


def _asset(name: str) -> str:
    return (templates_folder() / "reports" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy: its own style and script, and nothing else."""
    style_hash, script_hash = _hash(style), _hash(script)
    return (
        f"default-src 'none'; style-src '{style_hash}'; script-src '{script_hash}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
