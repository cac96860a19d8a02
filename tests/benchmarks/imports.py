"""What the import of a generated package costs, beside that of openapi-python-client's models.

    python tests/benchmarks/imports.py [DOCUMENT] [--resource NAME] [--model NAME] [--runs N] [--write]

Generates both packages, compiles them, and measures processes that import them, less an empty one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from generator import PEER_ROW, Project
from measuring import Cost, default_documents, machine, median, publish, run, table

DOCUMENT = "github.json"


def programs(project: Project, resource: str, model: str) -> Iterator[tuple[str, Path, str]]:
    """What is measured: its name, the folder to import from, and the program."""
    (peer,) = (project.folder / "theirs").glob("*/models")
    package = peer.parent.name
    yield f"{PEER_ROW}: `import` of its models", peer.parents[1], f"import {package}.models"
    client = "import bench; client = bench.Api(base_url='http://localhost')"
    ours = project.folder / "ours" / "src"
    yield "sdkpress: `import` and a client", ours, client
    if resource:
        client = f"{client}; client.{resource}"
        yield f"… and `client.{resource}`", ours, client
    if model:
        yield f"… and `models.{model}`", ours, f"{client}; bench.models.{model}"
        decoding = f"{client}; bench.models.{model}.from_json(b'{{}}')"
        yield "… and decoding one", ours, decoding


def cost_of(program: str, folder: Path, runs: int) -> Cost:
    measured: list[Cost] = []
    for _ in range(runs):
        full, empty = (
            run((sys.executable, "-c", text), folder, {"PYTHONPATH": str(folder)})
            for text in (program, "pass")
        )
        measured.append(Cost(full.wall - empty.wall, full.cpu - empty.cpu, full.peak - empty.peak))
    return median(measured)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("document", nargs="?", type=Path)
    parser.add_argument("--resource", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    document = options.document or default_documents(DOCUMENT)[0]
    if options.document is None and document.name == DOCUMENT:
        options.resource, options.model = "repos.issues", "Issue"
    found: list[tuple[str, ...]] = []
    print(f"imports: {document.name}, {options.runs} runs, {machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as folder:
        project = Project(document.resolve(), Path(folder))
        project.peer()
        project.ours("generate", "--no-black")
        run((sys.executable, "-m", "compileall", "-q", "ours/src", "theirs"), Path(folder))
        floor: Cost | None = None
        for name, place, program in programs(project, options.resource, options.model):
            cost = cost_of(program, place, options.runs)
            floor = floor or cost
            figures = (f"{cost.wall * 1e3:,.0f}", f"{cost.cpu * 1e3:,.0f}", f"{cost.peak:,.0f}")
            ratio = "" if cost is floor else f"{cost.cpu / floor.cpu:.3f}"
            found.append((name, *figures, ratio))
            print("{:<50}{:>9}{:>9}{:>7}{:>8}".format(*found[-1]), flush=True)
    print(machine())
    if options.write:
        header = ("", "wall ms", "CPU ms", "peak MB", "CPU ratio")
        text = f"{document.name}, medians of {options.runs} runs; {machine()}."
        publish("imports", f"{text}\n\n{table(header, found)}")


if __name__ == "__main__":
    main()
