"""The table of commands. Each module imports what is heavy inside its command, and a command is
built when it is called: to read the parameters of all of them is a quarter of a short run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from sdkpress import __version__
from sdkpress.cli import (
    build,
    check,
    completion,
    diff,
    doctor,
    generate,
    init,
    inspect,
    mock,
    overlay,
    publish,
    pull,
    vendor,
)
from sdkpress.cli.console import console
from sdkpress.cli.help import COMMAND_GROUPS, Command, Examples, examples_text
from sdkpress.cli.listing import Listed, Listing
from sdkpress.cli.options import Quiet, Verbose

__all__ = ["app"]

_EXAMPLES: Examples = (
    ("sdkpress init openapi.yaml", "a first client of a document in this folder"),
    ("sdkpress generate", "write the clients again after a change"),
    ("sdkpress check", "is everything in step?"),
    ("sdkpress generate --help", "more about one command"),
)

app = typer.Typer(
    name="sdkpress",
    cls=Listing,
    suggest_commands=False,  # entry.py does, for every kind of word
    help="Turns an OpenAPI document into a Python client, and keeps the two in step.",
    epilog=examples_text(_EXAMPLES),
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
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    console.preset(quiet=quiet, verbose=verbose)


_MAKE, _KEEP, _LOOK, _SHIP, _SET_UP = COMMAND_GROUPS


def _add(name: str, command: Callable[..., None], examples: Examples, section: str) -> None:
    """Register a command; `section` is its place in the list of commands."""

    def build() -> Any:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name, cls=Command, epilog=examples_text(examples))(command)
        return typer.main.get_command(alone)

    Listing.listed[name] = Listed(command.__doc__ or "", section, build)


def _add_group(name: str, commands: typer.Typer, section: str) -> None:
    """Register commands that stand behind a common word."""
    help = str(commands.info.help)
    Listing.listed[name] = Listed(help, section, lambda: typer.main.get_group(commands))


_add("generate", generate.generate, generate.EXAMPLES, _MAKE)
_add("pull", pull.pull, pull.EXAMPLES, _MAKE)
_add("check", check.check, check.EXAMPLES, _KEEP)
_add("diff", diff.diff, diff.EXAMPLES, _KEEP)
_add("doctor", doctor.doctor, doctor.EXAMPLES, _LOOK)
_add("inspect", inspect.inspect, inspect.EXAMPLES, _LOOK)
_add("mock", mock.mock, mock.EXAMPLES, _LOOK)
_add_group("overlay", overlay.commands, _LOOK)
_add("build", build.build, build.EXAMPLES, _SHIP)
_add("publish", publish.publish, publish.EXAMPLES, _SHIP)
_add_group("vendor", vendor.commands, _SHIP)
_add("init", init.init, init.EXAMPLES, _SET_UP)
_add("completion", completion.completion, completion.EXAMPLES, _SET_UP)
