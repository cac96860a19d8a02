"""Deprecation, sunset dates and stability levels of operations, parameters and properties.

`x-sunset` is the day from which something is gone (RFC 3339: a full date, or a date and time).
`x-stability-level` is `draft`, `alpha`, `beta` or `stable`; what is draft or alpha may change and
go at any time. Who declares `beta` or `stable` promises that a sunset leaves the time of `GRACE`.
"""

from __future__ import annotations

import enum
import re
from datetime import date

from sdkpress.diffing.wire.nodes import Node

__all__ = [
    "GRACE",
    "STABILITY_LEVELS",
    "Deprecation",
    "Removal",
    "SunsetChange",
    "deprecation_of",
    "is_deprecated",
    "is_unstable",
    "parse_sunset",
    "removal_of",
    "stability_of",
    "sunset_change",
    "sunset_text",
]

STABILITY_LEVELS = ("draft", "alpha", "beta", "stable")

GRACE = {"beta": 31, "stable": 180}
"""The days that a sunset date must leave, by declared level; 0 without one."""

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?"
)


class Deprecation(enum.Enum):
    """What there is to say of something that is now deprecated."""

    PLAIN = "without a sunset date, and none is due"
    WITH_SUNSET = "with a sunset date"
    SUNSET_MISSING = "without the sunset date that the stability level asks for"
    SUNSET_INVALID = "with a sunset date that is no date"
    SUNSET_TOO_SOON = "with a sunset date that leaves too little time"


class Removal(enum.Enum):
    """What there is to say of something that is gone."""

    UNANNOUNCED = "it was not deprecated"
    ANNOUNCED = "it was deprecated, and its sunset has come or had no date"
    BEFORE_SUNSET = "its sunset has not come"
    SUNSET_INVALID = "its sunset date is no date"


class SunsetChange(enum.Enum):
    """What became of the sunset date of something that was deprecated and still is."""

    NONE = "nothing"
    MOVED = "another date that leaves enough time"
    DELETED = "no date any more"
    INVALID = "one of the two is no date"
    TOO_SOON = "an earlier date that leaves too little time"


def is_deprecated(node: Node) -> bool:
    """Whether a node says `deprecated: true`."""
    return node.at("deprecated") is True


def stability_of(node: Node) -> str | None:
    """The declared level, "" without one, None when it is none of `STABILITY_LEVELS`."""
    level = node.at("x-stability-level")
    if level is None:
        return ""
    return level if isinstance(level, str) and level in STABILITY_LEVELS else None


def is_unstable(level: str | None) -> bool:
    """Whether a level lets everything change at any time."""
    return level in ("draft", "alpha")


def sunset_text(node: Node) -> str:
    """The sunset date as it was written, "" without one."""
    value = node.at("x-sunset")
    return "" if value is None else str(value)


def parse_sunset(text: str) -> date | None:
    """The day of a sunset; None when the text is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def deprecation_of(node: Node, stability: str | None, today: date) -> Deprecation:
    """What to say of a node that is now deprecated, in an operation of this level."""
    text = sunset_text(node)
    grace = GRACE.get(stability or "", 0)
    if not text:
        return Deprecation.SUNSET_MISSING if grace else Deprecation.PLAIN
    day = parse_sunset(text)
    if day is None:
        return Deprecation.SUNSET_INVALID
    if is_unstable(stability) or (day - today).days >= grace:
        return Deprecation.WITH_SUNSET
    return Deprecation.SUNSET_TOO_SOON


def removal_of(node: Node, today: date) -> Removal:
    """What to say of a node of the old document that is gone."""
    if not is_deprecated(node):
        return Removal.UNANNOUNCED
    text = sunset_text(node)
    if not text:
        return Removal.ANNOUNCED
    day = parse_sunset(text)
    if day is None:
        return Removal.SUNSET_INVALID
    return Removal.BEFORE_SUNSET if today < day else Removal.ANNOUNCED


def sunset_change(old: Node, new: Node, stability: str | None, today: date) -> SunsetChange:
    """What became of the sunset date of a node that is deprecated in both documents."""
    before, after = sunset_text(old), sunset_text(new)
    if before == after or not before:
        return SunsetChange.NONE if before == after else SunsetChange.MOVED
    if not after:
        return SunsetChange.DELETED
    old_day, new_day = parse_sunset(before), parse_sunset(after)
    if old_day is None or new_day is None:
        return SunsetChange.INVALID
    if old_day == new_day:
        return SunsetChange.NONE
    grace = 0 if is_unstable(stability) else GRACE.get(stability or "", 0)
    if new_day < old_day and (new_day - today).days < grace:
        return SunsetChange.TOO_SOON
    return SunsetChange.MOVED
