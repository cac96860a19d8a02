"""What the project that vendors a package requires, as far as its files say, and whether that is
what the package needs.

Read: pyproject.toml (PEP 621, its extras, PEP 735 groups, Poetry's tables), setup.cfg, and
requirements*.txt with the files they include. setup.py is a program, and is not run.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sdkpress.trees import is_mapping, is_sequence
from sdkpress.vendoring.places import project_root
from sdkpress.vendoring.record import Record

__all__ = ["Declared", "HostWarning", "declared_by", "host_warnings"]

_MAX_FILE = 4 * 1024 * 1024
_MAX_INCLUDED = 50
_MINORS = range(6, 31)


@dataclass(frozen=True, slots=True)
class Declared:
    """A requirement of the host: `file` and `line` (from 1) say where it stands."""

    name: str
    specifier: SpecifierSet
    file: Path
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class HostWarning:
    """Something that the host's requirements do not grant a vendored package."""

    cause: Literal["requirement-missing", "requirement-conflict", "python"]
    message: str
    file: str
    line: int = 1


def host_warnings(folder: Path, record: Record) -> tuple[HostWarning, ...]:
    """What is missing, or not allowed, around the vendored `folder`, in the order of its
    requirements."""
    root = project_root(folder.parent) or folder.parent
    declared, pythons = declared_by(root)
    found: list[HostWarning] = []
    where = next((item.file for item in declared), _first_file(root) or root)
    for text in record.requirements:
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue
        name = canonicalize_name(needed.name)
        same = [item for item in declared if item.name == name]
        if not same:
            message = f"{record.distribution} needs {text}, which the project does not require"
            found.append(HostWarning("requirement-missing", message, _shown(where)))
        for item in same:
            if not _have_common(needed.specifier, item.specifier):
                message = f"{record.distribution} needs {text}, but the project says {item.text}"
                found.append(
                    HostWarning("requirement-conflict", message, _shown(item.file), item.line)
                )
    found += _python_warnings(record, pythons)
    return tuple(found)


def declared_by(root: Path) -> tuple[list[Declared], list[tuple[str, Path]]]:
    """The requirements in the files of a project, and what they say of Python's versions. A file
    that cannot be read says nothing."""
    declared: list[Declared] = []
    pythons: list[tuple[str, Path]] = []
    path = root / "pyproject.toml"
    text = _read(path)
    if text is not None:
        try:
            tree: Mapping[str, Any] = tomllib.loads(text)
        except (ValueError, RecursionError):
            tree = {}
        for requirement in _of_pyproject(tree):
            declared += _declared(requirement, path, _line_of(text, requirement))
        for name, constraint in _of_poetry(tree):
            if name == "python":
                pythons.append((constraint, path))
            else:
                declared += _of_constraint(name, constraint, path, text)
        project = tree.get("project")
        python = project.get("requires-python") if is_mapping(project) else None
        if isinstance(python, str):
            pythons.append((python, path))
    declared += _of_setup_cfg(root / "setup.cfg", pythons)
    for path in sorted({*root.glob("requirements*.txt"), *root.glob("requirements/*.txt")}):
        declared += _of_requirements(path, set())
    return declared, pythons


def _of_pyproject(tree: Mapping[str, Any]) -> Iterator[str]:
    project = tree.get("project")
    if is_mapping(project):
        yield from _texts(project.get("dependencies"))
        extras = project.get("optional-dependencies")
        for values in extras.values() if is_mapping(extras) else ():
            yield from _texts(values)
    groups = tree.get("dependency-groups")
    for values in groups.values() if is_mapping(groups) else ():
        yield from _texts(values)  # an include is a table, and its group is read by itself


