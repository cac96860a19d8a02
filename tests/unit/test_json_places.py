"""Places of a few nodes agree with the scan of all nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import SourceFile, parse_file
from sdkpress.json_places import JsonPlaces
from sdkpress.trees import escape_token, is_mapping, is_sequence
from tests.conftest import REPOSITORY

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


def pointers(node: Any, pointer: str = "") -> list[str]:
    found = [pointer]
    if is_mapping(node):
        for key, value in node.items():
            found += pointers(value, f"{pointer}/{escape_token(key)}")
    elif is_sequence(node):
        for index, value in enumerate(node):
            found += pointers(value, f"{pointer}/{index}")
    return found


def assert_agrees(file: SourceFile) -> None:
    places = JsonPlaces(file.source)
    for pointer in [*pointers(file.tree), "/nowhere/at/all", "/-1", "/0/x"]:
        assert places.find(file.tree, pointer) == file._positions.find(file.tree, pointer), pointer


@settings(max_examples=60)
@given(st.dictionaries(st.text(), VALUES, max_size=5), st.sampled_from([None, 0, 2, "\t"]))
def test_any_text(tree: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=bool(indent))
    data = text.encode("utf-8", "surrogatepass")
    assert_agrees(parse_file(data, "a.json", Diagnostics()))


@pytest.mark.parametrize(
    "text",
    ["{}", " [ ] ", '{"a" : {} , "b":[ ]\n}', '[[],[[1 ,2],{"a\\"/~b":{"c":null}}], "x,]}"]'],
)
def test_odd_spacing(text: str) -> None:
    assert_agrees(parse_file(text.encode(), "a.json", Diagnostics()))


def test_many_questions_are_answered_alike() -> None:
    """After some, all of the file is scanned."""
    path = Path(REPOSITORY / "generated/siray-chat/src/siray_chat/testing/document.json")
    file = parse_file(path.read_bytes(), "a.json", Diagnostics())
    every = pointers(file.tree)
    other = parse_file(path.read_bytes(), "a.json", Diagnostics())
    assert [file.locate(pointer) for pointer in every] == [
        other.source.location(other._positions.find(other.tree, pointer), pointer)
        for pointer in every
    ]
