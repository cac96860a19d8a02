"""The file of a cassette: exchanges as readable YAML, checked as they are read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast, get_args

from .cassette_bodies import FORMS
from .cassette_text import CassetteError, Tree, read_tree, write_tree
from .cassettes import End, RecordedExchange, pairs

__all__ = ["Exchanges", "read", "write", "write_exchange"]

Exchanges: TypeAlias = list[RecordedExchange]

_VERSION = 1
_ENDS: tuple[str, ...] = tuple(end for end in get_args(End) if end)
_HEAD = """\
# Exchanges that were recorded for tests. REDACTED stands for a credential, and matches anything.
"""


def write(title: str, exchanges: Iterable[str]) -> str:
    """The text of a cassette; the exchanges are written already (`write_exchange`)."""
    start = write_tree({"version": _VERSION, "api": title})
    return f"{_HEAD}{start}exchanges:\n{''.join(exchanges)}"


def write_exchange(exchange: Mapping[str, Any]) -> str:
    """One entry of the list of exchanges."""
    lines = write_tree([_encoded(exchange)]).split("\n")
    return "\n".join(f"  {line}" if line else line for line in lines)


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        encoded = base64.encodebytes(value).decode()
        return encoded if encoded.count("\n") > 1 else encoded.rstrip("\n")
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: _encoded(inner) for key, inner in members.items()}
    if isinstance(value, list):
        return [_encoded(item) for item in cast("list[Any]", value)]
    return value


def read(text: str, name: str) -> Exchanges:
    """The exchanges of a cassette; `name` is for messages. Raises CassetteError with the line."""
    top = _Place(read_tree(text, name), name, "the cassette")
    version = top.field("version", int)
    if version is None or version.value != _VERSION:
        raise top.error(f"is of no version that is known here; {_VERSION} is")
    top.only("version", "api", "exchanges")
    listed = top.field("exchanges", list)
    found: Exchanges = []
    for item in [] if listed is None else listed.items():
        item.only("request", "response")
        request = item.need("request", dict)
        response = item.need("response", dict)
        _check_request(request)
        _check_response(response)
        found.append(RecordedExchange(request.plain(), response.plain(), item.line))
    return found


def _check_request(place: _Place) -> None:
    place.need("method", str)
    place.need("path", str)
    place.only("operation", "method", "host", "path", "query", "headers", *FORMS, *_BESIDE)
    _check_texts(place.field("query", dict))
    _check_texts(place.field("headers", dict))
    _check_body(place)


def _check_response(place: _Place) -> None:
    status = place.need("status", int)
    if not 200 <= status.value <= 999:
        raise status.error("is no status")
    place.only("status", "headers", "delays", "ended", *FORMS, *_BESIDE)
    headers = place.field("headers", dict)
    _check_texts(headers)
    for name, text in () if headers is None else pairs(headers.plain()):
        if not _is_header(name, text):
            raise place.error(f"has a header that cannot be sent: {name!r}")
    ended = place.field("ended", str)
    if ended is not None and ended.value not in _ENDS:
        raise ended.error(f"is none of {', '.join(_ENDS)}")
    delays = place.field("delays", list)
    for item in [] if delays is None else delays.items():
        number: Any = item.value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0:
            raise item.error("is no number of seconds")
    _check_body(place)


_BESIDE = ("line_ends", "rest", "rest_base64")
_LISTS = ("events", "lines")


def _check_body(place: _Place) -> None:
    forms = [name for name in FORMS if name in place.value]
    if len(forms) > 1:
        raise place.error(f"has more than one body: {', '.join(forms)}")
    for name in _LISTS:
        listed = place.field(name, list)
        for item in [] if listed is None else listed.items():
            item.must_be(str)
    for name in ("text", "rest", "line_ends"):
        place.field(name, str)
    for name in ("base64", "rest_base64"):
        encoded = place.field(name, str)
        if encoded is not None:
            try:
                content = base64.b64decode("".join(encoded.value.split()), validate=True)
            except (binascii.Error, ValueError):
                raise encoded.error("is no base64") from None
            place.value[name] = content
    _check_texts(place.field("form", dict))
    place.field("omitted", dict)
    parts = place.field("parts", list)
    for item in [] if parts is None else parts.items():
        item.must_be(dict)
        item.only("name", "filename", "type", *FORMS, *_BESIDE)
        _check_body(item)


def _check_texts(place: _Place | None) -> None:
    """A mapping of texts, or of lists of them."""
    for value in () if place is None else place.members():
        if isinstance(value.value, list):
            for item in value.items():
                item.must_be(str)
        else:
            value.must_be(str)


def _is_header(name: str, value: str) -> bool:
    return (
        name.isascii()
        and name.replace("-", "").replace("_", "").isalnum()
        and not any(character in value for character in "\r\n\0")
        and all(ord(character) < 256 for character in value)
    )


class _Place:
    """A value of a cassette and where it stands."""

    def __init__(self, tree: Tree, file: str, what: str) -> None:
        self._tree = tree
        self._file = file
        self._what = what
        self.line: int = tree.line

    @property
    def value(self) -> Any:
        return self._tree.value

    def plain(self) -> dict[str, Any]:
        self.must_be(dict)
        return cast("dict[str, Any]", self._tree.value)

    def error(self, message: str) -> CassetteError:
        return CassetteError(f"{self._file}:{self.line}: {self._what} {message}")

    def must_be(self, kind: type) -> None:
        if type(self.value) is not kind:
            raise self.error(f"must be {_KINDS[kind]}")

    def field(self, name: str, kind: type) -> _Place | None:
        self.must_be(dict)
        children = cast("dict[str, Tree]", self._tree.children)
        if name not in children:
            return None
        found = _Place(children[name], self._file, repr(name))
        found.must_be(kind)
        return found

    def need(self, name: str, kind: type) -> _Place:
        found = self.field(name, kind)
        if found is None:
            raise self.error(f"has no {name!r}")
        return found

    def only(self, *names: str) -> None:
        self.must_be(dict)
        for name, tree in cast("dict[str, Tree]", self._tree.children).items():
            if name not in names:
                raise _Place(tree, self._file, repr(name)).error("is not known here")

    def items(self) -> list[_Place]:
        children = cast("list[Tree]", self._tree.children)
        return [_Place(child, self._file, f"{self._what}, an item,") for child in children]

    def members(self) -> list[_Place]:
        children = cast("dict[str, Tree]", self._tree.children)
        return [_Place(child, self._file, repr(name)) for name, child in children.items()]


_KINDS: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "a text (in quotes, if it looks like something else)",
    int: "a whole number",
}
