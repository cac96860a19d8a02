"""Example calls: the arguments that an operation is shown and tested with.

Values come from the document's examples where they are valid, else from its schemas.
"""

from __future__ import annotations

import json
from typing import Any

from sdkpress.content import ContentKind
from sdkpress.document import Document
from sdkpress.lowering.source import as_dict, as_list
from sdkpress.model import Api, Operation, Webhook
from sdkpress.naming import Names
from sdkpress.runtime.testing.examples import examples_of
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.samples import Sampler
from sdkpress.text import literal
from sdkpress.trees import is_mapping, is_sequence
from sdkpress.views.operations import ArgumentView, OperationView

__all__ = ["Examples", "webhook_bodies"]

_WIDTH = 88
_SHOWN_WEBHOOKS = 5
# An example is read by people; schemas of query languages would fill pages.
_MOST_NODES = 100


class Examples:
    """Writes example calls for the operations of one document."""

    def __init__(self, document: Document) -> None:
        self._tree = document.tree
        self._references = References(document.tree)
        self._sampler = Sampler(self._references, "request", most_nodes=_MOST_NODES)

    def arguments(self, operation: Operation, view: OperationView) -> tuple[str, ...]:
        """Arguments of a call, as they are written; optional ones are left out.

        Unless the body is not valid without them, as where one of two properties is needed.
        """
        shown = [argument for argument in view.default_arguments if argument.is_required]
        needs_body = any(argument.location in ("body", "field") for argument in shown)
        body = self._body(operation) if needs_body else None
        if view.body_required and view.body_kind == "fields":
            given = {item.wire_name for item in shown if item.location == "field"}
            more = self._needed(operation, given, body)
            body = more or body
            shown = [
                item
                for item in view.default_arguments
                if item in shown or (item.location == "field" and item.wire_name in more)
            ]
        found: list[str] = []
        for argument in shown:
            value = self._value(operation, argument, body)
            if argument.annotation.startswith("str | bytes"):
                written = literal(value if isinstance(value, str) else json.dumps(value))
            elif argument.annotation.startswith(("FileInput", "bytes")):
                written = 'b"example"'
            else:
                written = written_value(value, 4)
            found.append(written if argument.location == "path" else f"{argument.name}={written}")
        return tuple(found)

    def webhook(self, webhook: Webhook) -> Any:
        """A body of a webhook, the first example or the smallest value that the schema allows."""
        node = self._at(webhook.body.contents[0].pointer) if webhook.body else {}
        for _, value in examples_of(node, self._references):
            return value
        return self._sampler.sample(node.get("schema", {}), extent="minimal")

    def _value(self, operation: Operation, argument: ArgumentView, body: Any) -> Any:
        if argument.location == "body":
            return body
        if argument.location == "field":
            return as_dict(body).get(argument.wire_name)
        for parameter in operation.parameters:
            if parameter.name == argument.wire_name and (
                parameter.location == argument.location or parameter.location == "querystring"
            ):
                node = self._at(parameter.pointer)
                schema: Any = node.get("schema", {})
                for media in as_dict(node.get("content")).values():
                    schema = as_dict(media).get("schema", {})
                for _, example in examples_of(node, self._references):
                    if self._sampler.rules.accepts(example, schema):
                        return example
                return self._sample(schema) if node.get("in") else "example"
        return "example"

    def _body(self, operation: Operation) -> Any:
        if operation.body is None:
            return None
        node = self._at(operation.body.contents[0].pointer)
        suggested = [value for _, value in examples_of(node, self._references)]
        schema: Any = node.get("schema", {})
        if operation.body.contents[0].kind is ContentKind.JSONL:
            return self._lines(node, schema, suggested)
        sampled = self._sample(schema)
        for value in suggested:
            if type(value) is type(sampled):
                if is_mapping(value) and is_mapping(sampled):
                    return self._completed(value, sampled, schema)
                return value
        return sampled

    def _completed(self, value: dict[str, Any], sampled: Any, schema: Any) -> dict[str, Any]:
        """An example with what it leaves out, where that suits it."""
        completed = {**sampled, **value}
        accepts = self._sampler.rules.accepts
        if not accepts(completed, schema):
            for other in (value, self._sampler.mend(value, schema)):
                if is_mapping(other) and accepts(other, schema):
                    return other
        return completed

    def _needed(self, operation: Operation, given: set[str], body: Any) -> dict[str, Any]:
        """A body with the optional properties that these ones need beside them; {} for none."""
        node = self._at(operation.body.contents[0].pointer) if operation.body else {}
        schema: Any = node.get("schema", {})
        members = as_dict(body)
        accepts = self._sampler.rules.accepts
        if accepts({name: members[name] for name in given if name in members}, schema):
            return {}
        for value in (members, as_dict(self._sampler.sample(schema, extent="minimal"))):
            if value and accepts(value, schema):
                return value
        return {}

    def _lines(self, node: dict[str, Any], schema: Any, suggested: list[Any]) -> Any:
        """Items of a sequence: at least one, since a body without any is none."""
        for value in suggested:
            if is_sequence(value) and value:
                return value
        sampled = self._sample(schema)
        if "itemSchema" in node or not is_sequence(sampled):
            sampled = [self._sample(node.get("itemSchema", schema))]
        items = as_dict(self._references.resolve(schema)).get("items", {})
        return sampled or [self._sample(items)]

    def _sample(self, schema: Any) -> Any:
        return self._sampler.sample(schema)

    def _at(self, pointer: str) -> dict[str, Any]:
        node: Any = self._tree
        for raw in pointer.split("/")[1:] if pointer else ():
            key = raw.replace("~1", "/").replace("~0", "~")
            if is_sequence(node):
                items = as_list(node)
                node = items[int(key)] if key.isdigit() and int(key) < len(items) else None
            else:
                node = as_dict(node).get(key)
        return self._references.resolve(node)


def webhook_bodies(api: Api, names: Names, document: Document) -> dict[str, str]:
    """Bodies of the first webhooks, as Python writes bytes, by the name of the webhook."""
    examples = Examples(document)
    found: dict[str, str] = {}
    for webhook in api.webhooks:
        contents = webhook.body.contents if webhook.body else ()
        if contents and contents[0].kind is ContentKind.JSON:
            value = examples.webhook(webhook)
            is_named = webhook.tags or not api.webhook_tag
            if is_named and is_mapping(value):
                found[names.webhooks[webhook.key]] = f"b{literal(json.dumps(value))}"
        if len(found) == _SHOWN_WEBHOOKS:
            break
    return found


def written_value(value: Any, indent: int) -> str:
    """A JSON value as a Python expression, broken into lines where it is long."""
    plain = _plain(value)
    if len(plain) + indent <= _WIDTH:
        return plain
    pad = " " * (indent + 4)
    if is_mapping(value):
        lines = [
            f"{pad}{literal(key)}: {written_value(item, indent + 4)},\n"
            for key, item in as_dict(value).items()
        ]
        return "{\n" + "".join(lines) + " " * indent + "}"
    if is_sequence(value):
        lines = [f"{pad}{written_value(item, indent + 4)},\n" for item in as_list(value)]
        return "[\n" + "".join(lines) + " " * indent + "]"
    return plain


def _plain(value: Any) -> str:
    if is_mapping(value):
        pairs = as_dict(value).items()
        return "{" + ", ".join(f"{literal(k)}: {_plain(v)}" for k, v in pairs) + "}"
    if is_sequence(value):
        return "[" + ", ".join(_plain(item) for item in as_list(value)) + "]"
    return literal(value)
