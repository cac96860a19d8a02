"""OpenAPI Overlay 1.0 and 1.1: what an action does, what is refused, and where it says so."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.diagnostics import Diagnostic, Diagnostics, SdkpressError, render
from sdkpress.document import Document, SourceFile, parse_file
from sdkpress.overlays import apply_overlays, dump, select
from sdkpress.yaml_text import dump_yaml

SPEC = """\
openapi: 3.1.0
info:
  title: Pets
  version: "1"
tags: [a, b, c]
paths:
  /pets:
    get:
      tags: [pets]
      parameters:
        - {name: limit, in: query}
        - {name: page, in: query}
        - {name: sort, in: query}
      responses:
        "200": {description: Pets}
  /owners:
    get:
      responses:
        "200": {description: Owners}
"""


def file(text: str, display: str) -> SourceFile:
    return parse_file(text.encode(), display, Diagnostics())


def document(text: str = SPEC) -> Document:
    source = file(text, "spec.yaml")
    return Document("spec.yaml", source.tree, source.digest, base=source)


def overlay(actions: str, version: str = "1.1.0") -> SourceFile:
    head = f"overlay: {version}\ninfo: {{title: T, version: '1'}}\nactions:\n"
    return file(head + actions, "my.overlay.yaml")


def applied(actions: str, spec: str = SPEC, version: str = "1.1.0") -> Document:
    return apply_overlays(document(spec), [overlay(actions, version)], Diagnostics())


def refused(actions: str, spec: str = SPEC, version: str = "1.1.0") -> Diagnostic:
    with pytest.raises(SdkpressError) as caught:
        applied(actions, spec, version)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.location is not None
    assert diagnostic.location.file == "my.overlay.yaml"
    return diagnostic


# --- update ---------------------------------------------------------------------------------------


def test_update_merges_objects_recursively() -> None:
    tree = applied(
        "- target: $\n  update: {info: {title: New, x-a: {b: 1}}, x-top: [1], tags: [d]}\n"
    ).tree
    assert tree["info"] == {"title": "New", "version": "1", "x-a": {"b": 1}}
    assert tree["x-top"] == [1]
    assert tree["tags"] == ["a", "b", "c", "d"]
    assert list(tree) == ["openapi", "info", "tags", "paths", "x-top"]


def test_update_concatenates_an_array_with_a_targeted_array() -> None:
    tree = applied("- {target: $.tags, update: [d, e]}\n").tree
    assert tree["tags"] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("value", ["d", {"name": "d"}, None, 4])
def test_update_appends_anything_else_to_a_targeted_array(value: object) -> None:
    tree = applied(f"- {{target: $.tags, update: {json.dumps(value)}}}\n").tree
    assert tree["tags"] == ["a", "b", "c", value]


def test_update_replaces_targeted_primitives() -> None:
    tree = applied("- {target: '$.paths.*.*.responses.*.description', update: Fine}\n").tree
    answers = [item["get"]["responses"]["200"]["description"] for item in tree["paths"].values()]
    assert answers == ["Fine", "Fine"]


def test_null_is_a_primitive_value_like_any_other() -> None:
    tree = applied("- {target: $.info.title, update: null}\n").tree
    assert tree["info"]["title"] is None
    tree = applied("- {target: $.info.title, update: T}\n", spec="info: {title: null}\n").tree
    assert tree["info"]["title"] == "T"


def test_each_node_is_updated_once_although_the_query_names_it_twice() -> None:
    tree = applied("- {target: \"$['tags', 'tags']\", update: d}\n").tree
    assert tree["tags"] == ["a", "b", "c", "d"]


def test_targets_do_not_share_what_was_inserted() -> None:
    tree = applied(
        "- {target: '$.paths.*.get', update: {x-list: [1]}}\n"
        "- {target: \"$.paths['/pets'].get['x-list']\", update: 2}\n"
    ).tree
    assert tree["paths"]["/pets"]["get"]["x-list"] == [1, 2]
    assert tree["paths"]["/owners"]["get"]["x-list"] == [1]


def test_aliased_nodes_are_apart_after_an_update_of_one() -> None:
    spec = "info: &i {title: T}\nx-info: *i\n"
    tree = applied("- {target: $.info, update: {title: New}}\n", spec).tree
    assert tree == {"info": {"title": "New"}, "x-info": {"title": "T"}}


@pytest.mark.parametrize(
    ("target", "value", "pointer", "field"),
    [
        ("$.info", "text", "/info", "/actions/0/update"),
        ("$.info", "[1]", "/info", "/actions/0/update"),
        ("$.info.title", "{a: 1}", "/info/title", "/actions/0/update"),
        ("$.info.title", "[1]", "/info/title", "/actions/0/update"),
        ("$", "{info: {title: {a: 1}}}", "/info/title", "/actions/0/update/info/title"),
        ("$", "{tags: d}", "/tags", "/actions/0/update/tags"),
        ("$", "{paths: [1]}", "/paths", "/actions/0/update/paths"),
        ("$", "{paths: null}", "/paths", "/actions/0/update/paths"),
    ],
)
def test_unlike_kinds_are_an_error(target: str, value: str, pointer: str, field: str) -> None:
    error = refused(f"- {{target: {target}, update: {value}}}\n")
    assert error.id == "overlay-unlike-kinds"
    assert f"at {pointer}" in error.message
    assert error.location is not None and error.location.pointer == field


def test_targets_of_several_kinds_are_an_error() -> None:
    error = refused("- {target: '$.info.title', update: x}\n- {target: '$.*', update: x}\n")
    assert error.id == "overlay-unlike-kinds"
    assert "Action 2 of 2" in error.message


# --- remove ---------------------------------------------------------------------------------------


def test_remove_takes_nodes_out_of_objects_and_arrays() -> None:
    tree = applied(
        "- {target: \"$.paths['/pets'].get.parameters[?@.name != 'page']\", remove: true}\n"
        "- {target: '$.tags[0, 2]', remove: true}\n"
        "- {target: \"$.paths['/owners']\", remove: true}\n"
    ).tree
    assert tree["paths"]["/pets"]["get"]["parameters"] == [{"name": "page", "in": "query"}]
    assert tree["tags"] == ["b"]
    assert list(tree["paths"]) == ["/pets"]


def test_remove_of_nested_targets() -> None:
    tree = applied("- {target: '$.paths..*', remove: true}\n").tree
    assert tree["paths"] == {}
    spec = "a: [{b: [1, 2]}, {b: [3, 4]}, {b: [5]}]\n"
    tree = applied("- {target: \"$.a[0, 1]['b'][0]\", remove: true}\n", spec).tree
    assert tree == {"a": [{"b": [2]}, {"b": [4]}, {"b": [5]}]}


def test_remove_wins_over_update() -> None:
    assert "tags" not in applied("- {target: $.tags, remove: true, update: [d]}\n").tree


def test_remove_false_leaves_the_update_in_force() -> None:
    assert applied("- {target: $.tags, remove: false, update: d}\n").tree["tags"][-1] == "d"


def test_the_root_cannot_be_removed() -> None:
    assert refused("- {target: $, remove: true}\n").id == "overlay-target"


def test_what_was_removed_can_be_made_anew() -> None:
    tree = applied(
        "- {target: $.info.title, remove: true}\n- {target: $.info, update: {title: {a: 1}}}\n"
    ).tree
    assert tree["info"] == {"version": "1", "title": {"a": 1}}


# --- copy -----------------------------------------------------------------------------------------


def test_copy_merges_a_node_into_the_targets() -> None:
    tree = applied("- {target: \"$.paths['/owners']\", copy: \"$.paths['/pets']\"}\n").tree
    get = tree["paths"]["/owners"]["get"]
    assert get["tags"] == ["pets"]
    assert get["responses"] == {"200": {"description": "Pets"}}
    assert len(get["parameters"]) == 3


def test_move_is_make_copy_and_remove() -> None:
    tree = applied(
        "- {target: $.paths, update: {/animals: {}}}\n"
        "- {target: \"$.paths['/animals']\", copy: \"$.paths['/pets']\"}\n"
        "- {target: \"$.paths['/pets']\", remove: true}\n"
    ).tree
    assert tree["paths"]["/animals"] == document().tree["paths"]["/pets"]
    assert list(tree["paths"]) == ["/owners", "/animals"]


def test_a_copy_is_apart_from_its_source() -> None:
    tree = applied(
        "- {target: $.info, update: {x-made: {n: 1}}}\n"
        "- {target: $, update: {x-one: {}, x-two: {}}}\n"
        "- {target: \"$['x-one', 'x-two']\", copy: $.info}\n"
        "- {target: \"$['x-one']['x-made']\", update: {n: 2}}\n"
        "- {target: $.info, update: {title: New}}\n"
    ).tree
    assert tree["x-one"]["x-made"] == {"n": 2}
    assert tree["x-two"]["x-made"] == tree["info"]["x-made"] == {"n": 1}
    assert tree["x-one"]["title"] == tree["x-two"]["title"] == "Pets"


def test_copy_into_itself() -> None:
    tree = applied("- {target: $.info, copy: $}\n", spec="info: {a: 1}\nx: 2\n").tree
    assert tree == {"info": {"a": 1, "info": {"a": 1}, "x": 2}, "x": 2}


@pytest.mark.parametrize(("query", "number"), [("$.nothing", 0), ("$.tags[0, 1]", 2)])
def test_copy_needs_exactly_one_source(query: str, number: int) -> None:
    error = refused(f"- {{target: $.tags, copy: '{query}'}}\n")
    assert error.id == "overlay-copy-source"
    assert f"{number} nodes" in error.message
    assert error.location is not None and error.location.pointer == "/actions/0/copy"


def test_copies_cannot_grow_without_bound() -> None:
    doubling = "".join(
        f"- {{target: '$', update: {{x{n}: {{}}}}}}\n- {{target: '$.x{n}', copy: '$'}}\n"
        for n in range(40)
    )
    assert refused(doubling).id == "overlay-too-large"


# --- strictness -----------------------------------------------------------------------------------


def test_an_action_that_matches_nothing_is_named() -> None:
    error = refused(
        "- {target: $.info, update: {x-a: 1}}\n"
        "- target: $.paths['/pet']\n  description: Mends the pets\n  update: {a: 1}\n"
    )
    assert error.id == "overlay-no-match"
    assert error.message == (
        "Action 2 of 2 (target `$.paths['/pet']`, “Mends the pets”) matches nothing."
    )
    assert error.location is not None
    assert (error.location.line, error.location.pointer) == (5, "/actions/1/target")


@pytest.mark.parametrize(
    "action",
    [
        "{target: $.info, update: {title: Pets}}",
        "{target: $.tags, update: []}",
        "{target: $.info.title, update: Pets}",
        "{target: $.info}",
    ],
)
def test_an_action_without_effect_is_noted(action: str) -> None:
    diagnostics = Diagnostics()
    result = apply_overlays(document(), [overlay(f"- {action}\n")], diagnostics)
    assert result.tree == document().tree
    assert [item.id for item in diagnostics.items] == ["overlay-no-effect"]


def test_version_1_0_has_no_primitive_targets_and_no_copy() -> None:
    error = refused("- {target: $.info.title, update: New}\n", version="1.0.0")
    assert error.id == "overlay-target"
    error = refused("- {target: $.info, copy: $.info}\n", version="1.0.1")
    assert error.id == "invalid-overlay" and "1.1.0" in error.message


def test_version_1_0_removes_primitives_as_the_compliance_set_does() -> None:
    assert (
        "title"
        not in applied("- {target: $.info.title, remove: true}\n", version="1.0.0").tree["info"]
    )


INVALID = {
    "[1]": ["An overlay is an object."],
    "{}": ["`overlay` is missing.", "`info` is missing.", "`actions` is missing."],
    "{overlay: 1.1, info: {title: t, version: '1'}, actions: [{target: $}]}": [
        "`overlay` must be a string, not a number."
    ],
    "{overlay: '1.1', info: {title: t, version: '1'}, actions: [{target: $}]}": [
        "Overlay version '1.1' is not 1.0.x or 1.1.x."
    ],
    "{overlay: 1.2.0, info: {title: t, version: '1'}, actions: [{target: $}]}": [
        "Overlay version '1.2.0' is not 1.0.x or 1.1.x."
    ],
    "{overlay: 1.1.0, info: {title: t, description: 1}, actions: []}": [
        "`version` is missing.",
        "`description` must be a string, not a number.",
        "An overlay needs at least one action.",
    ],
    "{overlay: 1.0.0, info: {title: t, version: '1', description: d}, actions: [{target: $}]}": [
        "Overlays have no field `description` here."
    ],
    "{overlay: 1.1.0, info: {title: t, version: '1', x-a: 1}, extends: 1, bad: 2, actions: 3}": [
        "`extends` must be a string, not a number.",
        "Overlays have no field `bad` here.",
        "`actions` must be an array, not a number.",
    ],
    "{overlay: 1.1.0, info: {title: t, version: '1'}, actions: [1, {}, {target: $, updates: 1}]}": [
        "An action must be an object.",
        "`target` is missing.",
        "Overlays have no field `updates` here.",
    ],
    "{overlay: 1.1.0, info: {title: t, version: '1'}, actions: "
    "[{target: $, remove: yes}, {target: $.a, update: 1, copy: $.b}, {target: $.a, x-b: 1}, "
    "{target: $.a, x-b: 1}]}": [
        "`remove` must be a boolean, not a string.",
        "An action has `update` or `copy`, not both.",
        "Action 4 repeats action 3.",
    ],
}


@pytest.mark.parametrize(("text", "messages"), INVALID.items())
def test_an_invalid_overlay_is_refused_with_all_its_problems(
    text: str, messages: list[str]
) -> None:
    with pytest.raises(SdkpressError) as caught:
        apply_overlays(document(), [file(text, "o.yaml")], Diagnostics())
    found = caught.value.diagnostics
    assert {item.id for item in found} == {"invalid-overlay"}
    assert sorted(item.message for item in found) == sorted(messages)
    assert all(item.location is not None for item in found)


@pytest.mark.parametrize(
    "query",
    [
        "info.title",
        "$.paths[",
        "$.paths[?(@.get]",
        "$.a | $.b",
        "$..a..b..c..d",
        "$" + ".a" * 5000,
        "$[?" + "(" * 1000 + "@.a" + ")" * 1000 + "]",
    ],
)
def test_what_is_no_query_is_refused_before_anything_is_applied(query: str) -> None:
    error = refused(
        f"- {{target: $.nothing, remove: true}}\n- {{target: '{query}', remove: true}}\n"
    )
    assert error.id == "invalid-jsonpath"
    assert error.location is not None and error.location.pointer == "/actions/1/target"
    assert len(error.message) < 300


# --- the result -----------------------------------------------------------------------------------


def test_the_input_is_left_alone() -> None:
    given_document = document()
    before = copy.deepcopy(given_document.tree)
    apply_overlays(
        given_document,
        [
            overlay(
                "- {target: '$.paths.*.get', update: {tags: [x]}}\n"
                "- {target: '$.paths..parameters[0]', remove: true}\n"
                "- {target: $.info, copy: $.paths}\n"
            )
        ],
        Diagnostics(),
    )
    assert given_document.tree == before


def test_without_overlays_the_document_is_the_same() -> None:
    given_document = document()
    assert apply_overlays(given_document, [], Diagnostics()) is given_document


def test_overlays_apply_in_order_and_count_in_the_digest(tmp_path: Path) -> None:
    first = tmp_path / "a.yaml"
    first.write_text(
        "overlay: 1.1.0\ninfo: {title: T, version: '1'}\n"
        "actions: [{target: $.info.title, update: A}]\n"
    )
    second = overlay("- {target: $.info.title, update: B}\n")
    one = apply_overlays(document(), [first, second], Diagnostics())
    other = apply_overlays(document(), [second, first], Diagnostics())
    assert (one.tree["info"]["title"], other.tree["info"]["title"]) == ("B", "A")
    assert len({one.digest, other.digest, document().digest}) == 3
    again = apply_overlays(document(), [first, second], Diagnostics())
    assert again.digest == one.digest


def test_places_lead_to_where_a_node_was_written() -> None:
    result = applied(
        "- {target: $.info, update: {x-new: {deep: 1}}}\n"
        "- {target: '$.tags[0]', remove: true}\n"
        "- {target: $.tags, update: [d]}\n"
        "- {target: \"$.paths['/owners'].get\", copy: \"$.paths['/pets'].get\"}\n"
        "- {target: $.info.title, update: New}\n"
    )

    def place(pointer: str) -> tuple[str, str]:
        location = result.locate(pointer)
        line = result.excerpt(location)[-1]
        return location.file, line[location.column - 1 :]

    assert place("/info/x-new/deep") == ("my.overlay.yaml", "deep: 1}}}")
    assert place("/info/version") == ("spec.yaml", 'version: "1"')
    assert place("/info/title") == ("my.overlay.yaml", "update: New}")
    assert place("/tags/0") == ("spec.yaml", "b, c]")
    assert place("/tags/2") == ("my.overlay.yaml", "d]}")
    assert place("/paths/~1owners/get/parameters/1/name") == ("spec.yaml", "name: page, in: query}")
    assert place("/paths/~1owners/get/responses") == ("spec.yaml", "responses:")
    assert result.locate("/paths/~1owners/get/responses").line == 18
    assert place("/paths/~1pets/get/nothing/here") == ("spec.yaml", "get:")
    inserted = result.locate("/info/x-new")
    text = render(Diagnostic("x", refused("- {target: $.a, update: 1}\n").severity, "m", inserted))
    assert text.startswith("my.overlay.yaml:4:")
    assert "x-new" in result.excerpt(inserted)[-1]


def test_places_after_copies_of_copies_and_removals() -> None:
    spec = "a: {list: [{n: 1}, {n: 2}, {n: 3}]}\nb: {}\nc: {}\n"
    result = applied(
        "- {target: '$.a.list[0]', remove: true}\n"
        "- {target: $.b, copy: $.a}\n"
        "- {target: $.c, copy: $.b}\n"
        "- {target: '$.b.list[0]', remove: true}\n",
        spec,
    )
    assert result.tree["b"] == {"list": [{"n": 3}]}
    assert result.tree["c"] == {"list": [{"n": 2}, {"n": 3}]}
    columns = [
        result.locate(f"/{pointer}/n").column for pointer in ("b/list/0", "c/list/0", "c/list/1")
    ]
    third, second = (SPEC_LINE.index(f"n: {n}") + 1 for n in (3, 2))
    assert columns == [third, second, third]


SPEC_LINE = "a: {list: [{n: 1}, {n: 2}, {n: 3}]}"


# --- JSONPath -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("$.tags[?@ == 'b']", ["b"]),
        ("$.tags[-1]", ["c"]),
        ("$.tags[0:2]", ["a", "b"]),
        ("$.paths[?@.get.tags[?@ == 'pets']].get.tags", [["pets"]]),
        ("$..parameters[?@.name == 'limit' || @.name == 'sort'].name", ["limit", "sort"]),
        ("$..parameters[?match(@.name, '[a-l].*')].name", ["limit"]),
        ("$..parameters[?search(@.name, 'o|g')].name", ["page", "sort"]),
        ("$..parameters[?match(@.name, '(((')].name", []),
        ("$.info[?length(@) == 4]", ["Pets"]),
    ],
)
def test_queries(query: str, values: list[Any]) -> None:
    assert list(select(query, document().tree).values()) == values


def test_a_hostile_pattern_costs_linear_time() -> None:
    tree = {"a": "a" * 5_000 + "!"}
    assert select("$[?match(@, '(a+)+b')]", tree) == {}
    assert select("$[?search(@, '(a|aa)+$')]", tree) == {}


# --- writing --------------------------------------------------------------------------------------

TRICKY = (
    "yes no on off y n Y NO true False null Null ~ = << 1 1.0 1e3 1E-3 .5 -.5 +1 0123 0o14 0x1F 0b1 "
    "1_000 .inf -.INF .nan 12:30 12:30:45 2024-01-01 2024-01-01T00:00:00Z - -- ? : # a:b [ ] { } & * "
    "! | > % @ ` ' \" , 3.1.0 200 '' "
).split(" ")
STRANGE = [
    "", " ", "a b ", " a", "a: b", "a #b", "- a", "? a", "\t", "a\tb", "a\nb", "a\nb\n", "a\n\n", "\na",
    " a\nb", "a \nb", "a\r\nb", "a\x85b", "a\u2028b", "a\u202eb", "\ufeff", "\x00", "\x1b[31m", "é", "😀",
    "a" * 300, "word " * 60, "#", "...", "---", "--- a", "key: |\n  x", "2024-01-01 10:00:00 +1",
]  # fmt: skip


def read_by_1_1(text: str) -> Any:
    return yaml.safe_load(text)


def read_by_1_2(text: str) -> Any:
    return file(text, "x.yaml").tree


@pytest.mark.parametrize("text", TRICKY + STRANGE)
def test_strings_stay_strings_in_both_versions_of_yaml(text: str) -> None:
    tree = {"value": text, "list": [text], text: 1}
    written = dump_yaml(tree)
    assert read_by_1_1(written) == tree
    assert read_by_1_2(written) == tree


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4
    ),
    max_leaves=12,
)


@given(JSON)
def test_every_tree_survives_writing(value: Any) -> None:
    tree = {"value": value}
    written = dump_yaml(tree)
    assert read_by_1_1(written) == tree
    assert read_by_1_2(written) == tree


def test_written_yaml_keeps_the_order_and_has_no_anchors() -> None:
    shared = {"z": 1, "a": [1, 2]}
    source = document()
    written = dump(Document("x", {"b": shared, "a": shared, "text": "one\ntwo\n"}, base=source))
    assert written == (
        "b:\n  z: 1\n  a:\n  - 1\n  - 2\na:\n  z: 1\n  a:\n  - 1\n  - 2\ntext: |\n  one\n  two\n"
    )
