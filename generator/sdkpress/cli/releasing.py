"""`generate --bump`: the version, the changelog and the files of a client, written as one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdkpress.changelog import with_entry
from sdkpress.cli.targets import Target, build_target, configured_targets, project_config
from sdkpress.comparing import Difference, Plan, PlannedFile, plan
from sdkpress.config_editing import with_version
from sdkpress.diffing.releasing import Release, plan_release

if TYPE_CHECKING:
    from sdkpress.config import ClientConfig
    from sdkpress.diagnostics import Diagnostic
    from sdkpress.pipeline import Build

__all__ = ["Released", "decide_release", "refreshed", "release_target"]

_CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Released:
    """A client built with the version that it gets, and the plan that writes all of it."""

    release: Release
    config: ClientConfig
    build: Build
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan


def decide_release(
    config: ClientConfig, decided: Plan, *, progress: Callable[[str], None]
) -> Release:
    """The version that a configured client gets, before any client is written.

    Raises SdkpressError where the old package cannot be compared, or the version cannot be written.
    """
    release = plan_release(config, decided, progress=progress)
    if release.version != config.version:
        _configuration(config, release.version, decided.out)
    return release


def release_target(
    target: Target,
    release: Release,
    config: ClientConfig,
    built: Build,
    diagnostics: tuple[Diagnostic, ...],
    decided: Plan,
    *,
    black: bool | None,
    progress: Callable[[str], None],
) -> Released:
    """The client with the version of its release, ready to be written.

    The configuration is read again: an earlier client of the same run may have changed it.
    """
    besides: tuple[PlannedFile, ...] = ()
    if release.version != config.version:
        besides = (_configuration(config, release.version, decided.out),)
        fresh = replace(config, version=release.version)
        again = replace(target, resolve=lambda: fresh)
        config, built, collected = build_target(again, black=black, progress=progress)
        diagnostics = collected.items
        decided = plan(built.files, target.out, built.facts, built.lock)
    if release.entry:
        decided = replace(decided, files=_with_changelog(decided, release))
    return Released(release, config, built, diagnostics, replace(decided, besides=besides))


def refreshed(target: Target) -> Target:
    """The target by the configuration as it is on disk now."""
    (found,) = configured_targets((target.label,))
    return found


def _configuration(config: ClientConfig, version: str, out: Path) -> PlannedFile:
    file = project_config().file
    file = Path(os.path.realpath(file)) if file.is_symlink() else file  # a link stays one
    content = file.read_bytes()
    path = Path(os.path.relpath(file, out)).as_posix()
    edited = with_version(content, file, config.name, version)
    return PlannedFile(path, Difference.STALE, content, edited)


def _with_changelog(decided: Plan, release: Release) -> tuple[PlannedFile, ...]:
    files: list[PlannedFile] = []
    for file in decided.files:
        if file.path == _CHANGELOG:
            before = file.disk if file.disk is not None else file.content or b""
            content = with_entry(before, release.entry, release.version)
            if content != file.disk:
                same = file.disk is not None
                difference = Difference.STALE if same else file.difference
                file = PlannedFile(file.path, difference, file.disk, content)
        files.append(file)
    return tuple(files)
