"""Programs that publishing runs, each in a process of its own that ends with us."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdkpress.diagnostics import COMMAND_LINE, fatal

__all__ = ["Programs", "Ran", "require_modules"]

_EXTRA = "python -m pip install 'sdkpress[publish]'"
# What would lead a child to other packages than those of its environment, or tell it a secret.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_SECRET = "TWINE_"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended, and what it printed on both streams, in lines without colours."""

    code: int
    lines: tuple[str, ...]
    output: str
    """What it printed on its standard output alone."""


class Programs:
    """Runs programs; as a context manager it stops those that still run at the end."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._is_over = True
            left = list(self._running)
        for process in left:
            _kill(process)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        keeps: Sequence[str] = (),
    ) -> Ran:
        """Run a program in `cwd` without standard input. `environment` is added to ours, of which
        it gets neither what concerns this interpreter nor the settings of uploads, but those that
        `keeps` names."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in keeps or (name not in _DROPPED and not name.startswith(_SECRET))
        }
        plain = {"NO_COLOR": "1", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"}
        kept.pop("FORCE_COLOR", None)
        with self._lock:
            if self._is_over:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                [os.fspath(part) for part in command],
                cwd=cwd,
                env={**kept, **plain, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=os.name == "posix",  # so that its own children end with it
            )
            self._running.add(process)
        try:
            output, errors = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        lines = [line.rstrip() for line in f"{output}\n{errors}".splitlines() if line.strip()]
        return Ran(process.returncode, tuple(lines), output)

    def module(
        self,
        name: str,
        *arguments: str | Path,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        keeps: Sequence[str] = (),
    ) -> Ran:
        """Run a module of our own environment as a program: `python -m NAME`."""
        # -P: no module of the working folder stands in for one of the environment.
        command = [sys.executable, "-P", "-m", name, *arguments]
        return self.run(command, cwd=cwd, environment=environment, keeps=keeps)


def _kill(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def require_modules(names: Mapping[str, str]) -> None:
    """Raises SdkpressError (`missing-tool`) naming the distributions of the modules that are not
    installed; `names` has distributions by modules."""
    missing = [names[module] for module in names if importlib.util.find_spec(module) is None]
    if missing:
        listed = ", ".join(missing)
        verb = "is" if len(missing) == 1 else "are"
        message = f"publishing needs {listed}, which {verb} not installed"
        raise fatal("missing-tool", message, COMMAND_LINE, f"Install it: {_EXTRA}")
