"""Digests of what an output is made from.

Digests that are committed (in a client's manifest) do not see how a checkout ends its lines:
`content_digest` takes CRLF for LF, so that the same commit gives the same manifest on every system.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

from sdkpress.output import InputFile

__all__ = [
    "content_digest",
    "folder_digest",
    "generator_fingerprint",
    "input_file",
    "runtime_folder",
    "sha256",
    "templates_digest",
    "templates_folder",
]

_PACKAGE = Path(__file__).parent
# Libraries whose release can change what is written; the lock pins them, a user's environment may not.
_LIBRARIES = ("black", "jinja2", "openapi-python-client", "python-jsonpath", "pyyaml")


def sha256(content: bytes) -> str:
    """The SHA-256 of the bytes as they are, in hex."""
    return hashlib.sha256(content).hexdigest()


def content_digest(content: bytes) -> str:
    """The SHA-256 (hex) of a text file's bytes with CRLF read as LF."""
    return sha256(content.replace(b"\r\n", b"\n"))


def input_file(path: Path, content: bytes | None) -> InputFile:
    """The record of an input: `content` is what was read, None = there was no such file."""
    if content is None:
        return InputFile(path, None)
    return InputFile(path, sha256(content), content_digest(content))


def folder_digest(folder: Path, patterns: tuple[str, ...] = ("*",)) -> str:
    """The SHA-256 (hex) over the relative paths and contents of the files below `folder`.

    Compiled Python and hidden files are no part of it.
    """
    digest = hashlib.sha256()
    paths = {path for pattern in patterns for path in folder.rglob(pattern)}
    relative = {path.relative_to(folder).as_posix(): path for path in paths}
    for name in sorted(relative):
        hidden = any(part.startswith((".", "__pycache__")) for part in name.split("/"))
        if hidden or not relative[name].is_file():
            continue
        digest.update(f"{name}\0{content_digest(relative[name].read_bytes())}\n".encode())
    return digest.hexdigest()


@cache
def templates_folder() -> Path:
    """Where the templates are: inside the installed package, or at the top of a checkout."""
    installed = _PACKAGE / "templates"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "templates"


def runtime_folder() -> Path:
    """Where the runtime's source files are, which are copied into clients."""
    return _PACKAGE / "runtime"


@cache
def templates_digest() -> str:
    """The SHA-256 (hex) of the templates that clients are made of; others, such as those of
    reports, are in folders beside them."""
    folders = ("macros", "package", "project", "tests")
    return folder_digest(templates_folder(), tuple(f"{folder}/**/*" for folder in folders))


@cache
def generator_fingerprint() -> str:
    """A digest of everything but the inputs that decides an output: this package's code, the
    templates, the libraries' versions and the Python version. For this machine only."""
    libraries = [f"{name} {_version(name)}" for name in _LIBRARIES]
    python = f"python {sys.version_info.major}.{sys.version_info.minor}"
    parts = [folder_digest(_PACKAGE), templates_digest(), *libraries, python]
    return sha256("\n".join(parts).encode())


def _version(distribution: str) -> str:
    from importlib import metadata  # it costs as much as all else here

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"
