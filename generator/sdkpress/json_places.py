"""Where a few nodes of a JSON text stand, without a scan of all of it.

Objects and arrays on the way to a node are taken apart, and what is beside the way is skipped by
the standard library's parser, which is much faster than a scan that notes every node. Who asks for
many places is better off with `json_text.scan_positions`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sdkpress.source_text import SourceText
from sdkpress.trees import is_mapping, is_sequence, pointer_tokens

__all__ = ["JsonPlaces"]

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class JsonPlaces:
    """Finds nodes in a text that `parse_json` accepted and in which no object has a key twice."""

    def __init__(self, source: SourceText) -> None:
        self._text = source.text
        self._skip = json.JSONDecoder(strict=False).raw_decode
        self._members: dict[int, dict[str, tuple[int, int]]] = {}
        self._items: dict[int, list[int]] = {}

    def find(self, tree: Any, pointer: str) -> int:
        """The offset of the node at `pointer`, or of its nearest existing ancestor: of the key of a
        member, of the first character of an item. As `Positions.find`."""
        start = shown = self._after_space(0)
        node = tree
        for token in pointer_tokens(pointer):
            if is_mapping(node) and token in node:
                if start not in self._members:
                    self._members[start] = self._object(start, node)
                shown, start = self._members[start][token]
                node = node[token]
            elif is_sequence(node) and token.isdecimal() and int(token) < len(node):
                if start not in self._items:
                    self._items[start] = self._array(start)
                shown = start = self._items[start][int(token)]
                node = node[int(token)]
            else:
                break
        return shown

    def _object(self, start: int, node: Any) -> dict[str, tuple[int, int]]:
        """The offsets of keys and of values. Keys are taken from the tree, which has mended them."""
        found: dict[str, tuple[int, int]] = {}
        at = self._after_space(start + 1)
        for key in node:
            name = _STRING.match(self._text, at)
            if name is None:  # pragma: no cover
                break
            value = self._after_space(self._after_space(name.end()) + 1)
            found[key] = at, value
            at = self._next(value)
        return found

    def _array(self, start: int) -> list[int]:
        found: list[int] = []
        at = self._after_space(start + 1)
        while self._text[at] != "]":
            found.append(at)
            at = self._next(at)
        return found

    def _next(self, value: int) -> int:
        """The offset of what follows a value: the next key or item, or the closing bracket."""
        at = self._after_space(self._skip(self._text, value)[1])
        return self._after_space(at + 1) if self._text[at] == "," else at

    def _after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at
