"""Whether the project around a vendored package requires what that needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.vendoring.host import host_warnings
from sdkpress.vendoring.packages import Origin
from sdkpress.vendoring.record import Record
from tests.vendoring.revisions import sdkpress, write_package

NEEDED = ("httptools>=0.8,<0.10", "msgspec>=0.22,<0.23")


def warnings(root: Path, files: dict[str, str]) -> list[tuple[str, str, int]]:
    """What is said of a project of these files: the cause, the file, the line."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    folder = root / "app" / "tiny"
    record = Record(
        *("tiny", "tiny", "1.0", "MIT", "", ">=3.11", NEEDED), Origin("folder", ""), False, {}, {}
    )
    return [(item.cause, Path(item.file).name, item.line) for item in host_warnings(folder, record)]


GOOD = {
    "PEP 621": {
        "pyproject.toml": '[project]\nname = "host"\ndependencies = ["HttpTools", "msgspec>=0.20"]\n'
    },
    "an extra": {
        "pyproject.toml": '[project.optional-dependencies]\napi = ["httptools~=0.9", "msgspec"]\n'
    },
    "a group": {
        "pyproject.toml": '[dependency-groups]\nmain = ["httptools", "msgspec==0.22.*"]\n'
        'all = [{include-group = "main"}]\n'
    },
    "Poetry": {
        "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\nhttptools = "^0.9.1"\n'
        'msgspec = {version = "~0.22", extras = ["yaml"]}\n'
    },
    "setup.cfg": {
        "setup.cfg": "[options]\npython_requires = >=3.12\ninstall_requires =\n"
        "    httptools >= 0.7\n    msgspec != 0.22.0; python_version > '3'\n"
    },
    "requirements.txt": {
        "requirements.txt": "# ours\n-r requirements/base.in\nmsgspec==0.22.1 \\\n"
        "    --hash=sha256:00 # pinned\n-e .\n",
        "requirements/base.in": "httptools[fast]>=0.8  # quick\n-r ../requirements.txt\n",
    },
}


@pytest.mark.parametrize("kind", GOOD)
def test_projects_that_require_what_is_needed(tmp_path: Path, kind: str) -> None:
    assert warnings(tmp_path, GOOD[kind]) == []


BAD: dict[str, tuple[dict[str, str], list[tuple[str, str, int]]]] = {
    "nothing": (
        {"pyproject.toml": '[project]\nname = "host"\n'},
        [("requirement-missing", "pyproject.toml", 1)] * 2,
    ),
    "an older release": (
        {"pyproject.toml": '[project]\ndependencies = [\n  "httptools",\n  "msgspec<0.20",\n]\n'},
        [("requirement-conflict", "pyproject.toml", 4)],
    ),
    "another pin": (
        {"requirements.txt": "httptools==0.10.0\nmsgspec==0.22.5\n"},
        [("requirement-conflict", "requirements.txt", 1)],
    ),
    "Poetry's caret": (
        {"pyproject.toml": '[tool.poetry.dependencies]\nhttptools = "^0.6"\nmsgspec = "*"\n'},
        [("requirement-conflict", "pyproject.toml", 2)],
    ),
    "an older Python": (
        {
            "pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'
            'dependencies = ["httptools", "msgspec"]\n'
        },
        [("python", "pyproject.toml", 1)],
    ),
    "two files that disagree": (
        {
            "pyproject.toml": '[project]\ndependencies = ["httptools", "msgspec"]\n',
            "requirements-dev.txt": "\nmsgspec>=0.23\n",
        },
        [("requirement-conflict", "requirements-dev.txt", 2)],
    ),
    "files that cannot be read": (
        {
            "pyproject.toml": "[project\n",
            "setup.cfg": "nothing",
            "requirements.txt": "msgspec ??\n",
        },
        [("requirement-missing", "pyproject.toml", 1)] * 2,
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_projects_that_do_not(tmp_path: Path, kind: str) -> None:
    files, said = BAD[kind]
    assert warnings(tmp_path, files) == said


def test_a_warning_is_no_finding(host: Path, tmp_path: Path) -> None:
    source = write_package(tmp_path, "1.0", {})
    text = (host / "pyproject.toml").read_text("utf-8").replace("msgspec>=0.22", "msgspec<0.1")
    (host / "pyproject.toml").write_text(text, "utf-8")
    ran = sdkpress("vendor", "add", source, "--into", "app/_vendor", at=host)
    assert ran.code == 0 and "pyproject.toml:4: warning: tiny needs msgspec>=0.22,<0.23" in ran.err
    ran = sdkpress("vendor", "check", at=host)
    assert ran.code == 0 and "warning" in ran.err
    ran = sdkpress("vendor", "check", "--format", "github", at=host)
    assert ran.code == 0 and ran.out.startswith("::warning file=")
    ran = sdkpress("vendor", "check", "--format", "json", at=host)
    assert ran.json["in_step"] and ran.json["warnings"][0]["cause"] == "requirement-conflict"
