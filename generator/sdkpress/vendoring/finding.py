"""Which vendored package a word means: the name of its folder, of its distribution, or its path."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from sdkpress.diagnostics import Location, fatal
from sdkpress.trees import is_mapping
from sdkpress.vendoring.folders import read_bounded
from sdkpress.vendoring.places import vendored_below
from sdkpress.vendoring.record import RECORD_NAME, parse_record
from sdkpress.vendoring.swapping import is_interrupted

__all__ = ["find_vendored", "one_of", "only"]


def find_vendored(words: Sequence[str], into: Path, name: str = "") -> tuple[Path, ...]:
    """The vendored folders that `words` may mean (any of them), or all that are there for none.

    A word is the name of a folder, of a distribution or of its package, `NAME==VERSION`, or the path
    of a vendored folder, of a client's folder or of a wheel. `name` is that of the folder in
    `into`. Raises SdkpressError: `vendor-not-found`, `vendor-record`.
    """
    if name:
        folder = into / name
        if not (folder / RECORD_NAME).is_file() and not is_interrupted(folder):
            raise fatal("vendor-not-found", "nothing is vendored here", _place(folder))
        return (folder,)
    for word in words:
        path = Path(word)
        if (path / RECORD_NAME).is_file():
            return (path,)
        if word.isidentifier() and is_interrupted(into / word):
            return (into / word,)
    folders = tuple(vendored_below(into))
    if not folders:
        raise fatal("vendor-not-found", "nothing is vendored here or below", _place(into))
    if not words:
        return folders
    by_folder = tuple(folder for folder in folders if folder.name in words)
    if by_folder:
        return by_folder
    wanted = {canonicalize_name(known) for word in words for known in _names(word)}
    found = tuple(folder for folder in folders if wanted & _known_as(folder))
    if not found:
        known = ", ".join(folder.name for folder in folders[:10])
        message = f"no {words[0]!r} is vendored here; there is {known}"
        raise fatal("vendor-not-found", message, _place(into))
    return found


def one_of(folders: Sequence[Path], word: str) -> Path:
    """The only one of several. Raises SdkpressError (`vendor-not-found`) where it is not clear."""
    if len(folders) == 1:
        return folders[0]
    names = ", ".join(folder.as_posix() for folder in folders[:10])
    message = f"{word!r} may be any of {names}" if word else f"several are vendored: {names}"
    help = "Say which one by --as NAME."
    raise fatal("vendor-not-found", message, _place(folders[0].parent), help)


def only(word: str | None) -> tuple[str, ...]:
    """A word that may be absent, as a sequence."""
    return (word,) if word else ()


def _names(word: str) -> tuple[str, ...]:
    """The distributions that a word may name."""
    path = Path(word)
    if path.suffix == ".whl":
        try:
            return (parse_wheel_filename(path.name)[0],)
        except InvalidWheelFilename:
            return ()
    pyproject = path / "pyproject.toml"
    if pyproject.is_file():
        try:
            tree = tomllib.loads(read_bounded(pyproject).decode("utf-8"))
        except (ValueError, RecursionError):
            return ()
        project = tree.get("project")
        name = project.get("name") if is_mapping(project) else None
        return (name,) if isinstance(name, str) else ()
    return (word.partition("==")[0],)


def _known_as(folder: Path) -> set[str]:
    path = folder / RECORD_NAME
    record = parse_record(read_bounded(path), path.as_posix())
    return {canonicalize_name(record.distribution), canonicalize_name(record.package)}


def _place(path: Path) -> Location:
    return Location(path.as_posix(), 1, 1)
