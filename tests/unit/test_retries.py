"""Decisions about sending again."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime import retries
from sdkpress.runtime.headers import Headers

NOW = 1_800_000_000.0


def headers(**fields: str) -> Headers:
    return Headers((name.replace("_", "-"), value) for name, value in fields.items())


@pytest.mark.parametrize(
    ("status", "idempotent", "expected"),
    [
        (400, True, False),
        (401, True, False),
        (404, True, False),
        (408, False, True),
        (409, False, False),
        (409, True, True),
        (422, True, False),
        (429, False, True),
        (499, True, False),
        (500, False, True),
        (501, False, True),
        (529, False, True),
        (999, False, True),
        (302, True, False),
    ],
)
def test_statuses(status: int, idempotent: bool, expected: bool) -> None:
    assert retries.retryable_status(status, headers(), None, idempotent=idempotent) is expected


def test_the_server_has_the_last_word() -> None:
    def decide(status: int, advice: str, code: object = None) -> bool:
        return retries.retryable_status(
            status, headers(x_should_retry=advice), code, idempotent=False
        )

    assert decide(400, "true") and decide(400, " TRUE ")
    assert not decide(500, "false")
    assert decide(500, "perhaps") and not decide(400, "perhaps")
    assert decide(429, "true", "insufficient_quota")


def test_final_codes() -> None:
    assert not retries.retryable_status(429, headers(), "insufficient_quota", idempotent=True)
    assert retries.retryable_status(429, headers(), "rate_limit_exceeded", idempotent=True)
    assert retries.retryable_status(429, headers(), ["odd"], idempotent=True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 1.5 "}, 1.5),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "infinity"}, None),
        ({"retry_after": "1_0"}, None),
        ({"retry_after": ""}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "٣"}, None),
        ({"retry_after": "1e999"}, float("inf")),
        ({"retry_after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry_after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry_after": "Tue, 99 Nov 2094 08:49:37 GMT"}, None),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
    ],
)
def test_what_the_server_asks_for(fields: dict[str, str], expected: float | None) -> None:
    assert retries.wait_asked_for(headers(**fields), NOW) == expected


def test_the_cap_past_which_nothing_is_retried() -> None:
    assert retries.delay_before_retry(headers(retry_after="60"), NOW, 1, 0.5) == 60
    assert retries.delay_before_retry(headers(retry_after="60.1"), NOW, 1, 0.5) is None
    assert retries.delay_before_retry(headers(retry_after="1e999"), NOW, 1, 0.5) is None
    assert retries.delay_before_retry(headers(retry_after="junk"), NOW, 1, 0.5) == 0.25


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_full_jitter_under_a_growing_bound(attempt: int, random: float) -> None:
    delay = retries.backoff(attempt, random)
    assert 0 <= delay <= min(8.0, 0.5 * 2.0 ** min(attempt - 1, 5))
    assert retries.backoff(attempt, 0.0) == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_the_decision(first: str, second: str) -> None:
    fields = headers(retry_after=first, retry_after_ms=second, x_should_retry=first)
    delay = retries.delay_before_retry(fields, NOW, 1, 0.5)
    assert delay is None or 0 <= delay <= 60
    retries.retryable_status(500, fields, first, idempotent=True)


def test_phases() -> None:
    assert retries.replayable_failure("connecting", replay=False)
    for phase in ("sending", "waiting", "reading"):
        assert not retries.replayable_failure(phase, replay=False)  # type: ignore[arg-type]
        assert retries.replayable_failure(phase, replay=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "insufficient_quota", "message": "x"}},
        {"error": {"code": None, "type": "insufficient_quota"}},
        {"error": {"code": 429, "type": "exceeded_current_quota_error"}},
        {"error": "insufficient_quota"},
        {"code": "Arrearage", "message": "x"},
        {"code": "InsufficientBalance"},
        {"errors": [{"code": "quota-exceeded"}]},
        {"detail": {"code": "insufficient.credits"}},
        {"error": {"code": 429, "status": "X", "details": [{"reason": "BILLING_NOT_ACTIVE"}]}},
    ],
)
def test_final_codes_where_vendors_put_them(body: object) -> None:
    assert retries.is_final(retries.final_code(body))


def test_no_final_code() -> None:
    for body in (
        None,
        "insufficient_quota",
        {"error": {"code": "rate_limit_exceeded", "message": "insufficient_quota"}},
        {"error": {"type": ["insufficient_quota"]}},
        {"a": {"code": "insufficient_quota"}},
        [[[[[[{"code": "insufficient_quota"}]]]]]],
    ):
        assert retries.final_code(body) is None
