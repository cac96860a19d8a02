"""Which of the user's files can matter, and what Python calls them."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sdkpress.diffing.callers.user_files import UserFile

__all__ = ["Module", "imports_of", "relevant", "with_names"]

_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+(?P<names>[^\n#]+)"
    r"|from[ \t]+(?P<dots>\.*)[ \t]*(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<what>\([^)]*\)|[^\n#]*))",
    re.MULTILINE,
)
_RESERVED = frozenset({*sys.stdlib_module_names, "msgspec", "typing_extensions", "mypy_extensions"})
_NAME = re.compile(r"[\w.]+")


@dataclass(frozen=True, slots=True)
class Module:
    """A file under the name by which the others import it. `is_package` is true of an `__init__.py`."""

    name: str
    file: UserFile

    @property
    def is_package(self) -> bool:
        return self.file.path.rpartition("/")[2] == "__init__.py"


@dataclass(frozen=True, slots=True)
class _Import:
    level: int
    module: str
    names: tuple[str, ...]


def imports_of(text: str) -> tuple[_Import, ...]:
    """The import statements, read without parsing: what stands in a string may be among them."""
    found: list[_Import] = []
    for match in _IMPORT.finditer(text):
        if match["names"] is not None:
            for part in match["names"].split(","):
                name = _NAME.match(part.strip())
                if name:
                    found.append(_Import(0, name[0], ()))
            continue
        names = tuple(
            name[0]
            for part in match["what"].strip("() \t\n\\").split(",")
            if (name := _NAME.match(re.sub(r"#[^\n]*", "", part).strip()))
        )
        found.append(_Import(len(match["dots"]), match["module"], names))
    return tuple(found)


def relevant(files: Sequence[UserFile], package: str, copies: Iterable[str]) -> tuple[Module, ...]:
    """The files that mention the package, those that import them, and so on, and what all these
    import themselves; each with its name. A copy of the package is an empty module."""
    copied = [UserFile(f"{copy}/__init__.py", "") for copy in copies if copy != "."]
    files = [*files, *copied]
    words = [package, *(PurePosixPath(copy).name for copy in copies)]
    named = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in dict.fromkeys(words)))
    seeds = {file.path for file in files if named.search(file.text)}
    if not seeds:
        return ()
    imports = {file.path: imports_of(file.text) for file in files}
    modules = with_names(
        files, imports, {*_RESERVED, package} - {PurePosixPath(copy).name for copy in copies}
    )
    by_name = {module.name: module for module in modules}
    users: dict[str, set[str]] = defaultdict(set)
    uses: dict[str, set[str]] = {}
    for module in modules:
        targets = _targets(module, imports[module.file.path], by_name)
        uses[module.file.path] = targets
        for target in targets:
            users[target].add(module.file.path)
    chosen = _closure(seeds, users)
    chosen |= {target for path in chosen for target in uses[path]}
    for module in modules:  # a module is found through the packages around it
        if module.file.path in chosen:
            parts = module.name.split(".")
            around = (by_name.get(".".join(parts[:count])) for count in range(1, len(parts)))
            chosen |= {package.file.path for package in around if package}
    return tuple(module for module in modules if module.file.path in chosen)


def with_names(
    files: Sequence[UserFile], imports: Mapping[str, Sequence[_Import]], reserved: Collection[str]
) -> tuple[Module, ...]:
    """Every file with the name by which the others import it, or with one of its own.

    Below the topmost `__init__.py` around a file the name is certain. Elsewhere (scripts, namespace
    packages) it is the longest one that somebody imports. No two have the same name, and none has a
    reserved one, such as a module of the standard library.
    """
    packages = {
        PurePosixPath(file.path).parent.as_posix()
        for file in files
        if file.path.rpartition("/")[2] == "__init__.py"
    }
    wanted = {
        name
        for found in imports.values()
        for item in found
        if not item.level
        for name in (item.module, *(f"{item.module}.{other}" for other in item.names))
    }
    taken: set[str] = set()
    modules: list[Module] = []
    for number, file in enumerate(files):
        name = next((name for name in _candidates(file, packages, wanted) if name not in taken), "")
        if not name or not all(part.isidentifier() for part in name.split(".")):
            name = f"_file_{number}"
        elif name.partition(".")[0] in reserved:
            name = f"_own.{name}"
        taken.add(name)
        modules.append(Module(name, file))
    return tuple(modules)


def _candidates(file: UserFile, packages: set[str], wanted: set[str]) -> list[str]:
    path = PurePosixPath(file.path)
    parts = [*path.parent.parts, *([] if path.name == "__init__.py" else [path.stem])]
    folder = path.parent
    while folder.as_posix() in packages and folder.parts:
        folder = folder.parent
    certain = len(folder.parts)
    if certain < len(path.parent.parts):
        # Its package may be in a namespace of its own: `src/company/app/__init__.py`.
        names = [".".join(parts[start:]) for start in range(certain + 1)]
        return [*(name for name in names if name in wanted), names[-1]]
    names = [".".join(parts[start:]) for start in range(len(parts))]
    imported = [name for name in names if name in wanted]
    return imported or names[:1]


def _targets(module: Module, imports: Sequence[_Import], by_name: Mapping[str, Module]) -> set[str]:
    found: set[str] = set()
    for item in imports:
        base = item.module
        if item.level:
            parts = module.name.split(".")
            keep = len(parts) - item.level + (1 if module.is_package else 0)
            base = ".".join([*parts[: max(0, keep)], *filter(None, [item.module])])
        names = [base, *(f"{base}.{name}" if base else name for name in item.names)]
        found |= {by_name[name].file.path for name in names if name in by_name}
    found.discard(module.file.path)
    return found


def _closure(seeds: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    reached = set(seeds)
    waiting = list(reached)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached
