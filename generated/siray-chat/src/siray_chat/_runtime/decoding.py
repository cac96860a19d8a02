"""JSON to typed objects: strictly at C speed, and tolerantly where that refuses.

A paid answer is never lost. msgspec decodes what matches the document. Whatever else is JSON is
decoded again, without a type, and built by :mod:`.building`, which keeps unknown fields, unknown
values, null for an object, a number for a string, and does without required fields; all of these
but unknown fields are noted.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

import msgspec

from .first_use import new_decoder
from .model import Model
from .parsing import JSONDecodeError, JSONText, Note, parse_json, too_deep
from .unions import UnionMeta

if TYPE_CHECKING:
    from .building import Deviation

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
_MAX_LOOSENED = 16


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

    __slots__ = ("_generation", "_loosened", "_type", "strict")

    def __init__(self, type_: Any) -> None:
        self._type = type_
        self._generation = 0
        self._loosened: dict[frozenset[Deviation], Callable[[JSONText], T] | None] = {}
        self.strict: Callable[[JSONText], T] = _decode_as(type_)
        """The fast path alone. Raises msgspec's errors, ValueError, or RecursionError.

        Another one from time to time: unknown fields that come often are learned.
        """

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
        return self.examine(data)[0]

    def examine(self, data: JSONText) -> tuple[Decoded[T], Set[Deviation]]:
        """As ``tolerate``, and which fields do not match, for ``loosened``."""
        from .building import Notes
        from .compiling import node_for

        if self.refresh():
            try:
                return Decoded(self.strict(data), ()), frozenset()
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass
        value, notes = parse_json(data)
        found = Notes()
        try:
            built = node_for(self._type).build(value, None, found)
        except RecursionError:
            raise too_deep(data) from None
        if found.unknown:
            from .learning import notice

            notice(found.unknown)
        return Decoded(built, (*notes, *found.found)), found.deviations

    def refresh(self) -> bool:
        """Bring ``strict`` up to date; tell whether it has changed."""
        from . import learning

        now = learning.generation()
        if now == self._generation:
            return False
        type_ = learning.learned(self._type)
        self._loosened = {}
        self._generation = now
        self.strict = _decode_as(type_)
        return type_ is not self._type

    def loosened(self, deviations: Set[Deviation]) -> Callable[[JSONText], T] | None:
        """What decodes as ``strict`` and takes fields that deviate so as they are, without a note.

        It gives what ``decode`` gives. None where that cannot be made.
        """
        from .learning import loosened

        self.refresh()
        made, key = self._loosened, frozenset(deviations)
        if key not in made:
            if len(made) >= _MAX_LOOSENED:
                return None
            try:
                made[key] = _decode_as(loosened(self._type, key))
            except TypeError:  # no union that msgspec takes
                made[key] = None
        return made[key]


def _decode_as(type_: Any) -> Callable[[JSONText], Any]:
    decode = new_decoder(type_, _hook)
    if isinstance(type_, UnionMeta):
        from .compiling import union_node

        tagged = union_node(type_).tagged_models()
        if tagged is not None:
            tag, models = tagged
            return _Tagged(tag, {value: node.type for value, node in models.items()}, decode)
    return decode


class _Tagged:
    """Decodes a union by its discriminator, which msgspec finds first, without a detour by dicts.

    Whatever is unusual (no discriminator, one that means no model) is left to the general way.
    """

    __slots__ = ("_decoders", "_general", "_look", "_models")

    def __init__(
        self, tag: str, models: dict[str, Any], general: Callable[[JSONText], Any]
    ) -> None:
        self._models = models
        self._general = general
        self._decoders: dict[str, JSONDecoder[Any]] = {}
        head = msgspec.defstruct("Tag", [("tag", str)], rename={"tag": tag})
        self._look: Callable[[JSONText], Any] = new_decoder(head)

    def __call__(self, data: JSONText) -> Any:
        try:
            tag = self._look(data).tag
            decoder = self._decoders.get(tag)
            if decoder is None:
                decoder = self._decoders[tag] = decoder_for(self._models[tag])
        except (KeyError, msgspec.ValidationError):
            return self._general(data)
        try:
            return decoder.strict(data)
        except msgspec.ValidationError:
            if decoder.refresh():
                return decoder.strict(data)
            raise


def _hook(type_: Any, value: Any) -> Any:
    from .compiling import decoding_hook

    return decoding_hook(type_, value)


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
    from .building import Notes
    from .compiling import convert_strictly, node_for

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
