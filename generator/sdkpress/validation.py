"""Validation by the document model of openapi-python-client; the only import of that library.

The model wants some legal documents otherwise than they are (no boolean schemas, no null fields, no
`x-` members among paths), and one bad node fails the whole document. So a copy of the document is
validated; what is legal is mended in the copy alone, what is not is reported with its place and set
aside in the copy and in the document; then the copy is validated again. No operation is ever lost.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.mending import ITEM_PLACEHOLDERS, Fix, ModelError, Place, fixes, without_addresses
from sdkpress.origins import OriginTree, pointer_of
from sdkpress.structure import is_referenceable, steps
from sdkpress.tree_editing import Path, TreeEditor
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["validate"]

_MAX_ROUNDS = 10
_MAX_REPORTS = 500


def validate(document: Document, diagnostics: Diagnostics) -> Document:
    """Report what is not OpenAPI (invalid-node) and set it aside; the rest is as it was.

    A bad schema keyword, field or list item is removed; a bad schema becomes `{}` (any value), a bad
    response one without content; a bad parameter, header, example or the like is removed; a bad
    operation stays, empty. The same document comes back when there is nothing to set aside. Never
    raises: when the model cannot be had or fails, a note says so.
    """
    state = _State(document, diagnostics)
    for _ in range(_MAX_ROUNDS):
        try:
            errors = _check(state.copy)
        except Exception as error:  # a library that promises nothing about its Python API
            diagnostics.add(
                "validation-unavailable",
                f"The model of openapi-python-client cannot be used: {_brief(error)}.",
            )
            return state.result()
        if not errors:
            return state.result()
        if not state.mend(errors):
            break
    diagnostics.add(
        "validation-incomplete",
        "Some invalid nodes were left as they are.",
        document.locate(""),
    )
    return state.result()


# --- the model ------------------------------------------------------------------------------------


def _check(tree: Mapping[str, Any]) -> list[ModelError]:
    from pydantic import ValidationError

    model = _document_model()
    # The model's objects live until the function returns and hold no cycles; without the collector,
    # validating a large document takes a quarter of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        # The model refuses 3.2 and versions of two parts; it does not use the version.
        model.model_validate({**tree, "openapi": "3.1.0"})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [ModelError(item["type"], item["msg"], item["loc"]) for item in found]
    finally:
        if collects:
            gc.enable()
    return []


def _document_model() -> Any:
    """The class `OpenAPI` of `openapi_python_client.schema`.

    The library's package imports its whole generator with an HTTP client, which is half of the time
    and memory of the import; a stand-in for the package, gone afterwards, leaves that out.
    """
    name = "openapi_python_client"
    found = None if name in sys.modules else importlib.util.find_spec(name)
    if found is not None and found.submodule_search_locations:
        package = ModuleType(name)
        package.__path__ = list(found.submodule_search_locations)
        sys.modules[name] = package
    try:
        from openapi_python_client.schema import OpenAPI
    finally:
        if found is not None:
            sys.modules.pop(name, None)
    return OpenAPI


# --- one round ------------------------------------------------------------------------------------


class _State:
    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        # Items of lists keep their indexes in the copy, so that its paths are the document's.
        self._copy = TreeEditor(document.tree, OriginTree(document))
        self._puts: dict[Path, Any] = {}
        self._drops: dict[Path, None] = {}
        self._reports = 0

    @property
    def copy(self) -> Mapping[str, Any]:
        return self._copy.root

    def mend(self, errors: Iterable[ModelError]) -> bool:
        """Fix the copy, report what is wrong; whether anything was done."""
        places = _places(errors, self._copy.root)
        parents = {path[:length] for path in places for length in range(len(path))}
        # Errors below a node may be the cause of those at the node: a union reports each branch.
        found: dict[Path, Fix] = {}
        for path, place in places.items():
            if path not in parents:
                for fix in fixes(place, _node(path, self._copy.root)):
                    found.setdefault(fix.path, fix)
        done = [fix for fix in found.values() if not _covered(fix.path, found)]
        for fix in done:
            self._apply(fix)
        return bool(done)

    def _apply(self, fix: Fix) -> None:
        if fix.action == "put":
            self._copy.put(fix.path, fix.value)
        elif isinstance(fix.path[-1], int):
            self._copy.put(fix.path, ITEM_PLACEHOLDERS.get(_role(fix.path), ""))
        else:
            self._copy.remove([fix.path])
        if fix.message is None or fix.path in self._drops:
            return  # nothing is wrong, or what is wrong was said when the node was set aside
        self._report(fix)
        if not _exists(fix.path, self._document.tree):
            return  # a field that the copy was given
        if fix.action == "put":
            self._puts[fix.path] = fix.value
        else:
            self._drops[fix.path] = None

    def _report(self, fix: Fix) -> None:
        self._reports += 1
        if self._reports <= _MAX_REPORTS and fix.message is not None:
            place = self._document.locate(pointer_of(fix.at))
            self._diagnostics.add("invalid-node", fix.message, place)

    def result(self) -> Document:
        """The document without what was set aside."""
        if self._reports > _MAX_REPORTS:
            more = self._reports - _MAX_REPORTS
            message = f"{more:,} more invalid nodes were set aside and are not listed."
            self._diagnostics.add("validation-incomplete", message, self._document.locate(""))
        if not self._puts and not self._drops:
            return self._document
        origin = OriginTree(self._document)
        editor = TreeEditor(self._document.tree, origin)
        for path, value in self._puts.items():
            editor.put(path, value)
        editor.remove(self._drops)
        return replace(
            self._document, tree=editor.root, base=self._document, origins=origin.entries()
        )


def _covered(path: Path, found: Mapping[Path, Fix]) -> bool:
    return any(path[:length] in found for length in range(len(path)))


def _exists(path: Path, tree: Any) -> bool:
    try:
        _node(path, tree)
    except LookupError:
        return False
    return True


def _node(path: Path, tree: Any) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _role(path: Path) -> str:
    return steps(path)[-1].role if path else "openapi"


# --- places: from the model's terms to the tree ---------------------------------------------------


def _places(errors: Iterable[ModelError], tree: Any) -> dict[Path, Place]:
    places: dict[Path, Place] = {}
    for error in errors:
        path = _path(error.place, tree)
        if path not in places:
            places[path] = Place(path, [step.role for step in steps(path)])
        places[path].errors.append(error)
    return places


def _path(place: Sequence[str | int], tree: Any) -> Path:
    """The node that the model means: its place has the names of union branches in between."""
    path: list[str | int] = []
    node = tree
    takes_tag = False
    for part in place:
        if takes_tag and part in ("ref", "other"):
            takes_tag = False
            continue
        if is_mapping(node) and isinstance(part, str) and part in node:
            node = node[part]
        elif is_sequence(node) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            continue
        path.append(part)
        takes_tag = is_referenceable(_role(tuple(path)))
    return tuple(path)


def _brief(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return without_addresses(f"{type(error).__name__}: {lines[0][:120]}")
