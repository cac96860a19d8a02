"""Lowering: from the document tree to the intermediate representation."""

from __future__ import annotations

from dataclasses import replace

from sdkpress.diagnostics import Diagnostics
from sdkpress.document import Document
from sdkpress.lowering.bodies import BodyLowering
from sdkpress.lowering.operations import (
    fallback_security,
    find_operations,
    finish_operation,
    lower_operation,
)
from sdkpress.lowering.resolving import resolve_schemas
from sdkpress.lowering.schemas import SchemaLowering
from sdkpress.lowering.security import lower_security_schemes, lower_servers
from sdkpress.lowering.source import Source, as_dict, as_text, child, docs_of
from sdkpress.lowering.streams import StreamLowering
from sdkpress.model import Api, Operation, SchemaId

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
    operations = [lower_operation(source, item, bodies, names, fallback) for item in raw]
    for operation in operations:
        streams.prepare(operation.responses)
    schemas.finish()
    final, substitute = resolve_schemas(source, schemas.schemas, schemas.aliases)
    finished: list[Operation] = []
    for operation in operations:
        stream = streams.stream(operation.responses, operation.body, final, substitute)
        finished.append(replace(finish_operation(operation, substitute), stream=stream))
    info = as_dict(tree.get("info"))
    component_names: dict[SchemaId, str] = {}
    for name in components:
        use = substitute_id(child("/components/schemas", name))
        if use in final:
            component_names[use] = name
    return Api(
        title=as_text(info.get("title")),
        version=str(info.get("version", "")),
        docs=docs_of(info),
        openapi=as_text(tree.get("openapi")),
        servers=lower_servers(tree.get("servers")),
        security_schemes=schemes,
        operations=tuple(finished),
        schemas=final,
        component_names=component_names,
        contact_url=as_text(as_dict(info.get("contact")).get("url")),
        license_name=as_text(as_dict(info.get("license")).get("name")),
    )


def substitute_id(pointer: str) -> SchemaId:
    """Id of the component at a pointer."""
    return SchemaId(pointer)
