"""A package that can be vendored, in memory, wherever it came from."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from packaging.requirements import InvalidRequirement, Requirement

from sdkpress.diagnostics import Location, SdkpressError, fatal
from sdkpress.provenance import sha256
from sdkpress.trees import is_mapping, is_sequence

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "Kind",
    "Origin",
    "Package",
    "document_digest",
    "is_source_file",
    "requirement_texts",
    "tree_digest",
    "unusable",
]

Kind = Literal["folder", "wheel", "index"]

MAX_FILES = 50_000
MAX_BYTES = 512 * 1024 * 1024
"""Of one package, unpacked; the largest client we know of has some 20,000 files and 100 MB."""

_OURS = ("VENDORED.toml", "VENDORED.base")  # of a copy that was vendored itself
_COMPILED = (".pyc", ".pyo")
_DOCUMENT_PROPERTY = "sdkpress:document:sha256"
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package came from. `location` is what is recorded: a path relative to the project
    that vendors, the name of a wheel, or the address of an index; "" where only this machine knows.
    `sha256` is that of the wheel, "" of a folder."""

    kind: Kind
    location: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """One importable package of a distribution, and what its metadata say.

    `files` are by posix path below the package; `licences` are the licence texts by file name;
    `document` is the SHA-256 (hex) of the document it was generated from, "" where nobody says.
    """

    distribution: str
    package: str
    version: str
    licence: str
    requires_python: str
    requirements: tuple[str, ...]
    document: str
    origin: Origin
    files: Mapping[str, bytes]
    licences: Mapping[str, bytes]

    def content(self, *, with_testing: bool) -> Mapping[str, bytes]:
        """What stands in the vendored folder, in order of path: the package, its licence, and
        without `with_testing` no code for tests."""
        chosen = {
            path: content
            for path, content in self.files.items()
            if (with_testing or not path.startswith("testing/")) and path not in _OURS
        }
        for name, content in self.licences.items():
            chosen.setdefault(name, content)
        return MappingProxyType(dict(sorted(chosen.items())))

    @property
    def label(self) -> str:
        return f"{self.distribution} {self.version}"

    def self_imports(self) -> Iterator[tuple[str, int]]:
        """Files and lines (from 1) that import the package by its published name, and would import
        another one, or none, under a new name. A generated client has none."""
        name = self.package.encode()
        suspicious = re.compile(rb"^\s*(?:from|import)\s[^#\n]*\b" + name + rb"\b", re.MULTILINE)
        for path, content in self.files.items():
            if not path.endswith(".py") or not suspicious.search(content):
                continue
            try:
                nodes = list(ast.walk(ast.parse(content)))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for node in nodes:
                if not isinstance(node, (ast.Import, ast.ImportFrom)):
                    continue
                if isinstance(node, ast.Import):
                    named = [alias.name for alias in node.names]
                else:
                    named = [] if node.level else [node.module or ""]
                if any(item.partition(".")[0] == self.package for item in named):
                    yield path, node.lineno


def is_source_file(path: str) -> bool:
    """Whether a file is part of a package: nothing compiled, cached or hidden."""
    parts = path.split("/")
    if any(part == "__pycache__" or part.startswith(".") for part in parts):
        return False
    return not parts[-1].endswith((*_COMPILED, "~"))


def document_digest(boms: Sequence[bytes]) -> str:
    """The SHA-256 (hex) of the document's file, as the bill of materials (CycloneDX) that sdkpress
    writes has it; "" where none does."""
    for content in boms:
        try:
            tree: Any = json.loads(content)
        except (ValueError, RecursionError):
            continue
        metadata: object = tree.get("metadata") if is_mapping(tree) else None
        component: object = metadata.get("component") if is_mapping(metadata) else None
        for holder in (component, metadata):
            properties: object = holder.get("properties") if is_mapping(holder) else None
            for item in properties if is_sequence(properties) else ():
                name: object = item.get("name") if is_mapping(item) else ""
                value: object = item.get("value") if is_mapping(item) else ""
                if not isinstance(name, str) or not isinstance(value, str):
                    continue
                digest = _SHA256.fullmatch(value)
                if digest and name == _DOCUMENT_PROPERTY:
                    return digest[1]
    return ""


def requirement_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Requirements (PEP 508) in one way of writing, lower bounds first, in order; those of extras
    are left out."""
    found: list[str] = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            found.append(text.strip())
            continue
        marker = str(requirement.marker or "")
        if "extra" in marker:
            continue
        bounds = sorted(requirement.specifier, key=lambda one: (one.operator[0] == "<", str(one)))
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        bounded = f"{requirement.name}{extras}{','.join(map(str, bounds))}"
        found.append(f"{bounded}; {marker}" if marker else bounded)
    return tuple(sorted(found))


def tree_digest(files: Mapping[str, str]) -> str:
    """The SHA-256 (hex) over paths and hashes, as `sha256sum` would list them."""
    lines = [f"{files[path]}  {path}\n" for path in sorted(files)]
    return sha256("".join(lines).encode())


def unusable(place: str | Path, message: str, help: str = "") -> SdkpressError:
    """The error of a source that is no package that can be vendored."""
    display = place if isinstance(place, str) else place.as_posix()
    return fatal("vendor-source", message, Location(display, 1, 1), help)
