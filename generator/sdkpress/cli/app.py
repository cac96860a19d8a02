"""The table of commands. Each module imports what is heavy inside its command."""

from __future__ import annotations

from typing import Annotated

import typer

from sdkpress import __version__
from sdkpress.cli import check, diff, doctor, generate, init, inspect, mock, overlay, pull
from sdkpress.cli.console import console

__all__ = ["app"]

app = typer.Typer(
    name="sdkpress",
    help="Turns an OpenAPI document into a Python client, and keeps the two in step.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        console.print(f"sdkpress {__version__}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


app.command("generate")(generate.generate)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("doctor")(doctor.doctor)
app.command("pull")(pull.pull)
app.add_typer(overlay.commands, name="overlay")
app.command("inspect")(inspect.inspect)
app.command("mock")(mock.mock)
app.command("init")(init.init)
