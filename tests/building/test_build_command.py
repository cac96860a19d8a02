"""`sdkpress build`: what it prints, its exit codes, and what it warns of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sdkpress.cli import main
from tests.conftest import PROJECT, SMALL_DOCUMENT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


def test_a_client_of_the_configuration(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["build"]) == 2
    assert "not-a-client" in capsys.readouterr().err
    assert not (project / "dist").exists()

    assert main(["generate", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["build", "Pets"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = [line.split("  sha256:") for line in printed.out.splitlines()]
    assert [Path(name).name for name, _ in lines] == [
        "pets_client-0.1.0-py3-none-any.whl",
        "pets_client-0.1.0.tar.gz",
    ]
    for name, digest in lines:
        assert hashlib.sha256((project / name).read_bytes()).hexdigest() == digest

    (project / "pets.yaml").write_text(SMALL_DOCUMENT.replace("An animal", "A pet"), "utf-8")
    (project / "generated/pets-client/src/pets_client/own.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert main(["build", "generated/pets-client", "--out", "a/b", "--format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["built"]
    assert told["wheel"]["path"] == "a/b/pets_client-0.1.0-py3-none-any.whl"
    assert told["wheel"]["sha256"] != lines[0][1]
    assert told["left_out"] == ["src/pets_client/own.py"]
    assert told["in_step"] is None  # of a folder nobody knows the document

    assert main(["build", "pets-client"]) == 0
    warned = capsys.readouterr().err
    assert "own.py: left out" in warned
    assert "pets-client is out of step: sdkpress check pets-client" in warned


def test_a_word_is_a_client_before_it_is_a_folder(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose folder has the client's name: it is still known whether it is in step."""
    text = PROJECT.replace("generated/pets-client", "pets-client")
    assert 'out = "pets-client"' in text
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    assert main(["generate", "--quiet", "--no-black"]) == 0
    (project / "pets.yaml").write_text(SMALL_DOCUMENT.replace("An animal", "A pet"), "utf-8")
    capsys.readouterr()
    assert main(["build", "pets-client", "--format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["built"]
    assert told["in_step"] is False


def test_calls_that_cannot_be(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "nobody"]) == 2
    assert "unknown-client" in capsys.readouterr().err


def test_an_epoch_that_is_none(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert main(["build", "--format", "json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["diagnostics"][0]["id"] == "invalid-epoch"


def test_a_backend_that_is_not_there(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["generate", "--quiet"]) == 0
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["build"]) == 2
    assert "sdkpress[publish]" in capsys.readouterr().err
    assert not (project / "dist").exists()
