"""Rewritings of an OpenAPI document that change nothing of what it says, and some that only add.

Each takes a tree and gives another one. They are written without the code that they test, and know
no more of a document than which keys hold plain data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["ADDITIONS", "EQUIVALENTS", "Rewriting"]

Tree = dict[str, Any]
Rewriting = Callable[[Tree], Tree]

_DATA = frozenset("default enum const example examples scopes mapping variables".split())
_METHODS = frozenset("get put post delete options head patch trace query".split())


def _copied(tree: Tree) -> Tree:
    """A copy in which no two places share a node."""
    return json.loads(json.dumps(tree))


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object below a node, itself included, parents first; not what is plain data."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(
                value
                for key, value in node.items()
                if not key.startswith("x-") and not (key in _DATA and not _is_map(key, value))
            )
        elif isinstance(node, list):
            stack.extend(node)


def _is_map(key: str, value: Any) -> bool:
    """Whether a key such as `default` is the name of a property or an answer, not a keyword."""
    if not isinstance(value, dict):
        return False
    return bool(value.keys() & {"type", "$ref", "description", "schema", "content"})


def _paths(tree: Tree) -> dict[str, Any]:
    """The path items, without what is none."""
    items = tree.get("paths") or {}
    return {path: item for path, item in items.items() if isinstance(item, dict)}


def _operations(tree: Tree) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every path item with each of its operations."""
    for item in _paths(tree).values():
        for method in _METHODS & item.keys():
            if isinstance(item[method], dict):
                yield item, item[method]


def reorder_keys(tree: Tree) -> Tree:
    """The members of all objects in another order."""
    chance = random.Random(5)

    def reordered(node: Any) -> Any:
        if isinstance(node, dict):
            names = list(node)
            chance.shuffle(names)
            return {name: reordered(node[name]) for name in names}
        return [reordered(item) for item in node] if isinstance(node, list) else node

    return reordered(tree)


def reorder_sets(tree: Tree) -> Tree:
    """The lists that stand for sets backwards: values, members of unions, names, parameters."""
    tree = _copied(tree)
    references = " ".join(str(node.get("$ref")) for node in _objects(tree))
    for node in _objects(tree):
        for key in (
            "required",
            "enum",
            "tags",
            "oneOf",
            "anyOf",
            "allOf",
            "parameters",
            "security",
        ):
            if isinstance(node.get(key), list) and f"/{key}/" not in references:
                node[key].reverse()
        if isinstance(node.get("type"), list):
            node["type"].reverse()
    return tree


def drop_documentation(tree: Tree) -> Tree:
    """Without descriptions, summaries, titles, examples and extensions that nobody reads."""
    tree = _copied(tree)
    for node in _objects(tree):
        for key in ("description", "summary", "title", "$comment", "termsOfService"):
            if isinstance(node.get(key), str) and "schema" not in key:
                del node[key]
        if "example" in node and not _is_map("example", node["example"]):
            del node["example"]
        if isinstance(node.get("examples"), list):
            del node["examples"]
        if isinstance(node.get("externalDocs"), dict) and "url" in node["externalDocs"]:
            del node["externalDocs"]
    return tree


def write_defaults(tree: Tree) -> Tree:
    """With what counts anyway where nothing is said: `required: false`, `style`, `explode`."""
    tree = _copied(tree)
    styles = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
    for item in _paths(tree).values():
        for holder in [item, *(item[method] for method in _METHODS & item.keys())]:
            for parameter in holder.get("parameters", []):
                if parameter.get("in") in styles and "content" not in parameter:
                    style = parameter.setdefault("style", styles[parameter["in"]])
                    parameter.setdefault("explode", style == "form")
                    parameter.setdefault("required", False)
                    parameter.setdefault("deprecated", False)
    for _, operation in _operations(tree):
        operation.setdefault("deprecated", False)
        body = operation.get("requestBody")
        if isinstance(body, dict) and "$ref" not in body:
            body.setdefault("required", False)
    return tree


