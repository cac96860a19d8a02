"""The generator and what it generates, under every supported Python that this machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import GENERATED, REPOSITORY, run

pytestmark = [pytest.mark.slow, pytest.mark.index]


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_every_version_generates_the_committed_bytes(
    environment: Path, tmp_path: Path, generated: Path
) -> None:
    (tmp_path / "openapi-spec").mkdir()
    for source in (REPOSITORY / "openapi-spec").iterdir():
        (tmp_path / "openapi-spec" / source.name).write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((REPOSITORY / "pyproject.toml").read_bytes())
    run(
        [environment, "-m", "sdkpress", "generate"],
        cwd=tmp_path,
        PYTHONPATH=str(REPOSITORY / "generator"),
    )
    made = contents(tmp_path / "generated" / "siray-chat")
    expected = contents(generated)
    assert sorted(made) == sorted(path for path in expected if path in made)
    assert [path for path in made if made[path] != expected[path]] == []
    assert "src/siray_chat/client.py" in made


def test_every_version_passes_the_tests_of_the_generated_package(
    environment: Path, generated: Path, tmp_path: Path
) -> None:
    done = run(
        [environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", GENERATED / "tests"],
        cwd=tmp_path,
        PYTHONPATH=str(GENERATED / "src"),
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert " passed" in done.stdout
