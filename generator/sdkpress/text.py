"""Ready strings: Python literals and docstrings from untrusted text.

These two are the only ways on which text of a document reaches generated code.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

WIDTH = 88


def literal(value: object) -> str:
    """A Python literal, quoted as black would: `literal('a"b')` -> `'a"b'`."""
    if not isinstance(value, str):
        return repr(value)
    written = repr(value)
    body = written[1:-1]
    if written[0] == "'":
        singles, doubles = body.count("\\'"), body.count('"')
        if doubles <= singles or doubles == 0:
            body = body.replace("\\'", "'").replace('"', '\\"')
            return f'"{body}"'
    return written


def clean(text: str) -> str:
    """Text without control, bidi and other invisible characters; line ends are newlines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    kept = [
        c for c in text if c == "\n" or unicodedata.category(c) not in _DROPPED or c in _JOINERS
    ]
    return "".join(kept)


_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200d"


def one_line(text: str) -> str:
    """Text on one line, for comments and summaries."""
    return " ".join(clean(text).split())


def paragraphs(text: str, width: int = WIDTH) -> list[str]:
    """Lines of a Markdown text, wrapped; tables and indented blocks stay as they are."""
    lines: list[str] = []
    fenced = False
    for line in clean(text).strip().split("\n"):
        line = line.rstrip()
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if len(line) <= width or fenced or line.lstrip().startswith("|"):
            lines.append(line)
            continue
        lead = re.match(r"\s*(?:[-*+] |\d+[.)] )?", line)
        indent = " " * len(lead[0]) if lead else ""
        lines.extend(
            textwrap.wrap(
                line,
                width,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
                drop_whitespace=True,
            )
        )
    while lines and not lines[-1]:
        lines.pop()
    squeezed: list[str] = []
    for line in lines:
        if line or (squeezed and squeezed[-1]):
            squeezed.append(line)
    return squeezed


def docstring(lines: list[str], indent: int) -> str:
    """A docstring with its quotes; `indent` is the column of the code that it stands in."""
    margin = " " * indent
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if not escaped:
        return ""
    if escaped[-1].endswith('"'):
        escaped[-1] = escaped[-1][:-1] + '\\"'
    if escaped[0].startswith('"'):
        escaped[0] = "\\" + escaped[0]
    escaped[0] = escaped[0].lstrip()
    if len(escaped) == 1 and len(escaped[0]) + indent + 6 <= 100:
        return f'"""{escaped[0]}"""'
    body = [f'"""{escaped[0]}']
    body.extend(f"{margin}{line}" if line else "" for line in escaped[1:])
    body.append(f'{margin}"""')
    return "\n".join(body)


def describe(title: str, description: str, width: int = WIDTH) -> list[str]:
    """Summary line, empty line, the rest; a long first paragraph is its own summary."""
    if title and description and one_line(description).lower() != one_line(title).lower():
        head = paragraphs(one_line(title), width)
        return [*head, "", *paragraphs(description, width)]
    return paragraphs(title or description, width)
