"""What doctor finds, and the edits that would mend it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sdkpress.diagnostics import Location, Severity

__all__ = [
    "Copy",
    "Drop",
    "Edit",
    "Extract",
    "Finding",
    "Mend",
    "Phase",
    "PlacedFinding",
    "Put",
    "Remove",
    "Rule",
    "Update",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What an id means: how bad it is, a title, and what a generated client suffers from it.

    `mend` is what `--write` does about it, "" for nothing.
    """

    severity: Severity
    title: str
    reason: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """Merge `value` into the object at `pointer`."""

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Put:
    """Set the member `name` of the object at `pointer`, whatever kind of value it has now."""

    pointer: str
    name: str
    value: Any
    replaces: bool
    """Whether there is a member of that name, which has to be removed first."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the node at `pointer`."""

    pointer: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove the scalars `values` from the array at `pointer`."""

    pointer: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Make a new component below `components.schemas` from the node at `pointer`."""

    pointer: str
    component: str


@dataclass(frozen=True, slots=True)
class Extract:
    """Move the inline schema at `pointer` to the component of that name, and refer to it."""

    pointer: str
    component: str


Edit: TypeAlias = Update | Put | Remove | Drop | Copy | Extract


class Phase(enum.IntEnum):
    """When an edit is made: what is edited in place before what is moved, copies last."""

    IN_PLACE = 0
    MOVES = 1
    COPIES = 2


@dataclass(frozen=True, slots=True)
class Mend:
    """Edits that mend a finding, as steps that are explained one by one.

    A step is CERTAIN where it follows from the document or a standard, else an ASSUMPTION. Pointers
    are those of the document as it was found; who writes the edits follows what has moved.
    """

    steps: tuple[tuple[bool, str, tuple[Edit, ...]], ...]
    phase: Phase = Phase.IN_PLACE

    @property
    def is_certain(self) -> bool:
        """Whether no step is an assumption."""
        return all(certain for certain, _, _ in self.steps)


def certain(why: str, *edits: Edit, phase: Phase = Phase.IN_PLACE) -> Mend:
    """A mend of one step that follows from the document or a standard."""
    return Mend(((True, why, edits),), phase)


def assumption(why: str, *edits: Edit, phase: Phase = Phase.IN_PLACE) -> Mend:
    """A mend of one step that somebody has to confirm."""
    return Mend(((False, why, edits),), phase)


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that a rule has something to say about; `message` is one plain sentence.

    Where `count` is more than one, the finding stands for as many places, the first of which is its
    own.
    """

    rule: str
    pointer: str
    message: str
    mend: Mend | None = field(default=None, compare=False)
    count: int = 1


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding for readers: what it is, why it matters, and where it stands."""

    id: str
    severity: Severity
    title: str
    message: str
    reason: str
    location: Location
    mend: str
    """`certain`, `assumption`, or "" where `--write` does nothing about it."""
