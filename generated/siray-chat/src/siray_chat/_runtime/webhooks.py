"""Incoming webhooks and callbacks: bodies and parameters to typed objects.

Decoding is that of answers: what does not match the document is kept and logged, and only a body
that is something else entirely is an error. Nothing here checks who sent a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast, get_origin

from .decoding import Decoded, JSONDecodeError, convert, decode_json
from .errors import WebhookError
from .parsing import parse_json

if TYPE_CHECKING:
    from .model import Model

T = TypeVar("T")
M = TypeVar("M", bound="Model")

Payload = bytes | bytearray | memoryview | str | Mapping[str, Any] | list[Any]
"""A body: as it arrived, or the JSON value that a web framework has made of it."""

_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Pairs(Protocol):
    """Header fields or query parameters, as every web framework has them."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names with their values."""
        ...


class Body(NamedTuple):
    """One media type of the body: ``kind`` is the codec, ``type`` a function that returns the type."""

    media_type: str
    kind: str
    type: Callable[[], Any] | None = None


class Webhook(NamedTuple):
    """What the document says about an incoming request."""

    name: str
    bodies: Sequence[Body] = ()
    tags: Sequence[str] = ()


class Field(NamedTuple):
    """A header field or query parameter: its name there, and its key in the object of all."""

    name: str
    location: str
    key: str
    kind: str = "string"
    separator: str = ""
    """What stands between the items of an array; empty for one field per item."""


class UnknownEvent:
    """A webhook that the document does not know: a new type, or none at all."""

    __slots__ = ("body", "type")
    __match_args__ = ("type", "body")

    def __init__(self, type: str | None, body: Any) -> None:
        self.type: str | None = type
        """What the body, or the caller, says that it is."""
        self.body: Any = body
        """The body: JSON values."""

    def __repr__(self) -> str:
        return f"UnknownEvent(type={self.type!r}, body={self.body!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UnknownEvent):
            return NotImplemented
        return (self.type, self.body) == (other.type, other.body)


def parse(webhook: Webhook, body: Payload, headers: Pairs | None, *, strict: bool = False) -> Any:
    """Return the body of one webhook; ``headers`` say which of several media types it is.

    Raises WebhookError where the body is no JSON, is not of the kind that the document says or,
    with ``strict``, does not match the document.
    """
    chosen = _body_of(webhook, headers)
    if chosen is None:
        return body
    if isinstance(body, Mapping | list):
        return _accept(webhook, chosen, convert(_parsed(body), _type_of(chosen)), body, strict)
    if chosen.kind == "json":
        try:
            decoded: Decoded[Any] = decode_json(body, _type_of(chosen))
        except JSONDecodeError as error:
            raise WebhookError(f"{webhook.name}: {error}", body) from None
        return _accept(webhook, chosen, decoded, body, strict)
    if chosen.kind == "form":
        values = _form(_text(body))
        return _accept(webhook, chosen, convert(values, _type_of(chosen)), body, strict)
    return _text(body) if chosen.kind == "text" else _bytes(body)


class Webhooks:
    """All webhooks of a document; ``path`` leads to the property of a body that says which it is."""

    __slots__ = ("_by_name", "_by_tag", "_only", "_path")

    def __init__(self, webhooks: Sequence[tuple[str, Webhook]], path: Sequence[str] = ()) -> None:
        self._path = path
        self._only: Webhook | None = webhooks[0][1] if len(webhooks) == 1 else None
        self._by_name: dict[str, Webhook] = {}
        self._by_tag: dict[str, Webhook] = {}
        for _, webhook in webhooks:
            self._by_name.setdefault(webhook.name, webhook)
            for tag in webhook.tags:
                self._by_tag.setdefault(tag, webhook)
        for name, webhook in webhooks:
            self._by_name.setdefault(name, webhook)

    def parse(
        self, body: Payload, name: str | None, headers: Pairs | None, *, strict: bool = False
    ) -> Any:
        """Return the body of the webhook called ``name``, else of the one that the body names.

        What the document does not know becomes an UnknownEvent. Raises as ``parse``.
        """
        if name is not None:
            known = self._by_name.get(name)
            return parse(known, body, headers, strict=strict) if known else _unknown(name, body)
        if not self._path and self._only is not None:
            return parse(self._only, body, headers, strict=strict)
        value = _parsed(body)
        if not isinstance(value, dict):
            raise WebhookError(f"the body is no object but {type(value).__name__}", body)
        tag = _at(cast("dict[str, Any]", value), self._path)
        if not isinstance(tag, str):
            return UnknownEvent(None, value)
        webhook = self._by_tag.get(tag)
        if webhook is None:
            return UnknownEvent(tag, value)
        return parse(webhook, cast("dict[str, Any]", value), None, strict=strict)


