"""OpenAPI Overlay 1.0 and 1.1: a document plus its overlays make the document that is used.

Stricter than the specification, because a target that no longer matches is how an overlay rots: an
action that matches nothing is an error, and so are values of unlike kinds, as the specification
demands. Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0, with JSONPath as RFC 9535 defines it.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment
from jsonpath.function_extensions import ExpressionType, FilterFunction

from sdkpress.diagnostics import Diagnostics, Location, fatal
from sdkpress.document import Document, SourceFile, load_file
from sdkpress.iregexp import IRegexpError, compile_iregexp
from sdkpress.origins import OriginTree, pointer_of
from sdkpress.tree_editing import (
    JsonKind,
    TooLarge,
    TreeEditor,
    UnlikeKinds,
    kind_of,
)
from sdkpress.tree_editing import Path as NodePath
from sdkpress.trees import is_mapping, is_sequence
from sdkpress.yaml_text import dump_yaml

__all__ = ["apply_overlays", "dump", "select"]

_VERSION = re.compile(r"1\.([01])\.[0-9]+")
_MAX_QUERY_LENGTH = 4_000
_MAX_DESCENDANT_SEGMENTS = 3
_MAX_NODES = 1_000_000
_SHOWN = 80


def apply_overlays(
    document: Document, overlays: Sequence[Path | SourceFile], diagnostics: Diagnostics
) -> Document:
    """The document after the actions of all overlays, in their order; `document` without overlays.

    `overlays` are file paths or files read before. The input is not changed; places of nodes that
    an overlay brought in lead into its file. Raises SdkpressError: for a file that cannot be read or is no overlay (every problem of the file),
    or for the first action that cannot be applied; the error names the action and its place.
    """
    if not overlays:
        return document
    origin = OriginTree(document)
    editor = TreeEditor(document.tree, origin)
    digests: list[str] = []
    for given in overlays:
        overlay = given if isinstance(given, SourceFile) else load_file(given, diagnostics)
        digests.append(overlay.digest)
        for action in _Reader(overlay).read():
            _apply(action, editor, diagnostics)
    return document.with_tree(editor.root, origin.entries(), *digests)


def dump(document: Document) -> str:
    """The document as YAML text, keys in their order; the same in every reader of YAML 1.1 and 1.2."""
    return dump_yaml(document.tree)


# --- reading an overlay ---------------------------------------------------------------------------

_TEXT = "a string"
_FIELDS: dict[str, str] = {"overlay": _TEXT, "info": "an object", "actions": "an array"}
_INFO_FIELDS: dict[str, str] = {"title": _TEXT, "version": _TEXT}


@dataclass(frozen=True)
class _Action:
    """An Action Object: `update` counts only where `has_update`, for its value may be null."""

    overlay: SourceFile
    index: int
    total: int
    is_first_version: bool
    target: str
    description: str
    has_update: bool
    update: Any
    copy: str | None
    remove: bool

    def locate(self, field: str) -> Location:
        return self.overlay.locate(f"/actions/{self.index}/{field}")

    def __str__(self) -> str:
        about = f", “{_shown(self.description)}”" if self.description else ""
        return f"Action {self.index + 1} of {self.total} (target `{_shown(self.target)}`{about})"


class _Reader:
    """Checks an overlay document and collects everything that is wrong with it."""

    def __init__(self, overlay: SourceFile) -> None:
        self._overlay = overlay
        self._problems = Diagnostics()

    def read(self) -> list[_Action]:
        tree: Any = self._overlay.tree
        if not is_mapping(tree):
            raise fatal("invalid-overlay", "An overlay is an object.", self._overlay.locate(""))
        self._check_fields(tree, "", _FIELDS, {"extends": _TEXT})
        version = tree.get("overlay")
        match = _VERSION.fullmatch(version) if isinstance(version, str) else None
        if isinstance(version, str) and match is None:
            self._report("/overlay", f"Overlay version {version!r} is not 1.0.x or 1.1.x.")
        is_first_version = match is not None and match[1] == "0"
        if is_mapping(info := tree.get("info")):
            optional = {} if is_first_version else {"description": _TEXT}
            self._check_fields(info, "/info", _INFO_FIELDS, optional)
        actions = tree.get("actions")
        if actions == []:
            self._report("/actions", "An overlay needs at least one action.")
        if not is_sequence(actions):
            actions = []
        read = [
            self._action(node, index, len(actions), is_first_version)
            for index, node in enumerate(actions)
        ]
        self._check_unique(actions)
        self._problems.raise_errors()
        return [action for action in read if action is not None]

    def _action(self, node: Any, index: int, total: int, is_first_version: bool) -> _Action | None:
        pointer = f"/actions/{index}"
        if not is_mapping(node):
            self._report(pointer, "An action must be an object.")
            return None
        optional = {"description": _TEXT, "update": "anything", "remove": "a boolean"}
        if not is_first_version:
            optional["copy"] = _TEXT
        elif "copy" in node:
            self._report(f"{pointer}/copy", "`copy` needs `overlay: 1.1.0`.")
            optional["copy"] = "anything"
        self._check_fields(node, pointer, {"target": _TEXT}, optional)
        remove = node.get("remove") is True
        if not remove and "update" in node and "copy" in node:
            # By the letter of 1.1.0 each makes the other void, so the action would do nothing.
            self._report(pointer, "An action has `update` or `copy`, not both.")
        for name in ("target", "copy"):
            self._check_query(f"{pointer}/{name}", node.get(name))
        target, copy = node.get("target"), node.get("copy")
        description = node.get("description")
        return _Action(
            overlay=self._overlay,
            index=index,
            total=total,
            is_first_version=is_first_version,
            target=target if isinstance(target, str) else "",
            description=description if isinstance(description, str) else "",
            has_update="update" in node,
            update=node.get("update"),
            copy=copy if isinstance(copy, str) else None,
            remove=remove,
        )

    def _check_fields(
        self,
        node: dict[str, Any],
        pointer: str,
        required: dict[str, str],
        optional: dict[str, str],
    ) -> None:
        for name in required:
            if name not in node:
                self._report(pointer, f"`{name}` is missing.")
        known = required | optional
        for name, value in node.items():
            place = pointer + pointer_of((name,))
            if name not in known:
                if not name.startswith("x-"):
                    self._report(place, f"Overlays have no field `{name}` here.")
            elif known[name] not in ("anything", _kind_word(value)):
                self._report(place, f"`{name}` must be {known[name]}, not {_kind_word(value)}.")

    def _check_query(self, pointer: str, query: Any) -> None:
        if isinstance(query, str):
            try:
                _compile(query)
            except ValueError as error:
                place = self._overlay.locate(pointer)
                self._problems.add("invalid-jsonpath", f"{error}", place)

    def _check_unique(self, actions: list[Any]) -> None:
        seen: dict[str, int] = {}
        for index, action in enumerate(actions):
            first = seen.setdefault(json.dumps(action, sort_keys=True), index)
            if first != index:
                message = f"Action {index + 1} repeats action {first + 1}."
                self._report(f"/actions/{index}", message)

    def _report(self, pointer: str, message: str) -> None:
        self._problems.add("invalid-overlay", message, self._overlay.locate(pointer))


def _kind_word(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return _TEXT
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case _:
            return kind_of(value).value


# --- applying -------------------------------------------------------------------------------------


def _apply(action: _Action, editor: TreeEditor, diagnostics: Diagnostics) -> None:
    targets = _select(action, action.target, "target", editor)
    if not targets:
        raise fatal("overlay-no-match", f"{action} matches nothing.", action.locate("target"))
    kinds = {path: kind_of(node) for path, node in targets.items()}
    if not (action.remove or action.has_update or action.copy is not None):
        diagnostics.add("overlay-no-effect", f"{action} does nothing.", action.locate("target"))
        return
    # The text of 1.0 excludes primitive targets, yet OAI's own compliance set removes one.
    if action.is_first_version and not action.remove and JsonKind.PRIMITIVE in kinds.values():
        path = next(path for path, kind in kinds.items() if kind is JsonKind.PRIMITIVE)
        raise fatal(
            "overlay-target",
            f"{action} selects a primitive value ({_place(path)}), which Overlay 1.0 does not allow.",
            action.locate("target"),
            "Select the object or array that holds it, or write `overlay: 1.1.0`.",
        )
    before = editor.changes
    try:
        if action.remove:
            _remove(action, targets, editor)
        else:
            _check_alike(action, kinds)
            _merge(action, targets, editor)
    except UnlikeKinds as error:
        field = f"update{error.within}" if action.copy is None else "copy"
        raise fatal(
            "overlay-unlike-kinds",
            f"{action}: at {error.pointer or 'the root'}, {error}.",
            action.locate(field),
        ) from None
    except TooLarge as error:
        raise fatal("overlay-too-large", f"{action}: {error}.", action.locate("target")) from None
    if editor.changes == before:
        diagnostics.add("overlay-no-effect", f"{action} changes nothing.", action.locate("target"))


def _remove(action: _Action, targets: dict[NodePath, Any], editor: TreeEditor) -> None:
    if () in targets:
        message = f"{action} would remove the whole document."
        raise fatal("overlay-target", message, action.locate("target"))
    editor.remove(targets)


def _check_alike(action: _Action, kinds: dict[NodePath, JsonKind]) -> None:
    (first, kind), *others = kinds.items()
    for path, other in others:
        if other is not kind:
            raise fatal(
                "overlay-unlike-kinds",
                f"{action} selects {kind.value} ({_place(first)}) and {other.value} ({_place(path)}).",
                action.locate("target"),
                "Split the action, one for each kind of node.",
            )


def _merge(action: _Action, targets: dict[NodePath, Any], editor: TreeEditor) -> None:
    if action.copy is None:
        source = OriginTree(action.overlay, f"/actions/{action.index}/update")
        for path in targets:
            editor.update(path, action.update, source)
        return
    sources = _select(action, action.copy, "copy", editor)
    if len(sources) != 1:
        raise fatal(
            "overlay-copy-source",
            f"{action}: `copy` selects {len(sources)} nodes, not one.",
            action.locate("copy"),
        )
    editor.copy(next(iter(sources)), targets)


def _place(path: NodePath) -> str:
    return pointer_of(path) or "the root"


# --- JSONPath -------------------------------------------------------------------------------------


class _RegexFunction(FilterFunction):
    """`match` or `search` (RFC 9535, sections 2.4.6 and 2.4.7) in linear time."""

    @property
    def arg_types(self) -> list[ExpressionType]:
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        return ExpressionType.LOGICAL

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        try:
            regexp = compile_iregexp(pattern)
        except IRegexpError:
            return False  # as the RFC has it for patterns that are not I-Regexps
        return regexp.fullmatch(value) if self._whole else regexp.search(value)


class _Environment(JSONPathEnvironment):
    max_recursion_depth = 250

    def __init__(self) -> None:
        super().__init__(strict=True)

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _RegexFunction(whole=True)
        self.function_extensions["search"] = _RegexFunction(whole=False)


def _select(action: _Action, query: str, field: str, editor: TreeEditor) -> dict[NodePath, Any]:
    """The nodes that a query selects, each once, in the order of the query."""
    try:
        return select(query, editor.root)
    except ValueError as error:
        message = f"{action}: {error}"
        raise fatal("invalid-jsonpath", message, action.locate(field)) from None


def select(query: str, tree: Any) -> dict[NodePath, Any]:
    """The nodes that a JSONPath query selects, by path: each once, in the order of the query.

    Raises ValueError for what is not a query of RFC 9535 or asks for too much work.
    """
    compiled = _compile(query)
    try:
        found = list(itertools.islice(compiled.finditer(tree), _MAX_NODES + 1))
    except RecursionError:
        raise ValueError("The document is nested too deeply for the query.") from None
    except Exception as error:  # as below; evaluation has fewer
        raise ValueError(f"`{_shown(query)}` cannot be evaluated: {_reason(error)}.") from None
    if len(found) > _MAX_NODES:
        raise ValueError(f"The query selects more than {_MAX_NODES:,} nodes.")
    return {match.parts: match.obj for match in found}


@functools.lru_cache(maxsize=256)
def _compile(query: str) -> JSONPath | CompoundJSONPath:
    if len(query) > _MAX_QUERY_LENGTH:
        raise ValueError(f"The query is longer than {_MAX_QUERY_LENGTH:,} characters.")
    if query.count("..") > _MAX_DESCENDANT_SEGMENTS:
        raise ValueError(f"The query has more than {_MAX_DESCENDANT_SEGMENTS} descendant segments.")
    shown = _shown(query)
    if not query.startswith("$"):
        raise ValueError(f"`{shown}` is not a JSONPath query, for it does not start with `$`.")
    try:
        return _Environment().compile(query)
    except RecursionError:
        raise ValueError("The query is nested too deeply.") from None
    except Exception as error:  # the query is untrusted, and the parser has many ways to say no
        raise ValueError(f"`{shown}` is not a JSONPath query: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    return text.strip().rstrip(".") or type(error).__name__


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
