"""Annotations of GitHub Actions: workflow commands that are shown beside the lines of a pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from sdkpress.diagnostics import printable

__all__ = ["Level", "annotation", "command_data", "relative_path", "repository_root"]

Level = Literal["error", "warning", "notice"]


def annotation(
    level: Level, message: str, *, title: str, file: str = "", line: int = 0, column: int = 0
) -> str:
    """One line. Nothing in the texts can begin another command, end this one or set a property of
    it. `file` is relative to the repository; line and column count from 1, 0 = none."""
    properties = [
        f"{name}={_property(str(value))}"
        for name, value in (("file", file), ("line", line), ("col", column), ("title", title))
        if value
    ]
    return f"::{level} {','.join(properties)}::{command_data(message)}"


def command_data(text: str) -> str:
    """Text as the runner reads it back: `%`, CR and LF escaped. Other controls become visible
    escapes, tabs stay."""
    lines = ["\t".join(map(printable, line.split("\t"))) for line in text.split("\n")]
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def repository_root(start: Path) -> Path:
    """The folder, from `start` upwards, that is a repository; `start` where none is. Annotations
    name files from there."""
    here = Path(os.path.abspath(start))
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def relative_path(path: str, root: Path) -> str:
    """The path, which is relative to the working folder, as seen from the repository; one outside
    of it stays absolute."""
    absolute = Path(os.path.abspath(path))
    try:
        return absolute.relative_to(root).as_posix()
    except ValueError:
        return absolute.as_posix()


def _property(text: str) -> str:
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
