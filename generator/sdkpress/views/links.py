"""What follows an operation: links as Python, `client.users.get(answer.id)`, and callbacks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkpress.content import ContentKind
from sdkpress.model import (
    Api,
    ArraySchema,
    Link,
    MapSchema,
    ObjectSchema,
    Operation,
    TypeUse,
)
from sdkpress.naming import Names, operation_key
from sdkpress.naming.schemas import name_arguments
from sdkpress.text import literal, one_line

__all__ = ["LinkView", "LinkWriter", "link_lines"]

_REQUEST = re.compile(r"\$request\.(path|query|header)\.(.+)")


@dataclass(frozen=True, slots=True)
class LinkView:
    """A follow-up call as it is written; `answer` is what the operation returned."""

    name: str
    call: str
    description: str


class LinkWriter:
    """Writes the follow-up calls of operations."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names
        self._operations: dict[str, Operation] = {}

    def views(self, operation: Operation) -> tuple[LinkView, ...]:
        """The links of an operation, each with the call that follows it."""
        if operation.links and not self._operations:
            self._operations = {item.pointer: item for item in self._api.operations}
        return tuple(
            LinkView(one_line(link.name), self._call(operation, link), one_line(link.description))
            for link in operation.links
        )

    def callback_lines(self, operation: Operation) -> list[str]:
        """The section of a docstring that names the parsers of an operation's callbacks."""
        if not self._api.webhooks:
            return []
        key = operation_key(operation)
        lines = [
            f"    webhooks.parse_{self._names.webhooks[item.key]}(): at {one_line(item.address)}"
            for item in self._api.webhooks
            if key in item.sent_by and item.body is not None
        ]
        return ["", "Callbacks, each with what reads its body:", *lines] if lines else []

    def _call(self, operation: Operation, link: Link) -> str:
        target = self._operations[link.target]
        place = self._names.operations[operation_key(target)]
        arguments = _argument_names(target)
        given = dict(link.parameters)
        positional: list[str] = []
        keyword: list[str] = []
        for parameter, name in zip(target.parameters, arguments, strict=True):
            value = given.get(f"{parameter.location}.{parameter.name}", given.get(parameter.name))
            if parameter.location == "path":
                positional.append(name if value is None else self._value(operation, link, value))
            elif value is not None:
                keyword.append(f"{name}={self._value(operation, link, value)}")
            elif parameter.is_required:
                keyword.append(f"{name}={name}")
        if link.body is not None:
            body = self._value(operation, link, link.body)
            keyword.append(f'options={{"body": {body}}}')
        elif target.body is not None:
            keyword.append("...")
        return f"client.{place.dotted()}({', '.join((*positional, *keyword))})"

    def _value(self, operation: Operation, link: Link, expression: object) -> str:
        """A runtime expression as Python, or as it is where Python has no word for it."""
        if not isinstance(expression, str):
            return literal(expression)
        if expression.startswith("{") and expression.endswith("}") and expression[1:2] == "$":
            expression = expression[1:-1]
        if not expression.startswith("$"):
            return literal(expression)
        if expression.startswith("$response.header."):
            return f"response.headers[{literal(expression.removeprefix('$response.header.'))}]"
        if expression == "$response.body" or expression.startswith("$response.body#"):
            pointer = expression.partition("#")[2]
            return self._attribute(self._answer(operation, link.status), pointer)
        found = _REQUEST.fullmatch(expression)
        if found:
            names = _argument_names(operation)
            for parameter, name in zip(operation.parameters, names, strict=True):
                if (parameter.location, parameter.name) == (found[1], found[2]):
                    return name
        if expression.startswith("$request.body#/"):
            key = expression.removeprefix("$request.body#/")
            attribute = self._attribute(_json_type_of(operation), f"/{key}")
            return attribute.removeprefix("answer.")
        return literal(expression)

    def _answer(self, operation: Operation, status: str) -> TypeUse | None:
        for response in operation.responses:
            if response.status.lower() == status.lower():
                for content in response.contents:
                    if content.kind is ContentKind.JSON:
                        return content.type
        return None

    def _attribute(self, use: TypeUse | None, pointer: str) -> str:
        written = "answer"
        for raw in pointer.split("/")[1:]:
            key = raw.replace("~1", "/").replace("~0", "~")
            schema = self._api.schema(use) if use is not None else None
            use = None
            match schema:
                case ObjectSchema():
                    attributes = self._names.properties[schema.id]
                    for member, attribute in zip(schema.properties, attributes, strict=True):
                        if member.name == key:
                            written, use = f"{written}.{attribute}", member.type
                            break
                    else:
                        written = f"{written}.extra[{literal(key)}]"
                case ArraySchema() if key.isascii() and key.isdigit():
                    written, use = f"{written}[{int(key)}]", schema.items
                case MapSchema():
                    written, use = f"{written}[{literal(key)}]", schema.values
                case _:
                    written = f"{written}[{literal(key)}]"
        return written


def link_lines(links: tuple[LinkView, ...]) -> list[str]:
    """The section of a docstring, empty without links."""
    if not links:
        return []
    lines = ["", "Follow-ups, where `answer` is what this returned:"]
    for link in links:
        lines += [f"    {link.name}: {link.call}"]
    return lines


def _json_type_of(operation: Operation) -> TypeUse | None:
    for content in operation.body.contents if operation.body else ():
        if content.type is not None:
            return content.type
    return None


def _argument_names(operation: Operation) -> tuple[str, ...]:
    return name_arguments(
        [(item.location, item.name) for item in operation.parameters],
        [item.docs.name for item in operation.parameters],
    )
