"""The servers as processes on loopback, which end with the test run."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.peers.prepare import ENVIRONMENT

HERE = Path(__file__).parent
KEY = "sk-peer-0123456789"


@contextlib.contextmanager
def aimock() -> Iterator[str]:
    """aimock: Node's own HTTP server, chunks of a few characters, keys checked."""
    cli = ENVIRONMENT / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    port = _free_port()
    command = ["node", str(cli), "-p", str(port), "-f", str(HERE / "aimock.json")]
    command += ["--chunk-size", "3", "--strict", "--log-level", "warn"]
    with _running(command, port, AIMOCK_API_KEYS=KEY) as url:
        yield url


@contextlib.contextmanager
def fakellm() -> Iterator[str]:
    """fakellm: uvicorn and Starlette, a pause after each chunk."""
    port = _free_port()
    command = [str(ENVIRONMENT / "bin" / "fakellm"), "serve", "--port", str(port)]
    command += ["--config", str(HERE / "fakellm.yaml")]
    with _running(command, port) as url:
        yield url


SERVERS = {"aimock": aimock, "fakellm": fakellm}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextlib.contextmanager
def _running(command: list[str], port: int, **environment: str) -> Iterator[str]:
    log = ENVIRONMENT / f"{Path(command[1] if command[0] == 'node' else command[0]).stem}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        _await(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the server accepts connections. Raises RuntimeError with what it said instead."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text('utf-8', 'replace')}")
