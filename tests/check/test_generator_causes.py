"""`check` by another generator: its templates, its code, its version alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdkpress.cli import main
from tests.conftest import REPOSITORY, run


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the generator as a checkout has it: code and templates."""
    root = tmp_path_factory.mktemp("other")
    for name in ("generator", "templates"):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, root / name, ignore=without)
    return root


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8", newline="\n")


def check(other: Path, project: Path) -> Any:
    done: subprocess.CompletedProcess[str] = run(
        [sys.executable, "-m", "sdkpress", "check", "--format", "json"],
        cwd=project,
        check=False,
        PYTHONPATH=str(other / "generator"),
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_another_generator_is_told_by_what_it_does(
    other: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert main(["generate", "--quiet"]) == 0
    package, templates = other / "generator/sdkpress", other / "templates"
    # Another version, and a template that writes the same: nothing to say.
    version = (package / "__init__.py").read_text("utf-8").split('__version__ = "')[1].split('"')[0]
    edit(package / "__init__.py", f'__version__ = "{version}"', '__version__ = "99.0"')
    edit(templates / "project/LICENSE.jinja", "", "{# a remark #}")
    assert check(other, project) == {"in_step": True, "findings": [], "repair": ""}
    # A template that writes something else.
    edit(templates / "project/reference.md.jinja", "# Reference", "# The reference")
    found = check(other, project)["findings"]
    assert [finding["cause"] for finding in found] == ["template", "template"]
    assert found[0]["message"].endswith(f"(sdkpress {version} -> 99.0)")
    assert found[1]["path"].endswith("/reference.md") and "+# The reference" in found[1]["diff"]
    # And a module that is copied.
    edit(package / "runtime/lazy.py", '"""Lazy', '"""Very lazy')
    found = check(other, project)["findings"]
    causes = {Path(finding["path"]).name: finding["cause"] for finding in found}
    assert causes == {
        ".sdkpress.json": "template",
        "reference.md": "template",
        "lazy.py": "generator",
        "sbom.cdx.json": "template",  # has a hash of what is copied
    }
