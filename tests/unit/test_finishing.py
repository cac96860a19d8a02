"""When a stream's items have said that they are the last."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sdkpress.runtime.finishing import Finish

PATH = ("choices", "*", "finish_reason")
KEYS = {"choices": "index"}


def looked(*items: Any, path: tuple[str, ...] = PATH) -> bool:
    finish = Finish(path, KEYS)
    for item in items:
        finish.look(item)
    return finish.is_reached


def chunk(*choices: tuple[Any, str | None]) -> dict[str, Any]:
    return {"choices": [{"index": index, "finish_reason": end} for index, end in choices]}


def test_every_choice_says_it_for_itself() -> None:
    assert not looked()
    assert not looked(chunk((0, None)))
    assert looked(chunk((0, None)), chunk((0, "stop")))
    assert not looked(chunk((0, "stop")), chunk((1, None)))
    assert looked(chunk((1, None)), chunk((0, "stop")), chunk((1, "length")))
    assert looked(chunk((0, "stop")), {"choices": [], "usage": {}}, {"choices": None}, None, [])


def test_without_an_index_the_position_tells() -> None:
    assert looked({"choices": [{"finish_reason": None}]}, {"choices": [{"finish_reason": "x"}]})
    assert not looked({"choices": [{"finish_reason": "x"}, {}]})
    assert not looked({"choices": [None, 5]})


@pytest.mark.parametrize(
    ("path", "item", "expected"),
    [
        (("done",), {"done": True}, True),
        (("done",), {"done": None}, False),
        (("a", "b"), {"a": {"b": 1}}, True),
        (("a", "b"), {"a": None}, False),
        (("*", "end"), [{"end": 1}], True),
        (("*", "end"), [{"end": 1}, {"end": None}], False),
        (("a", "*", "b", "*", "c"), {"a": [{"b": [{"c": 1}]}]}, True),
        (("a", "*", "b", "c"), {"a": [{"b": None}]}, False),
    ],
)
def test_other_paths(path: tuple[str, ...], item: Any, expected: bool) -> None:
    assert looked(item, path=path) is expected


def test_a_cheap_look_at_the_text_is_never_wrongly_false() -> None:
    finish = Finish(PATH, KEYS)
    for value in ("stop", "", 0, {"a": 1}):
        for separators in ((",", ":"), (", ", " : ")):
            text = json.dumps(chunk((0, value)), separators=separators).encode()  # type: ignore[arg-type]
            assert finish.is_mentioned(text)
    assert not finish.is_mentioned(json.dumps(chunk((0, None))).encode())
    assert not finish.is_mentioned(b'{"choices":[{"index":0,"finish_reason":null}]}')
    assert not finish.is_mentioned(b'{"choices":[]}')
