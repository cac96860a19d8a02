"""How the operations of a document are asked for their pages, found out one at a time.

A generated package has this in its document (`x-sdkpress-pages`). `sdkpress mock` has not, and
lowering all of a large document takes longer than a server may take to start; so that what one
operation needs is lowered when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.document import Document
from sdkpress.identifiers import FILES_KEY
from sdkpress.lowering import lower
from sdkpress.lowering.foreign.paging import DOCUMENT_KEY
from sdkpress.runtime.testing.references import References
from sdkpress.trees import is_mapping, is_sequence
from sdkpress.views.pagination import pagination_facts

__all__ = ["OperationPages"]

_SCHEMAS = "#/components/schemas/"
_KEPT = ("openapi", "info", "components", "x-sdkpress-pagination", DOCUMENT_KEY, FILES_KEY)


class OperationPages:
    """Facts about pages, by method and path as the document writes them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._references = References(document.tree)

    def __call__(self, method: str, path: str) -> dict[str, Any]:
        """What `x-sdkpress-pages` would say of an operation, {} where it has no pages."""
        tree = self._document.tree
        item = self._references.resolve(tree.get("paths", {}).get(path))
        shared = {key: item[key] for key in ("parameters", "servers") if key in item}
        node = item.get(method.lower())
        if node is None:
            return {}
        part = {key: tree[key] for key in _KEPT if key in tree}
        part["paths"] = {path: {**shared, method.lower(): node}}
        components = tree.get("components")
        if is_mapping(components) and is_mapping(components.get("schemas")):
            needed = self._needed(part["paths"])
            schemas = {name: components["schemas"][name] for name in sorted(needed)}
            part["components"] = {**components, "schemas": schemas}
        try:
            api = lower(replace(self._document, tree=part), Diagnostics())
        except SdkpressError:
            return {}
        for operation in api.operations:
            if operation.pagination is not None:
                return pagination_facts(operation.pagination)
        return {}

    def _needed(self, node: Any) -> set[str]:
        """The component schemas that a node leads to."""
        known = self._document.tree["components"]["schemas"]
        found: set[str] = set()
        seen: set[str] = set()
        stack: list[Any] = [node]
        while stack:
            for reference in _references(stack.pop()):
                if reference in seen:
                    continue
                seen.add(reference)
                name = reference.removeprefix(_SCHEMAS).partition("/")[0]
                name = name.replace("~1", "/").replace("~0", "~")
                if reference.startswith(_SCHEMAS) and name in known:
                    if name not in found:
                        found.add(name)
                        stack.append(known[name])
                else:
                    stack.append(self._references.target(reference))
        return found


def _references(node: Any) -> Iterator[str]:
    """Every local reference below a node, those of discriminators included."""
    stack = [node]
    while stack:
        here = stack.pop()
        if is_mapping(here):
            for key, value in here.items():
                if isinstance(value, str):
                    if value.startswith("#/"):
                        yield value
                    elif key != "description" and value.isidentifier():
                        yield _SCHEMAS + value  # a discriminator may name a component so
                else:
                    stack.append(value)
        elif is_sequence(here):
            stack.extend(here)
