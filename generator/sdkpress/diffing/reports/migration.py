"""Migration notes: what a breaking change asks of Python code, before and after.

Everything is taken from the change: its id, its subject, its values. What these do not say, no note
says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sdkpress.diffing.changes import Change
from sdkpress.diffing.reports.entries import Entry, shortened, tells_its_subject
from sdkpress.diffing.reports.markdown_text import code, fenced, prose

__all__ = ["NOTES", "before_and_after", "migration_notes"]

_Pair = tuple[str, str]
_ARGUMENT = re.compile(r"(?P<callee>[\w.]+)\((?P<name>\w+)\)")
_MEMBER = re.compile(r"(?P<owner>models\.\w+)\.(?P<name>\w+)")
_SAME_IN_PYTHON = re.compile(r'-?\d+(\.\d+)?|"[^"\\]*"')
"""JSON values that are Python literals as they stand."""


def migration_notes(found: Sequence[Entry]) -> list[list[str]]:
    """A note for each breaking entry on an axis of Python, as lines of Markdown."""
    wanted = (e for e in found if e.severity == "breaking" and e.axes != ("wire",))
    return [_note(entry) for entry in wanted]


def before_and_after(change: Change) -> _Pair:
    """What callers wrote and what they write now, as Python: `("client.pets.list(limit=...)",
    "client.pets.list(...)")`. "" where the change does not say, or nothing takes its place."""
    words = NOTES.get(change.id)
    pair = words(change) if words is not None else None
    before, after = pair if pair is not None else _values(change)
    return shortened(before), shortened(after)


def _values(change: Change) -> _Pair:
    """What the change itself calls before and after."""
    return _plain(change.before), _plain(change.after)


def _plain(value: str) -> str:
    return shortened(value).strip("`")


def _gone(change: Change) -> _Pair:
    return change.subject, ""


def _call_gone(change: Change) -> _Pair:
    return f"{change.subject}(...)", ""


def _call_renamed(change: Change) -> _Pair | None:
    after = _plain(change.after).removeprefix("client.")
    return (f"{change.subject}(...)", f"client.{after}(...)") if after else None


def _renamed_in_place(change: Change) -> _Pair | None:
    """A model or an attribute: the last word of the subject is another one."""
    after = _plain(change.after)
    if not after.isidentifier():
        return None
    return change.subject, f"{change.subject.rpartition('.')[0]}.{after}"


def _typed(change: Change) -> _Pair | None:
    """`subject: type`, for attributes, keys and aliases."""
    before, after = _values(change)
    return (
        (f"{change.subject}: {before}", f"{change.subject}: {after}") if before and after else None
    )


def _returned(change: Change) -> _Pair | None:
    before, after = _values(change)
    if not before or not after:
        return None
    return f"{change.subject}(...) -> {before}", f"{change.subject}(...) -> {after}"


def _reordered(change: Change) -> _Pair:
    before, after = _values(change)
    return f"{change.subject}({before})", f"{change.subject}({after})"


def _bases(change: Change) -> _Pair | None:
    name = change.subject.rpartition(".")[2]
    before, after = _values(change)
    return (f"class {name}({before})", f"class {name}({after})") if before and after else None


def _of_argument(write: Callable[[Change, str, str], _Pair]) -> Callable[[Change], _Pair | None]:
    """For subjects such as `client.pets.list(limit)`."""

    def words(change: Change) -> _Pair | None:
        match = _ARGUMENT.fullmatch(change.subject)
        return None if match is None else write(change, match["callee"], match["name"])

    return words


def _of_member(write: Callable[[Change, str, str], _Pair]) -> Callable[[Change], _Pair | None]:
    """For subjects such as `models.Pet.name`."""

    def words(change: Change) -> _Pair | None:
        match = _MEMBER.fullmatch(change.subject)
        return None if match is None else write(change, match["owner"], match["name"])

    return words


def _argument_gone(change: Change, callee: str, name: str) -> _Pair:
    return f"{callee}({name}=...)", f"{callee}(...)"


def _argument_needed(change: Change, callee: str, name: str) -> _Pair:
    return f"{callee}(...)", f"{callee}({name}=...)"


def _argument_renamed(change: Change, callee: str, name: str) -> _Pair:
    return f"{callee}({name}=...)", f"{callee}({_plain(change.after) or name}=...)"


def _argument_by_name(change: Change, callee: str, name: str) -> _Pair:
    return f"{callee}({name})", f"{callee}({name}={name})"


def _argument_by_position(change: Change, callee: str, name: str) -> _Pair:
    return f"{callee}({name}={name})", f"{callee}({name})"


def _argument_typed(change: Change, callee: str, name: str) -> _Pair:
    before, after = _values(change)
    return f"{callee}({name}=...)  # {name}: {before}", f"{callee}({name}=...)  # {name}: {after}"


def _argument_kept(change: Change, callee: str, name: str) -> _Pair:
    """To get what the default was, it has to be given."""
    before = _plain(change.before)
    if not _SAME_IN_PYTHON.fullmatch(before):
        return _values(change)
    return f"{callee}(...)", f"{callee}({name}={before})"


def _field_needed(change: Change, owner: str, name: str) -> _Pair:
    if change.severity != "breaking":
        return _values(change)
    return f"{owner}(...)", f"{owner}({name}=...)"


def _key_gone(change: Change, owner: str, name: str) -> _Pair:
    return f'{{"{name}": ...}}  # {owner}', f"{{...}}  # {owner}"


def _key_needed(change: Change, owner: str, name: str) -> _Pair:
    return f"{{...}}  # {owner}", f'{{"{name}": ...}}  # {owner}'


def _key_renamed(change: Change, owner: str, name: str) -> _Pair:
    after = _plain(change.after) or name
    return f'{{"{name}": ...}}  # {owner}', f'{{"{after}": ...}}  # {owner}'


NOTES: Mapping[str, Callable[[Change], _Pair | None]] = {
    "python-export-removed": _gone,
    "python-operation-removed": _call_gone,
    "python-operation-renamed": _call_renamed,
    "python-function-removed": _call_gone,
    "python-parameter-removed": _of_argument(_argument_gone),
    "python-required-parameter-added": _of_argument(_argument_needed),
    "python-parameter-renamed": _of_argument(_argument_renamed),
    "python-parameter-became-required": _of_argument(_argument_needed),
    "python-parameter-became-keyword-only": _of_argument(_argument_by_name),
    "python-parameter-became-positional-only": _of_argument(_argument_by_position),
    "python-parameter-order-changed": _reordered,
    "python-parameter-default-changed": _of_argument(_argument_kept),
    "python-omitted-default-changed": _of_argument(_argument_kept),
    "python-parameter-type-narrowed": _of_argument(_argument_typed),
    "python-parameter-type-widened": _of_argument(_argument_typed),
    "python-parameter-type-changed": _of_argument(_argument_typed),
    "python-return-type-narrowed": _returned,
    "python-return-type-widened": _returned,
    "python-return-type-changed": _returned,
    "python-model-removed": _gone,
    "python-model-renamed": _renamed_in_place,
    "python-base-class-changed": _bases,
    "python-field-removed": _gone,
    "python-field-renamed": _renamed_in_place,
    "python-required-field-added": _of_member(_field_needed),
    "python-field-became-required": _of_member(_field_needed),
    "python-field-became-optional": _typed,
    "python-field-type-narrowed": _typed,
    "python-field-type-widened": _typed,
    "python-field-type-changed": _typed,
    "python-key-removed": _of_member(_key_gone),
    "python-key-renamed": _of_member(_key_renamed),
    "python-required-key-added": _of_member(_key_needed),
    "python-key-became-required": _of_member(_key_needed),
    "python-key-type-narrowed": _typed,
    "python-key-type-widened": _typed,
    "python-key-type-changed": _typed,
    "python-type-narrowed": _typed,
    "python-type-widened": _typed,
    "python-type-changed": _typed,
}
"""By id, what makes the pair; None where the subject is not of the form that it needs."""


def _note(entry: Entry) -> list[str]:
    change = entry.change
    before, after = before_and_after(change)
    subject = "" if tells_its_subject(change) else f"{code(change.subject)}: "
    lines = [f"- {subject}{prose(change.message)}"]
    if not before and not after:
        return lines
    shown = [f"- {before}"] if before else []
    shown += [f"+ {after}"] if after else []
    return [*lines, "", *(f"  {line}" for line in fenced(shown, "diff")), ""]
