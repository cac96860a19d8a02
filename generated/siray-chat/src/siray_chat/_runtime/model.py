"""``Model``: the base of every generated model.

A model is a msgspec Struct, decoded and encoded by msgspec in C, which keeps what its document
does not know:

* A field with the default ``ABSENT`` is optional. Its slot holds UNSET when the field is absent and
  None when it is null; both read as None, msgspec leaves UNSET out of what it encodes, and
  ``is_set`` tells the two apart. Reading goes through a property put over msgspec's member
  descriptor; msgspec itself works by offset and never sees it.
* Fields the document does not know live in ``model.extra``.
* A required field that the server left out reads as None and is not written back.

The last two live in the instance's ``__dict__`` under a private key each. Only
:mod:`.encoding` has to care, and only once ``incomplete_structs`` says that there are any. In an
object of a *hidden* class (:mod:`.learning`) they are slots that msgspec reads and writes, until
``extra`` is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, cast

import msgspec

from .unset import UNSET

if TYPE_CHECKING:
    from typing import Self, TypeAlias, dataclass_transform

    _T = TypeVar("_T")
    Maybe: TypeAlias = _T | None
    """An optional field whose schema does not allow null: absent reads as None."""
else:

    class Maybe:
        """An optional field whose schema does not allow null: absent reads as None.

        ``Maybe[T]`` is ``T | None`` for type checkers and plain ``T`` at run time, so that strict
        decoding reports a null, which tolerant decoding then keeps.
        """

        def __class_getitem__(cls, item):
            return item

    def dataclass_transform(**_):
        """Return a decorator that does nothing; only type checkers read this one."""
        return lambda cls: cls


ABSENT: Any = UNSET
"""The default of an optional field."""

_EXTRA = "_extra"
_MISSING = "_missing"


_decoders: dict[type[Model], Callable[[bytes | str], Any]] = {}  # for ``from_json``


class _State:
    """What the whole process has seen."""

    __slots__ = ("incomplete_structs", "read_only_fields")

    def __init__(self) -> None:
        self.incomplete_structs: bool = False
        """A model may exist that its Struct fields alone do not describe."""
        self.read_only_fields: bool = False
        """A model class exists that has fields which are not for requests."""


STATE = _State()


class Slot(NamedTuple):
    """One field of a model class."""

    name: str
    wire_name: str
    read: Callable[[Any], Any]
    """Reads the slot itself: UNSET, where the attribute would read as None."""
    required: bool


def _optional(member: Any) -> property:
    """Return a property over a member descriptor that reads UNSET as None."""
    get, put = member.__get__, member.__set__

    def read(self: Any) -> Any:
        value = get(self)
        return None if value is UNSET else value

    def forget(self: Any) -> None:
        put(self, UNSET)

    return property(read, put, forget)


class ModelMeta(msgspec.StructMeta):
    """Makes model classes: keyword-only fields, optional ones reading as None."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        kw_only: bool = True,
        rename: Mapping[str, str] | None = None,
        read_only: tuple[str, ...] = (),
        **options: Any,
    ) -> ModelMeta:
        """Create the class; ``rename`` maps the name of a field to its name in JSON.

        ``read_only`` lists fields, by their names in JSON, that only answers have.
        """
        names: dict[str, str] = dict(rename) if rename else {}
        for base in bases:
            for slot in _slots_of(base):
                names.setdefault(slot.name, slot.wire_name)
        # msgspec refuses these names. Such a field is known to the tolerant decoder and to our
        # encoder alone; msgspec gets a name that no server sends.
        unspeakable = {python for python, wire in names.items() if not is_speakable(wire)}
        spoken = names | {python: f"{python}\N{REPLACEMENT CHARACTER}" for python in unspeakable}
        cls = super().__new__(
            mcls, name, bases, namespace, kw_only=kw_only, rename=spoken, **options
        )
        inherited = {
            slot.name: slot for base in reversed(cls.__mro__[1:]) for slot in _slots_of(base)
        }
        defaults = cls.__struct_defaults__
        fields = cls.__struct_fields__
        first_optional = len(fields) - len(defaults)
        slots: list[Slot] = []
        for position, field in enumerate(fields):
            default = defaults[position - first_optional] if position >= first_optional else None
            required = position < first_optional or default is msgspec.NODEFAULT
            member = cls.__dict__.get(field)
            read = member.__get__ if member is not None else inherited[field].read
            if member is not None and not required and default is UNSET:
                setattr(cls, field, _optional(member))
            slots.append(Slot(field, names.get(field, field), read, required))
        cls.__model_slots__ = tuple(slots)
        cls.__model_unspeakable__ = bool(unspeakable)
        cls.__model_read_only__ = frozenset(read_only).union(
            *(base.__model_read_only__ for base in bases if isinstance(base, ModelMeta))
        )
        if read_only:
            STATE.read_only_fields = True
        if unspeakable:
            STATE.incomplete_structs = True
        cls.__model_class__ = cast("type[Model]", cls)
        cls.__model_learned__ = ()
        cls.__model_lenient__ = ()
        return cls

    __model_class__: type[Model]
    __model_learned__: tuple[tuple[str, Any], ...]
    __model_lenient__: tuple[Slot, ...]
    __model_slots__: tuple[Slot, ...]
    __model_unspeakable__: bool
    __model_read_only__: frozenset[str]


