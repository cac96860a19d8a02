"""Outside vectors: pairs of documents, and what the public catalogue's own tests expect of them.

`ids.tsv` maps their ids to ours. It is short, as ours are theirs wherever the concept is the same.
"""

from __future__ import annotations

import functools
import json
import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.changes import Change
from sdkpress.diffing.wire import wire_changes
from sdkpress.diffing.wire.catalog import wire_ids

pytestmark = pytest.mark.shared

SHARED = Path(os.environ.get("SDKPRESS_SHARED", Path(__file__).parents[3] / "shared"))
FOLDER = SHARED / "oasdiff"
SEVERITY = {"ERR": "breaking", "WARN": "risky", "INFO": "compatible"}
TODAY = date(2026, 1, 1)


def _mapping() -> dict[str, str]:
    lines = Path(__file__).with_name("ids.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {theirs: ours for theirs, ours, *_ in rows}


def _vectors() -> list[dict[str, Any]]:
    path = FOLDER / "vectors.json"
    if not path.is_file():
        return []
    vectors: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return vectors


VECTORS = _vectors()
IDS = _mapping()


@functools.cache
def _changes(base: str, revision: str) -> tuple[Change, ...]:
    old, new = (load_document(FOLDER / name, Diagnostics()) for name in (base, revision))
    return wire_changes(old, new, today=TODAY)


def _found(vector: dict[str, Any]) -> tuple[Change, ...]:
    return _changes(vector["base"], vector["revision"])


def _ours(theirs: str) -> str:
    return IDS.get(theirs, theirs)


def _recall(level: str) -> tuple[Counter[bool], list[str]]:
    counts: Counter[bool] = Counter()
    missed: list[str] = []
    for vector in VECTORS:
        ids = {change.id for change in _found(vector)}
        for entry in vector["expected"]:
            if entry["level"] == level:
                is_found = _ours(entry["id"]) in ids
                counts[is_found] += 1
                if not is_found:
                    missed.append(f"{vector['test']}: {entry['id']}")
    return counts, missed


@pytest.mark.parametrize(("level", "least"), [("ERR", 0.97), ("WARN", 0.95), ("INFO", 0.95)])
def test_what_is_expected_is_found(shared: Path, level: str, least: float) -> None:
    assert shared == SHARED
    counts, missed = _recall(level)
    assert counts.total() >= 20
    assert counts[True] / counts.total() >= least, missed


def _is_negative(vector: dict[str, Any]) -> bool:
    """Whether a vector says that nothing breaks."""
    levels = {entry["level"] for entry in vector["expected"]}
    return vector["scope"] == "all-checks" and "ERR" not in levels


NEGATIVES = [vector for vector in VECTORS if _is_negative(vector)]


@pytest.mark.parametrize("vector", NEGATIVES, ids=lambda vector: vector["test"])
def test_nothing_breaks_where_nothing_is_expected_to(vector: dict[str, Any]) -> None:
    assert [change for change in _found(vector) if change.severity == "breaking"] == []


def test_every_id_of_theirs_is_one_of_ours_with_the_same_severity(shared: Path) -> None:
    lines = (shared / "oasdiff" / "checks.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith(("#", "id\t"))]
    catalog = wire_ids()
    wrong = {
        name: (level, catalog.get(_ours(name)))
        for name, level, *_ in rows
        if _ours(name) not in catalog or catalog[_ours(name)][0] != SEVERITY[level]
    }
    assert len(rows) > 500
    assert wrong == {}
