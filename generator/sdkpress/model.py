"""The intermediate representation: what the document says, with nothing of Python in it.

Schemas refer to each other by id, so that recursion costs nothing; an id is the JSON pointer of
the schema in the (bundled, overlaid) document.
Every schema kind is a class of its own; code that handles schemas matches all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType, TypeAlias

from sdkpress.content import ContentKind

SchemaId = NewType("SchemaId", str)
"""JSON pointer of a schema (RFC 6901); a `~:` suffix marks one that lowering derived from it."""

JsonScalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class TypeUse:
    """A schema at a place where it is used, with null allowed there or not."""

    schema: SchemaId
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Docs:
    """What the document tells a reader about a node."""

    title: str = ""
    summary: str = ""
    description: str = ""
    deprecated: bool = False


NO_DOCS = Docs()


# --- schemas -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnySchema:
    """Any JSON value: an empty schema, `true`, or what cannot be expressed."""

    id: SchemaId
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class NullSchema:
    """null and nothing else."""

    id: SchemaId
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class BooleanSchema:
    id: SchemaId
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class IntegerSchema:
    id: SchemaId
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class NumberSchema:
    id: SchemaId
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class StringSchema:
    """A string; `format` as the document writes it, `""` without one."""

    id: SchemaId
    format: str = ""
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class EnumSchema:
    """A fixed set of scalar values, in document order, without null and duplicates."""

    id: SchemaId
    values: tuple[JsonScalar, ...]
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class ConstSchema:
    """Exactly one scalar value."""

    id: SchemaId
    value: JsonScalar
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class ArraySchema:
    id: SchemaId
    items: TypeUse
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class TupleSchema:
    """`prefixItems`; `rest` is the type of what may follow, None when nothing may."""

    id: SchemaId
    items: tuple[TypeUse, ...]
    rest: TypeUse | None
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class MapSchema:
    """An object without named properties: string keys, one type of values."""

    id: SchemaId
    values: TypeUse
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class Property:
    """A named property of an object; `name` is the wire name."""

    name: str
    type: TypeUse
    is_required: bool
    read_only: bool = False
    write_only: bool = False
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """An object with named properties; `additional` is the declared type of all others, if any."""

    id: SchemaId
    properties: tuple[Property, ...]
    additional: TypeUse | None = None
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class Discriminator:
    """`property` chooses the option; `mapping` goes from its value to the position of the option."""

    property: str
    mapping: tuple[tuple[str, int], ...]
    default: int | None = None


@dataclass(frozen=True, slots=True)
class UnionSchema:
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


@dataclass(frozen=True, slots=True)
class Parameter:
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


@dataclass(frozen=True, slots=True)
class PartEncoding:
    """How one property of a form or multipart body is written (Encoding Object)."""

    property: str
    content_type: str = ""
    style: str = ""
    explode: bool = True


@dataclass(frozen=True, slots=True)
class Content:
    """One media type of a body; `type` is None where the document says nothing about it."""

    media_type: str
    kind: ContentKind
    type: TypeUse | None
    pointer: str
    encodings: tuple[PartEncoding, ...] = ()
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    contents: tuple[Content, ...]
    is_required: bool
    pointer: str
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class Response:
    """`status` is a code, a range such as `2XX`, or `default`; no contents means no body."""

    status: str
    contents: tuple[Content, ...]
    pointer: str
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is a sequence of items.

    `condition` names the boolean body property that asks for it (`""`: the answer always streams),
    `terminator` is the data that ends the sequence, `finished_by` the path in an item whose
    non-null value says that it is complete, `final` the type of the accumulated whole.
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


@dataclass(frozen=True, slots=True)
class Operation:
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
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """`kind`: `bearer`, `basic`, `apiKey`, `oauth2`, `openIdConnect`, `mutualTLS` or another HTTP scheme."""

    name: str
    kind: str
    location: str = ""
    parameter: str = ""
    scheme: str = ""
    token_url: str = ""
    docs: Docs = NO_DOCS


@dataclass(frozen=True, slots=True)
class Api:
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

    def schema(self, use: TypeUse) -> Schema:
        """The schema behind a use; every id in an Api is in `schemas`."""
        return self.schemas[use.schema]
