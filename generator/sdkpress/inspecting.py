"""The IR for readers: what a document became, as a tree and as data."""

from __future__ import annotations

from typing import Any

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import STREAM_KINDS
from sdkpress.diagnostics import Diagnostics, as_dict
from sdkpress.model import Api, ObjectSchema, Operation, TypeUse, Webhook
from sdkpress.naming import Names, operation_key
from sdkpress.naming.schemas import name_arguments
from sdkpress.naming.suggestions import has_suggested
from sdkpress.text import one_line
from sdkpress.views.modules import input_schemas
from sdkpress.views.pagination import pagination_facts

__all__ = ["inspect_json", "inspect_tree"]


class _Writer:
    def __init__(self, api: Api, names: Names) -> None:
        self.annotator = Annotator(api, names, input_schemas(api, names))

    def type(self, use: TypeUse | None) -> str:
        return self.annotator.output(use, Imports()) if use is not None else "Any"


def inspect_json(
    api: Api, names: Names, diagnostics: Diagnostics, client: str, async_client: str
) -> dict[str, Any]:
    """The document of `sdkpress inspect --format json`."""
    writer = _Writer(api, names)
    return {
        "client": client,
        "async_client": async_client,
        "operations": [_operation(item, names, writer) for item in api.operations],
        "webhooks": [_webhook(item, names, writer) for item in api.webhooks],
        "types": [
            {
                "name": name,
                "kind": type(api.schemas[id]).__name__.removesuffix("Schema").lower(),
                "pointer": str(id),
                "definition": _definition(api, names, writer, id),
            }
            for id, name in sorted(names.schemas.items(), key=lambda item: item[1])
        ],
        "diagnostics": [as_dict(item) for item in diagnostics.items],
    }


def _definition(api: Api, names: Names, writer: _Writer, id: Any) -> Any:
    schema = api.schemas[id]
    if isinstance(schema, ObjectSchema):
        return {
            attribute: {
                "name": member.name,
                "type": writer.type(member.type),
                "required": member.is_required,
            }
            for member, attribute in zip(schema.properties, names.properties[id], strict=True)
        }
    return writer.annotator.definition(id, Imports())


def _operation(operation: Operation, names: Names, writer: _Writer) -> dict[str, Any]:
    place = names.operations[operation_key(operation)]
    body = operation.body
    stream = operation.stream
    return {
        "method": operation.method,
        "path": operation.path,
        "operation_id": operation.operation_id or None,
        "python": place.dotted(),
        "named_by": list(operation.named_by) if has_suggested(operation, place) else [],
        "parameters": [
            {
                "name": item.name,
                "in": item.location,
                "required": item.is_required,
                "type": writer.type(item.type),
            }
            for item in operation.parameters
        ],
        "request": [
            {"media_type": item.media_type, "type": _content_type(item, writer)}
            for item in (body.contents if body else ())
        ],
        "responses": [
            {
                "status": response.status,
                "media_type": content.media_type if content else None,
                "type": _content_type(content, writer) if content else "None",
            }
            for response in operation.responses
            for content in (response.contents or (None,))
        ],
        "security": [list(item) for item in operation.security],
        "pagination": pagination_facts(operation.pagination) if operation.pagination else None,
        "stream": (
            {
                "media_type": stream.content.media_type,
                "item": writer.type(stream.item),
                "final": writer.type(stream.final) if stream.final else None,
                "condition": stream.condition or None,
                "terminator": stream.terminator or None,
            }
            if stream
            else None
        ),
        "deprecated": operation.docs.deprecated,
    }


def _webhook(webhook: Webhook, names: Names, writer: _Writer) -> dict[str, Any]:
    name = names.webhooks[webhook.key]
    contents = webhook.body.contents if webhook.body else ()
    return {
        "name": webhook.name,
        "method": webhook.method,
        "python": f"webhooks.parse_{name}" if contents else None,
        "request": [
            {"media_type": item.media_type, "type": _content_type(item, writer)}
            for item in contents
        ],
        "parameters": [
            {
                "name": item.name,
                "in": item.location,
                "required": item.is_required,
                "type": writer.type(item.type),
            }
            for item in webhook.parameters
        ],
        "address": webhook.address or None,
        "sent_by": [
            names.operations[key].dotted() for key in webhook.sent_by if key in names.operations
        ],
        "tags": list(webhook.tags),
    }


