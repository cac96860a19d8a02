"""Two sides in, one report out; nothing is printed and nothing of the user's is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from sdkpress.config import ClientConfig, config_digest, config_from_options
from sdkpress.diagnostics import Diagnostic, Diagnostics, SdkpressError
from sdkpress.diffing.bump import next_version, verdict_of
from sdkpress.diffing.causes import Inputs, attribute_causes, generator_changes
from sdkpress.diffing.changes import BrokenCall, Change, Place, Report, sorted_changes
from sdkpress.diffing.sides import Side
from sdkpress.diffing.surface import default_changes, surface_changes
from sdkpress.diffing.wire import wire_changes
from sdkpress.document import Document
from sdkpress.loading import load_overlaid
from sdkpress.naming import Names, PinnedNames
from sdkpress.pipeline import Analysis, analyse, lock_of, names_in, source_files
from sdkpress.trees import is_mapping

__all__ = ["Comparison", "compare"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """The changes between two sides, and what more can be asked of them."""

    old: Side
    new: Side
    config: ClientConfig
    """The client as it is on the old side."""
    compatibility: Mapping[str, str]
    changes: tuple[Change, ...]
    differs: bool
    documents: tuple[Document, Document]
    """Overlaid, not validated."""
    analyses: tuple[Analysis, Analysis] | None
    """Without what is for tests; None where both sides are the same."""
    warnings: tuple[Diagnostic, ...] = ()
    """References that lead nowhere: what they should name counts as anything."""

    def report(
        self, callers: tuple[BrokenCall, ...] | None = None, callers_folder: str = ""
    ) -> Report:
        """The whole answer, with the broken calls where somebody looked for them."""
        verdict = verdict_of(self.changes, differs=self.differs, compatibility=self.compatibility)
        version = self.config.version if self.old.config.name else ""
        return Report(
            old=self.old.label,
            new=self.new.label,
            client=self.config.client,
            package=self.config.package,
            verdict=verdict,
            changes=self.changes,
            callers=callers,
            old_version=version,
            new_version=next_version(version, verdict.bump),
            callers_folder=callers_folder,
        )

    def packages(self) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
        """The files below `src/` of both packages; none where both sides are the same. The sides
        must still be open."""
        if self.analyses is None:
            return {}, {}
        with self.old.speaking(), self.new.speaking():
            whole = [
                analyse(side.config, Diagnostics(), loaded=loaded, pinned=pinned_by(side.names))
                for side, loaded in zip(self.analyses, self.documents, strict=True)
            ]
            return source_files(whole[0]), source_files(whole[1])

    def texts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The texts of the files that places name, by the names that places have. The sides must
        still be open."""
        return (
            _texts(self.old, (change.old for change in self.changes)),
            _texts(self.new, (change.new for change in self.changes)),
        )


def compare(
    old: Side,
    new: Side,
    *,
    today: date | None = None,
    progress: Progress = lambda stage: None,
) -> Comparison:
    """Compare two sides, which must be open.

    `today` is the day on which sunset dates are judged, the present one in UTC by default.
    Raises SdkpressError where a document or a configuration is unusable; files of revisions have
    the names that the user knows.
    """
    with old.speaking(), new.speaking():
        return _compare(old, new, today or datetime.now(UTC).date(), progress)


