"""What the generated client costs beside its peers and the floor, in one interleaved run.

    make bench, make bench-quick, or
    .venv-bench/bin/python tests/benchmarks/client.py [--quick] [--only NAME…] [--write --date DATE]

Prints tables, and keeps every sample in `build/benchmarks/client.json`. `--write` keeps the medians
in recorded/client.json and puts tables and charts of them into docs/benchmarks.md; `--from FILE` does
that with the samples of an earlier run. README.md here says how it is measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import instructions
from charts import shown_charts, write_charts
from measures import Measure, measures
from measuring import ROOT, machine, publish
from records import Samples, medians, results_of, write_record
from running import Failed, Server, Worker, fresh, server
from tables import figures, goals, missed, number, walls

from peers import FLOOR, NAMES, OPENAI, OURS, load

SAMPLE = 0.1
"""Wall seconds that a sample should take, where the number of units is free."""
PATIENCE = 12.0
"""Wall seconds for one measure of one peer, after which it has no further round."""
QUICK = (OURS, FLOOR, "httpx2_by_hand", OPENAI)
"""The peers of a quick run."""
RESULT = ROOT / "build" / "benchmarks" / "client.json"
GENERATED = ROOT / ".venv-bench" / "peers"


class Run:
    """Does measures for peers, and collects the samples."""

    def __init__(self, peers: Sequence[str], paths: Sequence[Path], place: Server) -> None:
        self._peers = peers
        self._paths = paths
        self._place = place
        self._workers: dict[str, Worker] = {}
        self._units: dict[tuple[str, str], int] = {}
        self.samples: Samples = {}
        self.notes: list[str] = []

    def measure(self, measure: Measure, rounds: int) -> None:
        """Round by round, one peer after the other.

        The first round is not counted, unless a peer is so slow that there is no other.
        """
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        spent: dict[str, float] = defaultdict(float)
        able = [
            peer
            for peer in self._peers
            if _has(load(peer), measure.needs) and peer in (measure.peers or NAMES)
        ]
        rounds = 1 if measure.how == "counted" else rounds
        for number_ in range(0 if measure.how == "counted" else -1, rounds):
            for peer in list(able):
                if spent[peer] > PATIENCE:
                    continue
                begun = time.perf_counter()
                try:
                    sample = self._sample(measure, peer)
                except Failed as failure:
                    self.notes.append(f"{measure.title}: {load(peer).TITLE} failed: {failure}")
                    print(self.notes[-1], file=sys.stderr, flush=True)
                    able.remove(peer)
                    continue
                spent[peer] += time.perf_counter() - begun
                if number_ >= 0 or spent[peer] > PATIENCE:
                    found[peer].append(sample)
        self.samples[measure.name] = dict(found)

    def _sample(self, measure: Measure, peer: str) -> dict[str, float]:
        base = self._place.base(measure.port, measure.mode)
        if measure.how == "fresh":
            return fresh(measure.kind, peer, self._paths, self._place, base)
        if measure.how == "counted":
            units = 1_000 if "chunk" in measure.kind else 40
            counted = instructions.per_unit(measure.kind, peer, self._paths, self._place, units)
            return {"instructions": counted}
        worker = self._workers.get(peer)
        if worker is None:
            worker = self._workers[peer] = Worker(peer, self._paths, self._place)
        units = measure.units or self._units.get((measure.name, peer), 0)
        job = {"measure": measure.kind, "base": base, **measure.arguments}
        if units:
            return worker.do(units=units, **job)
        # The first, which does not count, tells how many units a sample is to have.
        begun = time.perf_counter()
        first = 1 if measure.arguments.get("chunks") else 10
        sample = worker.do(units=first, **job)
        begun = time.perf_counter()
        worker.do(units=first, **job)
        each = (time.perf_counter() - begun) / (first + 1)
        self._units[measure.name, peer] = max(1, min(100_000, int(SAMPLE / each)))
        return sample

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()


def _has(peer: Any, needs: str) -> bool:
    """Whether a peer can do it: `Sync.read` is the method of its class."""
    for name in needs.split("."):
        if not hasattr(peer, name):
            return False
        peer = getattr(peer, name)
    return True


def available(names: Sequence[str]) -> list[str]:
    """The peers that are here; of one that is not, a line says so."""
    made = {"openapi_python_client": "siray_opc", "openapi_generator": "siray_oag"}
    found = []
    for name in names:
        if name in made and not (GENERATED / made[name]).is_dir():
            print(f"client: SKIPPED {load(name).TITLE}: its client could not be made")
            continue
        found.append(name)
    return found


def versions(names: Sequence[str]) -> str:
    """The distributions that the figures are of."""
    distributions = sorted({name for peer in names for name in load(peer).PACKAGES})
    return ", ".join(f"{name} {metadata.version(name)}" for name in distributions)


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def page(kept: dict[str, Any]) -> str:
    """What docs/benchmarks.md says about a run."""
    results = results_of(kept)
    notes = "".join(f"{note}.\n" for note in kept["notes"])
    return (
        f"{kept['date']}, {kept['machine']}, {kept['processor']}, {platform.system()}; "
        f"{kept['rounds']} rounds.\n{kept['versions']}.\n{notes}\n"
        f"{shown_charts(results)}\n\n### Goals\n\n{goals(results)}\n\n"
        f"### Figures\n\nCPU unless said.\n\n{figures(results)}\n\n"
        f"### Wall seconds\n\n{walls(results)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer measures, rounds and peers")
    parser.add_argument("--only", nargs="*", default=[], help="measures, by how their names begin")
    parser.add_argument("--peers", nargs="*", choices=NAMES)
    parser.add_argument("--rounds", type=int, default=0)
    package = ROOT / "generated" / "siray-chat" / "src"
    parser.add_argument("--package", type=Path, default=package, help="where siray_chat is")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--date", default=time.strftime("%Y-%m-%d"))
    parser.add_argument("--from", type=Path, dest="source", help="the JSON of an earlier run")
    options = parser.parse_args()
    if options.source:
        kept = json.loads(options.source.read_text(encoding="utf-8"))
    else:
        kept = taken(options)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    results = results_of(kept)
    print(f"\n{figures(results)}\n\n{goals(results)}\n")
    for line in missed(results):
        print(f"short of its goal: {line}")
    if options.write:
        record = write_record(kept)
        write_charts(results_of(record))
        publish("client", page(record))
    return 0


def taken(options: argparse.Namespace) -> dict[str, Any]:
    """A run: every sample, and what they are of."""
    chosen = measures(options.quick, options.only)
    if not instructions.is_available():
        print("client: SKIPPED instruction counts: valgrind is not installed")
        chosen = [measure for measure in chosen if measure.how != "counted"]
    peers = available(options.peers or (QUICK if options.quick else NAMES))
    rounds = options.rounds or (3 if options.quick else 7)
    # Those who import an HTTP library anyway are not slowed by theirs being compiled now.
    paths = [options.package.resolve(), GENERATED]
    kept: dict[str, Any] = {
        "date": options.date,
        "machine": machine(),
        "processor": processor(),
        "versions": versions(peers),
        "rounds": rounds,
    }
    print(f"client: {kept['machine']}, {len(chosen)} measures, {rounds} rounds", flush=True)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as folder:
        with server(Path(folder)) as place:
            run = Run(peers, paths, place)
            for measure in chosen:
                run.measure(measure, rounds)
                print(_line(measure, medians(run.samples)[measure.name]), flush=True)
            run.close()
    print(f"client: {time.perf_counter() - begun:.0f} s, {machine()}")
    return {**kept, "notes": run.notes, "samples": run.samples}


def _line(measure: Measure, found: dict[str, dict[str, float]]) -> str:
    """The figures of a measure, for whoever waits for the rest."""
    parts = (
        f"{load(peer).TITLE} {number(result[measure.main], measure.unit)}"
        for peer, result in found.items()
    )
    return f"{measure.title} ({measure.unit}, {measure.main}): {'; '.join(parts)}"


if __name__ == "__main__":
    raise SystemExit(main())
