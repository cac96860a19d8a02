"""What only the server sees: calls that pass what it no longer takes, or not what it requires."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from sdkpress.diffing.callers.findings import Broken
from sdkpress.diffing.callers.package_members import PackageMembers
from sdkpress.diffing.callers.rules import Rules
from sdkpress.diffing.callers.subjects import Changes, shown, subject_of
from sdkpress.diffing.callers.uses import UNKNOWN, Argument, Use
from sdkpress.diffing.changes import Change

__all__ = ["broken_on_wire"]

_PATH = re.compile(r"`([^`]+)`")
_LIMITS = ("max-decreased", "max-set", "min-increased", "min-set")
_TYPES = ("type-changed", "type-specialized", "list-of-types-narrowed")
_LENGTHS = (
    "max-length-decreased",
    "max-length-set",
    "min-length-increased",
    "min-length-set",
)


def broken_on_wire(
    uses: Sequence[Use],
    rules: Rules,
    package: PackageMembers,
    changes: Changes,
    known: Sequence[Broken],
) -> Iterator[Broken]:
    """Calls that break where Python sees nothing. Only values that stand in the code are judged."""
    told = {(broken.use, broken.name) for broken in known if broken.use is not None}
    for call in uses:
        operation = rules.operation(call) if call.kind in ("call", "partial") else ""
        if not operation:
            continue
        inside = [
            use
            for use in uses
            if use.kind in ("keys", "new") and use != call and call.covers(use.line, use.column)
        ]
        for change in changes.on_wire(operation):
            if change.severity == "compatible" or not change.id.startswith(
                ("request-", "new-required-request-")
            ):
                continue
            for use, message, name in _meets(change, call, inside, subject_of(call, package)):
                if (use, name) not in told:
                    told.add((use, name))
                    yield Broken.at(use, message, name, change)


def _meets(
    change: Change, call: Use, inside: Sequence[Use], subject: str
) -> Iterator[tuple[Use, str, str]]:
    match = _PATH.search(change.message)
    path = match[1].replace("[]", "").split(".") if match else []
    if not path:
        return
    nested = len(path) > 1
    for use in inside if nested else (call,):
        argument = _named(use, path[-1])
        place = f"`{'.'.join(path)}` of `{shown(subject)}`"
        if argument is None:
            if "became-required" in change.id and not nested and not use.is_open:
                if use.kind != "partial":
                    message = f"the server requires {place} now, which this call does not pass"
                    yield use, message, path[-1]
            continue
        value = argument.value
        if value is UNKNOWN:
            continue
        if change.id.endswith("enum-value-removed") and _shows(change.before, value):
            text = json.dumps(value, ensure_ascii=False)
            yield use, f"{place} may be {text} no longer", argument.name
        elif change.id.endswith(("const-added", "const-changed")):
            if change.after and not _shows(change.after, value):
                yield use, f"{place} must be {change.after} now", argument.name
        elif change.id.endswith("became-enum"):
            listed = [item.strip() for item in change.after.split(",")]
            if change.after and "..." not in change.after and json.dumps(value) not in listed:
                yield use, f"{place} must be one of {change.after} now", argument.name
        elif change.id.endswith(_TYPES) and _is_of(change.before, value):
            if not _is_of(change.after, value):
                yield use, f"{place} must be of type {change.after} now", argument.name
        elif change.id.endswith("became-not-nullable") and value is None:
            yield use, f"{place} may be null no longer", argument.name
        elif change.id.endswith((*_LIMITS, *_LENGTHS)) and _breaks(change, value):
            word = "length of at " if change.id.endswith(_LENGTHS) else "at "
            word += "most" if "max" in change.id else "least"
            yield use, (
                f"{place} must have a {word} {change.after} now"
                if "length" in word
                else (f"{place} must be {word} {change.after} now")
            ), argument.name


def _is_of(types: str, value: object) -> bool:
    """Whether a value has one of the types of JSON Schema that a text names; formats do not matter."""
    named = set(re.findall(r"\w+", types))
    if value is None or isinstance(value, bool):
        return ("null" if value is None else "boolean") in named
    if isinstance(value, str):
        return "string" in named
    return "number" in named or (isinstance(value, int) and "integer" in named)


def _named(use: Use, name: str) -> Argument | None:
    """The argument with a name of the wire; Python's differs in case and separators only."""
    return next((item for item in use.arguments if _same(item.name, name)), None)


def _same(python: str, wire: str) -> bool:
    return python == wire or (bool(python) and _letters(python) == _letters(wire))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _shows(text: str, value: object) -> bool:
    return text.strip("`") in (json.dumps(value, ensure_ascii=False), str(value))


def _breaks(change: Change, value: object) -> bool:
    try:
        limit = float(change.after.strip("`"))
    except ValueError:
        return False
    if change.id.endswith(_LENGTHS):
        measured: float = len(value) if isinstance(value, str) else limit
    elif isinstance(value, int | float) and not isinstance(value, bool):
        measured = value
    else:
        return False
    return measured > limit if "max" in change.id else measured < limit
