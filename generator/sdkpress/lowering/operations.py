"""Path Items and Operation Objects: every one becomes an operation, none is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdkpress.lowering.bodies import BodyLowering, path_item_parameters
from sdkpress.lowering.foreign.operations import OperationFacts, is_left_out
from sdkpress.lowering.security import lower_requirements
from sdkpress.lowering.servers import lower_servers, variable_names
from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child, docs_of
from sdkpress.model import Body, Docs, Operation, Parameter, Response, TypeUse
from sdkpress.records import replace
from sdkpress.trees import is_mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_TEMPLATE = re.compile(r"\{([^{}/]+)\}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class RawOperation:
    """An Operation Object with its path and method, before it is lowered."""

    method: str
    path: str
    node: dict[str, Any]
    pointer: str
    item: dict[str, Any]
    item_pointer: str


def find_operations(source: Source) -> Iterator[RawOperation]:
    """All operations below `paths`, `additionalOperations` of OpenAPI 3.2 included.

    But for those that the author of the document keeps out of clients; a note says which.
    """
    for path, value in as_dict(source.tree.get("paths")).items():
        if path.startswith("x-"):
            continue
        pointer = child("/paths", path)
        item, place = source.resolve(value, pointer)
        for method in METHODS:
            node = item.get(method)
            if is_mapping(node) and not _is_left_out(source, node, item, child(place, method)):
                yield RawOperation(
                    method.upper(), path, as_dict(node), child(place, method), item, place
                )
        for method, node in as_dict(item.get("additionalOperations")).items():
            if not _TOKEN.fullmatch(method):
                source.report(
                    "invalid-method",
                    f"{method!r} is not an HTTP method",
                    child(place, "additionalOperations", method),
                )
                continue
            place_of = child(place, "additionalOperations", method)
            if is_mapping(node) and not _is_left_out(source, node, item, place_of):
                yield RawOperation(method, path, as_dict(node), place_of, item, place)


def _is_left_out(source: Source, node: dict[str, Any], item: dict[str, Any], pointer: str) -> bool:
    extension = is_left_out(node, item)
    if extension:
        place = child(pointer, extension) if extension in node else pointer
        source.report("operation-left-out", f"`{extension}` keeps it out of clients", place)
    return bool(extension)


def lower_operation(
    source: Source,
    raw: RawOperation,
    bodies: BodyLowering,
    schemes: frozenset[str],
    fallback: tuple[tuple[str, ...], ...],
    foreign: OperationFacts,
) -> Operation:
    """One operation; its stream is found later, when all schemas are known.

    `foreign` is what it says to other generators; what it says to us, or in OpenAPI, goes first.
    """
    node, pointer = raw.node, raw.pointer
    parameters = bodies.parameters(
        path_item_parameters(raw.item, raw.item_pointer) + path_item_parameters(node, pointer)
    )
    path = raw.path if raw.path.startswith("/") else "/" + raw.path
    path = _plain_template(path, {item.name for item in parameters if item.location == "path"})
    parameters = _match_path(source, path, parameters, bodies, pointer)
    body = (
        bodies.body(node["requestBody"], child(pointer, "requestBody"))
        if node.get("requestBody")
        else None
    )
    security: tuple[tuple[str, ...], ...]
    if "security" in node:
        security = lower_requirements(source, node["security"], child(pointer, "security"), schemes)
    else:
        security = lower_requirements(source, source.tree.get("security"), "/security", schemes)
        security = security or fallback
    key_header, parameters = _idempotency(node, parameters, foreign.idempotency_header)
    return Operation(
        method=raw.method,
        path=path,
        pointer=pointer,
        operation_id=as_text(node.get("operationId")),
        tags=tuple(item for item in as_list(node.get("tags")) if isinstance(item, str)),
        parameters=parameters,
        body=body,
        responses=bodies.responses(node.get("responses"), child(pointer, "responses")),
        security=security,
        servers=_own_servers(source, node.get("servers") or raw.item.get("servers")),
        stream=None,
        replay=_replay(source, node, raw.method, bool(key_header), foreign.is_safe, pointer),
        idempotency_header=key_header,
        name_hint=as_text(node.get("x-sdkpress-name")),
        resource_words=foreign.resource,
        method_words=foreign.method,
        named_by=foreign.named_by,
        docs=_docs(node, raw.item),
    )


def fallback_security(
    source: Source, operations: list[RawOperation], schemes: frozenset[str]
) -> tuple[tuple[str, ...], ...]:
    """What operations ask for where the document defines schemes and never says who needs them.

    Each scheme is then an alternative, and none of them is one as well.
    """
    is_said = "security" in source.tree or any("security" in raw.node for raw in operations)
    return () if is_said or not schemes else (*((name,) for name in sorted(schemes)), ())


def finish_operation(operation: Operation, substitute: Any) -> Operation:
    """The operation with the final types of everything that it refers to."""

    def final(use: TypeUse | None) -> TypeUse | None:
        return substitute(use) if use is not None else None

    def body_of(body: Body) -> Body:
        contents = tuple(replace(item, type=final(item.type)) for item in body.contents)
        return replace(body, contents=contents)

    def response_of(response: Response) -> Response:
        contents = tuple(replace(item, type=final(item.type)) for item in response.contents)
        return replace(response, contents=contents)

    return replace(
        operation,
        parameters=tuple(
            replace(item, type=substitute(item.type)) for item in operation.parameters
        ),
        body=body_of(operation.body) if operation.body else None,
        responses=tuple(map(response_of, operation.responses)),
    )


def _match_path(
    source: Source,
    path: str,
    parameters: tuple[Parameter, ...],
    bodies: BodyLowering,
    pointer: str,
) -> tuple[Parameter, ...]:
    """Path parameters in the order of the template; missing ones are added, surplus ones left out."""
    wanted = list(dict.fromkeys(_TEMPLATE.findall(path)))
    declared = {item.name: item for item in parameters if item.location == "path"}
    found: list[Parameter] = []
    for name in wanted:
        parameter = declared.pop(name, None)
        if parameter is None:
            source.report(
                "undeclared-path-parameter",
                f"the path has {{{name}}}, and no parameter declares it",
                pointer,
            )
            place = source.derive(pointer, f"path:{name.replace('/', '')}", {"type": "string"})
            use = bodies.schemas.use({"type": "string"}, place)
            parameter = Parameter(name, "path", use, True, "simple", False, pointer)
        found.append(parameter)
    for parameter in declared.values():
        source.report(
            "unused-path-parameter",
            f"the path has no {{{parameter.name}}}",
            parameter.pointer,
        )
    return (*found, *(item for item in parameters if item.location != "path"))


def _idempotency(
    node: dict[str, Any], parameters: tuple[Parameter, ...], otherwise: str
) -> tuple[str, tuple[Parameter, ...]]:
    """Header that carries an idempotency key, when the document declares one.

    It is no parameter then, as the client makes the key; `options` can set one.
    """
    declared = as_text(node.get("x-sdkpress-idempotency-header"))
    if declared and _TOKEN.fullmatch(declared):
        return declared, parameters
    for parameter in parameters:
        if parameter.location == "header" and parameter.name.lower() == "idempotency-key":
            return parameter.name, tuple(item for item in parameters if item is not parameter)
    return otherwise, tuple(
        item
        for item in parameters
        if item.location != "header" or item.name.lower() != otherwise.lower()
    )


def _plain_template(path: str, declared: set[str]) -> str:
    """A path without the operators of RFC 6570 that some documents write in templates.

    `/files/{+path}{?page}` -> `/files/{path}`: what the query holds, parameters say.
    """
    if "{+" not in path and "{?" not in path and "{&" not in path and "*}" not in path:
        return path

    def plain(found: re.Match[str]) -> str:
        name = found[1]
        bare = name.lstrip("+").rstrip("*")
        return f"{{{bare}}}" if name not in declared and bare else found[0]

    return _TEMPLATE.sub(plain, re.sub(r"\{[?&][^{}]*\}", "", path))


def _own_servers(source: Source, value: object) -> tuple[str, ...]:
    """Servers of an operation; variables that the document's servers have too stay open."""
    if not value:
        return ()
    return lower_servers(value, variable_names(source.tree.get("servers")))


def _replay(
    source: Source,
    node: dict[str, Any],
    method: str,
    has_key: bool,
    is_safe: bool,
    pointer: str,
) -> str:
    declared = node.get("x-sdkpress-replay")
    if declared is not None:
        if declared in ("safe", "method"):
            return str(declared)
        source.report(
            "invalid-extension",
            "x-sdkpress-replay is `safe` (the request changes nothing) or `method`",
            child(pointer, "x-sdkpress-replay"),
        )
    if method == "QUERY" or (is_safe and not has_key):
        return "safe"
    return "key" if has_key else "method"


def _docs(node: dict[str, Any], item: dict[str, Any]) -> Docs:
    own = docs_of(node)
    return replace(
        own,
        summary=own.summary or as_text(item.get("summary")),
        description=own.description or as_text(item.get("description")),
    )
