"""What in the code of a generated package would keep it from working under another name.

A package that is copied into another one (vendoring) is renamed with its folder, and nothing in its files is rewritten. So its code may neither
import nor name itself absolutely, read the metadata of its own distribution, or import anything that its requirements do not bring. Docstrings are
documentation, and show the published name.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import TypeAlias

__all__ = ["REQUIRED", "bound_places"]

REQUIRED = frozenset({"httptools", "msgspec"})
"""What every client requires; imported anywhere."""

OPTIONAL = frozenset(
    # the extras of a client, and what it works with where the host has it
    {"aiohttp", "httpx", "httpx2", "hypothesis", "opentelemetry", "pydantic", "pydantic_core"}
    | {"pytest", "uvicorn", "yaml"}
    # Type checkers bring it, and nothing else sees its import.
    | {"typing_extensions"}
)
"""What some clients or their fixtures import when they are asked for it."""


def bound_places(
    files: Mapping[str, bytes], package: str, *, has_a_name_of_its_own: bool = True
) -> list[str]:
    """Each place, as `models/_pets.py:3: imports shop.errors`, of a package's Python files.

    `files` goes by path below the folder that holds the package's: `shop/models/_pets.py`. A string with the package's name is taken for it
    where no document says that name (`has_a_name_of_its_own`); otherwise imports alone are looked at.
    """
    found: list[str] = []
    for path, content in sorted(files.items()):
        if not path.endswith(".py"):
            continue
        inside = PurePosixPath(path).relative_to(package)
        named, always = _read(content, len(inside.parts))
        if has_a_name_of_its_own:
            always = (*always, *((at, f"names {word}") for at, word in named if word == package))
        found.extend(f"{inside}:{line}: {message}" for line, message in always)
    return found


def _read(content: bytes, depth: int) -> tuple[_Lines, _Lines]:
    """Lines with what may be a package's name, and with what is wrong whatever the name."""
    key = hashlib.sha256(content).digest(), depth
    if key not in _seen:
        tree = ast.parse(content)
        _seen[key] = tuple(_named(tree)), tuple(_wrong_imports(tree, depth))
    return _seen[key]


_Lines: TypeAlias = tuple[tuple[int, str], ...]

_seen: dict[tuple[bytes, int], tuple[_Lines, _Lines]] = {}
"""By digest and depth; files of the runtime are the same in every package."""


def _named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The top-level names that absolute imports and strings of the code begin with."""
    documentation = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield node.lineno, item.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            word, dot, rest = node.value.partition(".")
            # `shop`, `shop.testing`: what importlib, logging and pytest take for a module.
            if (
                node not in documentation
                and word.isidentifier()
                and (not dot or rest[:1].isidentifier())
            ):
                yield node.lineno, word


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Strings that are statements of their own: of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _wrong_imports(tree: ast.Module, depth: int) -> Iterator[tuple[int, str]]:
    """Imports that do not stay in the package, or that its requirements do not bring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.level > depth:
                yield node.lineno, "imports from outside of the package"
            continue
        if isinstance(node, ast.Import):
            modules = [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            if module.startswith("importlib.metadata"):
                yield node.lineno, "reads the metadata of distributions"
            elif module.partition(".")[0] not in _importable():
                yield node.lineno, f"imports {module}, which nothing brings"


@cache
def _importable() -> frozenset[str]:
    return frozenset(sys.stdlib_module_names) | REQUIRED | OPTIONAL
