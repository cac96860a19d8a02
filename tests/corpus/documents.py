"""The documents of the corpus: which there are, and what each holds by its own text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

__all__ = ["Document", "all_documents", "sample", "shared_specs"]

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Document:
    """One root document. `operations` is the count of the index, which another program made."""

    name: str
    path: Path
    operations: int
    bytes: int

    @property
    def is_real(self) -> bool:
        """Whether it describes a service, and not what a tool must cope with."""
        return self.name.startswith("real/")

    @property
    def slug(self) -> str:
        """A Python module name: the file's for a real document, with a digest for the others."""
        stem = self.name.rpartition(".")[0]
        if self.is_real:
            stem = stem.removeprefix("real/")
        else:
            digest = hashlib.sha256(self.name.encode()).hexdigest()[:8]
            stem = f"{stem.rpartition('/')[2][:32]}_{digest}"
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem).lower()
        return f"x{plain}" if not plain[:1].isalpha() else plain


def shared_specs() -> Path | None:
    """The folder with INDEX.tsv, or None where it is not beside the checkout."""
    shared = Path(os.environ.get("SDKPRESS_SHARED", REPOSITORY.parent / "shared"))
    folder = shared / "specs"
    return folder if (folder / "INDEX.tsv").is_file() else None


def all_documents(folder: Path) -> list[Document]:
    """Every row of the index, real documents first."""
    header, *rows = (folder / "INDEX.tsv").read_text(encoding="utf-8").splitlines()
    columns = {name: number for number, name in enumerate(header.split("\t"))}
    found: list[Document] = []
    for row in rows:
        cells = row.split("\t")
        name = cells[columns["path"]]
        found.append(
            Document(
                name,
                folder / name,
                int(cells[columns["operations"]] or 0),
                int(cells[columns["bytes"]] or 0),
            )
        )
    return sorted(found, key=lambda document: not document.is_real)


def sample(items: Iterable[T], count: int) -> list[T]:
    """Some `count` of the items, spread evenly: the same ones each time; all of them for 0."""
    every = list(items)
    step = max(1, len(every) // count) if count else 1
    return every[::step][:count] if count else every
