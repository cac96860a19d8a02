"""Header fields of an answer, from text and from the bytes that came."""

from __future__ import annotations

import pickle

import pytest

from sdkpress.runtime.headers import Headers

FIELDS = [("Set-Cookie", "a"), ("X-A", "1"), ("x-empty", ""), ("set-cookie", "b")]
AS_TEXT = Headers(FIELDS)
AS_BYTES = Headers([(name.encode(), value.encode() + b" \t") for name, value in FIELDS])


@pytest.mark.parametrize("headers", [AS_TEXT, AS_BYTES], ids=["text", "bytes"])
def test_headers(headers: Headers) -> None:
    assert headers["set-cookie"] == headers.get("SET-Cookie") == "a, b"
    assert headers.get_list("Set-Cookie") == ["a", "b"]
    assert headers["X-EMPTY"] == "" and "x-empty" in headers
    assert headers.get("x-b") is None and headers.get("x-b", "c") == "c"
    assert headers.get("x-\u00e4") is None and 1 not in headers
    assert list(headers) == headers.keys() == ["set-cookie", "x-a", "x-empty"] and len(headers) == 3
    assert headers.items() == [("set-cookie", "a, b"), ("x-a", "1"), ("x-empty", "")]
    assert headers.multi_items() == FIELDS
    assert headers == AS_TEXT and hash(headers) == hash(AS_TEXT)
    assert headers != Headers(FIELDS[:3]) and headers != Headers()
    assert pickle.loads(pickle.dumps(headers)) == headers
    with pytest.raises(KeyError):
        headers["x-b"]


def test_bytes_are_utf_8_or_else_latin_1() -> None:
    headers = Headers([(b"A", "\u00e4".encode()), (b"B", b"\xe4")])
    assert headers["a"] == headers["b"] == "\u00e4"


@pytest.mark.parametrize("name", ["content-encoding", "Content-Encoding"])
def test_a_content_encoding_is_seen(name: str) -> None:
    assert Headers([("x", "y"), (name, "gzip")]).is_encoded
    assert Headers([(b"x", b"y"), (name.encode(), b"gzip")]).is_encoded
    assert not Headers([(name + "x", "gzip"), ("content-encodinG"[:-1], "gzip")]).is_encoded
