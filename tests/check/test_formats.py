"""The forms of `check` for programs: workflow commands, SARIF 2.1.0, JSON of a failure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sdkpress.check_reports import as_json, failed_sarif, github_lines, repository_root, sarif
from sdkpress.checking import CAUSES, Finding
from sdkpress.diagnostics import SdkpressError, fatal
from tests.conftest import REPOSITORY

HERE = Path(__file__).parent
SARIF = Draft202012Validator(json.loads((HERE / "sarif.schema.json").read_text("utf-8")))
SCHEMA = Draft202012Validator(
    json.loads((REPOSITORY / "docs/schemas/check.schema.json").read_text("utf-8"))
)
DIFF = "--- a\n+++ b\n@@ -4,3 +4,3 @@\n same\n-old ::error::\n+new\x1b[31m\n"


def findings(root: Path) -> list[Finding]:
    edited = (root / "out dir/ü [1].py").as_posix()
    return [
        Finding(
            "pets", "document", (root / "api/pets.yaml").as_posix(), "the document has changed"
        ),
        Finding("pets", "edited", edited, "was edited {0} [x](y)", DIFF, removes=edited),
        Finding("pets", "extra", "/elsewhere/file", "is in the way", causes=("extra", "overlay")),
    ]


def test_the_schema_is_one_and_names_every_cause() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)
    assert set(SCHEMA.schema["$defs"]["cause"]["enum"]) == set(CAUSES)


def test_json_fits_its_schema(tmp_path: Path) -> None:
    SCHEMA.validate(as_json((), ""))
    SCHEMA.validate(as_json(findings(tmp_path), "sdkpress generate"))
    assert not SCHEMA.is_valid({"in_step": True, "findings": [], "repair": "sdkpress generate"})
    assert not SCHEMA.is_valid({"in_step": False, "findings": [], "repair": ""})


def test_a_log_of_sarif(tmp_path: Path) -> None:
    log = sarif(findings(tmp_path), "sdkpress generate", tmp_path)
    SARIF.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert [one["ruleId"] for one in run["results"]] == [
        "check/document",
        "check/edited",
        "check/extra",
    ]
    document, edited, extra = (place(result) for result in run["results"])
    assert document["artifactLocation"] == {"uri": "api/pets.yaml", "uriBaseId": "SRCROOT"}
    assert edited["artifactLocation"]["uri"] == "out%20dir/%C3%BC%20%5B1%5D.py"
    assert edited["region"] == {"startLine": 5}
    assert extra["artifactLocation"] == {"uri": "file:///elsewhere/file"}
    # Brackets would be a link and braces a placeholder (SARIF 3.11.5 and 3.11.6).
    assert r"was edited {{0}} \[x\](y)" in run["results"][1]["message"]["text"]
    assert "\x1b" not in run["results"][1]["message"]["text"]


def test_a_fingerprint_outlives_lines_and_folders(tmp_path: Path) -> None:
    def fingerprints(found: list[Finding], root: Path) -> list[str]:
        results = sarif(found, "", root)["runs"][0]["results"]
        return [result["partialFingerprints"]["sdkpressFinding/v1"] for result in results]

    one = fingerprints(findings(tmp_path / "a"), tmp_path / "a")
    assert one == fingerprints(findings(tmp_path / "b"), tmp_path / "b")
    assert len(set(one)) == 3


def test_a_failure_is_a_log_too(tmp_path: Path) -> None:
    with pytest.raises(SdkpressError) as caught:
        raise fatal("usage", "no {such} client")
    log = failed_sarif(caught.value.diagnostics, tmp_path)
    SARIF.validate(log)
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolConfigurationNotifications"]
    assert notification["descriptor"] == {"id": "usage"}
    assert notification["message"] == {"text": "no {{such}} client"}


def test_workflow_commands_name_files_from_the_repository(tmp_path: Path) -> None:
    _, edited, _ = github_lines(findings(tmp_path), "sdkpress generate", tmp_path)
    assert edited.startswith("::error file=out dir/ü [1].py,line=5,title=pets%3A edited::")
    assert "%0A-old ::error::%0A+new\\x1b[31m%0Arepair: sdkpress generate" in edited
    assert re.fullmatch(r"[^\n\x1b]*", edited)


def test_the_repository_is_the_folder_with_its_git(tmp_path: Path) -> None:
    (tmp_path / "one/two").mkdir(parents=True)
    (tmp_path / ".git").write_text("gitdir: elsewhere")  # as in a work tree beside another one
    assert repository_root(tmp_path / "one/two") == tmp_path


def place(result: dict[str, Any]) -> Any:
    return result["locations"][0]["physicalLocation"]