def _compare(old: Side, new: Side, today: date, progress: Progress) -> Comparison:
    progress("old")
    before = _load(old)
    progress("new")
    after = _load(new)
    first = _named(old.config, before)
    second = _named(new.config, before)
    pins = _pins(old, first), _pins(new, second) if new.is_configured else None
    is_same = (
        before.tree == after.tree
        and config_digest(replace(first, spec=second.spec)) == config_digest(second)
        and (pins[1] is None or pins[0] == pins[1])
    )
    changes: tuple[Change, ...] = ()
    analyses: tuple[Analysis, Analysis] | None = None
    found = Diagnostics(), Diagnostics()
    if not is_same:
        progress("wire")
        changes = wire_changes(before, after, today=today)
        progress("old package")
        built = _analyse(first, before, pins[0], found[0])
        progress("new package")
        pinned = pins[1] if pins[1] is not None else pinned_by(built.names)
        analyses = built, _analyse(second, after, pinned, found[1])
        progress("surface")
        changes = (*changes, *surface_changes(*analyses), *default_changes(changes, *analyses))
        if old.is_configured and new.is_configured:
            progress("causes")
            inputs = Inputs(first, pins[0]), Inputs(second, pinned)
            changes = attribute_causes(changes, *inputs, partial(_steps, today=today))
    if old.is_configured and old.checkout is not None:
        progress("generator")
        changes = (*changes, *generator_changes(old, first, lambda: _of_old(analyses, first, pins)))
    shown = sorted_changes([_shown(change, old, new) for change in changes])
    differs = not is_same or bool(shown)
    warnings = [
        side.relabelled(item)
        for side, collected in zip((old, new), found, strict=True)
        for item in collected.items
        if item.id == "dangling-ref"
    ]
    return Comparison(
        old,
        new,
        first,
        second.compatibility,
        shown,
        differs,
        (before, after),
        analyses,
        tuple(dict.fromkeys(warnings)),
    )


def _of_old(
    analyses: tuple[Analysis, Analysis] | None,
    config: ClientConfig,
    pins: tuple[PinnedNames, PinnedNames | None],
) -> Analysis:
    return analyses[0] if analyses is not None else _analyse(config, None, pins[0])


def _steps(old: Inputs, new: Inputs, *, today: date) -> tuple[Change, ...]:
    """The changes between two sets of inputs; raises SdkpressError where one does not build."""
    documents: list[Document] = []
    for side in (old, new):
        diagnostics = Diagnostics()
        documents.append(load_overlaid(side.config.spec, side.config.overlays, diagnostics))
        diagnostics.raise_errors()
    built = (
        _analyse(old.config, documents[0], old.pinned),
        _analyse(new.config, documents[1], new.pinned),
    )
    wire = wire_changes(documents[0], documents[1], today=today)
    return (*wire, *surface_changes(*built), *default_changes(wire, *built))


def _load(side: Side) -> Document:
    """The document with its overlays, and of a revision all files that it refers to."""
    while True:
        diagnostics = Diagnostics()
        document = load_overlaid(side.config.spec, side.config.overlays, diagnostics)
        if side.checkout is None or not side.checkout.complete(document):
            diagnostics.raise_errors()
            return document


def _named(config: ClientConfig, document: Document) -> ClientConfig:
    """The configuration with the names that `generate --spec` gives where none is configured."""
    if config.name:
        return config
    info = document.tree.get("info")
    title: object = info.get("title") if is_mapping(info) else ""
    named = title if isinstance(title, str) else ""
    try:
        return config_from_options(spec=config.spec, out=config.out, title=named)
    except SdkpressError:
        return config_from_options(spec=config.spec, out=config.out, name="client")


def _pins(side: Side, config: ClientConfig) -> PinnedNames:
    """The names that a lock holds: the client's, or one that happens to be beside the document."""
    return names_in(side.lock or lock_of(config), config.name)


def pinned_by(names: Names) -> PinnedNames:
    """The names as a lock would hold them."""
    return PinnedNames(names.operations, names.schemas, names.webhooks, names.members)


def _analyse(
    config: ClientConfig,
    document: Document | None,
    pinned: PinnedNames,
    diagnostics: Diagnostics | None = None,
) -> Analysis:
    collected = Diagnostics() if diagnostics is None else diagnostics
    found = analyse(config, collected, loaded=document, pinned=pinned, has_testing=False)
    collected.raise_errors()
    return found


def _shown(change: Change, old: Side, new: Side) -> Change:
    return replace(change, old=_named_place(change.old, old), new=_named_place(change.new, new))


def _named_place(place: Place | None, side: Side) -> Place | None:
    return None if place is None else replace(place, file=side.shown(place.file))


def _texts(side: Side, places: Iterable[Place | None]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for file in sorted({place.file for place in places if place is not None}):
        for path in side.candidates(file):
            if path.is_file():
                found[file] = path.read_bytes().decode("utf-8-sig", "replace")
                break
    return found
