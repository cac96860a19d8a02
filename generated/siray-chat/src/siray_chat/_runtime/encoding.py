"""Python values to JSON: models, plain containers, and what else people pass as a body.

msgspec encodes in one pass in C. Two things it cannot do, and both are rare: write the unknown
fields of a model (nor leave out its missing ones, or those that only answers have), and refuse NaN,
which it turns into null. So the value is walked in Python only when it may hold such a model or
number. Both questions are first asked in C: what ``marshal`` takes holds no model, and in MessagePack
a NaN is no null, but has a mark of its own.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from .errors import InvalidRequestError
from .model import (
    STATE,
    Model,
    fields_of,
    is_plain,
    sent_fields_of,
)
from .paths import Path, spell
from .unset import UNSET


def encode_json(value: Any) -> bytes:
    """Return a request body as JSON (UTF-8).

    Takes models, TypedDicts, mappings, sequences, sets, any other iterable, dataclasses, dates,
    UUIDs, decimals, bytes (base64), enums, and objects with a ``model_dump`` (pydantic) or a
    ``tolist`` (arrays). Of models, what the document calls read-only is not sent. Raises
    InvalidRequestError, a ValueError, for anything else, for NaN and infinities, and for lone
    surrogates.
    """
    try:
        if (STATE.incomplete_structs or STATE.read_only_fields) and not _is_plain_tree(value):
            return _encode(_complete(value, None, True, True))
        data = _encode(value)
        # In a short text, the word is found sooner than the number.
        if (len(data) > 1000 or b"null" in data) and _may_hold_nan(value):
            _complete(value, None, True, True)
        return data
    except _REFUSALS as error:
        raise _refused(error, value) from None


def _is_plain_tree(value: Any) -> bool:
    """Tell whether a value consists of the types that JSON has in Python, as far as C can tell."""
    try:
        marshal.dumps(value)
    except ValueError:  # something else, or too deep
        return False
    return True


def _may_hold_nan(value: Any) -> bool:
    """Tell whether there may be a NaN or infinity in a value just encoded; when in doubt, yes."""
    try:
        packed = _pack(value)
    except Exception:
        return True
    # A double begins with CB, and one that is no number has all bits of its exponent set. One byte
    # is found far faster than two, and few requests have more than some numbers.
    place = -1
    for _ in range(64):
        place = packed.find(b"\xcb", place + 1)
        if place < 0:
            return False
        if packed[place + 1 : place + 2] in (b"\x7f", b"\xff"):
            return True
    return b"\xcb\x7f" in packed or b"\xcb\xff" in packed


def encode_model(model: Model) -> bytes:
    """Return a model as JSON, NaN and infinities as null; raises as ``encode_json`` otherwise."""
    try:
        return _encode_leniently(
            _complete(model, None, False, False) if STATE.incomplete_structs else model
        )
    except _REFUSALS as error:
        raise _refused(error, model) from None


def to_builtins(value: Any, *, sent: bool = False) -> Any:
    """Return a value as dicts, lists, strings, numbers, booleans and None; raises likewise.

    With ``sent``, it is for a request, which has no read-only fields.
    """
    try:
        if STATE.incomplete_structs or (sent and STATE.read_only_fields):
            value = _complete(value, None, False, sent)
        return msgspec.to_builtins(value, str_keys=True, enc_hook=_simplify_any)
    except _REFUSALS as error:
        raise _refused(error, value) from None


_REFUSALS = (RecursionError, UnicodeEncodeError, TypeError, OverflowError)


def _refused(error: Exception, value: Any) -> InvalidRequestError:
    if isinstance(error, RecursionError):
        return InvalidRequestError("the value is nested too deeply, or contains itself")
    path = _place_of_refusal(value, None)
    place = f" at {spell(path)}" if path else ""
    if isinstance(error, UnicodeEncodeError):
        return InvalidRequestError(
            f"a string{place} holds half a surrogate pair, which UTF-8 cannot"
        )
    return InvalidRequestError(f"the value{place} cannot be written as JSON: {error}")


def _place_of_refusal(value: Any, path: Path) -> Path:
    """Where the first thing is that cannot be written."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
    elif isinstance(value, Model):
        items = fields_of(value).items()
    elif isinstance(value, list | tuple):
        items = enumerate(cast("list[Any]", value))
    for key, item in items:
        try:
            _encode_leniently(item)
        except _REFUSALS:
            return _place_of_refusal(item, (path, key if isinstance(key, int) else str(key)))
    return path


