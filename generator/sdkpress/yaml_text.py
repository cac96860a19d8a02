"""YAML text to a plain tree with the position of every node; the only import of `yaml`.

libyaml parses; scalars are then read by the core schema of YAML 1.2 (section 10.3.2), because
PyYAML's own rules are those of 1.1: `no` is a string here, `0123` is 123, and `2020-01-01` is no
date. Results are cached by the SHA-256 of the file, since parsing takes a second per megabyte.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

import sdkpress
from sdkpress.caching import read_cached, write_cached
from sdkpress.diagnostics import SdkpressError, fatal
from sdkpress.json_text import MAX_DEPTH, MAX_DIGITS, dump_json
from sdkpress.positions import Positions
from sdkpress.source_text import SourceText
from sdkpress.trees import escape_token

__all__ = ["MAX_ALIASED_NODES", "Note", "dump_yaml", "parse_yaml"]

MAX_ALIASED_NODES = 500_000
"""How many nodes aliases and merge keys may add to those that are written out."""


class Note(NamedTuple):
    """Something to report that did not stop the parsing: `duplicate-key` or `non-json-value`.

    `subject` is the key, or the text of the value; `earlier` the offset of a duplicate's first.
    """

    id: str
    subject: str
    offset: int
    pointer: str
    earlier: int = 0


Parsed = tuple[Any, Positions, tuple[Note, ...]]


def parse_yaml(source: SourceText, digest: str) -> Parsed:
    """The tree of a YAML text, its positions, and what is worth a warning.

    `digest` is the SHA-256 of the file's bytes and the key of the cache. Raises `SdkpressError`:
    invalid-yaml, invalid-key, several-documents, empty-document, nesting-too-deep,
    alias-expansion, alias-recursion.
    """
    name = f"documents/{digest}.{_loader_version()}"
    cached = _from_cache(read_cached(name))
    if cached is None:
        cached = _parse(source)
        write_cached(name, _to_cache(cached))
    return cached


# ---------------------------------------------------------------- composing

_PLAIN = "sdkpress:plain"  # the tag of a plain scalar without a tag: read by the core schema
_TAG = "tag:yaml.org,2002:"
_STRING = f"{_TAG}str"


class _TooDeep(Exception):
    """Raised inside the parser; carries the offset of the container that is nested too deeply."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


_HAS_LIBYAML = hasattr(yaml, "CSafeLoader")
_Base: Any = yaml.CSafeLoader if _HAS_LIBYAML else yaml.SafeLoader


class _Loader(_Base):  # type: ignore[misc]
    """Composes nodes: libyaml's parser, with hooks that count and that resolve nothing yet."""

    depth = 0
    count = 0

    def descend_resolver(self, parent: yaml.Node | None, index: object) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH + 1:  # one more for a scalar in the innermost container
            raise _TooDeep(parent.start_mark.index if parent is not None else 0)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[yaml.Node], value: object, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _STRING
        return f"{_TAG}map" if kind is yaml.MappingNode else f"{_TAG}seq"


def _parse(source: SourceText) -> Parsed:
    try:
        root, count = _compose(source.text)
    except _TooDeep as error:
        raise _too_deep(source, error.offset) from None
    except yaml.reader.ReaderError as error:
        raise _unreadable_character(source, error) from None
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(source, error) from None
    if root is None:
        raise fatal("empty-document", "The file holds only comments.", source.location(0))
    builder = _Builder(source, count + MAX_ALIASED_NODES)
    tree = builder.build(root, root.start_mark.index)
    return tree, builder.positions, tuple(builder.notes)


def _compose(text: str) -> tuple[yaml.Node | None, int]:
    """The root node (None for a stream without documents) and the number of nodes."""
    loader: Any = _Loader(text)
    try:
        return loader.get_single_node(), loader.count
    finally:
        loader.dispose()


def _too_deep(source: SourceText, offset: int) -> SdkpressError:
    message = f"Mappings and sequences are nested more than {MAX_DEPTH} levels deep."
    return fatal("nesting-too-deep", message, source.location(offset))


def _unreadable_character(source: SourceText, error: yaml.reader.ReaderError) -> SdkpressError:
    offset = error.position
    if _HAS_LIBYAML:  # which counts bytes
        offset = len(source.text.encode()[:offset].decode(errors="ignore"))
    code = ord(error.character) if isinstance(error.character, str) else error.character
    message = f"The character U+{code:04X} is not allowed in YAML."
    return fatal("invalid-yaml", message, source.location(offset))


