"""`sdkpress pull`: refreshes documents from their sources."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Quiet, TextOrJson, Verbose, allowed_hosts
from sdkpress.diagnostics import (
    COMMAND_LINE,
    Diagnostics,
    SdkpressError,
    as_dict,
    fatal,
    printable,
)

__all__ = ["EXAMPLES", "pull"]

EXAMPLES: Examples = (
    ("sdkpress pull", "ask every source of openapi-spec/sources.lock for something new"),
    ("sdkpress pull --check", "write nothing; exit code 1 says that there is something new"),
    ("sdkpress pull https://api.example.com/openapi.yaml --as example.yaml", "a new source"),
)


def pull(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Paths or URLs; those of sources.lock if none."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where a source has changed.")
    ] = False,
    name: Annotated[
        str,
        typer.Option(
            "--as", metavar="FILE", help="The document's name in openapi-spec/ (one SOURCE)."
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="Another host that a source may lead to, also HOST:PORT; repeatable.",
        ),
    ] = None,
    allow_shrink: Annotated[
        bool,
        typer.Option("--allow-shrink", help="Take documents that lost most of their operations."),
    ] = False,
    max_pages: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Pages of a site's index. [default: 1000]"),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="For all requests together. [default: 300]"),
    ] = None,
    format: Annotated[
        TextOrJson, typer.Option(help="How to print the result.", rich_help_panel=OUTPUT)
    ] = TextOrJson.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fetch documents from files, pages and sites into openapi-spec/.

    Uses the network. A source is kept in openapi-spec/sources.lock, with the hash of what it gave.
    """
    is_json = format is TextOrJson.JSON
    console.configure(
        quiet=quiet,
        verbose=verbose,
        is_json=is_json,
        failure={"in_step": False, "documents": [], "written": []},
    )
    if timeout is not None and not math.isfinite(timeout):
        raise fatal("usage", f"--timeout: {timeout} is no number of seconds", COMMAND_LINE)
    from sdkpress.fetching import DEFAULT_LIMITS
    from sdkpress.pulling import Options
    from sdkpress.pulling import pull as run
    from sdkpress.source_reading import MAX_PAGES

    options = Options(
        check=check,
        name=name,
        allowed_hosts=allowed_hosts(allow_host),
        allow_shrink=allow_shrink,
        max_pages=max_pages or MAX_PAGES,
        limits=replace(DEFAULT_LIMITS, total_seconds=timeout) if timeout else DEFAULT_LIMITS,
    )
    diagnostics = Diagnostics()
    try:
        with console.counting("pulling", "pages") as progress:
            result = run(
                sources or [], _project(), False, diagnostics, options=options, progress=progress
            )
    except SdkpressError:
        console.show(diagnostics.items)
        raise
    for item in result.documents:
        console.status(printable(f"{item.document}: {item.state} ({item.source})"))
    console.show(diagnostics.items)
    if is_json:
        documents = [
            {"document": item.document, "source": item.source, "state": item.state}
            for item in result.documents
        ]
        console.print_json(
            {
                "in_step": result.in_step,
                "documents": documents,
                "written": list(result.written),
                "diagnostics": [as_dict(item) for item in diagnostics.items],
            }
        )
    raise typer.Exit(1 if check and not result.in_step else 0)


def _project() -> Path:
    """The project around the working folder; without one, the working folder becomes it."""
    from sdkpress.config import find_project

    try:
        return find_project(Path())
    except SdkpressError:
        return Path()
