"""Which answers are streams, what asks for them, and how they end.

Facts come from the `x-sdkpress-stream` extension of the media type, else from the shapes
themselves: a list of choices whose items have an index, a delta and a finish reason is the chunk
of a streamed completion, whoever's document it is in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sdkpress.content import STREAM_KINDS, ContentKind
from sdkpress.lowering.event_data import FIELDS
from sdkpress.lowering.schemas import SchemaLowering
from sdkpress.lowering.source import Source, as_dict, as_text
from sdkpress.model import (
    ArraySchema,
    Body,
    BooleanSchema,
    ConstSchema,
    Content,
    EnumSchema,
    ObjectSchema,
    Property,
    Response,
    Schema,
    SchemaId,
    Stream,
    StringSchema,
    TypeUse,
    UnionSchema,
)

EXTENSION = "x-sdkpress-stream"
DONE = "[DONE]"
_CONDITION = "stream"
_ASIDE = frozenset({"condition", "terminator"})
"""What an extension may say without deciding how the items add up."""
_MOST_LEVELS = 4
_BEGINNINGS = frozenset({"begin", "created", "init", "queued", "start", "started"})
_TEXTS = frozenset({"response", "text", "content", "thinking", "reasoning"})

Look = Callable[[TypeUse], Schema]


class StreamLowering:
    """Finds the stream of an operation after all schemas have been resolved."""

    def __init__(self, source: Source, lowering: SchemaLowering) -> None:
        self._source = source
        self._lowering = lowering

    def prepare(self, responses: tuple[Response, ...]) -> None:
        """Lower the schemas that only an extension refers to."""
        for response in responses:
            for content in response.contents:
                final = as_dict(self._extension(content)).get("final")
                if isinstance(final, str):
                    self._lowering.use({"$ref": final}, content.pointer)

    def stream(
        self,
        responses: tuple[Response, ...],
        body: Body | None,
        schemas: dict[SchemaId, Schema],
        finish: Callable[[TypeUse], TypeUse],
    ) -> Stream | None:
        """The streamed successful answer, if the operation has one."""
        for response in responses:
            if not response.status.startswith("2"):
                continue
            plain = [c for c in response.contents if c.kind not in STREAM_KINDS and not c.is_item]
            for content in response.contents:
                if content.kind in STREAM_KINDS or content.is_item:
                    return self._describe(content, response, plain, body, schemas, finish)
        return None

    def _describe(
        self,
        content: Content,
        response: Response,
        plain: list[Content],
        body: Body | None,
        schemas: dict[SchemaId, Schema],
        finish: Callable[[TypeUse], TypeUse],
    ) -> Stream:
        facts = self._extension(content)
        item = finish(content.type) if content.type else None
        shape = schemas[item.schema] if item else None
        is_event = content.kind is ContentKind.SSE and not content.is_event_data
        envelope = is_event and _is_envelope(shape, schemas)
        terminator = as_text(facts.get("terminator")) or content.terminator
        is_inferred = facts.keys() <= _ASIDE
        if is_event and is_inferred and isinstance(shape, UnionSchema):
            opened = _opened(shape, schemas)
            if opened is not None:
                item, terminator = opened[0], terminator or opened[1]
                shape, envelope = schemas[item.schema], False
        final = next((finish(c.type) for c in plain if c.kind is ContentKind.JSON and c.type), None)
        if final is not None and isinstance(schemas[final.schema], ArraySchema):
            final = None  # the items are those of the stream, which adds up to their list
        if isinstance(facts.get("final"), str):
            final = finish(self._lowering.use({"$ref": facts["final"]}, content.pointer))
        finished_by = tuple(part for part in as_text(facts.get("finished-by")).split("/") if part)
        renames = _pairs(facts.get("rename"))
        keys = _pairs(facts.get("keys"))
        if is_inferred and isinstance(shape, ObjectSchema):
            finished_by, renames, keys = _chunk_shape(shape, final, schemas)
            if not finished_by:
                finished_by, renames, keys = _flag_shape(shape, schemas)
        whole = "" if not is_inferred or final is None else _whole_name(shape, final, schemas)
        if whole and final is not None and _only_begins(shape, whole, final, schemas):
            # What the whole is when it begins is empty, and the events after it have each its own
            # way to add to it: the events themselves are all that can be promised.
            whole, final = "", None
        if not terminator and finished_by and content.kind is ContentKind.SSE:
            terminator = DONE
        condition = as_text(facts.get("condition"))
        if not condition and plain:
            condition = _condition(body, schemas, finish)
            if not condition:
                self._source.report(
                    "stream-without-condition",
                    "the answer is a stream or one value, and no boolean body property asks for it",
                    content.pointer,
                )
        return Stream(
            content=content,
            status=response.status,
            item=item,
            condition=condition,
            is_envelope=envelope,
            terminator=terminator,
            finished_by=finished_by,
            final=final,
            renames=renames,
            keys=keys,
            whole=whole,
        )

    def _extension(self, content: Content) -> dict[str, Any]:
        node, _ = self._source.resolve(as_dict(self._source.at(content.pointer)), content.pointer)
        return as_dict(node.get(EXTENSION))


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((key, item) for key, item in as_dict(value).items() if isinstance(item, str))


def _condition(
    body: Body | None,
    schemas: dict[SchemaId, Schema],
    finish: Callable[[TypeUse], TypeUse],
) -> str:
    for content in body.contents if body else ():
        shape = schemas[finish(content.type).schema] if content.type else None
        for member in shape.properties if isinstance(shape, ObjectSchema) else ():
            if member.name == _CONDITION and isinstance(
                schemas[finish(member.type).schema], BooleanSchema
            ):
                return member.name
    return ""


def _is_envelope(
    shape: Schema | None, schemas: dict[SchemaId, Schema], level: int = _MOST_LEVELS
) -> bool:
    """An item that describes the parsed event itself (OpenAPI 3.2, section 4.14.4)."""
    if isinstance(shape, UnionSchema):
        return level > 0 and all(
            _is_envelope(schemas[option.schema], schemas, level - 1) for option in shape.options
        )
    if not isinstance(shape, ObjectSchema):
        return False
    names = {member.name for member in shape.properties}
    return "data" in names and names <= FIELDS


def _opened(shape: UnionSchema, schemas: dict[SchemaId, Schema]) -> tuple[TypeUse, str] | None:
    """The type of the data, and the terminator, of a union of parsed events one of which ends it."""
    items: list[TypeUse] = []
    terminators: list[str] = []
    for option in shape.options:
        event = schemas[option.schema]
        data = _member(event, "data") if isinstance(event, ObjectSchema) else None
        if data is None or not _is_envelope(event, schemas):
            return None
        value = schemas[data.type.schema]
        if isinstance(value, ConstSchema) and isinstance(value.value, str):
            terminators.append(value.value)
        elif isinstance(value, EnumSchema) and len(value.values) == 1:
            terminators.append(str(value.values[0]))
        elif isinstance(value, ObjectSchema):
            items.append(data.type)
    if len(items) == len(terminators) == 1 and len(shape.options) == 2:
        return items[0], terminators[0]
    return None


def _whole_name(shape: Schema | None, final: TypeUse, schemas: dict[SchemaId, Schema]) -> str:
    """The property of some events that carries the whole as it is by then, if they have one."""
    for option in shape.options if isinstance(shape, UnionSchema) else ():
        event = schemas[option.schema]
        for member in event.properties if isinstance(event, ObjectSchema) else ():
            if member.type.schema == final.schema and isinstance(
                schemas[final.schema], ObjectSchema
            ):
                return member.name
    return ""


def _only_begins(
    shape: Schema | None, whole: str, final: TypeUse, schemas: dict[SchemaId, Schema]
) -> bool:
    """Whether the events that carry the whole are called by what begins it, as `message_start` is."""
    events = (
        [schemas[use.schema] for use in shape.options] if isinstance(shape, UnionSchema) else []
    )
    carriers: list[ObjectSchema] = []
    for event in events:
        member = _member(event, whole) if isinstance(event, ObjectSchema) else None
        if isinstance(event, ObjectSchema) and member and member.type.schema == final.schema:
            carriers.append(event)
    return len(carriers) < len(events) and all(_begins(event, schemas) for event in carriers)


def _begins(event: ObjectSchema, schemas: dict[SchemaId, Schema]) -> bool:
    for name in ("type", "event"):
        member = _member(event, name)
        tag = schemas[member.type.schema] if member else None
        value: object = tag.value if isinstance(tag, ConstSchema) else None
        if isinstance(tag, EnumSchema) and len(tag.values) == 1:
            value = tag.values[0]
        if isinstance(value, str):
            words = re.findall("[A-Z]?[a-z0-9]+|[A-Z]+", value)
            return bool(words) and words[-1].lower() in _BEGINNINGS
    return False


def _member(shape: ObjectSchema, name: str) -> Property | None:
    return next((member for member in shape.properties if member.name == name), None)


def _list_items(
    shape: Schema | None, name: str, schemas: dict[SchemaId, Schema]
) -> ObjectSchema | None:
    member = _member(shape, name) if isinstance(shape, ObjectSchema) else None
    listed = schemas[member.type.schema] if member else None
    items = schemas[listed.items.schema] if isinstance(listed, ArraySchema) else None
    return items if isinstance(items, ObjectSchema) else None


def _chunk_shape(
    shape: ObjectSchema, final: TypeUse | None, schemas: dict[SchemaId, Schema]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    choice = _list_items(shape, "choices", schemas)
    if choice is None or _member(choice, "finish_reason") is None:
        return (), (), ()
    keys = [("choices", "index")] if _member(choice, "index") else []
    renames: tuple[tuple[str, str], ...] = ()
    delta = _member(choice, "delta")
    if delta is not None:
        whole = _list_items(schemas[final.schema], "choices", schemas) if final else None
        if whole is None or _member(whole, "message") is not None:
            renames = (("delta", "message"),)
        delta_shape = schemas[delta.type.schema]
        for member in delta_shape.properties if isinstance(delta_shape, ObjectSchema) else ():
            items = _list_items(delta_shape, member.name, schemas)
            if items is not None and _member(items, "index") is not None:
                keys.append((member.name, "index"))
    return ("choices", "*", "finish_reason"), renames, tuple(keys)


def _flag_shape(
    shape: ObjectSchema, schemas: dict[SchemaId, Schema]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Pieces of a message or a text, of which the last has the flag `done`."""
    flag = _member(shape, "done")
    message = _member(shape, "message")
    if flag is None or not isinstance(schemas[flag.type.schema], BooleanSchema):
        return (), (), ()
    places = [shape]
    texts: list[str] = []
    said = schemas[message.type.schema] if message else None
    if isinstance(said, ObjectSchema):
        places.append(said)
        texts = ["message"]
    else:
        texts = [
            member.name
            for member in shape.properties
            if member.name in _TEXTS and isinstance(schemas[member.type.schema], StringSchema)
        ]
    if not texts:
        return (), (), ()
    keys = [
        (member.name, "")
        for place in places
        for member in place.properties
        if _list_items(place, member.name, schemas) is not None
    ]
    return ("done",), tuple((name, name) for name in texts), tuple(keys)
