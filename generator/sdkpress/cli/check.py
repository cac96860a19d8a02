"""`sdkpress check`: are the generated clients in step? Never writes."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.options import Clients, Quiet, Verbose
from sdkpress.diagnostics import printable

if TYPE_CHECKING:
    from sdkpress.checking import Finding
    from sdkpress.cli.targets import Target

__all__ = ["check"]

_SHOWN_DIFFS = 5


class _Format(enum.Enum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    clients: Clients = None,
    format: Annotated[_Format, typer.Option(help="How to print findings.")] = _Format.TEXT,
    full: Annotated[
        bool, typer.Option("--full", help="Build even where nothing seems to have changed.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare the configured clients with what generate would write; exit 1 where they differ."""
    console.configure(
        quiet=quiet,
        verbose=verbose,
        is_json=format is _Format.JSON,
        failure={"in_step": False, "findings": [], "repair": ""},
    )
    from sdkpress.checking import repair_command
    from sdkpress.cli.targets import configured_targets

    targets = configured_targets(clients or ())
    by_target = [(target, _check(target, full=full)) for target in targets]
    findings = [finding for _, found in by_target for finding in found]
    names = [target.label for target, found in by_target if found]
    repair = repair_command(names, all_clients=not clients) if findings else ""
    match format:
        case _Format.JSON:
            _print_json(findings, repair)
        case _Format.GITHUB:
            _print_github(findings, repair)
        case _Format.TEXT:
            _print_text(by_target, repair)
    raise typer.Exit(1 if findings else 0)


def _check(target: Target, *, full: bool) -> tuple[Finding, ...]:
    from sdkpress.checking import check as find
    from sdkpress.cli.targets import build_target, recall_target, remember_target, summary_of

    if not full and recall_target(target) is not None:
        return ()
    with console.progress(f"checking {target.label}") as step:
        config, built, diagnostics = build_target(target, black=None, progress=step)
        findings = find(
            built.files,
            target.out,
            built.facts,
            built.lock,
            client=config.name,
            sources=target.sources,
        )
    if console.is_verbose:
        console.show(diagnostics.items)
    if not findings:
        summary = summary_of(config, built, diagnostics.items)
        remember_target(target, built, summary)
    return findings


def _print_json(findings: Sequence[Finding], repair: str) -> None:
    items = [
        {
            "client": finding.client,
            "cause": finding.cause,
            "path": finding.path,
            "message": finding.message,
            "diff": finding.diff,
        }
        for finding in findings
    ]
    console.print_json({"in_step": not items, "findings": items, "repair": repair})


def _print_text(by_target: Sequence[tuple[Target, Sequence[Finding]]], repair: str) -> None:
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
                    console.print(f"    {_plain(line)}".rstrip())
    if left_out:
        console.print(f"{left_out} more diffs: sdkpress check --verbose")
    if repair:
        console.print(f"repair: {repair}")


def _plain(line: str) -> str:
    return "\t".join(printable(part) for part in line.split("\t"))


def _print_github(findings: Sequence[Finding], repair: str) -> None:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    for finding in findings:
        hunk = re.search(r"^@@ -(\d+)", finding.diff, re.MULTILINE)
        line = f",line={max(1, int(hunk[1]))}" if hunk else ""
        title = _property(f"{finding.client}: {finding.cause}")
        message = _data(f"{finding.message}\n{finding.diff}".rstrip() + f"\nrepair: {repair}")
        console.print(f"::error file={_property(finding.path)}{line},title={title}::{message}")


def _data(text: str) -> str:
    lines = [_plain(line) for line in text.split("\n")]
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
