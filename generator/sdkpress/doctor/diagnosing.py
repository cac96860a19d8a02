"""From a document to all findings, and to an overlay that was tried on the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from sdkpress.bundling import bundle_inserted, load_document
from sdkpress.diagnostics import CATALOG, Diagnostic, Diagnostics, Location, SdkpressError
from sdkpress.doctor import (
    class_names,
    components,
    enums,
    errors,
    examples,
    formats,
    operations,
    paging,
    parameters,
    schemas,
    secrets,
    servers,
    streams,
    unions,
)
from sdkpress.doctor.catalog import RULES
from sdkpress.doctor.facts import Check, Facts
from sdkpress.doctor.findings import Finding, PlacedFinding
from sdkpress.doctor.overlay_writing import Action, actions_of, overlay_text
from sdkpress.doctor.parts import mapping, text
from sdkpress.doctor.survey import Survey
from sdkpress.document import Document, parse_file
from sdkpress.lowering import lower
from sdkpress.lowering.foreign.streaming import with_streams
from sdkpress.naming import PinnedNames, apply_names, decide_names
from sdkpress.overlays import apply_overlays
from sdkpress.validation import validate

__all__ = ["DecidedNames", "Diagnosis", "Proposal", "diagnose", "propose"]

CHECKS: tuple[Check, ...] = (
    *operations.CHECKS,
    *parameters.CHECKS,
    *errors.CHECKS,
    *streams.CHECKS,
    *schemas.CHECKS,
    *class_names.CHECKS,
    *enums.CHECKS,
    *formats.CHECKS,
    *unions.CHECKS,
    *examples.CHECKS,
    *secrets.CHECKS,
    *paging.CHECKS,
    *servers.CHECKS,
    *components.CHECKS,
)
_MOST_ROUNDS = 25
_MOST_PASSES = 3
_OWN_IDS = frozenset(RULES)
_NAME = "(overlay)"
Groups: TypeAlias = list[tuple[Finding, list[Action]]]


@dataclass(frozen=True)
class DecidedNames:
    """The names of a configured client: those of its lock, and those set by hand."""

    pinned: PinnedNames
    by_hand: Mapping[str, str]


@dataclass(frozen=True)
class Diagnosis:
    """What was found: for readers, and as the rules said it."""

    document: Document
    """Before validation: what an overlay is applied to."""
    placed: tuple[PlacedFinding, ...]
    findings: tuple[Finding, ...] = field(repr=False)
    title: str = ""
    ignored: frozenset[str] = frozenset()
    names: DecidedNames | None = None
    read: tuple[Diagnostic, ...] = field(default=(), repr=False)
    """What was said while the document was read: no overlay mends that."""


@dataclass(frozen=True)
class Proposal:
    """An overlay that applies to the document, and what remains after it."""

    text: str
    mended: tuple[Finding, ...]
    remaining: int


def diagnose(
    spec: Path,
    overlays: Sequence[Path] = (),
    *,
    ignored: frozenset[str] = frozenset(),
    names: DecidedNames | None = None,
) -> Diagnosis:
    """Everything that is wrong with a document after its overlays, in the order of the document.

    What the generator itself has to say about the document (a `$ref` that leads nowhere, a node that
    is not OpenAPI) is among the findings. Raises SdkpressError where the document cannot be read.
    """
    diagnostics = Diagnostics()
    document = load_document(spec, diagnostics)
    if overlays:
        document = apply_overlays(document, overlays, diagnostics)
        document = bundle_inserted(document, spec, diagnostics)
    return _examined(document, diagnostics, ignored, names)


def _examined(
    document: Document,
    diagnostics: Diagnostics,
    ignored: frozenset[str] = frozenset(),
    given: DecidedNames | None = None,
) -> Diagnosis:
    read = diagnostics.items
    valid = validate(document, diagnostics)
    api = lower(with_streams(valid, diagnostics), diagnostics)
    given = given or DecidedNames(PinnedNames(), {})
    api = apply_names(api, given.by_hand, given.pinned)
    names = decide_names(api, given.pinned, given.by_hand, diagnostics, valid)
    diagnostics.raise_errors()
    facts = Facts(Survey(valid.tree), api, names)
    found = {  # an example that several places share is looked at in each of them
        (finding.rule, finding.pointer, finding.message): finding
        for check in CHECKS
        for finding in _checked(check, facts)
        if finding.rule not in ignored
    }
    located = [(valid.locate(finding.pointer), finding) for finding in found.values()]
    order = list(RULES)
    located.sort(key=lambda item: (*_place(item[0]), order.index(item[1].rule), item[1].message))
    placed = [_placed(location, finding) for location, finding in located]
    placed += [
        _told(item)
        for item in diagnostics.items
        if item.id not in _OWN_IDS and item.id not in ignored
    ]
    placed.sort(key=lambda item: (*_place(item.location), item.id))
    findings = tuple(finding for _, finding in located)
    title = text(mapping(valid.tree.get("info")).get("title"))
    return Diagnosis(document, tuple(placed), findings, title, ignored, given, read)


def _checked(check: Check, facts: Facts) -> list[Finding]:
    try:
        return list(check(facts))
    except RecursionError:  # references in place of maps can make a tree that contains itself
        return []


def _place(location: Location) -> tuple[str, int, int, str]:
    return location.file, location.line, location.column, location.pointer


def _placed(location: Location, finding: Finding) -> PlacedFinding:
    rule = RULES[finding.rule]
    mend = ""
    if finding.mend is not None:
        mend = "certain" if finding.mend.is_certain else "assumption"
    return PlacedFinding(
        finding.rule, rule.severity, rule.title, finding.message, rule.reason, location, mend
    )


def _told(item: Diagnostic) -> PlacedFinding:
    location = item.location or Location("", 1, 1)
    message = item.message[:1].upper() + item.message[1:]
    title = CATALOG[item.id].title
    return PlacedFinding(item.id, item.severity, title, message, item.help, location, "")


# --- the overlay ----------------------------------------------------------------------------------


def propose(diagnosis: Diagnosis, *, extends: str, before: Sequence[str] = ()) -> Proposal | None:
    """An overlay with all mends that apply, tried on the document; None when there is none.

    What mends bring in is examined in turn: a schema that was split may leave parts without a name.
    Mends that get in each other's way are left out, the later one first.
    """

    def written(groups: Groups) -> str:
        return overlay_text(groups, title=diagnosis.title, extends=extends, before=before)

    kept: Groups = []
    latest = diagnosis
    for _ in range(_MOST_PASSES):
        mended = _mended(latest, written)
        if mended is None:
            break
        try:
            _applied(diagnosis.document, written(kept + mended[0]))
        except SdkpressError:
            break  # an action that was made before
        kept, latest = kept + mended[0], mended[1]
    if not kept:
        return None
    findings = tuple(finding for finding, _ in kept)
    return Proposal(written(kept), findings, len(latest.placed))


def _mended(
    diagnosis: Diagnosis, written: Callable[[Groups], str]
) -> tuple[Groups, Diagnosis] | None:
    """The actions that mend what was found, and the diagnosis after them; None without any."""
    groups = actions_of(diagnosis.findings, diagnosis.document.tree)
    for _ in range(_MOST_ROUNDS):
        if not groups:
            return None
        try:
            mended = _applied(diagnosis.document, written(groups))
            diagnostics = Diagnostics()
            diagnostics.extend(diagnosis.read)
            again = _examined(mended, diagnostics, diagnosis.ignored, diagnosis.names)
        except SdkpressError as error:
            groups = _without_failing(groups, error)
            continue
        return groups, again
    return None


def _applied(document: Document, overlay: str) -> Document:
    unheard = Diagnostics()
    data = overlay.encode("utf-8", "backslashreplace")
    return apply_overlays(document, [parse_file(data, _NAME, unheard)], unheard)


def _without_failing(groups: Groups, error: SdkpressError) -> Groups:
    """The groups but those whose actions the error names; half of them where it names none."""
    failing: set[int] = set()
    for item in error.diagnostics:
        pointer = item.location.pointer if item.location is not None else ""
        tokens = pointer.split("/")
        if len(tokens) > 2 and tokens[1] == "actions" and tokens[2].isdecimal():
            failing.add(int(tokens[2]))
    kept: Groups = []
    number = 0
    for group in groups:
        count = len(group[1])
        if not failing & set(range(number, number + count)):
            kept.append(group)
        number += count
    return kept if len(kept) < len(groups) else groups[: len(groups) // 2]
