"""Instructions of the client, counted by valgrind: the guard against a slow growth of its costs.

    python tests/benchmarks/instructions.py [--package FOLDER] [--write]

Counts the import of `siray_chat`, one request and one chunk of a stream, sync and async, and the
same of the floor (`peers/floor.py`) in the same interpreter. Fails where ours, as a multiple of the
floor, has grown past what `instructions.json` allows; `--write` allows what is counted now and a
little more. The ratio hardly depends on the machine, and less on the interpreter than a count does.
Without valgrind there is nothing to count: that is said, and is no failure.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from running import LONGEST, Failed, Server, arguments, server

from peers import FLOOR, OURS

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = Path(__file__).resolve().with_name("instructions.json")
SLACK = 1.12
"""How much more than what was counted is allowed; between Python 3.11 and 3.13 ratios differ by 9 %.

The import of the floor, which is msgspec, also varies by a tenth between environments: a quarter more."""
WORKS = {
    "import": ("", ""),
    "request": ("answers", "answer"),
    "async-request": ("answers", "answer"),
    "chunk": ("streams", "backlog"),
    "async-chunk": ("streams", "backlog"),
}
"""What is counted, with the server's port and mode."""
_COUNT = re.compile(r"I +refs: +([\d,]+)")
_TOOL = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def is_available() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def count(kind: str, peer: str, paths: Sequence[Path], place: Server, base: str) -> int:
    """User-space instructions of one process; raises Failed."""
    done = subprocess.run(
        ("valgrind", *_TOOL, sys.executable, *arguments(kind, peer, paths, base)),
        capture_output=True,
        encoding="utf-8",
        env=place.environment(),
        timeout=LONGEST,
        check=False,
    )
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise Failed(done.stderr.strip()[-300:])
    return int(found[1].replace(",", ""))


def per_unit(work: str, peer: str, paths: Sequence[Path], place: Server, units: int) -> float:
    """Instructions of one unit of work, which is what twice as many cost more; raises Failed."""
    base = place.base(*WORKS[work])
    if work == "import":
        units = 1
        kinds = ("units-nothing-0", "units-import-1")
    else:
        kinds = (f"units-{work}-{units}", f"units-{work}-{2 * units}")
    # Once without counting, so that compiled files are there.
    subprocess.run(
        (sys.executable, *arguments(kinds[1], peer, paths, base)),
        stdout=subprocess.DEVNULL,
        env=place.environment(),
        timeout=LONGEST,
        check=True,
    )
    with ThreadPoolExecutor(2) as pool:
        once, twice = pool.map(lambda kind: count(kind, peer, paths, place, base), kinds)
    return (twice - once) / units


def counted(paths: Sequence[Path]) -> dict[str, tuple[float, float]]:
    """For each work, instructions of ours and of the floor."""

    def one(work: str, peer: str) -> float:
        return per_unit(work, peer, paths, place, 400 if "chunk" in work else 40)

    with tempfile.TemporaryDirectory(prefix="sdkpress-bench-") as folder:
        with server(Path(folder)) as place:
            return {work: (one(work, OURS), one(work, FLOOR)) for work in WORKS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    package = ROOT / "generated" / "siray-chat" / "src"
    parser.add_argument("--package", type=Path, default=package)
    parser.add_argument("--write", action="store_true", help="allow what is counted now")
    options = parser.parse_args()
    if not is_available():
        print("instructions: SKIPPED, not checked: valgrind is not installed")
        return 0
    found = counted([options.package])
    ratios = {work: ours / floor for work, (ours, floor) in found.items()}
    if options.write:
        allowed = {
            work: round(ratio * (SLACK + (work == "import") / 4), 3)
            for work, ratio in ratios.items()
        }
        BUDGETS.write_text(json.dumps(allowed, indent=2) + "\n", encoding="utf-8")
    budgets: dict[str, float] = json.loads(BUDGETS.read_text(encoding="utf-8"))
    print(f"{'':<15}{'ours':>14}{'floor':>14}{'ratio':>9}{'allowed':>9}")
    for work, (ours, floor) in found.items():
        verdict = "" if ratios[work] <= budgets[work] else "  TOO MUCH"
        figures = f"{ours:>14,.0f}{floor:>14,.0f}{ratios[work]:>9.3f}{budgets[work]:>9.3f}"
        print(f"{work:<15}{figures}{verdict}")
    over = [work for work, ratio in ratios.items() if ratio > budgets[work]]
    if over:
        print(
            f"instructions: {', '.join(over)}: more than allowed. `valgrind --tool=callgrind` shows "
            "where; if it is worth it, `make instructions ARGS=--write` allows it.",
            file=sys.stderr,
        )
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
