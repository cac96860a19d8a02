"""Reading the document tree during lowering: children, references, locations.

The document is untrusted: whatever is not of the expected type reads as absent.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.identifiers import FILES_KEY, shown_reference
from sdkpress.lowering.foreign import names as foreign
from sdkpress.model import NO_DOCS, Docs
from sdkpress.trees import is_mapping, is_sequence

POINTER = "x-sdkpress-pointer"
"""Key of a reference that lowering makes itself: a plain JSON pointer, no URI escaping."""

DERIVED = "~:"
"""Starts the suffix of a pointer to a schema that lowering made; no real pointer contains it."""

COMPONENTS = "/components/schemas/"

FILES = f"/{FILES_KEY}/"
"""Starts the pointers of further files."""

MAX_CHAIN = 64


def escape(segment: str) -> str:
    """One key as a JSON pointer segment (RFC 6901, section 3)."""
    return segment.replace("~", "~0").replace("/", "~1")


def child(pointer: str, *keys: str | int) -> str:
    """Pointer of a descendant: `child("/a", "b/c", 0)` -> `/a/b~1c/0`."""
    for key in keys:
        text = key if isinstance(key, str) else str(key)
        if "~" in text or "/" in text:
            text = escape(text)
        pointer = f"{pointer}/{text}"
    return pointer


def last_segment(pointer: str) -> str:
    """Last key of a pointer, unescaped."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def is_component(pointer: str) -> bool:
    """Whether a pointer names a member of `components.schemas`."""
    name = pointer.removeprefix(COMPONENTS)
    return name != pointer and "/" not in name and DERIVED not in name


def file_schema_name(pointer: str) -> str:
    """What a schema of another file is called there: its key in it, or the name of the file.

    "" for a schema within another one: `.../pet.yaml/Pet` -> `Pet`, `.../pet.yaml` -> `pet`.
    """
    parts = pointer.split("/")[2:]
    if len(parts) == 1:
        name = last_segment(pointer).rpartition("/")[2]
        return name.partition(".")[0]
    is_named = len(parts) == 2 or parts[1:-1] in (
        ["components", "schemas"], ["definitions"], ["$defs"], ["schemas"],
    )  # fmt: skip
    return last_segment(pointer) if is_named else ""


def as_dict(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if is_mapping(value) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if is_sequence(value) else []


def as_text(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


OWN_NAME = "x-sdkpress-name"

_DOCUMENTATION = foreign.DOCS_KEYS | {
    "title", "summary", "description", "deprecated", "externalDocs", OWN_NAME,
}  # fmt: skip


def docs_of(node: dict[str, Any]) -> Docs:
    """The documentation fields that most OpenAPI objects share."""
    if _DOCUMENTATION.isdisjoint(node):
        return NO_DOCS
    is_deprecated = foreign.is_deprecated(node)
    is_named = not foreign.NAMING_KEYS.isdisjoint(node)
    return Docs(
        title=as_text(node.get("title")),
        summary=as_text(node.get("summary")),
        description=(
            _described(node) if "externalDocs" in node else as_text(node.get("description"))
        ),
        deprecated=node.get("deprecated") is True or is_deprecated,
        name=as_text(node.get(OWN_NAME)),
        class_words=foreign.class_name(node) if is_named else "",
        member_words=foreign.member_name(node) if is_named else "",
        deprecation=foreign.deprecation(node) if is_deprecated else "",
    )


def _described(node: dict[str, Any]) -> str:
    """The description, and behind it where to read more (External Documentation Object)."""
    guides = as_dict(node.get("externalDocs"))
    more = " ".join(
        item for item in (as_text(guides.get("description")), as_text(guides.get("url"))) if item
    )
    text = as_text(node.get("description"))
    return f"{text.rstrip()}\n\nSee also: {more}" if text and more else text or more


class Source:
    """The document with its diagnostics: resolves references and reports what is wrong."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self.document = document
        self.tree = document.tree
        self.is_3_0 = str(document.tree.get("openapi", "")).strip().startswith("3.0")
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

    def dangling(self, node: dict[str, Any], target: str, pointer: str) -> None:
        """Report that the reference of a node names nothing."""
        reference = shown_reference(node.get("$ref", f"#{target}"))
        self.report("dangling-ref", f"nothing at {reference}", pointer)

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
            key = raw.replace("~1", "/").replace("~0", "~") if "~" in raw else raw
            if isinstance(value, dict):
                value = cast("dict[str, object]", value)[key]
            elif is_sequence(value) and key.isascii() and key.isdigit():
                items = value
                if int(key) >= len(items):
                    raise KeyError(pointer)
                value = items[int(key)]
            else:
                raise KeyError(pointer)
        return value

    def find(self, pointer: str, depth: int = 0) -> tuple[object, str]:
        """The value at a pointer and where it really stands: references on the way are followed.

        Raises KeyError when there is none.
        """
        try:
            return self.at(pointer), pointer
        except KeyError:
            if depth >= MAX_CHAIN:
                raise
        head = pointer
        while head:
            head = head.rpartition("/")[0]
            try:
                holder = self.at(head)
            except KeyError:
                continue
            target = self.target(as_dict(holder))
            if target is None or not head:
                break
            return self.find(target + pointer[len(head) :], depth + 1)
        raise KeyError(pointer)

    def target(self, node: dict[str, Any]) -> str | None:
        """Pointer that the `$ref` of a node names, or None when the node has none that is local."""
        if "$ref" not in node and POINTER not in node:
            return None
        own = node.get(POINTER)
        if isinstance(own, str):
            return own
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return None
        path, _, fragment = reference.partition("#")
        if path:
            # What could not be bundled, and was reported then: no pointer of this document.
            return reference.lstrip("/")
        if "%" in fragment or "+" in fragment:
            fragment = self._unquoted(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchor(fragment)
        return fragment

    def _unquoted(self, fragment: str) -> str:
        """A fragment without URI escapes, unless it names a key that looks escaped itself.

        `+` for a space belongs to forms; where only that makes sense of it, it is understood.
        """
        decoded = unquote(fragment)
        for spelling in (fragment, decoded, decoded.replace("+", " ")):
            try:
                self.at(spelling)
            except KeyError:
                continue
            return spelling
        return decoded

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
                found, target = self.find(target)
            except KeyError:
                self.dangling(node, target, pointer)
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
            seen: set[int] = (
                set()
            )  # what a file says once can be in the tree often, within itself too
            while stack:
                value, pointer = stack.pop()
                if id(value) in seen and isinstance(value, dict | list):
                    continue
                seen.add(id(value))
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
