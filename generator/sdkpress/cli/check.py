"""`sdkpress check`: are the generated clients in step? Never writes."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Clients, Quiet, Verbose
from sdkpress.diagnostics import SdkpressError, printable

if TYPE_CHECKING:
    from sdkpress.checking import Finding
    from sdkpress.cli.targets import Target

__all__ = ["EXAMPLES", "check"]

EXAMPLES: Examples = (
    ("sdkpress check", "is every client what `sdkpress generate` would write? (exit code 1: no)"),
    ("sdkpress check museum --verbose", "one client, every difference, and where the time goes"),
    ("sdkpress check --format github", "the same in a workflow: annotations at the files"),
)

_SHOWN_DIFFS = 5


class _Format(enum.Enum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def check(
    clients: Clients = None,
    format: Annotated[
        _Format, typer.Option(help="How to print findings.", rich_help_panel=OUTPUT)
    ] = _Format.TEXT,
    full: Annotated[
        bool, typer.Option("--full", help="Build even where nothing seems to have changed.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say whether clients are in step with their documents. Writes nothing.

    Exit code 1 where one is not: the cause of each difference, and the command that mends it.
    """
    console.configure(
        quiet=quiet,
        verbose=verbose,
        is_json=format is _Format.JSON,
        failure={"in_step": False, "findings": [], "repair": ""},
    )
    from sdkpress.cli.targets import configured_targets

    try:
        targets = configured_targets(clients or ())
        by_target = [(target, _check(target, full=full)) for target in targets]
    except SdkpressError as error:
        if format is _Format.SARIF:
            from sdkpress.check_reports import failed_sarif, repository_root

            console.print_json(failed_sarif(error.diagnostics, repository_root(Path())))
        raise
    findings = [finding for _, found in by_target for finding in found]
    repair = ""
    if findings:
        from sdkpress.checking import repair_command

        names = [target.label for target, found in by_target if found]
        removed = [finding.removes for finding in findings]
        repair = repair_command(names, all_clients=not clients, removed=removed)
    _print(format, by_target, findings, repair)
    raise typer.Exit(1 if findings else 0)


def _print(
    format: _Format,
    by_target: Sequence[tuple[Target, Sequence[Finding]]],
    findings: Sequence[Finding],
    repair: str,
) -> None:
    if format is _Format.TEXT:
        _print_text(by_target, repair)
        return
    from sdkpress.check_reports import as_json, github_lines, repository_root, sarif

    if format is _Format.JSON:
        console.print_json(as_json(findings, repair))
    elif format is _Format.SARIF:
        console.print_json(sarif(findings, repair, repository_root(Path())))
    else:
        for line in github_lines(findings, repair, repository_root(Path())):
            console.print(line)


def _check(target: Target, *, full: bool) -> tuple[Finding, ...]:
    from sdkpress.checking import check as find
    from sdkpress.cli.targets import build_target, recall_target, remember_target, summary_of

    if not full and recall_target(target) is not None:
        return ()
    with console.progress(f"checking {target.label}") as step:
        step("prepare")
        config, built, diagnostics = build_target(target, black=None, progress=step)
        step("compare")
        findings = find(
            built.files,
            target.out,
            built.facts,
            built.lock,
            client=config.name,
            sources=target.sources,
            overlays=target.overlays,
        )
    if console.is_verbose:
        console.show(diagnostics.items)
    if not findings:
        summary = summary_of(config, built, diagnostics.items)
        remember_target(target, built, summary)
    return findings


def _print_text(by_target: Sequence[tuple[Target, Sequence[Finding]]], repair: str) -> None:
    from sdkpress.check_reports import plain_line

    shown = left_out = 0
    for target, findings in by_target:
        if not findings:
            console.status(f"{target.label}: in step")
            continue
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        console.print(f"{target.label}: out of step, {count}")
        for finding in findings:
            path, message = printable(finding.path), printable(finding.message)
            console.print(f"  {finding.cause}: {path}: {message}")
            if finding.diff and shown >= _SHOWN_DIFFS and not console.is_verbose:
                left_out += 1
            elif finding.diff:
                shown += 1
                for line in finding.diff.rstrip("\n").split("\n"):
                    console.print(f"    {plain_line(line)}".rstrip())
    if left_out:
        console.print(f"{left_out} more diffs: sdkpress check --verbose")
    if repair:
        console.print(f"repair: {printable(repair)}")
