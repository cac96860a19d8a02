"""Every style and explode, by the table "Style Examples" of OpenAPI 3.1 and beyond it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.errors import InvalidRequestError
from sdkpress.runtime.operation import Parameter
from sdkpress.runtime.parameters import cookie_pairs, header_text, path_text, query_pairs
from sdkpress.runtime.percent import quote, to_text

STRING, ARRAY, OBJECT = "blue", ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}


@pytest.mark.parametrize(
    ("style", "explode", "empty", "string", "array", "object_"),
    [
        (
            "matrix",
            False,
            ";color",
            ";color=blue",
            ";color=blue,black,brown",
            ";color=R,100,G,200,B,150",
        ),
        (
            "matrix",
            True,
            ";color",
            ";color=blue",
            ";color=blue;color=black;color=brown",
            ";R=100;G=200;B=150",
        ),
        ("label", False, ".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
        ("label", True, ".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
        ("simple", False, "", "blue", "blue,black,brown", "R,100,G,200,B,150"),
        ("simple", True, "", "blue", "blue,black,brown", "R=100,G=200,B=150"),
    ],
)
def test_path(style: str, explode: bool, empty: str, string: str, array: str, object_: str) -> None:
    parameter = Parameter("color", "path", style=style, explode=explode)
    found = [path_text("color", value, parameter) for value in ("", STRING, ARRAY, OBJECT)]
    assert found == [empty, string, array, object_]


@pytest.mark.parametrize(
    ("style", "explode", "string", "array", "object_"),
    [
        ("form", False, "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
        ("form", True, "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
        (
            "spaceDelimited",
            False,
            "color=blue",
            "color=blue%20black%20brown",
            "color=R%20100%20G%20200%20B%20150",
        ),
        (
            "pipeDelimited",
            False,
            "color=blue",
            "color=blue%7Cblack%7Cbrown",
            "color=R%7C100%7CG%7C200%7CB%7C150",
        ),
        (
            "spaceDelimited",
            True,
            "color=blue",
            "color=blue&color=black&color=brown",
            "R=100&G=200&B=150",
        ),
    ],
)
def test_query(style: str, explode: bool, string: str, array: str, object_: str) -> None:
    parameter = Parameter("color", "query", style=style, explode=explode)
    found = ["&".join(query_pairs("color", value, parameter)) for value in (STRING, ARRAY, OBJECT)]
    assert found == [string, array, object_]


def test_deep_object() -> None:
    parameter = Parameter("f", "query", style="deepObject", explode=True)
    value = {"a": 1, "b": {"c": ["x", "y"], "d": [{"e": True}]}, "n": None}
    assert [unquote(pair) for pair in query_pairs("f", value, parameter)] == [
        "f[a]=1",
        "f[b][c][0]=x",
        "f[b][c][1]=y",
        "f[b][d][0][e]=true",
    ]


def test_header() -> None:
    plain, exploded = Parameter("X", "header"), Parameter("X", "header", explode=True)
    assert header_text(["a", 1, True], plain) == "a,1,true"
    assert header_text({"a": 1, "b": 2}, plain) == "a,1,b,2"
    assert header_text({"a": 1, "b": 2}, exploded) == "a=1,b=2"
    assert header_text("as it is, 100%", plain) == "as it is, 100%"


def test_cookie() -> None:
    assert cookie_pairs("c", ["a b", "c"], Parameter("c", "cookie")) == ["c=a%20b", "c=c"]
    flat = Parameter("c", "cookie", explode=False)
    assert cookie_pairs("c", ["a", "b"], flat) == ["c=a,b"]
    raw = Parameter("c", "cookie", style="cookie")
    assert cookie_pairs("c", "a%b", raw) == ["c=a%b"]
    with pytest.raises(InvalidRequestError):
        cookie_pairs("c", "a;b", raw)


def test_content() -> None:
    parameter = Parameter("filter", "query", content="application/json")
    assert query_pairs("filter", {"a": [1, None]}, parameter) == [
        "filter=%7B%22a%22%3A%5B1%2Cnull%5D%7D"
    ]
    assert header_text({"a": 1}, Parameter("X", "header", content="application/json")) == '{"a":1}'


def test_allow_reserved() -> None:
    parameter = Parameter("q", "query", allow_reserved=True)
    assert query_pairs("q", "a/b?c=d:e&f#g%2Fh%zz i", parameter) == [
        "q=a/b?c=d:e%26f%23g%2Fh%25zz%20i"
    ]
    in_path = Parameter("p", "path", allow_reserved=True)
    assert path_text("p", "a/b?c:d@e", in_path) == "a%2Fb%3Fc:d@e"


def test_none_is_undefined() -> None:
    assert query_pairs("q", None, None) == []
    assert query_pairs("q", ["a", None], None) == ["q=a"]
    assert query_pairs("q", {"a": None, "b": 1}, None) == ["b=1"]
    assert query_pairs("q", [], None) == []
    with pytest.raises(InvalidRequestError):
        path_text("p", None, None)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    HI = "hi"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        (1e21, "1e+21"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2024-01-02T03:04:05Z"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        (Level.HIGH, "3"),
        (Word.HI, "hi"),
        (b"\x00\xff", "AP8="),
    ],
)
def test_scalars(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), [1], {"a": 1}])
def test_what_is_no_scalar(value: Any) -> None:
    with pytest.raises(InvalidRequestError):
        to_text(value)


@given(st.text())
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    quoted = quote(text)
    assert quoted.isascii()
    assert unquote(quoted, errors="surrogatepass") == text
    assert not set(quoted) & set("/?#&=+ ;,")
