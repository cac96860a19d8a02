"""The same client, the same bytes: whatever the folder, the day, the process, the line ends, and
whatever else lies about."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from sdkpress import building
from sdkpress.building import Built, build
from sdkpress.building.epoch import DEFAULT_EPOCH
from tests.conftest import VERSIONS, find_interpreter, run

PROCESS = Path(building.__file__).with_name("backend_process.py")


def test_a_checkout_elsewhere_gives_the_same_bytes(
    pets: Path, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "an other folder"
    shutil.copytree(pets, other)
    package = other / "src/pets_client"
    for number, path in enumerate(sorted(other.rglob("*"))):
        if path.is_file() and path.name != ".sdkpress.json":
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            os.utime(path, (number, 1_000_000_000 + number))
            path.chmod(0o755 if number % 2 else 0o444)
    (package / "stray.py").write_text("raise SystemExit", encoding="utf-8")
    (package / "__pycache__").mkdir()
    (package / "__pycache__/stray.cpython-311.pyc").write_bytes(b"\0")
    (package / "extras/.notes.swp").write_text("secret", encoding="utf-8")
    (other / ".env").write_text("KEY=secret", encoding="utf-8")
    (other / ".gitignore").write_text("src\n*.json\n", encoding="utf-8")
    (other / "hatch_build.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    (package / "elsewhere").symlink_to("/etc", target_is_directory=True)
    for name, value in (
        ("PYTHONHASHSEED", "4242"),
        ("TZ", "Pacific/Kiritimati"),
        ("LC_ALL", "POSIX"),
        ("PYTHONPATH", str(other)),
        ("HATCH_BUILD_CLEAN", "true"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(other)
    before = os.umask(0o077)
    try:
        again = build(other, tmp_path / "dist", None)
    finally:
        os.umask(before)
    assert again.wheel_sha256 == built.wheel_sha256
    assert again.sdist_sha256 == built.sdist_sha256
    assert again.left_out == ("src/pets_client/stray.py",)
    assert again.edited == ()


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "{}.{}".format(*sys.version_info)])
def test_other_versions_of_python_write_the_same(
    version: str, built: Built, tmp_path: Path
) -> None:
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on PATH or in pyenv")
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (source / "PKG-INFO").unlink()
    (tmp_path / "made").mkdir()
    found = find_spec("hatchling")
    assert found is not None and found.origin is not None
    libraries = str(Path(found.origin).parent.parent)  # pure Python, all that hatchling imports
    command = [interpreter, "-P", PROCESS, source, tmp_path / "made"]
    run(command, cwd=tmp_path, PYTHONPATH=libraries, SOURCE_DATE_EPOCH=str(DEFAULT_EPOCH))
    assert (tmp_path / "made" / built.wheel.name).read_bytes() == built.wheel.read_bytes()
    assert (tmp_path / "made" / built.sdist.name).read_bytes() == built.sdist.read_bytes()


def test_a_plain_build_of_the_project_gives_the_same_wheel(
    pets: Path, built: Built, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    run([*command, pets], cwd=tmp_path)
    assert (tmp_path / built.wheel.name).read_bytes() == built.wheel.read_bytes()


def test_the_epoch_stands_in_both_archives(pets: Path, built: Built, tmp_path: Path) -> None:
    late = build(pets, tmp_path, 1_700_000_000)  # 2023-11-14 22:13:20 UTC
    with zipfile.ZipFile(late.wheel) as archive:
        assert {item.date_time for item in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
    with tarfile.open(late.sdist) as archive:
        assert {item.mtime for item in archive} == {1_700_000_000}
        assert {(item.uid, item.gid, item.uname, item.gname) for item in archive} == {
            (0, 0, "", "")
        }
    assert late.wheel_sha256 != built.wheel_sha256
    with zipfile.ZipFile(late.wheel) as new, zipfile.ZipFile(built.wheel) as old:
        assert [n for n in old.namelist() if old.read(n) != new.read(n)] == []


def test_nothing_but_the_client_gets_in(pets: Path, built: Built) -> None:
    package = {
        path.relative_to(pets / "src").as_posix()
        for path in (pets / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
        record = archive.read("pets_client-0.1.0.dist-info/RECORD").decode()
    added = {name.partition("/")[2] for name in names - package}
    assert added == {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt"),
        *("licenses/LICENSE", "sboms/sbom.cdx.json"),
    }
    assert package <= names and "pets_client/extras/helpers.py" in names
    assert "pets_client/py.typed" in names
    assert len(record.splitlines()) == len(names)
    with tarfile.open(built.sdist) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}
    assert top == {
        *("CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "reference.md"),
        *("sbom.cdx.json", "src", "tests"),
    }
