"""What differs between two versions of a client, as plain values: the words that all of `diffing` shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AXES",
    "SEVERITIES",
    "Axis",
    "BrokenCall",
    "Bump",
    "Cause",
    "Change",
    "Place",
    "Report",
    "Severity",
    "Verdict",
    "sorted_changes",
    "worst",
]

Axis = Literal["wire", "runtime", "typing"]
"""Whom a change concerns: `wire`, the two ends of a connection; `runtime`, Python code when it runs;
`typing`, Python code when a type checker reads it."""

Severity = Literal["breaking", "risky", "compatible"]
"""`breaking`: those who kept to the old contract can fail under the new one. `risky`: whether they
do, the documents cannot tell. `compatible`: they do not."""

Cause = Literal["document", "overlay", "configuration", "names", "template", "generator"]
"""Which input made the change; the words are those of `check`."""

Bump = Literal["major", "minor", "patch", "none"]

AXES: tuple[Axis, ...] = ("wire", "runtime", "typing")
SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "compatible")


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a document: the file as the user named it, the line (from 1), the JSON pointer."""

    file: str
    line: int
    pointer: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `subject` is what changed: `POST /v1/things` or `schema Pet` on the wire,
    `client.things.create(limit)` or `models.Pet.name` in Python. `before` and `after` are short texts
    such as `str | None`, "" where there is none. A place is None where that side has no node.
    `operations` are all that a change on the wire concerns (`POST /v1/things`), sorted.
    """

    id: str
    axis: Axis
    severity: Severity
    message: str
    subject: str
    cause: Cause = "document"
    old: Place | None = None
    new: Place | None = None
    before: str = ""
    after: str = ""
    operations: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that stay the same wherever the nodes move within their files."""
        places = [place.pointer if place else "" for place in (self.old, self.new)]
        parts = (self.id, self.axis, self.subject, self.message, *places)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class BrokenCall:
    """A line of the user's code that breaks. `file` is relative to the folder that was searched,
    `line` and `column` count from 1, `source` is the line itself; `change` is the change behind it,
    None where only a type checker knows."""

    file: str
    line: int
    column: int
    message: str
    source: str
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst severity on each axis, "none" without changes there, and the bump that follows."""

    wire: Severity | Literal["none"]
    runtime: Severity | Literal["none"]
    typing: Severity | Literal["none"]
    bump: Bump


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer of `sdkpress diff`. `old` and `new` are the sides as the user named them;
    the versions are those of the package ("" where no client is configured)."""

    old: str
    new: str
    client: str
    package: str
    verdict: Verdict
    changes: tuple[Change, ...]
    callers: tuple[BrokenCall, ...] | None
    old_version: str = ""
    new_version: str = ""
    """The version that the bump gives."""
    callers_folder: str = ""
    """The folder that was searched for broken calls, as the user named it."""


def worst(changes: Iterable[Change]) -> Severity | Literal["none"]:
    """The worst severity among the changes, "none" without any."""
    found = {change.severity for change in changes}
    for severity in SEVERITIES:
        if severity in found:
            return severity
    return "none"


def sorted_changes(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes without duplicates, in the one order that all reports have: worst first, then by
    axis, subject, id."""

    def key(change: Change) -> tuple[object, ...]:
        pointers = [place.pointer if place else "" for place in (change.old, change.new)]
        rank = SEVERITIES.index(change.severity), AXES.index(change.axis)
        return (*rank, change.subject, change.id, *pointers, change.message)

    return tuple(sorted(dict.fromkeys(changes), key=key))
