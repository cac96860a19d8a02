"""Whether a request is one that was recorded, and what differs where it is not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import unquote

from .cassette_bodies import FORMS
from .nodes import as_object
from .redacting import PLACEHOLDER

__all__ = ["ASPECTS", "Aspect", "differences"]

Aspect: TypeAlias = Literal["method", "path", "query", "headers", "body"]
ASPECTS: tuple[Aspect, ...] = ("method", "path", "query", "headers", "body")
_MOST = 8
_LONGEST = 80


def differences(
    recorded: dict[str, Any], given: dict[str, Any], body: bytes, aspects: Iterable[Aspect]
) -> Iterator[str]:
    """What differs between a recorded request and one that came, in words; nothing if it matches.

    `body` is the body of the latter as it came, for one that is recorded by its digest. What was
    taken out of the recording as a credential matches anything, also nothing at all.
    """
    wanted = frozenset(aspects)
    if "method" in wanted and recorded["method"] != given["method"]:
        yield f"method: recorded {recorded['method']}, sent {given['method']}"
    if "path" in wanted and not _same_path(recorded, given):
        yield f"path: recorded {recorded['path']}, sent {given['path']}"
    for name in ("query", "headers"):
        if name in wanted:
            mine, theirs = as_object(recorded.get(name)), as_object(given.get(name))
            for key in mine if name == "headers" else {**mine, **theirs}:
                yield from _compare(
                    f"{name} {key}", mine.get(key, _ABSENT), theirs.get(key, _ABSENT)
                )
    if "body" in wanted:
        yield from _bodies(recorded, given, body)


def _same_path(recorded: dict[str, Any], given: dict[str, Any]) -> bool:
    mine, theirs = unquote(str(recorded["path"])), unquote(str(given["path"]))
    if _same_text(mine, theirs):
        return True
    if "host" not in recorded or "host" not in given:
        return False
    # Of what the document does not know, nobody can tell the base path.
    return mine.endswith(theirs) or theirs.endswith(mine)


def _bodies(recorded: dict[str, Any], given: dict[str, Any], body: bytes) -> Iterator[str]:
    mine, theirs = _form(recorded), _form(given)
    if mine == "omitted":
        known = as_object(recorded["omitted"])
        actual = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, value in known.items():
            yield from _compare(f"body: {name}", value, actual.get(name, _ABSENT))
    elif mine != theirs:
        if recorded.get(mine) != PLACEHOLDER:
            yield f"body: recorded {_said(mine)}, sent {_said(theirs)}"
    elif mine:
        yield from _compare("body", recorded[mine], given[mine])
        for name in ("rest", "rest_base64"):
            yield from _compare("body", recorded.get(name), given.get(name))


def _form(fields: dict[str, Any]) -> str:
    return next((name for name in FORMS if name in fields), "")


def _said(form: str) -> str:
    return f"a body of {form}" if form else "no body"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT: Any = _Absent()


def _compare(place: str, mine: Any, theirs: Any) -> Iterator[str]:
    """Differences of two values as JSON has them: 1 is 1.0, and members have no order."""
    if mine == PLACEHOLDER:
        return
    if isinstance(mine, dict) and isinstance(theirs, dict):
        left, right = cast("dict[str, Any]", mine), cast("dict[str, Any]", theirs)
        for name in {**left, **right}:
            yield from _compare(
                f"{place}/{name}" if "/" in place or place == "body" else f"{place} {name}",
                left.get(name, _ABSENT),
                right.get(name, _ABSENT),
            )
    elif isinstance(mine, list) and isinstance(theirs, list):
        first, second = cast("list[Any]", mine), cast("list[Any]", theirs)
        for index in range(max(len(first), len(second))):
            yield from _compare(
                f"{place}/{index}",
                first[index] if index < len(first) else _ABSENT,
                second[index] if index < len(second) else _ABSENT,
            )
    elif isinstance(mine, str) and isinstance(theirs, str):
        if not _same_text(mine, theirs):
            yield f"{place}: recorded {_shown(mine, theirs)}, sent {_shown(theirs, mine)}"
    elif isinstance(mine, bytes) and isinstance(theirs, bytes):
        if not _same_text(mine.decode("latin-1"), theirs.decode("latin-1")):
            yield f"{place}: recorded {_shown(mine)}, sent {_shown(theirs)}"
    elif isinstance(mine, bool) != isinstance(theirs, bool) or mine != theirs:
        yield f"{place}: recorded {_shown(mine)}, sent {_shown(theirs)}"


def _same_text(mine: str, theirs: str) -> bool:
    if PLACEHOLDER not in mine:
        return mine == theirs
    return _wild(mine).fullmatch(theirs) is not None


@lru_cache(maxsize=1_000)
def _wild(text: str) -> re.Pattern[str]:
    pieces = re.split(f"(?:{PLACEHOLDER})+", text)
    return re.compile(".*?".join(map(re.escape, pieces)), re.DOTALL)


def _shown(value: Any, other: Any = None) -> str:
    """A value, short; of a long text the part from where it differs from the other one."""
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str) and isinstance(other, str) and len(value) > _LONGEST:
        start = next(
            (at for at, (a, b) in enumerate(zip(value, other, strict=False)) if a != b),
            min(len(value), len(other)),
        )
        start = max(0, start - 20)
        if start:
            value = f"...{value[start:]}"
    try:
        text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
