"""Encoding: everything people pass as a body, completely, or a clear error."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import sys
import types
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.encoding import encode_json, encode_model, to_builtins
from sdkpress.runtime.errors import InvalidRequestError
from sdkpress.runtime.model import ABSENT, Model
from sdkpress.runtime.unset import UNSET
from tests.unit.sample_models import Cat, Delta, Everything, Owner, Tree, Usage


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class PydanticLike:
    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(
        self,
        *,
        mode: str = "python",
        by_alias: bool = False,
        exclude_unset: bool = False,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        assert mode == "json" and by_alias and exclude_unset != exclude_none
        return self.fields


class ArrayLike:
    def tolist(self) -> list[float]:
        return [1.0, 2.0]


class Foreign(msgspec.Struct):
    pet: Cat
    n: int = 1


@dataclasses.dataclass
class Holder:
    pet: Cat | None = None
    n: int = 1


def cat(**extra: Any) -> Cat:
    made = Cat(pet_type="cat", name="a")
    made.extra.update(extra)
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, None, True, "é", 1.5]}, {"a": [1, None, True, "é", 1.5]}),
        (Delta(content="x"), {"content": "x"}),
        ([{"role": "user"}, Delta(role="x")], [{"role": "user"}, {"role": "x"}]),
        (datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), "2024-01-02T00:00:00Z"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.50"), "1.50"),
        (b"\0\1", "AAE="),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        ((1, 2), [1, 2]),
        ({1}, [1]),
        (frozenset({"a"}), ["a"]),
        (range(3), [0, 1, 2]),
        (collections.deque([1]), [1]),
        ((n for n in (1, None)), [1, None]),
        ({"a": None}.keys(), ["a"]),
        (types.MappingProxyType({"a": Delta()}), {"a": {}}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.UserDict({"a": 1}), {"a": 1}),
        ({1: "a"}, {"1": "a"}),
        (PydanticLike(a=1), {"a": 1}),
        (ArrayLike(), [1.0, 2.0]),
        (Text("x"), "x"),
        (Whole(5), 5),
        (Real(1.5), 1.5),
        (Holder(), {"pet": None, "n": 1}),
        (10**30, 10**30),
        (Everything(hostile="x"), {'say "hi"\n\\': "x"}),
    ],
)
def test_what_can_be_sent(value: Any, expected: Any) -> None:
    assert json.loads(encode_json(value)) == expected


@pytest.mark.parametrize(
    "wrap",
    [
        lambda m: [m],
        lambda m: (m,),
        lambda m: {"a": {"b": [m]}},
        lambda m: Owner(pets=[m]),
        lambda m: Foreign(pet=m),
        lambda m: Holder(pet=m),
        lambda m: types.MappingProxyType({"a": m}),
        lambda m: (m for _ in range(1)),
        lambda m: PydanticLike(a=m),
        lambda m: Tree(value=m),
        lambda m: collections.OrderedDict(a=m),
    ],
)
def test_extra_fields_are_sent_wherever_the_model_is(wrap: Any) -> None:
    body = json.loads(encode_json(wrap(cat(mood="good"))))
    while "petType" not in body:
        body = body[0] if isinstance(body, list) else next(iter(body.values()))
    assert body == {"petType": "cat", "name": "a", "mood": "good"}


def test_extra_fields_may_hold_models() -> None:
    assert encode_json(cat(other=cat(x=1))) == (
        b'{"petType":"cat","name":"a","other":{"petType":"cat","name":"a","x":1}}'
    )


def test_missing_fields_are_not_sent_as_null() -> None:
    usage = Usage.from_json(b'{"total_tokens":3}')
    assert encode_json({"usage": [usage]}) == b'{"usage":[{"total_tokens":3}]}'
    assert to_builtins([usage]) == [{"total_tokens": 3}]


def test_what_needs_no_change_is_not_changed() -> None:
    from sdkpress.runtime.encoding import _complete

    value = {
        "a": [Delta(content="x"), (1, {"b": None})],
        "c": Foreign(pet=Cat(pet_type="", name="")),
    }
    assert _complete(value, None, True, True) is value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Real("nan")])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda n: n,
        lambda n: {"a": [n]},
        lambda n: Tree(value=n),
        lambda n: Holder(n=n),
        lambda n: (n for _ in range(1)),
        lambda n: PydanticLike(a=n),
        lambda n: cat(x=n),
        lambda n: types.MappingProxyType({"a": n}),
    ],
)
def test_numbers_that_json_lacks_are_refused(number: float, wrap: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"nan|inf"):
        encode_json(wrap(number))


def test_the_place_of_a_refused_number_is_named() -> None:
    with pytest.raises(InvalidRequestError, match=r"nan at messages\[1\]\.weight "):
        encode_json({"messages": [{}, {"weight": math.nan}]})


@pytest.mark.parametrize(
    "value",
    [object(), {"a": object()}, {"a": UNSET}, {(1, 2): 3}, "\ud800", {"\ud800": 1}, len, type],
)
def test_what_cannot_be_sent_is_a_clear_error(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as error:
        encode_json(value)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("kind", [list, dict, Tree])
def test_values_that_contain_themselves_are_refused(kind: type) -> None:
    value: Any = kind()
    if isinstance(value, list):
        value.append(value)
    elif isinstance(value, dict):
        value["a"] = value
    else:
        value.children = [value]
    for encode in (encode_json, to_builtins):
        with pytest.raises(InvalidRequestError, match="deep"):
            encode(value)


def test_a_model_with_nan_can_still_be_written_down() -> None:
    assert encode_model(Tree(value=math.nan)) == b'{"value":null}'
    assert Tree(value=[math.inf]).to_dict() == {"value": [None]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_json_values_survive(value: Any) -> None:
    assert json.loads(encode_json(value)) == value
    assert to_builtins(value) == value


class Account(Model, rename={"id_": "id"}, read_only=("id", "seen at")):
    id_: int
    name: str
    friends: list[Account] = ABSENT


def test_requests_have_no_read_only_fields() -> None:
    account = Account(id_=1, name="a", friends=[Account(id_=2, name="b")])
    assert encode_json(account) == b'{"name":"a","friends":[{"name":"b"}]}'
    assert encode_json([{"x": account}]) == b'[{"x":{"name":"a","friends":[{"name":"b"}]}}]'
    assert to_builtins(account, sent=True) == {"name": "a", "friends": [{"name": "b"}]}
    assert account.to_dict()["id"] == to_builtins(account)["id"] == 1


def test_read_only_is_inherited() -> None:
    class Special(Account, read_only=("extra_name",)):
        extra_name: str

    special = Special(id_=1, name="a", extra_name="b")
    assert encode_json(special) == b'{"name":"a"}'


MESSAGES = [{"role": "user", "content": None, "parts": [{"text": "cb \u02ff", "n": 203}]}] * 200


@pytest.mark.parametrize("number", [0.5, -1.5e300, 203, 127, -1, 2**63, 2**70])
def test_plain_values_are_not_walked_in_python(number: float) -> None:
    """Not even where models exist that are written in Python: this file has some."""
    body = {"messages": MESSAGES, "numbers": [number] * 3, "nothing": None, "extra": {"a": number}}
    walked: list[str] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_name.startswith("_complete"):
            walked.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        data = encode_json(body)
    finally:
        sys.setprofile(before)
    assert json.loads(data) == body
    # msgspec has no MessagePack for integers beyond 64 bits: then there is no other way.
    assert bool(walked) == (number == 2**70)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -math.nan])
def test_a_number_that_json_lacks_is_found_among_many(number: float, count: int) -> None:
    numbers = [0.25] * count
    encode_json({"vector": numbers})
    with pytest.raises(InvalidRequestError, match=rf"vector\[{count}\]"):
        encode_json({"vector": [*numbers, number], "text": "x" * 2000})


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"messages": [{"role": "user"}, {"content": object()}]}, r"messages\[1\]\.content"),
        ({"a": {"b c": "\ud800"}}, r"a\['b c'\]"),
        ([1, {"x": {None: 1}}], r"\[1\]\.x"),
        ({"usage": Tree(value=object())}, r"usage\.value"),  # type: ignore[arg-type]
    ],
)
def test_a_refusal_names_the_place(value: Any, place: str) -> None:
    with pytest.raises(InvalidRequestError, match=place):
        encode_json(value)
