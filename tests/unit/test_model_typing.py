"""Type checkers see models as their users should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USAGE = "tests/unit/sample_usage.py"

pytestmark = pytest.mark.slow


def test_mypy_agrees(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--warn-unused-ignores"]
    command += ["--cache-dir", str(tmp_path), "--explicit-package-bases", USAGE]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"MYPYPATH": f"{ROOT / 'generator'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    findings = [line for line in done.stdout.splitlines() if line.startswith("tests/")]
    assert findings == []
    assert done.returncode in (0, 1), done.stderr


def test_pyright_agrees(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    config = {
        "include": ["."],
        "extraPaths": [str(ROOT / "generator"), str(ROOT)],
        "typeCheckingMode": "strict",
        "reportUnnecessaryTypeIgnoreComment": True,
        "enableTypeIgnoreComments": False,
    }
    (tmp_path / "usage.py").write_text((ROOT / USAGE).read_text())
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, "-p", str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 1
    assert [
        (item["range"]["start"]["line"] + 1, item["message"])
        for item in report["generalDiagnostics"]
    ] == []
