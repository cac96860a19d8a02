"""References across files become local ones; nothing is fetched and nothing odd is opened."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from sdkpress import bundling
from sdkpress.bundling import FILES_KEY, load_document
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.document import Document
from sdkpress.json_text import MAX_DEPTH
from sdkpress.trees import node_at

HEAD = "openapi: 3.1.0\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKPRESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "spec"
    folder.mkdir()
    return folder


def write(folder: Path, **files: str) -> None:
    """Write files; `__` in a name stands for a slash and `_` at its end for the suffix .json."""
    for name, text in files.items():
        suffix = ".json" if name.endswith("_") else ".yaml"
        path = folder / (name.rstrip("_").replace("__", "/") + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load(folder: Path) -> Document:
    """The bundled document; any diagnostic fails the test."""
    diagnostics = Diagnostics()
    document = load_document(folder / "root.yaml", diagnostics, display="root.yaml")
    assert diagnostics.items == ()
    return document


def at(document: Document, ref: str) -> Any:
    assert ref.startswith("#")
    return node_at(document.tree, unquote(ref[1:]))


def refused(folder: Path) -> list[tuple[str, int]]:
    with pytest.raises(SdkpressError) as caught:
        load_document(folder / "root.yaml", Diagnostics(), display="root.yaml")
    places = [item.location for item in caught.value.diagnostics]
    assert all(place is not None and place.file == "root.yaml" for place in places)
    return [(item.id, item.location.line) for item in caught.value.diagnostics if item.location]


def test_a_single_file_is_left_as_it_is(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: '#/b'}\nb: {}\n")
    assert load(folder).tree == {"openapi": "3.1.0", "a": {"$ref": "#/b"}, "b": {}}


def test_files_fragments_and_cycles(folder: Path) -> None:
    write(
        folder,
        root=HEAD + "a: {$ref: 'sub/one.yaml'}\nb: {$ref: './sub/two.json#/x~1y/z'}\nc: {d: 1}\n",
        sub__one="{p: {$ref: 'two.json#/x~1y'}, q: {$ref: '#/p'}, r: {$ref: '../root.yaml#/c/d'}}",
        sub__two_='{"x/y": {"z": {"$ref": "one.yaml#/q"}, "self": {"$ref": "#"}}}',
    )
    tree = load(folder).tree
    assert list(tree[FILES_KEY]) == ["sub/one.yaml", "sub/two.json"]
    document = load(folder)
    assert at(document, tree["a"]["$ref"]) is document.tree[FILES_KEY]["sub/one.yaml"]
    target = at(document, tree["b"]["$ref"])
    assert at(document, target["$ref"]) == tree[FILES_KEY]["sub/one.yaml"]["q"]
    one = tree[FILES_KEY]["sub/one.yaml"]
    assert at(document, one["p"]["$ref"]) == tree[FILES_KEY]["sub/two.json"]["x/y"]
    assert at(document, one["q"]["$ref"]) == one["p"]
    assert one["r"]["$ref"] == "#/c/d"
    itself = tree[FILES_KEY]["sub/two.json"]["x/y"]["self"]["$ref"]
    assert at(document, itself) == tree[FILES_KEY]["sub/two.json"]


def test_names_that_need_escaping(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: 'sp%20ace%25~é.yaml#/a%20b~1c%25%7E1%22%7Bid%7D'}\n")
    (folder / "sp ace%~é.yaml").write_text("'a b/c%/\"{id}': found\n", encoding="utf-8")
    document = load(folder)
    ref = document.tree["a"]["$ref"]
    assert ref.isascii() and " " not in ref and '"' not in ref
    assert at(document, ref) == "found"


def test_places_are_those_of_the_file_that_holds_the_node(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: sub/one.yaml}\n", sub__one="# first\np:\n  q: 1\n")
    document = load_document(folder / "root.yaml", Diagnostics(), display="docs/root.yaml")
    place = document.locate(f"/{FILES_KEY}/sub~1one.yaml/p/q")
    assert (place.file, place.line, place.column, place.pointer) == (
        "docs/sub/one.yaml",
        3,
        3,
        "/p/q",
    )
    assert document.excerpt(place) == ("# first", "p:", "  q: 1")
    assert document.locate("/a").file == "docs/root.yaml"


def test_data_is_not_rewritten_and_names_are_not_keywords(folder: Path) -> None:
    ref = "{$ref: one.yaml}"
    write(
        folder,
        root=HEAD + f"""\
