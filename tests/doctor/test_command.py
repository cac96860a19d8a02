"""`sdkpress doctor` as it is called: exit codes, formats, and files that are there."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sdkpress.cli import main
from sdkpress.doctor.reports import SHOWN
from tests.conftest import PROJECT, REPOSITORY, SMALL_DOCUMENT
from tests.doctor.documents import document_of, examples, write

SECRET = "q7Rk2mWc9VtBz4LpXn8sYh3D"
JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI5ODc2NTQzMjEwIiwibmFtZSI6IkphbmUifQ"
    ".Qm3vX8pLk2ZtR7wYc5NdHs1GbUe9FjAo6KiTxWqPzVM"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def doctor(*arguments: str) -> int:
    return main(["doctor", *arguments])


def found_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    doctor(*arguments, "--format", "json")
    return dict(json.loads(capsys.readouterr().out))


def test_exit_code_says_whether_something_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, document_of({}), "fine.yaml")
    write(tmp_path, document_of(examples()["server-sample"]["finds"]), "note.yaml")
    write(tmp_path, document_of(examples()["server-local"]["finds"]), "warning.yaml")
    assert doctor("fine.yaml") == 0
    assert doctor("fine.yaml", "--strict") == 0
    assert doctor("note.yaml") == 0
    assert doctor("note.yaml", "--strict") == 1
    assert doctor("warning.yaml") == 1
    assert doctor("warning.yaml", "--ignore", "server-local") == 0
    assert doctor("warning.yaml", "--ignore", "no-such-rule") == 2
    assert doctor("nothing-there.yaml") == 2
    (tmp_path / "broken.yaml").write_text("openapi: [")
    assert doctor("broken.yaml") == 2


def test_text_shows_place_reason_and_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, document_of(examples()["null-in-enum"]["finds"]))
    assert doctor("spec.yaml") == 1
    printed = capsys.readouterr().out
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.strip() == "size:")
    column = lines[number - 1].index("size") + 1
    assert "warning[null-in-enum]: An enum lists null" in printed
    assert f"spec.yaml:{number}:{column}: `size` lists null" in printed
    assert "(mended by --write)" in printed
    assert "1 warning" in printed


def test_text_is_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = document_of({"schema": {"type": "object", "properties": {}}})
    properties = tree["components"]["schemas"]["Thing"]["properties"]
    for number in range(40):
        properties[f"list{number}"] = {"type": "array"}
    write(tmp_path, tree)
    doctor("spec.yaml")
    printed = capsys.readouterr().out
    assert printed.count("does not say what it holds") == 1 + SHOWN
    assert f"and {40 - SHOWN} more" in printed and "(40 places)" in printed
    doctor("spec.yaml", "--verbose")
    assert capsys.readouterr().out.count("does not say what it holds") == 1 + 40


def test_json_has_everything_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, document_of(examples()["chunk-as-answer"]["finds"]))
    found = found_json(capsys, "spec.yaml")
    first = next(item for item in found["findings"] if item["id"] == "chunk-as-answer")
    pointer = "/paths/~1things/get/responses/200/content/application~1json/schema"
    assert first["pointer"] == pointer
    assert first["file"] == "spec.yaml" and first["severity"] == "error"
    assert first["mend"] == "assumption" and first["reason"] and first["title"]
    assert sum(found["counts"].values()) == len(found["findings"])
    assert found["written"] is None
    found = found_json(capsys, "spec.yaml", "--write", "mends.yaml")
    assert found["written"]["path"] == "mends.yaml"
    assert found["written"]["remaining"] < len(found["findings"])
    failed = found_json(capsys, "missing.yaml")
    assert failed["findings"] == [] and failed["diagnostics"][0]["id"] == "file-not-found"


def test_what_the_generator_reports_is_among_the_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = document_of({"schema": {"$ref": "#/components/schemas/Gone"}})
    tree["paths"]["/a/{id}"] = {"get": {"operationId": "a", "responses": {}}}
    write(tmp_path, tree)
    ids = {item["id"] for item in found_json(capsys, "spec.yaml")["findings"]}
    assert {"dangling-ref", "undeclared-path-parameter"} <= ids


def test_write_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, document_of(examples()["null-in-enum"]["finds"]))
    target = tmp_path / "mends.yaml"
    assert doctor("spec.yaml", "--write", "mends.yaml") == 0
    before = target.read_bytes()
    assert doctor("spec.yaml", "--write", "mends.yaml") == 2
    assert "overlay-exists" in capsys.readouterr().err
    assert target.read_bytes() == before
    target.write_text("something of mine")
    assert doctor("spec.yaml", "--write", "mends.yaml") == 2
    assert doctor("spec.yaml", "--write", "spec.yaml") == 2
    assert target.read_text() == "something of mine"
    os.symlink(tmp_path / "nowhere.yaml", tmp_path / "link.yaml")
    assert doctor("spec.yaml", "--write", "link.yaml") == 2
    assert not (tmp_path / "nowhere.yaml").exists()
    assert doctor("spec.yaml", "--write", "no/such/folder.yaml") == 2
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "link.yaml",
        "mends.yaml",
        "spec.yaml",
    ]


def test_nothing_to_mend_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, document_of(examples()["server-local"]["finds"]))
    assert doctor("spec.yaml", "--write", "mends.yaml") == 1
    assert "mends.yaml is not written" in capsys.readouterr().err
    assert not (tmp_path / "mends.yaml").exists()
    write(tmp_path, document_of({}), "fine.yaml")
    assert doctor("fine.yaml", "--write", "mends.yaml") == 0
    assert not (tmp_path / "mends.yaml").exists()


def test_the_overlay_applies_and_extends_its_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "overlays").mkdir()
    write(tmp_path / "specs", document_of(examples()["inline-schema"]["finds"]), "my things.yaml")
    assert doctor("specs/my things.yaml", "--write", "overlays/mends.yaml") == 0
    overlay = yaml.safe_load((tmp_path / "overlays" / "mends.yaml").read_text())
    assert overlay["extends"] == "../specs/my%20things.yaml"
    capsys.readouterr()
    assert main(["overlay", "apply", "specs/my things.yaml", "overlays/mends.yaml"]) == 0
    applied = yaml.safe_load(capsys.readouterr().out)
    content = applied["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]
    assert list(content["schema"]) == ["$ref"]
    assert doctor("specs/my things.yaml", "--overlay", "overlays/mends.yaml") == 0


def test_a_configured_client_is_examined_with_its_overlays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        PROJECT + 'overlays = ["fix.yaml"]\n[tool.sdkpress.client.names]\nPetSize = "Extent"\n'
    )
    tree = yaml.safe_load(SMALL_DOCUMENT)
    pet = tree["components"]["schemas"]["Pet"]
    pet["properties"]["status"] = {"type": "string", "enum": ["sold", "free"]}
    write(tmp_path, tree, "pets.yaml")
    fix = {
        "overlay": "1.0.0",
        "info": {"title": "Fix", "version": "1"},
        "actions": [{"target": "$.servers[0]", "update": {"url": "http://localhost:80"}}],
    }
    (tmp_path / "fix.yaml").write_text(yaml.safe_dump(fix))
    (tmp_path / "pyproject.toml").write_text(PROJECT + 'overlays = ["fix.yaml"]\n')
    found = found_json(capsys, "pets-client", "--write", "more.yaml")
    local = next(item for item in found["findings"] if item["id"] == "server-local")
    assert local["file"] == "fix.yaml"
    written = yaml.safe_load((tmp_path / "more.yaml").read_text())
    assert "fix.yaml" in written["info"]["description"]
    assert doctor("no-such-client") == 2


def test_secrets_are_found_and_never_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = document_of(
        {
            "schema": {
                "type": "object",
                "properties": {
                    "api_key": {"type": "string", "example": SECRET},
                    "note": {"type": "string", "example": f"Authorization: Bearer {JWT}"},
                    "aws": {"type": "string", "default": "AKIAQ3EGRZ7XUDTNVW5P"},
                    "url": {"type": "string", "example": "postgres://app:hunter9secretly@db.io/x"},
                },
            }
        }
    )
    path = write(tmp_path, tree)
    for format in ("text", "json", "github", "sarif"):
        capsys.readouterr()
        doctor("spec.yaml", "--format", format, "--verbose")
        printed = "".join(capsys.readouterr())
        assert "secret-in-example" in printed
        for secret in (SECRET, JWT, "AKIAQ3EGRZ7XUDTNVW5P"):
            assert secret not in printed
            assert secret[5:12] not in printed
    found = found_json(capsys, "spec.yaml", "--write", "mends.yaml")
    kinds = [item for item in found["findings"] if item["id"] == "secret-in-example"]
    assert len(kinds) == 3  # the password of the URL says that it is none
    overlay = (tmp_path / "mends.yaml").read_text(encoding="utf-8")
    assert not any(secret in overlay for secret in (SECRET, JWT, "AKIAQ3EGRZ7XUDTNVW5P"))
    assert SECRET in path.read_text(encoding="utf-8")
    after = found_json(capsys, "spec.yaml", "--overlay", "mends.yaml")
    assert not [item for item in after["findings"] if item["id"] == "secret-in-example"]


def test_text_of_the_document_is_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = document_of({})
    hostile = "/a\n::error::pwned\x1b[31m,title=x"
    tree["paths"][hostile] = {"get": {"responses": {"204": {"description": "x"}}}}
    write(tmp_path, tree)
    doctor("spec.yaml", "--format", "github")
    lines = capsys.readouterr().out.splitlines()
    assert lines and all(line.startswith(("::warning file=", "::notice file=")) for line in lines)
    assert "\x1b" not in "".join(lines)
    doctor("spec.yaml")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "\n::error" not in printed


def test_sarif_names_files_and_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, document_of(examples()["server-local"]["finds"]))
    doctor("spec.yaml", "--format", "sarif")
    log = json.loads(capsys.readouterr().out)
    schema = REPOSITORY / "tests" / "check" / "sarif.schema.json"
    Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(log)
    assert doctor("missing.yaml", "--format", "sarif") == 2
    failed = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(failed)
    assert not failed["runs"][0]["invocations"][0]["executionSuccessful"]
    run = log["runs"][0]
    result = next(item for item in run["results"] if item["ruleId"] == "doctor/server-local")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "doctor/server-local"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("spec.yaml")
    assert result["level"] == "warning" and place["region"]["startLine"] > 1


WRONG: tuple[Any, ...] = (None, "text", [5], {"$ref": 7}, {"$ref": "#"})
PLACES = (
    ("servers",),
    ("security",),
    ("paths",),
    ("paths", "/things"),
    ("paths", "/things", "get"),
    ("paths", "/things", "get", "parameters"),
    ("paths", "/things", "get", "operationId"),
    ("paths", "/things", "get", "responses"),
    ("paths", "/things", "get", "responses", "200"),
    ("paths", "/things", "get", "responses", "200", "content"),
    ("paths", "/things", "get", "responses", "200", "content", "application/json", "schema"),
    ("paths", "/things", "post", "requestBody"),
    ("components", "schemas", "Thing"),
    ("components", "schemas", "Thing", "properties"),
    ("components", "schemas", "Thing", "properties", "choices"),
    ("components", "schemas", "Thing", "properties", "choices", "items"),
    ("components", "schemas", "Thing", "properties", "object"),
    ("components", "schemas", "Thing", "required"),
    ("components", "schemas", "Thing", "enum"),
    ("components", "schemas", "Thing", "oneOf"),
    ("components", "schemas", "Thing", "discriminator"),
    ("components", "schemas", "Thing", "type"),
    ("components", "schemas", "Thing", "title"),
    ("components", "schemas", "Thing", "example"),
    ("components", "securitySchemes"),
    ("components",),
    ("webhooks",),
)


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_no_document_makes_it_fail(place: tuple[str, ...], tmp_path: Path) -> None:
    base = document_of({**examples()["chunk-as-answer"]["finds"], "request": {"type": "object"}})
    for number, value in enumerate(WRONG):
        tree = copy.deepcopy(base)
        node = tree
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
        write(tmp_path, tree, f"{number}.yaml")
        code = doctor(f"{number}.yaml", "--format", "json", "--write", f"{number}.overlay.yaml")
        assert code in (0, 1, 2)
