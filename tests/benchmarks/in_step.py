"""What it costs to keep a client in step: `diff` of one edited operation, and `check`.

    python tests/benchmarks/in_step.py [DOCUMENT…] [--runs N] [--write]

Every figure is a median; CPU seconds are those of the command and all its children. In the edited
document one operation lacks one of its query parameters. "Remembered" is what a run in the same
checkout finds; "nothing remembered" has an empty cache, as a fresh checkout has.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import Cost, default_documents, machine, median, publish, run, table

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics

SDKPRESS = Path(sys.executable).parent / "sdkpress"
GOALS = {"diff, one operation edited": 10.0, "check, unchanged, remembered": 0.5}
"""CPU seconds, for the largest document there is."""


def without_a_parameter(tree: dict[str, Any]) -> dict[str, Any]:
    """The document with one parameter less, in the first operation that has one of its own."""
    edited: dict[str, Any] = json.loads(json.dumps(tree))
    for item in edited["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("parameters"):
                operation["parameters"].pop()
                return edited
    edited["paths"].popitem()
    return edited


def costs(document: Path, folder: Path, runs: int) -> Iterator[tuple[str, Cost]]:
    """What each command costs with a document, by what it does."""
    tree = load_document(document, Diagnostics()).tree
    (folder / "old.json").write_text(json.dumps(tree, indent=1))
    (folder / "new.json").write_text(json.dumps(without_a_parameter(tree), indent=1))
    client = 'name = "bench"\nclient = "Api"\nspec = "old.json"\nout = "ours"\n'
    (folder / "sdkpress.toml").write_text(f"[[client]]\n{client}")
    warm = {"SDKPRESS_CACHE": str(folder / "cache")}
    run((SDKPRESS, "generate", "--no-black"), folder, warm)

    def often(*arguments: str, cached: bool = True) -> Cost:
        found = []
        for number in range(runs):
            cache = warm if cached else {"SDKPRESS_CACHE": str(folder / f"empty{number}")}
            found.append(run((SDKPRESS, *arguments), folder, cache))
        return median(found)

    never = ("--fail-on", "never")
    yield "diff, one operation edited", often("diff", "old.json", "new.json", *never)
    html = ("--format", "html", "--out", "report.html")
    yield "the same as HTML", often("diff", "old.json", "new.json", *never, *html)
    yield "diff, nothing edited", often("diff", "old.json", "old.json")
    yield "check, unchanged, remembered", often("check")
    yield "check, unchanged, nothing remembered", often("check", cached=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="What it costs to keep a client in step.")
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    options = parser.parse_args()
    documents = options.documents or default_documents("github.json", "stripe.json")
    rows: list[tuple[str, ...]] = []
    for number, document in enumerate(documents):
        with tempfile.TemporaryDirectory() as folder:
            for what, cost in costs(document, Path(folder), options.runs):
                goal = GOALS.get(what) if number == 0 else None
                judged = (
                    "" if goal is None else f"≤ {goal:g}: {'ok' if cost.cpu <= goal else 'short'}"
                )
                figures = f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak:.0f}"
                rows.append((f"{document.name}: {what}", *figures, judged))
                print(f"{document.name}: {what}: {figures[0]} CPU s", flush=True)
    header = ("", "CPU s", "wall s", "MB", "goal (CPU s)")
    text = f"Medians, {options.runs} runs; {machine()}.\n\n{table(header, rows)}"
    print(f"\n{text}")
    if options.write:
        publish("in step", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
