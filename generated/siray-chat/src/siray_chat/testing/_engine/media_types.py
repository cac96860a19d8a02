"""Media types: which entry of a `content` map one belongs to, and what a client accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias

__all__ = ["Kind", "bare", "best_match", "kind_of", "quality"]

Kind: TypeAlias = Literal[
    "json", "sse", "ndjson", "json-seq", "form", "multipart", "xml", "text", "binary"
]
_NDJSON = frozenset(
    (
        "application/json-lines",
        "application/jsonl",
        "application/jsonlines",
        "application/ndjson",
        "application/stream+json",
        "application/x-json-stream",
        "application/x-jsonl",
        "application/x-jsonlines",
        "application/x-ndjson",
        "text/jsonl",
    )
)


def bare(media_type: str) -> str:
    """The type without parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def _with_parameters(media_type: str) -> list[str]:
    """The type and its parameters in one spelling, to compare."""
    name, *parameters = (part.strip().lower() for part in media_type.split(";"))
    return [name, *sorted(parameters)]


def kind_of(media_type: str) -> Kind:
    """How a body of the type is written."""
    name = bare(media_type)
    if name == "text/event-stream":
        return "sse"
    if name in _NDJSON or name.endswith("+jsonl"):
        return "ndjson"
    if name == "application/json-seq" or name.endswith("+json-seq"):
        return "json-seq"
    if name in ("application/json", "text/json", "*/*", "application/*") or name.endswith("+json"):
        return "json"
    if name == "application/x-www-form-urlencoded":
        return "form"
    if name.startswith("multipart/"):
        return "multipart"
    if name in ("application/xml", "text/xml") or name.endswith("+xml"):
        return "xml"
    return "text" if name.startswith("text/") else "binary"


def best_match(media_type: str, declared: Iterable[str]) -> str | None:
    """The key of a `content` map that describes a body of the type; the most specific one wins.

    A key with the same parameters goes before one with others or none.
    """
    wanted = bare(media_type)
    keys = list(declared)
    if len(keys) > 1:
        given = _with_parameters(media_type)
        keys.sort(key=lambda key: _with_parameters(key) != given)
    major = wanted.partition("/")[0]
    for pattern in (wanted, f"{major}/*", "*/*"):
        for key in keys:
            if bare(key) == pattern:
                return key
    return None


def quality(accept: str, media_type: str) -> float:
    """How much a client wants a type: 0 not at all, 1 most (RFC 9110, section 12.5.1)."""
    if not accept.strip():
        return 1.0
    wanted = bare(media_type)
    major = wanted.partition("/")[0]
    best: tuple[int, float] = (-1, 0.0)
    for part in accept.split(","):
        name = bare(part)
        precision = {wanted: 2, f"{major}/*": 1, "*/*": 0}.get(name, -1)
        found = re.search(r";\s*q\s*=\s*([0-9.]+)", part, re.IGNORECASE)
        try:
            weight = float(found.group(1)) if found else 1.0
        except ValueError:
            weight = 1.0
        if precision > best[0]:
            best = (precision, weight)
    return best[1]
