"""`sdkpress init`: a first client in a repository, and what keeps it in step."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import Examples
from sdkpress.cli.options import Quiet, Verbose, allowed_hosts
from sdkpress.diagnostics import Diagnostics, SdkpressError, printable
from sdkpress.interrupting import whole

if TYPE_CHECKING:
    from sdkpress.initialising import Initialisation

__all__ = ["EXAMPLES", "init"]

EXAMPLES: Examples = (
    ("sdkpress init", "begin with the one document in this folder"),
    ("sdkpress init openapi-spec/museum.yaml --dry-run", "say what would be written"),
    ("sdkpress init https://api.example.com/openapi.yaml", "fetch the document (uses the network)"),
)


def init(
    document: Annotated[
        str,
        typer.Argument(
            metavar="[DOCUMENT]", help="Path or URL; without it, the one document in the project."
        ),
    ] = "",
    name: Annotated[
        str | None, typer.Option(metavar="DIST", help="Distribution name (from the title).")
    ] = None,
    client: Annotated[
        str | None, typer.Option(metavar="NAME", help="Class name of the client (from the name).")
    ] = None,
    ci: Annotated[
        bool, typer.Option("--ci/--no-ci", help="Write workflows for GitHub Actions, or not.")
    ] = True,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Another host that a URL may lead to; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Set a project up: configuration, a first client, Makefile, workflows.

    Asks nothing and replaces no file. Only with an address as DOCUMENT does it use the network.
    """
    console.configure(quiet=quiet, verbose=verbose)
    from sdkpress.initialising import Wishes, plan
    from sdkpress.source_reading import is_url

    project_dir = Path()
    wishes = Wishes(document, name, client, ci, allowed_hosts(allow_host))
    diagnostics = Diagnostics()
    if is_url(document):
        console.notice(f"fetching {document}")
    with console.counting("pulling", "pages") as progress:
        planned = plan(project_dir, wishes, diagnostics, progress=progress)
    if not dry_run:
        _carry_out(planned, project_dir)
    console.show(diagnostics.items)
    _print(planned, is_dry_run=dry_run)


def _carry_out(planned: Initialisation, project_dir: Path) -> None:
    """Write everything, the client too, or nothing."""
    from sdkpress.writing import written

    with contextlib.ExitStack() as last:
        with written(project_dir, {**planned.created, **planned.extended}):
            if planned.client:
                _generate(planned.client, last)


def _generate(name: str, last: contextlib.ExitStack) -> None:
    """Write the client. From then on nothing interrupts: `last` ends when all files are there."""
    from sdkpress.cli.targets import build_target, configured_targets
    from sdkpress.comparing import plan
    from sdkpress.emitting import plan_findings, write_plan

    (target,) = configured_targets((name,))
    with console.progress(f"generating {name}") as step:
        _, built, diagnostics = build_target(target, black=None, progress=step)
        decided = plan(built.files, target.out, built.facts, built.lock)
    if decided.refused:
        raise SdkpressError(*plan_findings(decided))
    last.enter_context(whole())
    write_plan(decided)
    console.show(diagnostics.items)


def _print(planned: Initialisation, *, is_dry_run: bool) -> None:
    created, extended = ("would create", "would extend") if is_dry_run else ("created", "extended")
    for path in sorted(planned.created):
        console.status(printable(f"{created} {path}"))
    for path in sorted(planned.extended):
        console.status(printable(f"{extended} {path}"))
    if planned.client:
        console.status(printable(f"{created} {planned.out}/ (the client, from {planned.document})"))
    for path, reason in planned.kept:
        console.status(printable(f"kept {path}: {reason}"))
    for hint in planned.hints:
        for line in hint.rstrip("\n").split("\n"):
            console.status(line)
    if not is_dry_run:
        commands = ", `make` lists the commands" if "Makefile" in planned.created else ""
        console.status(f"Next: `sdkpress check` says whether all is in step{commands}.")
        console.status("Commit these files.")
