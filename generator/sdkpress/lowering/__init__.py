"""Lowering: from the document tree to the intermediate representation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.lowering.about import lower_about
from sdkpress.lowering.bodies import BodyLowering
from sdkpress.lowering.foreign.operations import ForeignOperations
from sdkpress.lowering.links import LinkLowering
from sdkpress.lowering.operations import (
    fallback_security,
    find_operations,
    finish_operation,
    lower_operation,
)
from sdkpress.lowering.pagination import PaginationLowering
from sdkpress.lowering.resolving import Substitute, resolve_schemas
from sdkpress.lowering.schemas import SchemaLowering
from sdkpress.lowering.security import lower_security_schemes
from sdkpress.lowering.servers import lower_server_list, lower_servers
from sdkpress.lowering.source import (
    DERIVED,
    FILES,
    Source,
    as_dict,
    as_text,
    child,
    docs_of,
    file_schema_name,
    is_component,
)
from sdkpress.lowering.streams import StreamLowering
from sdkpress.lowering.webhooks import (
    WebhookLowering,
    find_webhooks,
    finish_webhook,
    tell_apart,
)
from sdkpress.model import Api, Operation, Schema, SchemaId, TypeUse
from sdkpress.records import replace

__all__ = ["lower"]


def lower(document: Document, diagnostics: Diagnostics) -> Api:
    """The whole document as an `Api`; what cannot be expressed is widened and reported."""
    source = Source(document, diagnostics)
    tree = document.tree
    schemas = SchemaLowering(source)
    bodies = BodyLowering(source, schemas)
    streams = StreamLowering(source, schemas)
    schemes = lower_security_schemes(source)
    names = frozenset(scheme.name for scheme in schemes)
    components = as_dict(as_dict(tree.get("components")).get("schemas"))
    for name, schema in components.items():
        schemas.use(schema, child("/components/schemas", name))
    raw = list(find_operations(source))
    fallback = fallback_security(source, raw, names)
    reader = ForeignOperations(source)
    foreign = [reader.facts(item.node, item.pointer) for item in raw]
    operations = [
        lower_operation(source, item, bodies, names, fallback, facts)
        for item, facts in zip(raw, foreign, strict=True)
    ]
    for operation in operations:
        streams.prepare(operation.responses)
    incoming = WebhookLowering(source, bodies)
    received = [incoming.lower(item) for item in find_webhooks(source, raw)]
    schemas.finish()
    final, substitute = resolve_schemas(source, schemas.schemas, schemas.aliases)
    linking = LinkLowering(source, raw)
    finished: list[Operation] = []
    for operation, item in zip(operations, raw, strict=True):
        stream = streams.stream(operation.responses, operation.body, final, substitute)
        done = finish_operation(operation, substitute)
        finished.append(replace(done, stream=stream, links=linking.lower(item)))
    pages = PaginationLowering(source, final)
    finished = [
        (
            replace(operation, pagination=found)
            if (found := pages.pagination(operation, item.item))
            else operation
        )
        for operation, item in zip(finished, raw, strict=True)
    ]
    webhooks, webhook_tag = tell_apart(
        tuple(finish_webhook(item, substitute) for item in received), final
    )
    info = as_dict(tree.get("info"))
    component_names = _component_names(components, final, substitute)
    return Api(
        title=as_text(info.get("title")),
        version=str(info.get("version", "")),
        docs=docs_of(info),
        openapi=as_text(tree.get("openapi")),
        servers=lower_servers(tree.get("servers")),
        server_list=lower_server_list(tree.get("servers")),
        security_schemes=schemes,
        operations=tuple(finished),
        schemas=final,
        component_names=component_names,
        contact_url=as_text(as_dict(info.get("contact")).get("url")),
        license_name=as_text(as_dict(info.get("license")).get("name")),
        webhooks=webhooks,
        webhook_tag=webhook_tag,
        about=lower_about(tree),
    )


def _component_names(
    components: Iterable[str],
    schemas: Mapping[SchemaId, Schema],
    substitute: Substitute,
) -> dict[SchemaId, str]:
    """Names that the document itself gives to schemas: component keys, then those of its files."""
    names: dict[SchemaId, str] = {}
    others: dict[SchemaId, str] = {}
    for name in components:
        id = SchemaId(child("/components/schemas", name))
        if id in schemas:
            names[id] = name
            continue
        target = substitute(TypeUse(id)).schema
        if not is_component(target):
            # Another name for something that has none: `Pet: {$ref: pet.yaml}`.
            others.setdefault(target, name)
    for id in schemas:
        if id.startswith(FILES) and DERIVED not in id:
            name = file_schema_name(id)
            if name:
                others.setdefault(id, name)
    return {**names, **others}