schema:
  example: {ref}
  default: {ref}
  const: {ref}
  enum: [{ref}]
  examples: [{ref}]
  properties:
    $ref: {{type: string}}
    example: {ref}
    default: {ref}
    enum: {ref}
    properties:
      properties: {{const: {ref}}}
media:
  examples:
    one: {ref}
    two: {{value: {ref}}}
responses: {{default: {ref}, '200': {ref}}}
""",
        one="{}",
    )
    document = load(folder)
    tree = document.tree
    same, new = {"$ref": "one.yaml"}, {"$ref": f"#/{FILES_KEY}/one.yaml"}
    schema = tree["schema"]
    assert [schema[key] for key in ("example", "default", "const")] == [same] * 3
    assert schema["enum"] == schema["examples"] == [same]
    assert schema["properties"]["$ref"] == {"type": "string"}
    assert [schema["properties"][key] for key in ("example", "default", "enum")] == [new] * 3
    assert schema["properties"]["properties"]["properties"] == {"const": new}
    assert tree["media"]["examples"] == {"one": new, "two": {"value": same}}
    assert tree["responses"] == {"default": new, "200": new}


def test_discriminator_mappings_that_name_files(folder: Path) -> None:
    write(
        folder,
        root=HEAD + """\
a:
  discriminator:
    propertyName: kind
    mapping: {dog: ./dog.yaml, cat: 'dog.yaml#/cat', name: Dog, local: '#/b', odd: v1.2}
    defaultMapping: dog.yaml
