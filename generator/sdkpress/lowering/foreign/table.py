"""The extensions of other generators that are read: one row each, of which the guide is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForeignExtension:
    """An extension: the objects of the document that it stands on, and what is made of it."""

    name: str
    on: str
    effect: str


READ = (
    ForeignExtension(
        "x-fern-sdk-group-name",
        "operation",
        "The resource: a name, a path with dots, or a list of names.",
    ),
    ForeignExtension("x-fern-sdk-method-name", "operation", "The method."),
    ForeignExtension("x-fern-type-name", "schema", "The class."),
    ForeignExtension("x-fern-property-name", "property", "The attribute, and the argument."),
    ForeignExtension("x-fern-parameter-name", "parameter", "The argument."),
    ForeignExtension("x-fern-ignore", "operation, path", "`true`: no method."),
    ForeignExtension(
        "x-fern-streaming",
        "operation",
        "The answer is a stream: `format`, `terminator`, `stream-condition`, `response`, "
        "`response-stream`.",
    ),
    ForeignExtension(
        "x-fern-pagination",
        "operation, document",
        "Pages: `cursor` with `next_cursor`, `offset` with `step`, `next_uri`, `next_path`; "
        "`results`, `has-next-page`. `true` takes what the document says.",
    ),
    ForeignExtension(
        "x-fern-idempotent",
        "operation",
        "`true`: each call has a key of its own in the idempotency header.",
    ),
    ForeignExtension("x-fern-idempotency-headers", "document", "The name of that header."),
    ForeignExtension(
        "x-fern-availability",
        "operation, parameter, schema, property",
        "`deprecated`: as `deprecated: true`.",
    ),
    ForeignExtension(
        "x-speakeasy-group", "operation", "The resource: a name, or a path with dots."
    ),
    ForeignExtension(
        "x-speakeasy-name-override",
        "operation, parameter, schema, property, document",
        "The method, argument, class or attribute; on the document, methods by patterns of "
        "operationIds.",
    ),
    ForeignExtension("x-speakeasy-ignore", "operation, path", "`true`: no method."),
    ForeignExtension(
        "x-speakeasy-pagination",
        "operation",
        "Pages: `type` (`offsetLimit`, `cursor`, `url`), `inputs`, `outputs`.",
    ),
    ForeignExtension("x-speakeasy-sse-sentinel", "media type", "What ends the stream."),
    ForeignExtension(
        "x-speakeasy-retries",
        "operation",
        "With `retryConnectionErrors: true`, the request is safe to repeat.",
    ),
    ForeignExtension(
        "x-speakeasy-deprecation-message",
        "operation, parameter, schema, property",
        "Why something is deprecated: in docstrings, and in the warning of a method.",
    ),
    ForeignExtension(
        "x-speakeasy-deprecation-replacement",
        "operation, parameter, property",
        "What to use instead, in the same places.",
    ),
    ForeignExtension(
        "x-stainless-naming",
        "schema, property, parameter",
        "Of `python`: `type_name`, `model_name`, `property_name`; a text is the class.",
    ),
    ForeignExtension("x-stainless-param", "parameter, its schema", "The argument."),
    ForeignExtension(
        "x-stainless-skip", "operation", "`true`, or a list with `python`: no method."
    ),
    ForeignExtension(
        "x-stainless-pagination-property",
        "schema of a parameter, property of an answer or of a body",
        "Pages: `purpose` says which part of them a field is.",
    ),
    ForeignExtension(
        "x-stainless-deprecation-message",
        "operation, parameter, schema, property",
        "Deprecated, and why.",
    ),
)
"""By generator; where two of them name the same thing, the earlier row goes first."""
