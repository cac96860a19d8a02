"""What is found of changes in everything but schemas, by small pairs of documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.bundling import load_document
from sdkpress.cli import main
from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.wire import wire_changes
from sdkpress.diffing.wire.operation_ids import OPERATION_IDS
from sdkpress.document import Document

TABLE = Path(__file__).with_name("operation_changes.yaml")
CASES: list[dict[str, Any]] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
TODAY = date(2030, 1, 1)


def _document(folder: Path, name: str, case: Mapping[str, Any], side: str) -> Document:
    part = {**case.get("both", {}), **case.get(side, {})}
    if not case.get("document"):
        part = {"responses": {"200": {"description": "OK"}}, **part}
        part = {"paths": {"/things": {"post": part}}}
    base = {"openapi": "3.2.0", "info": {"title": "T", "version": "one"}, "paths": {}}
    path = folder / name
    path.write_text(json.dumps({**base, **part}, indent=1), encoding="utf-8")
    return load_document(path, Diagnostics())


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_what_is_found_is_what_the_table_says(case: dict[str, Any], tmp_path: Path) -> None:
    old = _document(tmp_path, "old.json", case, "old")
    new = _document(tmp_path, "new.json", case, "new")
    changes = wire_changes(old, new, today=TODAY)
    listed = any(text.startswith("api-version-not-bumped") for text in case["found"])
    found = [
        f"{change.id} {change.severity}"
        for change in changes
        if listed or change.id != "api-version-not-bumped"
    ]
    assert sorted(found) == case["found"]
    assert wire_changes(old, old, today=TODAY) == ()


def test_the_table_has_every_id() -> None:
    listed = {text.split()[0] for case in CASES for text in case["found"]}
    assert set(OPERATION_IDS) <= listed


def test_a_change_has_its_place_on_both_sides(tmp_path: Path) -> None:
    parameters = [{"name": "a", "in": "query"}, {"name": "b", "in": "query"}]
    case = {
        "old": {"parameters": parameters},
        "new": {"parameters": [{**parameters[1], "required": True}, parameters[0]]},
    }
    old = _document(tmp_path, "old.json", case, "old")
    new = _document(tmp_path, "new.json", case, "new")
    [change] = [
        change for change in wire_changes(old, new) if change.id != "api-version-not-bumped"
    ]
    assert change.subject == "POST /things"
    assert change.old and change.new
    assert change.old.pointer == "/paths/~1things/post/parameters/1"
    assert change.new.pointer == "/paths/~1things/post/parameters/0/required"
    lines = (tmp_path / "new.json").read_text(encoding="utf-8").splitlines()
    assert '"required"' in lines[change.new.line - 1]


def test_a_change_lists_the_operations_that_it_concerns(tmp_path: Path) -> None:
    def paths(name: str, type: str) -> dict[str, Any]:
        shared = {"name": name, "in": "path", "required": True}
        uses = {"requestBody": {"$ref": "#/components/requestBodies/B"}}
        body = {"content": {"application/json": {"schema": {"type": type}}}}
        return {
            "document": True,
            "paths": {f"/a/{{{name}}}": {"parameters": [shared], "put": uses}, "/b": {"put": uses}},
            "components": {"requestBodies": {"B": body}, "schemas": {type: {}}},
        }

    case = {"document": True, "old": paths("id", "string"), "new": paths("key", "integer")}
    old = _document(tmp_path, "old.json", case, "old")
    new = _document(tmp_path, "new.json", case, "new")
    found = {change.id: change for change in wire_changes(old, new)}
    narrowed = found["request-body-type-changed"]
    assert narrowed.operations == ("PUT /a/{id}", "PUT /a/{key}", "PUT /b")
    assert narrowed.subject == "PUT /a/{key} and 1 other operation"
    assert found["api-schema-removed"].operations == ()


@pytest.mark.parametrize(("day", "code"), [("2030-05-31", 1), ("2030-06-01", 0)])
def test_the_day_of_judgement_is_an_option(day: str, code: int, tmp_path: Path) -> None:
    parameter = {"name": "a", "in": "query", "deprecated": True, "x-sunset": "2030-06-01"}
    case = {"old": {"parameters": [parameter]}}
    old = _document(tmp_path, "old.json", case, "old")
    new = _document(tmp_path, "new.json", case, "new")
    found = {change.severity for change in wire_changes(old, new, today=date.fromisoformat(day))}
    assert ("breaking" in found) is bool(code)
    report = tmp_path / "report.json"
    options = ["--format", "json", "--out", str(report), "--today", day]
    main(["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), *options])
    changes = json.loads(report.read_text(encoding="utf-8"))["changes"]
    severities = {change["severity"] for change in changes if change["axis"] == "wire"}
    assert ("breaking" in severities) is bool(code)
