"""The tree of errors: classes by status, pickling, headers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from sdkpress.runtime import errors
from sdkpress.runtime.headers import Headers

ANSWER: dict[str, Any] = {
    "status_code": 429,
    "headers": Headers([("X-A", "1"), ("x-a", "2")]),
    "request_id": "r1",
    "body": {"error": {"message": "m"}},
    "content": b"{}",
    "code": "c",
    "error_type": "t",
}


def every_error() -> list[errors.SDKError]:
    made: list[errors.SDKError] = []
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.SDKError):
            if issubclass(kind, errors.APIResponseError):
                made.append(kind("message", **ANSWER))
            elif kind is errors.APITimeoutError:
                made.append(errors.APITimeoutError("message", "reading", "total", 3.0, partial=[1]))
            else:
                made.append(kind("message"))
    return made


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_errors_survive_pickle_and_copy(error: errors.SDKError) -> None:
    error.attempts = 3
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error) and str(again) == str(error) == "message"
        assert again.__dict__ == error.__dict__ and again.attempts == 3
    assert copy.copy(error).__dict__ == error.__dict__
    assert error.message == "message"


def test_every_error_is_in_the_tree_that_the_module_opens_with() -> None:
    assert errors.__doc__ is not None
    for error in every_error():
        assert type(error).__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "APIStatusError"),
        (299, "APIStatusError"),
        (400, "BadRequestError"),
        (402, "APIStatusError"),
        (403, "PermissionDeniedError"),
        (409, "ConflictError"),
        (500, "InternalServerError"),
        (599, "InternalServerError"),
        (999, "InternalServerError"),
        (0, "APIStatusError"),
    ],
)
def test_classes_by_status(status: int, name: str) -> None:
    assert errors.status_error_class(status).__name__ == name


def test_a_stream_server_error_is_both() -> None:
    error = errors.StreamServerError("m", **ANSWER)
    assert isinstance(error, errors.APIStatusError) and isinstance(error, errors.StreamError)
    assert error.partial is None and error.status_code == 429


def test_headers_are_case_insensitive_and_keep_what_repeats() -> None:
    headers = Headers([("Set-Cookie", "a"), ("X-A", "1"), ("set-cookie", "b")])
    assert headers["SET-COOKIE"] == "a, b" and headers.get_list("Set-Cookie") == ["a", "b"]
    assert "x-a" in headers and 5 not in headers and headers.get("y") is None
    assert list(headers) == ["set-cookie", "x-a"] and len(headers) == 2
    assert dict(headers.items()) == {"set-cookie": "a, b", "x-a": "1"}
    assert pickle.loads(pickle.dumps(headers)) == headers
    with pytest.raises(KeyError):
        headers["y"]
