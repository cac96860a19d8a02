"""Sampled arguments of an operation: the same ones each time, valid by the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdkpress.runtime.testing.bodies import write_body
from sdkpress.runtime.testing.media_types import best_match, kind_of
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.routing import Operation, Router
from sdkpress.runtime.testing.samples import Sampler

from .packages import Endpoint

__all__ = ["Arguments", "Description", "python_arguments"]

NO_BODY = object()


@dataclass(frozen=True, slots=True)
class Arguments:
    """Values of one call in terms of the wire: parameters by (location, name), and a JSON body."""

    parameters: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    body: Any = NO_BODY
    media_type: str = ""
    binary: frozenset[str] = frozenset()
    """Properties of the body that are files."""
    is_valid: bool = True
    """False where no value was found that satisfies the document."""

    @property
    def has_body(self) -> bool:
        return self.body is not NO_BODY


class Description:
    """A document as the caller of an operation reads it."""

    def __init__(self, tree: Mapping[str, Any], seed: int = 0) -> None:
        self.references = References(tree)
        self.router = Router(self.references)
        self._sampler = Sampler(self.references, "request", seed=seed)

    def operation(self, key: str) -> Operation | None:
        """The operation `GET /pets/{id}`."""
        return self.router.operations.get(key)

    def parameter(self, operation: Operation, location: str, name: str) -> dict[str, Any]:
        """A Parameter Object, {} for one that the document does not declare."""
        for node in operation.parameters:
            if node.get("name") == name and (
                node.get("in") == location or node.get("in") == "querystring"
            ):
                return node
        return {}

    def media(self, operation: Operation, media_type: str) -> tuple[str, dict[str, Any]]:
        """The Media Type Object of the request body that `media_type` falls under."""
        content = operation.request_body.get("content")
        known = dict(content) if isinstance(content, dict) else {}
        key = best_match(media_type, known) if media_type else None
        if key is None:
            key = next(iter(known), "")
        return key, self.references.resolve(known.get(key))

    def arguments(
        self, operation: Operation, media_type: str, *, is_minimal: bool = False
    ) -> Arguments:
        """Values for one call; the minimal one has what is required and nothing else."""
        parameters: dict[tuple[str, str], Any] = {}
        is_valid = True
        for node in operation.parameters:
            location, name = node["in"], node["name"]
            if is_minimal and not node.get("required") and location != "path":
                continue
            value = self._parameter_value(node)
            parameters[location, name] = value
            is_valid = is_valid and self._sampler.rules.accepts(value, self._schema(node))
        body: Any = NO_BODY
        binary: frozenset[str] = frozenset()
        declared = operation.request_body
        if declared.get("content"):
            key, media = self.media(operation, media_type)
            schema = media.get("schema", {})
            required = bool(declared.get("required")) or bool(
                self._sampler.sample(schema, extent="minimal")
            )
            if required or not is_minimal:
                body = self._body_value(media, schema, is_minimal)
                if kind_of(key) != "json":
                    body = self._visible(body, schema)
                is_valid = is_valid and self._sampler.rules.accepts(body, schema)
                if kind_of(key) == "xml" and isinstance(body, (dict, list)):
                    # The client takes XML as it is written.
                    body = write_body(body, key, schema, self.references).decode()
                binary = self._binary(schema)
            media_type = media_type or key
        return Arguments(parameters, body, media_type, binary, is_valid)

    def _parameter_value(self, node: dict[str, Any]) -> Any:
        schema = self._schema(node)
        suggested = [node["example"]] if "example" in node else []
        examples = node.get("examples")
        for item in examples.values() if isinstance(examples, dict) else ():
            example = self.references.resolve(item)
            if "value" in example:
                suggested.append(example["value"])
        for value in suggested:
            if value not in ("", None, []) and self._sampler.rules.accepts(value, schema):
                return value
        value = self._sampler.sample(schema)
        if node.get("in") == "path" and value in ("", None, [], {}):
            # A segment of a path cannot be empty, whatever the schema says.
            return "example"
        return value

    def _visible(self, body: Any, schema: Any) -> Any:
        """A body without empty arrays and objects: forms and lines cannot show those."""
        if body == []:
            return self._sampler.sample({"allOf": [schema, {"minItems": 1}]}) or body
        if isinstance(body, dict) and any(value in ([], {}) for value in body.values()):
            full = self._sampler.sample(schema)
            return {
                name: full.get(name, value) if value in ([], {}) else value
                for name, value in body.items()
            }
        return body

    def _schema(self, parameter: dict[str, Any]) -> Any:
        content = parameter.get("content")
        for media in content.values() if isinstance(content, dict) else ():
            return self.references.resolve(media).get("schema", {})
        return parameter.get("schema", {})

    def _body_value(self, media: dict[str, Any], schema: Any, is_minimal: bool) -> Any:
        if not is_minimal:
            suggested = [media["example"]] if "example" in media else []
            examples = media.get("examples")
            for item in examples.values() if isinstance(examples, dict) else ():
                example = self.references.resolve(item)
                if "value" in example:
                    suggested.append(example["value"])
            for value in suggested:
                if self._sampler.rules.accepts(value, schema):
                    return value
        return self._sampler.sample(schema, extent="minimal" if is_minimal else "usual")

    def _binary(self, schema: Any) -> frozenset[str]:
        found: set[str] = set()
        for name, member in self._sampler.properties(schema).items():
            node = self.references.resolve(member)
            items = self.references.resolve(node.get("items"))
            for candidate in (node, items):
                if candidate.get("format") in ("binary", "byte") or candidate.get(
                    "contentMediaType"
                ):
                    found.add(name)
        return frozenset(found)


def python_arguments(endpoint: Endpoint, values: Arguments) -> tuple[list[Any], dict[str, Any]]:
    """The values as positional and keyword arguments of a method."""
    named: dict[str, Any] = {}
    for (location, wire), name in endpoint.arguments.items():
        if location == "field":
            if isinstance(values.body, dict) and wire in values.body:
                named[name] = _body_member(endpoint, values, wire)
            continue
        for key in ((location, wire), ("querystring", wire)):
            if key in values.parameters:
                named[name] = values.parameters[key]
        if location == "path":
            named.setdefault(name, "example")
    if endpoint.body and values.has_body:
        named[endpoint.body] = _whole_body(endpoint, values)
    elif values.has_body and isinstance(values.body, dict):
        # What the schema does not declare has no argument of its own.
        declared = {wire for location, wire in endpoint.arguments if location == "field"}
        more = {name: value for name, value in values.body.items() if name not in declared}
        if more:
            named["options"] = {"body": more}
    positional = [named.pop(name) for name in endpoint.positional]
    return positional, named


def _body_member(endpoint: Endpoint, values: Arguments, wire: str) -> Any:
    value = values.body[wire]
    if endpoint.operation.body == "multipart" and wire in values.binary:
        if isinstance(value, list):
            return [_bytes(item) for item in value]
        return _bytes(value)
    return value


def _whole_body(endpoint: Endpoint, values: Arguments) -> Any:
    kind = endpoint.operation.body
    if kind == "binary":
        return _bytes(values.body)
    if kind == "text":
        return "example" if values.body is None else values.body
    if kind == "multipart" and isinstance(values.body, dict):
        return {wire: _body_member(endpoint, values, wire) for wire in values.body}
    return values.body


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else b"example"
