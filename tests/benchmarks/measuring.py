"""What a command costs, and where the figures go."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "specs" / "real"
"""Documents of well-known services, where the checkout has them beside it."""
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds (user and system, with those of its children) and peak memory (MB)."""

    wall: float
    cpu: float
    peak: float


class Failed(RuntimeError):
    """A measured command came to nothing; carries the end of what it printed."""


def run(
    command: Sequence[str | Path], folder: Path, variables: Mapping[str, str] | None = None
) -> Cost:
    """Run a command in a folder and wait for it. Raises Failed for an exit code other than 0."""
    environment = {**os.environ, **(variables or {})}
    # The tools of the environment that runs this are found by the commands that call others.
    bin_folder = str(Path(sys.executable).parent)
    environment["PATH"] = bin_folder + os.pathsep + environment.get("PATH", "")
    with open(folder / "printed.txt", "w+b") as printed:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            end = printed.read()[-300:].decode(errors="replace").strip()
            raise Failed(f"{command[0]}: exit code {process.returncode}: {end}")
    scale = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 1e6)


def median(costs: Iterable[Cost]) -> Cost:
    listed = list(costs)
    return Cost(
        statistics.median(cost.wall for cost in listed),
        statistics.median(cost.cpu for cost in listed),
        statistics.median(cost.peak for cost in listed),
    )


def machine() -> str:
    """Where and under which load figures were taken."""
    try:
        load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    except OSError:
        load = "unknown"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}"


def default_documents(*names: str) -> list[Path]:
    """The real documents with these names, or else the one of this repository."""
    found = [REAL / name for name in names if (REAL / name).is_file()]
    return found or sorted((ROOT / "openapi-spec").glob("*[!y].yaml"))[:1]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are figures."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    lines.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(lines)


def publish(name: str, text: str) -> None:
    """Replace what stands between the markers of that name in docs/benchmarks.md."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")
