"""One document from the parts of it that the pages of a site show.

Each page of an API reference holds a document with one operation and the components it needs. What
several pages say of one thing must agree; where only words differ (a page in another language), the
first page counts. Nothing is renamed and nothing is dropped: what does not agree is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdkpress.diagnostics import Diagnostics, Location
from sdkpress.document import SourceFile
from sdkpress.trees import escape_token, is_mapping, is_sequence

__all__ = ["Fragment", "is_covered", "merge_fragments", "operations_of"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

# What people read, and what does not change a request or an answer.
_WORDS = frozenset(("description", "summary", "title", "externalDocs", "example", "examples"))
# The keys below these keys are names, so "description" is no description there.
_NAME_MAPS = frozenset(
    (
        "$defs additionalOperations callbacks content definitions dependentSchemas encoding headers "
        "links mapping mediaTypes parameters pathItems paths patternProperties properties "
        "requestBodies responses schemas scopes securitySchemes variables webhooks"
    ).split()
)
_DATA_KEYS = frozenset(("const", "default", "enum", "required", "dataValue", "value"))


@dataclass(frozen=True)
class Fragment:
    """The part of a document that one page holds."""

    page: str
    """The page as it is shown."""
    spec_path: str
    """The document's path as the page gives it, or "". """
    content: bytes = field(repr=False)
    """The part as it stands on the page, byte for byte."""
    file: SourceFile = field(repr=False)
    is_whole: bool = False
    """Whether this is a document of its own, to which the site leads, and no part of a page."""

    @property
    def tree(self) -> dict[str, Any]:
        """The part's tree, which is an OpenAPI document."""
        tree: dict[str, Any] = self.file.tree
        return tree


def operations_of(tree: Any) -> dict[tuple[str, str], Any]:
    """The operations of a document by path and method (upper case); webhooks by their name."""
    found: dict[tuple[str, str], Any] = {}
    for section in ("paths", "webhooks"):
        items = tree.get(section) if is_mapping(tree) else None
        for path, item in items.items() if is_mapping(items) else ():
            if not is_mapping(item):
                continue
            for method in _METHODS:
                if is_mapping(item.get(method)):
                    found[path, method.upper()] = item[method]
            extra = item.get("additionalOperations")
            for method, operation in extra.items() if is_mapping(extra) else ():
                found[path, method] = operation
    return found


def is_covered(tree: dict[str, Any], by: dict[str, Any]) -> bool:
    """Whether a document says nothing that another one does not say too, words aside: a copy, a
    part, or a translation of it."""
    own, other = operations_of(tree), operations_of(by)
    if not own or not own.keys() <= other.keys():
        return False
    if not _agree(tree.get("servers"), by.get("servers")):
        return False
    if not all(_agree(node, other[key]) for key, node in own.items()):
        return False
    components = dict(_components(by))
    return all(
        key in components and _agree(node, components[key]) for key, node in _components(tree)
    )


def merge_fragments(fragments: Sequence[Fragment]) -> dict[str, Any]:
    """The document of which all of these are parts; the first one's words and order count.

    Raises `SdkpressError` with one located `page-conflict` for each thing on which pages differ.
    """
    merging = _Merging(fragments[0])
    for fragment in fragments[1:]:
        merging.add(fragment)
    merging.diagnostics.raise_errors()
    return merging.tree


