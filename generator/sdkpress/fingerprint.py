"""Knowing without building that nothing changed.

After a run that left a client in step, the cache folder remembers: *with these options, this
generator and these input bytes, the folder holds these bytes*. A later run compares all of it byte
for byte (by SHA-256, never by time or size); anything else, and anything unknown, means: build.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sdkpress import __version__
from sdkpress.caching import read_cached, write_cached
from sdkpress.manifest import MANIFEST_NAME, is_portable_path, parse_manifest
from sdkpress.output import InputFile, OutputFile
from sdkpress.provenance import generator_fingerprint, sha256

__all__ = ["Remembered", "recall", "remember", "request_key"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a run gave: `files` (paths relative to the client's folder, manifest and names lock
    among them) and `summary`, the caller's own JSON-ready data."""

    files: tuple[str, ...]
    summary: Mapping[str, Any]


def request_key(out: Path, options: Mapping[str, Any]) -> str:
    """The key of a run: where it writes, with which options (JSON-ready), by which generator."""
    request = json.dumps(options, sort_keys=True, default=str)
    where = os.path.abspath(out)
    here = os.getcwd()  # diagnostics name files as seen from here
    parts = [str(_FORMAT), __version__, generator_fingerprint(), where, here, request]
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass"))


def remember(
    key: str,
    out: Path,
    files: Sequence[OutputFile],
    inputs: Sequence[InputFile],
    summary: Mapping[str, Any],
    *,
    lock: Path | None = None,
) -> None:
    """Note that the folder is in step. The caller has just written or compared it without findings.

    Input digests are those of the bytes the build read, except the names lock (`lock`): it is
    taken as it stands now, because naming again with the pins it wrote changes nothing.
    """
    if not inputs:
        return
    locked = os.path.abspath(lock) if lock is not None else None
    digests = {os.path.abspath(file.path): file.digest for file in inputs}
    if locked is not None:
        digests[locked] = _digest(Path(locked))
    # Where links lead decides whether a reference may be followed.
    noted = {path: [digest, os.path.realpath(path)] for path, digest in digests.items()}
    manifest = _digest(out / MANIFEST_NAME)
    if manifest is None:
        return
    outputs: dict[str, str | None] = {
        file.path: None if file.owner == "once" else sha256(file.content) for file in files
    }
    paths = [*outputs, MANIFEST_NAME]
    if lock is not None:
        paths.append(Path(os.path.relpath(lock, out)).as_posix())
    record = {
        "inputs": noted,
        "paths": sorted(paths),
        "outputs": outputs,
        "manifest": manifest,
        "summary": dict(summary),
    }
    content = json.dumps(record, sort_keys=True).encode()
    write_cached(_name(key), f"{sha256(content)}\n".encode() + content)


def recall(key: str, out: Path) -> Remembered | None:
    """What the last run with this key gave, if every input and every file is still as it was."""
    raw = read_cached(_name(key))
    if raw is None or raw[:65] != f"{sha256(raw[65:])}\n".encode():
        return None
    record = _record(raw[65:])
    if record is None:
        return None
    try:
        if _digest(out / MANIFEST_NAME) != record["manifest"]:
            return None
        for path, (digest, real) in record["inputs"].items():
            if os.path.realpath(path) != real or _digest(Path(path)) != digest:
                return None
        listed = parse_manifest((out / MANIFEST_NAME).read_bytes(), "").files
        if set(listed) != set(record["outputs"]):
            return None
        if not _holds(out, record["outputs"]):
            return None
    except Exception:  # a damaged record or folder is a reason to build, where it is reported
        return None
    return Remembered(tuple(record["paths"]), record["summary"])


def _holds(out: Path, paths: Mapping[str, str | None]) -> bool:
    """Whether every path is a plain file below `out`, not behind a link, with its digest."""
    folders: set[str] = set()
    for path, digest in paths.items():
        if not is_portable_path(path):
            return False
        target = out / path
        if target.is_symlink() or not target.is_file():
            return False
        if digest is not None and _digest(target) != digest:
            return False
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    return not any((out / folder).is_symlink() for folder in folders)


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file's bytes, None where there is no file; other trouble raises OSError."""
    try:
        return sha256(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _record(content: bytes) -> dict[str, Any] | None:
    try:
        tree: Any = json.loads(content)
    except ValueError:
        return None
    return cast("dict[str, Any]", tree) if isinstance(tree, dict) else None


def _name(key: str) -> str:
    return f"runs/{key[:32]}"
