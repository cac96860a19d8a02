"""Hypothesis strategies of texts: those of a format, those that match a pattern."""

from __future__ import annotations

import base64
import functools
import re
import string
from datetime import timedelta, timezone

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from .patterns import compiled

__all__ = ["format_texts", "pattern_texts"]

_LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)
_PATHS = st.text(string.ascii_letters + string.digits + "-._~/", max_size=20)
_ZONES = st.sampled_from((0, 60, 330, -480, 840)).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
_MANY = re.compile(r"\{(?:\d*,)?(\d{3,})\}")


@functools.cache
def format_texts(name: str) -> SearchStrategy[str] | None:
    """Texts of a format, None for one that is not known."""
    match name:
        case "date-time" | "datetime":
            return st.datetimes(timezones=_ZONES).map(lambda moment: moment.isoformat())
        case "date":
            return st.dates().map(lambda day: day.isoformat())
        case "time":
            return st.times(timezones=_ZONES).map(lambda clock: clock.isoformat())
        case "duration":
            days_and_seconds = st.tuples(st.integers(0, 10_000), st.integers(0, 86_399))
            return days_and_seconds.map(lambda pair: f"P{pair[0]}DT{pair[1]}S")
        case "uuid":
            return st.uuids().map(str)
        case "email" | "idn-email":
            return st.tuples(_LABELS, _LABELS).map(lambda pair: f"{pair[0]}@{pair[1]}.example.com")
        case "uri" | "url" | "iri":
            parts = st.tuples(_LABELS, _PATHS)
            return parts.map(lambda pair: f"https://{pair[0]}.example.com/{pair[1]}")
        case "uri-reference" | "iri-reference":
            return _PATHS.map(lambda path: f"/{path.lstrip('/')}")
        case "hostname" | "idn-hostname":
            return _LABELS.map(lambda label: f"{label}.example.com")
        case "ipv4" | "ip":
            return st.ip_addresses(v=4).map(str)
        case "ipv6":
            return st.ip_addresses(v=6).map(str)
        case "byte" | "base64":
            return st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode())
        case "decimal":
            return st.decimals(-(10**12), 10**12, allow_nan=False, places=4).map(str)
        case _:
            return None


@functools.lru_cache(maxsize=1024)
def pattern_texts(pattern: str) -> SearchStrategy[str] | None:
    """Texts that match, None where Hypothesis does not read the pattern or they would be long."""
    expression = compiled(pattern)
    if expression is None or _MANY.search(pattern):
        return None
    try:
        texts = st.from_regex(expression)
        texts.validate()
    except (InvalidArgument, NotImplementedError, RecursionError, re.error, AssertionError):
        return None
    return texts
