"""What a distribution is made of, and what is refused before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdkpress.building import build, read_sources, source_date_epoch
from sdkpress.diagnostics import SdkpressError


def refused(folder: Path, out: Path) -> str:
    """The id of what keeps a client from being built, and that nothing was written."""
    with pytest.raises(SdkpressError) as caught:
        build(folder, out, None)
    assert not out.exists()
    (found,) = caught.value.diagnostics
    return found.id


@pytest.fixture
def client(pets: Path, tmp_path: Path) -> Path:
    shutil.copytree(pets, tmp_path / "client")
    return tmp_path / "client"


def test_a_folder_that_is_no_client(client: Path, tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere", tmp_path / "dist") == "not-a-client"
    assert refused(client / "src", tmp_path / "dist") == "not-a-client"
    (client / ".sdkpress.json").write_text("[]", encoding="utf-8")
    assert refused(client, tmp_path / "dist") == "invalid-manifest"


def test_a_manifest_leads_nowhere_else(client: Path, tmp_path: Path) -> None:
    manifest = client / ".sdkpress.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"LICENSE"', '"../LICENSE"'), encoding="utf-8")
    assert refused(client, tmp_path / "dist") == "invalid-manifest"


def test_a_missing_file(client: Path, tmp_path: Path) -> None:
    (client / "src/pets_client/client.py").unlink()
    assert refused(client, tmp_path / "dist") == "client-incomplete"


@pytest.mark.parametrize("place", ["src/pets_client/client.py", "src/pets_client/extras/own.py"])
def test_a_link_to_a_file(place: str, client: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (client / place).unlink(missing_ok=True)
    (client / place).symlink_to(tmp_path / "secret")
    assert refused(client, tmp_path / "dist") == "linked-file"


@pytest.mark.parametrize("place", ["src/pets_client/models", "src/pets_client/extras/more"])
def test_a_link_to_a_folder(place: str, client: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(client / place, ignore_errors=True)
    (client / place).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert refused(client, tmp_path / "dist") == "linked-file"


def test_a_project_that_the_backend_refuses(client: Path, tmp_path: Path) -> None:
    project = client / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('"Typing :: Typed"', '"Typing :: Type\\u001b[1md"'), "utf-8")
    (tmp_path / "kept").mkdir()
    with pytest.raises(SdkpressError) as caught:
        build(client, tmp_path / "kept", None)
    (found,) = caught.value.diagnostics
    assert found.id == "build-failed"
    assert "classifier" in found.message and "\x1b" not in found.message
    assert list((tmp_path / "kept").iterdir()) == []


def test_files_that_are_the_users(client: Path) -> None:
    (client / "CHANGELOG.md").unlink()
    (client / "src/pets_client/extras/data").mkdir()
    (client / "src/pets_client/extras/data/table.bin").write_bytes(b"\0\r\n")
    (client / "src/pets_client/errors.py").write_text("# edited\r\n", encoding="utf-8", newline="")
    sources = read_sources(client)
    assert "CHANGELOG.md" not in sources.files
    assert sources.files["src/pets_client/extras/data/table.bin"] == b"\0\r\n"
    assert sources.files["src/pets_client/errors.py"] == b"# edited\n"
    assert sources.edited == ("src/pets_client/errors.py",)
    assert sources.package == "pets_client"


def test_other_files_of_the_output_folder_stay(pets: Path, tmp_path: Path) -> None:
    (tmp_path / "pets_client-0.0.9.tar.gz").write_bytes(b"older")
    made = build(pets, tmp_path, None)
    assert {path.name for path in tmp_path.iterdir()} == {
        "pets_client-0.0.9.tar.gz",
        made.wheel.name,
        made.sdist.name,
    }


def test_a_folder_that_cannot_be_written(pets: Path, tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file", encoding="utf-8")
    with pytest.raises(SdkpressError) as caught:
        build(pets, tmp_path / "dist", None)
    (found,) = caught.value.diagnostics
    assert found.id == "file-unwritable"
    assert found.location.file.startswith((tmp_path / "dist").as_posix())
    assert (tmp_path / "dist").read_text(encoding="utf-8") == "a file"


@pytest.mark.parametrize(
    ("value", "epoch"),
    [(None, None), ("", None), ("0", 0), ("1580601600", 1_580_601_600), ("4294967295", 2**32 - 1)],
)
def test_epochs(value: str | None, epoch: int | None) -> None:
    given = {} if value is None else {"SOURCE_DATE_EPOCH": value}
    assert source_date_epoch(given) == epoch


@pytest.mark.parametrize("value", ["now", "-1", "1.5", " 1", "٣", "1e9", "4294967296", "9" * 5000])
def test_epochs_that_are_none(value: str) -> None:
    with pytest.raises(SdkpressError) as caught:
        source_date_epoch({"SOURCE_DATE_EPOCH": value})
    assert [item.id for item in caught.value.diagnostics] == ["invalid-epoch"]