def is_speakable(name: str) -> bool:
    """Tell whether msgspec takes ``name`` for the name of a field in JSON."""
    return not any(char < " " or char in '"\\' or "\ud800" <= char <= "\udfff" for char in name)


def _slots_of(cls: type) -> tuple[Slot, ...]:
    return cls.__model_slots__ if isinstance(cls, ModelMeta) else ()


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Model(
    msgspec.Struct,
    metaclass=ModelMeta,
    dict=True,
    forbid_unknown_fields=True,
    eq=False,
    weakref=True,
):
    """The base of every model: typed fields, and ``extra`` for all that the document omits."""

    if TYPE_CHECKING:
        __model_class__: ClassVar[type[Model]]
        """The class itself, or the one that a hidden class stands for."""
        __model_learned__: ClassVar[tuple[tuple[str, Any], ...]]
        """Name in JSON and member descriptor of each field that a hidden class has more."""
        __model_lenient__: ClassVar[tuple[Slot, ...]]
        """The required fields that a hidden class does without."""
        __model_slots__: ClassVar[tuple[Slot, ...]]
        __model_unspeakable__: ClassVar[bool]
        __model_read_only__: ClassVar[frozenset[str]]
        __hash__: ClassVar[None]  # type: ignore[assignment]  # models are mutable

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the document does not know, by their name in JSON.

        Changes are kept and sent. Such a field can be read as an attribute, too, unless a field or
        a method has its name.
        """
        state = _state_of(self)
        extra: dict[str, Any] | None = state.get(_EXTRA)
        if extra is None:
            # Of two threads, one makes the dictionary for both.
            made: dict[str, Any] = state.setdefault(_EXTRA, _learned_fields(self))
            STATE.incomplete_structs = True
            for _, member in self.__model_learned__:
                member.__set__(self, UNSET)
            return made
        return extra

    def is_set(self, name: str) -> bool:
        """Tell whether the field was given, be it as null; ``name`` is that of the attribute."""
        for slot in self.__model_slots__:
            if slot.name == name:
                return slot.read(self) is not UNSET and name not in missing_of(self)
        return name in extra_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``to_json`` writes as Python values: names as in JSON, no absent fields."""
        from .encoding import encode_model
        from .parsing import parse_json

        result: dict[str, Any] = parse_json(encode_model(self))[0]
        return result

    def to_json(self) -> bytes:
        """Return the model as JSON (UTF-8); NaN and infinities become null, as in JavaScript."""
        from .encoding import encode_model

        return encode_model(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, strict: bool = False) -> Self:
        """Make a model from JSON values.

        What does not match the document is kept as it is; with ``strict``, it raises
        MismatchError (a ValueError). So does, always, anything but an object.
        """
        from .decoding import convert, expect

        decoded = convert(data, cls)
        if strict and decoded.notes:
            from .accepting import accept

            decoded = accept(data, cls) or decoded
        return expect(cls, decoded, strict=strict)

    @classmethod
    def from_json(cls, data: bytes | str, *, strict: bool = False) -> Self:
        """Make a model from JSON; as ``from_dict``, and JSONDecodeError when it is not JSON."""
        try:
            value: Self = _decoders[cls](data)
            return value
        except (KeyError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
            pass
        from .decoding import decoder_for, expect

        decoder = decoder_for(cast("type[Self]", cls.__model_class__))
        decoded = decoder.decode(data)
        _decoders[cls] = decoder.strict
        if strict and decoded.notes:
            from .accepting import accept_json

            decoded = accept_json(data, cls) or decoded
        return expect(cls, decoded, strict=strict)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        """Tell pydantic how to validate, dump and describe a field of this type."""
        from .pydantic_models import core_schema_of

        return core_schema_of(cls, handler)

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"{type(self).__qualname__}({', '.join(parts)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return what ``repr`` shows: the fields that are set, then ``extra``."""
        extra = extra_of(self)
        return [*_set_fields(self), *([("extra", extra)] if extra else [])]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or other.__model_class__ is not self.__model_class__:
            return NotImplemented
        if dict(_set_fields(self)) != dict(_set_fields(other)):
            return False
        return extra_of(self) == extra_of(other)

    def __ne__(self, other: object) -> bool:
        # That of Struct knows nothing of __eq__, and would hide that of object.
        is_equal = self.__eq__(other)
        return is_equal if is_equal is NotImplemented else not is_equal

    def __copy__(self) -> Self:
        return assemble(
            cast("type[Self]", self.__model_class__),
            dict(_set_fields(self)),
            dict(extra_of(self)),
            set(missing_of(self)),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            assemble,
            (
                self.__model_class__,
                dict(_set_fields(self)),
                extra_of(self),
                missing_of(self),
            ),
        )

    if not TYPE_CHECKING:  # checkers must not take any name for a field

        def __replace__(self, **changes):
            """Return a copy with other values: ``copy.replace`` of Python 3.13."""
            copied = self.__copy__()
            for name, value in changes.items():
                if name not in self.__struct_fields__:
                    raise TypeError(f"{type(self).__qualname__} has no field {name!r}")
                setattr(copied, name, value)
            return copied

        def __getattr__(self, name):
            # Never a dunder: copy, pickle and many libraries ask instances for those, and a
            # server must not be able to answer.
            if not name.startswith("__"):
                extra = extra_of(self)
                if name in extra:
                    return extra[name]
            raise AttributeError(
                f"{type(self).__qualname__} has no field {name!r}", name=name, obj=self
            )

        def __setattr__(self, name, value):
            if name not in self.__struct_fields__ and not (
                name.startswith("_") or hasattr(type(self), name)
            ):
                raise AttributeError(
                    f"{type(self).__qualname__} has no field {name!r}; "
                    f"send it by .extra[{name!r}] = ...",
                    name=name,
                    obj=self,
                )
            super().__setattr__(name, value)
            missing = self.__dict__.get(_MISSING)
            if missing:
                missing.discard(name)


def extra_of(instance: Model) -> Mapping[str, Any]:
    """Return the unknown fields without creating the dictionary that ``extra`` returns."""
    if instance.__model_learned__ and (learned := _learned_fields(instance)):
        return learned
    if not STATE.incomplete_structs:  # asking for __dict__ would create it
        return {}
    extra: dict[str, Any] | None = instance.__dict__.get(_EXTRA)
    return extra if extra is not None else {}


def _learned_fields(instance: Model) -> dict[str, Any]:
    """Return the unknown fields that are in slots of a hidden class."""
    return {
        name: value
        for name, member in instance.__model_learned__
        if (value := member.__get__(instance)) is not UNSET
    }


def _state_of(instance: Model) -> dict[str, Any]:
    return cast("dict[str, Any]", instance.__dict__)  # msgspec declares what classes have


def missing_of(instance: Model) -> set[str]:
    """Return the names of the required fields that were not there."""
    if instance.__model_lenient__:
        return {slot.name for slot in instance.__model_lenient__ if slot.read(instance) is UNSET}
    if not STATE.incomplete_structs:
        return set()
    missing: set[str] | None = instance.__dict__.get(_MISSING)
    return missing if missing is not None else set()


def is_plain(instance: Model) -> bool:
    """Tell whether msgspec alone encodes the model in full."""
    return not instance.__model_unspeakable__ and not (
        instance.__dict__ and (instance.__dict__.get(_EXTRA) or instance.__dict__.get(_MISSING))
    )


def fields_of(instance: Model) -> dict[str, Any]:
    """Return what the model is in JSON, one level deep: its fields, then the unknown ones."""
    fields: dict[str, Any] = {}
    for _, name, read, _ in instance.__model_slots__:
        value = read(instance)
        if value is not UNSET:
            fields[name] = value
    if instance.__model_learned__ or (STATE.incomplete_structs and instance.__dict__):
        missing = missing_of(instance)
        for slot in instance.__model_slots__ if missing else ():
            if slot.name in missing:
                fields.pop(slot.wire_name, None)
        known = {slot.wire_name for slot in instance.__model_slots__}
        for name, value in extra_of(instance).items():
            if name not in known:
                fields[name] = value
    return fields


def sent_fields_of(instance: Model) -> dict[str, Any]:
    """Return what a request sends of the model: what ``fields_of`` does, less what is read-only."""
    fields = fields_of(instance)
    for name in instance.__model_read_only__:
        fields.pop(name, None)
    return fields


def assemble(
    cls: type[_AnyModel],
    values: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
    missing: set[str] | None = None,
) -> _AnyModel:
    """Make a model of values that nobody checks; pickles call this, so keep its signature.

    ``values`` goes by attribute name. Names the class does not have become extra fields, and
    required ones that are not there become missing.
    """
    known: dict[str, Any] = {}
    absent = set(missing or ())
    unknown = dict(values)
    for slot in cls.__model_slots__:
        if slot.name in unknown:
            known[slot.name] = unknown.pop(slot.name)
        elif slot.required:
            known[slot.name] = None
            absent.add(slot.name)
    instance = cls(**known)
    unknown.update(extra or ())
    remember(instance, unknown, absent)
    return instance


def remember(instance: Model, extra: dict[str, Any] | None, missing: set[str] | None) -> None:
    """Give a new model its unknown fields and the names of those that are missing."""
    if extra:
        _state_of(instance)[_EXTRA] = extra
        STATE.incomplete_structs = True
    if missing:
        _state_of(instance)[_MISSING] = missing
        STATE.incomplete_structs = True


def _set_fields(instance: Model) -> Iterator[tuple[str, Any]]:
    missing = missing_of(instance)
    for slot in instance.__model_slots__:
        value = slot.read(instance)
        if value is not UNSET and slot.name not in missing:
            yield slot.name, value


def hidden_class(
    cls: type[Model], changes: Mapping[str, tuple[Any, Any]], learned: tuple[str, ...]
) -> type[Model]:
    """Make a subclass of a model that passes for it.

    ``changes`` gives fields another type and default, by the name of the attribute; a required one
    whose default is ABSENT may be missing. ``learned`` are names in JSON of further fields.
    """
    names = {f"_learned{position}": name for position, name in enumerate(learned)}
    namespace: dict[str, Any] = {
        "__annotations__": {name: type_ for name, (type_, _) in changes.items()}
        | dict.fromkeys(names, Any),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__class__": property(lambda _: cls),
    }
    namespace.update(dict.fromkeys(names, ABSENT))
    for name, (_, default) in changes.items():
        if default is not msgspec.NODEFAULT:
            namespace[name] = default
    made = ModelMeta(cls.__name__, (cls,), namespace, rename=names)
    lenient = tuple(
        slot for slot in cls.__model_slots__ if slot.required and namespace.get(slot.name) is UNSET
    )
    for slot in lenient:
        setattr(made, slot.name, _optional(getattr(cls, slot.name)))
    made.__model_learned__ = tuple(
        (slot.wire_name, cast("Any", slot.read).__self__)
        for slot in made.__model_slots__
        if slot.name in names
    )
    made.__model_class__ = cls
    made.__model_slots__ = cls.__model_slots__
    made.__model_lenient__ = lenient
    return cast("type[Model]", made)


_AnyModel = TypeVar("_AnyModel", bound=Model)