def _syntax_error(source: SourceText, error: yaml.MarkedYAMLError) -> SdkpressError:
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark is not None else 0
    if error.context == "expected a single document in the stream":
        message = "A second document begins here."
        return fatal("several-documents", message, source.location(offset))
    parts = [error.problem or "cannot be parsed"]
    if error.context:
        parts.append(error.context)
        if error.context_mark is not None and error.context_mark.index != offset:
            parts[-1] += f" that begins in line {source.location(error.context_mark.index).line}"
    message = ", ".join(parts)
    tab = source.text[offset : offset + 1] == "\t"
    return fatal(
        "invalid-yaml",
        f"{message[0].upper()}{message[1:]}.",
        source.location(offset),
        "Indent with spaces; YAML does not allow tabs there." if tab else "",
    )


# ---------------------------------------------------------------- building the tree

_Members = dict[str, tuple[int, yaml.Node]]


@dataclass
class _Builder:
    """Builds the tree from composed nodes; aliased nodes are built anew wherever they are used.

    (A tree with shared parts would change in two places when an overlay changes one, and would
    not be the tree that comes out of the cache.)
    """

    source: SourceText
    budget: int

    def __post_init__(self) -> None:
        self.positions = Positions()
        self.notes: list[Note] = []
        self._path: list[str] = []
        self._open: set[int] = set()
        self._noted: set[int] = set()

    def build(self, node: yaml.Node, offset: int) -> Any:
        """The value of `node`, whose position is `offset` (that of its key, if it has one)."""
        if isinstance(node, yaml.ScalarNode):
            return self._leaf(node, offset)
        self._spend(offset)
        index = self.positions.open(offset)
        self._enter(node, offset)
        if len(self._open) > MAX_DEPTH:
            raise _too_deep(self.source, offset)
        if isinstance(node, yaml.SequenceNode):
            value: Any = self._items(node)
        else:
            value = {}
            path = self._path
            for key, (place, member) in self._members(node).items():
                path.append(key)
                if isinstance(member, yaml.ScalarNode):  # most are: a call less for each
                    value[key] = self._leaf(member, place)
                else:
                    value[key] = self.build(member, place)
                path.pop()
        self._open.discard(id(node))
        self.positions.close(index)
        return value

    def _leaf(self, node: yaml.ScalarNode, offset: int) -> Any:
        self.budget -= 1
        if self.budget < 0:
            self._spend(offset)
        self.positions.leaf(offset)
        return node.value if node.tag == _STRING else self._scalar(node, offset)

    def _items(self, node: yaml.SequenceNode) -> list[Any]:
        self._check_tag(node, "seq")
        items: list[Any] = []
        for number, item in enumerate(node.value):
            self._path.append(str(number))
            items.append(self.build(item, item.start_mark.index))
            self._path.pop()
        return items

    def _members(self, node: yaml.Node) -> _Members:
        """The members of a mapping, merge keys followed, in the order of their last occurrence."""
        self._check_tag(node, "map")
        members: _Members = {}
        written: _Members = {}
        for key, value in node.value:
            place: int = key.start_mark.index
            if not isinstance(key, yaml.ScalarNode):
                raise fatal(
                    "invalid-key",
                    "A key must be a single value, not a mapping or a sequence.",
                    self.source.location(place, self._pointer()),
                    "Text that begins with { or [ needs quotes.",
                )
            if key.tag == _PLAIN and key.value == "<<":
                for name, member in self._merged(value, place).items():
                    members.setdefault(name, member)  # what is merged first takes precedence
                continue
            name = key.value
            earlier = written.pop(name, None)
            if earlier is not None and place not in self._noted:
                self._noted.add(place)
                pointer = self._pointer(name)
                self.notes.append(Note("duplicate-key", name, place, pointer, earlier[0]))
            written[name] = (place, value)
        for name, member in written.items():
            members.pop(name, None)
            members[name] = member
        return members

    def _merged(self, value: yaml.Node, place: int) -> _Members:
        """What a merge key adds (https://yaml.org/type/merge.html)."""
        self._spend(place)
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        merged: _Members = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise fatal(
                    "invalid-yaml",
                    "A merge key (<<) needs a mapping or a sequence of mappings.",
                    self.source.location(place, self._pointer("<<")),
                )
            self._enter(source, place)
            if len(self._open) > MAX_DEPTH:
                raise _too_deep(self.source, place)
            for name, member in self._members(source).items():
                self._spend(place)
                merged.setdefault(name, member)
            self._open.discard(id(source))
        return merged

    def _scalar(self, node: yaml.ScalarNode, offset: int) -> Any:
        text: str = node.value
        tag = node.tag
        try:
            value = _core_value(text)
        except ValueError:
            self._note_value(text, offset)
            return text
        if tag == _PLAIN:
            return value
        kinds = _TAGGED.get(tag)
        if kinds is None or type(value) not in kinds:
            self._note_value(f"{_short_tag(tag)} {text}", offset)
            return text
        return float(value) if tag == f"{_TAG}float" else value

    def _check_tag(self, node: yaml.Node, kind: str) -> None:
        if node.tag != f"{_TAG}{kind}":
            self._note_value(_short_tag(node.tag), node.start_mark.index)

    def _note_value(self, text: str, offset: int) -> None:
        if offset not in self._noted:
            self._noted.add(offset)
            shown = text if len(text) <= 40 else f"{text[:37]}..."
            self.notes.append(Note("non-json-value", shown, offset, self._pointer()))

    def _enter(self, node: yaml.Node, offset: int) -> None:
        if id(node) in self._open:
            raise fatal(
                "alias-recursion",
                "This alias refers to a node that contains it.",
                self.source.location(offset, self._pointer()),
            )
        self._open.add(id(node))

    def _spend(self, offset: int) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise fatal(
                "alias-expansion",
                f"Aliases and merge keys add more than {MAX_ALIASED_NODES:,} nodes.",
                self.source.location(offset, self._pointer()),
            )

    def _pointer(self, *more: str) -> str:
        return "".join(f"/{escape_token(token)}" for token in (*self._path, *more))


