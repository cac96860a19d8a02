"""Arguments of operations: parameters, and the body in each of its media types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sdkpress.annotations import Imports
from sdkpress.content import ContentKind, classify, essence
from sdkpress.model import (
    AnySchema,
    Api,
    ArraySchema,
    Body,
    BooleanSchema,
    Content,
    Docs,
    IntegerSchema,
    MapSchema,
    NumberSchema,
    ObjectSchema,
    Operation,
    Property,
    StringSchema,
    TypeUse,
    UnionSchema,
)
from sdkpress.naming.schemas import name_arguments
from sdkpress.records import Struct
from sdkpress.text import one_line
from sdkpress.views.facts import wire_location

Written = Callable[[TypeUse], str]


class ArgumentView(Struct, frozen=True):
    """One argument of an operation.

    `location` is `path`, `query`, `header`, `cookie`, `field` (a property of the body), `body`, or
    `choice` (of a media type, described in place of the wire name); `test` is the condition under which an optional argument is sent,
    empty for a required one.
    """

    name: str
    annotation: str
    default: str
    wire_name: str
    location: str
    test: str
    is_required: bool


class Given(Struct, frozen=True):
    """An argument before it is written; `annotation` says nothing of being optional."""

    name: str
    annotation: str
    wire_name: str
    location: str
    is_required: bool
    is_nullable: bool = False
    text: str = ""

    def view(self) -> ArgumentView:
        """The argument as it is written."""
        if self.is_required:
            return ArgumentView(
                self.name, self.annotation, "", self.wire_name, self.location, "", True
            )
        annotation, default = f"{self.annotation} | None", "None"
        if self.annotation == "Any":
            annotation, default = "Any", "UNSET"
        elif self.is_nullable or self.annotation == "None":
            annotation, default = f"{self.annotation} | UnsetType", "UNSET"
        return ArgumentView(
            self.name, annotation, f" = {default}", self.wire_name, self.location,
            f"{self.name} is not {default}", False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BodyVariant:
    """Media types of a body that take the same arguments; `kind` is `fields` or `value`."""

    contents: tuple[Content, ...]
    kind: str
    arguments: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of an operation; the first variant is the one that is sent by default."""

    parameters: tuple[Given, ...]
    variants: tuple[BodyVariant, ...]

    def of(self, variant: BodyVariant | None) -> tuple[ArgumentView, ...]:
        """The arguments with one variant of the body, in the order in which they are written."""
        body = variant.arguments if variant else ()
        return _ordered((*self.parameters, *body))

    def merged(self) -> tuple[ArgumentView, ...]:
        """The arguments of all variants at once: what not every one requires is optional."""
        return _ordered((*self.parameters, *self.merged_body()))

    def merged_body(self) -> tuple[Given, ...]:
        """The arguments of the body, of all its variants."""
        if len(self.variants) == 1:
            return self.variants[0].arguments
        found: dict[str, list[Given]] = {}
        for variant in self.variants:
            for item in variant.arguments:
                found.setdefault(item.name, []).append(item)
        merged: list[Given] = []
        for items in found.values():
            is_everywhere = len(items) == len(self.variants)
            first = items[0]
            merged.append(
                Given(
                    first.name,
                    join_unions(item.annotation for item in items),
                    first.wire_name,
                    first.location,
                    is_everywhere and all(item.is_required for item in items),
                    any(item.is_nullable for item in items),
                    next((item.text for item in items if item.text), ""),
                )
            )
        return tuple(merged)

    @property
    def body_kind(self) -> str:
        """`fields` as soon as one variant has them; `value`, or empty without a body."""
        kinds = {variant.kind for variant in self.variants}
        return "fields" if "fields" in kinds else "value" if kinds else ""


