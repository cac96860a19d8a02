"""Types to nodes: one node for each type, made once and kept."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import types
import typing
import uuid
from typing import Any

import msgspec

from .building import (
    NULL,
    AnyNode,
    ConvertedNode,
    FloatNode,
    IntNode,
    ListNode,
    LiteralNode,
    MapNode,
    ModelNode,
    Node,
    NullableNode,
    ScalarNode,
    TupleNode,
)
from .choosing import UnionNode
from .first_use import make_known
from .model import Model
from .unions import UnionMeta

_STRING = (str,)
_NUMBERS = (str, int, float)

_SIMPLE: dict[Any, Node] = {
    Any: AnyNode(Any, "any value", (object,)),
    object: AnyNode(object, "any value", (object,)),
    None: NULL,
    type(None): NULL,
    str: ScalarNode(str, "a string", (str,)),
    bool: ScalarNode(bool, "a boolean", (bool,)),
    int: IntNode(int, "an integer", (int,)),
    float: FloatNode(float, "a number", (float, int)),
    bytes: ConvertedNode(bytes, "base64", (bytes,), _STRING),
    datetime.datetime: ConvertedNode(
        datetime.datetime, "a date-time (RFC 3339)", (datetime.datetime,), _STRING
    ),
    datetime.date: ConvertedNode(datetime.date, "a date (RFC 3339)", (datetime.date,), _STRING),
    datetime.time: ConvertedNode(datetime.time, "a time (RFC 3339)", (datetime.time,), _STRING),
    datetime.timedelta: ConvertedNode(
        datetime.timedelta, "a duration (ISO 8601)", (datetime.timedelta,), _STRING
    ),
    uuid.UUID: ConvertedNode(uuid.UUID, "a UUID", (uuid.UUID,), _STRING),
    decimal.Decimal: ConvertedNode(
        decimal.Decimal, "a decimal number", (decimal.Decimal,), _NUMBERS
    ),
}

_ARRAYS = (
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Collection,
    collections.abc.Iterable,
)
_MAPS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

_nodes: dict[Any, Node] = {}
_learned: dict[Any, Any] = {}  # members of unions, as learned


def node_for(type_: Any) -> Node:
    """Return the node that builds ``type_``, always the same for equal types.

    Safe from several threads: each may make a node, all use the one that was kept first.
    """
    try:
        node = _SIMPLE.get(type_) or _nodes.get(type_)
    except TypeError:  # Annotated with something unhashable
        return _compile(type_)
    if node is None:
        node = _nodes.setdefault(type_, _compile(type_))
    return node


def union_node(type_: UnionMeta) -> UnionNode:
    """Return the node of a class made by ``union``."""
    node = node_for(type_)
    assert isinstance(node, UnionNode)
    return node


def decoding_hook(type_: Any, value: Any) -> Any:
    """Build the member of a union from JSON values, strictly: msgspec's ``dec_hook``."""
    if not isinstance(type_, UnionMeta):
        raise TypeError(f"{type_!r} is not a type of JSON")
    node = union_node(type_)
    member = node.choose(value)
    if member is None or node.contradicts(value, member):
        raise ValueError(f"no member of {type_.__name__} fits")
    try:
        return convert_strictly(value, _learned.get(member.type, member.type))
    except msgspec.ValidationError:
        from .learning import learned

        type_ = learned(member.type)
        if type_ is _learned.get(member.type, member.type):
            raise
        _learned[member.type] = type_
        return convert_strictly(value, type_)


def convert_strictly(value: Any, type_: Any) -> Any:
    """Build ``type_`` from JSON values; raises msgspec.ValidationError where they do not match."""
    make_known(type_, decoding_hook)
    return msgspec.convert(value, type_, str_keys=True, dec_hook=decoding_hook)


def _compile(type_: Any) -> Node:
    if isinstance(type_, UnionMeta):
        return _union(type_)
    origin: Any = typing.get_origin(type_) or type_
    arguments = typing.get_args(type_)
    if isinstance(origin, type) and issubclass(origin, Model):
        return ModelNode(origin, node_for)
    if origin is typing.Annotated:
        return node_for(arguments[0])
    if origin is typing.Literal:
        return LiteralNode(type_, arguments)
    if origin is typing.Union or origin is types.UnionType:
        return _native_union(type_, arguments)
    if origin in _ARRAYS:
        return ListNode(type_, node_for(arguments[0] if arguments else Any))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return ListNode(type_, node_for(arguments[0]))
        if arguments:
            return TupleNode(type_, tuple(node_for(argument) for argument in arguments))
        return ListNode(type_, node_for(Any))
    if origin in _MAPS:
        key, value = arguments or (str, Any)
        return MapNode(type_, None if key is str else node_for(key), node_for(value))
    if isinstance(type_, typing.TypeVar):
        return node_for(Any)
    if hasattr(type_, "__value__"):  # the ``type`` statement of Python 3.12
        return node_for(type_.__value__)
    kinds: tuple[type, ...] = (dict,) if _is_record(origin) else (str, int, float, list)
    classes: tuple[type, ...] = (origin,) if isinstance(origin, type) else ()
    name = getattr(type_, "__name__", None) or repr(type_)
    return ConvertedNode(type_, f"a valid {name}", classes, kinds, convert_strictly)


def _union(type_: UnionMeta) -> UnionNode:
    def members() -> list[Node]:
        return [node_for(member) for member in type_.__union_members__()]

    return UnionNode(
        type_, members, type_.__union_tag__, type_.__union_mapping__, type_.__union_default__
    )


def _native_union(type_: Any, members: tuple[Any, ...]) -> Node:
    others = [member for member in members if member is not type(None)]
    if len(others) == 1 and len(members) == 2:
        return NullableNode(type_, node_for(others[0]))
    return UnionNode(type_, lambda: [node_for(member) for member in members])


def _is_record(type_: Any) -> bool:
    """Tell whether the type is read from an object: TypedDict, dataclass, attrs, other Structs."""
    return (
        typing.is_typeddict(type_)
        or hasattr(type_, "__struct_fields__")
        or hasattr(type_, "__dataclass_fields__")
        or hasattr(type_, "__attrs_attrs__")
    )
