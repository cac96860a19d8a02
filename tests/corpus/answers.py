"""Whether the types of answers say as much as the document does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from sdkpress.runtime.testing.media_types import kind_of
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.routing import Operation

from .packages import Endpoint

__all__ = ["says_something", "untyped_answers"]

_RULES = frozenset(
    {
        "allOf", "anyOf", "const", "enum", "items", "oneOf", "prefixItems", "properties", "type",
        "additionalProperties", "format", "$dynamicRef",
    }
)  # fmt: skip
_JSON_ONLY = frozenset({"json", "form"})


def untyped_answers(
    endpoint: Endpoint, operation: Operation, references: References
) -> Iterator[str]:
    """What the document says of successful answers and the client does not; nothing is as it should be."""
    known: dict[tuple[str, str], Any] = {}
    for answer in endpoint.operation.answers:
        known[answer.status.upper(), _essence(answer.media_type or "")] = answer
    stream = endpoint.operation.stream
    if stream is not None:
        known.setdefault((stream.status.upper(), _essence(stream.media_type or "")), stream)
    for status, response in operation.responses.items():
        if not status.startswith("2") or status in ("204", "205"):
            continue
        content = response.get("content")
        for media_type, node in (content if isinstance(content, dict) else {}).items():
            media = references.resolve(node)
            schema = media.get("schema", media.get("itemSchema"))
            found = known.get((status, _essence(media_type)))
            if found is None:
                yield f"{status} {media_type}: the client does not know this answer"
            elif _is_text(found, schema, references):
                continue
            elif kind_of(media_type) in _JSON_ONLY and says_something(schema, references):
                thunk = found.type
                type_ = thunk() if thunk is not None else None
                if type_ in (None, Any, object):
                    yield f"{status} {media_type}: {type_!r} where the document has a schema"
    written = str(inspect.signature(endpoint.build).return_annotation)
    if not written or "Request[" not in written:
        yield f"the request builder is annotated {written!r}"


def _essence(media_type: str) -> str:
    """A media type without parameters: a document may declare JSON with and without a charset."""
    return media_type.partition(";")[0].strip().lower()


def _is_text(answer: Any, schema: Any, references: References) -> bool:
    """Whether `bytes` or `str` is all that there is to say."""
    return answer.kind in ("binary", "text") and references.resolve(schema).get("type") == "string"


def says_something(schema: Any, references: References, depth: int = 0) -> bool:
    """Whether a schema restricts values at all, null aside."""
    if not isinstance(schema, dict) or depth > 20:
        return False
    if isinstance(schema.get("$ref"), str):
        return says_something(references.target(schema["$ref"]), references, depth + 1)
    if schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None]:
        return False
    for keyword in ("oneOf", "anyOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and _RULES.isdisjoint(schema.keys() - {keyword}):
            # One branch that takes everything makes a union that takes everything.
            return all(says_something(item, references, depth + 1) for item in branches)
    parts = schema.get("allOf")
    if isinstance(parts, list) and _RULES.isdisjoint(schema.keys() - {"allOf"}):
        return any(says_something(item, references, depth + 1) for item in parts)
    return not _RULES.isdisjoint(schema)
