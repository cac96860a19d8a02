"""`sdkpress diff`: what changed between two versions of a client, and whom it breaks."""

from __future__ import annotations

import enum
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Quiet, Verbose
from sdkpress.diagnostics import COMMAND_LINE, fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdkpress.diffing.changes import BrokenCall, Report
    from sdkpress.diffing.comparing import Comparison

__all__ = ["EXAMPLES", "diff"]

EXAMPLES: Examples = (
    ("sdkpress diff old.yaml openapi-spec/museum.yaml", "two documents"),
    (
        "sdkpress diff git:HEAD --client museum",
        "what the working tree would change for users of a client",
    ),
    (
        "sdkpress diff git:HEAD --client museum --callers app",
        "the same, and the lines in app/ that break",
    ),
    ("sdkpress diff old.yaml openapi.yaml --format html --out report.html", "a page to show"),
)

_FAILURE: dict[str, object] = {"verdict": None, "changes": [], "callers": []}


class _Format(enum.Enum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    GITHUB = "github"


class _FailOn(enum.Enum):
    BREAKING = "breaking"
    RISKY = "risky"
    NEVER = "never"


def diff(
    old: Annotated[
        str,
        typer.Argument(metavar="OLD", help="A document, git:REV:FILE, or git:REV for a client."),
    ],
    new: Annotated[
        str | None,
        typer.Argument(metavar="[NEW]", help="The same; without it, the working tree."),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            "--client", metavar="CLIENT", help="The configured client that the sides are of."
        ),
    ] = None,
    callers: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also find the calls in this folder that break."),
    ] = None,
    format: Annotated[
        _Format, typer.Option(help="How to print the report.", rich_help_panel=OUTPUT)
    ] = _Format.TEXT,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report to this file.")
    ] = None,
    fail_on: Annotated[
        _FailOn, typer.Option(help="From which severity on to exit with 1.")
    ] = _FailOn.BREAKING,
    today: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="Judge sunset dates (x-sunset) on this day, the present one without it.",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what a change breaks: on the wire, for running code, for type checkers.

    Exit code 1 where something breaks (--fail-on).
    """
    is_json = format is _Format.JSON
    console.configure(quiet=quiet, verbose=verbose, is_json=is_json, failure=_FAILURE)
    if callers is not None and not os.path.isdir(callers):
        message = f"--callers {callers.as_posix()}: there is no such folder"
        raise fatal("usage", message, COMMAND_LINE)
    from sdkpress.diffing.comparing import compare
    from sdkpress.diffing.sides import open_sides

    with open_sides(old, new, client) as (first, second):
        with console.progress("comparing") as step:
            day = today.date() if today else None
            found = compare(first, second, today=day, progress=step)
            broken = None if callers is None else _broken_calls(found, callers, step)
        report = found.report(broken, "" if callers is None else callers.as_posix())
        text = _written(report, found, format, is_file=out is not None)
    console.show(found.warnings)
    _deliver(text, out, format)
    raise typer.Exit(_exit_code(report, fail_on))


def _broken_calls(
    found: Comparison, folder: Path, progress: Callable[[str], None]
) -> tuple[BrokenCall, ...]:
    from sdkpress.diffing.callers import broken_calls

    old, new = found.packages()
    if old == new:
        return ()
    return broken_calls(
        folder,
        old,
        new,
        found.config.package,
        found.changes,
        notice=console.notice,
        progress=progress,
    )


def _written(report: Report, found: Comparison, format: _Format, *, is_file: bool) -> str:
    from sdkpress.diffing import reports

    match format:
        case _Format.TEXT:
            has_color = console.has_color and not is_file
            return reports.text(report, is_verbose=console.is_verbose, has_color=has_color)
        case _Format.JSON:
            import json

            return json.dumps(reports.as_json(report), indent=2)
        case _Format.MARKDOWN:
            return reports.markdown(report)
        case _Format.GITHUB:
            from sdkpress.workflow_commands import repository_root

            root = repository_root(Path())
            return reports.github(report, is_verbose=console.is_verbose, root=root)
        case _Format.HTML:
            return reports.html(report, *found.texts())


def _deliver(text: str, out: Path | None, format: _Format) -> None:
    content = f"{text.rstrip(chr(10))}\n"
    if out is not None:
        from sdkpress.writing import write_file

        write_file(out, content.encode("utf-8", "backslashreplace"))
    elif format is _Format.HTML:
        console.write_bytes(content.encode("utf-8", "backslashreplace"))
    else:
        for line in content.split("\n")[:-1]:
            console.print(line)


def _exit_code(report: Report, fail_on: _FailOn) -> int:
    severities = {change.severity for change in report.changes}
    match fail_on:
        case _FailOn.NEVER:
            return 0
        case _FailOn.RISKY:
            return 1 if severities & {"breaking", "risky"} else 0
        case _FailOn.BREAKING:
            return 1 if "breaking" in severities or report.callers else 0