b: {}
""",
        dog="cat: {discriminator: {mapping: {x: Cat, y: '#/cat', z: Other}}}\n"
        "components: {schemas: {Cat: {}}}\n",
    )
    document = load(folder)
    prefix = f"#/{FILES_KEY}/dog.yaml"
    discriminator = document.tree["a"]["discriminator"]
    assert discriminator["mapping"] == {
        "dog": prefix,
        "cat": f"{prefix}/cat",
        "name": "Dog",
        "local": "#/b",
        "odd": "v1.2",
    }
    assert discriminator["defaultMapping"] == prefix
    inner = document.tree[FILES_KEY]["dog.yaml"]["cat"]["discriminator"]["mapping"]
    assert inner == {"x": f"{prefix}/components/schemas/Cat", "y": f"{prefix}/cat", "z": "Other"}


def test_mappings_that_lead_nowhere_are_ignored(folder: Path) -> None:
    targets = ("gone.yaml#/Dog", "https://example.com/dog.yaml", "/etc/dog.yaml")
    mapping = "".join(f"    v{index}: '{target}'\n" for index, target in enumerate(targets))
    write(folder, root=f"{HEAD}a:\n  discriminator:\n   propertyName: kind\n   mapping:\n{mapping}")
    diagnostics = Diagnostics()
    document = load_document(folder / "root.yaml", diagnostics)
    diagnostics.raise_errors()
    assert tuple(document.tree["a"]["discriminator"]["mapping"].values()) == targets
    assert [item.id for item in diagnostics.items] == ["unknown-mapping"] * 3


def test_anchors_in_other_files(folder: Path) -> None:
    write(
        folder,
        root=HEAD + "a: {$ref: 'one.yaml#pet'}\nb: {$ref: '#own'}\n",
        one="$defs: {p: {$anchor: pet}}\n",
    )
    tree = load(folder).tree
    assert tree["a"]["$ref"] == f"#/{FILES_KEY}/one.yaml/$defs/p"
    assert tree["b"]["$ref"] == "#own"


def test_a_file_above_the_document(tmp_path: Path, folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: '../common.yaml#/x'}\n")
    write(tmp_path, common="x: {$ref: 'spec/root.yaml#/openapi'}\n")
    document = load(folder)
    assert document.tree["a"]["$ref"] == f"#/{FILES_KEY}/..~1common.yaml/x"
    place = document.locate(f"/{FILES_KEY}/..~1common.yaml/x")
    assert place.file == "../common.yaml"


@pytest.mark.parametrize(
    "ref",
    [
        "https://example.com/a.yaml",
        "HTTP://example.com/a.yaml#/x",
        "//example.com/a.yaml",
        "ftp://example.com/a.yaml",
        "urn:example:a",
    ],
)
def test_remote_references_are_refused(folder: Path, ref: str) -> None:
    write(folder, root=HEAD + f"a:\n  $ref: '{ref}'\n")
    assert refused(folder) == [("remote-ref", 3)]


@pytest.mark.parametrize(
    "ref",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:x.yaml",
        "C:/x.yaml",
        "c:\\x.yaml",
        "\\\\h\\x.yaml",
    ],
)
def test_absolute_references_are_refused(folder: Path, ref: str) -> None:
    write(folder, root=HEAD + f"a:\n  $ref: '{ref}'\n")
    assert refused(folder) == [("absolute-ref", 3)]


def test_all_refused_references_are_reported_at_once(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: 'http://a'}\nb: {$ref: 'http://b'}\nc: {$ref: /c}\n")
    assert refused(folder) == [("remote-ref", 2), ("remote-ref", 3), ("absolute-ref", 4)]


def test_a_remote_reference_in_another_file_is_located_there(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: one.yaml}\n", one="\n\nx:\n  $ref: http://a\n")
    with pytest.raises(SdkpressError) as caught:
        load_document(folder / "root.yaml", Diagnostics(), display="docs/root.yaml")
    place = caught.value.diagnostics[0].location
    assert place is not None
    assert (place.file, place.line) == ("docs/one.yaml", 4)


def test_symbolic_links(tmp_path: Path, folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: link.yaml}\n", real="x: 1\n")
    (folder / "link.yaml").symlink_to(folder / "real.yaml")
    assert load(folder).tree[FILES_KEY] == {"link.yaml": {"x": 1}}
    (tmp_path / "outside.yaml").write_text("x: 1\n")
    (folder / "link.yaml").unlink()
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert refused(folder) == [("escaping-ref", 2)]


def test_what_cannot_be_read_is_a_warning_and_stays(folder: Path) -> None:
    refs = ["none.yaml#/x", "pipe.yaml", "sub", "bad.yaml", "none.yaml#/y", "a%00b.yaml", "x?y=1"]
    members = "".join(f"r{number}: {{$ref: '{ref}'}}\n" for number, ref in enumerate(refs))
    write(folder, root=HEAD + members, bad="a: 'x\n", sub__x="{}")
    os.mkfifo(folder / "pipe.yaml")
    diagnostics = Diagnostics()
    document = load_document(folder / "root.yaml", diagnostics, display="root.yaml")
    assert [document.tree[f"r{n}"]["$ref"] for n in range(len(refs))] == refs
    found = [(item.id, item.location.line) for item in diagnostics.items if item.location]
    ids = ["ref-file-missing"] * 5 + ["invalid-ref"] * 2
    assert found == list(zip(ids, range(2, 9), strict=True))
    assert "bad.yaml:2" in diagnostics.items[3].message


def test_extensions_are_followed_without_complaint(folder: Path) -> None:
    write(
        folder,
        root=HEAD + "x-a: {$ref: one.yaml}\nx-b: {$ref: 'http://a'}\nx-c: {d: {$ref: none.yaml}}\n",
        one="{}",
    )
    tree = load(folder).tree
    assert tree["x-a"]["$ref"] == f"#/{FILES_KEY}/one.yaml"
    assert tree["x-b"]["$ref"] == "http://a"


def test_the_number_of_files_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "MAX_FILES", 20)
    write(folder, root=HEAD + "a: {$ref: f0.yaml}\n")
    write(folder, **{f"f{n}": f"a: {{$ref: f{n + 1}.yaml}}" for n in range(40)})
    with pytest.raises(SdkpressError) as caught:
        load_document(folder / "root.yaml", Diagnostics())
    assert caught.value.diagnostics[0].id == "too-many-files"


def test_the_digest_covers_every_file_and_no_path(tmp_path: Path, folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: one.yaml}\n", one="x: 1\n")
    digest = load(folder).digest
    moved = tmp_path / "moved"
    folder.rename(moved)
    assert load(moved).digest == digest
    write(moved, one="x: 1 # comment\n")
    assert load(moved).digest != digest


def test_a_reference_cannot_leave_the_files_key(folder: Path) -> None:
    write(folder, root=HEAD + "a: {$ref: 'a%2F..%2F..%2Fx.yaml'}\n")
    diagnostics = Diagnostics()
    load_document(folder / "root.yaml", diagnostics)
    assert [item.id for item in diagnostics.items] == ["ref-file-missing"]


def test_the_deepest_document_loads(folder: Path) -> None:
    depth = MAX_DEPTH - 1
    deep = '{"x":' * depth + "1" + "}" * depth
    write(folder, root=f'{{"openapi": "3.1.0", "a": {deep}}}')
    assert load(folder).tree["a"]["x"]


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("swagger: '2.0'\n", "swagger-2"),
        ("- a\n", "not-openapi"),
        ("<html></html>", "not-openapi"),
        ("openapi: 3.0.0\n\t", "invalid-yaml"),
    ],
)
def test_what_is_not_openapi_is_refused(folder: Path, text: str, id: str) -> None:
    write(folder, root=text)
    assert [found for found, _ in refused(folder)] == [id]


def test_a_page_is_a_document_with_places_in_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n  ```yaml\n  openapi: 3.1.0\n  info:\n    title: x\n  ```\n")
    document = load_document(page, Diagnostics(), display="page.md")
    assert document.tree == {"openapi": "3.1.0", "info": {"title": "x"}}
    place = document.locate("/info/title")
    assert (place.file, place.line, place.column) == ("page.md", 6, 5)
    assert document.excerpt(place) == ("  openapi: 3.1.0", "  info:", "    title: x")


# ---------------------------------------------------------------- the documents beside us


@pytest.mark.shared
def test_every_shared_document_loads_or_is_refused_with_a_place(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = shared / "specs"
    if not (specs / "INDEX.tsv").is_file():
        pytest.skip("no ../shared/specs beside the checkout")
    rows = [line.split("\t") for line in (specs / "INDEX.tsv").read_text("utf-8").split("\n")]
    column = rows[0].index("parse_notes")
    refused: set[str] = set()
    for row in filter(lambda row: len(row) > column, rows[1:]):
        diagnostics = Diagnostics()
        try:
            document = load_document(specs / row[0], diagnostics, display=row[0])
        except SdkpressError as error:
            refused.add(row[0])
            found = error.diagnostics
            assert {item.id for item in found} == {"remote-ref"}, row[0]
        else:
            found = diagnostics.items
            assert document.tree["openapi"]
            assert "http_refs" not in row[column], row[0]
            json.dumps(document.tree, allow_nan=False)
            deepest = f"/{next(iter(document.tree))}"
            assert document.locate(deepest).line >= 1
        assert all(item.location is not None and item.location.line >= 1 for item in found), row[0]
        reported = any(item.id == "duplicate-key" for item in found)
        assert reported == ("dup_keys" in row[column]), row[0]
    assert len(refused) == sum("http_refs" in row[column] for row in rows[1:] if len(row) > column)


@pytest.mark.parametrize(
    "schemas",
    [
        "A: {properties: {$ref: '#'}}",
        "A: {properties: {$ref: '#/components/schemas'}}",
        "A: {properties: {x: {properties: {$ref: '#/components/schemas/B'}}}}\n"
        "    B: {properties: {x: {properties: {$ref: '#/components/schemas/A'}}}}",
    ],
)
def test_a_map_that_would_hold_itself_is_no_endless_tree(folder: Path, schemas: str) -> None:
    write(folder, root=f"{HEAD}components:\n  schemas:\n    {schemas}\n")
    diagnostics = Diagnostics()
    document = load_document(folder / "root.yaml", diagnostics, display="root.yaml")
    assert "dangling-ref" in {item.id for item in diagnostics.items}
    json.dumps(document.tree)  # raises ValueError for a tree within itself
