"""Unions and recursive aliases that msgspec cannot express, as classes at run time.

msgspec takes a union of scalars, one array and one model. Everything else (two models, a model or
a map, two kinds of string, a type that contains itself) is a name in the generated code: an alias
for type checkers, and at run time a class made by ``union`` or ``alias``, which msgspec hands to
the decoding hook (:mod:`.decoding`). Such a class stands wherever a type may (``list[Pet]``,
``Pet | None``) and answers ``isinstance(value, Pet)``, but is never instantiated. Inside a native
union it tolerates None alone beside it; larger ones become a ``union`` themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class UnionMeta(type):
    """The class of unions: their members, and how to tell them apart."""

    __union_members__: Callable[[], tuple[Any, ...]]
    __union_tag__: str | None
    __union_mapping__: Mapping[str, int] | None
    __union_default__: int | None

    def __instancecheck__(cls, instance: Any) -> bool:
        """Tell whether the value is an instance of a member, looking at its outermost type."""
        from .compiling import union_node

        return union_node(cls).holds(instance)

    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Tell pydantic how to validate, dump and describe a field of this type."""
        from .pydantic_models import core_schema_of

        return core_schema_of(cls, handler)

    def __repr__(cls) -> str:
        return f"{cls.__module__}.{cls.__qualname__}"

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{cls.__name__} is a union; create one of its members")


def union(
    name: str,
    members: Callable[[], tuple[Any, ...]],
    *,
    tag: str | None = None,
    mapping: Mapping[str, int] | None = None,
    default: int | None = None,
) -> Any:
    """Return a class that stands for a union.

    ``members`` returns the types; it is called at the first decode, so that they may be defined
    later. ``tag`` is the discriminator's name in JSON, ``mapping`` the index of the member that
    each of its values means; where that is absent the constants of the members tell. ``default``
    is the index of the member for objects whose discriminator is not there or means no member.
    """
    namespace = {
        "__module__": members.__module__,
        "__slots__": (),
        "__union_members__": staticmethod(members),
        "__union_tag__": tag,
        "__union_mapping__": None if mapping is None else dict(mapping),
        "__union_default__": default,
    }
    return UnionMeta(name, (), namespace)


def alias(name: str, target: Callable[[], Any]) -> Any:
    """Return a class that stands for a type which may contain the alias itself."""
    made = union(name, lambda: (target(),))
    made.__module__ = target.__module__
    return made
