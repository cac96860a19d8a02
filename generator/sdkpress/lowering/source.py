"""Reading the document tree during lowering: children, references, locations.

The document is untrusted: whatever is not of the expected type reads as absent.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.model import Docs
from sdkpress.trees import is_mapping, is_sequence

POINTER = "x-sdkpress-pointer"
"""Key of a reference that lowering makes itself: a plain JSON pointer, no URI escaping."""

DERIVED = "~:"
"""Starts the suffix of a pointer to a schema that lowering made; no real pointer contains it."""

MAX_CHAIN = 64


def escape(segment: str) -> str:
    """One key as a JSON pointer segment (RFC 6901, section 3)."""
    return segment.replace("~", "~0").replace("/", "~1")


def child(pointer: str, *keys: str | int) -> str:
    """Pointer of a descendant: `child("/a", "b/c", 0)` -> `/a/b~1c/0`."""
    return pointer + "".join(f"/{escape(str(key))}" for key in keys)


def last_segment(pointer: str) -> str:
    """Last key of a pointer, unescaped."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def as_dict(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if is_mapping(value) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if is_sequence(value) else []


def as_text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def docs_of(node: dict[str, Any]) -> Docs:
    """The documentation fields that most OpenAPI objects share."""
    return Docs(
        title=as_text(node.get("title")),
        summary=as_text(node.get("summary")),
        description=as_text(node.get("description")),
        deprecated=node.get("deprecated") is True,
    )


class Source:
    """The document with its diagnostics: resolves references and reports what is wrong."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self.document = document
        self.tree = document.tree
        self._diagnostics = diagnostics
        self._anchors: dict[str, str] | None = None
        self._derived: dict[str, object] = {}

    def derive(self, pointer: str, suffix: str, value: object) -> str:
        """Register a schema that lowering made and return its pointer."""
        derived = f"{pointer}{DERIVED}{suffix}"
        self._derived[derived] = value
        return derived

    def report(self, id: str, message: str, pointer: str, help: str = "") -> None:
        """Add a diagnostic at a pointer; what lowering derived is told at its origin."""
        place = pointer.partition(DERIVED)[0]
        self._diagnostics.add(id, message, self.document.locate(place), help)

    def at(self, pointer: str) -> object:
        """The value at a pointer; raises KeyError when there is none."""
        value: object = self.tree
        if DERIVED in pointer:
            end = pointer.find("/", pointer.rindex(DERIVED))
            value = self._derived[pointer if end < 0 else pointer[:end]]
            pointer = "" if end < 0 else pointer[end:]
        if not pointer:
            return value
        if not pointer.startswith("/"):
            raise KeyError(pointer)
        for raw in pointer[1:].split("/"):
            key = raw.replace("~1", "/").replace("~0", "~")
            if is_mapping(value):
                value = value[key]
            elif is_sequence(value) and key.isascii() and key.isdigit():
                items = value
                if int(key) >= len(items):
                    raise KeyError(pointer)
                value = items[int(key)]
            else:
                raise KeyError(pointer)
        return value

    def target(self, node: dict[str, Any]) -> str | None:
        """Pointer that the `$ref` of a node names, or None when the node has none that is local."""
        own = node.get(POINTER)
        if isinstance(own, str):
            return own
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return None
        _, _, fragment = reference.partition("#")
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchor(fragment)
        return fragment

    def resolve(self, value: object, pointer: str) -> tuple[dict[str, Any], str]:
        """Follow `$ref` chains of a non-schema object (parameter, response, path item …).

        A dangling or endless chain is reported and reads as an empty object.
        """
        node, place = as_dict(value), pointer
        for _ in range(MAX_CHAIN):
            target = self.target(node)
            if target is None:
                return node, place
            try:
                found = self.at(target)
            except KeyError:
                self.report("dangling-ref", f"nothing at {node.get('$ref')}", pointer)
                return {}, pointer
            siblings = {
                key: item for key, item in node.items() if key in ("summary", "description")
            }
            node, place = {**as_dict(found), **siblings}, target
        self.report("reference-cycle", "the reference leads back to itself", pointer)
        return {}, pointer

    def _anchor(self, name: str) -> str | None:
        if self._anchors is None:
            self._anchors = {}
            stack: list[tuple[object, str]] = [(self.tree, "")]
            while stack:
                value, pointer = stack.pop()
                if is_mapping(value):
                    node = value
                    for keyword in ("$anchor", "$dynamicAnchor"):
                        anchor = node.get(keyword)
                        if isinstance(anchor, str):
                            self._anchors.setdefault(anchor, pointer)
                    stack.extend((item, child(pointer, key)) for key, item in node.items())
                elif is_sequence(value):
                    items = value
                    stack.extend((item, child(pointer, n)) for n, item in enumerate(items))
        return self._anchors.get(name, f"/#{name}")
