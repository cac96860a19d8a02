"""`sdkpress doctor`: what in a document makes a bad client, and an overlay that mends it."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Overlays, Quiet, Verbose
from sdkpress.diagnostics import (
    COMMAND_LINE,
    Location,
    SdkpressError,
    Severity,
    fatal,
    printable,
)

if TYPE_CHECKING:
    from sdkpress.doctor.diagnosing import DecidedNames, Diagnosis, Proposal
    from sdkpress.doctor.findings import PlacedFinding

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES: Examples = (
    (
        "sdkpress doctor openapi-spec/museum.yaml",
        "what makes a bad client (exit code 1: something does)",
    ),
    ("sdkpress doctor museum --format json", "the document of a configured client, for a program"),
    (
        "sdkpress doctor openapi-spec/museum.yaml --write mended.overlay.yaml",
        "mend what can be mended, as an overlay",
    ),
)


class _Format(enum.Enum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def doctor(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A document, or the name of a configured client.")
    ],
    overlay: Overlays = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="OVERLAY", help="Write an overlay that mends what can be mended."),
    ] = None,
    format: Annotated[
        _Format, typer.Option(help="How to print findings.", rich_help_panel=OUTPUT)
    ] = _Format.TEXT,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave a rule out; repeatable.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Notes count as findings, too: exit 1.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what in a document makes a bad client, and mend it.

    Exit code 1 where there is an error or a warning. With --write, make an OpenAPI Overlay that
    mends what can be mended mechanically; exit 0 when it is written. A file that is there is never
    overwritten.
    """
    failure: dict[str, Any] = {"document": spec, "findings": [], "written": None}
    is_json = format is _Format.JSON
    console.configure(quiet=quiet, verbose=verbose, is_json=is_json, failure=failure)
    try:
        code = _run(spec, tuple(overlay or ()), write, format, tuple(ignore or ()), strict=strict)
    except SdkpressError as error:
        if format is _Format.SARIF:
            from sdkpress.doctor.reports import failed_sarif

            console.print_json(failed_sarif(error.diagnostics))
        raise
    raise typer.Exit(code)


def _run(
    spec: str,
    given: tuple[Path, ...],
    write: Path | None,
    format: _Format,
    ignore: Sequence[str],
    *,
    strict: bool,
) -> int:
    if write is not None:
        _refuse_existing(write)
    from sdkpress.doctor.diagnosing import diagnose

    ignored = _known_rules(ignore)
    path, overlays, names = _inputs(spec, given)
    with console.progress(f"examining {path.as_posix()}"):
        diagnosis = diagnose(path, overlays, ignored=ignored, names=names)
    proposal = None
    if write is not None:
        proposal = _write(diagnosis, write, path, overlays)
    _print(format, path, diagnosis, write if proposal is not None else None, proposal)
    if proposal is not None:
        return 0
    if write is not None:
        console.notice(
            f"nothing here can be mended mechanically: {write.as_posix()} is not written"
        )
    serious = [item for item in diagnosis.placed if strict or item.severity is not Severity.NOTE]
    return 1 if serious else 0


def _known_rules(names: Sequence[str]) -> frozenset[str]:
    from sdkpress.diagnostics import CATALOG
    from sdkpress.doctor.catalog import RULES

    for name in names:
        if name not in RULES and name not in CATALOG:
            from sdkpress.suggesting import suggestion

            message = f"--ignore: there is no rule {name!r}{suggestion(name, {*RULES, *CATALOG})}"
            raise fatal("invalid-option", message, COMMAND_LINE)
    return frozenset(names)


def _inputs(
    spec: str, overlays: tuple[Path, ...]
) -> tuple[Path, tuple[Path, ...], DecidedNames | None]:
    """The document, its overlays, and the names of a configured client."""
    path = Path(spec)
    if path.exists():
        return path, overlays, None
    from sdkpress.cli.targets import named_or_spec
    from sdkpress.doctor.diagnosing import DecidedNames
    from sdkpress.pipeline import lock_of, names_in

    config = named_or_spec(spec, overlays).resolve()
    pinned = names_in(lock_of(config), config.name)
    return config.spec, tuple(config.overlays), DecidedNames(pinned, config.names)


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise fatal(
            "overlay-exists",
            f"{target.as_posix()} is there already, and is not overwritten",
            Location(target.as_posix(), 1, 1),
        )


def _write(
    diagnosis: Diagnosis, target: Path, spec: Path, overlays: tuple[Path, ...]
) -> Proposal | None:
    from sdkpress.doctor.diagnosing import propose
    from sdkpress.writing import write_new_file

    with console.progress(f"mending {spec.as_posix()}"):
        proposal = propose(
            diagnosis,
            extends=_relative_uri(spec, target),
            before=[_relative_uri(item, target) for item in overlays],
        )
    if proposal is not None:
        write_new_file(target, proposal.text.encode("utf-8", "backslashreplace"))
    return proposal


def _relative_uri(file: Path, overlay: Path) -> str:
    """The file as seen from the overlay, as a URI reference."""
    here, there = os.path.abspath(overlay.parent), os.path.abspath(file)
    try:
        relative = Path(os.path.relpath(there, here)).as_posix()
    except ValueError:  # another drive
        return Path(there).as_uri()
    return quote(relative, safe="/-._~")


def _print(
    format: _Format,
    spec: Path,
    diagnosis: Diagnosis,
    target: Path | None,
    proposal: Proposal | None,
) -> None:
    from sdkpress.doctor.reports import as_json, github_lines, sarif

    findings = diagnosis.placed
    match format:
        case _Format.JSON:
            written = None
            if target is not None and proposal is not None:
                written = {
                    "path": target.as_posix(),
                    "mended": len(proposal.mended),
                    "remaining": proposal.remaining,
                }
            console.print_json(as_json(spec.as_posix(), findings, written))
        case _Format.SARIF:
            console.print_json(sarif(findings))
        case _Format.GITHUB:
            for line in github_lines(findings):
                console.print(line)
        case _Format.TEXT:
            _print_text(spec, findings, target, proposal)


def _print_text(
    spec: Path, findings: Sequence[PlacedFinding], target: Path | None, proposal: Proposal | None
) -> None:
    from sdkpress.doctor.reports import SHOWN, counted, text_lines

    for line in text_lines(findings, limit=None if console.is_verbose else SHOWN):
        console.print(line)
    console.print(f"{printable(spec.as_posix())}: {counted(findings)}")
    mendable = sum(bool(finding.mend) for finding in findings)
    if target is not None and proposal is not None:
        console.print(
            f"{printable(target.as_posix())}: written; it mends {len(proposal.mended)} and leaves "
            f"{proposal.remaining}"
        )
    elif mendable:
        console.status(f"{mendable} of them can be mended: sdkpress doctor … --write OVERLAY")
