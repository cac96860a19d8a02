"""Loading one file: YAML 1.2 core rules, JSON, places, limits, and the cache."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkpress import yaml_text
from sdkpress.diagnostics import Diagnostics, Location, SdkpressError
from sdkpress.document import (
    Document,
    Origin,
    SourceFile,
    canonical_digest,
    check_openapi,
    load_file,
    parse_file,
)
from sdkpress.json_text import MAX_DEPTH
from sdkpress.source_text import MAX_BYTES
from sdkpress.trees import escape_token


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SDKPRESS_CACHE", str(folder))
    return folder


def parse(text: str | bytes, name: str = "spec.yaml") -> SourceFile:
    """The file; any warning fails the test."""
    diagnostics = Diagnostics()
    data = text.encode() if isinstance(text, str) else text
    file = parse_file(data, name, diagnostics)
    assert diagnostics.items == ()
    return file


def refused(data: str | bytes, name: str = "spec.yaml") -> tuple[str, int, int]:
    """Id, line and column of the one diagnostic with which a file is refused."""
    with pytest.raises(SdkpressError) as caught:
        parse_file(data.encode() if isinstance(data, str) else data, name, Diagnostics())
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.location is not None
    assert diagnostic.location.file == name
    return diagnostic.id, diagnostic.location.line, diagnostic.location.column


# ---------------------------------------------------------------- YAML 1.2


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("=", "="),
        ("<<", "<<"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-99-99", "2020-99-99"),
        ("12:30:45", "12:30:45"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("+12", 12),
        ("-7", -7),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".", "."),
        ("-", [None]),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!float 12", 12.0),
        ("!!int 12", 12),
        ("|\n  12\n", "12\n"),
    ],
)
def test_scalars_follow_the_core_schema(written: str, value: object) -> None:
    found = parse(f"- {written}\n").tree[0]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_the_text_as_written() -> None:
    text = "200: a\nnull: b\ntrue: c\n1.50: d\n~: e\n0x10: f\n'q': g\n2020-01-01: h\nno: i\n"
    keys = ["200", "null", "true", "1.50", "~", "0x10", "q", "2020-01-01", "no"]
    assert list(parse(text).tree) == keys


@pytest.mark.parametrize("value", [".inf", "-.INF", ".nan", "1e999", "9" * 400])
def test_a_value_without_json_form_is_kept_as_text_and_reported(value: str) -> None:
    diagnostics = Diagnostics()
    file = parse_file(f"a:\n  b: {value}\n".encode(), "s.yaml", diagnostics)
    assert file.tree == {"a": {"b": value}}
    (item,) = diagnostics.items
    assert (item.id, item.location) == ("non-json-value", Location("s.yaml", 2, 3, "/a/b"))


def test_unknown_tags_are_reported_and_change_nothing() -> None:
    diagnostics = Diagnostics()
    text = b"a: !secret x\nb: !!python/object:os.system {c: d}\ne: !!binary aGk=\n"
    assert parse_file(text, "s.yaml", diagnostics).tree == {"a": "x", "b": {"c": "d"}, "e": "aGk="}
    assert [item.location.line for item in diagnostics.items if item.location] == [1, 2, 3]


def test_aliases_are_copies() -> None:
    tree = parse("a: &x {b: [1]}\nc: *x\n").tree
    assert tree == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert tree["a"] is not tree["c"]


def test_merge_keys() -> None:
    text = """\
