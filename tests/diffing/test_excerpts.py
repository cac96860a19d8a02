"""Which lines of two documents stand beside a change, and what is marked in them."""

from __future__ import annotations

import json

import pytest

from sdkpress.diffing.changes import Place
from sdkpress.diffing.reports.excerpts import Cell, Excerpt, Texts, excerpt
from tests.diffing.sample_reports import NEW, OLD


def shown(
    old: str | None, new: str | None, old_line: int = 1, new_line: int = 1, pointer: str = ""
) -> Excerpt:
    left = Place("o", old_line, pointer) if old is not None else None
    right = Place("n", new_line, pointer) if new is not None else None
    made = excerpt(Texts({"o": old or ""}).block(left), Texts({"n": new or ""}).block(right))
    assert made is not None
    return made


def side(made: Excerpt, which: str) -> list[tuple[int, str, bool]]:
    cells: list[Cell | None] = [getattr(row, which) for row in made.rows]
    return [
        (cell.number, "".join(piece.text for piece in cell.pieces), cell.is_changed)
        for cell in cells
        if cell is not None
    ]


def changed(made: Excerpt, which: str) -> list[str]:
    return [text.strip() for _, text, is_changed in side(made, which) if is_changed]


def marked(made: Excerpt, which: str) -> list[str]:
    cells: list[Cell | None] = [getattr(row, which) for row in made.rows]
    return [piece.text for cell in cells if cell for piece in cell.pieces if piece.is_marked]


@pytest.mark.parametrize(
    ("line", "pointer", "expected"),
    [
        (16, "/paths/~1pets/delete", ["delete:", "operationId: purgePets", "responses:"]),
        (8, "/paths/~1pets/get/parameters/0", ["- name: limit", "in: query", "schema:"]),
        (8, "/paths/~1pets/get/parameters/0/name", ["- name: limit"]),
        (7, "/paths/~1pets/get/parameters", ["parameters:", "- name: limit", "in: query"]),
        (10, "/paths/~1pets/get/parameters/0/schema", ["schema: {type: integer}"]),
    ],
)
def test_a_node_ends_with_its_indentation(line: int, pointer: str, expected: list[str]) -> None:
    lines = changed(shown(OLD, None, old_line=line, pointer=pointer), "old")
    assert [text[: len(want)] for text, want in zip(lines, expected, strict=False)] == expected
    ends = {16: 4, 8: 3, 7: 7, 10: 1}
    assert len(lines) == (1 if pointer.endswith("/name") else ends[line])


def test_a_sequence_at_the_depth_of_its_key_belongs_to_it() -> None:
    text = "required:\n- a\n- b\nproperties: {}\n"
    assert changed(shown(text, None), "old") == ["required:", "- a", "- b"]


def test_a_node_of_indented_json_ends_with_its_bracket() -> None:
    text = json.dumps({"a": {"b": [1, 2]}, "c": 3}, indent=2)
    assert changed(shown(text, None, old_line=2), "old") == [
        '"a": {', '"b": [', "1,", "2", "]", "},",
    ]  # fmt: skip


def test_lines_and_words_that_differ_are_marked_on_both_sides() -> None:
    pointer = "/components/schemas/Pet/properties/name"
    made = shown(OLD, NEW, 26, 22, pointer)
    assert changed(made, "old") == ["name: {type: string}"]
    assert changed(made, "new") == ['name: {type: [string, "null"]}']
    assert marked(made, "old") == []
    assert "".join(marked(made, "new")) == '[, "null"]'
    (row,) = (row for row in made.rows if row.old and row.old.is_changed)
    assert row.old is not None and row.new is not None
    assert (row.old.number, row.new.number) == (26, 22)


def test_both_sides_have_their_own_line_numbers() -> None:
    made = shown(OLD, NEW, 5, 5, "/paths/~1pets/get")
    assert [number for number, _, _ in side(made, "old")][:3] == [3, 4, 5]
    assert "- name: limit" in changed(made, "old")
    assert "- name: cursor" in changed(made, "new")


def test_of_a_long_node_what_differs_is_shown_with_its_head() -> None:
    lines = ["node:", *(f"  line{number}: 1" for number in range(200))]
    other = [*lines[:150], "  line149: 2", *lines[151:]]
    made = shown("\n".join(lines), "\n".join(other))
    assert changed(made, "old") == ["line149: 1"]
    assert changed(made, "new") == ["line149: 2"]
    assert side(made, "old")[0] == (1, "node:", False)
    assert any(row.is_gap for row in made.rows)
    assert len(made.rows) < 15


def test_too_many_changed_lines_are_counted() -> None:
    old = "\n".join(["node:", *(f"  a{number}: 1" for number in range(100))])
    new = "\n".join(["node:", *(f"  b{number}: xyz" for number in range(100))])
    made = shown(old, new)
    assert len(made.rows) <= 41
    assert made.left_out == 100 - sum(row.old is not None for row in made.rows) + 1
    alone = shown(old, None)
    assert len(alone.rows) < 20
    assert len(changed(alone, "old")) + alone.left_out == 101


def test_equal_nodes_show_their_beginning() -> None:
    made = shown(OLD, OLD, 3, 3, "/paths")
    assert not changed(made, "old")
    assert 5 <= len(made.rows) <= 10


def test_json_in_one_line_is_laid_out() -> None:
    def text(size: int) -> str:
        names = [f"n{number}" for number in range(1000)]
        return json.dumps({"x": names, "a/b": {"type": "string", "maxLength": size}})

    made = shown(text(5), text(7), pointer="/a~1b")
    assert made.is_laid_out
    assert changed(made, "old") == ['"maxLength": 5']
    assert changed(made, "new") == ['"maxLength": 7']
    assert {number for number, _, _ in side(made, "new")} == {0}


def test_an_endless_line_is_cut() -> None:
    made = shown("key: " + "x" * 100_000, None)
    ((_, text, _),) = side(made, "old")
    assert len(text) == 301
    assert text.endswith("…")


def test_controls_in_a_document_are_shown_as_escapes() -> None:
    made = shown("a: 'x\u202e\x1b[0m'\tb", None)
    assert changed(made, "old") == ["a: 'x\\u202e\\x1b[0m' b"]


@pytest.mark.parametrize("line", [0, 1, 99])
def test_places_outside_a_file_give_what_there_is(line: int) -> None:
    assert shown("", None, old_line=line).rows
    assert shown("a: 1\r\nb: 2\r\n", "", old_line=line, new_line=line).rows


def test_a_file_that_is_not_known_has_no_lines() -> None:
    assert excerpt(Texts({}).block(Place("o", 1, "")), Texts({}).block(None)) is None
