"""`sdkpress inspect`: what sdkpress understood of a document."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import typer

from sdkpress.cli.console import console
from sdkpress.cli.help import OUTPUT, Examples
from sdkpress.cli.options import Overlays, Quiet, Verbose
from sdkpress.diagnostics import printable

__all__ = ["EXAMPLES", "inspect"]

EXAMPLES: Examples = (
    ("sdkpress inspect openapi-spec/museum.yaml", "resources, methods and types, as a tree"),
    ("sdkpress inspect museum --format json", "the same of a configured client, for a program"),
)


class _Format(enum.Enum):
    TREE = "tree"
    JSON = "json"


def inspect(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A document, or the name of a configured client.")
    ],
    overlay: Overlays = None,
    format: Annotated[
        _Format, typer.Option(help="How to print it.", rich_help_panel=OUTPUT)
    ] = _Format.TREE,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Print the resources, methods and types that a client would have."""
    is_json = format is _Format.JSON
    failure: dict[str, Any] = {"client": "", "async_client": "", "operations": [], "types": []}
    console.configure(quiet=quiet, verbose=verbose, is_json=is_json, failure=failure)
    from sdkpress.cli.targets import analyse_target, named_or_spec
    from sdkpress.inspecting import inspect_json, inspect_tree

    target = named_or_spec(spec, tuple(overlay or ()))
    with console.progress(f"reading {target.label}") as step:
        config, api, names, diagnostics = analyse_target(target, progress=step)
    if is_json:
        console.print_json(
            inspect_json(api, names, diagnostics, config.client, config.async_client)
        )
        return
    for line in inspect_tree(api, names).rstrip("\n").split("\n"):
        console.print(printable(line))
    console.show(diagnostics.items)
