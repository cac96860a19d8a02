"""What `--help` prints: summary, examples, and options in groups, at most 80 columns wide.

A section is made of what has the same `rich_help_panel`; none of it needs rich, which takes longer
to import than all the rest.
"""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from typer.core import TyperCommand, TyperGroup

from sdkpress.cli.console import console

__all__ = [
    "COMMAND_GROUPS",
    "OUTPUT",
    "Command",
    "Examples",
    "Group",
    "Row",
    "examples_text",
    "summary",
]

Examples = Sequence[tuple[str, str]]
"""Command lines, and what each does. A test runs every one of them."""

OUTPUT = "Output"
"""The section of the options that say what is printed, and how."""

COMMAND_GROUPS = ("Make a client", "Look after it", "Look at a document", "Ship it", "Set up")
"""The sections of the list of commands, in this order."""

_WIDTH = 80
_FIRST_COLUMN = 26


def examples_text(examples: Examples) -> str:
    """The examples as a command's `epilog`, in the form that `_help_text` takes apart again."""
    return "\n".join(f"# {what}\n{line}" for line, what in examples)


class Command(TyperCommand):
    """A command whose help has examples (its epilog) and sections."""

    def get_help(self, ctx: Any) -> str:
        return _help_text(self, ctx)


class Row(NamedTuple):
    """A line of a list of commands."""

    name: str
    summary: str
    section: str


class Group(TyperGroup):
    """The same for what has commands below it."""

    def rows(self) -> Iterator[Row]:
        """Its commands, for a list of them."""
        for name, command in self.commands.items():
            section = getattr(command, "rich_help_panel", None) or "Commands"
            yield Row(name, summary(command.help or ""), str(section))

    def get_help(self, ctx: Any) -> str:
        return _help_text(self, ctx)


def summary(text: str) -> str:
    """The first paragraph of a help text, as one line."""
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def _help_text(command: Command | Group, ctx: Any) -> str:
    width = max(40, min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns))
    usage = f"Usage: {ctx.command_path} "
    pieces = re.sub(r"\{(\S+?)\}", r"\1", " ".join(command.collect_usage_pieces(ctx)))
    parts = [textwrap.fill(pieces, width, initial_indent=usage, subsequent_indent=" " * 7)]
    description = inspect.cleandoc(command.help or "")
    parts += [textwrap.fill(text, width) for text in description.split("\n\n") if text]
    if command.epilog:
        lines = (f"  {line}".rstrip() for line in command.epilog.split("\n"))
        parts.append("\n".join((_heading("Examples"), *lines)))
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    if isinstance(command, Group):
        sections |= {title: [] for title in COMMAND_GROUPS} | {"Commands": []}
        for name, text, title in command.rows():
            sections.setdefault(title, []).append((name, text))
    sections |= {"Options": [], OUTPUT: []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            default = "Arguments" if parameter.param_type_name == "argument" else "Options"
            title = str(getattr(parameter, "rich_help_panel", None) or default)
            sections.setdefault(title, []).append(record)
    for title, rows in sections.items():
        if rows:
            parts.append("\n".join((_heading(title), *_table(rows, width))))
    return "\n\n".join(parts)


def _heading(title: str) -> str:
    return f"\x1b[1m{title}:\x1b[0m" if console.has_color else f"{title}:"


def _table(rows: Iterable[tuple[str, str]], width: int) -> Iterable[str]:
    """Two columns; a long first one has a line of its own."""
    rows = list(rows)
    widest = max((len(first) for first, _ in rows if len(first) <= _FIRST_COLUMN), default=0)
    indent = " " * (widest + 4)
    for first, second in rows:
        words = " ".join(second.split())
        lines = textwrap.wrap(words, max(20, width - len(indent)), break_on_hyphens=False)
        if len(first) > widest or not lines:
            yield f"  {first}"
        else:
            yield f"  {first:<{widest}}  {lines.pop(0)}"
        yield from (f"{indent}{line}" for line in lines)
