"""References where the specification knows none: `properties: {$ref: …}`, `get: {$ref: …}`.

Documents of many files are split in such places, too. What is referred to is put there, once for
all stages, so that none of them has to expect a reference in the place of a map or an operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.identifiers import shown_reference
from sdkpress.origins import OriginTree
from sdkpress.tree_editing import Path, TreeEditor
from sdkpress.trees import is_mapping, is_sequence, pointer_tokens

__all__ = ["inline_references", "stands_for_itself"]

_MAPS = frozenset(
    (
        "$defs callbacks components contact content definitions delete dependentSchemas encoding "
        "examples externalDocs flows get head headers info license links options parameters patch "
        "pathItems paths patternProperties post properties put query requestBodies responses "
        "schemas securitySchemes servers security tags trace variables webhooks mediaTypes "
        "additionalOperations required enum"
    ).split()
)
"""Keys whose value is no object that a Reference Object may take the place of."""

_OBJECTS = frozenset(("content", "encoding", "variables", "additionalOperations"))
"""Maps whose values are not such objects either."""

_LISTS = frozenset(("servers", "security", "tags", "required", "enum"))


_PATH_ITEMS = frozenset(("paths", "pathItems", "webhooks"))


def stands_for_itself(key: str, parent: str, value: Mapping[str, Any]) -> bool:
    """Whether `value`, which has a `$ref`, is to be put together with what it refers to.

    It stands at `key`; `parent` names the map around it, if it is in one. A path item may refer to
    another and have operations of its own.
    """
    if parent in _PATH_ITEMS:
        return not value.keys() <= {"$ref", "summary", "description"}
    return parent in _OBJECTS if parent else key in _MAPS


def inline_references(
    document: Document, places: Sequence[str], diagnostics: Diagnostics
) -> Document:
    """The document with what the references at these pointers name in their places.

    A reference that names nothing, or itself, is reported and becomes an empty map or list.
    """
    if not places:
        return document
    return _Inliner(document, places, diagnostics).run()


class _Inliner:
    def __init__(self, document: Document, places: Sequence[str], diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        self._waiting = dict.fromkeys(places)
        self._active: set[str] = set()
        self._origin = OriginTree(document)
        self._editor = TreeEditor(document.tree, self._origin)

    def run(self) -> Document:
        while self._waiting:
            self._inline(next(iter(self._waiting)))
        return replace(
            self._document,
            tree=self._editor.root,
            base=self._document,
            origins=self._origin.entries(),
        )

    def _inline(self, place: str) -> None:
        del self._waiting[place]
        path = _path(self._editor.root, place)
        node = _node(self._editor.root, path) if path is not None else None
        if path is None or not is_mapping(node) or not isinstance(node.get("$ref"), str):
            return  # it stood in something that is gone
        reference = str(node["$ref"])
        target = unquote(reference.partition("#")[2])
        self._active.add(place)
        # What stands on the way there or below it may be a reference of the same kind.
        for other in [item for item in self._waiting if _related(item, target)]:
            if other in self._waiting:
                self._inline(other)
        self._active.discard(place)
        around = target in self._active or place.startswith(f"{target}/")  # would hold itself
        source = None if around else _path(self._editor.root, target)
        value: Any = _node(self._editor.root, source) if source is not None else None
        siblings = {key: item for key, item in node.items() if key != "$ref"}
        if source is not None and _holds(value, _nodes(self._editor.root, path[:-1])):
            source = None
        if reference.startswith("#") and source is not None and target != place:
            if is_mapping(value) and siblings:
                value = {**value, **siblings}
            origin = self._origin.at(source).clone()
        else:
            value = [] if path[-1] in _LISTS else siblings
            origin = self._origin.at(path)
            message = f"nothing at {shown_reference(reference)}"
            self._diagnostics.add("dangling-ref", message, self._document.locate(place))
        self._editor.put(path, value)
        self._origin.enter(path[:-1]).put(path[-1], origin)


def _related(place: str, target: str) -> bool:
    return place == target or place.startswith(f"{target}/") or target.startswith(f"{place}/")


def _path(tree: Any, pointer: str) -> Path | None:
    path: list[str | int] = []
    node = tree
    for token in pointer_tokens(pointer):
        if is_mapping(node) and token in node:
            node = node[token]
            path.append(token)
        elif is_sequence(node) and token.isdecimal() and int(token) < len(node):
            node = node[int(token)]
            path.append(int(token))
        else:
            return None
    return tuple(path)


def _node(tree: Any, path: Path) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _nodes(tree: Any, path: Path) -> list[Any]:
    """What stands on the way to a node, from the root to itself."""
    nodes = [tree]
    for part in path:
        nodes.append(nodes[-1][part])
    return nodes


def _holds(value: Any, nodes: Sequence[Any]) -> bool:
    """Whether one of the nodes is `value` or in it: put there, the tree would never end."""
    wanted = {id(node) for node in nodes}
    seen: set[int] = set()
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if id(item) in seen or not (is_mapping(item) or is_sequence(item)):
            continue
        if id(item) in wanted:
            return True
        seen.add(id(item))
        stack.extend(item.values() if is_mapping(item) else item)
    return False
