"""Where a package is vendored: the folder, its name, and what is there already."""

from __future__ import annotations

import keyword
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sdkpress.client_names import is_identifier
from sdkpress.diagnostics import COMMAND_LINE, Location, SdkpressError, fatal
from sdkpress.locking import exclusive
from sdkpress.vendoring.record import RECORD_NAME

__all__ = [
    "checked_name",
    "held",
    "import_name",
    "is_hiding",
    "project_root",
    "refuse_links",
    "vendored_below",
]

_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", ".git", ".hg")
_MAX_NAME = 100
# What Python, package managers and Windows (device names) give another meaning.
_RESERVED = re.compile(r"__\w*__|node_modules|(?i:con|prn|aux|nul|com\d|lpt\d)")
_SKIPPED = frozenset(("node_modules", "site-packages", "__pycache__"))
_HIDDEN_BY_NAME = frozenset(("aiohttp", "httptools", "httpx", "httpx2", "msgspec", "opentelemetry"))


def checked_name(name: str) -> str:
    """The name of a vendored package. Raises SdkpressError (`usage`) for what cannot be imported."""
    if "." in name and all(map(is_identifier, name.split("."))):
        parent, _, last = name.rpartition(".")
        message = f"--as is one name; for {name!r} say --into .../{parent.replace('.', '/')}"
        raise fatal("usage", f"{message} --as {last}", COMMAND_LINE)
    if keyword.iskeyword(name):
        raise fatal(
            "usage", f"--as {name}: a Python keyword, which nobody can import", COMMAND_LINE
        )
    if not is_identifier(name) or len(name) > _MAX_NAME:
        raise fatal("usage", f"--as {name[:120]!r}: not a Python identifier", COMMAND_LINE)
    if _RESERVED.fullmatch(name):
        raise fatal("usage", f"--as {name}: a name with a meaning of its own", COMMAND_LINE)
    return name


def is_hiding(folder: Path) -> bool:
    """Whether a vendored folder, where it is imported by its bare name, hides a module that it or
    others need."""
    name = folder.name
    if (folder.parent / "__init__.py").is_file():
        return False  # below a package nobody sees the bare name
    return name in sys.stdlib_module_names or name in _HIDDEN_BY_NAME


def import_name(folder: Path) -> str:
    """How the host imports the folder, as far as the packages around it tell. A folder without an
    `__init__.py` inside of a package is part of the name (PEP 420)."""
    here = Path(os.path.abspath(folder))
    root = project_root(here.parent) or here.parent
    names = [here.name]
    found = 1
    for parent in here.parents:
        if parent == root or not is_identifier(parent.name):
            break
        names.append(parent.name)
        if (parent / "__init__.py").is_file():
            found = len(names)
    return ".".join(reversed(names[:found]))


def project_root(folder: Path) -> Path | None:
    """The project that a folder belongs to: the nearest one upwards, itself included, with a file
    that says so. None where nothing says so."""
    here = Path(os.path.abspath(folder))
    for candidate in (here, *here.parents):
        if any((candidate / name).exists() for name in _PROJECT_FILES):
            return candidate
    return None


def refuse_links(target: Path) -> None:
    """Refuse a target that a symbolic link below the working folder or the project leads to, and
    one that is a link itself: what is written must land where it was said.

    Raises SdkpressError (`symlink-in-output`).
    """
    absolute = Path(os.path.normpath(Path.cwd() / target))
    project = project_root(absolute)
    bounds = {Path.cwd(), project or absolute.parent.parent}
    within = [bound for bound in bounds if bound in absolute.parents]
    top = min(within, key=lambda bound: len(bound.parts), default=absolute.parent.parent)
    here = absolute
    while here != top and here != here.parent:
        _refuse_link(here)
        here = here.parent
    # `..` behind a link leads elsewhere than the text says.
    written = Path(target.anchor) if target.is_absolute() else Path()
    for part in target.parts[1 if target.is_absolute() else 0 :]:
        if part == "..":
            _refuse_link(written)
        written /= part


def held(target: Path) -> AbstractContextManager[None]:
    """A block in which no other sdkpress writes to a vendored folder of the same project."""
    return exclusive(project_root(target.parent) or target.parent)


def vendored_below(folder: Path) -> Iterator[Path]:
    """The vendored packages in a folder: itself, those beside each other in it, or, where there are
    none, those anywhere below it. Hidden folders, environments and links are passed by."""
    if _holds_record(folder):
        yield folder
        return
    children = [path for path in _folders(folder) if _holds_record(path)]
    if children:
        yield from children
        return
    pending = _folders(folder)[::-1]
    while pending:
        here = pending.pop()
        if _holds_record(here):
            yield here
        elif not (here / "pyvenv.cfg").exists():
            pending.extend(_folders(here)[::-1])


def _holds_record(folder: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(folder / RECORD_NAME).st_mode)
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        if isinstance(error, PermissionError):
            return []
        raise _unreadable(folder, error) from None
    found: list[Path] = []
    for name in names:
        path = folder / name
        if name.startswith(".") or name in _SKIPPED or path.is_symlink() or not path.is_dir():
            continue
        found.append(path)
    return found


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        message = "a symbolic link; sdkpress does not vendor through links"
        raise fatal("symlink-in-output", message, Location(path.as_posix(), 1, 1))


def _unreadable(path: Path, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unreadable", f"cannot be read: {reason}", Location(path.as_posix(), 1, 1))
