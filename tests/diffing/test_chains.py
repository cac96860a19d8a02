"""Twenty edits of the museum's document and of Siray's, one after the other: the bump, what the
changelog says, the lines of a caller that break, and whether the generated tests of the version
before agree when they run with the package of the version after."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.callers.typed.checking import Checker, Source
from sdkpress.pipeline import build
from tests.diffing.chains.chain import (
    NAMES,
    compared,
    drop_garbage,
    lines_that_break,
    outcome,
    steps,
)

long = pytest.mark.skipif(
    "SDKPRESS_CHAINS" not in os.environ,
    reason="takes minutes: `make chains` runs it",
)

CHAINS = [
    pytest.param("museum", False, id="museum"),
    pytest.param("museum", True, id="museum with all callers", marks=long),
    pytest.param("siray", True, id="siray with all callers", marks=long),
]
"""Callers are always looked for where lines break; where none does, by `make chains`."""


@pytest.mark.parametrize(("name", "everywhere"), CHAINS)
def test_each_edit_has_the_bump_the_changelog_and_the_callers(
    name: str, everywhere: bool, tmp_path: Path, checker_folder: Path
) -> None:
    marked = lines_that_break(name)
    wrong: list[str] = []
    count = 0
    for step in steps(name):
        count += 1
        expected = marked.get(step.number, set())
        work = checker_folder if everywhere or expected else None
        found = outcome(name, step, tmp_path, work)
        lines = {call.line for call in found.callers}
        if found.report.verdict.bump != step.bump:
            wrong.append(f"{step.number} {step.edit}: {found.report.verdict.bump}")
        if lines != expected:
            wrong.append(
                f"{step.number} {step.edit}: lines {sorted(lines)}, not {sorted(expected)}"
            )
        missing = [text for text in step.says if text not in found.changelog]
        if missing:
            wrong.append(f"{step.number} {step.edit}: {missing} not in\n{found.changelog}")
        wrong.extend(
            f"{step.number} {step.edit}: no change behind {call.message}"
            for call in found.callers
            if call.change is None
        )
    assert count == 20
    assert wrong == []


@long
@pytest.mark.parametrize("name", NAMES)
def test_the_generated_tests_of_the_version_before_agree(
    name: str, tmp_path: Path, checker_folder: Path
) -> None:
    """Where nothing breaks on the wire or at run time, they pass; where something does that they
    touch, they fail, or do not fit the types any more."""
    checker = Checker(checker_folder)
    wrong: list[str] = []
    for step in steps(name):
        found = compared(step, tmp_path)
        verdict = found.report().verdict
        old, new = found.packages()
        package = found.config.package
        tests = {
            file.path: file.content
            for file in build(found.config, Diagnostics(), black="off").files
            if file.path.startswith("tests/")
        }
        folder = write(tmp_path / f"step{step.number}", {**new, **tests})
        drop_garbage(step)
        ran = run_tests(folder)
        passes = ran.returncode == 0
        if passes:
            passes = not new_type_errors(checker, tests, package, old, new)
        breaks = "breaking" in (verdict.wire, verdict.runtime)
        if not breaks and not passes:
            wrong.append(f"{step.number} {step.edit}: nothing breaks, they fail\n{ran.stdout}")
        if passes != (step.tests == "pass"):
            wrong.append(f"{step.number} {step.edit}: {step.tests} expected\n{ran.stdout[-1500:]}")
    assert wrong == []


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder / "tests")]),
        "PYTEST_ADDOPTS": "",
    }
    words = [
        "-q",
        "--tb=line",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "-c",
        os.devnull,
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--rootdir", str(folder), "tests"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def new_type_errors(
    checker: Checker,
    tests: Mapping[str, bytes],
    package: str,
    old: Mapping[str, bytes],
    new: Mapping[str, bytes],
) -> set[tuple[str, int, str]]:
    """What mypy says of the tests with the new package and did not say with the old one."""
    sources = [
        Source(f"tests_.{Path(name).stem}", name, content.decode())
        for name, content in sorted(tests.items())
        if name.endswith(".py")
    ]
    said: list[set[tuple[str, int, str]]] = []
    for files in (old, new):
        inside = {path.removeprefix(f"src/{package}/"): text for path, text in files.items()}
        checker.install(inside, [package])
        findings = checker.check(sources).findings
        said.append({(item.path, item.line, item.code) for item in findings})
    return said[1] - said[0]
