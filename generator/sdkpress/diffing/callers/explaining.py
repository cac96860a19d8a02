"""What a type checker says of the new package, in words of the API and with the change behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdkpress.diffing.callers.findings import Broken
from sdkpress.diffing.callers.package_members import PackageMembers
from sdkpress.diffing.callers.rules import Rules
from sdkpress.diffing.callers.subjects import Changes, shown, subject_of
from sdkpress.diffing.callers.uses import Origins, Use
from sdkpress.diffing.changes import Change

__all__ = ["Complaint", "Explainer"]

_ARGUMENT = re.compile(
    r'^Argument (?P<name>"[^"]+"|\d+) to "[^"]+"(?: of "[^"]+")? has incompatible type '
    r"(?P<given>.+); expected (?P<wanted>.+)$"
)
_NONE = re.compile(r'^Item "None" of ".*" has no attribute "(?P<name>\w+)"$')
_ITEM = re.compile(r'^Item "(?P<item>[^"]+)" of ".*" has no attribute "(?P<name>\w+)"$')
_NAMED = re.compile(r'argument "(?P<name>\w+)"(?: in call to| for) "(?P<function>\w+)"')
_CALLS = ("call-arg", "call-overload", "arg-type", "misc", "typeddict-item")
_TYPING = (
    "type",
    "none",
    "optional",
    "return",
    "required",
    "values",
    "value",
    "renamed",
    "removed",
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error that a type checker has with the new package and did not have with the old one."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    message: str


class Explainer:
    """Explains the complaints about one file."""

    def __init__(
        self,
        uses: Sequence[Use],
        origins: Origins,
        rules: Rules,
        package: PackageMembers,
        changes: Changes,
    ) -> None:
        self._uses = uses
        self._origins = origins
        self._rules = rules
        self._package = package
        self._changes = changes

    def explain(self, complaint: Complaint, known: Sequence[Broken]) -> Iterator[Broken]:
        """Nothing where our own rules have said it already."""
        if self._is_known(complaint, known):
            return
        call = self._call_around(complaint)
        if call is not None:
            found = list(self._argument(complaint, call))
            if found:
                yield from found
                return
        change = self._behind(complaint)
        missing = _NAMED.search(complaint.message)
        if change is None and missing:
            change = self._changes.parameter(missing["function"], missing["name"])
        words = _words(complaint)
        if change is not None:
            words = f"{words} ({shown(change.subject)}: {change.message})"
        place = call if call is not None and complaint.code in _CALLS else None
        line, column = (place.line, place.column) if place else (complaint.line, complaint.column)
        yield Broken(complaint.path, line, column, words, "", change, place)

    def _is_known(self, complaint: Complaint, known: Sequence[Broken]) -> bool:
        for broken in known:
            use = broken.use
            if use is None:
                continue
            inside = use.covers(complaint.line, complaint.column)
            if inside and broken.name and f'"{broken.name}"' in complaint.message:
                return True
            same = (use.line, use.column) == (complaint.line, complaint.column)
            if same and complaint.code in ("call-overload", "misc", "typeddict-item"):
                return True
            if use.kind == "import" and broken.name in complaint.message:
                return True
        return False

    def _call_around(self, complaint: Complaint) -> Use | None:
        """The innermost call that the place is in."""
        if complaint.code not in _CALLS:
            return None
        around = [
            use
            for use in self._uses
            if use.kind in ("call", "new", "partial", "keys")
            and use.covers(complaint.line, complaint.column)
        ]
        return max(around, key=lambda use: (use.line, use.column), default=None)

    def _argument(self, complaint: Complaint, call: Use) -> Iterator[Broken]:
        """Which arguments of a call no longer fit."""
        subject = subject_of(call, self._package)
        old, _ = self._rules.signatures(call)
        if old is None:
            return
        match = _ARGUMENT.match(complaint.message)
        for argument in call.arguments:
            positions = old.positions
            name = argument.name or (
                positions[argument.position] if argument.position < len(positions) else ""
            )
            place = (argument.line, argument.column)
            end = (argument.end_line, argument.end_column)
            here = place <= (complaint.line, complaint.column) < end
            if not name or (complaint.code != "call-overload" and not here):
                continue
            change = None
            for address in (f"{subject}({name})", f"{subject}.{name}"):
                change = change or self._changes.about(address, "type", "none", "values")
            if change is None:
                continue
            words = f"`{name}` of `{shown(subject)}`"
            if match:
                wanted = _plain(match["wanted"])
                yield Broken.at(
                    call, f"{words} takes {wanted} now, not {_plain(match['given'])}", name, change
                )
            else:
                yield Broken.at(
                    call, f"{words} takes another type now{_texts(change)}", name, change
                )

    def _behind(self, complaint: Complaint) -> Change | None:
        """The change of what stands in the place, or of what the names in it come from; else of
        what stands in the line: of `pet.age + 1`, a type checker may complain about the 1."""
        start = (complaint.line, complaint.column)
        end = (complaint.end_line, max(complaint.end_column, complaint.column + 1))
        whole = ((complaint.line, 0), (complaint.end_line + 1, 0))
        for first, last in ((start, end), whole):
            subjects = [subject_of(use, self._package) for use in self._candidates(first, last)]
            found = [
                change
                for subject in subjects
                if (change := self._changes.about(subject, *_TYPING)) is not None
            ]
            breaking = [change for change in found if change.severity != "compatible"]
            if breaking or found:
                return [*breaking, *found][0]
        return None

    def _candidates(self, start: tuple[int, int], end: tuple[int, int]) -> list[Use]:
        """The uses in a range of the text, or around its start, then those they come from."""
        inside = [
            use
            for use in self._uses
            if start <= (use.line, use.column) < end
            or (use.line, use.column) <= start < (use.end_line, use.end_column)
        ]
        inside.sort(key=lambda use: (-use.end_line, -use.end_column))
        seen = {start}
        waiting = [place for place in self._origins if start <= place < end]
        while waiting:
            place = waiting.pop(0)
            for origin in self._origins.get(place, ()):
                if origin in seen:
                    continue
                seen.add(origin)
                waiting.append(origin)
                starting = [use for use in self._uses if (use.line, use.column) == origin]
                inside.extend(sorted(starting, key=lambda use: (-use.end_line, -use.end_column)))
        return inside


def _words(complaint: Complaint) -> str:
    match = _NONE.match(complaint.message)
    if match:
        return f"what `.{match['name']}` is read from may be None now"
    match = _ITEM.match(complaint.message)
    if match:
        return f"what `.{match['name']}` is read from may be `{match['item']}` now"
    match = _ARGUMENT.match(complaint.message)
    if match:
        return f"passes {_plain(match['given'])} where {_plain(match['wanted'])} is expected"
    text = complaint.message.partition("\n")[0].replace('"', "`")
    return text[:1].lower() + text[1:]


def _texts(change: Change) -> str:
    if change.before and change.after:
        return f": `{change.after}`, not `{change.before}`"
    return ""


def _plain(quoted: str) -> str:
    return f"`{quoted.strip(chr(34))}`"
