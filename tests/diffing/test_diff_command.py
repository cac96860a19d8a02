"""`sdkpress diff` as a command: exit codes, formats, what goes where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sdkpress.cli import main
from sdkpress.diffing.catalog import change_catalog, change_page
from tests.conftest import REPOSITORY
from tests.diffing.comparisons import Edit, shop
from tests.diffing.projects import commit, project, replace

SCHEMA = json.loads((REPOSITORY / "docs/schemas/diff.schema.json").read_text(encoding="utf-8"))


def written(folder: Path, edit: Edit) -> list[str]:
    """An old and a new document; their paths."""
    after = shop()
    edit(after)
    paths = [folder / "old.json", folder / "new.json"]
    for path, tree in zip(paths, (shop(), after), strict=True):
        path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    return [str(path) for path in paths]


def lose(tree: dict[str, Any]) -> None:
    del tree["paths"]["/orders/{id}"]


def gain(tree: dict[str, Any]) -> None:
    tree["paths"]["/shops"] = {"get": {"responses": {"204": {"description": "none"}}}}


def doubt(tree: dict[str, Any]) -> None:
    tree["servers"] = [{"url": "https://shop.example"}]


@pytest.mark.parametrize(
    ("edit", "options", "code"),
    [
        (lambda tree: None, [], 0),
        (gain, [], 0),
        (doubt, [], 0),
        (doubt, ["--fail-on", "risky"], 1),
        (gain, ["--fail-on", "risky"], 0),
        (lose, [], 1),
        (lose, ["--fail-on", "risky"], 1),
        (lose, ["--fail-on", "never"], 0),
    ],
)
def test_the_exit_code_is_the_finding(
    edit: Edit, options: list[str], code: int, tmp_path: Path
) -> None:
    assert main(["diff", *written(tmp_path, edit), *options]) == code


@pytest.mark.parametrize("edit", [lambda tree: None, gain, lose, doubt])
def test_json_is_all_there_is_on_stdout(
    edit: Edit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, edit)
    main(["diff", *paths, "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    known = {entry.id: entry.severities for entry in change_catalog()}
    for change in found["changes"]:
        assert change["axis"] in known[change["id"]]
        places = [change[side] for side in ("old", "new") if change[side] is not None]
        assert all(place["file"] in paths for place in places)
    main(["diff", *paths, "--format", "json"])
    assert json.loads(capsys.readouterr().out) == found


def test_json_of_a_failed_run_is_valid_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "nothing.yaml", "nowhere.yaml", "--format", "json"]) == 2
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    assert [item["id"] for item in found["diagnostics"]] == ["file-not-found"]


@pytest.mark.parametrize("format", ["text", "json", "markdown", "html", "github"])
def test_every_format_can_be_a_file(
    format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, lose)
    assert main(["diff", *paths, "--format", format]) == 1
    printed = capsys.readouterr().out
    assert "orders.delete" in printed
    out = tmp_path / "report"
    assert main(["diff", *paths, "--format", format, "--out", str(out)]) == 1
    assert out.read_text(encoding="utf-8") == printed
    assert not capsys.readouterr().out


def test_an_invalid_call_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, lose)
    assert main(["diff", *paths, "--callers", str(tmp_path / "nowhere")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert main(["diff", *paths, "--out", str(tmp_path / "no" / "file")]) == 2
    assert "file-unwritable" in capsys.readouterr().err


def test_a_document_with_errors_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, lose)
    Path(paths[1]).write_text("openapi: [\n", encoding="utf-8")
    assert main(["diff", *paths]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert "new.json:" in printed.err


def test_a_reference_that_leads_nowhere_is_told_and_has_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lose_schema(tree: dict[str, Any]) -> None:
        del tree["components"]["schemas"]["Item"]

    paths = written(tmp_path, lose_schema)
    assert main(["diff", *paths]) == 1
    printed = capsys.readouterr()
    assert "warning[dangling-ref]: nothing at #/components/schemas/Item" in printed.err
    assert "old.json" not in printed.err
    main(["diff", *paths, "--format", "json"])
    pointers = {
        change["new"]["pointer"]
        for change in json.loads(capsys.readouterr().out)["changes"]
        if change["id"] == "response-body-type-generalized"
    }
    assert pointers == {
        "/paths/~1carts~1{cart}~1items~1{item}/get/responses/200/content/application~1json/schema"
    }


def test_the_same_bytes_under_every_hash_seed(tmp_path: Path) -> None:
    def edit(tree: dict[str, Any]) -> None:
        lose(tree)
        gain(tree)
        tree["components"]["schemas"]["Payment"]["oneOf"].append({"type": "string"})
        tree["components"]["schemas"]["State"]["enum"] = ["lost", "found"]

    command = [sys.executable, "-m", "sdkpress", "diff", *written(tmp_path, edit)]
    outputs = {
        subprocess.run(
            [*command, "--format", "json"],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=False,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["verdict"]["bump"] == "major"


def test_a_client_at_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = project(tmp_path)
    commit(tmp_path, "one")
    monkeypatch.chdir(place)
    replace(place / "specs/pets.yaml", "name: tag", "name: label")
    assert main(["diff", "git:one", "--client", "Pets", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    assert found["old"] == {"name": "git:one", "version": "1.2.0"}
    assert found["new"] == {"name": "working tree", "version": "2.0.0"}
    assert {change["old"]["file"] for change in found["changes"] if change["old"]} == {
        "specs/pets.yaml"
    }


def test_the_page_of_all_changes_is_what_the_catalog_says() -> None:
    """`SDKPRESS_GOLDEN=rewrite` writes it."""
    page = REPOSITORY / "docs" / "changes.md"
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        page.write_text(change_page(), encoding="utf-8", newline="\n")
    assert page.read_text(encoding="utf-8") == change_page()
