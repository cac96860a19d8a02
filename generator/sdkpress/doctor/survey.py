"""One walk over a document: its operations, parameters, contents, schemas and examples.

Rules look at what the walk collected, in document order, and never walk themselves. Every schema is
listed once, where it is written; whether it is part of an answer or of a request follows from who
refers to it. Webhooks and callbacks are requests that a client receives: their bodies count as
answers. Source: OpenAPI 3.0, 3.1 and 3.2, section "Schema".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from sdkpress.doctor.parts import (
    Content,
    Example,
    Operation,
    Parameter,
    Response,
    SchemaNode,
    child,
    mapping,
    sequence,
    text,
)
from sdkpress.trees import escape_token, is_mapping, is_sequence, node_at

__all__ = ["Survey"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_MAX_DEPTH = 80
_MOST_VISITS = 8
"""How often one node is looked at: references in place of maps can make a tree endless."""
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "contentSchema", "not", "unevaluatedProperties")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


class Survey:
    """What a document holds, collected once. `tree` may be any mapping: nothing in it is trusted."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.version = text(tree.get("openapi"))[:3]
        self.schemas: list[SchemaNode] = []
        self.by_pointer: dict[str, SchemaNode] = {}
        self.operations: list[Operation] = []
        self.parameters: list[Parameter] = []
        self.contents: list[Content] = []
        self.responses: list[Response] = []
        self.examples: list[Example] = []
        self.references: dict[str, int] = {}
        """How often each pointer is referred to."""
        self.security_used: set[str] = set()
        self._edges: dict[str, set[str]] = {}
        self._seen: set[str] = set()
        self._visits: dict[int, int] = {}
        self._awaited: list[str] = []
        self._resolved: dict[str, tuple[Any, str]] = {}
        self._media: dict[str, list[Content]] = {}
        self._walk()
        self.answer_units = self._reachable("answer:")
        self.request_units = self._reachable("request:")

    # --- looking things up ---------------------------------------------------------------------

    def resolve(self, node: object, pointer: str) -> tuple[dict[str, Any], str]:
        """The object behind references and its pointer; an empty one where they lead nowhere."""
        seen: set[str] = set()
        while is_mapping(node) and isinstance(node.get("$ref"), str):
            target = target_of(node["$ref"])
            if target is None or target in seen:
                return {}, pointer
            seen.add(target)
            found = self._at(target)
            if found is None:
                return {}, pointer
            node, pointer = found, target
        return (node if is_mapping(node) else {}), pointer

    def schema(self, node: object, pointer: str) -> tuple[dict[str, Any], str]:
        """As `resolve`, and through an `allOf`, `anyOf` or `oneOf` that holds one other schema.

        An alternative of null does not count as another schema.
        """
        found, place = self.resolve(node, pointer)
        for _ in range(4):
            if "properties" in found or "items" in found:
                break
            for keyword in ("allOf", "anyOf", "oneOf"):
                options = [
                    (index, option)
                    for index, option in enumerate(sequence(found.get(keyword)))
                    if not (is_mapping(option) and option.get("type") == "null")
                ]
                if len(options) == 1:
                    index, option = options[0]
                    found, place = self.resolve(option, child(place, keyword, index))
                    break
            else:
                break
        return found, place

    def properties(self, node: object, pointer: str) -> dict[str, tuple[Any, str]]:
        """The properties of a schema by name, those of its `allOf` included, with their pointers."""
        found: dict[str, tuple[Any, str]] = {}
        waiting: list[tuple[object, str]] = [(node, pointer)]
        seen: set[str] = set()
        while waiting and len(seen) < 100:
            schema, place = self.schema(*waiting.pop(0))
            if place in seen:
                continue
            seen.add(place)
            for name, value in mapping(schema.get("properties")).items():
                found.setdefault(name, (value, child(place, "properties", name)))
            waiting += [
                (item, child(place, "allOf", index))
                for index, item in enumerate(sequence(schema.get("allOf")))
            ]
        return found

    def required(self, node: object, pointer: str) -> set[str]:
        """The names that a schema and the members of its `allOf` require."""
        found: set[str] = set()
        waiting: list[tuple[object, str]] = [(node, pointer)]
        seen: set[str] = set()
        while waiting and len(seen) < 100:
            schema, place = self.resolve(*waiting.pop(0))
            if place in seen:
                continue
            seen.add(place)
            found.update(item for item in sequence(schema.get("required")) if isinstance(item, str))
            waiting += [
                (item, child(place, "allOf", index))
                for index, item in enumerate(sequence(schema.get("allOf")))
            ]
        return found

    def in_answers(self, schema: SchemaNode) -> bool:
        """Whether the schema is part of what a client receives."""
        return schema.unit in self.answer_units

    def in_requests(self, schema: SchemaNode) -> bool:
        """Whether the schema is part of what a client sends."""
        return schema.unit in self.request_units

    def _at(self, pointer: str) -> Any:
        if pointer not in self._resolved:
            try:
                self._resolved[pointer] = (node_at(self.tree, pointer), pointer)
            except (LookupError, ValueError):
                self._resolved[pointer] = (None, pointer)
        return self._resolved[pointer][0]

    # --- the walk ------------------------------------------------------------------------------

    def _walk(self) -> None:
        for path, item in mapping(self.tree.get("paths")).items():
            self._path_item(item, child("/paths", path), path, is_own=False)
        for name, item in mapping(self.tree.get("webhooks")).items():
            self._path_item(item, child("/webhooks", name), name, is_own=True)
        self._note_security(self.tree.get("security"))
        components = mapping(self.tree.get("components"))
        for name, node in mapping(components.get("schemas")).items():
            self._component(node, child("/components/schemas", name), name)
        for name, node in mapping(components.get("responses")).items():
            self._response_content(node, child("/components/responses", name))
        for name, node in mapping(components.get("requestBodies")).items():
            self._body_content(node, child("/components/requestBodies", name), is_answer=False)
        for name, node in mapping(components.get("parameters")).items():
            self._parameter(node, child("/components/parameters", name))
        for name, node in mapping(components.get("headers")).items():
            self._parameter(node, child("/components/headers", name), header=name)
        for name, item in mapping(components.get("pathItems")).items():
            self._path_item(item, child("/components/pathItems", name), name, is_own=True)
        while self._awaited:
            pointer = self._awaited.pop(0)
            if pointer not in self._seen:
                node = self._at(pointer)
                name = unquote(pointer.rpartition("/")[2])
                self._component(node, pointer, name)

    def _path_item(self, item: object, pointer: str, path: str, *, is_own: bool) -> None:
        if is_mapping(item) and "$ref" in item:
            self._note_reference(item, "")
        node, pointer = self.resolve(item, pointer)
        shared = self._parameters(node.get("parameters"), child(pointer, "parameters"), is_own)
        extra = mapping(node.get("additionalOperations"))
        named = [(method, node.get(method), child(pointer, method)) for method in METHODS]
        named += [
            (name, value, child(pointer, "additionalOperations", name))
            for name, value in extra.items()
        ]
        for method, value, place in named:
            if is_mapping(value):
                self._operation(method, path, value, place, shared, is_own=is_own)

    def _operation(
        self,
        method: str,
        path: str,
        node: dict[str, Any],
        pointer: str,
        shared: list[Parameter],
        *,
        is_own: bool,
    ) -> None:
        if pointer in self._seen or self._is_too_often(node):
            return
        self._seen.add(pointer)
        self._note_security(node.get("security"))
        own = self._parameters(node.get("parameters"), child(pointer, "parameters"), is_own)
        known = {(item.name, item.location) for item in own}
        operation = Operation(method.upper(), path, pointer, node)
        operation.parameters = own + [
            item for item in shared if (item.name, item.location) not in known
        ]
        if "requestBody" in node:
            operation.body_pointer, operation.body, operation.contents = self._body_content(
                node["requestBody"], child(pointer, "requestBody"), is_answer=is_own
            )
        for status, value in mapping(node.get("responses")).items():
            if not status.startswith("x-"):
                place = child(pointer, "responses", status)
                response = self._response_content(value, place, status, is_answer=not is_own)
                operation.responses.append(response)
        for name, callback in mapping(node.get("callbacks")).items():
            value, place = self.resolve(callback, child(pointer, "callbacks", name))
            for expression, item in value.items():
                if not expression.startswith("x-"):
                    self._path_item(item, child(place, expression), expression, is_own=True)
        if not is_own:
            self.operations.append(operation)

    def _parameters(self, value: object, pointer: str, is_own: bool) -> list[Parameter]:
        found = [
            self._parameter(item, child(pointer, index), is_answer=is_own)
            for index, item in enumerate(sequence(value))
        ]
        return [item for item in found if item is not None]

    def _parameter(
        self, value: object, pointer: str, header: str = "", *, is_answer: bool = False
    ) -> Parameter | None:
        self._note_reference(value, "")
        node, pointer = self.resolve(value, pointer)
        is_answer = is_answer or bool(header)
        unit = ("answer:" if is_answer else "request:") + pointer
        schema_pointer = child(pointer, "schema")
        schema = node.get("schema")
        found = Parameter(
            pointer,
            node,
            header or text(node.get("name")),
            "header" if header else text(node.get("in")),
            mapping(schema),
            schema_pointer,
            is_answer,
        )
        if pointer in self._seen:
            return found if found.name else None
        self._seen.add(pointer)
        self._schema(schema, schema_pointer, "parameter", found.name, unit, None, 0)
        self._examples(node, pointer, schema, schema_pointer, "parameter", is_answer)
        self._contents(node.get("content"), child(pointer, "content"), is_answer, unit)
        if found.name:
            self.parameters.append(found)
        return found if found.name else None

    def _body_content(
        self, value: object, pointer: str, *, is_answer: bool
    ) -> tuple[str, dict[str, Any], list[Content]]:
        self._note_reference(value, "")
        node, pointer = self.resolve(value, pointer)
        unit = ("answer:" if is_answer else "request:") + pointer
        place = child(pointer, "content")
        return pointer, node, self._contents(node.get("content"), place, is_answer, unit)

    def _response_content(
        self, value: object, pointer: str, status: str = "", *, is_answer: bool = True
    ) -> Response:
        self._note_reference(value, "")
        node, pointer = self.resolve(value, pointer)
        unit = ("answer:" if is_answer else "request:") + pointer
        response = Response(status, pointer, node)
        place = child(pointer, "content")
        response.contents = self._contents(node.get("content"), place, is_answer, unit)
        if pointer not in self._seen:
            self._seen.add(pointer)
            self.responses.append(response)
            for name, header in mapping(node.get("headers")).items():
                self._parameter(header, child(pointer, "headers", name), header=name)
        return response

    def _contents(self, value: object, pointer: str, is_answer: bool, unit: str) -> list[Content]:
        if pointer in self._media:
            return self._media[pointer]
        found: list[Content] = []
        for media_type, item in mapping(value).items():
            self._note_reference(item, "")
            node, place = self.resolve(item, child(pointer, media_type))
            content = Content(place, media_type, node, is_answer)
            found.append(content)
            for keyword in ("schema", "itemSchema"):
                schema_pointer = child(place, keyword)
                self._schema(node.get(keyword), schema_pointer, "body", "", unit, None, 0)
            if "schema" in node:
                schema_pointer = child(place, "schema")
                schema = node["schema"]
                self._examples(node, place, schema, schema_pointer, "media", is_answer)
        self._media[pointer] = found
        self.contents += found
        return found

    def _component(self, node: object, pointer: str, name: str) -> None:
        self._schema(node, pointer, "component", name, pointer, None, 0)

    def _schema(
        self,
        node: object,
        pointer: str,
        place: str,
        name: str,
        unit: str,
        parent: SchemaNode | None,
        depth: int,
        is_required: bool = False,
    ) -> None:
        if not is_mapping(node) or pointer in self._seen or depth > _MAX_DEPTH:
            return
        if self._is_too_often(node):
            return
        self._seen.add(pointer)
        if isinstance(node.get("$ref"), str):
            self._note_reference(node, unit)
            return
        own = SchemaNode(pointer, node, place, name, unit, parent, is_required)
        self.schemas.append(own)
        self.by_pointer[pointer] = own
        self._examples(node, pointer, node, pointer, "schema", None)
        required = {item for item in sequence(node.get("required")) if isinstance(item, str)}
        for keyword in _MAPS:
            for key, value in mapping(node.get(keyword)).items():
                if is_mapping(value):
                    below = "property" if keyword == "properties" else keyword
                    self._schema(
                        value,
                        f"{pointer}/{keyword}/{escape_token(key)}",
                        below,
                        key,
                        unit,
                        own,
                        depth + 1,
                        key in required,
                    )
        for keyword in _SINGLE:
            if keyword in node:
                below = f"{pointer}/{keyword}"
                self._schema(node[keyword], below, keyword, name, unit, own, depth + 1)
        for keyword in _LISTS:
            for index, value in enumerate(sequence(node.get(keyword))):
                below = f"{pointer}/{keyword}/{index}"
                self._schema(value, below, keyword, name, unit, own, depth + 1)
        for value in mapping(mapping(node.get("discriminator")).get("mapping")).values():
            if isinstance(value, str):
                reference = value if "/" in value else f"#/components/schemas/{value}"
                self._note_reference({"$ref": reference}, unit)

    def _is_too_often(self, node: dict[str, Any]) -> bool:
        visits = self._visits[id(node)] = self._visits.get(id(node), 0) + 1
        return visits > _MOST_VISITS

    def _examples(
        self,
        node: dict[str, Any],
        pointer: str,
        schema: object,
        schema_pointer: str,
        kind: str,
        is_answer: bool | None,
    ) -> None:
        if not is_mapping(schema):
            return
        for value, place in self._example_values(node, pointer):
            self.examples.append(Example(place, value, schema, schema_pointer, kind, is_answer))

    def _example_values(self, node: dict[str, Any], pointer: str) -> Iterator[tuple[Any, str]]:
        if "example" in node:
            yield node["example"], child(pointer, "example")
        examples = node.get("examples")
        if is_mapping(examples):
            for name, item in examples.items():
                self._note_reference(item, "")
                found, place = self.resolve(item, child(pointer, "examples", name))
                for key in ("value", "dataValue"):
                    if key in found:
                        yield found[key], child(place, key)
        elif is_sequence(examples):
            for index, value in enumerate(examples):
                yield value, child(pointer, "examples", index)

    def all_references(self) -> set[str]:
        """Every pointer that anything refers to, extensions and examples included."""
        found: set[str] = set()
        waiting: list[Any] = [self.tree]
        seen: set[int] = set()  # a reference in place of a map makes nodes that stand in two places
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if is_mapping(node):
                reference = node.get("$ref")
                target = target_of(reference) if isinstance(reference, str) else None
                if target is not None:
                    found.add(target)
                waiting.extend(node.values())
            elif is_sequence(node):
                waiting.extend(node)
        return found | set(self.references)

    def _note_reference(self, node: object, unit: str) -> None:
        if not is_mapping(node) or not isinstance(node.get("$ref"), str):
            return
        target = target_of(node["$ref"])
        if target is None:
            return
        self.references[target] = self.references.get(target, 0) + 1
        if unit:
            self._edges.setdefault(unit, set()).add(target)
            if target not in self._seen and not target.startswith("/components/"):
                self._awaited.append(target)

    def _note_security(self, value: object) -> None:
        for requirement in sequence(value):
            self.security_used.update(mapping(requirement))

    def units_of_request(self, operation: Operation) -> set[str]:
        """The units that the body of an operation is made of."""
        return self._from({f"request:{operation.body_pointer}"})

    def units_of_answers(self, operation: Operation) -> set[str]:
        """The units that the answers of an operation are made of."""
        return self._from({f"answer:{response.pointer}" for response in operation.responses})

    def _reachable(self, kind: str) -> set[str]:
        return self._from({unit for unit in self._units() if unit.startswith(kind)})

    def _from(self, units: set[str]) -> set[str]:
        waiting = sorted(units)
        found = set(units)
        while waiting:
            for target in sorted(self._edges.get(waiting.pop(), ())):
                schema = self.by_pointer.get(target)
                for unit in (target, schema.unit if schema else target):
                    if unit not in found:
                        found.add(unit)
                        waiting.append(unit)
        return found

    def _units(self) -> set[str]:
        return {schema.unit for schema in self.schemas} | set(self._edges)


def target_of(reference: str) -> str | None:
    """The pointer that a local reference names; None for any other."""
    if not reference.startswith("#"):
        return None
    pointer = unquote(reference[1:])
    return pointer if not pointer or pointer.startswith("/") else None
