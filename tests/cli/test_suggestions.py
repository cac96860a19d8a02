"""Did you mean ...? For every kind of word that somebody can mistype."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.cli import main
from sdkpress.suggesting import nearest
from tests.conftest import PROJECT


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["genrate"], "'generate'"),
        (["gen"], "'generate'"),
        (["CHECK"], "'check'"),
        (["overlay", "aply"], "'apply'"),
        (["vendor", "chek"], "'check'"),
        (["generate", "--fromat", "json"], "'--format'"),
        (["generate", "--no_black"], "'--no-black'"),
        (["--verbos", "check"], "'--verbose'"),
        (["check", "--format", "jsn"], "'json'"),
        (["diff", "pets.yaml", "pets.yaml", "--fail-on", "braking"], "'breaking'"),
        (["completion", "zhs"], "'zsh'"),
        (["generate", "pet-client"], "'pets-client'"),
        (["check", "pets_clients"], "'pets-client'"),
        (["inspect", "pets-clinet"], "'pets-client'"),
        (["mock", "pets-clinet"], "'pets-client'"),
        (["build", "pets-clinet"], "'pets-client'"),
        (["diff", "pets.yaml", "pets.yaml", "--client", "pets-clint"], "'pets-client'"),
        (["doctor", "pets.yaml", "--ignore", "mising-operation-id"], "'missing-operation-id'"),
    ],
    ids=str,
)
def test_what_was_meant(
    inside: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: str
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"; did you mean {wanted}?" in captured.err.splitlines()[0], captured.err


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("tool.sdkpress.client", "tool.sdkpress.clinet", "client"),
        ("package", "pakcage", "package"),
        ("env_prefix", "env-prefx", "env_prefix"),
        ('env_prefix = "PETS"', "[tool.sdkpress.client.compatibility]\ntypin = 1", "typing"),
    ],
)
def test_keys_of_the_configuration(
    inside: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, wanted: str
) -> None:
    (inside / "pyproject.toml").write_text(PROJECT.replace(old, new))
    assert main(["check"]) == 2
    assert f"; did you mean `{wanted}`?" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["xyzzy", "", "\x1b[31m", "g" * 10_000])
def test_nothing_is_meant_by_nonsense(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert nearest(word, ["generate", "check"]) == ""
    assert main([word or "-"]) == 2
    err = capsys.readouterr().err
    assert "did you mean" not in err and "\x1b" not in err


def test_the_first_of_equals_is_meant() -> None:
    assert nearest("Musem", ["museum", "Museum"]) == "museum"
    assert nearest("mu", ["museum", "music"]) == ""
