"""`sdkpress pull`: refreshes documents from their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.options import Quiet, Verbose
from sdkpress.diagnostics import Diagnostics, SdkpressError, printable

__all__ = ["pull"]


def pull(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Paths or URLs; those of sources.lock if none."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where a source has changed.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take OpenAPI documents out of files, documentation pages and URLs into openapi-spec/."""
    console.configure(quiet=quiet, verbose=verbose)
    from sdkpress.pulling import pull as run

    diagnostics = Diagnostics()
    with console.progress("pulling"):
        result = run(sources or [], _project(), check, diagnostics)
    for item in result.documents:
        console.status(printable(f"{item.document}: {item.state} ({item.source})"))
    console.show(diagnostics.items)
    raise typer.Exit(1 if check and not result.in_step else 0)


def _project() -> Path:
    """The project around the working folder; without one, the working folder becomes it."""
    from sdkpress.config import find_project

    try:
        return find_project(Path())
    except SdkpressError:
        return Path()
