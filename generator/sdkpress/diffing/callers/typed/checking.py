"""Runs mypy, in this process, over the user's files and one version of the package."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mypy import build
from mypy.errors import CompileError
from mypy.modulefinder import BuildSource
from mypy.nodes import Expression, MypyFile
from mypy.options import Options
from mypy.types import Type

from sdkpress.diagnostics import fatal

__all__ = ["Checked", "Checker", "Source", "TypeFinding"]

_SOURCES = "sources"
"""The folder, which need not exist, that the user's files are said to be in."""

_CODING = re.compile(r"^([ \t\f]*#.*?coding)[:=]")
_IGNORE = re.compile(r"#(\s*)(type|mypy)(\s*):(?=\s*\w)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the user's as mypy gets it: `path` is the one that findings name."""

    name: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class TypeFinding:
    """One error of mypy; lines count from 1, columns (bytes of UTF-8) from 0, the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    findings: tuple[TypeFinding, ...]
    trees: Mapping[str, MypyFile]
    """By module name."""
    types: Mapping[Expression, Type]
    unread: Mapping[str, str]
    """Paths that mypy cannot parse, and what it says."""


class Checker:
    """Keeps a folder of its own, with the package and mypy's cache in it, between checks: only what
    differs is looked at again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, bytes] = {}
        self._packages: tuple[str, ...] = ()
        self._clock = folder / "moment"
        self._moment = int(self._clock.read_text()) if self._clock.exists() else 1_000_000_000
        shutil.rmtree(folder / "package", ignore_errors=True)

    def install(self, files: Mapping[str, bytes], names: Sequence[str]) -> None:
        """Put the modules of the package (paths relative to it) in place, under each of the names."""
        wanted = {
            f"{name.replace('.', '/')}/{path}": content
            for name in names
            for path, content in files.items()
            if path.endswith((".py", ".pyi")) or path == "py.typed"
        }
        for path in sorted(self._written.keys() - wanted.keys()):
            (self._folder / "package" / path).unlink()
        for path, content in wanted.items():
            if self._written.get(path) != content:
                target = self._folder / "package" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                # mypy compares whole seconds, and two versions may be written within one.
                self._moment += 1
                os.utime(target, (self._moment, self._moment))
        self._clock.write_text(str(self._moment))
        self._written = wanted
        self._packages = tuple(names)

    def check(self, sources: Sequence[Source]) -> Checked:
        """Type-check the sources.

        Raises SdkpressError where mypy fails.
        """
        unread: dict[str, str] = {}
        while True:
            given = [source for source in sources if source.path not in unread]
            build_sources = [*_around(given), *(_as_build_source(source) for source in given)]
            output = io.StringIO()
            try:
                with _collector_put_back(), _without_search_path():
                    result = build.build(
                        build_sources, self._options(), stdout=output, stderr=output
                    )
            except CompileError as error:
                findings = _findings(error.messages)
                blocked = {finding.path: finding.message for finding in findings} or {}
                blocked = {path: text for path, text in blocked.items() if path not in unread}
                if not blocked.keys() & {source.path for source in given}:
                    text = "; ".join(error.messages[:3]) or output.getvalue()
                    raise fatal("type-check-failed", f"mypy: {text.strip()}") from None
                unread.update(blocked)
                continue
            except (Exception, SystemExit) as error:  # an internal error of mypy's
                text = output.getvalue().strip().partition("\n")[0] or repr(error)
                raise fatal("type-check-failed", f"mypy: {text}") from None
            names = {source.name for source in given}
            trees = {name: tree for name, tree in result.files.items() if name in names}
            return Checked(_findings(result.errors), trees, result.types, unread)

    def _options(self) -> Options:
        options = Options()
        options.cache_dir = (self._folder / "cache").as_posix()
        options.check_untyped_defs = True
        options.error_summary = False
        options.export_types = True
        options.follow_imports = "skip"
        options.ignore_missing_imports = True
        options.many_errors_threshold = -1
        options.mypy_path = [(self._folder / "package").as_posix()]
        options.native_parser = False  # it is wrong about columns behind what is not ASCII
        options.output = "json"
        options.show_column_numbers = True
        options.show_error_end = True
        options.enable_error_code = ["deprecated"]
        options.disable_error_code = ["var-annotated", "annotation-unchecked", "import-untyped"]
        options.preserve_asts = True
        own: dict[str, object] = {
            "follow_imports": "silent",
            "ignore_errors": True,
            "preserve_asts": False,  # bodies of functions are left out
        }
        options.per_module_options = {
            pattern: own for name in self._packages for pattern in (name, f"{name}.*")
        }
        options.process_error_codes(error_callback=_refused)
        return options


@contextmanager
def _collector_put_back() -> Generator[None]:
    """mypy tunes the garbage collector of the whole process, and turns it on."""
    thresholds, was_enabled = gc.get_threshold(), gc.isenabled()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not was_enabled:
            gc.disable()


@contextmanager
def _without_search_path() -> Generator[None]:
    """mypy looks into the folders of MYPYPATH first, and may find a copy of the package there that
    is neither the old one nor the new one."""
    given = os.environ.pop("MYPYPATH", None)
    try:
        yield
    finally:
        if given is not None:
            os.environ["MYPYPATH"] = given


def _refused(message: str) -> None:
    raise AssertionError(message)


def without_ignores(text: str) -> str:
    """The text with `# type: ignore`, `# mypy: ...` and the name of an encoding made ordinary
    comments, columns kept."""
    if "#" not in text:
        return text
    head, *rest = text.split("\n", 2)
    lines = [_CODING.sub(r"\1;", line) for line in (head, *rest[:1])]
    return _IGNORE.sub(r"#\1\2\3;", "\n".join([*lines, *rest[1:]]))


def _as_build_source(source: Source) -> BuildSource:
    return BuildSource(f"{_SOURCES}/{source.path}", source.name, without_ignores(source.text))


def _around(sources: Sequence[Source]) -> list[BuildSource]:
    """The packages that have no `__init__.py`, or one that does not matter."""
    names = {source.name for source in sources}
    found = {
        ".".join(parts[:count])
        for name in names
        for parts in (name.split("."),)
        for count in range(1, len(parts))
    }
    return [
        BuildSource(f"{_SOURCES}/.around/{name}/__init__.py", name, "")
        for name in sorted(found - names)
    ]


def _findings(lines: Sequence[str]) -> tuple[TypeFinding, ...]:
    found: list[TypeFinding] = []
    for line in lines:
        try:
            item = json.loads(line)
        except ValueError:
            continue
        path = str(item["file"]).replace("\\", "/")
        if item["severity"] != "error" or not path.startswith(f"{_SOURCES}/"):
            continue
        found.append(
            TypeFinding(
                path.removeprefix(f"{_SOURCES}/"),
                max(1, item["line"]),
                max(0, item["column"]),
                max(1, item.get("end_line") or item["line"]),
                max(0, item.get("end_column") or item["column"]),
                item["code"] or "",
                item["message"],
            )
        )
    return tuple(found)
