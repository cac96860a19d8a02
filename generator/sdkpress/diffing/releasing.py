"""What a generation means for the version of a client: the bump, and its entry in the changelog.

The old side is what the client's folder holds: the document inside of the package, as it was with
its overlays, the names lock, and the files themselves where the generator has changed since.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sdkpress.comparing import Difference, Plan
from sdkpress.config import Alias, ClientConfig
from sdkpress.diagnostics import Diagnostics
from sdkpress.diffing.bump import decide_bump, latest_version, next_version, verdict_of
from sdkpress.diffing.changes import (
    SEVERITIES,
    Bump,
    Change,
    Report,
    Severity,
    sorted_changes,
)
from sdkpress.diffing.comparing import compare
from sdkpress.diffing.reports import changelog_entry
from sdkpress.diffing.sides import Side
from sdkpress.diffing.surface import package_changes
from sdkpress.manifest import Manifest
from sdkpress.naming.lock import read_lock
from sdkpress.pipeline import analyse, lock_of, source_files

__all__ = ["Release", "earlier_config", "plan_release"]

Progress = Callable[[str], None]
_DOCUMENT = "/testing/document.json"
_RENAMED = re.compile(r'"([\w.]+)\(\) is deprecated: use ([\w.]+)\(\)"')
_REMOVED = re.compile(r'warn_deprecated\(\s*["\']([\w.]+)\(\) was removed')
_MODEL = re.compile(r'"(\w+)": "(\w+)"')
_CHANGED = (Difference.NEW, Difference.STALE, Difference.DROPPED, Difference.DROPPED_EDITED)


@dataclass(frozen=True, slots=True)
class Release:
    """The version that a generation gives. `entry` is its part of the changelog, "" for none;
    `reason` says in words why the version is what it is."""

    old_version: str
    version: str
    bump: Bump
    changes: tuple[Change, ...]
    entry: str
    reason: str


def plan_release(
    config: ClientConfig, decided: Plan, *, progress: Progress = lambda stage: None
) -> Release:
    """The release that writing the plan would be; `config` has the version as it is configured.

    Without a difference in a file of the client there is no bump, nor where the client is new, nor
    where it is not known what it was made from. A configured version above the computed one stays.
    Raises SdkpressError where the document inside of the package cannot be read.
    """
    stays = Release(config.version, config.version, "none", (), "", "")
    if decided.old_manifest is None:
        return replace(stays, reason="the first generation")
    if not any(file.difference in _CHANGED for file in decided.files):
        return replace(stays, reason="nothing changed")
    document = next((path for path in decided.old_manifest.files if path.endswith(_DOCUMENT)), "")
    if not document or not (decided.out / document).is_file():
        return replace(stays, reason=f"the old package has no document in it ({_DOCUMENT[1:]})")
    progress("compare")
    old_version = _version_of(decided) or config.version
    files = {file.path: file.disk for file in decided.files if file.disk is not None}
    old = earlier_config(config, files, decided.out, document, old_version)
    changes = _changes(old, config, decided)
    bump = decide_bump(changes, differs=True, compatibility=config.compatibility)
    computed = next_version(old_version, bump)
    version = latest_version(config.version, computed)
    reason = _reason(bump, changes)
    if version != computed and config.version != old_version:
        reason = f"set by hand; {computed} would do ({reason})"
        if not changes:
            return Release(old_version, version, "none", (), "", reason)
    report = _report(config, decided, (old_version, version), changes)
    return Release(old_version, version, bump, changes, changelog_entry(report, version), reason)


def _changes(old: ClientConfig, new: ClientConfig, decided: Plan) -> tuple[Change, ...]:
    lock = lock_of(new)
    first = Side(old.spec.as_posix(), old, lock=lock)
    second = Side("working tree", new, lock=lock, is_configured=True)
    changes = compare(first, second).changes
    assert decided.old_manifest is not None
    before, after = decided.old_manifest, decided.new_manifest
    if before.generator == after.generator and (
        before.inputs.get("templates") == after.inputs["templates"]
    ):
        return changes
    unheard = Diagnostics()
    try:
        pinned = read_lock(lock.read_bytes(), new.name)
    except FileNotFoundError:
        pinned = None
    built = analyse(old, unheard, pinned=pinned)
    root = f"src/{old.package}/"
    made = {path.removeprefix(root): content for path, content in source_files(built).items()}
    found = package_changes(_on_disk(decided, before, root), made, built)
    return sorted_changes([*changes, *(replace(change, cause="generator") for change in found)])


def _on_disk(decided: Plan, manifest: Manifest, root: str) -> Mapping[str, bytes]:
    """The files of the package as they are, by their paths in it."""
    found = {
        file.path: file.disk
        for file in decided.files
        if file.disk is not None and file.path in manifest.files and file.path.startswith(root)
    }
    return {path.removeprefix(root): content for path, content in found.items()}


def earlier_config(
    config: ClientConfig, files: Mapping[str, bytes], folder: Path, document: str, version: str
) -> ClientConfig:
    """The configuration that a client was made with, as far as it tells: `files` are its own by
    their paths (`src/...`), `document` is the path of its document below `folder`."""
    try:
        pinned = read_lock(lock_of(config).read_bytes(), config.name)
    except (FileNotFoundError, ValueError):
        known = None
    else:
        known = {place.dotted() for place in pinned.operations.values()}
        known |= set(pinned.schemas.values()) | set(pinned.webhooks.values())
    # A name of an operation or a class that no lock holds is one that has just been configured.
    names = {
        key: name
        for key, name in config.names.items()
        if known is None or name in known or not ("." in name or name[:1].isupper())
    }
    return replace(
        config,
        package=document.split("/")[1],
        spec=folder / document,
        overlays=(),
        version=version,
        names=names,
        aliases=_old_aliases(files),
    )


def _old_aliases(files: Mapping[str, bytes]) -> tuple[Alias, ...]:
    """The former names that the old package has: what they warn with says what they stand for."""
    found: dict[str, str] = {}
    for path, content in files.items():
        if not path.startswith("src/") or b"_deprecat" not in content:
            continue
        if "/resources/" in path:
            text = content.decode("utf-8", "replace")
            found.update(_RENAMED.findall(text))
            found.update((old, "") for old in _REMOVED.findall(text))
        elif path.endswith("/models/__init__.py"):
            _, _, text = content.decode("utf-8", "replace").partition("\n_FORMER = {")
            pairs = dict(_MODEL.findall(text.partition("}")[0]))
            for old, new in pairs.items():
                short = old.removesuffix("Param")
                # The TypedDict beside a model follows it.
                if short == old or pairs.get(short) != new.removesuffix("Param"):
                    found[f"models.{old}"] = f"models.{new}"
    return tuple(Alias(old, new) for old, new in sorted(found.items()))


def _version_of(decided: Plan) -> str:
    """The version that the folder's own pyproject.toml says, "" where it says none."""
    content = next((file.disk for file in decided.files if file.path == "pyproject.toml"), None)
    try:
        tree = tomllib.loads((content or b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""
    project: Any = tree.get("project")
    version: object = (
        cast("dict[str, Any]", project).get("version") if isinstance(project, dict) else ""
    )
    return version if isinstance(version, str) else ""


def _reason(bump: Bump, changes: tuple[Change, ...]) -> str:
    if not changes:
        return f"{bump}: texts or other files differ, nothing that callers see"
    # What two axes say of the same thing is one change to a reader, as bad as the worse of them.
    told: dict[tuple[str, str, str], Severity] = {}
    for change in sorted_changes(changes):
        told.setdefault((change.id, change.subject, change.message), change.severity)
    counted = Counter(told.values())
    counts = [f"{counted[severity]} {severity}" for severity in SEVERITIES if counted[severity]]
    noun = "change" if len(told) == 1 else "changes"
    return f"{bump}: {', '.join(counts)} {noun}"


def _report(
    config: ClientConfig, decided: Plan, versions: tuple[str, str], changes: tuple[Change, ...]
) -> Report:
    return Report(
        old=decided.out.as_posix(),
        new="working tree",
        client=config.client,
        package=config.package,
        verdict=verdict_of(changes, differs=True, compatibility=config.compatibility),
        changes=changes,
        callers=None,
        old_version=versions[0],
        new_version=versions[1],
    )
