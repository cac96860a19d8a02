"""Clean environments with nothing in them but a package and what it requires."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdkpress.diagnostics import COMMAND_LINE, fatal
from sdkpress.publishing.programs import Programs, Ran

__all__ = ["PackageSources", "make_environment"]


@dataclass(frozen=True, slots=True)
class PackageSources:
    """Where requirements come from, in the words of pip: folders or pages with files, and an index
    ("" is what pip or uv is configured with)."""

    find_links: tuple[str, ...] = ()
    index_url: str = ""

    def options(self) -> list[str]:
        """The options of pip, which are those of `uv pip` too."""
        found = [part for place in self.find_links for part in ("--find-links", place)]
        return [*found, *(["--index-url", self.index_url] if self.index_url else [])]


def make_environment(
    programs: Programs, folder: Path, requirements: Sequence[str], sources: PackageSources
) -> tuple[Path, Ran]:
    """Make a virtual environment of this Python in `folder` and install into it, with uv where it is
    on PATH, else with the pip of our own environment. Its interpreter, and how installing ended.

    Raises SdkpressError (`missing-tool`) where there is neither.
    """
    inside = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which("uv")
    if uv is None and importlib.util.find_spec("pip") is None:
        message = "installing into a clean environment needs pip or uv, and neither is there"
        help = "Install one of them: python -m ensurepip, or python -m pip install uv"
        raise fatal("missing-tool", message, COMMAND_LINE, help)
    # Copied, the interpreter of a relocatable Python does not find its libpython.
    venv.create(folder, symlinks=os.name == "posix")
    given = [*sources.options(), *requirements]
    if uv is not None:
        command: list[str | Path] = [uv, "pip", "install", "--python", inside, "--no-progress"]
        return inside, programs.run([*command, *given], cwd=folder)
    command = [sys.executable, "-m", "pip", "--python", inside, "install", "--no-compile"]
    command += ["--quiet", "--disable-pip-version-check", "--no-input"]
    return inside, programs.run([*command, *given], cwd=folder)
