"""`sdkpress mock` as a process, for tests that talk to it from outside."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Mock:
    """A running command. `lines` are those that it has printed so far on stdout."""

    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)


@contextlib.contextmanager
def mock_command(*arguments: str, cwd: Path = REPOSITORY) -> Iterator[Mock]:
    """Run `sdkpress mock` on a free port until the block ends. It must end with 0 and say nothing
    on stderr."""
    command = [sys.executable, "-m", "sdkpress", "mock", *arguments, "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "generator"), "NO_COLOR": "1"}
    environment["PYTHONASYNCIODEBUG"] = ""  # it reports what takes long on a busy machine
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        found = re.search(r"http://[\w.:\[\]]+:\d+", first)
        if found is None:
            process.kill()
            raise AssertionError(f"it did not start: {first}{process.stderr.read()}")
        running = Mock(found.group(), process, [first.rstrip("\n")])
        reader = threading.Thread(target=_collect, args=(process, running.lines), daemon=True)
        reader.start()
        try:
            yield running
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                reader.join(30)
        errors = process.stderr.read()
        assert (process.returncode, errors) == (0, ""), (process.returncode, errors)


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