def _content_type(content: Any, writer: _Writer) -> str:
    if content.type is None:
        return {"json": "Any", "text": "str"}.get(content.kind.value, "bytes")
    if content.kind.value == "binary":
        return "bytes"
    if content.kind.value == "text":
        return "str"
    written = writer.type(content.type)
    return f"Stream[{written}]" if content.kind in STREAM_KINDS else written


def inspect_tree(api: Api, names: Names) -> str:
    """The IR as an indented text."""
    writer = _Writer(api, names)
    title = one_line(f"{api.title} {api.version}").strip()
    lines = [f"{title} (OpenAPI {one_line(api.openapi)})"]
    lines += [f"  server {one_line(url)}" for url in api.servers]
    for scheme in api.security_schemes:
        lines.append(f"  security {one_line(scheme.name)}: {scheme.kind}")
    lines += _overview(api, names)
    lines.append("operations")
    for operation in sorted(
        api.operations, key=lambda item: names.operations[operation_key(item)].dotted()
    ):
        facts = _operation(operation, names, writer)
        lines.append(f"  {facts['python']}  ({facts['method']} {one_line(operation.path)})")
        if facts["named_by"]:
            lines.append(f"    named by {', '.join(facts['named_by'])}")
        for item in facts["parameters"]:
            mark = "" if item["required"] else "?"
            lines.append(f"    {item['in']} {one_line(item['name'])}{mark}: {item['type']}")
        for item in facts["request"]:
            lines.append(f"    body {one_line(item['media_type'])}: {item['type']}")
        for item in facts["responses"]:
            media = f" {one_line(item['media_type'])}" if item["media_type"] else ""
            lines.append(f"    -> {item['status']}{media}: {item['type']}")
        if facts["pagination"]:
            lines.append(f"    pages by {facts['pagination']['style']}")
        if facts["stream"]:
            lines.append(f"    stream of {facts['stream']['item']}")
    if api.webhooks:
        lines.append("webhooks")
    for webhook in api.webhooks:
        facts = _webhook(webhook, names, writer)
        lines.append(f"  {facts['python'] or '-'}  ({one_line(webhook.name)})")
        for item in facts["sent_by"]:
            lines.append(f"    sent by {item} to {one_line(webhook.address)}")
        for item in facts["parameters"]:
            mark = "" if item["required"] else "?"
            lines.append(f"    {item['in']} {one_line(item['name'])}{mark}: {item['type']}")
        for item in facts["request"]:
            lines.append(f"    body {one_line(item['media_type'])}: {item['type']}")
    lines.append("types")
    for id, name in sorted(names.schemas.items(), key=lambda item: item[1]):
        definition = _definition(api, names, writer, id)
        if isinstance(definition, str):
            lines.append(f"  {name} = {definition}")
            continue
        lines.append(f"  {name}")
        for attribute, member in definition.items():
            mark = "" if member["required"] else "?"
            lines.append(f"    {attribute}{mark}: {member['type']}")
    return "\n".join(lines) + "\n"


def _overview(api: Api, names: Names) -> list[str]:
    """The resources with their methods, arguments in front of method and path, aligned."""
    resources: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for operation in api.operations:
        place = names.operations[operation_key(operation)]
        target = f"{operation.method:<6} {one_line(operation.path)}"
        call = f"{place.method}({_arguments(operation)})"
        resources.setdefault(place.resource, []).append((call, target))
    lines = ["resources"] if resources else []
    for resource in sorted(resources):
        lines.append(f"  {'.'.join(resource)}")
        methods = sorted(resources[resource])
        width = min(max(len(call) for call, _ in methods), 60)
        lines += [f"    {call:<{width}}  {target}" for call, target in methods]
    return lines


def _arguments(operation: Operation) -> str:
    """`id, *, limit, …`: path parameters, required keywords, and whether there are more."""
    arguments = name_arguments(
        [(item.location, item.name) for item in operation.parameters],
        [item.docs.name for item in operation.parameters],
    )
    given = list(zip(operation.parameters, arguments, strict=True))
    positional = [name for item, name in given if item.location == "path"]
    keywords = [name for item, name in given if item.location != "path" and item.is_required]
    if len(given) > len(positional) + len(keywords) or operation.body is not None:
        keywords.append("…")
    return ", ".join((*positional, *(("*", *keywords) if keywords else ())))
