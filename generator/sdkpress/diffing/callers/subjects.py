"""From uses to the subjects of changes, and from subjects to changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sdkpress.diffing.callers.package_members import PackageMembers
from sdkpress.diffing.callers.uses import Use
from sdkpress.diffing.changes import AXES, SEVERITIES, Change

__all__ = ["Changes", "shown", "subject_of"]


class Changes:
    """The changes by subject, and those on the wire by operation; worst first."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._by_subject: dict[str, list[Change]] = defaultdict(list)
        self._by_operation: dict[str, list[Change]] = defaultdict(list)
        for change in sorted(changes, key=_rank):
            if change.axis == "wire":
                for operation in change.operations or (change.subject,):
                    self._by_operation[operation].append(change)
            else:
                self._by_subject[change.subject].append(change)

    def about(self, subject: str, *words: str) -> Change | None:
        """The worst change of a subject whose id has one of the words in it (any, without words)."""
        found = self._by_subject.get(subject, ())
        for change in found:
            if not words or any(word in change.id for word in words):
                return change
        return None

    def within(self, subject: str, *words: str) -> Change | None:
        """The first change of what is reached through the subject."""
        for other, changes in sorted(self._by_subject.items()):
            if other.startswith(f"{subject}.") and any(word in changes[0].id for word in words):
                return changes[0]
        return None

    def parameter(self, function: str, name: str) -> Change | None:
        """The change of a parameter, where only one function of such a name has one."""
        end = f".{function}({name})"
        found = [changes[0] for other, changes in self._by_subject.items() if other.endswith(end)]
        return found[0] if len(found) == 1 else None

    def on_wire(self, operation: str) -> Sequence[Change]:
        return self._by_operation.get(operation, ())


def _rank(change: Change) -> tuple[object, ...]:
    # What running code sees comes before what only a type checker does.
    return SEVERITIES.index(change.severity), AXES.index(change.axis), change.id, change.message


def subject_of(use: Use, package: PackageMembers) -> str:
    """What changes call the thing that is used: `client.files.purge`, `models.Pet.name`."""
    if use.owner.endswith(":"):
        module = use.owner[:-1]
        if module in ("client", "_runtime.errors"):
            module = "" if module == "client" else "errors"
        return f"{_public(module)}.{use.name}".strip(".")
    module, _, name = use.owner.rpartition(".")
    if module.startswith("testing.fakes"):
        scripted = package.scripted(use.owner)
        if scripted:
            return f"client.{scripted}.{use.name}"
    if module.startswith("resources"):
        method = use.name.removesuffix("_request")
        return f"client.{package.dotted(module)}.{method}"
    if module == "client":
        return f"client.{use.name}" if use.name else name
    module = "errors" if module == "_runtime.errors" else _public(module)
    return ".".join(filter(None, (module, name, use.name)))


def _public(module: str) -> str:
    """`models._pets` -> `models`."""
    return ".".join(part for part in module.split(".") if not part.startswith("_"))


def shown(subject: str) -> str:
    """A subject as users call it: `chat.completions.create`, `Choice.text`."""
    for prefix in ("client.", "models.", "errors."):
        subject = subject.removeprefix(prefix)
    return subject
