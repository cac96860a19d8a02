"""Type checkers over many generated packages at once: one process for a batch, errors by package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .generating import Generated

__all__ = ["BATCH_LINES", "batches", "mypy_errors", "pyright_errors"]

BATCH_LINES = 120_000
"""Lines of generated code that one process checks, beside what every package brings along."""

_BIN = Path(sys.executable).parent
_LIMIT_SECONDS = 3_000


def batches(packages: Sequence[Generated]) -> list[list[Generated]]:
    """Packages in groups of about equal work; a large one is alone."""
    found: list[list[Generated]] = []
    lines = BATCH_LINES
    for package in sorted(packages, key=lambda package: -package.lines):
        # A package costs something even where it is empty: its runtime is read.
        work = package.lines + 1_000
        if lines + work > BATCH_LINES:
            found.append([])
            lines = 0
        found[-1].append(package)
        lines += work
    return found


def pyright_errors(packages: Sequence[Generated], work: Path) -> dict[str, list[str]]:
    """Messages of pyright (basic) by package, one entry for each; the copied runtime is not checked.

    Raises RuntimeError where pyright did not finish.
    """
    file = work / f"pyright-{packages[0].package}.json"
    settings = {
        "typeCheckingMode": "basic",
        "pythonVersion": "3.11",
        "include": [f"{package.folder.name}/src" for package in packages],
        "exclude": ["**/_runtime", "**/_engine"],
        "venvPath": str(_BIN.parent.parent),
        "venv": _BIN.parent.name,
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [_BIN / "pyright", "--project", file, "--outputjson"],
        capture_output=True, encoding="utf-8", cwd=work, timeout=_LIMIT_SECONDS, check=False,
    )  # fmt: skip
    file.unlink()
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"pyright: {done.stdout[-500:]}{done.stderr[-500:]}") from None
    if report["summary"]["filesAnalyzed"] < len(packages):
        raise RuntimeError(f"pyright looked at {report['summary']['filesAnalyzed']} files only")
    found: dict[str, list[str]] = {package.package: [] for package in packages}
    owners = {package.folder.name: package.package for package in packages}
    for item in report["generalDiagnostics"]:
        if item["severity"] != "error":
            continue
        relative = Path(item["file"]).relative_to(work)
        line = item["range"]["start"]["line"] + 1
        place = relative.relative_to(relative.parts[0]).as_posix()
        found[owners[relative.parts[0]]].append(f"{place}:{line}: {item['message']}")
    return found


def mypy_errors(package: Generated, work: Path) -> list[str]:
    """Messages of `mypy --strict` for one package; of its copied runtime none are shown."""
    files = [
        str(path)
        for path in sorted(package.source.rglob("*.py"))
        if not {"_runtime", "_engine"} & set(path.parts)
    ]
    listed = work / f"mypy-{package.package}.txt"
    listed.write_text("\n".join(files), encoding="utf-8")
    command: list[str | Path] = [
        sys.executable, "-m", "mypy", "--strict", "--python-version=3.11",
        "--follow-imports=silent", "--config-file=", "--no-color-output", "--no-error-summary",
        f"--cache-dir={work / '.mypy_cache'}", f"@{listed}",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", cwd=package.source,
        timeout=_LIMIT_SECONDS, check=False,
    )  # fmt: skip
    listed.unlink()
    if done.returncode > 1 or (done.returncode and not done.stdout):
        raise RuntimeError(f"mypy: {done.stdout[-500:]}{done.stderr[-500:]}")
    return [line for line in done.stdout.splitlines() if re.search(r": error: ", line)]
