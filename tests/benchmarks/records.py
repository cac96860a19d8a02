"""The run that docs/benchmarks.md shows: medians, kept beside the programs that took them."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

__all__ = ["RECORD", "medians", "read_record", "results_of", "write_record"]

RECORD = Path(__file__).resolve().parent / "recorded" / "client.json"
_DIGITS = 8

Samples = dict[str, dict[str, list[dict[str, float]]]]
"""Measure, peer, one for each round."""
Medians = dict[str, dict[str, dict[str, float]]]


def medians(samples: Samples) -> Medians:
    """Of each figure. Failures are added up."""

    def one(rounds: list[dict[str, float]]) -> dict[str, float]:
        found = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        if "failures" in found:
            found["failures"] = sum(one["failures"] for one in rounds)
        return found

    return {
        measure: {peer: one(rounds) for peer, rounds in found.items() if rounds}
        for measure, found in samples.items()
    }


def results_of(kept: dict[str, Any]) -> Medians:
    """The medians of a run, which holds them, or else its samples."""
    found: Medians = kept["medians"] if "medians" in kept else medians(kept["samples"])
    return found


def write_record(kept: dict[str, Any]) -> dict[str, Any]:
    """Keep a run without its samples, with eight digits of what is no whole number; return what is kept."""
    record = {key: value for key, value in kept.items() if key not in ("samples", "medians")}
    record["medians"] = {
        measure: {
            peer: {name: _rounded(value) for name, value in figures.items()}
            for peer, figures in found.items()
        }
        for measure, found in results_of(kept).items()
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def read_record() -> dict[str, Any]:
    """The run that is kept."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def _rounded(value: float) -> float:
    return int(value) if value == int(value) else float(f"{value:.{_DIGITS}g}")
