"""A client compared with the package of it that was published: what its next version must be.

Both sides are exact. The wire is compared by the document that every package has in it, what Python
callers see by the files of both packages, whatever generator wrote the old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from sdkpress.config import ClientConfig
from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.bump import decide_bump, next_version
from sdkpress.diffing.changes import Bump, Change, sorted_changes
from sdkpress.diffing.comparing import compare, pinned_by
from sdkpress.diffing.releasing import earlier_config
from sdkpress.diffing.sides import Side
from sdkpress.diffing.surface import default_changes, surface_changes
from sdkpress.pipeline import analyse, lock_of

__all__ = ["Demand", "compare_published", "is_enough"]

_DOCUMENT = "testing/document.json"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a client must be called next: at least `version`, for `changes` since `old_version`."""

    old_version: str
    version: str
    bump: Bump
    changes: tuple[Change, ...]


def compare_published(
    config: ClientConfig,
    folder: Path,
    *,
    package: str,
    files: Mapping[str, bytes],
    document: bytes,
    version: str,
    scratch: Path,
    progress: Callable[[str], None] = lambda stage: None,
) -> Demand:
    """Compare the client in `folder`, which is in step, with a published package.

    `package` is the name that the published one is imported by, `files` are its Python files by
    their paths below that, `document` is the document in it. `scratch` is a folder of the caller,
    which is written to. Raises SdkpressError where the old document cannot be read.
    """
    root = f"src/{package}"
    place = scratch / root / _DOCUMENT
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(document)
    named = {f"{root}/{path}": content for path, content in files.items()}
    old = earlier_config(config, named, scratch, f"{root}/{_DOCUMENT}", version)
    lock = lock_of(config)
    first = Side(f"version {version}", old, lock=lock)
    second = Side("working tree", config, lock=lock, is_configured=True)
    found = compare(first, second, progress=progress)
    progress("package")
    analyses = found.analyses
    if analyses is None:  # the same document; the packages may differ all the same
        built = analyse(config, Diagnostics(), has_testing=False)
        pinned = pinned_by(built.names)
        analyses = analyse(old, Diagnostics(), pinned=pinned, has_testing=False), built
    wire = tuple(change for change in found.changes if change.axis == "wire")
    changes = sorted_changes(
        [
            *wire,
            *surface_changes(*analyses, (files, _present(folder / "src" / config.package))),
            *default_changes(wire, *analyses),
        ]
    )
    bump = decide_bump(changes, differs=True, compatibility=config.compatibility)
    return Demand(version, next_version(version, bump), bump, tuple(changes))


def is_enough(version: str, demand: Demand) -> bool:
    """Whether a version may follow: a release, or one that announces or follows a release, counts as
    that release. Post-releases (PEP 440) are for what callers do not see."""
    given, old = Version(version), Version(demand.old_version)
    if given <= old:
        return False
    if given.is_postrelease and given.base_version == old.base_version:
        return demand.bump in ("none", "patch")
    return Version(given.base_version) >= Version(demand.version)


def _present(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
        if path.is_file() and not path.is_symlink()
    }