class _Merging:
    def __init__(self, first: Fragment) -> None:
        self.diagnostics = Diagnostics()
        self._first = first
        self._owners: dict[str, Fragment] = {}
        tree = dict(first.tree)
        for section in ("paths", "webhooks"):
            if is_mapping(tree.get(section)):
                tree[section] = dict(tree[section])
        if is_mapping(tree.get("components")):
            tree["components"] = {
                name: dict(section) if is_mapping(section) else section
                for name, section in tree["components"].items()
            }
        self.tree = tree

    def add(self, fragment: Fragment) -> None:
        """Merge one more part in."""
        tree = fragment.tree
        ours, theirs = str(self.tree["openapi"]), str(tree["openapi"])
        if ours.split(".")[:2] != theirs.split(".")[:2]:
            self._differ(fragment, "/openapi", f"OpenAPI {theirs}, which elsewhere is {ours}")
        if tree.get("jsonSchemaDialect") != self.tree.get("jsonSchemaDialect"):
            self._differ(fragment, "/jsonSchemaDialect", "the dialect of JSON Schema")
        # What stands at the root holds for the page's own operations.
        inherited = {
            key: tree.get(key, [])
            for key in ("servers", "security")
            if not _agree(tree.get(key, []), self.tree.get(key, []))
        }
        for section in ("paths", "webhooks"):
            self._add_items(fragment, section, inherited)
        self._add_components(fragment)
        self._add_tags(tree)
        for key, value in tree.items():
            if key not in ("servers", "security"):
                self.tree.setdefault(key, value)

    def _add_items(self, fragment: Fragment, section: str, inherited: dict[str, Any]) -> None:
        items = fragment.tree.get(section)
        if not is_mapping(items):
            return
        ours = self.tree.setdefault(section, {})
        for path, item in items.items():
            if is_mapping(item) and inherited:
                item = _with_defaults(item, inherited)
            pointer = f"/{section}/{escape_token(path)}"
            if path not in ours:
                ours[path] = item
                self._owners[pointer] = fragment
            elif is_mapping(item) and is_mapping(ours[path]):
                ours[path] = self._joined(fragment, pointer, ours[path], item)
            elif not _agree(ours[path], item):
                self._differ(fragment, pointer, f"`{path}`")

    def _joined(
        self, fragment: Fragment, pointer: str, ours: dict[str, Any], theirs: dict[str, Any]
    ) -> dict[str, Any]:
        """Two path items with the operations of both."""
        own_rest, other_rest = _rest(ours), _rest(theirs)
        if not _agree(own_rest, other_rest):
            if "$ref" in ours or "$ref" in theirs:
                self._differ(fragment, pointer, f"`{pointer}`")
                return ours
            ours, theirs = _folded(ours), _folded(theirs)
        joined = dict(ours)
        for method in _METHODS:
            if method not in theirs:
                continue
            place = f"{pointer}/{method}"
            if method not in joined:
                joined[method] = theirs[method]
                self._owners[place] = fragment
            elif not _agree(joined[method], theirs[method]):
                self._differ(fragment, place, "the operation")
        extra = theirs.get("additionalOperations")
        if is_mapping(extra):
            known = joined.get("additionalOperations")
            known = dict(known) if is_mapping(known) else {}
            for method, operation in extra.items():
                if not _agree(known.setdefault(method, operation), operation):
                    place = f"{pointer}/additionalOperations/{escape_token(method)}"
                    self._differ(fragment, place, "the operation")
            joined["additionalOperations"] = known
        return joined

    def _add_components(self, fragment: Fragment) -> None:
        components = fragment.tree.get("components")
        if not is_mapping(components):
            return
        ours = self.tree.setdefault("components", {})
        for section, nodes in components.items():
            if not is_mapping(nodes):
                ours.setdefault(section, nodes)
                continue
            known = ours.setdefault(section, {})
            for name, node in nodes.items():
                place = f"/components/{section}/{escape_token(name)}"
                if name not in known:
                    known[name] = node
                    self._owners[place] = fragment
                elif not _agree(known[name], node):
                    self._differ(fragment, place, f"`{name}` of `components.{section}`")

    def _add_tags(self, tree: dict[str, Any]) -> None:
        tags = tree.get("tags")
        if not is_sequence(tags):
            return
        known = list(self.tree.get("tags") or ())
        names = {tag.get("name") for tag in known if is_mapping(tag)}
        known += [tag for tag in tags if is_mapping(tag) and tag.get("name") not in names]
        self.tree["tags"] = known

    def _differ(self, fragment: Fragment, pointer: str, what: str) -> None:
        owner = self._first
        prefix = pointer
        while prefix:
            if prefix in self._owners:
                owner = self._owners[prefix]
                break
            prefix = prefix.rpartition("/")[0]
        earlier = _shown_place(owner.file.locate(pointer))
        message = f"This page and {earlier} do not agree on {what}."
        self.diagnostics.add("page-conflict", message, fragment.file.locate(pointer))


def _shown_place(place: Location) -> str:
    return f"{place.file}:{place.line}"


def _components(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    components = tree.get("components")
    for section, nodes in components.items() if is_mapping(components) else ():
        for name, node in nodes.items() if is_mapping(nodes) else ():
            yield (section, name), node


def _rest(item: dict[str, Any]) -> dict[str, Any]:
    """What a path item says for all its operations."""
    kept = ("$ref", "parameters", "servers")
    return {key: value for key, value in item.items() if key in kept}


def _with_defaults(item: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The path item with `servers` and `security` in each operation that has none of its own."""
    result = dict(item)
    for method in _METHODS:
        operation = item.get(method)
        if is_mapping(operation):
            apart = {
                key: value
                for key, value in values.items()
                if key not in operation and not (key == "servers" and "servers" in item)
            }
            result[method] = {**operation, **apart}
    return result


def _folded(item: dict[str, Any]) -> dict[str, Any]:
    """The path item with its parameters and servers in its operations."""
    shared = item.get("parameters")
    result = {key: value for key, value in item.items() if key not in ("parameters", "servers")}
    for method in _METHODS:
        operation = result.get(method)
        if not is_mapping(operation):
            continue
        operation = dict(operation)
        if is_sequence(shared):
            own: Any = operation.get("parameters")
            own = own if is_sequence(own) else []
            named = [_identity(parameter) for parameter in own]
            operation["parameters"] = [
                *(parameter for parameter in shared if _identity(parameter) not in named),
                *own,
            ]
        if "servers" in item:
            operation.setdefault("servers", item["servers"])
        result[method] = operation
    return result


def _identity(parameter: Any) -> tuple[Any, ...]:
    if not is_mapping(parameter):
        return (id(parameter),)
    if "$ref" in parameter:
        return (str(parameter["$ref"]),)
    return (str(parameter.get("name")), str(parameter.get("in")))


def _agree(one: Any, other: Any) -> bool:
    return bool(_bare(one) == _bare(other))


def _bare(node: Any, *, has_names: bool = False) -> Any:
    """The node without what people read."""
    if is_sequence(node):
        return [_bare(item) for item in node]
    if not is_mapping(node):
        return node
    bare: dict[str, Any] = {}
    for key, value in node.items():
        if not has_names and (key in _WORDS or (key == "tags" and is_sequence(value))):
            continue
        if not has_names and key in _DATA_KEYS:
            bare[key] = value
        else:
            bare[key] = _bare(value, has_names=not has_names and key in _NAME_MAPS)
    return bare
