"""Which input made a change: the document, an overlay, the configuration, the names, our templates
or our version.

What differs alone is the cause of everything. Where several inputs differ, they are exchanged one
after the other, and a change belongs to the first exchange that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sdkpress import __version__
from sdkpress.config import ClientConfig, config_digest
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.diffing.changes import Cause, Change
from sdkpress.diffing.sides import Side
from sdkpress.diffing.surface import package_changes
from sdkpress.loading import load_overlaid
from sdkpress.manifest import MANIFEST_NAME, Manifest, manifest_of, parse_manifest
from sdkpress.naming import PinnedNames
from sdkpress.pipeline import Analysis, source_files
from sdkpress.provenance import sha256

__all__ = ["Inputs", "attribute_causes", "generator_changes"]


@dataclass(frozen=True)
class Inputs:
    """What a client is made from."""

    config: ClientConfig
    pinned: PinnedNames


def attribute_causes(
    changes: Sequence[Change],
    old: Inputs,
    new: Inputs,
    changes_between: Callable[[Inputs, Inputs], Sequence[Change]],
) -> tuple[Change, ...]:
    """The changes between `old` and `new` with their causes."""
    differing = _differing(old, new)
    if len(differing) < 2:
        cause = differing[0] if differing else "document"
        return tuple(replace(change, cause=cause) for change in changes)
    exact: dict[tuple[str, str, str], Cause] = {}
    near: dict[str, Cause] = {}
    states: list[tuple[Cause, Inputs]] = [(differing[0], old)]
    for cause in differing:
        states.append((cause, _exchanged(states[-1][1], new, cause)))
    states[-1] = (states[-1][0], new)
    for (_, before), (cause, after) in pairwise(states):
        try:
            found = changes_between(before, after)
        except SdkpressError:
            continue  # inputs of two versions need not go together
        for change in found:
            exact.setdefault((change.id, change.axis, change.subject), cause)
            near.setdefault(change.subject, cause)
    return tuple(
        replace(
            change,
            cause=exact.get(
                (change.id, change.axis, change.subject), near.get(change.subject, differing[0])
            ),
        )
        for change in changes
    )


def _differing(old: Inputs, new: Inputs) -> list[Cause]:
    found: list[Cause] = []
    unheard = Diagnostics()
    documents = [load_overlaid(side.config.spec, (), unheard) for side in (old, new)]
    if documents[0].tree != documents[1].tree:
        found.append("document")
    overlays = [[path.read_bytes() for path in side.config.overlays] for side in (old, new)]
    if overlays[0] != overlays[1]:
        found.append("overlay")
    if config_digest(old.config) != config_digest(new.config):
        found.append("configuration")
    if old.pinned != new.pinned:
        found.append("names")
    return found


def _exchanged(state: Inputs, new: Inputs, cause: Cause) -> Inputs:
    """The inputs with one of them replaced by the new one."""
    match cause:
        case "document":
            return replace(state, config=replace(state.config, spec=new.config.spec))
        case "overlay":
            return replace(state, config=replace(state.config, overlays=new.config.overlays))
        case "configuration":
            mine = state.config
            return replace(
                state, config=replace(new.config, spec=mine.spec, overlays=mine.overlays)
            )
        case _:
            return replace(state, pinned=new.pinned)


def generator_changes(
    side: Side, config: ClientConfig, built: Callable[[], Analysis]
) -> tuple[Change, ...]:
    """What this generator makes otherwise than the one that wrote the package in the revision.

    Nothing where there is no such package, or where it was not made from the inputs beside it.
    `built` gives the client as this generator makes it from the inputs of the revision.
    """
    checkout = side.checkout
    name = checkout.name_of(config.out) if checkout is not None else None
    if checkout is None or name is None:
        return ()
    content = checkout.revision.read(f"{name}/{MANIFEST_NAME}" if name != "." else MANIFEST_NAME)
    if content is None:
        return ()
    manifest = parse_manifest(content, f"git:{checkout.revision.name}:{name}/{MANIFEST_NAME}")
    analysis = built()
    wanted = manifest_of((), analysis.facts, None)
    inputs = ("document", "overlays", "configuration", "names")
    if any(manifest.inputs.get(key, "") != wanted.inputs[key] for key in inputs):
        return ()
    same_templates = manifest.inputs.get("templates") == wanted.inputs["templates"]
    if same_templates and manifest.generator == __version__:
        return ()
    root = f"src/{config.package}/"
    made = source_files(analysis)
    unedited = _unedited(checkout.folder(config.out), manifest, root)
    committed = {path: made[path] for path in made if path in manifest.files} | unedited
    cause: Cause = "template" if manifest.generator == __version__ else "generator"
    found = package_changes(
        {path.removeprefix(root): content for path, content in committed.items()},
        {path.removeprefix(root): content for path, content in made.items()},
        analysis,
    )
    return tuple(replace(change, cause=cause) for change in found)


def _unedited(files: Mapping[str, bytes], manifest: Manifest, root: str) -> dict[str, bytes]:
    """The files of the package that are as the generator wrote them."""
    return {
        path: content
        for path, content in files.items()
        if path.startswith(root)
        and path in manifest.files
        and manifest.files[path].digest in (sha256(content), "")
    }
