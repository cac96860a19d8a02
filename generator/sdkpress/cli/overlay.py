"""`sdkpress overlay apply`: a document with its overlays, as one document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import Command, Examples, Group, examples_text
from sdkpress.cli.options import Quiet, Verbose
from sdkpress.diagnostics import Diagnostics

__all__ = ["EXAMPLES", "commands"]

EXAMPLES: Examples = (
    ("sdkpress overlay apply openapi.yaml mended.overlay.yaml", "print the result"),
    ("sdkpress overlay apply openapi.yaml mended.overlay.yaml --out whole.yaml", "write it"),
)

commands = typer.Typer(
    cls=Group,
    suggest_commands=False,  # as in app.py
    help="Apply OpenAPI Overlays to a document.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@commands.callback()
def _overlay() -> None:  # pyright: ignore[reportUnusedFunction]
    """Apply OpenAPI Overlays to a document."""


@commands.command(cls=Command, epilog=examples_text(EXAMPLES))
def apply(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The document.")],
    overlays: Annotated[
        list[Path], typer.Argument(metavar="OVERLAY...", help="Overlays, in their order.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here in place of standard output.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Apply OpenAPI Overlays 1.0 and 1.1, and print the result as YAML.

    Files that the document refers to are part of the result, so that it stands on its own.
    """
    console.configure(quiet=quiet, verbose=verbose)
    from sdkpress.bundling import load_document
    from sdkpress.overlays import apply_overlays, dump
    from sdkpress.writing import write_file

    diagnostics = Diagnostics()
    document = load_document(spec, diagnostics)
    applied = apply_overlays(document, overlays, diagnostics)
    diagnostics.raise_errors()
    content = dump(applied).encode("utf-8", "backslashreplace")
    console.show(diagnostics.items)
    if out is None:
        console.write_bytes(content)
    else:
        write_file(out, content)
