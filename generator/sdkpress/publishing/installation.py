"""Steps of the gate: what users get. The archives are installed, imported, typed and tested in
environments with nothing else in them."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from packaging.version import Version

from sdkpress.publishing.candidate import Candidate
from sdkpress.publishing.environments import make_environment
from sdkpress.publishing.steps import Refusal

__all__ = ["sdist", "tests", "types", "wheel"]

_MAX_LINES = 30
_SUMMARY = re.compile(r"\b\d+ (?:passed|failed|error)")
_IMPORT = """\
import importlib, json, sys
package = importlib.import_module(sys.argv[1])
for name in package.__all__:
    getattr(package, name)
print(json.dumps([package.__file__, package.__version__, len(package.__all__)]))
"""


def wheel(candidate: Candidate) -> str:
    """The wheel installs with its requirements for tests, and its public names import."""
    python, found = _installed(candidate, "wheel", candidate.archives.wheel, "[testing]")
    candidate.wheel_python = python
    return found


def sdist(candidate: Candidate) -> str:
    """The same for the sdist, which is built on the way."""
    return _installed(candidate, "sdist", candidate.archives.sdist, "")[1]


def tests(candidate: Candidate) -> str:
    """The tests in the client's folder, hand-written ones too, pass with the installed wheel."""
    assert candidate.wheel_python is not None
    # A copy, so that nothing of the folder can be imported but the tests.
    place = candidate.question.scratch / "a copy of the tests" / "tests"
    source = candidate.question.config.out / "tests"
    if not source.is_dir():
        raise Refusal("it has no tests", f"sdkpress generate {candidate.question.config.name}")
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    # A configuration of pytest in a folder above is none of ours.
    settings = place.parent / "empty.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    command: list[str | Path] = [candidate.wheel_python, "-m", "pytest", "-q", "-c", settings]
    command += ["-p", "no:cacheprovider", "--import-mode=prepend", place]
    ran = candidate.programs.run(command, cwd=place.parent)
    summary = next((line for line in reversed(ran.lines) if _SUMMARY.search(line)), "")
    if ran.code != 0 or not summary:
        last = summary or (ran.lines[-1] if ran.lines else f"exit code {ran.code}")
        failed = [line for line in ran.lines if line.startswith(("FAILED", "ERROR", "E  "))]
        help = f"Repair what fails in {source.as_posix()}, or what it shows."
        raise Refusal(f"its tests fail: {last}", help, (failed or ran.lines)[-_MAX_LINES:])
    return re.sub(r"\s+in [\d.]+s.*", "", summary.strip("= "))


def types(candidate: Candidate) -> str:
    """`pyright --verifytypes` knows the type of everything public."""
    assert candidate.wheel_python is not None
    package = candidate.question.config.package
    folder = candidate.question.scratch / "empty"  # in another one it would look for a project
    folder.mkdir()
    # It looks for the package in the environment that is active, whatever --pythonpath says.
    programs = candidate.wheel_python.parent
    active = {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(programs.parent),
    }
    ran = candidate.programs.module(
        *("pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson"),
        cwd=folder,
        environment=active,
    )
    try:
        report: Any = json.loads(ran.output)["typeCompleteness"]
        score = float(report["completenessScore"])
        symbols: list[Any] = report["symbols"]
    except (ValueError, KeyError, TypeError):
        last = ran.lines[-1] if ran.lines else f"exit code {ran.code}"
        raise Refusal(f"pyright cannot tell: {last}", "", ran.lines[-_MAX_LINES:]) from None
    if score < 1 or not symbols:
        unknown = [str(item["name"]) for item in symbols if not item.get("isTypeKnown", True)]
        message = f"pyright knows {score:.1%} of the types"
        help = "Write types in extras/, if it is there; else report it, as generated code has all."
        raise Refusal(message, help, unknown[:_MAX_LINES])
    exported = sum(1 for item in symbols if item.get("isExported"))
    return f"100 % of {exported} public names"


def _installed(candidate: Candidate, name: str, archive: Path, extras: str) -> tuple[Path, str]:
    question = candidate.question
    folder = question.scratch / f"environment {name}"
    folder.mkdir()
    requirement = f"{archive.resolve()}{extras}"
    python, ran = make_environment(candidate.programs, folder, [requirement], question.sources)
    if ran.code != 0:
        wrong = [line for line in ran.lines if "error" in line.lower()] or list(ran.lines)
        last = wrong[-1] if wrong else f"exit code {ran.code}"
        help = (
            "Its requirements must be to be had: --index-url URL and --find-links DIR say where, "
            "as for pip."
        )
        raise Refusal(f"{archive.name} cannot be installed: {last}", help, ran.lines[-_MAX_LINES:])
    empty = folder / "cwd"
    empty.mkdir()
    ran = candidate.programs.run([python, "-c", _IMPORT, question.config.package], cwd=empty)
    if ran.code != 0:
        last = ran.lines[-1] if ran.lines else f"exit code {ran.code}"
        help = "Report it: a generated package imports with nothing but its requirements."
        raise Refusal(f"it cannot be imported: {last}", help, ran.lines[-_MAX_LINES:])
    place, version, count = json.loads(ran.output.splitlines()[-1])
    if not Path(place).resolve().is_relative_to(folder.resolve()):
        raise Refusal(f"another {question.config.package} was imported: {place}", "")
    if Version(version) != Version(question.config.version):
        message = f"the package says that it is {version}, not {question.config.version}"
        raise Refusal(message, f"sdkpress generate {question.config.name}")
    return python, f"{count} public names"
