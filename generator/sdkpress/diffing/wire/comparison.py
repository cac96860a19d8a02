"""What the rules of the wire axis share: the two documents, what is equal, and what was found."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sdkpress.diffing.changes import SEVERITIES, Change, Place, Severity
from sdkpress.diffing.wire.catalog import severity_of
from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.diffing.wire.references import Differing
from sdkpress.document import Document

__all__ = ["Comparison", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found, before it belongs to an operation. `old` and `new` are pointers, None on
    the side that has no such node; `message` is a sentence without the operation."""

    id: str
    message: str
    old: str | None = None
    new: str | None = None
    before: str = ""
    after: str = ""
    severity: Severity | None = None
    """Where it is not the one of the catalog."""
    is_placed: bool = False
    """Whether the places tell such findings apart, not the message: a shared schema is met on many
    ways, and is told of once, as it was met first."""

    @property
    def identity(self) -> tuple[object, ...]:
        """What is equal for findings that are one change."""
        message = "" if self.is_placed else self.message
        return self.id, self.old, self.new, self.before, self.after, self.severity, message


class Comparison:
    """The state of one comparison. Rules call `add`; `changes` gives what they found."""

    def __init__(self, old: Document, new: Document, today: date) -> None:
        self.today = today
        """The day on which sunset dates are judged."""
        self.memo: dict[object, object] = {}
        """What rules remember for the length of the comparison."""
        self.old = Tree(old)
        self.new = Tree(new)
        self._differing = Differing(self.old, self.new)
        self._found: dict[tuple[object, ...], tuple[Finding, dict[str, Severity]]] = {}
        """By identity, the first such finding, and its subjects in the order in which they were
        met, with how bad it is there."""
        self.operations: dict[str, tuple[str, ...]] = {}
        """By subject, the operation that it is or belongs to, as each document names it."""
        self._worst: Severity = "breaking"
        self._least: Severity = "compatible"

    @contextmanager
    def within(
        self, *, worst: Severity = "breaking", least: Severity = "compatible"
    ) -> Generator[None]:
        """What is reported inside counts as `worst` at most; what is less than `least` is dropped."""
        before = self._worst, self._least
        self._worst = _better(self._worst, worst)
        self._least = _worse(self._least, least)
        try:
            yield
        finally:
            self._worst, self._least = before

    def same(self, old: Node, new: Node) -> bool:
        """Whether two nodes are equal, and everything they refer to as well."""
        return self._differing.same(old, new)

    def add(
        self,
        subject: str,
        id: str,
        message: str,
        old: Node | str | None = None,
        new: Node | str | None = None,
        *,
        before: str = "",
        after: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Report a change of `subject` (`POST /v1/things`, `schema Pet`)."""
        places = _pointer(old), _pointer(new)
        self.report(subject, Finding(id, message, *places, before, after, severity))

    def report(self, subject: str, finding: Finding) -> None:
        """As `add`. The same finding for several subjects becomes one change."""
        own = finding.severity or severity_of(finding.id)
        if SEVERITIES.index(own) > SEVERITIES.index(self._least):
            return
        severity = _better(own, self._worst)
        _, subjects = self._found.setdefault(finding.identity, (finding, {}))
        subjects[subject] = _worse(severity, subjects.get(subject, severity))

    def changes(self) -> tuple[Change, ...]:
        """Everything found, one change per finding: a subject is named, the others are counted."""
        places: dict[tuple[bool, str], Place] = {}

        def place(tree: Tree, pointer: str | None) -> Place | None:
            if pointer is None:
                return None
            key = (tree is self.old, pointer)
            if key not in places:
                places[key] = tree.place(pointer)
            return places[key]

        return tuple(
            Change(
                id=finding.id,
                axis="wire",
                severity=min(subjects.values(), key=SEVERITIES.index),
                message=finding.message,
                subject=_joined(list(subjects)),
                old=place(self.old, finding.old),
                new=place(self.new, finding.new),
                before=finding.before,
                after=finding.after,
                operations=tuple(
                    sorted({name for one in subjects for name in self.operations.get(one, ())})
                ),
            )
            for finding, subjects in self._found.values()
        )


def _worse(one: Severity, other: Severity) -> Severity:
    return one if SEVERITIES.index(one) <= SEVERITIES.index(other) else other


def _better(one: Severity, other: Severity) -> Severity:
    return other if SEVERITIES.index(one) <= SEVERITIES.index(other) else one


def _pointer(node: Node | str | None) -> str | None:
    return node.pointer if isinstance(node, Node) else node


def _joined(subjects: list[str]) -> str:
    others = len(subjects) - 1
    if not others:
        return subjects[0]
    return f"{subjects[0]} and {others} other operation{'s' if others > 1 else ''}"