def lower_parameters(tree: Tree) -> Tree:
    """The parameters of a path written at each of its operations."""
    tree = _copied(tree)
    for item in _plain_items(tree):
        shared = item.pop("parameters", [])
        for method in _METHODS & item.keys():
            own = item[method].get("parameters", [])
            names = {(one.get("in"), one.get("name")) for one in own}
            # A reference may name the parameter that an operation's own one stands for.
            if any("$ref" in one for one in (*own, *shared)) and own and shared:
                own_names = {_named(tree, one) for one in own}
                inherited = [one for one in shared if _named(tree, one) not in own_names]
            else:
                inherited = [one for one in shared if (one.get("in"), one.get("name")) not in names]
            if own or inherited:
                item[method]["parameters"] = own + inherited
    return tree


def _plain_items(tree: Tree) -> list[dict[str, Any]]:
    """The path items whose parameters can be moved: nothing refers to them by their place."""
    references = " ".join(str(node.get("$ref")) for node in _objects(tree))
    if "#/paths/" in references:
        return []
    odd = {"$ref", "additionalOperations"}
    return [item for item in _paths(tree).values() if not odd & item.keys()]


def _named(tree: Tree, parameter: Mapping[str, Any]) -> tuple[str, str]:
    while "$ref" in parameter:
        parameter = _target(tree, parameter["$ref"])
    return parameter.get("in", ""), parameter.get("name", "")


def raise_parameters(tree: Tree) -> Tree:
    """The parameters that all operations of a path have in common written at the path."""
    tree = lower_parameters(tree)
    for item in _plain_items(tree):
        operations = [item[method] for method in sorted(_METHODS & item.keys())]
        lists = [operation.get("parameters", []) for operation in operations]
        common = [one for one in lists[0] if all(one in other for other in lists)] if lists else []
        if common:
            item["parameters"] = common
            for operation in operations:
                operation["parameters"] = [
                    one for one in operation["parameters"] if one not in common
                ]
    return tree


def spread_security(tree: Tree) -> Tree:
    """The credentials of the document written at each operation as well."""
    tree = _copied(tree)
    if "security" in tree:
        for _, operation in _operations(tree):
            operation.setdefault("security", tree["security"])
    return tree


def wrap_references(tree: Tree) -> Tree:
    """A reference to a schema as the one member of an `allOf`."""
    tree = _copied(tree)
    for node in list(_objects(tree)):
        if "discriminator" in node:
            continue
        for name, child in _properties(node).items():
            if isinstance(child, dict) and _is_schema_reference(child):
                node["properties"][name] = {"allOf": [child]}
    return tree


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node.get("properties")
    is_schema = isinstance(found, dict) and "$ref" not in found
    return found if is_schema and all(isinstance(one, dict) for one in found.values()) else {}