# ---------------------------------------------------------------- the core schema

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_TAGGED: dict[str, tuple[type, ...]] = {
    f"{_TAG}null": (type(None),),
    f"{_TAG}bool": (bool,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
}


def _core_value(text: str) -> Any:
    """A plain scalar by the core schema; ValueError for a number that JSON cannot carry."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(text)
        return int(text)
    if _OCTAL_OR_HEX.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(text)
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(text)
        return value
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(text)
    return text


def _short_tag(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag


# ---------------------------------------------------------------- the cache

_CACHE_FORMAT = 1


@functools.cache
def _loader_version() -> str:
    """Changes whenever the same bytes might give another tree, or the format of the cache does."""
    parser = "c" if _HAS_LIBYAML else "py"
    return f"{_CACHE_FORMAT}-{sdkpress.__version__}-{yaml.__version__}-{parser}"


def _to_cache(parsed: Parsed) -> bytes:
    tree, positions, notes = parsed
    body = dump_json([tree, notes], indent=0)
    payload = b"%d\n%s%s" % (len(body), body, positions.to_bytes())
    return hashlib.sha256(payload).digest() + payload


def _from_cache(data: bytes | None) -> Parsed | None:
    if data is None or hashlib.sha256(data[32:]).digest() != data[:32]:
        return None
    length, _, rest = data[32:].partition(b"\n")
    size = int(length)
    tree, notes = json.loads(rest[:size])
    return tree, Positions.from_bytes(rest[size:]), tuple(Note(*note) for note in notes)


# ---------------------------------------------------------------- writing

_AMBIGUOUS = re.compile(
    r"""
      | ~ | = | <<
      | y | n | yes | no | on | off | true | false | null
      | [-+]? \. (?: inf | nan )
      | [-+]? (?: \. [0-9_]+ | [0-9] [0-9_]* (?: \. [0-9_]* )? ) (?: e [-+]? [0-9]+ )?
      | [-+]? 0 (?: b [01_]+ | o [0-7_]+ | x [0-9a-f_]+ )
      | [-+]? [0-9] [0-9_]* (?: : [0-5]? [0-9] )+ (?: \. [0-9_]* )?
      | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} .*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""Strings that a reader of YAML 1.1 or of YAML 1.2 takes for something else unless they are quoted."""

_UNPRINTABLE = re.compile(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\u2027\\u202f-\\u205f\\u2070-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)

_DumperBase: Any = yaml.CSafeDumper if hasattr(yaml, "CSafeDumper") else yaml.SafeDumper


class _Dumper(_DumperBase):  # type: ignore[misc]
    """Block style, keys in their order, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string_node(dumper: Any, text: str) -> Any:
    style: str | None = None
    if _UNPRINTABLE.search(text):
        style = '"'
    elif "\n" in text:
        # A literal block cannot show blanks at the start of the text or at the end of a line.
        lines = text.split("\n")
        shows = text[0] not in " \t\n" and all(line == line.rstrip() for line in lines)
        style = "|" if shows else '"'
    elif _AMBIGUOUS.fullmatch(text):
        style = "'"
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _string_node)


def dump_yaml(tree: Any) -> str:
    """A plain tree as YAML text that readers of YAML 1.1 and of 1.2 read alike, keys in order."""
    text: str = yaml.dump(
        tree,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return text
