"""Collects what changed in an interface; one finding may concern two axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sdkpress.diffing.changes import Axis, Change, Severity
from sdkpress.diffing.surface.types import Relation, Scope, relate

__all__ = ["Drafts", "Ground"]


@dataclass(frozen=True)
class Ground:
    """What a comparison stands on: the two scopes of names, which models are accepted by calls and
    which are returned, and whether one class can be used as another one was."""

    scopes: tuple[Scope, Scope]
    accepted: frozenset[str]
    returned: frozenset[str]
    alike: Callable[[str, str], bool]

    def relation(self, old: str, new: str) -> tuple[Relation, bool]:
        """How the annotation `new` stands to `old`, and whether they have anything in common."""
        return relate(old, new, self.scopes, self.alike)


@dataclass
class Drafts:
    """Changes without places."""

    changes: list[Change] = field(default_factory=list[Change])

    def add(
        self,
        id: str,
        subject: str,
        message: str,
        *,
        runtime: Severity | None = None,
        typing: Severity | None = None,
        before: str = "",
        after: str = "",
        texts: tuple[str, str] | None = None,
    ) -> None:
        """One finding, on each axis that has a severity. `texts` is `before` and `after` at once."""
        before, after = texts or (before, after)
        severities: tuple[tuple[Axis, Severity | None], ...]
        severities = (("runtime", runtime), ("typing", typing))
        for axis, severity in severities:
            if severity is not None:
                self.changes.append(
                    Change(id, axis, severity, message, subject, before=before, after=after)
                )

    def both(
        self,
        id: str,
        subject: str,
        message: str,
        severity: Severity,
        *,
        before: str = "",
        after: str = "",
        texts: tuple[str, str] | None = None,
    ) -> None:
        """A finding that running code and type checkers see alike."""
        before, after = texts or (before, after)
        self.add(
            id, subject, message, runtime=severity, typing=severity, before=before, after=after
        )
