"""A short soak of the fake server; `make soak-fake` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("way", ["loopback", "in-process"])
@pytest.mark.parametrize("kind", ["async", "sync"])
def test_clients_of_the_fake_server_leave_nothing_behind(kind: str, way: str) -> None:
    command = [sys.executable, "-m", "tests.soak.fake", "--seconds", "2", "--clients", "50"]
    done = subprocess.run(
        [*command, "--kind", kind, "--way", way],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "nothing found" in done.stdout
