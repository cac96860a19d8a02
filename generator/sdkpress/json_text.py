"""JSON text to a plain tree, and where each node of the tree stands in the text.

Parsing is the standard library's; positions are computed by a scan of their own, which runs only
when somebody asks for a place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import msgspec

from sdkpress.diagnostics import SdkpressError, fatal
from sdkpress.positions import Positions
from sdkpress.source_text import SourceText
from sdkpress.trees import escape_token, is_mapping, is_sequence

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "dump_json", "parse_json", "scan_positions"]

MAX_DEPTH = 200
"""How deeply mappings and sequences may be nested. Later stages recurse over the tree."""

MAX_DIGITS = 308
"""Digits of the longest integer read: one more and it is no longer in the range of a double."""

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TOKEN = re.compile(
    r'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?'  # 1: a string, 2: it is a key
    r"|([{\[])|([}\]])"  # 3, 4: brackets
    r'|[^\s,:"{}\[\]]+',  # a number or a literal
    re.DOTALL,
)


class _OutOfRange(ValueError):
    def __init__(self, literal: str) -> None:
        self.literal = literal


def parse_json(source: SourceText) -> tuple[Any, bool]:
    """The tree of a JSON text, and whether any object has a key twice (the last one counts).

    Raises `SdkpressError`: invalid-json (also for NaN, Infinity and numbers that no double can
    hold) or nesting-too-deep. A lone surrogate escape becomes U+FFFD.
    """
    duplicated = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicated
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            duplicated = True
            mapping.clear()
            for key, value in pairs:
                mapping.pop(key, None)  # the survivor also takes the last one's place in the order
                mapping[key] = value
        return mapping

    try:
        tree = json.loads(
            source.text,
            object_pairs_hook=members,
            parse_constant=_refuse_literal,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise fatal("invalid-json", f"{error.msg}.", source.location(error.pos)) from None
    except RecursionError:
        raise _too_deep(source) from None
    except _OutOfRange as error:
        where = _find_literal(source.text, error.literal)
        shown = error.literal if len(error.literal) <= 40 else f"{error.literal[:37]}..."
        raise fatal(
            "invalid-json", f"{shown} is not a number that JSON can carry.", source.location(where)
        ) from None
    if _deeper_than(tree, MAX_DEPTH):
        raise _too_deep(source)
    if _SURROGATE_ESCAPE.search(source.text):
        tree = _without_lone_surrogates(tree)
    return tree, duplicated


def scan_positions(
    source: SourceText, on_duplicate: Callable[[str, str, int, int], None] | None = None
) -> Positions:
    """The position of every node of a JSON text that `parse_json` accepted.

    With `on_duplicate`, which a text with duplicate keys needs, it is called with the pointer, the
    key, and the offsets of the last and of the previous occurrence.
    """
    positions = Positions()
    containers: list[_Container] = []
    key: str | None = None
    key_offset = 0
    for token in _TOKEN.finditer(source.text):
        if token[2] is not None:
            key = token[1]
            key_offset = token.start()
            continue
        if token[4] is not None:
            positions.close(containers.pop().index)
            continue
        parent = containers[-1] if containers else None
        if parent is not None and key is not None and on_duplicate is not None:
            name = json.loads(f'"{key}"', strict=False)
            earlier = parent.enter(positions, name)
            if earlier is not None:
                on_duplicate(_pointer(containers[:-1]), name, key_offset, earlier)
        elif parent is not None and key is None:
            parent.count += 1
        index = positions.open(token.start() if key is None else key_offset)
        key = None
        if token[3] is not None:
            containers.append(_Container(index, is_object=token[3] == "{"))
        else:
            positions.close(index)
    return positions


class _Container:
    """An object or array whose end the scan has not reached."""

    __slots__ = ("count", "index", "is_object", "members", "name")

    def __init__(self, index: int, *, is_object: bool) -> None:
        self.index = index
        self.is_object = is_object
        self.count = 0
        self.name = ""
        self.members: dict[str, int] = {}

    def enter(self, positions: Positions, name: str) -> int | None:
        """Begin the member `name`; drops an earlier one and returns its offset."""
        self.name = name
        start = self.members.pop(name, None)
        offset = None
        if start is not None:
            offset = positions.offsets[start]
            removed = positions.remove(start)
            for other, index in self.members.items():
                if index > start:
                    self.members[other] = index - removed
        self.members[name] = len(positions)
        return offset


def _pointer(containers: Iterable[_Container]) -> str:
    tokens = (outer.name if outer.is_object else str(outer.count - 1) for outer in containers)
    return "".join(f"/{escape_token(token)}" for token in tokens)


def _integer(literal: str) -> int:
    if len(literal) > MAX_DIGITS:
        raise _OutOfRange(literal)
    return int(literal)


def _float(literal: str) -> float:
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        raise _OutOfRange(literal)
    return value


def _refuse_literal(literal: str) -> NoReturn:
    raise _OutOfRange(literal)


def _find_literal(text: str, literal: str) -> int:
    for token in _TOKEN.finditer(text):
        if token[1] is None and token[0] == literal:
            return token.end() - len(literal)
    return 0


def _too_deep(source: SourceText) -> SdkpressError:
    depth = 0
    where = 0
    for token in _TOKEN.finditer(source.text):
        depth += (token[3] is not None) - (token[4] is not None)
        if depth > MAX_DEPTH:
            where = token.start()
            break
    return fatal(
        "nesting-too-deep",
        f"Objects and arrays are nested more than {MAX_DEPTH} levels deep.",
        source.location(where),
    )


def dump_json(tree: Any, *, indent: int = 1) -> bytes:
    """The tree as JSON in UTF-8, a value a line, so that differences can be read.

    Without `indent` all is on one line.
    """
    try:
        text = msgspec.json.encode(tree)
        return msgspec.json.format(text, indent=indent) + b"\n" if indent else text
    except (OverflowError, ValueError, msgspec.MsgspecError):
        # Integers of more than 64 bits, and lone surrogates: the standard library writes them.
        written = json.dumps(tree, ensure_ascii=False, indent=indent or None)
        return (written + "\n" * bool(indent)).encode("utf-8", "surrogatepass")


_CONTAINERS = frozenset((dict, list))


def _deeper_than(tree: Any, depth: int) -> bool:
    level: list[Any] = [tree] if type(tree) in _CONTAINERS else []
    for _ in range(depth):
        inner: list[Any] = []
        for node in level:
            values: Iterable[Any] = node.values() if is_mapping(node) else node
            inner += [value for value in values if type(value) in _CONTAINERS]
        if not inner:
            return False
        level = inner
    return True


def _without_lone_surrogates(node: Any) -> Any:
    if isinstance(node, str):
        return _LONE_SURROGATE.sub("\ufffd", node)
    if is_mapping(node):
        return {
            _without_lone_surrogates(key): _without_lone_surrogates(value)
            for key, value in node.items()
        }
    if is_sequence(node):
        return [_without_lone_surrogates(item) for item in node]
    return node
