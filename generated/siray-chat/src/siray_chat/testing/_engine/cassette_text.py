"""The YAML that cassettes are written in; the only module that knows PyYAML (the extra `testing`).

What is written is what JSON can say: mappings with strings as keys, lists, strings, numbers, true,
false and null. There are no aliases, tags or dates, texts of several lines are block scalars, and
other YAML readers see the same values. What is read may be no more than that: anything else is a
`CassetteError` that names the line.
"""

from __future__ import annotations

import re
from typing import Any, cast

from .extras import not_installed

__all__ = ["CassetteError", "Tree", "read_tree", "write_tree"]

_DEEPEST = 400
_INTEGER = re.compile(r"-?[0-9]+")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
# What YAML 1.2 takes for numbers and YAML 1.1, and so PyYAML, does not.
_OTHER_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+")
_NOT_IN_BLOCKS = re.compile(
    "[^\\n\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_NOT_PLAIN = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ufeff]")


class CassetteError(ValueError):
    """A cassette cannot be read; the message has its name, the line and what is wrong there."""


class Tree:
    """A value that was read, with the line it stands on (from 1)."""

    __slots__ = ("children", "line", "value")

    def __init__(
        self, value: Any, line: int, children: dict[str, Tree] | list[Tree] | None
    ) -> None:
        self.value: Any = value
        """The plain value, whatever is below it included."""
        self.line: int = line
        self.children: dict[str, Tree] | list[Tree] | None = children
        """What is below, None for a scalar."""


def read_tree(text: str, name: str) -> Tree:
    """The content of a YAML file; `name` is for messages. Raises CassetteError, ImportError."""
    yaml = _yaml()
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Before anything is built: what is written small and grows large, and what makes objects.
        _look_over(yaml.parse(text, Loader=loader), name)
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise CassetteError(f"{name}:{line}: no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        reason = str(error).partition("\n")[0]
        raise CassetteError(f"{name}: no YAML: {reason}") from None
    if node is None:
        return Tree(None, 1, None)
    return _tree(node, name)


def _look_over(events: Any, name: str) -> None:
    depth = documents = 0
    for event in events:
        line = event.start_mark.line + 1
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise CassetteError(f"{name}:{line}: a cassette has no anchors and aliases")
        if getattr(event, "tag", None) not in (None, "!"):
            raise CassetteError(f"{name}:{line}: a cassette has no tags, as {event.tag!r}")
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            depth += 1
            if depth > _DEEPEST:
                raise CassetteError(f"{name}:{line}: deeper than {_DEEPEST} levels")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1
        elif kind == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                raise CassetteError(f"{name}:{line}: a second document; a cassette is one")


def _tree(node: Any, name: str) -> Tree:
    line: int = node.start_mark.line + 1
    if node.id == "scalar":
        return Tree(_scalar(node), line, None)
    if node.id == "sequence":
        items = [_tree(item, name) for item in node.value]
        return Tree([item.value for item in items], line, items)
    fields: dict[str, Tree] = {}
    for key_node, value_node in node.value:
        if key_node.id != "scalar":
            raise CassetteError(f"{name}:{key_node.start_mark.line + 1}: a key that is no text")
        key = str(key_node.value)
        if key in fields:
            raise CassetteError(f"{name}:{key_node.start_mark.line + 1}: {key!r} is there twice")
        fields[key] = _tree(value_node, name)
    return Tree({key: field.value for key, field in fields.items()}, line, fields)


def _scalar(node: Any) -> Any:
    """The value of a scalar; only a plain one can be anything but text."""
    text = str(node.value)
    if node.style not in (None, ""):
        return text
    kind = str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    # Times of day are no numbers to the base of sixty here, and 010 is not 8.
    if kind == "int" and _INTEGER.fullmatch(text) and len(text) < 4000:
        return int(text)
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(text)
    return text


def write_tree(value: Any) -> str:
    """The YAML of a plain value, in block style, ending with a line feed. Raises ImportError."""
    yaml = _yaml()
    # The dumper in Python whether or not there is one in C: they differ in their line breaks.
    text: Any = yaml.dump(
        value,
        Dumper=_dumper(yaml),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    )
    # The end of a document, which is written where a text ends with several line feeds; what is
    # written here becomes a part of one.
    return str(text).removesuffix("...\n")


def _dumper(yaml: Any) -> Any:
    base: Any = yaml.SafeDumper

    class Dumper(base):  # type: ignore[misc,unused-ignore]
        """As the safe one, without aliases."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            return base.increase_indent(self, flow, False)

        def represent_str(self, data: str) -> Any:
            style = None
            if "\n" in data.rstrip("\n") and not _NOT_IN_BLOCKS.search(data):
                style = "|"
            elif _NOT_PLAIN.search(data) or _OTHER_NUMBER.fullmatch(data):
                style = '"'
            return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

        def represent_list(self, data: list[Any]) -> Any:
            numbers = bool(data) and all(type(item) in (int, float) for item in data)
            tag = "tag:yaml.org,2002:seq"
            return self.represent_sequence(tag, data, flow_style=True if numbers else None)

    made: Any = Dumper
    made.add_representer(str, made.represent_str)
    made.add_representer(list, made.represent_list)
    return made


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise not_installed("recording and replaying need", "PyYAML") from None
    return cast("Any", yaml)
