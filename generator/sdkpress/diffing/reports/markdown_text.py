"""Text of documents in Markdown: nothing in it is markup, a mention, a link or HTML."""

from __future__ import annotations

import re

from sdkpress.diagnostics import printable
from sdkpress.diffing.reports.entries import shortened, spans

__all__ = ["code", "fenced", "prose", "table_cell"]

_MARKS = frozenset("\\`*_{}[]<>#|&~!")
# What renderers turn into links, mentions or formulas wherever it stands in a text: words with
# `@`, `#12`, `GH-12`, addresses, hashes of commits, `$`.
_LINKED = re.compile(r"[@$]|#\d|\bGH-\d|://|www\.|\b[0-9a-f]{7,40}\b", re.IGNORECASE)


def prose(message: str) -> str:
    """A message, whose code stands between backticks, on one line of Markdown. Words that a
    renderer would make links of become code as well."""
    made = ""
    for is_code, part in spans(shortened(message)):
        words = [code(part)] if is_code else re.split(r"(\s+)", part)
        for word in words:
            shown = word if is_code else _word(word)
            # Two spans of code side by side would be one.
            made += f" {shown}" if made.endswith("`") and shown.startswith("`") else shown
    return made


def code(text: str) -> str:
    """A code span; also where the text has backticks."""
    text = shortened(text).strip()
    if not text:
        return ""
    ticks = "`" * (1 + _longest_run(text))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def table_cell(markdown: str) -> str:
    """Finished Markdown in a cell: bars would end it, also inside code."""
    return markdown.replace("|", "\\|")


def fenced(lines: list[str], language: str = "") -> list[str]:
    """A block of code that its content cannot end."""
    lines = [printable(line) for line in lines]
    ticks = "`" * max(3, 1 + max(map(_longest_run, lines), default=0))
    return [f"{ticks}{language}", *lines, ticks]


def _word(word: str) -> str:
    if _LINKED.search(word):
        return code(word)
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in word)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
