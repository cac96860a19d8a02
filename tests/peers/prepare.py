"""Install servers and clients, pinned, into ``.venv-peers``; done once for each state of the pins.

``python -m tests.peers.prepare``. Exits with 2 and a line that says what is missing.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".venv-peers"
SERVERS = ("requirements.txt", "package.json", "package-lock.json")
CLIENTS = {"litellm": ("litellm_calls",), "agents": ("pydantic_ai_calls", "langchain_calls")}
"""Environments for clients, which do not agree on one ``openai``, and the programs that run in each."""
PINS = (*SERVERS, *(f"clients/{name}.txt" for name in CLIENTS))


def fingerprint() -> str:
    """What the pins and the interpreter are."""
    digest = hashlib.sha256(sys.version.encode())
    for name in PINS:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def is_prepared() -> bool:
    """Whether what the present pins name is installed."""
    stamp = ENVIRONMENT / "ready"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint()


def prepare() -> None:
    """Install them. Raises SystemExit where that is not possible."""
    if is_prepared():
        return
    npm = shutil.which("npm")
    if npm is None:
        print(
            "test-peers: needs npm on PATH (Node 20.15 or newer): aimock is an npm package",
            file=sys.stderr,
        )
        raise SystemExit(2)
    print("==> test-peers: installing fakellm and aimock into .venv-peers", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    _run("the virtual environment", [sys.executable, "-m", "venv", str(ENVIRONMENT)])
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    _run("fakellm", [*pip, *quiet, "-r", str(HERE / "requirements.txt")])
    for name in CLIENTS:
        print(f"==> test-peers: installing the clients of {name}.txt into .venv-peers", flush=True)
        place = ENVIRONMENT / name
        _run("the virtual environment", [sys.executable, "-m", "venv", str(place)])
        install = [str(place / "bin" / "python"), "-m", "pip", "install", *quiet]
        _run(name, [*install, "-r", str(HERE / "clients" / f"{name}.txt")])
    for name in SERVERS[1:]:
        shutil.copy(HERE / name, ENVIRONMENT / name)
    _run(
        "aimock",
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
        cwd=ENVIRONMENT,
    )
    (ENVIRONMENT / "ready").write_text(fingerprint(), encoding="utf-8")


def _run(what: str, command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        print(
            f"test-peers: {what} could not be installed:\n{done.stdout}{done.stderr}",
            file=sys.stderr,
        )
        raise SystemExit(2)


if __name__ == "__main__":
    prepare()
