"""Folding: the whole of a stream from its pieces."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.decoding import decode_json
from sdkpress.runtime.fold import Fold
from sdkpress.runtime.folding import Folder, fold
from tests.unit.sample_models import FOLD, Choice, Chunk, Completion, Function, Message, ToolCall


def chunk(*choices: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 10,
        "choices": list(choices),
        **fields,
    }


def piece(index: int | None = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice: dict[str, Any] = {"delta": delta, "finish_reason": finish}
    return choice if index is None else {"index": index, **choice}


def call(index: int | None = None, arguments: str = "", **fields: Any) -> dict[str, Any]:
    function = {"arguments": arguments}
    if "name" in fields:
        function["name"] = fields.pop("name")
    made: dict[str, Any] = {"function": function, **fields}
    return made if index is None else {"index": index, **made}


def whole(*items: Any) -> Any:
    """Fold as dicts and as decoded models; both must agree."""
    before = copy.deepcopy(items)
    result = fold(items, FOLD, Completion)
    assert items == before
    models = [decode_json(json.dumps(item).encode(), Chunk).value for item in items]
    assert fold(models, FOLD, Completion) == result
    return result


def message(*items: Any) -> Any:
    return whole(*items).choices[0].message


def test_text_is_appended() -> None:
    result = whole(
        chunk(piece(role="assistant", content="")),
        chunk(piece(content="Hel")),
        chunk(piece(content="lo", reasoning="because ")),
        chunk(piece(reasoning="I can", refusal="no")),
        chunk(piece(refusal=", thanks")),
        chunk(piece(finish="stop")),
    )
    assert result == Completion(
        id="c1",
        object="chat.completion",
        created=10,
        choices=[
            Choice(
                index=0,
                message=Message(
                    role="assistant",
                    content="Hello",
                    reasoning="because I can",
                    refusal="no, thanks",
                ),
                finish_reason="stop",
            )
        ],
    )


def test_every_choice_has_its_own_message() -> None:
    result = whole(
        chunk(piece(1, content="b"), piece(0, content="a")),
        chunk(piece(0, content="A")),
        chunk(piece(1, content="B", finish="stop")),
    )
    assert [choice.index for choice in result.choices] == [0, 1]
    assert [choice.message.content for choice in result.choices] == ["aA", "bB"]
    assert [choice.finish_reason for choice in result.choices] == [None, "stop"]


def test_tool_calls_in_pieces() -> None:
    calls = message(
        chunk(piece(tool_calls=[call(0, id="t1", type="function", name="add")])),
        chunk(piece(tool_calls=[call(0, '{"a"')])),
        chunk(piece(tool_calls=[call(0, ":1}"), call(1, '{"b"', id="t2", name="sub")])),
        chunk(piece(tool_calls=[call(1, ":2}")])),
    ).tool_calls
    assert calls == [
        ToolCall(id="t1", type="function", function=Function(name="add", arguments='{"a":1}')),
        ToolCall(id="t2", function=Function(name="sub", arguments='{"b":2}')),
    ]


@pytest.mark.parametrize(
    "again", [{"id": "t1", "name": "add"}, {"id": "", "name": ""}, {"id": None}]
)
def test_ids_and_names_that_are_repeated_are_not_appended(again: dict[str, Any]) -> None:
    calls = message(
        chunk(piece(tool_calls=[call(0, "{", id="t1", name="add")])),
        chunk(piece(role="assistant", tool_calls=[call(0, "}", **again)])),
        chunk(piece(role="assistant")),
    ).tool_calls
    assert calls == [ToolCall(id="t1", function=Function(name="add", arguments="{}"))]


def test_tool_calls_without_index_go_by_id_then_to_the_last() -> None:
    calls = message(
        chunk(piece(tool_calls=[call(None, "{", id="t1", name="a")])),
        chunk(piece(tool_calls=[call(None, "}")])),
        chunk(piece(tool_calls=[call(None, "[", id="t2", name="b")])),
        chunk(piece(tool_calls=[call(None, "]")])),
        chunk(piece(tool_calls=[call(None, " ", id="t1")])),
    ).tool_calls
    assert [one.id for one in calls] == ["t1", "t2"]
    assert [one.function.arguments for one in calls] == ["{} ", "[]"]


def test_choices_without_index_go_by_position() -> None:
    result = whole(
        chunk(piece(None, content="a"), piece(None, content="b")),
        chunk(piece(None, content="A"), piece(None, content="B")),
    )
    assert [choice.message.content for choice in result.choices] == ["aA", "bB"]
    assert [choice.index for choice in result.choices] == [0, 1]


def test_null_changes_nothing() -> None:
    result = whole(
        chunk(piece(role="assistant", content="a", tool_calls=None), usage=None),
        chunk(piece(content=None, role=None), usage={"prompt_tokens": 1, "total_tokens": 2}),
        chunk({"index": 0, "delta": None, "finish_reason": "stop"}, usage=None),
        chunk(piece(finish=None), id=None),
    )
    assert result.id == "c1"
    assert result.choices[0].message.content == "a"
    assert result.choices[0].message.is_set("tool_calls")
    assert result.choices[0].finish_reason == "stop"
    assert result.usage.total_tokens == 2


def test_the_first_id_and_the_last_usage_stay() -> None:
    result = whole(
        chunk(id="", created=0, model="", usage={"total_tokens": 1}, system_fingerprint="a"),
        chunk(id="x", created=5, model="m", usage={"total_tokens": 2}, system_fingerprint="b"),
        chunk(id="y", created=6, model="n", system_fingerprint=""),
    )
    assert (result.id, result.created, result.model) == ("x", 5, "m")
    assert result.usage.total_tokens == 2
    assert result.system_fingerprint == "b"
    assert result.object == "chat.completion"


def test_unknown_fields_of_a_delta() -> None:
    told = message(
        chunk(
            piece(
                thought="a", score=1, tags=["x"], audio={"id": "s", "data": "AA"}, deep={"t": "p"}
            )
        ),
        chunk(
            piece(
                thought="b", score=2, tags=["y"], audio={"id": "s", "data": "BB"}, deep={"t": "q"}
            )
        ),
    )
    assert told.extra == {
        "thought": "ab",
        "score": 2,
        "tags": ["y"],
        "audio": {"id": "s", "data": "AABB"},
        "deep": {"t": "pq"},
    }


def test_log_probabilities_are_concatenated() -> None:
    result = whole(
        chunk({**piece(content="a"), "logprobs": {"content": [{"token": "a"}], "refusal": None}}),
        chunk({**piece(content="b"), "logprobs": {"content": [{"token": "b"}, {"token": "c"}]}}),
    )
    assert result.choices[0].logprobs == {
        "content": [{"token": "a"}, {"token": "b"}, {"token": "c"}],
        "refusal": None,
    }


def test_arrays_around_the_choices_are_replaced() -> None:
    result = whole(chunk(citations=["a"]), chunk(citations=["a", "b"]))
    assert result.extra["citations"] == ["a", "b"]


def test_streams_of_text_beside_the_choices() -> None:
    how = Fold(keys={"choices": "index"}, replace=("id", "object", "finish_reason"))
    items = [
        {"id": "a", "choices": [{"index": 0, "text": "x"}]},
        {"id": "a", "choices": [{"index": 0, "text": "y", "finish_reason": "stop"}]},
    ]
    assert fold(items, how, dict[str, Any]) == {
        "id": "a",
        "choices": [{"index": 0, "text": "xy", "finish_reason": "stop"}],
    }


def test_halves_of_a_pair_in_two_pieces_are_joined() -> None:
    items = [chunk(piece(content="a\ud83d")), chunk(piece(content="\ude00b"))]
    assert fold(items, FOLD, Completion).choices[0].message.content == "a😀b"


def test_nothing_gives_none() -> None:
    assert fold([], FOLD, Completion) is None
    assert fold([None, "x", 5], FOLD, Completion) is None


def test_a_part_can_be_asked_for_on_the_way() -> None:
    folder = Folder(FOLD, Completion)
    folder.add(chunk(piece(content="a")))
    first = folder.result()
    folder.add(chunk(piece(content="b"), usage={"total_tokens": 1}))
    assert first.choices[0].message.content == "a"
    assert not first.is_set("usage")
    assert folder.result().choices[0].message.content == "ab"
    assert folder.result() == folder.result()


def test_the_work_is_linear_in_the_pieces() -> None:
    folder = Folder(FOLD, Completion)
    for _ in range(20_000):
        folder.add(chunk(piece(content="0123456789")))
    assert len(folder.result().choices[0].message.content) == 200_000


def test_folds_are_immutable() -> None:
    with pytest.raises(AttributeError):
        FOLD.rename = {}  # type: ignore[misc]


names = st.sampled_from(
    [
        "id",
        "choices",
        "index",
        "delta",
        "message",
        "content",
        "tool_calls",
        "function",
        "usage",
        "x",
    ]
)
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(odd_values, max_size=5), st.sampled_from([Completion, dict[str, Any], list[int]]))
def test_odd_data_never_raises(items: list[Any], final: Any) -> None:
    fold(items, FOLD, final)
    decoded = [decode_json(json.dumps(item).encode(), Chunk).value for item in items]
    fold(decoded, FOLD, final)


def test_deep_data_never_raises() -> None:
    deep: Any = {}
    for depth in range(5_000):
        deep = {"x": deep} if depth % 3 else {"choices": [deep], "function": {}}
    fold([{"choices": [{"index": 0, "delta": deep}], "x": deep}] * 2, FOLD, Completion)


@given(st.lists(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_text_is_never_lost(contents: list[str], arguments: list[str]) -> None:
    items = [chunk(piece(content=text)) for text in contents]
    items += [chunk(piece(tool_calls=[call(0, text)])) for text in arguments]
    result = fold(items, FOLD, Completion)
    if contents:
        assert result.choices[0].message.content == "".join(contents)
    if arguments:
        assert result.choices[0].message.tool_calls[0].function.arguments == "".join(arguments)
