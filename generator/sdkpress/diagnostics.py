"""Diagnostics: what sdkpress has to say about an input, where, and how to mend it.

Every stage reports through `Diagnostics` (findings that do not stop the work) or raises
`SdkpressError` (the input or the call is wrong; the command line exits with 2). The ids are
stable: users silence, count and search for them. `CATALOG` is the single table of them
(`diagnostic_catalog`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sdkpress.diagnostic_catalog import CATALOG, CatalogEntry, Severity

__all__ = [
    "CATALOG",
    "COMMAND_LINE",
    "CatalogEntry",
    "Diagnostic",
    "Diagnostics",
    "Location",
    "SdkpressError",
    "Severity",
    "as_dict",
    "fatal",
    "printable",
    "render",
]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in an input file.

    `file` is the display path (posix, as the user gave it), `line` and `column` count from 1
    (columns in characters), `pointer` is an RFC 6901 JSON pointer ("" is the root).
    """

    file: str
    line: int
    column: int
    pointer: str = ""


COMMAND_LINE = Location("<command-line>", 1, 1)
"""The place of what an option says (clang's spelling)."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable id, how bad, one sentence, and where."""

    id: str
    severity: Severity
    message: str
    location: Location | None = None
    help: str = ""


class SdkpressError(Exception):
    """The input or the call is wrong: the command line prints `diagnostics` and exits with 2."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(render(diagnostic) for diagnostic in diagnostics))
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics

    def __reduce__(self) -> tuple[type[SdkpressError], tuple[Diagnostic, ...]]:
        # Exception would pickle its args (the text); errors cross process pools.
        return (type(self), self.diagnostics)


class Diagnostics:
    """Collects the diagnostics of one run."""

    def __init__(self) -> None:
        self._items: dict[Diagnostic, None] = {}

    def add(self, id: str, message: str, location: Location | None = None, help: str = "") -> None:
        """Record one finding; `CATALOG[id]` gives the severity and, without `help`, the help.

        Raises KeyError for an id that is not in the catalog.
        """
        self._items[_diagnostic(id, message, location, help)] = None

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record findings made elsewhere (another collector, an error's diagnostics)."""
        for diagnostic in diagnostics:
            self._items[diagnostic] = None

    @property
    def items(self) -> tuple[Diagnostic, ...]:
        """All findings without duplicates, sorted by (file, line, column, id, message)."""
        return tuple(sorted(self._items, key=_sort_key))

    def raise_errors(self) -> None:
        """Raise one `SdkpressError` with all errors recorded so far, if there are any."""
        errors = [item for item in self.items if item.severity is Severity.ERROR]
        if errors:
            raise SdkpressError(*errors)


def fatal(id: str, message: str, location: Location | None = None, help: str = "") -> SdkpressError:
    """The error to raise for a finding after which nothing can be done (always an ERROR)."""
    found = _diagnostic(id, message, location, help)
    return SdkpressError(
        Diagnostic(found.id, Severity.ERROR, found.message, found.location, found.help)
    )


def as_dict(diagnostic: Diagnostic) -> dict[str, str | int | None]:
    """The machine form, as in `--format json`; without a location its fields are None."""
    location = diagnostic.location
    return {
        "id": diagnostic.id,
        "severity": diagnostic.severity.value,
        "file": location.file if location else None,
        "line": location.line if location else None,
        "column": location.column if location else None,
        "pointer": location.pointer if location else None,
        "message": diagnostic.message,
        "help": diagnostic.help,
    }


def render(diagnostic: Diagnostic, excerpt: Sequence[str] = ()) -> str:
    """The text form, without a final newline and without anything a terminal would obey.

    `excerpt` holds source lines as `Document.excerpt` gives them: consecutive, the last one
    being the located line.

        spec.yaml:12:7: warning[duplicate-key]: message
           11 | paths:
           12 |   /a: {}
              |   ^
          help: Rename or remove one of the two.
    """
    location = diagnostic.location
    place = f"{printable(location.file)}:{location.line}:{location.column}: " if location else ""
    lines = [
        f"{place}{diagnostic.severity.value}[{diagnostic.id}]: {printable(diagnostic.message)}"
    ]
    if location and excerpt:
        lines.extend(_excerpt_lines(location, excerpt))
    if diagnostic.help:
        lines.append(f"  help: {printable(diagnostic.help)}")
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""`text` on one line: controls, line separators, bidi and invisible format characters and
    lone surrogates become escapes such as `\x1b` and `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, text))


_ESCAPED_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _printable_character(character: str) -> str:
    # Cf holds the bidi controls and zero-width characters; U+200D joins emoji and scripts.
    if unicodedata.category(character) not in _ESCAPED_CATEGORIES or character == "\u200d":
        return character
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_EXCERPT_WIDTH = 100


def _excerpt_lines(location: Location, excerpt: Sequence[str]) -> list[str]:
    first = location.line - len(excerpt) + 1
    gutter = len(str(location.line)) + 3
    # A minified document is one line: all lines show the same window around the column.
    column = max(location.column, 1)
    start = max(0, column - 1 - _EXCERPT_WIDTH // 2) if column > _EXCERPT_WIDTH else 0
    lines: list[str] = []
    for number, source in enumerate(excerpt, first):
        shown = _window(source, start)
        lines.append(f"{number:>{gutter}} | {shown}".rstrip())
    before = _untab(excerpt[-1][start : column - 1])
    lead = 1 if start else 0
    lines.append(f"{'':>{gutter}} | {' ' * (lead + len(before))}^")
    return lines


def _window(source: str, start: int) -> str:
    shown = _untab(source[start : start + _EXCERPT_WIDTH])
    return f"{'…' if start else ''}{shown}{'…' if len(source) > start + _EXCERPT_WIDTH else ''}"


def _untab(text: str) -> str:
    return printable(text.replace("\t", " "))


def _diagnostic(id: str, message: str, location: Location | None, help: str) -> Diagnostic:
    entry = CATALOG[id]
    return Diagnostic(id, entry.severity, message, location, help or entry.help)


def _sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str, str]:
    location = diagnostic.location
    if location is None:
        return ("", 0, 0, diagnostic.id, diagnostic.message, "")
    return (
        location.file,
        location.line,
        location.column,
        diagnostic.id,
        diagnostic.message,
        location.pointer,
    )
