"""A generated client, and what was built of it, once for all tests of building."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.building import Built, build
from sdkpress.cli import main
from tests.conftest import SMALL_DOCUMENT

HEAD = """\
openapi: 3.1.0
info:
  title: Pets
  version: 1.0.0
  contact: {name: "Pets, Inc.", email: api@pets.example.com, url: "https://pets.example.com/help"}
  termsOfService: https://pets.example.com/terms
externalDocs: {url: "https://docs.pets.example.com"}
"""
DOCUMENT = HEAD + SMALL_DOCUMENT.split("\n", 2)[2]


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a generated client, with a hand-written module in it. To be copied, not changed."""
    folder = tmp_path_factory.mktemp("pets")
    spec = folder / "pets.yaml"
    spec.write_text(DOCUMENT, encoding="utf-8")
    arguments = ["--spec", str(spec), "--name", "pets-client", "--client", "Pets", "--quiet"]
    assert main(["generate", *arguments, "--out", str(folder / "client")]) == 0
    own = folder / "client/src/pets_client/extras/helpers.py"
    own.write_text('"""Mine."""\n', encoding="utf-8")
    return folder / "client"


@pytest.fixture(scope="session")
def built(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """What the client gives, without SOURCE_DATE_EPOCH."""
    return build(pets, tmp_path_factory.mktemp("built"), None)
