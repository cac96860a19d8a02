"""What a word on the command line of `sdkpress vendor` stands for: a package, or one that is vendored."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkpress.cli.console import console
from sdkpress.diagnostics import SdkpressError

if TYPE_CHECKING:
    from sdkpress.vendoring.packages import Package
    from sdkpress.vendoring.trees import Vendored

__all__ = ["named_package", "newer_package", "words_of"]


def words_of(client: str | None) -> tuple[str, ...]:
    """What a word on the command line may stand for: itself, and the names of a configured client."""
    if not client:
        return ()
    target = _configured(client) if not _is_path(client) else None
    return (client,) if target is None else (client, target.label)


def named_package(client: str, into: Path, index_url: str | None) -> Package:
    """The package that a word on the command line names.

    Raises SdkpressError (`vendor-source`) where it is none, and what reading one can raise.
    """
    from sdkpress.vendoring.packages import unusable

    if index_url:
        return _from_index(client, index_url)
    if not _is_path(client):
        target = _configured(client)
        if target is not None:
            if not target.out.is_dir():
                help = f"Run `sdkpress generate {target.label}` first."
                raise unusable(target.out, "the client has not been generated yet", help)
            return _from_path(target.out, into)
        if not Path(client).exists():
            if "==" in client:
                help = "Say --index-url URL."
                raise unusable(client, "which index the package is taken from is not said", help)
            message = "neither a configured client, nor a folder, nor a wheel"
            raise unusable(client, message)
    return _from_path(Path(client), into)


def newer_package(client: str | None, vendored: Vendored, index_url: str | None) -> Package:
    """The package for an update: the one that is named, or anew from where the vendored one came."""
    from sdkpress.vendoring.packages import unusable
    from sdkpress.vendoring.places import project_root

    target, record = vendored.folder, vendored.record
    into = target.parent
    is_named = client is not None and (
        (_is_path(client) and not _is_vendored(Path(client)))
        or _configured(client) is not None
        or _is_package(Path(client))
    )
    if client is not None and (is_named or index_url):
        pin = client if client != target.name else record.distribution
        return named_package(pin, into, index_url)
    origin = record.origin
    if origin.kind == "index" or index_url:
        pin = client if client is not None and "==" in client else record.distribution
        return _from_index(pin, index_url or origin.location, record.version)
    if client is not None and "==" in client:
        return named_package(client, into, index_url)
    path = (project_root(into) or into) / origin.location
    if not origin.location or not path.exists():
        help = "Name it: `sdkpress vendor update CLIENT`, with a folder, a wheel or NAME==VERSION."
        raise unusable(target, "where the newer package is cannot be known from here", help)
    return _from_path(Path(os.path.relpath(path)), into)


def _from_path(path: Path, into: Path) -> Package:
    from sdkpress.vendoring.folders import unlike_generated
    from sdkpress.vendoring.sources import from_path

    package = from_path(path, into)
    edited = list(unlike_generated(path)) if path.is_dir() else []
    if edited:
        more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
        console.notice(f"{path.as_posix()}: {edited[0]}{more} differ from what was generated")
    return package


def _from_index(client: str, index_url: str, floor: str = "") -> Package:
    from sdkpress.publishing.package_index import Credentials
    from sdkpress.vendoring.sources import from_index, parse_pin

    name, version = parse_pin(client)
    parts = urllib.parse.urlsplit(index_url)
    user, _, host = parts.netloc.rpartition("@")
    bare = urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    word, _, secret = user.partition(":")
    unquote = urllib.parse.unquote
    known = Credentials(unquote(word), unquote(secret)) if user else None
    return from_index(name, version, bare, known, floor=floor)


def _is_path(client: str) -> bool:
    return (
        client in (".", "..")
        or any(sign in client for sign in ("/", "\\"))
        or (client.endswith(".whl"))
    )


def _is_vendored(path: Path) -> bool:
    """Whether a path is that of the copy, which says itself where it came from."""
    return (path / "VENDORED.toml").is_file() and not _is_package(path)


def _is_package(path: Path) -> bool:
    return (path / "pyproject.toml").is_file()


def _configured(client: str) -> Any:
    """The configured client of that name; None without one, or without a configuration."""
    from sdkpress.cli.targets import configured_targets

    try:
        return configured_targets((client,))[0]
    except SdkpressError as error:
        if any(item.id not in ("no-configuration", "unknown-client") for item in error.diagnostics):
            raise
        return None
