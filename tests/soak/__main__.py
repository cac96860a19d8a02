"""Start the server and both kinds of client, show what they say: ``python -m tests.soak --help``.

Exits with 1 when anything was found: a wrong text, an error that was not planned, a socket, task or
thread that is left, memory that grows, a word on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


_ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
"""What the allocator of glibc keeps for each thread grows for minutes, and hides what is looked for."""


@contextlib.contextmanager
def serving(seed: int, certificate: list[str]) -> Iterator[str]:
    """The server; where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.server", str(seed), *certificate],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        port = int(process.stdout.readline())
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Worker:
    """One client process, and what it says."""

    def __init__(
        self, kind: str, streams: int, url: str, arguments: argparse.Namespace, ca: str
    ) -> None:
        self.kind = kind
        self.findings = 0
        self.summary: dict[str, Any] = {}
        command = [sys.executable, "-W", "error", "-m", "tests.soak.worker", "--kind", kind]
        command += ["--url", url, "--streams", str(streams), "--seconds", str(arguments.seconds)]
        command += ["--seed", str(arguments.seed), "--transport", arguments.transport]
        if arguments.uvloop:
            command.append("--uvloop")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **_ALLOCATOR, **({"SSL_CERT_FILE": ca} if ca else {})},
        )
        self._threads = [
            threading.Thread(target=target) for target in (self._listen, self._listen_to_errors)
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "finding" in said:
                    self._find(said["finding"])
                elif "summary" in said:
                    self.summary = said["summary"]
                else:
                    now = said["progress"]
                    print(
                        f"{now['seconds']:>5} s  {self.kind:<5}  {now['calls']:>9,} calls"
                        f"  {now['memory'] / 1e6:6.1f} MB  {now['sockets']:>4} sockets"
                        f"  {now['findings']} findings",
                        flush=True,
                    )

    def _listen_to_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            said = lines.read()
        if said.strip():
            self._find(f"standard error: {said.strip()[-4000:]}")

    def _find(self, what: str) -> None:
        self.findings += 1
        print(f"FOUND ({self.kind}): {what}", flush=True)

    def wait(self) -> None:
        """Until it has ended."""
        self._process.wait()
        for thread in self._threads:
            thread.join()
        if not self.summary:
            self._find(f"the process ended with {self._process.returncode} and no summary")
            return
        counts = sorted(self.summary["counts"].items(), key=lambda item: -item[1])
        print(f"{self.kind}: " + ", ".join(f"{count:,} {name}" for name, count in counts))
        memory = self.summary["memory"]
        if memory["judged"]:
            print(
                f"{self.kind}: memory {memory['second'] / 1e6:.1f} MB in the second quarter,"
                f" {memory['last'] / 1e6:.1f} MB in the last ({memory['growth']:+.1%})"
            )
        else:
            print(f"{self.kind}: too short to judge the memory (90 s will do)")


def certificates(folder: str) -> list[str]:
    """A certificate of a server on loopback, its key, and who issued it, as files."""
    import trustme

    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    names = [os.path.join(folder, name) for name in ("server.pem", "server.key", "ca.pem")]
    issued.cert_chain_pems[0].write_to_path(names[0])
    issued.private_key_pem.write_to_path(names[1])
    authority.cert_pem.write_to_path(names[2])
    return names


def main() -> int:
    """Run the soak; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--streams", type=int, default=200, help="at once, of the async client")
    parser.add_argument("--threads", type=int, default=50, help="of the sync client")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=("both", "async", "sync"), default="both")
    parser.add_argument("--transport", choices=("default", "httpx2"), default="default")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--uvloop", action="store_true", help="for the async client")
    arguments = parser.parse_args()
    print(f"==> soak: {arguments.seconds:g} s, seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        *certificate, ca = certificates(folder) if arguments.tls else [""]
        with serving(arguments.seed, certificate) as url:
            workers = [
                Worker(kind, streams, url, arguments, ca)
                for kind, streams in (("async", arguments.streams), ("sync", arguments.threads))
                if arguments.kind in ("both", kind)
            ]
            for worker in workers:
                worker.wait()
    findings = sum(worker.findings for worker in workers)
    print(f"==> soak: {findings} findings" if findings else "==> soak: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
