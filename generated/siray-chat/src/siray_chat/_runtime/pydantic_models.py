"""Both directions between models and pydantic; nothing here is imported before pydantic is there.

Models as fields of pydantic models: pydantic asks a class for its core schema, and gets one that
takes instances, or mappings that match the document, and that describes the fields for JSON Schema.
Pydantic models in requests: ``dumped``.
"""

from __future__ import annotations

import types
import typing
from _thread import get_ident
from typing import TYPE_CHECKING, Any, cast

import msgspec

from .encoding import to_builtins
from .unions import UnionMeta

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from .model import Model

_in_progress: set[tuple[int, type[Any]]] = set()
"""Classes whose schema is being made by a thread: models contain each other."""


def core_schema_of(cls: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    """What pydantic validates, dumps and describes a field by; ``cls`` is a model or a union."""
    from pydantic_core import core_schema

    ref = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"
    begun = (get_ident(), cls)
    if begun in _in_progress:
        return core_schema.definition_reference_schema(ref)
    _in_progress.add(begun)
    try:
        if isinstance(cls, UnionMeta):
            described = _union_of(cls.__union_members__(), handler)
        else:
            described = _object_of(cls, handler)
    finally:
        _in_progress.discard(begun)

    def validate(value: Any, _: Callable[[Any], Any]) -> Any:
        # The inner schema is there for its JSON Schema alone.
        if isinstance(value, cls):
            return value
        from .decoding import MismatchError, convert

        found, notes = convert(value, cls)
        if notes:
            raise MismatchError(f"{cls.__name__}: {'; '.join(map(str, notes[:3]))}", notes)
        return found

    return core_schema.no_info_wrap_validator_function(
        validate,
        described,
        ref=ref,
        metadata={"pydantic_js_updates": {"title": cls.__name__, "description": _summary(cls)}},
        serialization=core_schema.plain_serializer_function_ser_schema(to_builtins),
    )


def _object_of(cls: type[Model], handler: GetCoreSchemaHandler) -> CoreSchema:
    from pydantic_core import core_schema

    types_by_name = {field.name: field.type for field in msgspec.structs.fields(cls)}
    fields = {
        slot.wire_name: core_schema.typed_dict_field(
            _schema_of(types_by_name[slot.name], handler), required=slot.required
        )
        for slot in cls.__model_slots__
    }
    # What an object has besides its fields is kept.
    return core_schema.typed_dict_schema(fields, cls_name=cls.__name__, extra_behavior="allow")


def _union_of(members: tuple[Any, ...], handler: GetCoreSchemaHandler) -> CoreSchema:
    from pydantic_core import core_schema

    return core_schema.union_schema([_schema_of(member, handler) for member in members])


def _schema_of(annotation: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a field's type, that of anything where pydantic knows none."""
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation
    from pydantic_core import core_schema

    if annotation is bytes:  # base64 in JSON
        return core_schema.str_schema(metadata={"pydantic_js_updates": {"format": "byte"}})
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [arg for arg in typing.get_args(annotation) if arg is not msgspec.UnsetType]
        annotation = typing.Union[tuple(members)]  # noqa: UP007
    try:
        return handler.generate_schema(annotation)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return core_schema.any_schema()


def _summary(cls: type[Any]) -> str:
    return (cls.__doc__ or cls.__name__).strip().partition("\n")[0]


def dumped(value: Any) -> Any:
    """What a pydantic model (any object with ``model_dump``) is in a request.

    Its fields by alias: those that were set, and of the others those whose default is not None.
    """
    dump = value.model_dump
    try:
        given = dump(mode="json", by_alias=True, exclude_unset=True)
        filled = dump(mode="json", by_alias=True, exclude_none=True)
    except TypeError:  # of another library
        return dump()
    except ValueError as error:  # PydanticSerializationError is one
        raise TypeError(str(error)) from error
    return _merged(given, filled)


def _merged(given: Any, filled: Any) -> Any:
    if isinstance(given, dict) and isinstance(filled, dict):
        left, right = cast("dict[str, Any]", given), cast("dict[str, Any]", filled)
        if left == right:
            return left
        # In the order of the fields, as far as the second knows them.
        names = dict.fromkeys((*right, *left))
        return {
            name: (
                _merged(left[name], right[name])
                if name in left and name in right
                else left[name] if name in left else right[name]
            )
            for name in names
        }
    if isinstance(given, list) and isinstance(filled, list):
        first, second = cast("list[Any]", given), cast("list[Any]", filled)
        if len(first) == len(second):
            return [_merged(left, right) for left, right in zip(first, second, strict=True)]
    return cast("Any", given)
