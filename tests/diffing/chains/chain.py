"""Chains of edits: a document, what happens to it step by step, and what each step must lead to."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.callers import broken_calls
from sdkpress.diffing.changes import BrokenCall, Report
from sdkpress.diffing.comparing import Comparison, compare
from sdkpress.diffing.reports import changelog_entry
from sdkpress.diffing.sides import open_sides
from sdkpress.loading import load_overlaid
from tests.conftest import REPOSITORY

HERE = Path(__file__).parent
NAMES = ("museum", "siray")


@dataclass(frozen=True)
class Step:
    """An edit, counted from 1, and what a maintainer expects of it."""

    number: int
    edit: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    bump: str
    says: tuple[str, ...]
    tests: str


@dataclass(frozen=True)
class Outcome:
    report: Report
    changelog: str
    callers: tuple[BrokenCall, ...]


def steps(name: str) -> Iterator[Step]:
    document = first(name)
    edits = yaml.safe_load((HERE / name / "edits.yaml").read_text(encoding="utf-8"))
    for number, item in enumerate(edits, 1):
        edited = deepcopy(document)
        for pointer, value in item.get("set", {}).items():
            put(edited, pointer, value)
        for pointer in item.get("remove", []):
            take(edited, pointer)
        says = tuple(item.get("says", ()))
        yield Step(
            number, item["edit"], document, edited, item["bump"], says, item.get("tests", "pass")
        )
        document = edited


def first(name: str) -> dict[str, Any]:
    """The document that a chain begins with; siray's has its overlay in it."""
    if name == "museum":
        return dict(yaml.safe_load((HERE / name / "document.yaml").read_text(encoding="utf-8")))
    spec = REPOSITORY / "openapi-spec" / "qwen3-max-256k.yaml"
    loaded = load_overlaid(spec, (spec.with_suffix(".overlay.yaml"),), Diagnostics())
    document = json.loads(json.dumps(loaded.tree))
    document["info"]["title"] = "Siray"
    return dict(document)


def put(document: Any, pointer: str, value: object) -> None:
    node, key = parent(document, pointer)
    if isinstance(node, list) and int(key) == len(node):
        node.append(value)
    elif isinstance(node, list):
        node[int(key)] = value
    else:
        node[key] = value


def take(document: Any, pointer: str) -> None:
    node, key = parent(document, pointer)
    del node[int(key) if isinstance(node, list) else key]


def parent(document: Any, pointer: str) -> tuple[Any, str]:
    *way, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    for part in way:
        document = document[int(part) if isinstance(document, list) else part]
    return document, last


def compared(step: Step, folder: Path) -> Comparison:
    """The documents before and after the step, compared; they stay in the folder."""
    paths = [folder / f"{step.number - 1}.json", folder / f"{step.number}.json"]
    for path, document in zip(paths, (step.before, step.after), strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    with open_sides(str(paths[0]), str(paths[1])) as sides:
        return compare(*sides)


def outcome(name: str, step: Step, folder: Path, work: Path | None) -> Outcome:
    """What `diff` says about a step, and to the caller of the chain; nothing to him without `work`."""
    found = compared(step, folder)
    if work is None:
        report = found.report()
        return Outcome(report, changelog_entry(report, "2.0.0"), ())
    callers = folder / "callers"
    callers.mkdir(exist_ok=True)
    (callers / "caller.py").write_bytes((HERE / name / "caller.py").read_bytes())
    old, new = found.packages()
    package = found.config.package
    broken = broken_calls(callers, old, new, package, found.changes, work=work)
    drop_garbage(step)
    report = found.report(broken, callers.as_posix())
    return Outcome(report, changelog_entry(report, "2.0.0"), broken)


def drop_garbage(step: Step) -> None:
    """mypy leaves some 40 MB in cycles at each step, which the collector is slow to look at."""
    if step.number % 5 == 0:
        gc.collect()


def lines_that_break(name: str) -> dict[int, set[int]]:
    """By the number of the step, the lines of the caller that say so."""
    found: dict[int, set[int]] = {}
    text = (HERE / name / "caller.py").read_text(encoding="utf-8")
    for line, code in enumerate(text.split("\n"), 1):
        match = re.search(r"  # !([\d,]+)$", code)
        for number in match[1].split(",") if match else ():
            found.setdefault(int(number), set()).add(line)
    return found
