"""From Python names back to the documents: what is the same thing, and where it is written."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import replace

from sdkpress.diffing.changes import Change, Place
from sdkpress.diffing.surface.packages import Identity
from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.model import Api, ObjectSchema, Operation, SchemaId, TypeUse, Webhook
from sdkpress.naming import Names, operation_key
from sdkpress.pipeline import Analysis
from sdkpress.records import replace as replace_fields
from sdkpress.trees import escape_token
from sdkpress.views.arguments import ArgumentView
from sdkpress.views.modules import operation_types, reachable, webhook_types

__all__ = ["TracedSide", "Tracer", "accepted_names", "identity_of", "returned_names"]

_CALL = re.compile(r"client\.([\w.]+)(?:\(([^)]*)\))?")
_COMING_AND_GOING = frozenset(
    ("python-parameter-added", "python-parameter-removed", "python-required-parameter-added")
)
_DERIVED = "~:"
_KEPT = 100
"""Of how many schemas the properties are kept at hand: changes of one stand together."""


def accepted_names(api: Api, names: Names) -> frozenset[str]:
    """Names of models and aliases that arguments are made of."""
    roots: list[TypeUse] = []
    for operation in api.operations:
        roots.extend(parameter.type for parameter in operation.parameters)
        for content in operation.body.contents if operation.body else ():
            if content.type:
                roots.append(content.type)
    return frozenset(names.schemas[id] for id in reachable(api, roots) if id in names.schemas)


def returned_names(api: Api, names: Names) -> frozenset[str]:
    """Names of models and aliases that answers, errors, streams and webhooks are made of."""
    roots: list[TypeUse] = []
    for operation in api.operations:
        roots.extend(_answer_types(operation))
    for webhook in api.webhooks:
        roots.extend(webhook_types(webhook))
    return frozenset(names.schemas[id] for id in reachable(api, roots) if id in names.schemas)


def _answer_types(operation: Operation) -> list[TypeUse]:
    found = operation_types(replace_fields(operation, parameters=(), body=None))
    if operation.pagination is not None and operation.pagination.item is not None:
        found.append(operation.pagination.item)
    return found


def identity_of(old: Analysis, new: Analysis) -> Identity:
    """What both sides have, under whatever names: the same operation (`POST /things`), the same
    schema (its pointer), the same parameter or property (its name in JSON)."""
    operations = {
        place.dotted(): new.names.operations[key].dotted()
        for key, place in old.names.operations.items()
        if key in new.names.operations
    }
    models = {
        name: new.names.schemas[id]
        for id, name in old.names.schemas.items()
        if id in new.names.schemas
    }
    before, after = _arguments(old), _arguments(new)
    parameters: dict[str, dict[str, str]] = {}
    for name, present in operations.items():
        mine = {_sent(item): item.name for item in after.get(present, ())}
        found = {
            item.name: mine[_sent(item)]
            for item in before.get(name, ())
            if mine.get(_sent(item), item.name) != item.name
        }
        if found:
            parameters[present] = found
    fields: dict[str, dict[str, str]] = {}
    for id in old.names.schemas:
        was, now = old.api.schemas[id], new.api.schemas.get(id)
        if isinstance(was, ObjectSchema) and isinstance(now, ObjectSchema) and was is not now:
            attributes = _attributes(now, new.names)
            changed = {
                attribute: attributes[wire]
                for wire, attribute in _attributes(was, old.names).items()
                if attributes.get(wire, attribute) != attribute
            }
            if changed:
                fields[new.names.schemas[id]] = changed
    kept = frozenset(name for name, _ in new.package.former_exports)
    return Identity(operations, models, parameters, fields, _classes(old, new), kept)


def _classes(old: Analysis, new: Analysis) -> dict[str, str]:
    before, after = (
        (side.package.client, side.package.async_client, side.package.error, side.package.fake)
        for side in (old, new)
    )
    return dict(zip(before, after, strict=True))


def _arguments(side: Analysis) -> dict[str, tuple[ArgumentView, ...]]:
    return {
        f"{resource.dotted}.{operation.method}": (*operation.arguments, *operation.choices)
        for resource, operation in side.package.operations
    }


def _sent(item: ArgumentView) -> tuple[str, str]:
    return item.location, item.wire_name


def _attributes(schema: ObjectSchema, names: Names) -> dict[str, str]:
    """Names of attributes by names in JSON."""
    pairs = zip(schema.properties, names.properties[schema.id], strict=True)
    return {member.name: attribute for member, attribute in pairs}


class Tracer:
    """Finds the places of changes in both documents."""

    def __init__(self, old: Analysis, new: Analysis) -> None:
        self._sides = (TracedSide(old), TracedSide(new))
        self._identity = identity_of(old, new)

    def traced(self, change: Change) -> Change:
        """The change with its places. Subjects have the old names of what was renamed."""
        old, new = self._sides
        call = _CALL.fullmatch(change.subject)
        if call is None:
            module, _, name = change.subject.partition(".")
            owner, bracket, rest = change.subject.partition("(")
            present = f"{self._identity.classes.get(owner, owner)}{bracket}{rest}"
            if module == "models":
                model, dot, attribute = name.partition(".")
                present = f"models.{self._renamed_model(model)}{dot}{attribute}"
            return replace(change, old=old.other(change.subject), new=new.other(present))
        name, argument = call[1], call[2] or ""
        present = self._identity.operations.get(name, name)
        renamed = self._identity.parameters.get(present, {})
        listed = change.id in _COMING_AND_GOING
        return replace(
            change,
            old=old.call(name, argument, listed=listed),
            new=new.call(present, renamed.get(argument, argument), listed=listed),
        )

    def _renamed_model(self, name: str) -> str:
        bare = name.removesuffix("Param")
        if name in self._identity.models or bare not in self._identity.models:
            return self._identity.models.get(name, name)
        return f"{self._identity.models[bare]}Param"


class TracedSide:
    """One of the two builds, from its Python names to its document."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._tree = Tree(analysis.document)
        self.by_name = {place.dotted(): key for key, place in analysis.names.operations.items()}
        self._known_fields: dict[SchemaId, tuple[dict[str, str], frozenset[str]]] = {}
        self._known_properties: dict[str, dict[str, str]] = {}

    @functools.cached_property
    def _operations(self) -> dict[str, Operation]:
        return {operation_key(item): item for item in self._analysis.api.operations}

    @functools.cached_property
    def _arguments(self) -> dict[str, tuple[ArgumentView, ...]]:
        return _arguments(self._analysis)

    @functools.cached_property
    def _schemas(self) -> dict[str, SchemaId]:
        return {name: id for id, name in self._analysis.names.schemas.items()}

    @functools.cached_property
    def _webhooks(self) -> dict[str, Webhook]:
        names = self._analysis.names.webhooks
        return {names[item.key]: item for item in self._analysis.api.webhooks if item.key in names}

    def call(self, name: str, argument: str, *, listed: bool = False) -> Place | None:
        """The place of an operation or of an argument of it. With `listed` that of a parameter is
        where the operation has it, not the component behind the reference."""
        operation = self.operation(name)
        if operation is None:
            return None
        if not argument:
            return self._place(operation.pointer)
        for item in self.arguments(name):
            if item.name == argument:
                pointer = self._listed(operation, item) if listed else ""
                return self._place(pointer or self.pointer_of(operation, item))
        return None

    def arguments(self, name: str) -> tuple[ArgumentView, ...]:
        """The arguments of an operation, those that choose a media type too."""
        return self._arguments.get(name, ())

    def operation(self, name: str) -> Operation | None:
        """The operation with a Python name."""
        return self._operations.get(self.by_name.get(name, ""))

    def _listed(self, operation: Operation, argument: ArgumentView) -> str:
        for pointer in (operation.pointer, operation.pointer.rpartition("/")[0]):
            node = self._tree.node(pointer)
            for item in node.items("parameters") if node else ():
                found = self._tree.resolve(item)
                if (found.at("in"), found.at("name")) == (argument.location, argument.wire_name):
                    return item.pointer
        return ""

    def pointer_of(self, operation: Operation, argument: ArgumentView) -> str:
        """Where an argument is described; for one that the document does not name, what it is for."""
        for parameter in operation.parameters:
            if (parameter.location, parameter.name) == (argument.location, argument.wire_name):
                return parameter.pointer
        if operation.body is None or argument.location == "choice":
            return operation.pointer
        if argument.location == "field":
            for content in operation.body.contents:
                schema = content.type.schema if content.type else ""
                found = self._property(schema.partition(_DERIVED)[0], argument.wire_name)
                if schema and found:
                    return found
        return operation.body.pointer

    def other(self, subject: str) -> Place | None:
        """The place of a model, of a field, of a webhook or of an argument of the client."""
        module, _, rest = subject.partition(".")
        if module == "models" and rest:
            name, _, attribute = rest.partition(".")
            return self._model(name, attribute)
        if module == "webhooks" and rest.startswith("parse_"):
            webhook = self._webhooks.get(rest.removeprefix("parse_").partition("(")[0])
            return self._place(webhook.pointer) if webhook else None
        if subject == "webhooks.Event":
            callbacks = (self._place(item.pointer) for item in self._webhooks.values())
            return self._existing("/webhooks") or next(callbacks, None)
        if subject.partition("(")[0] == self._analysis.config.client:
            argument = subject.partition("(")[2].rstrip(")")
            return self._credential(argument) if argument else self._existing("/servers")
        return None

    def _model(self, name: str, attribute: str) -> Place | None:
        id = self._schemas.get(name) or self._schemas.get(name.removesuffix("Param"))
        if id is None:
            return None
        pointer = id.partition(_DERIVED)[0]
        if not attribute:
            return self._place(pointer)
        schema = self._analysis.api.schemas[id]
        if not isinstance(schema, ObjectSchema):
            return None
        attributes, sent = self._fields(schema)
        if name.endswith("Param") and name not in self._schemas:
            found = attribute if attribute in sent else None
        else:
            found = attributes.get(attribute)
        if found is None:
            return None
        return self._place(self._property(pointer, found) or pointer)

    def _fields(self, schema: ObjectSchema) -> tuple[dict[str, str], frozenset[str]]:
        """Names in JSON by names of attributes, and all names in JSON."""
        known = self._known_fields.get(schema.id)
        if known is None:
            pairs = _attributes(schema, self._analysis.names)
            known = {value: key for key, value in pairs.items()}, frozenset(pairs)
            self._known_fields[schema.id] = known
        return known

    def _credential(self, argument: str) -> Place | None:
        for view in self._analysis.package.credentials:
            if any(item.name == argument for item in view.arguments):
                place = f"/components/securitySchemes/{escape_token(view.scheme)}"
                return self._existing(place)
        return None

    def _property(self, pointer: str, name: str) -> str:
        """The pointer of a property of a schema, also of one that a part of its allOf has."""
        known = self._known_properties.get(pointer)
        if known is None:
            if len(self._known_properties) >= _KEPT:
                self._known_properties.clear()
            known = self._known_properties[pointer] = self._find_properties(pointer)
        return known.get(name, "")

    def _find_properties(self, pointer: str) -> dict[str, str]:
        start = self._tree.node(pointer)
        found: dict[str, str] = {}
        for node in self._parts(start) if start else ():
            for name, member in node.members("properties").items():
                found.setdefault(name, member.pointer)
        return found

    def _parts(self, start: Node) -> Iterator[Node]:
        """A schema and all that it is combined of, each once."""
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            node = self._tree.resolve(waiting.pop())
            if node.pointer in seen:
                continue
            seen.add(node.pointer)
            yield node
            below = [item for key in ("allOf", "anyOf", "oneOf") for item in node.items(key)]
            waiting.extend(reversed(below))

    def _existing(self, pointer: str) -> Place | None:
        return self._place(pointer) if self._tree.node(pointer) is not None else None

    def _place(self, pointer: str) -> Place:
        return self._tree.place(pointer)
