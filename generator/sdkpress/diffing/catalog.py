"""Every change id there is, of all three axes: `docs/changes.md` is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdkpress.diffing.changes import Axis, Severity
from sdkpress.diffing.surface.catalog import python_ids
from sdkpress.diffing.wire.catalog import wire_ids

__all__ = ["CatalogEntry", "change_catalog", "change_page"]

_HEAD = """# Changes

Every change that `sdkpress diff` can find, by its stable id.

- **breaking**: those who kept to the old contract can fail under the new one.
- **risky**: whether they do, the documents cannot tell.
- **compatible**: they do not.

## Python

What callers of the generated package see. `runtime` is Python code when it runs, `typing` is Python
code when a type checker reads it. The severity is the worst that the id can have; what is milder in
a direction says so.

| id | runtime | typing | meaning |
|---|---|---|---|
"""

_WIRE = """
## Wire

What the two ends of a connection see: would a client of the old document still be understood, and
do the new answers still fit it. The ids are those of oasdiff where the concept is the same.

| id | severity | meaning |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One id: the worst severity on each axis that it can be on, and one line of meaning."""

    id: str
    severities: Mapping[Axis, Severity]
    meaning: str


def change_catalog() -> tuple[CatalogEntry, ...]:
    """All ids: those of the Python side in the order of the catalog, then those of the wire."""
    python = [CatalogEntry(id, item.severities, item.meaning) for id, item in python_ids().items()]
    wire = [
        CatalogEntry(id, {"wire": severity}, meaning)
        for id, (severity, meaning) in sorted(wire_ids().items())
    ]
    return (*python, *wire)


def change_page() -> str:
    """The text of `docs/changes.md`."""
    python: list[str] = []
    wire: list[str] = []
    for entry in change_catalog():
        if "wire" in entry.severities:
            wire.append(f"| `{entry.id}` | {entry.severities['wire']} | {_cell(entry.meaning)} |\n")
        else:
            runtime, typing = (entry.severities.get(axis, "") for axis in ("runtime", "typing"))
            python.append(f"| `{entry.id}` | {runtime} | {typing} | {_cell(entry.meaning)} |\n")
    return _HEAD + "".join(python) + _WIRE + "".join(wire)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
