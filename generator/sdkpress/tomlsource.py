"""Where a key stands in a TOML file; `tomllib` gives values without positions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["find_key"]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*[^=\s]+)*)\s*=""")


def find_key(text: str, table: Sequence[str], index: int, path: Sequence[str]) -> tuple[int, int]:
    """Line and column (from 1) of the key `path` in element `index` of the array of tables `table`.

    Falls back to the nearest thing that can be found: the sub-table, the table's header, line 1.
    """
    best, seen = (1, 1), -1
    wanted, within = tuple(path), False
    prefix: tuple[str, ...] = ()
    for number, line in _significant_lines(text):
        header = _HEADER.match(line)
        if header:
            name = _parts(header.group(2))
            if name == tuple(table) and header.group(1) == "[[":
                seen += 1
                within, prefix = seen == index, ()
                if within:
                    best = (number, line.index("[") + 1)
            elif within and name[: len(table)] == tuple(table):
                prefix = name[len(table) :]
                if prefix == wanted[: len(prefix)]:
                    best = (number, line.index("[") + 1)
            else:
                within = False
            continue
        key = _KEY.match(line) if within else None
        if key is None:
            continue
        full = prefix + _parts(key.group(1))
        if full == wanted[: len(full)]:
            best = (number, key.start(1) + 1)
            if full == wanted:
                return best
    return best


def _significant_lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that do not stand inside a multi-line string."""
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            if closing in line:
                closing = ""
            continue
        yield number, line
        for quote in ('"""', "'''"):
            if line.count(quote) % 2:
                closing = quote


def _parts(dotted: str) -> tuple[str, ...]:
    found = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([^.\s"']+))\s*\.?""", dotted)
    return tuple(double or single or bare for double, single, bare in found)
