"""Decoding: strict where the answer matches the document, and nothing lost where it does not."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import pickle
import sys
import threading
import uuid
from typing import Annotated, Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.building import MAX_NOTES
from sdkpress.runtime.decoding import (
    JSONDecodeError,
    convert,
    decode_json,
    decoder_for,
)
from sdkpress.runtime.encoding import encode_json
from sdkpress.runtime.model import Model
from tests.unit.sample_models import (
    Chunk,
    Delta,
    Everything,
    Function,
    Owner,
    TextPart,
    ToolCall,
    Tree,
    Usage,
)

CHUNK: dict[str, Any] = {
    "id": "x",
    "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}],
    "object": "chat.completion.chunk",
    "created": 1,
}


def notes_of(data: Any, type_: Any) -> list[str]:
    return [str(note) for note in decode_json(json.dumps(data).encode(), type_).notes]


def chunk_with(**changes: Any) -> dict[str, Any]:
    return {**CHUNK, **changes}


def test_what_matches_is_decoded_strictly() -> None:
    chunk, notes = decode_json(json.dumps(CHUNK).encode(), Chunk)
    assert notes == ()
    assert chunk.choices[0].delta == Delta(content="hi")
    assert decoder_for(Chunk).strict(json.dumps(CHUNK).encode()) == chunk


def test_unknown_fields_and_open_enums_are_no_mismatch() -> None:
    choices = [{"index": 0, "delta": {"mood": "good"}, "finish_reason": "tired", "x": None}]
    chunk, notes = decode_json(json.dumps(chunk_with(choices=choices, y=[1])).encode(), Chunk)
    assert notes == ()
    assert chunk.choices[0].finish_reason == "tired"
    assert chunk.choices[0].delta.extra == {"mood": "good"}
    assert chunk.to_dict() == chunk_with(choices=choices, y=[1])


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"id": 5}, "id: expected a string, got an integer"),
        ({"id": None}, "id: expected a string, got null"),
        ({"created": "1"}, "created: expected an integer, got a string"),
        ({"created": 1.5}, "created: expected an integer, got a number"),
        ({"created": True}, "created: expected an integer, got a boolean"),
        ({"object": "chunk"}, "object: expected 'chat.completion.chunk', got 'chunk'"),
        ({"object": {}}, "object: expected 'chat.completion.chunk', got an object"),
        ({"choices": None}, "choices: expected an array, got null"),
        ({"choices": {"0": {}}}, "choices: expected an array, got an object"),
        ({"choices": [None]}, "choices[0]: expected an object, got null"),
        (
            {"choices": [{"index": 0, "delta": None}]},
            "choices[0].delta: expected an object, got null",
        ),
        (
            {"choices": [{"index": 0, "delta": {"content": None}}]},
            "choices[0].delta.content: expected a string, got null",
        ),
        ({"choices": [{"delta": {}}]}, "choices[0].index: missing"),
        ({"usage": "none"}, "usage: expected an object, got a string"),
        ({"usage": {"prompt_tokens": 1, "total_tokens": 2}}, "usage.details: missing"),
    ],
)
def test_what_does_not_match_is_kept_and_noted(changes: dict[str, Any], note: str) -> None:
    data = chunk_with(**changes)
    chunk, notes = decode_json(json.dumps(data).encode(), Chunk)
    assert [str(found) for found in notes] == [note]
    assert isinstance(chunk, Chunk)
    assert chunk.to_dict() == data


def test_missing_fields_are_noted_and_read_as_none() -> None:
    usage, notes = decode_json(b'{"extra":1}', Usage)
    assert [note.path for note in notes] == ["prompt_tokens", "total_tokens", "details"]
    assert usage.details is None
    assert usage.to_dict() == {"extra": 1}


def test_paths_of_odd_names_are_quoted() -> None:
    assert notes_of({"a b": {"x": 1}}, dict[str, dict[str, str]]) == [
        "['a b'].x: expected a string, got an integer"
    ]


def test_an_integer_written_as_a_float_is_an_integer() -> None:
    chunk, notes = decode_json(json.dumps(chunk_with(created=2.0)).encode(), Chunk)
    assert notes == ()
    assert (chunk.created, type(chunk.created)) == (2, int)


def test_every_format_is_decoded_and_encoded_again() -> None:
    data = {
        "at": "2024-05-06T07:08:09.5Z",
        "on": "2024-05-06",
        "time": "07:08:09",
        "lasts": "P1DT2H",
        "key": "12345678-1234-5678-1234-567812345678",
        "price": "1.50",
        "raw": "AAEC",
        "pair": [1, "x"],
        "scores": {"a": 1.5},
        "content": [{"type": "text", "text": "x"}],
        "choice": {"arguments": "{}"},
        "level": 2,
        "ratio": 1,
    }
    value, notes = decode_json(json.dumps(data).encode(), Everything)
    assert notes == ()
    assert value.at == datetime.datetime(2024, 5, 6, 7, 8, 9, 500000, datetime.UTC)
    assert value.on == datetime.date(2024, 5, 6)
    assert value.lasts == datetime.timedelta(days=1, hours=2)
    assert value.key == uuid.UUID("12345678-1234-5678-1234-567812345678")
    assert value.price == decimal.Decimal("1.50")
    assert value.raw == b"\0\1\2"
    assert value.pair == (1, "x")
    assert value.content == [TextPart(type="text", text="x")]
    assert value.choice == Function(arguments="{}")
    assert Everything.from_dict({**data, "new": 1}).at == value.at  # the tolerant path, too
    assert Everything.from_json(value.to_json(), strict=True) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "yesterday"),
        ("at", 1700000000),
        ("on", "2024-13-01"),
        ("lasts", "P1Y"),
        ("key", "x"),
        ("price", "cheap"),
        ("raw", "no base64!"),
        ("pair", ["x"]),
        ("pair", ["x", 1, 2]),
        ("scores", {"a": "high"}),
        ("content", 5),
        ("content", [{"type": "text"}]),
        ("choice", "c"),
        ("level", 3),
        ("level", True),
        ("flag", "yes"),
        ("count", 1e300),
    ],
)
def test_values_that_cannot_be_read_survive(field: str, value: Any) -> None:
    built, notes = decode_json(json.dumps({field: value}).encode(), Everything)
    assert notes
    assert all(note.path.startswith(field) for note in notes)
    assert built.to_dict() == {field: value}


@pytest.mark.parametrize(
    ("type_", "data", "value"),
    [
        (list[Delta], [{"content": "a"}, {}], [Delta(content="a"), Delta()]),
        (dict[str, Function], {"f": {"arguments": "x"}}, {"f": Function(arguments="x")}),
        (str | list[TextPart] | None, None, None),
        (Delta | None, {"role": "x"}, Delta(role="x")),
        (Annotated[int, "x"], 5, 5),
        (list, [1], [1]),
        (dict, {"a": 1}, {"a": 1}),
        (tuple[int, ...], [1, 2], (1, 2)),
        (Any, {"a": 1}, {"a": 1}),
        (Literal["a", None], None, None),
        (str, "x", "x"),
    ],
)
def test_types_besides_models(type_: Any, data: Any, value: Any) -> None:
    assert decode_json(json.dumps(data).encode(), type_) == (value, ())
    assert convert(data, type_).value == value


def test_other_record_types() -> None:
    class Point(TypedDict):
        x: int

    assert convert({"x": 1}, Point) == ({"x": 1}, ())
    value, notes = convert([{"x": "?"}], list[Point])
    assert value == [{"x": "?"}]
    assert notes[0].path == "[0]"


def test_the_last_of_equal_names_wins() -> None:
    assert decode_json(b'{"content":"a","content":"b"}', Delta).value.content == "b"
    assert decode_json(b'{"content":"a","content":"b","x":1,"x":2}', Delta).value.to_dict() == {
        "content": "b",
        "x": 2,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  ",
        b"<html>",
        b'{"content":"a"',
        b'{"content":"a"}{"content":"b"}',
        b'{"content":"a"}\xff',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"children":[' * 50_000 + b"]}" * 50_000,
        b"nul",
        b"'x'",
    ],
)
@pytest.mark.parametrize("type_", [Delta, Tree, list[Delta], Any])
def test_what_is_not_json_is_our_error(data: bytes, type_: Any) -> None:
    with pytest.raises(JSONDecodeError) as error:
        decode_json(data, type_)
    assert error.value.text == data.decode("utf-8", "replace")[:10_000]
    assert pickle.loads(pickle.dumps(error.value)).text == error.value.text


@pytest.mark.parametrize("data", [b'{"content":"\xff","x":1}', b'{"content":"a","\xc3":1}'])
def test_bytes_that_are_no_utf_8_are_replaced(data: bytes) -> None:
    value, notes = decode_json(data, Delta)
    assert value.to_json().decode().count("\N{REPLACEMENT CHARACTER}") == 1
    assert [str(note) for note in notes] == [f"not UTF-8 (byte {data.index(max(data))})"]


def test_recursive_models_nested_too_deeply_are_our_error() -> None:
    depth = sys.getrecursionlimit() // 2 - 100
    data = b'{"new":1,"children":[' * depth + b"]}" * depth
    try:
        tree = decode_json(data, Tree).value
    except JSONDecodeError as error:
        assert "deep" in str(error)
    else:
        assert isinstance(tree, Tree)


def test_convert_refuses_values_that_contain_themselves() -> None:
    data: dict[str, Any] = {"new": 1}
    data["children"] = [data]
    with pytest.raises(JSONDecodeError, match="deep"):
        convert(data, Tree)


def test_json_that_only_python_writes_is_read_with_a_note() -> None:
    value, notes = decode_json(b'{"a":[NaN,-Infinity]}', dict[str, list[float]])
    assert math.isnan(value["a"][0])
    assert value["a"][1] == -math.inf
    assert [str(note) for note in notes] == ["NaN is not JSON", "-Infinity is not JSON"]


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode_json(b'\xef\xbb\xbf{"content":"a"}', Delta) == (Delta(content="a"), ())
    assert decode_json('\ufeff{"content":"a"}', Delta) == (Delta(content="a"), ())


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    delta, notes = decode_json(b'{"content":"a\\ud83d","x\\udc00":1}', Delta)
    assert delta.to_dict() == {"content": "a\N{REPLACEMENT CHARACTER}", "x\ufffd": 1}
    assert "surrogate" in notes[0].message
    assert decode_json(b'{"content":"\\ud83d\\ude00"}', Delta) == (Delta(content="😀"), ())


def test_numbers_beyond_a_double_are_kept() -> None:
    value, notes = decode_json(b'{"anything":1e999,"new":1}', Everything)
    assert value.anything == decimal.Decimal("1e999")
    assert notes
    digits = b"1" * 5000
    assert decode_json(digits, Any).value == decimal.Decimal(digits.decode())
    assert (
        decode_json(b"123456789012345678901234567890", int).value == 123456789012345678901234567890
    )


def test_notes_are_bounded() -> None:
    assert len(notes_of([None] * (MAX_NOTES * 3), list[int])) == MAX_NOTES


def test_convert_takes_objects_that_are_built_already() -> None:
    call = ToolCall(function=Function(arguments="x"))
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    assert convert({"tool_calls": [call]}, Delta).value.tool_calls == [call]
    assert convert({"tool_calls": [call], "new": 1}, Delta).value.tool_calls == [call]
    assert convert({"at": at, "new": 1}, Everything).value.at is at


def test_decoders_are_made_once_by_all_threads() -> None:
    class Fresh(Model):
        items: list[Delta]

    barrier = threading.Barrier(8)
    results: list[Any] = []

    def work() -> None:
        barrier.wait()
        decoder = decoder_for(list[Fresh])
        results.append((decoder, decoder.decode(b'[{"items":[{"x":1}]}]').value))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len({id(decoder) for decoder, _ in results}) == 1
    assert all(value == results[0][1] for _, value in results)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.sampled_from(["text", "image", "cat", "a", "2024-01-01", "P1D", "AA=="]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.text(max_size=4) | st.sampled_from(
            ["choices", "delta", "content", "index", "usage", "type", "petType", "name", "pets",
             "children", "value", "nested", "parts", "shape", "radius", "side", "when", "level"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
types = st.sampled_from([Chunk, Everything, Owner, Tree, list[Owner], dict[str, Tree], str | None])


def same(a: Any, b: Any) -> bool:
    """Equal, floats for numbers allowed: a large integer typed number loses digits in a double."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or float(a) == float(b)
    return bool(a == b)


@given(types, json_values)
def test_any_json_at_any_type_is_kept_whole(type_: Any, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False).encode()
    try:
        value, _ = decode_json(text, type_)
    except JSONDecodeError:
        pytest.fail(f"not read: {data!r}")
    assert same(json.loads(encode_json(value)), normal(data, value))
    again, _ = decode_json(encode_json(value), type_)
    assert repr(again) == repr(value)


def normal(data: Any, value: Any) -> Any:
    """Dates and times have more than one spelling; compare them as the decoder read them."""
    if isinstance(value, Model):
        from sdkpress.runtime.model import fields_of

        fields = fields_of(value)
        return {name: normal(item, fields[name]) for name, item in data.items()}
    if isinstance(value, dict):
        return {name: normal(item, value[name]) for name, item in data.items()}
    if isinstance(value, list | tuple):
        return [normal(item, one) for item, one in zip(data, value, strict=True)]
    if isinstance(value, str | int | float | None):
        return data
    return json.loads(encode_json(value))


@given(types, st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(type_: Any, data: bytes) -> None:
    try:
        decode_json(data, type_)
    except JSONDecodeError:
        pass
