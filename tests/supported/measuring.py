"""What a field of a document does: the package with it, compared with the package without it."""

from __future__ import annotations

import ast
import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.pipeline import build
from sdkpress.runtime.testing.json_schema import SchemaRules
from sdkpress.runtime.testing.references import References

FOLDER = Path(__file__).parent
VERSIONS = ("3.0", "3.1", "3.2")


@dataclass(frozen=True)
class Row:
    """One line of the table: a field, the document that has it, what is claimed about it."""

    object: str
    field: str
    since: str
    document: dict[str, Any]
    at: str
    effect: str
    how: str
    instead: Any = None
    schema: str = ""
    refuses: tuple[Any, ...] = ()
    accepts: tuple[Any, ...] = ()
    shows: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.object}.{self.field}"


def specified() -> dict[str, str]:
    """Every field of the specification, as `Object.field`, with its first version."""
    data = yaml.load((FOLDER / "specification.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {
        f"{name}.{field}": version
        for name, versions in data.items()
        for version, fields in versions.items()
        for field in fields
    }


@cache
def rows() -> tuple[Row, ...]:
    """All rows, in the order of the specification's list."""
    since = specified()
    found: dict[str, Row] = {}
    for path in sorted(FOLDER.glob("rows_*.yaml")):
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            for field, row in group["fields"].items():
                made = _row(group, field, row, since)
                assert made.id not in found, f"two rows for {made.id}"
                found[made.id] = made
    order = {id: number for number, id in enumerate(since)}
    return tuple(sorted(found.values(), key=lambda item: order.get(item.id, len(order))))


def _row(group: dict[str, Any], field: str, row: dict[str, Any], since: dict[str, str]) -> Row:
    document = copy.deepcopy(group["document"])
    for pointer, value in row.get("set", {}).items():
        _place(document, pointer, value)
    if "is" in row:
        _place(document, group["at"], row["is"])
    name = group["object"]
    return Row(
        object=name,
        field=field,
        since=since.get(f"{name}.{field}", ""),
        document=document,
        at=row.get("at", f"{group.get('at', '')}/{field}"),
        effect=row["effect"],
        how=row["how"],
        instead=row.get("instead"),
        schema=row.get("schema", group.get("at", "")),
        refuses=tuple(row.get("refuses", ())),
        accepts=tuple(row.get("accepts", ())),
        shows=tuple(row.get("shows", ())),
    )


_shown: dict[str, dict[str, str]] = {}


def effect_of(row: Row, folder: Path) -> tuple[str, str]:
    """What the field changes in the package: `code`, `documentation` or `nothing`; and its text."""
    written = json.dumps(row.document)
    if written not in _shown:  # most rows of an object share their document
        _shown[written] = generated(row.document, folder)
    shown = _shown[written]
    text = "\n".join(shown.values())
    try:
        without = generated(_without(row), folder)
    except SdkpressError:  # what the field names is not to be found without it
        return "code", text
    if shown == without:
        return "nothing", text
    code = {path: item for path, item in shown.items() if _is_code(path)}
    other = {path: item for path, item in without.items() if _is_code(path)}
    if code.keys() != other.keys():
        return "code", text
    changed = [path for path in code if code[path] != other[path]]
    if any(_behaviour(code[path]) != _behaviour(other[path]) for path in changed):
        return "code", text
    return "documentation", text


def generated(document: dict[str, Any], folder: Path) -> dict[str, str]:
    """The files of a package, less what is the same in all and the document itself."""
    spec = folder / "spec.json"
    spec.write_text(json.dumps(document), encoding="utf-8")
    config = config_from_options(
        spec=spec, out=folder / "out", name="things", package="things", client="Things"
    )
    files = build(config, Diagnostics(), black="off").files
    return {
        file.path: file.content.decode()
        for file in files
        if file.kind not in ("runtime", "data") and not file.path.startswith("tests/")
    }


def refused(row: Row) -> tuple[list[Any], list[Any]]:
    """Values of the row that the fake server refuses, with the field and without it."""
    every = (*row.refuses, *row.accepts)
    found: list[list[Any]] = []
    for document in (row.document, _without(row)):
        rules = SchemaRules(References(document), "request")
        schema = {"$ref": f"#{row.schema}"}
        found.append([value for value in every if not rules.accepts(value, schema)])
    return found[0], found[1]


def _without(row: Row) -> dict[str, Any]:
    document = copy.deepcopy(row.document)
    parent, key = _parent(document, row.at)
    if row.instead is not None:
        parent[key] = row.instead
    elif isinstance(parent, list):
        del parent[int(key)]
    else:
        del parent[key]
    return document


def _place(document: Any, pointer: str, value: Any) -> None:
    parent, key = _parent(document, pointer)
    parent[key] = value


def _parent(document: Any, pointer: str) -> tuple[Any, Any]:
    *path, last = [raw.replace("~1", "/").replace("~0", "~") for raw in pointer.split("/")[1:]]
    node = document
    for key in path:
        node = node[int(key)] if isinstance(node, list) else node[key]
    return node, int(last) if isinstance(node, list) else last


def _is_code(path: str) -> bool:
    return path.endswith(".py")


def _behaviour(source: str) -> str:
    """The code without docstrings: text that no interpreter and no type checker reads."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                kept = [
                    item
                    for item in block
                    if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
                ]
                setattr(node, name, kept)
    return ast.dump(tree)
