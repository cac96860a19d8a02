"""Two builds of a client compared by what importers see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sdkpress.diffing.changes import Change
from sdkpress.diffing.surface.defaults import default_changes
from sdkpress.diffing.surface.drafting import Drafts
from sdkpress.diffing.surface.interface import Interface
from sdkpress.diffing.surface.packages import Identity, compare_interfaces
from sdkpress.diffing.surface.reading import read_interface
from sdkpress.diffing.surface.sources import aliases_of, differing_modules
from sdkpress.diffing.surface.tracing import (
    Tracer,
    accepted_names,
    identity_of,
    returned_names,
)
from sdkpress.pipeline import Analysis

__all__ = ["default_changes", "package_changes", "surface_changes"]


def surface_changes(
    old: Analysis,
    new: Analysis,
    files: tuple[Mapping[str, bytes], Mapping[str, bytes]] | None = None,
) -> tuple[Change, ...]:
    """What Python callers of the old build meet in the new one, with the places in both documents.

    `files` are both packages as they really are, by paths below `src/<package>/`, where that may
    be something else than this generator makes. Causes are not told apart: all is put down to the
    document.
    """
    before, after = differing_modules(old, new) if files is None else _differing_texts(*files)
    found = compare_interfaces(
        _living(read_interface(before, old.config.client), old),
        _living(read_interface(after, new.config.client), new),
        aliases=(aliases_of(old.package), aliases_of(new.package)),
        accepted=accepted_names(old.api, old.names) | accepted_names(new.api, new.names),
        returned=returned_names(old.api, old.names) | returned_names(new.api, new.names),
        identity=identity_of(old, new),
    )
    tracer = Tracer(old, new)
    return (
        *_renamed_package(old, new),
        *_dropped_names(old, new),
        *map(tracer.traced, found),
    )


def _living(found: Interface, side: Analysis) -> Interface:
    """The interface without the methods that are there to say that they are gone."""
    removed = {view.dotted for resource in side.package.resources for view in resource.removed}
    operations = {name: item for name, item in found.operations.items() if name not in removed}
    return replace(found, operations=operations)


def _dropped_names(old: Analysis, new: Analysis) -> tuple[Change, ...]:
    """Former names of models that the old build still had."""
    living = {*new.names.schemas.values(), *(name for name, _ in new.package.former_exports)}
    drafts = Drafts()
    for name, _ in old.package.former_exports:
        if name not in living:
            message = f"`{name}` was removed"
            drafts.both("python-model-removed", f"models.{name}", message, "breaking")
    return tuple(drafts.changes)


def _renamed_package(old: Analysis, new: Analysis) -> tuple[Change, ...]:
    drafts = Drafts()
    before, after = old.config.package, new.config.package
    if before != after:
        message = f"`{before}` is called `{after}` now"
        drafts.both(
            "python-package-renamed", before, message, "breaking", before=before, after=after
        )
    return tuple(drafts.changes)


def package_changes(
    old: Mapping[str, bytes], new: Mapping[str, bytes], built: Analysis
) -> tuple[Change, ...]:
    """The same for two packages that were made from the same inputs (`built`), by other versions
    of the generator or of its templates: files by their paths below `src/<package>/`."""
    before, after = _differing_texts(old, new)
    client = built.config.client
    aliases = aliases_of(built.package)
    found = compare_interfaces(
        read_interface(before, client),
        read_interface(after, client),
        aliases=(aliases, aliases),
        accepted=accepted_names(built.api, built.names),
        returned=returned_names(built.api, built.names),
        identity=Identity(),
    )
    tracer = Tracer(built, built)
    return tuple(map(tracer.traced, found))


def _differing_texts(
    old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> tuple[dict[str, str], dict[str, str]]:
    """The modules that differ; those of the runtime are not what importers see."""
    differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    wanted = {path for path in differing if path.endswith(".py") and "_runtime/" not in path}
    return _texts(old, wanted), _texts(new, wanted)


def _texts(files: Mapping[str, bytes], wanted: set[str]) -> dict[str, str]:
    return {path: files[path].decode("utf-8", "replace") for path in wanted if path in files}
