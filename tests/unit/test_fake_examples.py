"""Examples of a document: which value an Example Object stands for, in each of its forms."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.testing.examples import examples_of
from sdkpress.runtime.testing.references import References


@pytest.mark.parametrize(
    ("example", "value"),
    [
        ({"value": {"a": 1}}, {"a": 1}),
        ({"dataValue": {"a": 1}}, {"a": 1}),
        ({"dataValue": {"a": 1}, "serializedValue": '{"a": 2}'}, {"a": 1}),
        ({"serializedValue": '{"a": [1, null]}'}, {"a": [1, None]}),
        ({"serializedValue": "a=1&b=2"}, "a=1&b=2"),
        ({"value": None}, None),
    ],
)
def test_an_example_is_a_value(example: dict[str, Any], value: Any) -> None:
    assert examples_of({"examples": {"one": example}}, References({})) == [("one", value)]


@pytest.mark.parametrize(
    "example", [{}, {"externalValue": "https://example.com"}, {"summary": "x"}]
)
def test_an_example_without_a_value_is_none(example: dict[str, Any]) -> None:
    assert examples_of({"examples": {"one": example}}, References({})) == []


def test_the_single_example_comes_first_and_references_are_followed() -> None:
    tree = {"components": {"examples": {"Shared": {"value": 3}}}}
    media = {"examples": {"two": {"$ref": "#/components/examples/Shared"}}, "example": 1}
    assert examples_of(media, References(tree)) == [("", 1), ("two", 3)]
