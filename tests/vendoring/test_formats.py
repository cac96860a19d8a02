"""The formats of `vendor check` for programs: valid by the schema, and harmless."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema

from sdkpress.vendoring.packages import Origin, requirement_texts
from sdkpress.vendoring.record import Record, parse_record, serialize_record
from tests.conftest import REPOSITORY
from tests.vendoring.revisions import sdkpress, write_package

SCHEMA = json.loads((REPOSITORY / "docs/schemas/vendor-check.schema.json").read_text("utf-8"))


def test_every_answer_is_valid_by_the_schema(host: Path, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    words = ["vendor", "check", "--into", "app/_vendor", "--format", "json"]
    answers = [sdkpress(*words, at=host)]
    sdkpress(
        "vendor",
        "add",
        write_package(tmp_path, "1.0", {"a.py": ""}),
        "--into",
        "app/_vendor",
        at=host,
    )
    answers.append(sdkpress(*words, at=host))
    folder = host / "app" / "_vendor" / "tiny"
    (folder / "a.py").write_text("x\n", "utf-8")
    (folder / "VENDORED.base").unlink()
    answers.append(sdkpress(*words, at=host))
    sdkpress("vendor", "accept", "tiny", "--into", "app/_vendor", at=host)
    (host / "pyproject.toml").unlink()
    answers.append(sdkpress(*words, at=host))
    assert [answer.code for answer in answers] == [2, 0, 1, 1]
    for answer in answers:
        jsonschema.validate(answer.json, SCHEMA)
    assert answers[0].json["diagnostics"][0]["id"] == "vendor-not-found"
    assert answers[3].json["packages"][0]["accepted"] == [{"path": "a.py", "cause": "edited"}]


def test_what_stands_in_files_is_no_command(host: Path, tmp_path: Path) -> None:
    """Edits are shown in annotations and on terminals, and their text is anybody's."""
    sdkpress(
        "vendor",
        "add",
        write_package(tmp_path, "1.0", {"a.py": ""}),
        "--into",
        "app/_vendor",
        at=host,
    )
    path = host / "app" / "_vendor" / "tiny" / "a.py"
    path.write_bytes(b"x = 1\n::error::boo\n\x1b[31mred\n")
    ran = sdkpress("vendor", "check", "--format", "github", at=host)
    assert ran.code == 1 and ran.out.count("\n") == 1 and ran.out.count("::error") == 2
    assert "\x1b" not in ran.out
    assert "\x1b" not in sdkpress("vendor", "check", at=host).out


def test_whatever_metadata_say_the_record_is_toml_and_says_it_too() -> None:
    hostile = 'a"b\\c\nd\x7f\x1b[31m\t€ \U0001f40d'
    record = Record(
        *(hostile, "tiny", hostile, hostile, "", hostile, (hostile, "b")),
        Origin("wheel", hostile, "0" * 64),
        False,
        {"a.py": "0" * 64},
        {"b.py": "deleted"},
        ("a.py",),
    )
    content = serialize_record(record)
    assert b"\x1b" not in content and b"\x7f" not in content
    assert tomllib.loads(content.decode())["name"] == hostile
    assert parse_record(content, "VENDORED.toml") == record
    assert parse_record(content.replace(b"\n", b"\r\n"), "VENDORED.toml") == record


def test_requirements_are_written_in_one_way_and_say_all_they_said() -> None:
    given = [
        "msgspec <1, >=0.19",
        'tool @ https://example.com/tool.whl ; python_version > "3"',
        'rest[b,a]; extra == "testing"',
        "rest [b,a]",
    ]
    assert requirement_texts(given) == (
        "msgspec>=0.19,<1",
        "rest[a,b]",
        'tool @ https://example.com/tool.whl ; python_version > "3"',
    )
