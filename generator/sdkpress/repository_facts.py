"""What git knows of a project: who works on it, where it is published, what it leaves out.

Read for `sdkpress init`, which asks nothing that it can find out. Where git is not there, or knows
nothing, the answers are empty.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from sdkpress.package_metadata import Person, is_email, is_link

__all__ = ["author", "is_ignored", "web_address"]

_SECONDS = 10
_SCP = re.compile(r"(?:[\w.+-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?!//)/?(?P<path>.+)")


def author(project_dir: Path) -> Person | None:
    """Who commits here, if name and address are set and can stand in metadata."""
    name = " ".join(_asked(project_dir, "config", "--get", "user.name").split())
    email = _asked(project_dir, "config", "--get", "user.email")
    # The addresses that hosts make up for commits reach nobody.
    if not name.isprintable() or not is_email(email) or "noreply" in email.lower():
        return None
    return Person(name, email) if name else None


def web_address(project_dir: Path) -> str:
    """The repository's page: the address of its remote `origin` as a web page, without credentials;
    "" where there is none."""
    remote = _asked(project_dir, "config", "--get", "remote.origin.url")
    if found := _SCP.fullmatch(remote):
        host, path = found["host"], found["path"]
    else:
        try:
            parts = urlsplit(remote)
            host, path = parts.hostname or "", parts.path
            port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https", "ssh", "git") or "." not in host:
            return ""
        host += port
    link = f"https://{host}/{path.strip('/').removesuffix('.git')}"
    return link if is_link(link) and path.strip("/") else ""


def is_ignored(project_dir: Path, path: str) -> bool:
    """Whether git leaves out what is written at `path`, below the project."""
    return _run(project_dir, "check-ignore", "--quiet", "--no-index", "--", path)[0] == 0


def _asked(project_dir: Path, *words: str) -> str:
    code, answer = _run(project_dir, *words)
    return answer.strip() if code == 0 else ""


def _run(project_dir: Path, *words: str) -> tuple[int, str]:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=project_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")
