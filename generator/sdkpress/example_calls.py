"""A request to the fake server that a person can paste into a terminal."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.examples import examples_of
from sdkpress.runtime.testing.exchanges import ReceivedRequest
from sdkpress.runtime.testing.media_types import kind_of
from sdkpress.runtime.testing.nodes import as_list, as_object, as_text
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.routing import Operation, Router
from sdkpress.runtime.testing.samples import Sampler

__all__ = ["curl_example"]

_MOST_TRIES = 8
_LONGEST = 400


def curl_example(app: FakeApp, url: str) -> str:
    """A `curl` command that gets an answer of success, "" where none is found soon.

    `app` answers the requests that are tried, and forgets them again.
    """
    references = References(app.document)
    router = Router(references)
    sampler = Sampler(references, "request")
    try:
        for operation in _likely(list(router.operations.values()))[:_MOST_TRIES]:
            request = _request(operation, references, sampler)
            if request is None or not 200 <= app.respond(request).status < 300:
                continue
            command = _command(request, url)
            if len(command) <= _LONGEST:
                return command
    finally:
        app.reset()
    return ""


def _likely(operations: list[Operation]) -> list[Operation]:
    """Those with an example body first, for they show what the API is for; then plain ones."""

    def rank(operation: Operation) -> tuple[bool, int]:
        contents = as_object(operation.request_body.get("content")).values()
        has_example = any(
            "example" in node or "examples" in node for node in map(as_object, contents)
        )
        shown = operation.method == "POST" and has_example
        return (not shown and operation.method != "GET", operation.path.count("{"))

    return sorted(operations, key=rank)


def _request(
    operation: Operation, references: References, sampler: Sampler
) -> ReceivedRequest | None:
    """A request with what is required; None where that takes more than plain text and JSON."""
    path = operation.path
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    for parameter in operation.parameters:
        place, name = as_text(parameter.get("in")), as_text(parameter.get("name"))
        if parameter.get("required") is not True and place != "path":
            continue
        value = parameter.get("example")
        if value is None:
            named = examples_of(parameter, references)
            value = named[0][1] if named else sampler.sample(parameter.get("schema", {}))
        if not isinstance(value, (str, int, float)):
            return None
        text = str(value).lower() if isinstance(value, bool) else str(value)
        match place:
            case "path":
                path = path.replace("{" + name + "}", quote(text, safe=""))
            case "query":
                query.append((name, text))
            case "header":
                headers.append((name.lower(), text))
            case _:
                return None
    for place, name, value in _credentials(operation, references):
        (query if place == "query" else headers).append((name, value))
    body = b""
    if operation.request_body:
        found = next(_json_bodies(operation, references, sampler), None)
        if found is None:
            return None
        headers.append(("content-type", found[0]))
        body = json.dumps(found[1], ensure_ascii=False).encode()
    if any(not value.isascii() or not value.isprintable() for _, value in headers):
        return None
    return ReceivedRequest(operation.method, path, urlencode(query), tuple(headers), body)


def _credentials(operation: Operation, references: References) -> Iterator[tuple[str, str, str]]:
    """Place, name and value of what the first requirement of the operation asks for."""
    schemes = as_object(as_object(references.document.get("components")).get("securitySchemes"))
    for name in as_object(next(iter(as_list(operation.security)), None)):
        scheme = references.resolve(schemes.get(name))
        if scheme.get("type") == "apiKey":
            place, key = as_text(scheme.get("in")), as_text(scheme.get("name"))
            if place == "cookie":
                yield "header", "cookie", f"{key}=test-key"
            else:
                yield place, key if place == "query" else key.lower(), "test-key"
        elif as_text(scheme.get("scheme")).lower() == "basic":
            yield "header", "authorization", "Basic dXNlcjp0ZXN0LWtleQ=="
        else:
            word = as_text(scheme.get("scheme"), "bearer").capitalize()
            yield "header", "authorization", f"{word} test-key"


def _json_bodies(
    operation: Operation, references: References, sampler: Sampler
) -> Iterator[tuple[str, Any]]:
    for media_type, node in as_object(operation.request_body.get("content")).items():
        if kind_of(media_type) == "json" and "*" not in media_type:
            media = references.resolve(node)
            examples = examples_of(media, references)
            schema = media.get("schema", {})
            yield media_type, examples[0][1] if examples else sampler.sample(schema)


def _command(request: ReceivedRequest, url: str) -> str:
    query = f"?{request.query_string}" if request.query_string else ""
    parts = ["curl", f"{url}{request.path}{query}"]
    if request.method not in ("GET", "POST") or (request.method == "POST" and not request.body):
        parts += ["-X", request.method]
    for name, value in request.headers:
        parts += ["-H", f"{name}: {value}"]
    if request.body:
        parts += ["-d", request.body.decode()]
    return shlex.join(parts)