one: &one {a: 1, b: 1}
two: &two {b: 2, c: 2}
single: {<<: *one, b: 9}
several: {z: 0, <<: [*one, *two]}
quoted: {"<<": text}
"""
    tree = parse(text).tree
    assert tree["single"] == {"a": 1, "b": 9}
    assert tree["several"] == {"a": 1, "b": 1, "c": 2, "z": 0}
    assert tree["quoted"] == {"<<": "text"}


def test_a_merged_member_stands_where_it_was_written() -> None:
    file = parse("one: &one\n  a: 1\ntwo:\n  <<: *one\n  b: {c: 2}\n")
    assert file.locate("/two/a").line == 2
    assert file.locate("/two/b/c").line == 5
    assert file.locate("/two").line == 3


# ---------------------------------------------------------------- duplicate keys


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n  x: 1\n  y: {q: 1}\n  x: 2\n", Location("s", 4, 3, "/a/x")),
        ('{"a": {\n"x": 1,\n"y": {"q": 1},\n "\\u0078": 2}}', Location("s", 4, 2, "/a/x")),
    ],
)
def test_duplicate_keys_are_reported_and_the_last_counts(text: str, place: Location) -> None:
    for _ in range(2):  # the second time from the cache
        diagnostics = Diagnostics()
        file = parse_file(text.encode(), "s", diagnostics)
        assert file.tree == {"a": {"y": {"q": 1}, "x": 2}}
        (item,) = diagnostics.items
        assert (item.id, item.location) == ("duplicate-key", place)
        assert "in line 2" in item.message
        assert file.locate("/a/x").line == 4
        assert file.locate("/a/y/q").line == 3


def test_duplicate_keys_in_json_arrays_have_the_right_pointer() -> None:
    diagnostics = Diagnostics()
    text = b'{"l": [0, [1, {"a": 1}], {"k": {"z": 1, "z": [2], "z": 3}, "m": 4}]}'
    file = parse_file(text, "s", diagnostics)
    assert [item.location.pointer for item in diagnostics.items if item.location] == [
        "/l/2/k/z"
    ] * 2
    for pointer, written in (("/l/2/m", '"m"'), ("/l/2/k/z", '"z": 3'), ("/l/1/1/a", '"a"')):
        column = file.locate(pointer).column
        assert text.decode()[column - 1 :].startswith(written)


# ---------------------------------------------------------------- places


def test_places_of_keys_items_and_missing_nodes() -> None:
    text = "# comment\npaths:\n  /a/b:\n    get:\n      tags:\n        - x\n        -   y\n"
    file = parse(text)
    assert file.locate("") == Location("spec.yaml", 2, 1, "")
    assert file.locate("/paths/~1a~1b/get") == Location("spec.yaml", 4, 5, "/paths/~1a~1b/get")
    assert file.locate("/paths/~1a~1b/get/tags/1") == Location(
        "spec.yaml", 7, 13, "/paths/~1a~1b/get/tags/1"
    )
    assert file.locate("/paths/~1a~1b/put/x").line == 3
    assert file.locate("/nothing").line == 2
    assert file.excerpt(file.locate("/paths/~1a~1b")) == ("# comment", "paths:", "  /a/b:")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_places_are_those_an_editor_shows(end: str) -> None:
    text = end.join(["{", '"é😀": 1,', '"b": [', '  "x\u2028", {"c": 2}', "]}"])
    for name, data in (("a.json", text), ("a.yaml", text.replace("{", "# y" + end + "{", 1))):
        file = parse(data, name)
        shift = name.count("yaml")
        assert file.locate("/b/1/c").line == 4 + shift
        assert file.locate("/b/1/c").column == 10
        assert file.excerpt(file.locate("/b"))[-1] == '"b": ['


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)  # fmt: skip


def pointers(node: Any, pointer: str = "") -> list[tuple[str, str | None]]:
    """Every pointer of a tree, with the key where it is a member."""
    found: list[tuple[str, str | None]] = []
    if isinstance(node, dict):
        for key, value in node.items():
            at = f"{pointer}/{escape_token(key)}"
            found += [(at, key), *pointers(value, at)]
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += [(f"{pointer}/{index}", None), *pointers(value, f"{pointer}/{index}")]
    return found


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_json_gives_the_tree_and_every_member_stands_at_its_key(tree: Any, indent: int) -> None:
    text = json.dumps({"root": tree}, indent=indent, ensure_ascii=bool(indent))
    file = parse(text, "x.json")
    assert file.tree == {"root": tree}
    lines = text.split("\n")
    for pointer, key in pointers(file.tree):
        place = file.locate(pointer)
        if key is not None:
            written = json.dumps(key, ensure_ascii=bool(indent))
            assert lines[place.line - 1][place.column - 1 :].startswith(written)


def test_yaml_and_json_of_the_same_text_agree_on_every_place() -> None:
    text = '{"a": {"b": [1, {"c": "d"}, [[]], {}]}, "e": null}\n'
    as_json, as_yaml = parse(text), parse("# y\n" + text)
    assert as_json.is_json and not as_yaml.is_json
    assert as_json.tree == as_yaml.tree
    for pointer, _ in pointers(as_json.tree):
        one, two = as_json.locate(pointer), as_yaml.locate(pointer)
        assert (one.line + 1, one.column) == (two.line, two.column)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", ("empty-document", 1, 1)),
        ("  \n", ("empty-document", 1, 1)),
        ("# only\n", ("empty-document", 1, 1)),
        ("a: b\n---\nc: d\n", ("several-documents", 2, 1)),
        ("a:\n\t- b\n", ("invalid-yaml", 2, 1)),
        ("a: b: c\n", ("invalid-yaml", 1, 5)),
        ("a: 'x\n", ("invalid-yaml", 2, 1)),
        ("a: *nowhere\n", ("invalid-yaml", 1, 4)),
        ("é: \x07\n", ("invalid-yaml", 1, 4)),
        ("a:\n  {b: c}: d\n", ("invalid-key", 2, 3)),
        ("a:\n  x: &x [*x]\n", ("alias-recursion", 2, 6)),  # the anchored node
        ("a: &a {b: *a}\n", ("alias-recursion", 1, 8)),
        ("a: &a {<<: *a}\n", ("alias-recursion", 1, 8)),
        ("a: {<<: 1}\n", ("invalid-yaml", 1, 5)),
        ('{"a": 1,\n "b": NaN}', ("invalid-json", 2, 7)),
        ('{"a": -Infinity}', ("invalid-json", 1, 7)),
        ('{"a": 1e999}', ("invalid-json", 1, 7)),
        ('{"a": ' + "9" * 5000 + "}", ("invalid-json", 1, 7)),
        ('{"a": 1,\n "b" 2}', ("invalid-json", 2, 6)),
        ('{"a": "\x01"}', ("invalid-json", 1, 8)),
        (b"a: b\nc: \xe9\n", ("invalid-encoding", 2, 4)),
        (b"\xef\xbb\xbfa: \xff\n", ("invalid-encoding", 1, 4)),
        (b"\xff\xfea\x00:", ("invalid-encoding", 1, 2)),
    ],
)
def test_bad_files_are_refused_where_they_are_bad(
    data: str | bytes, expected: tuple[str, int, int]
) -> None:
    assert refused(data) == expected


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, '{"a":' * 50_000]
)
@pytest.mark.parametrize("closed", [False, True])
def test_deep_nesting_is_refused(text: str, closed: bool) -> None:
    if closed:
        text += "1" + ("]" if text[0] == "[" else "}") * text.count(text[0])
    id, line, _ = refused(text)
    assert line == 1
    assert id == "nesting-too-deep"


def test_the_depth_limit_is_the_same_in_both_formats() -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        at_limit = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
        for prefix in ("", "# y\n"):
            parse(prefix + at_limit)
            assert refused(prefix + opening + at_limit + closing)[0] == "nesting-too-deep"


def test_a_deep_alias_counts_where_it_is_used() -> None:
    half = MAX_DEPTH // 2 + 1
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}\n"
    assert refused(text)[0] == "nesting-too-deep"


def test_billion_laughs_is_refused() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert refused("\n".join(lines))[0] == "alias-expansion"


def test_billion_laughs_by_merge_keys_is_refused() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 12)]
    assert refused("\n".join(lines))[0] == "alias-expansion"


def test_unpaired_surrogates_become_replacement_characters() -> None:
    file = parse('{"a\\ud800": ["\\udc00x\\udbff", "\\ud83d\\ude00"]}')
    assert file.tree == {"a\ufffd": ["\ufffdx\ufffd", "😀"]}


def test_unpaired_low_surrogates_are_found_without_a_high_one() -> None:
    assert parse('{"a": "\\udc00"}').tree == {"a": "\ufffd"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ['{"a": "é😀"}', "a: é😀\n"])
def test_encodings(encoding: str, text: str) -> None:
    file = parse(text.encode(encoding))
    assert file.tree == {"a": "é😀"}
    assert file.locate("/a").line == 1


def test_the_content_decides_between_json_and_yaml() -> None:
    assert parse("a: b\n", "x.json").tree == {"a": "b"}
    assert parse("{a: b, c: [d]}\n", "x.yaml").tree == {"a": "b", "c": ["d"]}
    assert parse("\n [1, 2]", "x.yaml").is_json


# ---------------------------------------------------------------- files


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    large = tmp_path / "large"
    with open(large, "wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    for path, id in [
        (tmp_path / "none.yaml", "file-not-found"),
        (tmp_path, "file-unreadable"),
        (pipe, "file-unreadable"),
        (Path("/dev/zero"), "file-unreadable"),
        (tmp_path / "nul\0.yaml", "file-unreadable"),
        (large, "file-too-large"),
    ]:
        with pytest.raises(SdkpressError) as caught:
            load_file(path, Diagnostics(), display="shown.yaml")
        (item,) = caught.value.diagnostics
        assert (item.id, item.location) == (id, Location("shown.yaml", 1, 1))


# ---------------------------------------------------------------- the cache


BIG = "a: &x {b: [1, 2.5, ~, yes, 'é']}\nc: *x\n200: {d: .inf}\n"


def test_the_cache_changes_nothing(cache: Path) -> None:
    results: list[Any] = []
    for _ in range(2):
        diagnostics = Diagnostics()
        file = parse_file(BIG.encode(), "s", diagnostics)
        places = [file.locate(pointer) for pointer, _ in pointers(file.tree)]
        results.append((file.tree, places, diagnostics.items))
        assert len(list(cache.rglob("*.*"))) == 1
    assert results[0] == results[1]


def test_the_cache_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    parse_file(BIG.encode(), "s", Diagnostics())
    monkeypatch.delattr(yaml_text, "_parse")
    parse_file(BIG.encode(), "other", Diagnostics())
    with pytest.raises(NameError):
        parse_file(b"a: 1\n", "s", Diagnostics())


def test_broken_cache_entries_are_ignored(cache: Path) -> None:
    expected = parse_file(BIG.encode(), "s", Diagnostics()).tree
    (entry,) = [path for path in cache.rglob("*") if path.is_file()]
    good = entry.read_bytes()
    generator = random.Random(1)
    for _ in range(50):
        bad = bytearray(good)
        bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
        entry.write_bytes(bytes(bad[: generator.choice([len(bad), 40, 10, 0])]))
        assert parse_file(BIG.encode(), "s", Diagnostics()).tree == expected
        assert entry.read_bytes() == good


def test_a_cache_that_cannot_be_used_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file")
    monkeypatch.setenv("SDKPRESS_CACHE", str(occupied))
    assert parse("a: 1\n").tree == {"a": 1}


# ---------------------------------------------------------------- OpenAPI or not


@pytest.mark.parametrize(
    "text",
    ["openapi: 3.0.0", "openapi: 3.1", "openapi: '3.2.0'", '{"openapi": "3.1.1-rc1"}'],
)
def test_openapi_3_is_accepted(text: str) -> None:
    check_openapi(parse(text))


@pytest.mark.parametrize(
    ("text", "id", "line"),
    [
        ("- a\n", "not-openapi", 1),
        ("just text\n", "not-openapi", 1),
        ("\n\ninfo: {}\n", "not-openapi", 3),
        ("info: {}\nswagger: '2.0'\n", "swagger-2", 2),
        ("info: {}\nopenapi: 4.0.0\n", "unsupported-openapi-version", 2),
        ("openapi: 3.3.0\n", "unsupported-openapi-version", 1),
        ("openapi: 2.0\n", "unsupported-openapi-version", 1),
        ("openapi: {a: b}\n", "unsupported-openapi-version", 1),
        ("openapi:\n", "unsupported-openapi-version", 1),
        ("openapi: 3\n", "unsupported-openapi-version", 1),
    ],
)
def test_anything_else_is_refused(text: str, id: str, line: int) -> None:
    with pytest.raises(SdkpressError) as caught:
        check_openapi(parse(text))
    (item,) = caught.value.diagnostics
    assert item.location is not None
    assert (item.id, item.location.line) == (id, line)
    assert item.help


# ---------------------------------------------------------------- changed documents


def test_a_changed_document_still_knows_its_places() -> None:
    base = parse("a: [x, y, z]\nb: {c: 1}\n", "spec.yaml")
    overlay = parse("actions:\n- update:\n    d: {e: 1}\n", "overlay.yaml")
    document = Document("spec.yaml", base.tree, base.digest, base)
    tree = {"a": ["x", "z"], "b": {"c": 1, "d": {"e": 1}}}
    origins = {
        "/a/1": Origin(document, "/a/2"),
        "/b/d": Origin(overlay, "/actions/0/update/d"),
    }
    changed = document.with_tree(tree, origins, overlay.digest)
    assert changed.locate("/a/0").column == document.locate("/a/0").column
    assert changed.locate("/a/1").column == document.locate("/a/2").column
    assert changed.locate("/b/c") == document.locate("/b/c")
    place = changed.locate("/b/d/e")
    assert place == Location("overlay.yaml", 3, 9, "/actions/0/update/d/e")
    assert changed.excerpt(place)[-1] == "    d: {e: 1}"
    assert changed.excerpt(changed.locate("/b/c"))[-1] == "b: {c: 1}"
    assert changed.digest != document.digest
    again = changed.with_tree(tree, {"/b/d/e": Origin(base, "/a")})
    assert again.locate("/b/d").file == "overlay.yaml"
    assert again.locate("/b/d/e").line == 1


def test_a_document_without_files_has_a_place_for_everything() -> None:
    assert Document("made.yaml", {"a": 1}).locate("/a") == Location("made.yaml", 1, 1, "/a")


def test_the_canonical_digest_ignores_format_and_order() -> None:
    one = canonical_digest(parse("a: 1\nb: [1.0, x]\n").tree)
    assert one == canonical_digest(parse('{"b": [1, "x"], "a": 1.0}').tree)
    assert one != canonical_digest(parse('{"b": ["x", 1], "a": 1}').tree)
    assert canonical_digest([True]) != canonical_digest([1])
