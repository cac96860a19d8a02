"""The pages of the site, taken out of the repository: links between them rewritten, and their order.

Pages are the Markdown files of docs/ and every one that these refer to, wherever it is. The side
navigation is what the front page lists: each `## Heading` a section, each `- [title](page)` an entry.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["FRONT_PAGE", "StagingError", "stage"]

FRONT_PAGE = "docs/index.md"
_LINK = re.compile(r"(?<=\]\()[^)\s]+")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_ENTRY = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<target>[^)\s]+)\)", re.MULTILINE)


class StagingError(Exception):
    """What a page says cannot be shown; one line for each problem, with file and line."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its file, relative to the repository, and its text, relative to the site."""

    source: str
    text: str
    linked: tuple[str, ...]
    """The files that it refers to, relative to the repository."""

    @property
    def place(self) -> str:
        return place_of(self.source)


def place_of(source: str) -> str:
    """Where a file of the repository is on the site: docs/ is its root, the rest lies beside."""
    inside = source.removeprefix("docs/")
    if inside == source or PurePosixPath(source).name == "README.md":
        return inside.lower() if source.endswith(".md") else inside
    return inside


def stage(repository: Path, folder: Path) -> None:
    """Write every page and every file that they refer to into an empty folder.

    Raises StagingError for links to what is not there, or is no file.
    """
    pages: dict[str, Page] = {}
    problems: list[str] = []
    waiting = sorted(
        (path.relative_to(repository).as_posix() for path in (repository / "docs").rglob("*.md")),
        reverse=True,
    )
    while waiting:
        source = waiting.pop()
        if source in pages:
            continue
        page = _read(repository, source, problems)
        pages[source] = page
        waiting += [other for other in page.linked if other.endswith(".md")]
    if problems:
        raise StagingError("\n".join(problems))
    for page in pages.values():
        target = folder / page.place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page.text + _navigation(repository, page), encoding="utf-8")
        for other in page.linked:
            if not other.endswith(".md"):
                copy = folder / place_of(other)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(repository / other, copy)


def _read(repository: Path, source: str, problems: list[str]) -> Page:
    here, place = posixpath.dirname(source), place_of(source)
    linked: list[str] = []
    lines = (repository / source).read_text(encoding="utf-8").split("\n")
    shown: list[str] = []
    fence = ""
    for number, line in enumerate(lines, 1):
        if opened := re.match(r" *(`{3,}|~{3,})", line):
            if not fence:
                fence = opened[1]
            elif opened[1].startswith(fence) and line.strip() == opened[1]:
                fence = ""
        elif not fence:

            def moved(found: re.Match[str], number: int = number) -> str:
                target = found[0]
                path, mark, fragment = target.partition("#")
                if not path or re.match(r"[a-z][a-z0-9+.-]*:", target):
                    return target
                file = posixpath.normpath(posixpath.join(here, path))
                problem = _problem(repository, file)
                if problem:
                    problems.append(f"{source}:{number}: {target}: {problem}")
                    return target
                linked.append(file)
                moved_to = posixpath.relpath(place_of(file), posixpath.dirname(place) or ".")
                return moved_to + mark + fragment

            line = _outside_code(line, lambda text: _LINK.sub(moved, text))
        shown.append(line)
    return Page(source, "\n".join(shown), tuple(linked))


def _problem(repository: Path, file: str) -> str:
    """Why a file cannot be referred to; "" when it can be."""
    path = (repository / file).resolve()
    if not path.is_relative_to(repository.resolve()):
        return "is outside of the repository"
    if path.is_dir():
        return "is a folder: name a file in it"
    return "" if path.is_file() else "is not there"


def _outside_code(line: str, change: Callable[[str], str]) -> str:
    """A line with what is not between backticks changed."""
    parts: list[str] = []
    end = 0
    # A link may have code in its text: the span is cut out before, and put back after.
    for number, span in enumerate(_CODE.finditer(line)):
        parts += [line[end : span.start()], f"\0{number}\0"]
        end = span.end()
    spans = [span[0] for span in _CODE.finditer(line)]
    changed = change("".join([*parts, line[end:]]))
    return re.sub(r"\0(\d+)\0", lambda found: spans[int(found[1])], changed)


def _navigation(repository: Path, page: Page) -> str:
    """What of the side navigation hangs on a page: that of the front page, and of a folder's README."""
    if page.source == FRONT_PAGE:
        sections = page.text.split("\n## ")[1:]
        return "".join(
            _toctree(
                [
                    f"{_short(m['title'])} <{_document(m['target'])}>"
                    for m in _ENTRY.finditer(section)
                ],
                section.split("\n")[0],
            )
            for section in sections
        )
    if page.source.startswith("docs/") and page.source.endswith("/README.md"):
        folder = posixpath.dirname(page.source)
        below = dict.fromkeys(
            posixpath.relpath(place_of(other), posixpath.dirname(page.place))
            for other in page.linked
            if posixpath.dirname(other) == folder and other.endswith(".md") and other != page.source
        )
        return _toctree([_document(other) for other in below])
    return ""


def _document(target: str) -> str:
    return target.partition("#")[0].removesuffix(".md")


def _short(title: str) -> str:
    """An entry for the narrow column at the side: the front page says the rest."""
    return title.partition(": ")[0].replace("`", "")


def _toctree(entries: list[str], caption: str = "") -> str:
    title = f":caption: {caption}\n" if caption else ""
    listed = "\n".join(entries)
    return f"\n\n```{{toctree}}\n:hidden:\n:titlesonly:\n:maxdepth: 2\n{title}\n{listed}\n```\n"
