"""JSON to typed objects: strictly at C speed, and tolerantly where that refuses.

A paid answer is never lost. msgspec decodes what matches the document. Whatever else is JSON is
decoded again, without a type, and built by :mod:`.building`, which keeps unknown fields, unknown
values, null for an object, a number for a string, and does without required fields; all of these
but unknown fields are noted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar, overload

import msgspec

from .building import Notes
from .compiling import convert_strictly, decoding_hook, node_for
from .model import Model
from .parsing import JSONDecodeError, JSONText, Note, parse_json, too_deep

__all__ = [
    "Decoded",
    "JSONDecodeError",
    "JSONDecoder",
    "JSONText",
    "MismatchError",
    "Note",
    "convert",
    "decode_json",
    "decoder_for",
    "expect",
]

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_decoders: dict[Any, JSONDecoder[Any]] = {}


class Decoded(NamedTuple, Generic[T]):
    """What was decoded, and where it does not match the document.

    Where there are notes, ``value`` may be something else than its type says: what came is kept.
    """

    value: T
    notes: tuple[Note, ...]


class MismatchError(ValueError):
    """Valid JSON that does not match the document, where that was asked for or is no object."""

    notes: tuple[Note, ...]

    def __init__(self, message: str, notes: tuple[Note, ...] = ()) -> None:
        super().__init__(message)
        self.notes = notes

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (*self.args, self.notes))


class JSONDecoder(Generic[T]):
    """Decodes JSON of one type; made once for each type by ``decoder_for``."""

    __slots__ = ("_node", "strict")

    def __init__(self, type_: Any) -> None:
        self.strict: Callable[[JSONText], T] = msgspec.json.Decoder[T](
            type_, dec_hook=decoding_hook
        ).decode
        """The fast path alone. Raises msgspec's errors, ValueError, or RecursionError."""
        self._node = node_for(type_)

    def decode(self, data: JSONText) -> Decoded[T]:
        """Decode UTF-8 (or text); raises JSONDecodeError where it is not JSON, nothing else."""
        try:
            return Decoded(self.strict(data), ())
        except RecursionError:
            raise too_deep(data) from None
        except (msgspec.MsgspecError, ValueError):
            return self.tolerate(data)

    def tolerate(self, data: JSONText) -> Decoded[T]:
        """Decode what ``strict`` refused; raises as ``decode``."""
        value, notes = parse_json(data)
        found = Notes()
        try:
            built = self._node.build(value, None, found)
        except RecursionError:
            raise too_deep(data) from None
        return Decoded(built, (*notes, *found.found))


@overload
def decoder_for(type_: type[T]) -> JSONDecoder[T]: ...
@overload
def decoder_for(type_: Any) -> JSONDecoder[Any]: ...
def decoder_for(type_: Any) -> JSONDecoder[Any]:
    """Return the decoder of a type: a model, a scalar, ``list[...]``, ``dict[...]``, a union."""
    try:
        decoder = _decoders.get(type_)
    except TypeError:  # unhashable metadata of Annotated
        return JSONDecoder(type_)
    if decoder is None:
        decoder = _decoders.setdefault(type_, JSONDecoder(type_))
    return decoder


@overload
def decode_json(data: JSONText, type_: type[T]) -> Decoded[T]: ...
@overload
def decode_json(data: JSONText, type_: Any) -> Decoded[Any]: ...
def decode_json(data: JSONText, type_: Any) -> Decoded[Any]:
    """Decode JSON as ``type_``; raises JSONDecodeError where it is not JSON, nothing else."""
    return decoder_for(type_).decode(data)


@overload
def convert(value: Any, type_: type[T]) -> Decoded[T]: ...
@overload
def convert(value: Any, type_: Any) -> Decoded[Any]: ...
def convert(value: Any, type_: Any) -> Decoded[Any]:
    """Build ``type_`` from JSON values, as ``decode_json`` does from text.

    Values typed ``Any`` and unknown fields are not copied. Raises JSONDecodeError where they are
    nested too deeply, or contain themselves.
    """
    try:
        return Decoded(convert_strictly(value, type_), ())
    except RecursionError:
        raise too_deep("") from None
    except (msgspec.MsgspecError, ValueError, TypeError):
        pass
    found = Notes()
    try:
        built = node_for(type_).build(value, None, found)
    except RecursionError:
        raise too_deep("") from None
    return Decoded(built, tuple(found.found))


def expect(cls: type[M], decoded: Decoded[M], *, strict: bool) -> M:
    """Return the model, and raise MismatchError where it is none, or not ``strict``-ly one."""
    value, notes = decoded
    if not isinstance(value, cls) or (strict and notes):
        raise MismatchError(f"{cls.__name__}: {'; '.join(map(str, notes[:3]))}", notes)
    return value
