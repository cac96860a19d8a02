"""What `vendor` was told to take: the folder of a client, a wheel, or a name on an index."""

from __future__ import annotations

import os
import re
from pathlib import Path

from packaging.version import InvalidVersion, Version

from sdkpress.diagnostics import COMMAND_LINE, Location, fatal
from sdkpress.fetching import shown_url
from sdkpress.publishing.package_index import (
    Credentials,
    IndexFile,
    PackageIndex,
    Project,
)
from sdkpress.vendoring.folders import read_bounded, read_client
from sdkpress.vendoring.packages import Package, unusable
from sdkpress.vendoring.places import project_root
from sdkpress.vendoring.wheels import MAX_WHEEL_BYTES, read_wheel

__all__ = ["from_index", "from_path", "parse_pin", "recorded_path"]

_PIN = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==([A-Za-z0-9.!+_-]+))?")


def from_path(path: Path, target: Path) -> Package:
    """The package of a client's folder or of a wheel; `target` is the folder that it goes into.

    Raises SdkpressError: `vendor-source`, `vendor-wheel`, and what reading files can raise.
    """
    location = recorded_path(path, target)
    if path.is_dir():
        return read_client(path, location=location)
    if not path.exists():
        raise fatal(
            "file-not-found", "there is no such file or folder", Location(path.as_posix(), 1, 1)
        )
    if path.suffix.lower() != ".whl":
        raise unusable(path, "neither a client's folder nor a wheel (.whl)")
    return read_wheel(
        read_bounded(path, MAX_WHEEL_BYTES), path.name, location=location or path.name
    )


def from_index(
    name: str, version: str, url: str, credentials: Credentials | None = None, *, floor: str = ""
) -> Package:
    """The wheel of a distribution from an index (PEP 503, PEP 691), the newest that is no
    pre-release where `version` is "", but none older than `floor`. Its hash is verified.

    Raises SdkpressError: `vendor-source` where there is none, `vendor-wheel`, and what reading an
    index can raise.
    """
    with PackageIndex(url, credentials) as index:
        place = f"{name}=={version}" if version else name
        project = index.project(name)
        if project is None:
            raise unusable(place, f"the index at {index.url} has no {name}")
        file = _wheel(project, version, floor, place)
        content = index.download(file)
        address = index.url
    return read_wheel(content, file.filename, kind="index", location=shown_url(address))


def parse_pin(text: str) -> tuple[str, str]:
    """Name and version ("" = none) of `NAME` or `NAME==VERSION`.

    Raises SdkpressError (`usage`) for what is neither.
    """
    match = _PIN.fullmatch(text)
    if match is None:
        message = f"{text[:120]!r} is neither a path nor NAME or NAME==VERSION of an index"
        raise fatal("usage", message, COMMAND_LINE)
    return match[1], match[2] or ""


def recorded_path(source: Path, target: Path) -> str:
    """A source in the same project or repository, as a path from the project's folder; ""
    elsewhere: paths of one machine say nothing on another."""
    into = Path(os.path.abspath(target))
    here = Path(os.path.abspath(source))
    root = project_root(into)
    if root is None:
        return ""
    tree = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return Path(os.path.relpath(here, root)).as_posix() if here.is_relative_to(tree) else ""


def _wheel(project: Project, version: str, floor: str, place: str) -> IndexFile:
    wheels = [file for file in project.files if file.kind == "wheel"]
    if version:
        wheels = [file for file in project.of(version) if file.kind == "wheel"]
    else:
        wheels = [file for file in wheels if not file.is_yanked]
        finals = [file for file in wheels if not Version(file.version).is_prerelease]
        newest = max((Version(file.version) for file in finals or wheels), default=None)
        lowest = _version(floor)
        if lowest and newest and newest < lowest:  # ours is a pre-release, or was yanked
            newest = max(Version(file.version) for file in wheels)
            if newest < lowest:
                message = f"the index has nothing as new as {floor}; the newest is {newest}"
                raise unusable(place, message, f"Say {place}=={newest} to go back to it.")
        wheels = [file for file in wheels if Version(file.version) == newest]
    pure = [file for file in wheels if file.filename.endswith("-none-any.whl")]
    if not pure:
        what = f"no version {version}" if version and not project.of(version) else "no pure wheel"
        known = ", ".join(map(str, project.versions()[-5:]))
        raise unusable(place, f"the index has {what}; newest versions: {known or 'none'}")
    if not pure[0].sha256:
        raise unusable(place, "the index gives no SHA-256 of the wheel, which could be any")
    return pure[0]


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
