"""Processes of a run: the server apart from the clients, warm workers, and processes of one sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LONGEST = 300.0
"""Seconds after which a process of one sample is given up."""


class Failed(RuntimeError):
    """A measurement came to nothing; says why in a line."""


def cores() -> tuple[set[int], set[int]] | None:
    """A core for the server and one for the clients, where the system has two and lets us choose."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    usable = sorted(os.sched_getaffinity(0))
    return ({usable[-1]}, {usable[0]}) if len(usable) > 1 else None


def _pin(process: subprocess.Popen[str], chosen: set[int] | None) -> None:
    if chosen is not None:
        os.sched_setaffinity(process.pid, chosen)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server answers."""

    ports: dict[str, str]
    certificates: Path

    def base(self, port: str, mode: str) -> str:
        """The base URL for a mode; the server's certificate names localhost."""
        if not port:
            return ""
        origin = f"http{'s://localhost' if port == 'tls' else '://127.0.0.1'}:{self.ports[port]}"
        return f"{origin}/{mode}"

    def environment(self) -> dict[str, str]:
        """For clients: no proxies, the same hashes each time, and the server's certificate known."""
        kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        own = {"PYTHONHASHSEED": "0", "SSL_CERT_FILE": str(self.certificates)}
        return {**kept, **own}


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Run the server; it keeps its certificates in the folder."""
    command = (sys.executable, str(HERE / "server.py"), str(folder))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin and process.stdout
        chosen = cores()
        _pin(process, chosen and chosen[0])
        ports = process.stdout.readline().split()
        try:
            named = dict(zip(("answers", "streams", "tls"), ports, strict=True))
            yield Server(named, folder / "certificates.pem")
        finally:
            process.stdin.close()


class Worker:
    """A process with one warm client."""

    def __init__(self, peer: str, paths: Sequence[Path], place: Server) -> None:
        joined = os.pathsep.join(map(str, paths))
        self._process = subprocess.Popen(
            (sys.executable, "-P", str(HERE / "worker.py"), peer, joined),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=place.environment(),
        )
        chosen = cores()
        _pin(self._process, chosen and chosen[1])

    def do(self, **job: Any) -> dict[str, float]:
        """Have it do a job; raises Failed."""
        assert self._process.stdin and self._process.stdout
        try:
            print(json.dumps(job), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError as error:
            raise Failed(f"the worker is gone: {error}") from None
        if not line:
            raise Failed(f"the worker ended with code {self._process.wait()}")
        result: dict[str, Any] = json.loads(line)
        if "error" in result:
            raise Failed(str(result["error"]))
        return result

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def fresh(
    kind: str, peer: str, paths: Sequence[Path], place: Server, base: str
) -> dict[str, float]:
    """A sample of a process of its own (`fresh.py`); raises Failed."""
    chosen = cores()
    pinned = (lambda: os.sched_setaffinity(0, chosen[1])) if chosen else None
    done = subprocess.run(
        (sys.executable, *arguments(kind, peer, paths, base)),
        capture_output=True,
        encoding="utf-8",
        env=place.environment(),
        timeout=LONGEST,
        preexec_fn=pinned,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stderr.strip().rpartition("\n")[2] or f"code {done.returncode}")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def arguments(kind: str, peer: str, paths: Sequence[Path], base: str) -> list[str]:
    """The arguments of an interpreter that runs `fresh.py`."""
    command = ["-P", str(HERE / "fresh.py"), kind, peer, os.pathsep.join(map(str, paths))]
    return [*command, base] if base else command
