"""What a user installs: the wheel, in a clean environment, far from the checkout."""

from __future__ import annotations

import ast
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, SMALL_DOCUMENT, make_environment, run

pytestmark = pytest.mark.slow


def build(what: str, source: Path, folder: Path) -> Path:
    """Build a distribution with the build tools of this environment; nothing is downloaded."""
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{what}", "--outdir", folder]
    run([*command, source], cwd=folder)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", REPOSITORY, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def installed(
    wheel: Path,
    constraints: Path,
    package_index: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The interpreter of a clean environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    return make_environment(sys.executable, folder, ["--constraint", constraints, wheel])


def sources(folder: Path, suffix: str = "") -> set[str]:
    """Relative paths of the files below a folder, without caches."""
    paths = (path for path in folder.rglob(f"*{suffix}") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths if path.suffix != ".pyc"}


def test_the_wheel_holds_the_package_and_the_templates_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {f"sdkpress/{path}" for path in sources(REPOSITORY / "generator" / "sdkpress")}
    templates = {f"sdkpress/templates/{path}" for path in sources(REPOSITORY / "templates")}
    schemas = {f"sdkpress/schemas/{path}" for path in sources(REPOSITORY / "docs/schemas")}
    assert templates and schemas
    assert names == package | templates | schemas


def test_the_metadata_says_what_it_must(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = next(n.split("/")[0] for n in archive.namelist() if ".dist-info/" in n)
        metadata = HeaderParser().parsestr(archive.read(f"{folder}/METADATA").decode())
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
        licence = archive.read(f"{folder}/licenses/LICENSE")
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert licence == (REPOSITORY / "LICENSE").read_bytes()
    assert "sdkpress = sdkpress.cli:main" in entry_points
    assert metadata.get_all("Provides-Extra") == ["callers", "publish"]
    version = ast.literal_eval(
        (REPOSITORY / "generator/sdkpress/__init__.py").read_text().split("__version__ = ")[1]
    )
    assert metadata["Version"] == version


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    top = {path.name for path in source.iterdir()}
    assert top == {
        *("CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"),
        *("docs", "generator", "templates", ".gitignore"),
    }
    (tmp_path / "again").mkdir()
    again = build("wheel", source, tmp_path / "again")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert one.namelist() == other.namelist()
        assert [n for n in one.namelist() if one.read(n) != other.read(n)] == []


@pytest.mark.index
def test_the_installed_command_answers(installed: Path, tmp_path: Path) -> None:
    command = installed.parent / "sdkpress"
    assert run([command, "--version"], cwd=tmp_path).stdout.strip().endswith("0.1.0")
    assert "generate" in run([command, "--help"], cwd=tmp_path).stdout


@pytest.mark.index
def test_the_installed_command_generates_a_package_that_installs_and_passes_its_tests(
    installed: Path, constraints: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another folder"
    elsewhere.mkdir()
    (elsewhere / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8")
    arguments = ["--spec", "pets.yaml", "--out", "out/pets", "--name", "pets-client"]
    run(
        [installed.parent / "sdkpress", "generate", *arguments, "--package", "pets_client"],
        cwd=elsewhere,
    )
    made = elsewhere / "out" / "pets"
    assert (made / "src" / "pets_client" / "py.typed").is_file()

    requirements = ["--constraint", constraints, f"{made}[testing]", "pytest", "hypothesis"]
    clean = make_environment(sys.executable, tmp_path / "clean", requirements)
    imported = run(
        [clean, "-c", "import pets_client as p; print(p.__file__); print(p.__version__)"],
        cwd=tmp_path,
    ).stdout
    assert "site-packages" in imported
    # Its own tests, from a copy, so that they can only meet the installed package.
    (made / "tests").rename(tmp_path / "tests")
    done = run([clean, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=tmp_path)
    assert " passed" in done.stdout
    assert " failed" not in done.stdout
