"""Options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Clients", "Overlays", "Quiet", "TextOrJson", "Verbose"]


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
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and findings only.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print notes too, and where a defect happened.")
]
