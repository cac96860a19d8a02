"""The intermediate representation: what the document says, with nothing of Python in it.

Schemas refer to each other by id, so that recursion costs nothing; an id is the JSON pointer of
the schema in the (bundled, overlaid) document.
Every schema kind is a class of its own; code that handles schemas matches all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType, TypeAlias

from sdkpress.content import ContentKind
from sdkpress.records import Struct, field

SchemaId = NewType("SchemaId", str)
"""JSON pointer of a schema (RFC 6901); a `~:` suffix marks one that lowering derived from it."""


def is_derived(id: SchemaId) -> bool:
    """Whether lowering made the schema: no pointer leads to it in the document."""
    return "~:" in id


JsonScalar: TypeAlias = str | int | float | bool | None


class TypeUse(Struct, frozen=True):
    """A schema at a place where it is used, with null allowed there or not."""

    schema: SchemaId
    nullable: bool = False


class Docs(Struct, frozen=True):
    """What the document tells a reader about a node."""

    title: str = ""
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    name: str = ""
    """The Python name that `x-sdkpress-name` sets."""
    class_words: str = ""
    """What the class of a schema should be called; words, of which naming makes a name."""
    member_words: str = ""
    """The same for the attribute or argument of a property or parameter."""
    deprecation: str = ""
    """Why it is deprecated, or what takes its place."""


NO_DOCS = Docs()


# --- schemas -------------------------------------------------------------------------------------


class AnySchema(Struct, frozen=True):
    """Any JSON value: an empty schema, `true`, or what cannot be expressed."""

    id: SchemaId
    docs: Docs = NO_DOCS


class NullSchema(Struct, frozen=True):
    """null and nothing else."""

    id: SchemaId
    docs: Docs = NO_DOCS


class BooleanSchema(Struct, frozen=True):
    id: SchemaId
    docs: Docs = NO_DOCS


class IntegerSchema(Struct, frozen=True):
    id: SchemaId
    docs: Docs = NO_DOCS


class NumberSchema(Struct, frozen=True):
    id: SchemaId
    docs: Docs = NO_DOCS


class StringSchema(Struct, frozen=True):
    """A string; `format` as the document writes it, `""` without one."""

    id: SchemaId
    format: str = ""
    docs: Docs = NO_DOCS


class EnumSchema(Struct, frozen=True):
    """A fixed set of scalar values, in document order, without null and duplicates."""

    id: SchemaId
    values: tuple[JsonScalar, ...]
    docs: Docs = NO_DOCS


class ConstSchema(Struct, frozen=True):
    """Exactly one scalar value."""

    id: SchemaId
    value: JsonScalar
    docs: Docs = NO_DOCS


class ArraySchema(Struct, frozen=True):
    id: SchemaId
    items: TypeUse
    docs: Docs = NO_DOCS


class TupleSchema(Struct, frozen=True):
    """`prefixItems`; `rest` is the type of what may follow, None when nothing may."""

    id: SchemaId
    items: tuple[TypeUse, ...]
    rest: TypeUse | None
    docs: Docs = NO_DOCS


class MapSchema(Struct, frozen=True):
    """An object without named properties: string keys, one type of values."""

    id: SchemaId
    values: TypeUse
    docs: Docs = NO_DOCS


class Property(Struct, frozen=True):
    """A named property of an object; `name` is the wire name."""

    name: str
    type: TypeUse
    is_required: bool
    read_only: bool = False
    write_only: bool = False
    docs: Docs = NO_DOCS


class ObjectSchema(Struct, frozen=True):
    """An object with named properties; `additional` is the declared type of all others, if any."""

    id: SchemaId
    properties: tuple[Property, ...]
    additional: TypeUse | None = None
    docs: Docs = NO_DOCS


class Discriminator(Struct, frozen=True):
    """`property` chooses the option; `mapping` goes from its value to the position of the option."""

    property: str
    mapping: tuple[tuple[str, int], ...]
    default: int | None = None


class UnionSchema(Struct, frozen=True):
    """One of several types (oneOf, anyOf, type lists); null is never among the options."""

    id: SchemaId
    options: tuple[TypeUse, ...]
    discriminator: Discriminator | None = None
    docs: Docs = NO_DOCS


Schema: TypeAlias = (
    AnySchema
    | NullSchema
    | BooleanSchema
    | IntegerSchema
    | NumberSchema
    | StringSchema
    | EnumSchema
    | ConstSchema
    | ArraySchema
    | TupleSchema
    | MapSchema
    | ObjectSchema
    | UnionSchema
)


# --- operations ----------------------------------------------------------------------------------


class Parameter(Struct, frozen=True):
    """A path, query, header or cookie parameter; `name` is the wire name."""

    name: str
    location: str
    type: TypeUse
    is_required: bool
    style: str
    explode: bool
    pointer: str
    allow_reserved: bool = False
    media_type: str = ""
    docs: Docs = NO_DOCS


class PartEncoding(Struct, frozen=True):
    """How one property of a form or multipart body is written (Encoding Object)."""

    property: str
    content_type: str = ""
    style: str = ""
    explode: bool = True
    allow_reserved: bool = False


class Content(Struct, frozen=True):
    """One media type of a body; `type` is None where the document says nothing about it.

    With `is_event_data` it is that of the JSON in the data of server-sent events, and `terminator`
    the data that ends them.
    """

    media_type: str
    kind: ContentKind
    type: TypeUse | None
    pointer: str
    encodings: tuple[PartEncoding, ...] = ()
    is_item: bool = False
    is_event_data: bool = False
    terminator: str = ""


class Body(Struct, frozen=True):
    contents: tuple[Content, ...]
    is_required: bool
    pointer: str
    docs: Docs = NO_DOCS


class ResponseHeader(Struct, frozen=True):
    """A documented header of an answer."""

    name: str
    docs: Docs = NO_DOCS


class Response(Struct, frozen=True):
    """`status` is a code, a range such as `2XX`, or `default`; no contents means no body."""

    status: str
    contents: tuple[Content, ...]
    pointer: str
    docs: Docs = NO_DOCS
    headers: tuple[ResponseHeader, ...] = ()


class Stream(Struct, frozen=True):
    """An answer that is a sequence of items.

    `condition` names the boolean body property that asks for it (`""`: the answer always streams),
    `terminator` is the data that ends the sequence, `finished_by` the path in an item whose
    value, neither null nor false, says that it is complete, `final` the type of the accumulated
    whole, `whole` the property of items that carry it.
    """

    content: Content
    status: str
    item: TypeUse | None
    condition: str = ""
    is_envelope: bool = False
    terminator: str = ""
    finished_by: tuple[str, ...] = ()
    final: TypeUse | None = None
    renames: tuple[tuple[str, str], ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    whole: str = ""


class Link(Struct, frozen=True):
    """An operation that can follow an answer; `target` is its pointer.

    `parameters` and `body` are runtime expressions (`$response.body#/id`) or constants.
    """

    name: str
    status: str
    target: str
    parameters: tuple[tuple[str, object], ...] = ()
    body: object = None
    description: str = ""


class Pagination(Struct, frozen=True):
    """How the pages of an operation follow each other.

    `style`: `cursor` (a value of the answer goes into a parameter), `page` and `offset` (the
    parameter counts), `url` (the answer has the URL of the next page) or `link` (its Link header
    has, RFC 8288). Paths are wire names in the body of the answer; with empty `items` it is the
    array itself. `parameter` moves on, in the `location` `query` or `body`; `size` is the
    parameter for the size of a page and `maximum` its limit. The cursor stands at `next`, or in the
    last item at `last_item`. `has_more` is true while there are more pages, false with `is_done`.
    `current` is where the answer repeats page or offset, `size_field` where it repeats the size.
    `first` is the number of the first page or item, None where only the answers tell. `item` is
    None where the type is not known.
    """

    style: str
    items: tuple[str, ...]
    item: TypeUse | None
    parameter: str = ""
    location: str = "query"
    next: tuple[str, ...] = ()
    last_item: tuple[str, ...] = ()
    has_more: tuple[str, ...] = ()
    is_done: bool = False
    total: tuple[str, ...] = ()
    total_pages: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    size: str = ""
    size_field: tuple[str, ...] = ()
    maximum: int | None = None
    first: int | None = 0


class Operation(Struct, frozen=True):
    """One HTTP operation; never dropped, whatever the document does not say about it."""

    method: str
    path: str
    pointer: str
    operation_id: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    security: tuple[tuple[str, ...], ...]
    servers: tuple[str, ...]
    stream: Stream | None
    replay: str
    idempotency_header: str
    name_hint: str = ""
    resource_words: tuple[str, ...] = ()
    """Where it should live, and `method_words` what it should be called; naming makes names of them."""
    method_words: str = ""
    named_by: tuple[str, ...] = ()
    """The extensions that these words are from."""
    docs: Docs = NO_DOCS
    pagination: Pagination | None = None
    links: tuple[Link, ...] = ()


class Webhook(Struct, frozen=True):
    """A request that the API sends to its users: a webhook, or a callback of operations.

    `key` identifies it for good. `sent_by` holds the keys (`POST /orders`) of the operations whose
    callback it is, `address` the runtime expression that says where it is sent. `parameters_type`
    is the object of its header and query parameters, shared by webhooks that declare the same
    ones. `tags` are the values of the property `Api.webhook_tag` that mean this webhook.
    """

    key: str
    name: str
    method: str
    pointer: str
    operation_id: str
    parameters: tuple[Parameter, ...]
    parameters_type: TypeUse | None
    body: Body | None
    responses: tuple[Response, ...]
    sent_by: tuple[str, ...] = ()
    address: str = ""
    tags: tuple[str, ...] = ()
    name_hint: str = ""
    docs: Docs = NO_DOCS


class SecurityScheme(Struct, frozen=True):
    """`kind`: `bearer`, `basic`, `apiKey`, `oauth2`, `openIdConnect`, `mutualTLS` or `http`.

    The last is any other HTTP scheme, named by `scheme`. The URLs and `scopes` are those of the
    client credentials flow; `token_endpoint_auth_method` is empty where the document does not say.
    """

    name: str
    kind: str
    location: str = ""
    parameter: str = ""
    scheme: str = ""
    token_url: str = ""
    docs: Docs = NO_DOCS
    has_client_credentials: bool = False
    refresh_url: str = ""
    scopes: tuple[str, ...] = ()
    token_endpoint_auth_method: str = ""
    open_id_connect_url: str = ""
    name_hint: str = ""


class ServerVariable(Struct, frozen=True):
    """A placeholder of server URLs; `values` is its enum, empty when anything goes."""

    name: str
    default: str
    values: tuple[str, ...] = ()
    description: str = ""


class Server(Struct, frozen=True):
    """A server as the document writes it, placeholders included; `name` is of OpenAPI 3.2."""

    url: str
    name: str = ""
    description: str = ""
    variables: tuple[ServerVariable, ...] = ()


class Tag(Struct, frozen=True):
    """A Tag Object: a topic that operations belong to; `parent` is the name of another one."""

    name: str
    summary: str = ""
    description: str = ""
    parent: str = ""
    kind: str = ""
    guides_url: str = ""
    guides_text: str = ""


class About(Struct, frozen=True):
    """What the document says about the API as a whole, for readers alone."""

    document_url: str = ""
    terms_url: str = ""
    contact_name: str = ""
    contact_email: str = ""
    license_url: str = ""
    license_identifier: str = ""
    guides_url: str = ""
    guides_text: str = ""
    tags: tuple[Tag, ...] = ()


class Api(Struct, frozen=True):
    """The whole document, lowered."""

    title: str
    version: str
    docs: Docs
    openapi: str
    servers: tuple[str, ...]
    security_schemes: tuple[SecurityScheme, ...]
    operations: tuple[Operation, ...]
    schemas: Mapping[SchemaId, Schema]
    component_names: Mapping[SchemaId, str] = field(default_factory=dict[SchemaId, str])
    contact_url: str = ""
    license_name: str = ""
    webhooks: tuple[Webhook, ...] = ()
    webhook_tag: tuple[str, ...] = ()
    about: About = About()
    server_list: tuple[Server, ...] = ()
    """The servers of `servers` with their placeholders, in the same order."""

    def schema(self, use: TypeUse) -> Schema:
        """The schema behind a use; every id in an Api is in `schemas`."""
        return self.schemas[use.schema]
