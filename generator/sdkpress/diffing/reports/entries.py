"""Changes as a reader takes them in: one entry for what several axes say of the same thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdkpress.diagnostics import printable
from sdkpress.diffing.changes import (
    AXES,
    SEVERITIES,
    Axis,
    BrokenCall,
    Change,
    Place,
    Report,
    Severity,
)

__all__ = [
    "Entry",
    "counted",
    "entries",
    "node_places",
    "place_text",
    "places_text",
    "shortened",
    "spans",
    "tells_its_subject",
    "totals",
    "values_text",
]

_LONGEST = 400
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that changed: changes that differ in their axis, and at most in how severe they are
    there. `callers` are the lines of the user's code that it breaks."""

    changes: tuple[Change, ...]
    callers: tuple[BrokenCall, ...] = ()

    @property
    def change(self) -> Change:
        """The most severe of the changes; what it says, all of them say."""
        return self.changes[0]

    @property
    def severity(self) -> Severity:
        return self.change.severity

    @property
    def axes(self) -> tuple[Axis, ...]:
        """In the order of `AXES`."""
        return tuple(axis for axis in AXES if any(item.axis == axis for item in self.changes))

    @property
    def axes_text(self) -> str:
        """`runtime, typing`; an axis on which it is less severe says so: `typing (compatible)`."""
        by_axis = {item.axis: item.severity for item in self.changes}
        return ", ".join(
            axis if by_axis[axis] == self.severity else f"{axis} ({by_axis[axis]})"
            for axis in self.axes
        )


def entries(report: Report) -> tuple[Entry, ...]:
    """The entries of a report, worst first, otherwise in the order of its changes."""
    callers: dict[Change, list[BrokenCall]] = {}
    for call in report.callers or ():
        if call.change is not None:
            callers.setdefault(call.change, []).append(call)
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in report.changes:
        key = _what(change)
        if any(item.axis == change.axis for item in groups.get(key, ())):
            key = (*key, change)  # no twin on another axis: the same thing, reported twice
        groups.setdefault(key, []).append(change)
    found = [_entry(group, callers) for group in groups.values()]
    return tuple(sorted(found, key=lambda entry: SEVERITIES.index(entry.severity)))


def _entry(group: list[Change], callers: Mapping[Change, list[BrokenCall]]) -> Entry:
    ranked = sorted(group, key=lambda change: SEVERITIES.index(change.severity))
    calls = [call for change in ranked for call in callers.get(change, ())]
    return Entry(tuple(ranked), tuple(sorted(dict.fromkeys(calls), key=_where)))


def _what(change: Change) -> tuple[object, ...]:
    what = change.id, change.subject, change.message, change.cause
    return (*what, change.old, change.new, change.before, change.after)


def _where(call: BrokenCall) -> tuple[str, int, int, str]:
    return call.file, call.line, call.column, call.message


def totals(report: Report) -> Mapping[tuple[Axis, Severity], int]:
    """How many changes of each severity there are on each axis; 0 for what is not there."""
    return Counter((change.axis, change.severity) for change in report.changes)


def counted(number: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, limit: int = _LONGEST) -> str:
    """A document's text on one harmless line, cut where it goes on and on."""
    text = printable(text)
    return text if len(text) <= limit else f"{text[: limit - 3].rstrip()}..."


def spans(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a message: whether it is code (it stood between backticks), and its text."""
    position = 0
    for match in _CODE.finditer(text):
        if match.start() > position:
            yield False, text[position : match.start()]
        yield True, match[1]
        position = match.end()
    if position < len(text):
        yield False, text[position:]


def node_places(change: Change) -> tuple[Place | None, Place | None]:
    """The places of the node that changed. Where one document does not have it, its side may name
    what contains it there, or would: that is no place of the node."""
    old, new = change.old, change.new
    if old is None or new is None or old.pointer == new.pointer:
        return old, new
    words = change.id.split("-")
    is_same_key = _key(old) == _key(new)
    if old.pointer.startswith(f"{new.pointer}/") or ("removed" in words and not is_same_key):
        return old, None
    is_added = "added" in words or "new" in words
    if new.pointer.startswith(f"{old.pointer}/") or (is_added and not is_same_key):
        return None, new
    return old, new


def _key(place: Place) -> str:
    return place.pointer.rpartition("/")[2]


def tells_its_subject(change: Change) -> bool:
    """Whether the message begins with what the subject says: "`Pet.name` is gone"."""
    head = next(iter(spans(change.message)), (False, ""))
    return head[0] and (change.subject == head[1] or change.subject.endswith(f".{head[1]}"))


def place_text(place: Place) -> str:
    """`pets.yaml:12`."""
    return f"{printable(place.file)}:{place.line}"


def places_text(change: Change, arrow: str = "->") -> str:
    """`old.yaml:12 -> new.yaml:14`, or the one place there is and which side it is on; ""."""
    old, new = node_places(change)
    if old is not None and new is not None:
        left, right = place_text(old), place_text(new)
        return left if left == right else f"{left} {arrow} {right}"
    if old is not None:
        return f"{place_text(old)} (old)"
    return f"{place_text(new)} (new)" if new is not None else ""


def values_text(change: Change, arrow: str = "->") -> str:
    """`str -> str | None`, where there is such a pair and the message does not tell both."""
    before, after = shortened(change.before), shortened(change.after)
    if before == after:
        return ""
    told = [not value or _is_told(value, change.message) for value in (before, after)]
    if all(told):
        return ""
    if before and after:
        return f"{before} {arrow} {after}"
    return f"was {before}" if before else f"now {after}"


def _is_told(value: str, message: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", message) is not None
