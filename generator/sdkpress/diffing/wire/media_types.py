"""Names of media types: which two are the same, and which one takes in the other (RFC 9110, 8.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["MediaTypes", "Relation", "covers", "is_json", "match_media_types"]

Relation = Literal["same", "changed", "generalized", "specialized"]
"""How the new name of a media type stands to the old one. `changed`: the parameters differ."""


@dataclass(frozen=True, slots=True)
class _Name:
    kind: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    charset: str


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """Two lists of media types, matched, each name once. `removed` and `added` have no partner."""

    pairs: tuple[tuple[str, str, Relation], ...]
    """(old, new, relation), in the order of the new list."""
    removed: tuple[str, ...]
    added: tuple[str, ...]


def is_json(name: str) -> bool:
    """Whether a media type is JSON or built upon it (RFC 6839)."""
    parsed = _parsed(name)
    return parsed.subtype == "json" or parsed.subtype.endswith("+json")


def match_media_types(old: Iterable[str], new: Iterable[str]) -> MediaTypes:
    """Match the names of two `content` objects: equal ones, then those of which one takes in the
    other, then those that differ in their parameters alone."""
    before, after = list(old), list(new)
    matched: dict[str, tuple[str, Relation]] = {}
    relations: tuple[Relation, ...] = ("same", "generalized", "specialized", "changed")
    for relation in relations:
        for name in after:
            if name in matched:
                continue
            partner = next((o for o in before if _relation(o, name) == relation), None)
            if partner is not None:
                matched[name] = (partner, relation)
                before.remove(partner)
    return MediaTypes(
        tuple((matched[name][0], name, matched[name][1]) for name in after if name in matched),
        tuple(before),
        tuple(name for name in after if name not in matched),
    )


def covers(wide: str, narrow: str) -> bool:
    """Whether what is of the one media type is of the other as well."""
    a, b = _parsed(wide), _parsed(narrow)
    if a.kind not in ("*", b.kind) or not a.parameters <= b.parameters:
        return False
    return a.subtype in ("*", b.subtype) or b.subtype.endswith(f"+{a.subtype}")


def _relation(old: str, new: str) -> Relation | None:
    a, b = _parsed(old), _parsed(new)
    if a == b:
        return "same"
    if (a.kind, a.subtype, a.parameters) == (b.kind, b.subtype, b.parameters):
        return "changed"  # in the charset
    if covers(new, old):
        return "generalized"
    if covers(old, new):
        return "specialized"
    return "changed" if (a.kind, a.subtype) == (b.kind, b.subtype) else None


def _parsed(name: str) -> _Name:
    essence, *rest = (part.strip() for part in name.split(";"))
    kind, _, subtype = essence.lower().partition("/")
    parameters: set[tuple[str, str]] = set()
    charset = ""
    for part in rest:
        key, _, value = part.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"')
        if key == "charset":
            charset = value.lower()
        elif key and key != "q":
            parameters.add((key, value))
    return _Name(kind.strip(), subtype.strip(), frozenset(parameters), charset)
