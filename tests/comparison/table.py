"""The table of docs/why.md: rows of results as Markdown, and the results that the page shows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .making import GENERATORS
from .rows import ROWS, cell

__all__ = ["replaced", "shown_cells", "table"]

BEGIN, END = "<!-- comparison -->", "<!-- end of comparison -->"


def table(results: Mapping[str, Mapping[str, object]]) -> str:
    """The results by generator and probe, with the test of ours in the last column."""
    titles = [f"{generator.title} {generator.version}".strip() for generator in GENERATORS.values()]
    lines = [
        f"| | {' | '.join(titles)} | tested by |",
        f"|---|{'---|' * len(titles)}---|",
    ]
    for row in ROWS:
        cells = [cell(results[name][row.probe]) for name in GENERATORS]
        lines.append(f"| {row.what} | {' | '.join(cells)} | `tests/{row.test}` |")
    return "\n".join(lines)


def replaced(page: str, new: str) -> str:
    """The page with another table."""
    return re.sub(
        f"{BEGIN}\n.*{END}", lambda _: f"{BEGIN}\n\n{new}\n\n{END}", page, count=1, flags=re.S
    )


def shown_cells(page: str) -> dict[str, dict[str, str]]:
    """What the page says, by generator and probe."""
    between = page.partition(BEGIN)[2].partition(END)[0]
    found: dict[str, dict[str, str]] = {name: {} for name in GENERATORS}
    texts = {row.what: row.probe for row in ROWS}
    for line in between.splitlines():
        what, *cells = [part.strip() for part in line.strip("|").split(" | ")]
        if what.strip() in texts:
            for name, text in zip(GENERATORS, cells, strict=False):
                found[name][texts[what.strip()]] = text
    return found
