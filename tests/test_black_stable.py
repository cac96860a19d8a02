"""What the templates print, black would not change: `--no-black` and `--black` write the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdkpress.config import load_config
from tests.conftest import REPOSITORY
from tests.corpus.black_stable import printed_texts, unstable_files
from tests.test_hostile_document import HOSTILE, document

CASES = sorted((REPOSITORY / "tests" / "cases").glob("*/spec.yaml"))
REAL = REPOSITORY.parent / "shared" / "specs" / "real"
SAMPLE = ("museum.yaml", "petstore.yaml", "ollama.yaml", "redocly_cafe_3_2.yaml")


def differences(texts: dict[str, str]) -> str:
    assert texts
    return "\n".join(
        f"{file.path}\n" + "\n".join(file.difference) for file in unstable_files(texts)
    )


@pytest.mark.parametrize("spec", CASES, ids=lambda path: path.parent.name)
def test_case_is_black_stable(spec: Path) -> None:
    assert not differences(printed_texts(spec))


def test_configured_clients_are_black_stable() -> None:
    for client in load_config(REPOSITORY).clients:
        assert not differences(printed_texts(client))


def test_hostile_document_is_black_stable(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(document(HOSTILE)), encoding="utf-8")
    assert not differences(printed_texts(spec))


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_text_alone_is_black_stable(number: int, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(document([HOSTILE[number]] * 7)), encoding="utf-8")
    assert not differences(printed_texts(spec))


@pytest.mark.parametrize("name", SAMPLE)
def test_real_document_is_black_stable(name: str) -> None:
    if not (REAL / name).is_file():
        pytest.skip("../shared is not beside this checkout")
    assert not differences(printed_texts(REAL / name))