def read(
    fields: Sequence[Field],
    into: type[M],
    headers: Pairs | None = None,
    query: Pairs | str | None = None,
) -> M:
    """Return the parameters of a request as an object; what cannot be converted stays text."""
    if isinstance(query, str):
        from urllib.parse import parse_qsl

        listed = _lists(parse_qsl(query, keep_blank_values=True))
    else:
        listed = _lists(query.items() if query is not None else ())
    given = {
        "header": _lists((name.lower(), v) for name, v in headers.items()) if headers else {},
        "query": listed,
    }
    values: dict[str, Any] = {}
    for field in fields:
        name = field.name.lower() if field.location == "header" else field.name
        found = given[field.location].get(name)
        if found is not None:
            values[field.key] = _value(field, found)
    return into.from_dict(values)


def _body_of(webhook: Webhook, headers: Pairs | None) -> Body | None:
    if headers is not None and len(webhook.bodies) > 1:
        for name, value in headers.items():
            if name.lower() == "content-type":
                given = str(value).partition(";")[0].strip().lower()
                for body in webhook.bodies:
                    if body.media_type.partition(";")[0].strip().lower() == given:
                        return body
    return webhook.bodies[0] if webhook.bodies else None


def _type_of(body: Body) -> Any:
    return body.type() if body.type is not None else Any


def _accept(
    webhook: Webhook, chosen: Body, decoded: Decoded[Any], body: Payload, strict: bool
) -> Any:
    if strict and decoded.notes and chosen.kind == "json":
        from .accepting import accept

        decoded = accept(_parsed(body), _type_of(chosen)) or decoded
    value, notes = decoded
    if not notes:
        return value
    texts = tuple(map(str, notes))
    promised = _type_of(chosen)
    kind = get_origin(promised) or promised
    if strict or (isinstance(kind, type) and not isinstance(value, kind)):
        raise WebhookError(f"{webhook.name}: {'; '.join(texts[:3])}", body, texts)
    from logging import getLogger

    logger = getLogger(__name__.rsplit(".", 2)[0])  # the package, also where it is vendored
    logger.warning("webhook %s does not match the document: %s", webhook.name, "; ".join(texts))
    return value


def _at(value: Any, path: Sequence[str]) -> object:
    """The value at a path of keys, None where there is none."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(key)
    return value


def _unknown(name: str, body: Payload) -> UnknownEvent:
    return UnknownEvent(name, _parsed(body))


def _parsed(body: Payload) -> Any:
    if isinstance(body, Mapping):
        return dict(body)
    if isinstance(body, list):
        return body
    try:
        return parse_json(body)[0]
    except JSONDecodeError as error:
        raise WebhookError(str(error), body) from None


def _text(body: bytes | bytearray | memoryview | str) -> str:
    return body if isinstance(body, str) else str(body, "utf-8", "replace")


def _bytes(body: bytes | bytearray | memoryview | str) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)


def _form(text: str) -> dict[str, Any]:
    from urllib.parse import parse_qsl

    listed = _lists(parse_qsl(text, keep_blank_values=True))
    return {name: values[0] if len(values) == 1 else values for name, values in listed.items()}


def _lists(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """Every value of each name, in order; a value may be a list itself."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        several = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
        found.setdefault(name, []).extend(map(str, several))
    return found


def _value(field: Field, given: list[str]) -> Any:
    if field.kind == "json":
        try:
            return parse_json(given[0])[0]
        except JSONDecodeError:
            return given[0]
    kind, is_array, _ = field.kind.partition("[]")
    if is_array:
        parts = given
        if field.separator:
            parts = [part.strip() for text in given for part in text.split(field.separator)]
        return [_scalar(kind, part) for part in parts]
    return _scalar(kind, given[0])


def _scalar(kind: str, text: str) -> Any:
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    if kind == "boolean" and text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    return text