def _of_poetry(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tool = tree.get("tool")
    poetry = tool.get("poetry") if is_mapping(tool) else None
    if not is_mapping(poetry):
        return
    tables: list[object] = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    groups = poetry.get("group")
    for group in groups.values() if is_mapping(groups) else ():
        tables.append(group.get("dependencies") if is_mapping(group) else None)
    for table in tables:
        for name, value in table.items() if is_mapping(table) else ():
            for entry in value if is_sequence(value) else [value]:
                constraint = entry.get("version", "*") if is_mapping(entry) else entry
                if isinstance(constraint, str):
                    yield name, constraint


def _of_constraint(name: str, constraint: str, path: Path, text: str) -> Iterator[Declared]:
    specifier = _poetry_specifier(constraint)
    if specifier is not None:
        line = _line_of(text, name)
        yield Declared(canonicalize_name(name), specifier, path, line, f"{name} = {constraint!r}")


def _poetry_specifier(constraint: str) -> SpecifierSet | None:
    """Poetry's and Cargo's way of writing versions, as PEP 440 does; None for what is neither.

    Of alternatives (`||`) nothing is known here but that they allow something.
    """
    if "|" in constraint:
        return SpecifierSet()
    parts: list[str] = []
    for part in filter(None, re.split(r"[,\s]+(?![\d.])", constraint.strip())):
        part = re.sub(r"\s+", "", part)
        if part == "*":
            continue
        match = re.fullmatch(r"(\^|~(?!=))(\d+(?:\.\d+)*)([a-z0-9.+-]*)", part)
        if match:
            numbers = [int(number) for number in match[2].split(".")]
            keep = 0 if match[1] == "^" else min(1, len(numbers) - 1)
            if match[1] == "^":
                keep = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
            upper = [*numbers[:keep], numbers[keep] + 1]
            parts += [f">={match[2]}{match[3]}", f"<{'.'.join(map(str, upper))}"]
        elif re.match(r"\d", part):
            parts.append(f"=={part}")
        else:
            parts.append(part)
    try:
        return SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        return None


def _of_setup_cfg(path: Path, pythons: list[tuple[str, Path]]) -> list[Declared]:
    text = _read(path)
    if text is None:
        return []
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    python = parser.get("options", "python_requires", fallback="")
    if python:
        pythons.append((python, path))
    blocks = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        blocks += [value for _, value in parser.items("options.extras_require")]
    found: list[Declared] = []
    for block in blocks:
        for line in filter(None, (line.strip() for line in block.splitlines())):
            found += _declared(line, path, _line_of(text, line))
    return found


def _of_requirements(path: Path, seen: set[Path]) -> Iterator[Declared]:
    """The lines of a requirements file (pip's format) and of the files it includes."""
    if path in seen or len(seen) > _MAX_INCLUDED:
        return
    seen.add(path)
    text = _read(path)
    if text is None:
        return
    number = 0
    for whole in re.sub(r"\\\r?\n", "\0", text).splitlines():
        number += 1
        first, number = number, number + whole.count("\0")
        line = re.sub(r"(^|\s)#.*", "", whole.replace("\0", " ")).strip()
        include = re.match(r"(?:-r|--requirement)[\s=]*(\S+)", line)
        if include and "://" not in include[1]:
            yield from _of_requirements(Path(path.parent, include[1]), seen)
        elif line and not line.startswith("-"):
            yield from _declared(re.split(r"\s--", line)[0], path, first)


def _declared(text: str, path: Path, line: int) -> Iterator[Declared]:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return
    name = canonicalize_name(requirement.name)
    yield Declared(name, requirement.specifier, path, line, text.strip())


def _python_warnings(record: Record, pythons: Iterable[tuple[str, Path]]) -> Iterator[HostWarning]:
    try:
        needed = SpecifierSet(record.requires_python)
    except InvalidSpecifier:
        return
    for text, path in pythons:
        allowed = _poetry_specifier(text)
        if allowed is None:
            continue
        for minor in _MINORS:
            # Its last release: `>3.10.4` is a way of allowing 3.10.
            version = Version(f"3.{minor}.99")
            if version in allowed and version not in needed:
                message = (
                    f"{record.distribution} needs Python {record.requires_python}, "
                    f"but the project allows 3.{minor} ({text})"
                )
                yield HostWarning("python", message, _shown(path))
                break


def _have_common(left: SpecifierSet, right: SpecifierSet) -> bool:
    """Whether any version is in both: one of those they name, or the nearest beside them."""
    candidates: set[Version] = {Version("0"), Version("99999")}
    for specifier in (*left, *right):
        text = specifier.version.removesuffix(".*")
        try:
            version = Version(text)
        except InvalidVersion:
            return True  # `===` of something else: nothing can be said
        candidates |= {version, *_neighbours(version)}
    return any(
        left.contains(version, prereleases=True) and right.contains(version, prereleases=True)
        for version in candidates
    )


def _neighbours(version: Version) -> Iterator[Version]:
    release = version.release
    epoch = f"{version.epoch}!" if version.epoch else ""
    yield Version(f"{epoch}{'.'.join(map(str, release))}.0.1")
    for place in range(len(release)):
        for step in (1, -1):
            number = release[place] + step
            if number >= 0:
                rest = [99999] * (3 if step < 0 else 0)
                yield Version(f"{epoch}{'.'.join(map(str, [*release[:place], number, *rest]))}")


def _read(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_FILE:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _line_of(text: str, needle: str) -> int:
    place = text.find(needle)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def _texts(values: object) -> Iterator[str]:
    for value in values if is_sequence(values) else ():
        if isinstance(value, str):
            yield value


def _first_file(root: Path) -> Path | None:
    names = ("pyproject.toml", "setup.cfg", "requirements.txt")
    return next((root / name for name in names if (root / name).is_file()), None)


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
