"""Writes types into a copy of the user's text where they wrote none, so that a checker looks there."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sdkpress.diffing.callers.user_files import UserFile, parsed

__all__ = ["RETURN", "Annotated", "Annotations", "annotated"]

RETURN = "return"
"""Stands for what a function returns among the names of its parameters."""

Annotations = Mapping[tuple[int, str], Mapping[str, str]]
"""By the line of `def` and the function's name: the types of parameters. Types are written with the
full names of classes."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, slots=True)
class Annotated:
    """The text with types in it; lines are those of the user's text, columns may have moved."""

    text: str
    moved: Mapping[int, list[tuple[int, int]]] = field(
        default_factory=dict[int, list[tuple[int, int]]]
    )
    """By line: where something was put in (a column of this text), and how long it is."""

    def column(self, line: int, column: int) -> int:
        """A column of this text, in bytes of UTF-8, as one of the user's, in characters."""
        column = _characters(self.text.split("\n")[line - 1], column)
        inserted = self.moved.get(line)
        if not inserted:
            return column
        count = bisect_left(inserted, (column, -1))
        shift = sum(length for _, length in inserted[:count])
        if count and column < inserted[count - 1][0] + inserted[count - 1][1]:
            shift = sum(length for _, length in inserted[: count - 1])
            return inserted[count - 1][0] - shift
        return column - shift


def annotated(file: UserFile, annotations: Annotations) -> Annotated:
    """The text with the types in it, and at its end the imports that they need."""
    tree = parsed(file)
    if not annotations or isinstance(tree, str):
        return Annotated(file.text)
    modules: dict[str, str] = {}
    insertions: dict[int, list[tuple[int, str]]] = defaultdict(list)
    lines = file.text.split("\n")
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        types = annotations.get((node.lineno, node.name), {})
        for line, column, text in _places(node, lines, types, modules):
            insertions[line].append((column, text))
    moved: dict[int, list[tuple[int, int]]] = {}
    for line, items in insertions.items():
        text = lines[line - 1]
        shift = 0
        moved[line] = []
        for column, added in sorted(items):
            place = column + shift
            text = text[:place] + added + text[place:]
            moved[line].append((place, len(added)))
            shift += len(added)
        lines[line - 1] = text
    imports = [f"import {module} as {alias}" for module, alias in sorted(modules.items())]
    return Annotated("\n".join([*lines, *imports, ""]), moved)


def _places(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: list[str],
    types: Mapping[str, str],
    modules: dict[str, str],
) -> Iterator[tuple[int, int, str]]:
    """(line, column, text) of each annotation of a function."""
    arguments = node.args
    for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if item.arg in types and item.annotation is None:
            column = _characters(lines[item.lineno - 1], item.end_col_offset or 0)
            yield item.end_lineno or item.lineno, column, f": {_local(types[item.arg], modules)}"
    if RETURN in types and node.returns is None:
        colon = _colon(node, lines)
        if colon is not None:
            yield *colon, f" -> {_local(types[RETURN], modules)}"


def _colon(
    node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]
) -> tuple[int, int] | None:
    """Where the colon is that ends the head of a function."""
    start = _characters(lines[node.lineno - 1], node.col_offset)
    text = "\n".join([lines[node.lineno - 1][start:], *lines[node.lineno :]])
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.string in "([{" and token.type == tokenize.OP:
                depth += 1
            elif token.string in ")]}" and token.type == tokenize.OP:
                depth -= 1
            elif token.string == ":" and not depth and token.type == tokenize.OP:
                line, column = token.start
                return node.lineno + line - 1, column + (start if line == 1 else 0)
    except (tokenize.TokenError, IndentationError):
        pass
    return None


def _characters(line: str, offset: int) -> int:
    """A column in characters, of one in bytes of UTF-8."""
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))


def _local(type: str, modules: dict[str, str]) -> str:
    """The type as a string literal, by aliases that hide no name of the user's."""

    def named(match: re.Match[str]) -> str:
        module, _, name = match[0].rpartition(".")
        alias = modules.setdefault(module, f"_sdkpress_{len(modules)}")
        return f"{alias}.{name}"

    return f'"{_DOTTED.sub(named, type)}"'
