"""`sdkpress mock`: a server that speaks a document."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.options import Overlays, Quiet, Verbose

__all__ = ["mock"]


def mock(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC|CLIENT", help="A document, or the name of a configured client."
        ),
    ],
    overlay: Overlays = None,
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="P", min=0, max=65535, help="Port to listen on; 0 = a free one.")
    ] = 8000,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run a fake server that validates requests and answers from examples and schemas."""
    console.configure(quiet=quiet, verbose=verbose)
    from sdkpress.cli.targets import named_or_spec
    from sdkpress.mocking import serve

    target = named_or_spec(spec, tuple(overlay or ()))
    gc.enable()  # a server lives long
    raise typer.Exit(serve(target, host=host, port=port))
