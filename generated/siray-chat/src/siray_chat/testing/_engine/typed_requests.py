"""Received requests as the tests of a client see them: body and parameters as typed values.

Generated code has one class of `Received` for each operation. Its annotations say what the body
and the parameters are; they are looked at when a value is first asked for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from .bodies import NotReadable, read_body
from .exchanges import ReceivedRequest
from .media_types import Kind, best_match, kind_of
from .nodes import as_object
from .parameters import ParameterReader
from .references import References
from .routing import Operation

__all__ = ["Parameters", "Received", "RequestLog", "RequestReader"]

Convert = Callable[[Any, Any], Any]
"""Turns a JSON value into the type of an annotation, keeping what does not match."""


WireName = str | tuple[str, str]
"""The name of a parameter in the document, with its place where one name is in several."""

_wire_names: dict[type[Parameters], Mapping[str, WireName]] = {}
_known_hints: dict[type, dict[str, Any]] = {}


class Parameters:
    """The parameters of one request, by the names that the client's arguments have.

    One that the request does not give is None.
    """

    def __init_subclass__(cls, names: Mapping[str, WireName] | None = None) -> None:
        """Note the `names` in the document that are not those of the attributes."""
        super().__init_subclass__()
        _wire_names[cls] = names or {}

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self.__dict__.items() if value is not None]
        return f"{type(self).__name__}({', '.join(given)})"


class Received:
    """One request that the fake server got.

    `operation` is what the client calls it (`chat.completions.create`), or `POST /pets` where
    there is no client, and "" for a path that the document does not have.
    """

    def __init__(self, request: ReceivedRequest, operation: str, reader: RequestReader) -> None:
        self.operation: str = operation
        self.method: str = request.method
        self.path: str = request.path
        """Still percent-encoded."""
        self.query_string: str = request.query_string
        self.headers: tuple[tuple[str, str], ...] = request.headers
        """Names in lower case, in the order in which they came."""
        self.content: bytes = request.body
        """The body as it came."""
        self._request = request
        self._reader = reader

    if TYPE_CHECKING:
        body: Any
        """The body: a model, or what the media type has in its place; None for no body."""
        parameters: Any
        """The parameters of path, query, headers and cookies."""
    else:

        @cached_property
        def body(self):
            return self._reader.body(self._request, _hint(type(self), "body"))

        @cached_property
        def parameters(self):
            return self._reader.parameters(self._request, _hint(type(self), "parameters"))

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded query, every value of each name in order."""
        return self._request.query

    def header(self, name: str, default: str = "") -> str:
        """All values of a header, joined (RFC 9110, section 5.3); `default` if there is none."""
        return self._request.header(name, default)

    def json(self) -> Any:
        """The body as JSON. Raises msgspec.DecodeError, a ValueError, when it is none."""
        return self._request.json()

    def __repr__(self) -> str:
        named = f" {self.operation}" if self.operation else ""
        return f"<{type(self).__name__}{named}: {self.method} {self.path}>"


@dataclass(frozen=True, slots=True)
class RequestReader:
    """Reads requests for one operation of the document; None for a path that it does not have."""

    operation: Operation | None
    references: References
    convert: Convert

    def body(self, request: ReceivedRequest, annotation: Any) -> Any:
        """The body as a value of the annotated type, and as it is where it is not of that type.

        Raises ValueError where it is not what its media type says.
        """
        if not request.body:
            return None
        media_type = request.header("content-type")
        declared = self.operation.request_body if self.operation is not None else {}
        content = as_object(declared.get("content"))
        key = best_match(media_type, content) if media_type else next(iter(content), None)
        schema: Any = self.references.resolve(content[key]).get("schema", {}) if key else {}
        named = media_type or key or "application/json"
        try:
            value = read_body(request.body, named, schema, self.references)
        except NotReadable as error:
            raise ValueError(f"the body of {request.method} {request.path} {error}") from None
        kind = kind_of(named)
        if kind in ("text", "xml"):
            return request.body.decode("utf-8", "replace")
        if kind not in ("json", "form") or isinstance(value, bytes):
            return value
        wanted = _model_of(annotation, kind)
        return value if wanted is None else self.convert(value, wanted)

    def parameters(self, request: ReceivedRequest, kind: type[Parameters] | None) -> Parameters:
        """The parameters that the class names; without a class, all that the document has."""
        # A document may forget to declare what its paths have in braces.
        by_name: dict[str, Any] = dict(request.path_parameters)
        by_place: dict[tuple[str, str], Any] = {}
        if self.operation is not None:
            read = ParameterReader(self.references).read(request, self.operation.parameters)
            for given in reversed(list(read)):
                by_name[given.name] = by_place[given.place, given.name] = given.value
        if kind is None:
            return Parameters(by_name)
        values: dict[str, Any] = {}
        for name, annotation in _hints(kind).items():
            wire = _wire_names[kind].get(name, name)
            value = by_name.get(wire) if isinstance(wire, str) else by_place.get(wire)
            values[name] = None if value is None else self.convert(value, annotation)
        return kind(values)


class RequestLog:
    """The requests that a fake server got: the last thousand, oldest first."""

    def __init__(self, size: int = 1_000) -> None:
        self._kept: deque[Received] = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, request: Received) -> None:
        """Keep a request; the oldest goes where there are too many."""
        with self._lock:
            self._kept.append(request)

    def all(self) -> tuple[Received, ...]:
        """Every request that is kept."""
        with self._lock:
            return tuple(self._kept)

    def of(self, operation: str) -> tuple[Received, ...]:
        """The requests for one operation."""
        return tuple(request for request in self.all() if request.operation == operation)

    def forget(self, operation: str | None = None) -> None:
        """Drop the requests, of one operation or all of them."""
        with self._lock:
            left = [one for one in self._kept if operation not in (None, one.operation)]
            self._kept.clear()
            self._kept.extend(left)


def _hints(kind: type) -> dict[str, Any]:
    """The annotations of a generated class, which are looked up once."""
    found = _known_hints.get(kind)
    if found is None:
        found = _known_hints[kind] = get_type_hints(kind)
    return found


def _hint(kind: type, name: str) -> Any:
    return _hints(kind).get(name)


def _model_of(annotation: Any, kind: Kind) -> Any:
    """The annotation without what other media types give; None for a value that stays as it is."""
    # bytes are of files, plain dictionaries of forms without a model.
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    if kind == "form" and dict[str, Any] in parts:
        return None
    left = [part for part in parts if part not in (bytes, dict[str, Any])]
    if not left or left == [NoneType] or Any in left:
        return None
    return annotation if len(left) == len(parts) else Union[tuple(left)]  # noqa: UP007