def inline_references(tree: Tree) -> Tree:
    """What a reference names in its place, where that does not lead back to itself.

    Not the members of unions: their names may say which one a value is of.
    """
    result = _copied(tree)

    def inlined(node: Any, seen: frozenset[str], budget: int) -> Any:
        if isinstance(node, list):
            return [inlined(item, seen, budget) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if len(node) == 1 and isinstance(reference, str) and reference.startswith("#/"):
            target = _target(tree, reference)
            names = frozenset((reference,))
            usable = isinstance(target, dict) and "discriminator" not in target
            if budget and usable and reference not in seen and not _leads_back(tree, reference):
                return inlined(target, seen | names, budget - 1)
            return node
        return {
            key: (
                value
                if key.startswith("x-") or key in ("oneOf", "anyOf", "discriminator", *_DATA)
                else inlined(value, seen, budget)
            )
            for key, value in node.items()
        }

    result["paths"] = inlined(_paths(tree), frozenset(), 2)
    return result


def _target(tree: Tree, reference: str) -> Any:
    node: Any = tree
    for token in reference[2:].split("/"):
        token = token.replace("%7B", "{").replace("%7D", "}").replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and token in node:
            node = node[token]
        elif isinstance(node, list) and token.isdigit() and int(token) < len(node):
            node = node[int(token)]
        else:
            return None
    return node


def _leads_back(tree: Tree, reference: str) -> bool:
    seen: set[str] = set()
    stack = [reference]
    while stack:
        for node in _objects(_target(tree, stack.pop())):
            found = node.get("$ref")
            if isinstance(found, str) and found == reference:
                return True
            if isinstance(found, str) and found not in seen and found.startswith("#/"):
                seen.add(found)
                stack.append(found)
    return False


def _is_schema_reference(node: Mapping[str, Any]) -> bool:
    reference = node.get("$ref")
    return len(node) == 1 and isinstance(reference, str) and "/schemas/" in reference


def write_as_31(tree: Tree) -> Tree:
    """A document of OpenAPI 3.0 in the words of 3.1: types with null, limits as numbers."""
    tree = _copied(tree)
    if not str(tree.get("openapi", "")).startswith("3.0"):
        return tree
    tree["openapi"] = "3.1.0"
    for node in _objects(tree):
        if isinstance(node.get("nullable"), bool) and "$ref" not in node:
            if not node.pop("nullable"):
                continue
            if isinstance(node.get("type"), str):
                node["type"] = [node["type"], "null"]
                continue
            # Strictly this says nothing without a type; everybody takes it for nullable.
            for key in ("oneOf", "anyOf"):
                if key in node:
                    node[key].append({"type": "null"})
                    break
            else:
                if "allOf" in node:
                    rest = dict(node)
                    node.clear()
                    node["anyOf"] = [rest, {"type": "null"}]
        for limit, exclusive in (
            ("minimum", "exclusiveMinimum"),
            ("maximum", "exclusiveMaximum"),
        ):
            if isinstance(node.get(exclusive), bool):
                if node.pop(exclusive) and limit in node:
                    node[exclusive] = node.pop(limit)
    return tree


def rename_nothing(tree: Tree) -> Tree:
    """With a further component that nothing uses, and another patch version of OpenAPI."""
    tree = _copied(tree)
    version = str(tree["openapi"])
    tree["openapi"] = version if version.startswith("3.2") else f"{version[:3]}.1"
    tree.setdefault("components", {}).setdefault("schemas", {})["UnusedByAll"] = {"type": "object"}
    return tree


EQUIVALENTS: tuple[Rewriting, ...] = (
    reorder_keys,
    reorder_sets,
    drop_documentation,
    write_defaults,
    lower_parameters,
    raise_parameters,
    spread_security,
    wrap_references,
    inline_references,
    write_as_31,
    rename_nothing,
)
"""They say the same in other words."""


def add_operation(tree: Tree) -> Tree:
    """With a further path."""
    tree = _copied(tree)
    added = {"get": {"responses": {"200": {"description": "OK"}}}}
    tree["paths"] = {**_paths(tree), "/added/by/a/test": added}
    return tree


def add_parameters(tree: Tree) -> Tree:
    """With a further optional parameter of each operation."""
    tree = _copied(tree)
    for _, operation in _operations(tree):
        added = {"name": "added-by-a-test", "in": "query", "schema": {"type": "string"}}
        operation["parameters"] = [*operation.get("parameters", []), added]
    return tree


def add_answers(tree: Tree) -> Tree:
    """With a further answer of each operation."""
    tree = _copied(tree)
    for _, operation in _operations(tree):
        answers = operation.setdefault("responses", {})
        if not {"4XX", "4xx"} & answers.keys():  # it would be an exception to those
            answers.setdefault("418", {"description": "a teapot"})
    return tree


def deprecate(tree: Tree) -> Tree:
    """With all operations deprecated."""
    tree = _copied(tree)
    for _, operation in _operations(tree):
        operation["deprecated"] = True
    return tree


ADDITIONS: tuple[Rewriting, ...] = (add_operation, add_parameters, add_answers, deprecate)
"""They add what breaks nobody."""
