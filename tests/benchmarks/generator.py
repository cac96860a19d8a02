"""What the generator costs beside openapi-python-client, in the same run, with its hooks.

    python tests/benchmarks/generator.py [DOCUMENT…] [--runs N] [--black] [--write]

Every figure is a median; CPU seconds are those of the command and all its children. "Cold" means
that neither an output nor anything cached is there. `--black` adds one run in which black formats
every line; `--write` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from measuring import Cost, Failed, default_documents, machine, median, publish, run, table

BIN = Path(sys.executable).parent
PEER = BIN / "openapi-python-client"
SDKPRESS = BIN / "sdkpress"
PEER_ROW = "openapi-python-client"
_DESCRIPTION = re.compile(rb'"?description"?: *"?(?=[A-Za-z])')


@dataclass
class Project:
    """A folder with one document, which both generators work on."""

    document: Path
    folder: Path
    notes: list[str] = field(default_factory=list)
    peer_options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.spec = self.folder / f"document{self.document.suffix}"
        shutil.copyfile(self.document, self.spec)
        self.spec.chmod(0o644)
        client = f'name = "bench"\nclient = "Api"\nspec = "{self.spec.name}"\nout = "ours"\n'
        (self.folder / "pyproject.toml").write_text(f"[[tool.sdkpress.client]]\n{client}")

    def ours(self, *arguments: str) -> Cost:
        return run((SDKPRESS, *arguments), self.folder, {"SDKPRESS_CACHE": str(self.cache)})

    def peer(self) -> Cost:
        shutil.rmtree(self.folder / "theirs", ignore_errors=True)
        command = (PEER, "generate", "--path", self.spec, "--output-path", "theirs")
        try:
            return run((*command, *self.peer_options), self.folder)
        except Failed:
            if self.peer_options:
                raise
            (self.folder / "peer.yaml").write_text("literal_enums: true\n")
            self.peer_options = ("--config", "peer.yaml")
            self.notes.append(
                f"{PEER_ROW} fails on {self.document.name} as it comes; "
                "measured with `literal_enums: true`."
            )
            return self.peer()

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def forget(self) -> None:
        """Neither an output nor a cache."""
        shutil.rmtree(self.folder / "ours", ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)

    def edit(self, number: int) -> None:
        """Change the first description of a schema."""
        # Bytes, and few of them: a child's peak memory begins with that of this process.
        text = self.document.read_bytes()
        begin = max(text.find(b"schemas:"), text.find(b'"schemas":'), 0)
        found = _DESCRIPTION.search(text, begin)
        if found is None:
            raise Failed(f"{self.document}: no description to change")
        with self.spec.open("wb") as file:
            file.write(memoryview(text)[: found.end()])
            file.write(b"Edit %d. " % number)
            file.write(memoryview(text)[found.end() :])


def measure(project: Project, runs: int, *, with_black: bool) -> dict[str, Cost]:
    """Medians by what was done; the two generators take turns."""
    rounds: dict[str, list[Cost]] = {}

    def note(name: str, cost: Cost) -> None:
        rounds.setdefault(name, []).append(cost)

    for number in range(runs):
        note(PEER_ROW, project.peer())
        project.forget()
        note("default settings, cold", project.ours("generate"))
        project.forget()
        note("`--no-black`, cold", project.ours("generate", "--no-black"))
        note("nothing changed", project.ours("generate", "--no-black"))
        note("`check`", project.ours("check"))
        project.edit(number)
        note("one schema edited", project.ours("generate", "--no-black"))
        shutil.copyfile(project.document, project.spec)
    if with_black:
        project.forget()
        note("`--black`, cold (one run)", project.ours("generate", "--black"))
    return {name: median(costs) for name, costs in rounds.items()}


def rows(name: str, costs: dict[str, Cost]) -> Iterator[tuple[str, ...]]:
    peer = costs[PEER_ROW]
    for what, cost in costs.items():
        ratio = "" if cost is peer else f"{cost.cpu / peer.cpu:.2f}"
        figures = (f"{cost.wall:.2f}", f"{cost.cpu:.2f}", ratio, f"{cost.peak:,.0f}")
        yield (f"{name}: {what}", *figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--black", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    documents = options.documents or default_documents("openai.yaml", "github.json", "stripe.json")
    print(f"generator: {options.runs} runs, {machine()}", flush=True)
    found: list[tuple[str, ...]] = []
    notes: list[str] = []
    for document in documents:
        with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as folder:
            project = Project(document.resolve(), Path(folder))
            costs = measure(project, options.runs, with_black=options.black)
            for row in rows(document.name, costs):
                found.append(row)
                print("{:<55}{:>9}{:>9}{:>7}{:>8}".format(*row), flush=True)
            notes.extend(project.notes)
    header = ("", "wall s", "CPU s", "CPU ratio", "peak MB")
    lines = [f"Medians, {options.runs} run(s); {machine()}.", *notes, "", table(header, found)]
    print(*notes, machine(), sep="\n")
    if options.write:
        publish("generator", "\n".join(lines))


if __name__ == "__main__":
    main()
