"""Ready strings: Python literals and docstrings from untrusted text.

These two are the only ways on which text of a document reaches generated code.
"""

from __future__ import annotations

import functools
import math
import re
import textwrap
import unicodedata

WIDTH = 88


def literal(value: object) -> str:
    """A Python literal as black writes it: `literal('a"b')` -> `'a"b'`, `literal(1e20)` -> `1e20`."""
    if isinstance(value, float):
        written = repr(value).replace("e+", "e")
        return written if math.isfinite(value) else f'float("{written}")'
    if not isinstance(value, str):
        return repr(value)
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    written = repr(value)
    body = written[1:-1]
    if written[0] == "'":
        singles, doubles = body.count("\\'"), body.count('"')
        if doubles <= singles or doubles == 0:
            body = body.replace("\\'", "'").replace('"', '\\"')
            return f'"{body}"'
    return written


MARKS = "\\`*_{}[]<>#|"


def markdown(text: str) -> str:
    """Text of a document in Markdown: nothing in it is markup."""
    return "".join(f"\\{letter}" if letter in MARKS else letter for letter in one_line(text))


def clean(text: str) -> str:
    """Text without control, bidi and other invisible characters; line ends are newlines."""
    if text.isprintable():  # says of a whole text that it has none of `_DROPPED`
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if text.replace("\n", "").isprintable():
        return text
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
    if "\n" not in text and len(text) <= width and text.isprintable():
        text = text.strip()
        return [text] if text else []
    return list(_paragraphs(text, width))


# The same text describes a model, its dict form, and the arguments made of its properties.
@functools.lru_cache(maxsize=4096)
def _paragraphs(text: str, width: int) -> tuple[str, ...]:
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
    return tuple(squeezed)


def docstring(lines: list[str], indent: int) -> str:
    """A docstring with its quotes, as black leaves it; `indent` is the column of its code.

    Empty where there is nothing to say.
    """
    if len(lines) == 1 and '"' not in lines[0] and "\\" not in lines[0]:
        text = lines[0].strip()
        return f'"""{text}"""' if text else ""
    margin = " " * indent
    escaped = [line.rstrip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    while escaped and not escaped[-1]:
        escaped.pop()
    if not escaped:
        return ""
    while not escaped[0]:
        del escaped[0]
    first = escaped[0].lstrip()
    if first.startswith('"'):
        first = f"\\{first}"
    if len(escaped) == 1:  # however long: black has no quotes on a line of their own behind one
        return f'"""{first} """' if first.endswith('"') else f'"""{first}"""'
    # The least indented line stands at the margin: readers and black take it for the margin.
    excess = min(len(line) - len(line.lstrip()) for line in escaped[1:] if line)
    body = [f'"""{first}']
    body.extend(f"{margin}{line[excess:]}" if line else "" for line in escaped[1:])
    body.append(f'{margin}"""')
    return "\n".join(body)


def describe(title: str, description: str, width: int = WIDTH) -> list[str]:
    """Summary line, empty line, the rest; a long first paragraph is its own summary."""
    if title and description and one_line(description).lower() != one_line(title).lower():
        head = paragraphs(one_line(title), width)
        return [*head, "", *paragraphs(description, width)]
    return paragraphs(title or description, width)