class ArgumentWriter:
    """Makes the arguments of operations; `imports` collects what annotations need."""

    def __init__(self, api: Api, imports: Imports, written: Written) -> None:
        self._api = api
        self._imports = imports
        self._input = written

    def arguments(self, operation: Operation) -> Arguments:
        """All arguments, named so that no two variants of the body mean different things by one."""
        body = operation.body
        shapes = [(content, self._members(content)) for content in (body.contents if body else ())]
        # With the names that were set by hand, empty where none was.
        wire: dict[tuple[str, str, bool], str] = {
            (item.location, item.name, False): item.docs.name for item in operation.parameters
        }
        count = len(operation.parameters)
        for _, members in shapes:
            for member in members if members is not None else ():
                hint = member.docs.name
                wire["body", member.name, False] = hint if hint[:1].islower() else ""
            if members is None:
                wire["body", "body", True] = ""
        names = name_arguments([(place, name) for place, name, _ in wire], tuple(wire.values()))
        named = dict(zip(wire, names, strict=True))
        parameters = tuple(
            Given(
                name,
                self._input(item.type),
                item.name,
                wire_location(item),
                item.is_required,
                item.type.nullable,
                _documented(item.docs.description, item.docs),
            )
            for item, name in zip(operation.parameters, names[:count], strict=False)
        )
        variants: list[BodyVariant] = []
        for content, members in shapes:
            assert body is not None
            given: tuple[Given, ...]
            if members is None:
                given = (self._value(content, body, named["body", "body", True]),)
            else:
                given = tuple(
                    Given(
                        named["body", member.name, False],
                        self._field(content, member.name, member.type),
                        member.name,
                        "field",
                        member.is_required,
                        member.type.nullable,
                        _documented(member.docs.description or member.docs.title, member.docs),
                    )
                    for member in members
                )
            kind = "value" if members is None else "fields"
            for number, other in enumerate(variants):
                if other.kind == kind and _same(other.arguments, given):
                    joined = (*other.contents, content)
                    variants[number] = BodyVariant(joined, kind, other.arguments)
                    break
            else:
                variants.append(BodyVariant((content,), kind, given))
        return Arguments(parameters, tuple(variants))

    def _members(self, content: Content) -> tuple[Property, ...] | None:
        """The properties that become arguments, or None where the body is one argument."""
        if content.type is None or content.type.nullable or content.is_item:
            return None
        if content.kind not in (ContentKind.JSON, ContentKind.FORM, ContentKind.MULTIPART):
            return None
        schema = self._api.schema(content.type)
        if isinstance(schema, ObjectSchema) and schema.additional is None:
            return tuple(member for member in schema.properties if not member.read_only)
        return None

    def _value(self, content: Content, body: Body, name: str) -> Given:
        nullable = bool(content.type and content.type.nullable) and not body.is_required
        annotation = self._whole(content)
        return Given(
            name, annotation, "body", "body", body.is_required, nullable, body.docs.description
        )

    def _field(self, content: Content, name: str, use: TypeUse) -> str:
        if content.kind is ContentKind.MULTIPART:
            schema = self._api.schema(use)
            if self._is_file(use):
                return "FileInput"
            if isinstance(schema, AnySchema) and self._is_encoded_as_file(content, name):
                return "FileInput"
            if isinstance(schema, ArraySchema) and self._is_file(schema.items):
                self._imports.abc.add("Sequence")
                return "Sequence[FileInput]"
            if isinstance(schema, UnionSchema) and any(map(self._is_file, schema.options)):
                rest = [self._field(content, name, item) for item in schema.options]
                return join_unions(rest)
        return self._input(use)

    def _is_encoded_as_file(self, content: Content, name: str) -> bool:
        """Whether the Encoding Object of a property without a schema names bytes (OpenAPI 3.1)."""
        return any(
            item.property == name
            and bool(item.content_type)
            and classify(item.content_type.partition(",")[0]) is ContentKind.BINARY
            for item in content.encodings
        )

    def _is_file(self, use: TypeUse) -> bool:
        schema = self._api.schema(use)
        return isinstance(schema, StringSchema) and schema.format in ("binary", "byte")

    def _whole(self, content: Content) -> str:
        match content.kind:
            case ContentKind.TEXT if self._is_no_text(content):
                assert content.type is not None
                return join_unions((self._input(content.type), "str", "bytes"))
            case ContentKind.TEXT | ContentKind.SSE:
                return "str | bytes"
            case ContentKind.BINARY:
                return "FileInput"
            case ContentKind.JSONL:
                self._imports.abc |= {"AsyncIterable", "Iterable"}
                item = "Any"
                if content.type is not None and content.is_item:
                    item = self._input(content.type)
                if item == "Any":
                    self._imports.typing.add("Any")
                return f"Iterable[{item}] | AsyncIterable[{item}] | str | bytes"
            case ContentKind.MULTIPART | ContentKind.FORM if self._is_untyped(content):
                self._imports.abc.add("Mapping")
                return "Mapping[str, object]"
            case _:
                if content.type is None:
                    self._imports.typing.add("Any")
                    return "Any"
                return self._input(content.type)

    def _is_no_text(self, content: Content) -> bool:
        """Whether the schema of a plain text is of numbers and the like: their JSON is sent."""
        if content.type is None or essence(content.media_type) != "text/plain":
            return False
        return isinstance(
            self._api.schema(content.type),
            (IntegerSchema, NumberSchema, BooleanSchema, ArraySchema, ObjectSchema, MapSchema),
        )

    def _is_untyped(self, content: Content) -> bool:
        return content.type is None or isinstance(self._api.schema(content.type), AnySchema)


def _same(one: tuple[Given, ...], other: tuple[Given, ...]) -> bool:
    def shape(items: tuple[Given, ...]) -> set[tuple[str, str, bool, bool]]:
        return {(i.name, i.annotation, i.is_required, i.is_nullable) for i in items}

    return shape(one) == shape(other)


def _ordered(items: tuple[Given, ...]) -> tuple[ArgumentView, ...]:
    views = [item.view() for item in items]
    return tuple(sorted(views, key=lambda item: (item.location != "path", not item.is_required)))


def _documented(text: str, docs: Docs) -> str:
    text = one_line(text) if text else ""
    if not docs.deprecated:
        return text
    reason = one_line(docs.deprecation)
    mark = f"Deprecated: {reason}" if reason else "Deprecated."
    return f"{mark if mark.endswith('.') else mark + '.'} {text}".strip()


def join_unions(annotations: Iterable[str]) -> str:
    """One annotation for any of several: parts once each, None last, Any alone."""
    parts: dict[str, None] = {}
    for annotation in annotations:
        for part in split_union(annotation):
            parts[part] = None
    if "Any" in parts:
        return "Any"
    return " | ".join(sorted(parts, key=lambda part: part == "None"))


def split_union(annotation: str) -> list[str]:
    """The parts of a union, `|` inside brackets and quotes left alone."""
    if "[" not in annotation:
        return annotation.split(" | ")
    parts: list[str] = []
    depth = start = position = 0
    quote = ""
    while position < len(annotation):
        char = annotation[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == "|" and depth == 0:
            parts.append(annotation[start:position].strip())
            start = position + 1
        position += 1
    parts.append(annotation[start:].strip())
    return parts
