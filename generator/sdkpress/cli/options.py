"""Options that several commands share."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sdkpress.cli.help import OUTPUT
from sdkpress.diagnostics import COMMAND_LINE, fatal

__all__ = ["Clients", "Overlays", "Quiet", "TextOrJson", "Verbose", "allowed_hosts"]


class TextOrJson(enum.Enum):
    """How to print the result."""

    TEXT = "text"
    JSON = "json"


Clients = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CLIENT]...", help="Configured clients; all of them by default."),
]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--overlay", metavar="FILE", help="An OpenAPI Overlay to apply; repeatable."),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors and findings only.", rich_help_panel=OUTPUT),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Print notes, the time of each stage, and where a defect happened.",
        rich_help_panel=OUTPUT,
    ),
]


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?", re.IGNORECASE)


def allowed_hosts(given: Sequence[str] | None) -> tuple[str, ...]:
    """The values of `--allow-host`. Raises SdkpressError (`usage`) for what no host can be."""
    for value in given or ():
        if not _HOST.fullmatch(value):
            message = f"--allow-host: {value!r} is no host; it is HOST or HOST:PORT"
            raise fatal("usage", message, COMMAND_LINE)
    return tuple(given or ())
