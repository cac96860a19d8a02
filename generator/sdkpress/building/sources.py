"""The files that a distribution is made of: those of the manifest, and the hand-written ones in
`extras/`. What else lies in the folder is not looked at, so that it cannot get in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.manifest import MANIFEST_NAME, Manifest, parse_manifest
from sdkpress.provenance import sha256

__all__ = ["ClientSources", "read_sources"]

_COMPILED = (".pyc", ".pyo", ".pyd", ".orig", ".rej", "~")


@dataclass(frozen=True, slots=True)
class ClientSources:
    """A client's files by posix path, their lines ended by LF; `package` is the import name.

    `edited` are generated files that are not as they were generated, `left_out` modules that lie
    in the package's folder and are no part of the client.
    """

    package: str
    files: Mapping[str, bytes]
    edited: tuple[str, ...]
    left_out: tuple[str, ...]


def read_sources(folder: Path) -> ClientSources:
    """Read the client in `folder`.

    Raises SdkpressError: `not-a-client` where no client was generated, `client-incomplete` for a
    generated file that is not there, `linked-file` for a link or anything else that is no file,
    `file-unreadable`, `invalid-manifest`.
    """
    manifest = _manifest(folder)
    package = _package(folder, manifest)
    files: dict[str, bytes] = {}
    edited: list[str] = []
    for path, entry in manifest.files.items():
        content = _content(folder, path)
        if content is None:
            if entry.owner == "once":  # the user's to delete
                continue
            place = Location((folder / path).as_posix(), 1, 1)
            raise fatal("client-incomplete", "a generated file is missing", place)
        plain = _with_lf(content)
        if entry.owner == "generated" and entry.digest not in (sha256(content), sha256(plain)):
            edited.append(path)
        is_exact = entry.owner == "generated" and entry.digest == sha256(content)
        files[path] = content if is_exact else plain
    extras = f"src/{package}/extras"
    for path in _walk(folder, extras):
        content = _content(folder, path)
        if path not in files and content is not None:
            files[path] = _with_lf(content)
    others = _walk(folder, f"src/{package}", into_links=False)
    left_out = [path for path in others if path.endswith(".py") and path not in files]
    return ClientSources(
        package,
        MappingProxyType(dict(sorted(files.items()))),
        tuple(sorted(edited)),
        tuple(sorted(left_out)),
    )


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_NAME
    if not folder.is_dir() or not path.is_file():
        message = f"no client has been generated here: there is no {MANIFEST_NAME}"
        raise fatal("not-a-client", message, Location(folder.as_posix(), 1, 1))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    return parse_manifest(content, path.as_posix())


def _package(folder: Path, manifest: Manifest) -> str:
    for path in manifest.files:
        parts = path.split("/")
        if len(parts) == 3 and parts[0] == "src" and parts[2] == "py.typed":
            return parts[1]
    message = f"{MANIFEST_NAME} names no package (src/NAME/py.typed)"
    raise fatal("not-a-client", message, Location(folder.as_posix(), 1, 1))


def _content(folder: Path, path: str) -> bytes | None:
    """What is in a file below the folder, None where there is none. Follows no link."""
    place = folder
    for part in path.split("/"):
        place = place / part
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(place, error) from None
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            what = "a link" if stat.S_ISLNK(mode) else "no plain file"
            message = f"{what}: a distribution is made of plain files alone"
            raise fatal("linked-file", message, Location(place.as_posix(), 1, 1))
    if place.is_dir():
        message = "a folder stands where a generated file should be"
        raise fatal("linked-file", message, Location(place.as_posix(), 1, 1))
    try:
        return place.read_bytes()
    except OSError as error:
        raise _unreadable(place, error) from None


def _walk(folder: Path, below: str, *, into_links: bool = True) -> Iterator[str]:
    """Posix paths of all but hidden and compiled files; links are among them, `_content` refuses
    them (without `into_links` they are passed over)."""
    for top, folders, names in os.walk(folder / below):
        linked = [name for name in folders if os.path.islink(os.path.join(top, name))]
        folders[:] = sorted(
            name
            for name in folders
            if name not in linked and not name.startswith(".") and name != "__pycache__"
        )
        for name in sorted([*names, *linked] if into_links else names):
            if not name.startswith(".") and not name.endswith(_COMPILED):
                yield Path(os.path.relpath(os.path.join(top, name), folder)).as_posix()


def _with_lf(content: bytes) -> bytes:
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def _unreadable(path: Path, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unreadable", f"cannot be read: {reason}", Location(path.as_posix(), 1, 1))
