"""The folder of a generated client, or of any project laid out like one, as a package to vendor."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.manifest import MANIFEST_NAME, Manifest, is_portable_path, parse_manifest
from sdkpress.trees import is_mapping, is_sequence
from sdkpress.vendoring.packages import (
    MAX_BYTES,
    MAX_FILES,
    Origin,
    Package,
    document_digest,
    is_source_file,
    requirement_texts,
    unusable,
)

__all__ = ["file_paths", "read_bounded", "read_client", "unlike_generated"]

_BOM = "sbom.cdx.json"
_LICENCES = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")


def read_client(folder: Path, *, location: str) -> Package:
    """The package in `folder`, with what its pyproject.toml says; `location` is what is recorded.

    Raises SdkpressError: `vendor-source`, `symlink-in-output` for links inside the package,
    `file-unreadable`, `invalid-manifest`.
    """
    project = _project(folder)
    name, version = project.get("name"), project.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        message = "[project] needs a name and a version that is written there"
        raise unusable(folder / "pyproject.toml", message)
    root = _package_folder(folder, _table(folder, "tool", "hatch", "build", "targets", "wheel"))
    manifest = _manifest(folder)
    _check_complete(folder, manifest)
    files: dict[str, bytes] = {}
    total = 0
    for path in file_paths(root):
        if not is_source_file(path):
            continue
        files[path] = read_bounded(root / path)
        total += len(files[path])
        if len(files) > MAX_FILES or total > MAX_BYTES:
            raise unusable(root, "the package is larger than sdkpress accepts")
    bill = folder / _BOM
    document = document_digest([read_bounded(bill)]) if bill.is_file() else ""
    if not document and manifest is not None:
        document = manifest.inputs.get("document", "")
    licence = project.get("license", "")
    return Package(
        distribution=name,
        package=root.name,
        version=version,
        licence=licence if isinstance(licence, str) else "",
        requires_python=_text(project.get("requires-python")),
        requirements=requirement_texts(
            filter(None, map(_text, _list(project.get("dependencies"))))
        ),
        document=document,
        origin=Origin("folder", location),
        files=MappingProxyType(files),
        licences=MappingProxyType(_licences(folder, project)),
    )


def unlike_generated(folder: Path) -> tuple[str, ...]:
    """The files of a client's folder that the generator owns and that hold something else now."""
    from sdkpress.provenance import content_digest, sha256

    manifest = _manifest(folder)
    if manifest is None:
        return ()
    found: list[str] = []
    for path, entry in manifest.files.items():
        if entry.digest and (folder / path).is_file():
            content = read_bounded(folder / path)
            if entry.digest not in (sha256(content), content_digest(content)):
                found.append(path)
    return tuple(found)


def file_paths(root: Path, help: str = "") -> Iterator[str]:
    """The files below `root` as posix paths in order, without `__pycache__`. `help` says what to do
    about a file that cannot be taken.

    Raises SdkpressError: `symlink-in-output` for a link, `vendor-source` for what is neither a file
    nor a folder, or has a name that other systems cannot hold, `file-unreadable`.
    """
    pending = [""]
    found: list[str] = []
    while pending:
        parent = pending.pop()
        try:
            names = sorted(os.listdir(root / parent))
        except OSError as error:
            raise _unreadable(root / parent, error) from None
        for name in names:
            path = f"{parent}/{name}" if parent else name
            if name == "__pycache__":
                continue
            mode = os.lstat(root / path).st_mode
            if stat.S_ISLNK(mode):
                message = "a symbolic link; sdkpress does not follow links inside a package"
                place = Location((root / path).as_posix(), 1, 1)
                raise fatal("symlink-in-output", message, place)
            if stat.S_ISDIR(mode):
                pending.append(path)
            elif not stat.S_ISREG(mode):
                raise unusable(root / path, "neither a file nor a folder", help)
            elif not is_portable_path(path):
                raise unusable(root, f"a file's name is not one for every system: {path!r}", help)
            else:
                found.append(path)
        if len(found) > MAX_FILES:
            raise unusable(root, f"more than {MAX_FILES:,} files")
    return iter(sorted(found))


def read_bounded(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file. Raises SdkpressError (`file-unreadable`, `file-too-large`)."""
    try:
        if path.stat().st_size > limit:
            message = "is larger than sdkpress reads"
            raise fatal("file-too-large", message, Location(path.as_posix(), 1, 1))
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _project(folder: Path) -> Mapping[str, Any]:
    if not (folder / "pyproject.toml").is_file():
        help = "Name the folder that holds the client's pyproject.toml and src/, or a wheel."
        raise unusable(folder, "no client: there is no pyproject.toml in it", help)
    return _table(folder, "project")


def _table(folder: Path, *keys: str) -> Mapping[str, Any]:
    path = folder / "pyproject.toml"
    try:
        tree: object = tomllib.loads(read_bounded(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise unusable(path, f"not TOML: {error}") from None
    for key in keys:
        tree = tree.get(key) if is_mapping(tree) else None
    return tree if is_mapping(tree) else {}


def _package_folder(folder: Path, wheel: Mapping[str, Any]) -> Path:
    named = [item for item in _list(wheel.get("packages")) if isinstance(item, str)]
    if not named:
        source = folder / "src"
        named = [
            f"src/{path.name}"
            for path in (sorted(source.iterdir()) if source.is_dir() else ())
            if (path / "__init__.py").is_file()
        ]
    if len(named) != 1:
        what = f"{len(named)} packages" if named else "no package"
        raise unusable(folder, f"a project with one package in src/ is needed; it has {what}")
    if not is_portable_path(named[0]):
        raise unusable(folder / "pyproject.toml", f"a package outside the project: {named[0]!r}")
    here = folder
    for part in named[0].split("/"):
        here /= part
        if here.is_symlink():
            message = "a symbolic link; sdkpress does not follow links inside a package"
            raise fatal("symlink-in-output", message, Location(here.as_posix(), 1, 1))
    if not (here / "__init__.py").is_file():
        raise unusable(here, "no package: there is no __init__.py in it")
    return here


def _manifest(folder: Path) -> Manifest | None:
    path = folder / MANIFEST_NAME
    return parse_manifest(read_bounded(path), path.as_posix()) if path.is_file() else None


def _check_complete(folder: Path, manifest: Manifest | None) -> None:
    """A client that was half deleted would be vendored in halves."""
    for path, entry in manifest.files.items() if manifest else ():
        if entry.digest and path.startswith("src/") and not (folder / path).is_file():
            help = "Run `sdkpress generate`, which writes it again."
            raise unusable(folder / path, "the client is not whole: the file is missing", help)


def _licences(folder: Path, project: Mapping[str, Any]) -> dict[str, bytes]:
    patterns = [_text(item) for item in _list(project.get("license-files"))] or list(_LICENCES)
    found: dict[str, bytes] = {}
    for pattern in patterns:
        if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
            continue
        try:
            paths = sorted(folder.glob(pattern))
        except (ValueError, NotImplementedError, OSError):
            continue  # no pattern: who builds the package is told so
        for path in paths:
            is_inside = path.resolve().is_relative_to(folder.resolve())
            if is_inside and path.is_file() and not path.is_symlink():
                if is_portable_path(path.name):
                    found.setdefault(path.name, read_bounded(path))
    return found


def _list(value: object) -> list[Any]:
    return value if is_sequence(value) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unreadable(path: Path, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unreadable", f"cannot be read: {reason}", Location(path.as_posix(), 1, 1))