def _simplify(value: Any) -> Any:
    """Return something that msgspec can encode instead of ``value``: msgspec's ``enc_hook``."""
    if value is UNSET:
        raise TypeError("UNSET stands where a value is needed")
    for base in (str, int, float):
        if isinstance(value, base):
            return base(value)
    if callable(getattr(value, "model_dump", None)):
        from .pydantic_models import dumped

        return dumped(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        return to_list()
    if isinstance(value, Iterable):
        return list(cast("Iterable[Any]", value))
    kind: type[Any] = value.__class__
    raise TypeError(f"{kind.__qualname__} is nothing that JSON can express")


def _simplify_finite(value: Any) -> Any:
    return _complete(_simplify(value), None, True, True)


def _simplify_any(value: Any) -> Any:
    return _complete(_simplify(value), None, False, False)


_encode = msgspec.json.Encoder(enc_hook=_simplify_finite).encode
_encode_leniently = msgspec.json.Encoder(enc_hook=_simplify_any).encode
# What a hook has replaced was looked at then, and may not be there a second time.
_pack = msgspec.msgpack.Encoder(enc_hook=lambda _: None).encode

_LEAVES: frozenset[type[Any]] = frozenset({str, int, bool, type(None)})
_SIMPLE = _LEAVES | {type(UNSET)}


def _complete(value: Any, path: Path, finite: bool, sent: bool) -> Any:
    """Return the value with every model that msgspec would not write in full as a dict.

    Whatever needs no change is returned as it is. With ``finite``, NaN and infinities raise; with
    ``sent``, read-only fields are left out.
    """
    kind: type[Any] = value.__class__
    if kind in _LEAVES:
        return value
    if kind is float:
        if finite and value - value != 0:
            place = f" at {spell(path)}" if path else ""
            raise InvalidRequestError(f"{value}{place} is nothing that JSON can express")
        return value
    if issubclass(kind, dict):
        return _changed_values(value, path, finite, sent)
    if issubclass(kind, list | tuple):
        items: list[Any] | None = None
        for index, item in enumerate(value):
            leaves = item.values() if item.__class__ is dict else (item,)
            if not _LEAVES.issuperset(map(type, leaves)):
                new = _complete(item, (path, index), finite, sent)
                if new is not item:
                    items = list(value) if items is None else items
                    items[index] = new
        return value if items is None else items
    if isinstance(value, Model):
        if (
            _SIMPLE.issuperset(map(type, msgspec.structs.astuple(value)))
            and is_plain(value)
            and not (sent and value.__model_read_only__)
        ):
            return value  # as most are: nothing in it that could have to change
        fields = sent_fields_of(value) if sent else fields_of(value)
        completed = _changed_values(fields, path, finite, sent)
        is_whole = is_plain(value) and not (sent and value.__model_read_only__)
        return value if completed is fields and is_whole else completed
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        changes = {
            name: completed
            for name, field in fields.items()
            if (completed := _complete(field, (path, name), finite, sent)) is not field
        }
        return msgspec.structs.replace(value, **changes) if changes else value
    names = getattr(kind, "__dataclass_fields__", None)
    if names is not None:
        fields = {name: getattr(value, name) for name in names if hasattr(value, name)}
        completed = _changed_values(fields, path, finite, sent)
        return value if completed is fields else completed
    return value


def _changed_values(fields: dict[Any, Any], path: Path, finite: bool, sent: bool) -> dict[Any, Any]:
    """Return ``fields`` with completed values, itself where none needed to change."""
    if _LEAVES.issuperset(map(type, fields.values())):  # in C: most dicts are flat
        return fields
    changes: dict[Any, Any] = {}
    for name, item in fields.items():
        if item.__class__ not in _LEAVES:
            new = _complete(item, (path, name), finite, sent)
            if new is not item:
                changes[name] = new
    return {**fields, **changes} if changes else fields
