"""A part of `make corpus` that is quick: small real documents in full, and a sample of the fixtures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, run

pytestmark = [pytest.mark.shared, pytest.mark.slow]

SMALL = ("museum", "petstore", "ollama", "redocly_cafe", "svix", "line_messaging")
FIXTURES = 100
STEPS = ("types", "wire", "prism", "black")


def corpus(folder: Path, shared: Path, *arguments: str) -> list[dict[str, Any]]:
    """What came of some documents; a traceback of ours fails here."""
    if not (shared / "specs" / "INDEX.tsv").is_file():
        pytest.skip("no ../shared/specs with documents beside the checkout")
    results = folder / "results.json"
    skipped = [part for step in STEPS for part in ("--skip", step)]
    command = [sys.executable, "-m", "tests.corpus", *arguments, *skipped]
    command += ["--work", str(folder), "--results", str(results)]
    paths = {"PYTHONPATH": str(REPOSITORY / "generator"), "SDKPRESS_SHARED": str(shared)}
    done = run(command, cwd=REPOSITORY, check=False, **paths)
    assert results.is_file(), done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))
    return found


def test_real_documents_are_usable(shared: Path, tmp_path: Path) -> None:
    only = [part for name in SMALL for part in ("--only", f"real/{name}")]
    found = corpus(tmp_path, shared, *only)
    assert len(found) == len(SMALL)
    for item in found:
        assert item["outcome"] == "generated", item["message"]
        assert item["problems"] == []
        for count in ("generated", "built", "answered", "answered_async", "typed"):
            assert item[count] == item["operations"], f"{item['document']}: {count}"


def test_fixtures_are_generated_or_refused_with_a_place(shared: Path, tmp_path: Path) -> None:
    found = corpus(tmp_path, shared, "--only", "peers/", "--sample", str(FIXTURES))
    assert len(found) == FIXTURES
    for item in found:
        if item["outcome"] == "refused":
            assert item["place"], item["document"]
        else:
            assert item["outcome"] == "generated", f"{item['document']}: {item['message']}"
            assert item["importable"], f"{item['document']}: {item['problems']}"
            kinds = ("client", "model", "bound to its name")
            assert not [p for p in item["problems"] if p[1] in kinds], item["document"]
