"""Hatchling in a process of its own, through the hooks of PEP 517, without a network.

The process sees nothing of the environment that could tell on the archives.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from sdkpress.diagnostics import COMMAND_LINE, Location, fatal, printable

__all__ = ["run_backend"]

# What a process needs to start and to find a folder for temporary files; also on Windows.
_KEPT = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "LD_LIBRARY_PATH")
_PROCESS = Path(__file__).with_name("backend_process.py")
_OLDEST = (1, 28)  # the first with `sbom-files`
_SHOWN = 600


def run_backend(source: Path, out: Path, epoch: int) -> tuple[str, str]:
    """Build `source` into `out`: first the sdist, then of what is in it the wheel. The file names
    of wheel and sdist.

    Raises SdkpressError: `missing-tool` without a hatchling that can do it, `build-failed`.
    """
    _require_hatchling()
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
    }
    # -P: neither the working folder nor the folder of the script is looked into for modules.
    done = subprocess.run(
        [sys.executable, "-P", str(_PROCESS), str(source), str(out)],
        cwd=source,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = printable(lines[-1])[:_SHOWN] if lines else f"exit code {done.returncode}"
        message = f"hatchling cannot build it: {reason}"
        raise fatal("build-failed", message, Location("pyproject.toml", 1, 1))
    names = json.loads(done.stdout.splitlines()[-1])
    return str(names["wheel"]), str(names["sdist"])


def _require_hatchling() -> None:
    needed = f"hatchling {'.'.join(map(str, _OLDEST))} or newer"
    if importlib.util.find_spec("hatchling") is None:
        raise fatal("missing-tool", f"building needs {needed}, which is not there", COMMAND_LINE)
    found = metadata.version("hatchling")
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST:
        raise fatal("missing-tool", f"building needs {needed}, not {found}", COMMAND_LINE)
