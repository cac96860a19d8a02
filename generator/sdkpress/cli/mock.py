"""`sdkpress mock`: a server that speaks a document."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Overlays
from sdkpress.interrupting import left_alone

__all__ = ["EXAMPLES", "mock"]

EXAMPLES: Examples = (
    (
        "sdkpress mock openapi-spec/museum.yaml",
        "a server on http://127.0.0.1:8000 that speaks this document",
    ),
    ("sdkpress mock museum --port 0", "the document of a configured client, on a free port"),
    ("sdkpress mock museum --port 0 --replay calls.yaml", "answers that were recorded"),
)


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
    seed: Annotated[
        int, typer.Option(metavar="N", help="Other made values, the same ones for each number.")
    ] = 0,
    credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCHEME=KEY",
            help="The right key of a security scheme (user:password for basic), 401 for "
            "others; repeatable.",
        ),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Answer from a cassette, a file that --record has made."),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Hand requests on, and write what is answered to a cassette."
        ),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The server to record (the first of the document)."),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Print the address and no requests.", rich_help_panel=OUTPUT
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Print headers and bodies too, without credentials.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
) -> None:
    """Run a fake server that speaks a document.

    It validates requests, and answers from examples and schemas. Ctrl-C stops it.
    """
    console.configure(quiet=quiet, verbose=verbose)
    from sdkpress.cli.targets import named_or_spec
    from sdkpress.mocking import LogOptions, TapeOptions, serve

    target = named_or_spec(spec, tuple(overlay or ()))
    gc.enable()  # a server lives long
    with left_alone():
        code = serve(
            target,
            host=host,
            port=port,
            seed=seed,
            credentials=tuple(credential or ()),
            tape=TapeOptions(replay, record, upstream),
            log=LogOptions(quiet, verbose, console.has_color, console.print_now),
        )
    raise typer.Exit(code)
