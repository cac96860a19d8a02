"""Local references: `#/...` to the node it names. Cycles and dangling references are harmless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from .nodes import as_object

__all__ = ["References"]


class References:
    """Finds the targets of the references of one document, each looked up once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._targets: dict[str, Any] = {}
        self.children: dict[str, list[str]] | None = None
        """The components that are `allOf` another one, by the reference of that; None: not looked up."""

    def target(self, reference: str) -> Any:
        """The node a reference such as `#/components/schemas/Pet` names; None when dangling.

        The fragment is percent-decoded first, then read as a JSON pointer (RFC 6901, section 6).
        """
        if reference not in self._targets:
            self._targets[reference] = self._find(reference)
        return self._targets[reference]

    def resolve(self, node: Any) -> dict[str, Any]:
        """An object with the references in its place followed to their end.

        Siblings of `$ref` are ignored, which is right for everything except schemas. A
        dangling or circular reference and anything that is no object read as `{}`.
        """
        seen: set[str] = set()
        while True:
            found = as_object(node)
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            if reference in seen:
                return {}
            seen.add(reference)
            node = self.target(reference)

    def _find(self, reference: str) -> Any:
        if not reference.startswith("#"):
            return None
        fragment = unquote(reference[1:])
        if not fragment:
            return self.document
        if not fragment.startswith("/"):
            return None
        node: Any = self.document
        for token in fragment[1:].split("/"):
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = cast("dict[str, Any]", node)[key]
            elif isinstance(node, list) and key.isascii() and key.isdigit():
                items = cast("list[Any]", node)
                if int(key) >= len(items):
                    return None
                node = items[int(key)]
            else:
                return None
        return node
