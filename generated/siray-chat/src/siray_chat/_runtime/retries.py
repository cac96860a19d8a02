"""Whether to send again, and when: decisions only, no clock of their own and no sleep.

Sources: RFC 9110 sections 9.2.2 (idempotent methods) and 10.2.3 (Retry-After); ``retry-after-ms`` and
``x-should-retry`` are used by several vendors.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .headers import Headers
    from .transport import Phase

MAX_WAIT = 60.0
"""Seconds; a server that asks for more is not asked again."""
FIRST_DELAY = 0.5
MAX_DELAY = 8.0

FINAL_CODES = frozenset("""
    accessterminated accountdeactivated accountdisabled accountoverdue accountsuspended arrearage
    billingerror billinghardlimitreached billingnotactive contentfilter contentpolicyviolation
    contextlengthexceeded creditbalancetoolow exceededcurrentquota exceededcurrentquotaerror
    insufficientbalance insufficientcredits insufficientfunds insufficientquota insufficientuserquota
    invalidapikey modelnotfound orgdeactivated outofcredits paymentrequired quotaexceeded
    """.split())
"""Codes of errors that waiting does not mend: lower case, without ``_``, ``-``, ``.`` and spaces."""

_CODE_FIELDS = ("code", "type", "error_code", "error_type", "reason", "error", "status")


def is_final(code: object) -> bool:
    """Whether waiting does not mend an error with this code, in whichever case and style."""
    if not isinstance(code, str) or len(code) > 64:
        return False
    return code.lower().translate(_NO_MARKS) in FINAL_CODES


_NO_MARKS = dict.fromkeys(map(ord, "_-. "))


def final_code(body: Any, depth: int = 3) -> str | None:
    """A final code in the body of an error, at any place where vendors put one, else None.

    That is under the usual names, in the body itself, in its ``error``, ``errors``, ``detail``,
    ``details`` or ``data``, and there again.
    """
    kind: type[Any] = body.__class__
    if kind is list:
        items: list[Any] = body[:5]
    elif kind is dict:
        for name in _CODE_FIELDS:
            code = body.get(name)
            if is_final(code):
                return str(code)
        items = [body.get(name) for name in ("error", "errors", "detail", "details", "data")]
    else:
        return None
    for item in items if depth else ():
        found = final_code(item, depth - 1)
        if found is not None:
            return found
    return None


def retryable_status(status: int, headers: Headers, code: object, *, idempotent: bool) -> bool:
    """Whether an answer with this status is worth another attempt. ``x-should-retry`` has the last word."""
    advice = headers.get("x-should-retry")
    if advice is not None:
        advice = advice.strip().lower()
        if advice == "true":
            return True
        if advice == "false":
            return False
    if is_final(code):
        return False
    if status == 409:
        return idempotent
    return status in (408, 429) or status >= 500


def replayable_failure(phase: Phase, *, replay: bool) -> bool:
    """Whether a request that failed in ``phase`` may be sent again; ``replay``: executing it twice is harmless."""
    return phase == "connecting" or replay


def backoff(attempt: int, random: float) -> float:
    """Seconds to wait after attempt number ``attempt`` (from 1): full jitter, ``random`` in [0, 1)."""
    return min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(attempt - 1, 10)) * random


def wait_asked_for(headers: Headers, now: float) -> float | None:
    """Seconds the server asks to wait, or None when it does not, or not intelligibly.

    ``now`` is the time of day in seconds since the epoch, for HTTP dates.
    """
    value = headers.get("retry-after-ms")
    if value is not None:
        seconds = _number(value)
        if seconds is not None:
            return seconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    return _until(value, now)


def delay_before_retry(headers: Headers, now: float, attempt: int, random: float) -> float | None:
    """Seconds to wait after an answer, or None when the server asks for more than ``MAX_WAIT``."""
    asked = wait_asked_for(headers, now)
    if asked is None:
        return backoff(attempt, random)
    return asked if asked <= MAX_WAIT else None


def _number(text: str) -> float | None:
    text = text.strip()
    # float() would also take "nan", "infinity" and "1_0".
    if not text or not text.isascii() or not set(text) <= set("0123456789.eE+-"):
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


def _until(text: str, now: float) -> float | None:
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text.strip())
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
