"""Documents against rewritings of themselves: what says the same in other words is no change, and
what only adds breaks nobody."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import random
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.diffing.wire import wire_changes
from sdkpress.document import Document
from sdkpress.trees import is_mapping, is_sequence
from tests.conftest import REPOSITORY
from tests.corpus.documents import all_documents, sample, shared_specs
from tests.diffing.rewritings import ADDITIONS, EQUIVALENTS

TODAY = date(2030, 1, 1)
CASES = sorted((REPOSITORY / "tests" / "cases").glob("*/spec.*"))
SPECS = shared_specs()
EVERY = all_documents(SPECS) if SPECS else []
REAL = [one.path for one in EVERY if one.is_real]
SMALL = [one.path for one in EVERY if not one.is_real and one.bytes < 60_000]

NOT_MEANT = ("api-version-not-bumped", "api-schema-removed")
"""Ids that a rewriting brings along: it adds or takes away components, or the words of 3.1."""


def _loaded(path: Path) -> Document | None:
    """The document; None where the loader refuses it."""
    try:
        return load_document(path, Diagnostics())
    except SdkpressError:
        return None


def _faults(document: Document) -> list[str]:
    """What is told of rewritings of a document, and should not be."""
    found: list[str] = []
    for rewriting in EQUIVALENTS:
        other = dataclasses.replace(document, tree=rewriting(document.tree))
        changes = (
            *wire_changes(document, other, today=TODAY),
            *wire_changes(other, document, today=TODAY),
        )
        found += [
            f"{rewriting.__name__}: {change.id} {change.subject}: {change.message}"
            for change in changes
            if change.id not in NOT_MEANT
        ]
    for rewriting in ADDITIONS:
        other = dataclasses.replace(document, tree=rewriting(document.tree))
        changes = wire_changes(document, other, today=TODAY)
        found += [
            f"{rewriting.__name__}: {change.id} {change.subject}: {change.message}"
            for change in changes
            if change.severity == "breaking"
        ]
        assert changes or other.tree == document.tree, rewriting.__name__
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_other_words_are_no_change(path: Path) -> None:
    document = _loaded(path)
    assert document is not None
    assert _faults(document) == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_the_form_of_the_file_is_no_change(path: Path, tmp_path: Path) -> None:
    document = _loaded(path)
    assert document is not None
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document.tree), encoding="utf-8")
    written = load_document(other, Diagnostics())
    assert wire_changes(document, written, today=TODAY) == ()


def test_a_document_in_several_files_is_the_same_document(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    parameter = {"name": "q", "in": "query", "schema": {"type": "integer"}}
    answer = {"description": "OK", "content": {"application/json": {"schema": schema}}}

    def written(name: str, *parts: dict[str, Any]) -> Document:
        operation = {"parameters": [parts[0]], "responses": {"200": parts[1]}}
        tree = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {"/a": {"get": operation}},
        }
        (tmp_path / name).write_text(json.dumps(tree), encoding="utf-8")
        return load_document(tmp_path / name, Diagnostics())

    (tmp_path / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    media_type: dict[str, Any] = {"schema": {"$ref": "schema.json"}}
    shared = {
        "answer": {"description": "OK", "content": {"application/json": media_type}},
        "q": parameter,
    }
    (tmp_path / "shared.json").write_text(json.dumps(shared), encoding="utf-8")
    one = written("one.json", parameter, answer)
    several = written("several.json", {"$ref": "shared.json#/q"}, {"$ref": "shared.json#/answer"})
    assert wire_changes(one, several, today=TODAY) == ()
    media_type["schema"] = {"type": "array"}
    (tmp_path / "shared.json").write_text(json.dumps(shared), encoding="utf-8")
    narrowed = written("several.json", {"$ref": "shared.json#/q"}, {"$ref": "shared.json#/answer"})
    [change] = [
        change
        for change in wire_changes(one, narrowed, today=TODAY)
        if change.id == "response-body-type-changed"
    ]
    assert change.new is not None
    assert change.new.file.endswith("shared.json")


@pytest.mark.shared
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path.stat().st_size < 100_000 else pytest.mark.slow)
        for path in REAL
        if path.stat().st_size < 2_000_000
    ],
    ids=lambda path: path.stem,
)
def test_other_words_are_no_change_in_real_documents(path: Path) -> None:
    document = _loaded(path)
    assert document is not None
    assert _faults(document) == []


@pytest.mark.shared
@pytest.mark.parametrize("count", [50, pytest.param(0, marks=pytest.mark.slow)])
def test_other_words_are_no_change_in_documents_of_other_tools(shared: Path, count: int) -> None:
    faults = {
        path.as_posix(): _faults(document)
        for path in sample(SMALL, count)
        if (document := _loaded(path)) is not None
    }
    assert {path: found for path, found in faults.items() if found} == {}


@pytest.mark.shared
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
@pytest.mark.slow
def test_a_real_document_does_not_differ_from_itself(path: Path) -> None:
    document = _loaded(path)
    assert document is not None
    copied = dataclasses.replace(document, tree=json.loads(json.dumps(document.tree)))
    assert wire_changes(document, copied, today=TODAY) == ()
    # Not by equality of the whole alone: with one further path everything else is the same.
    copied.tree["paths"]["/added/by/a/test"] = {"get": {"responses": {"200": {"description": ""}}}}
    found = {change.id for change in wire_changes(document, copied, today=TODAY)}
    assert found == {"endpoint-added", "api-version-not-bumped"}


@pytest.mark.shared
@pytest.mark.parametrize("count", [60, pytest.param(0, marks=pytest.mark.slow)])
def test_any_two_documents_can_be_compared(shared: Path, count: int) -> None:
    documents = [one for path in sample(SMALL, count) if (one := _loaded(path)) is not None]
    chance = random.Random(7)
    for document in documents:
        assert wire_changes(document, document, today=TODAY) == ()
        old = _at_same_path(document)
        new = _at_same_path(chance.choice(documents))
        for change in wire_changes(old, new, today=TODAY):
            assert change.message and change.subject and change.axis == "wire"


def _at_same_path(document: Document) -> Document:
    """The document with its first path at a name that all have."""
    paths = document.tree.get("paths")
    items = list(paths.values()) if is_mapping(paths) else []
    tree = {**document.tree, "paths": {"/a": items[0]} if items else {}}
    return dataclasses.replace(document, tree=tree)


def test_damaged_documents_can_be_compared() -> None:
    chance = random.Random(3)
    for path in CASES:
        document = _loaded(path)
        assert document is not None
        damaged = dataclasses.replace(document, tree=_damaged(document.tree, chance))
        for sides in ((document, damaged), (damaged, document)):
            for change in wire_changes(*sides, today=TODAY):
                assert change.message


_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1.5, "", "x", [], {}, [None], [[]], {"": None}, ["a", {}]),
    *({"$ref": "#"}, {"$ref": 1}, {"$ref": "#/components/schemas/none"}, {"type": ["string", 1]}),
)


def _damaged(tree: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy in which some values are others, which make no sense there."""
    tree = json.loads(json.dumps(tree))
    for _ in range(20):
        places: list[tuple[Any, str | int]] = []
        stack: list[Any] = [tree]
        while stack:
            node = stack.pop()
            if is_mapping(node):
                places += [(node, key) for key in node]
                stack += node.values()
            elif is_sequence(node):
                places += [(node, index) for index in range(len(node))]
                stack += node
        holder, key = chance.choice(places)
        if holder is not tree:
            holder[key] = copy.deepcopy(chance.choice(_ODD))
    return tree


_PRINT_CHANGES = """
import sys
from datetime import date
from pathlib import Path
from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.wire import wire_changes

documents = [load_document(Path(path), Diagnostics()) for path in sys.argv[1:]]
for old in documents:
    for new in documents:
        print(*wire_changes(old, new, today=date(2030, 1, 1)), sep="\\n")
"""


def test_the_answer_is_the_same_under_each_hash_seed() -> None:
    paths = [path for path in CASES if path.parent.name in ("answers", "unions", "security")]

    def answer(seed: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", _PRINT_CHANGES, *map(str, paths)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    assert len(paths) == 3
    first = answer("1")
    assert b"Change(" in first
    assert first == answer("2")
