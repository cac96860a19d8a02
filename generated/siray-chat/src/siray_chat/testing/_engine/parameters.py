"""Parameters of a request, read from path, query, headers and cookies by their style."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec

from .bodies import read_body
from .coercion import (
    coerce,
    inner_schema,
    item_types,
    properties_of,
    types_of,
    unbracketed,
)
from .exchanges import ReceivedRequest
from .json_schema import SchemaRules
from .nodes import as_object, as_text
from .references import References

__all__ = ["ParameterReader", "ParameterValue"]

_IGNORED_HEADERS = frozenset(("accept", "content-type", "authorization"))
_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """One declared parameter: its value as JSON, or that it was not sent."""

    place: str
    name: str
    schema: Any
    is_required: bool
    is_given: bool
    value: Any = None
    problem: str = ""


class ParameterReader:
    """Reads what a request gives for the declared parameters."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._rules = SchemaRules(references, "request")

    def read(
        self, request: ReceivedRequest, parameters: Iterable[dict[str, Any]]
    ) -> Iterator[ParameterValue]:
        """Every declared parameter, given or not, in the order of the document."""
        pairs = [
            (unquote_plus(name), value)
            for name, _, value in (part.partition("=") for part in request.query_string.split("&"))
            if name
        ]
        cookies = {name: unquote(value) for name, value in request.cookies.items()}
        for parameter in parameters:
            place, name = as_text(parameter.get("in")), as_text(parameter.get("name"))
            if place == "header" and name.lower() in _IGNORED_HEADERS:
                continue
            if place == "path" and name not in request.path_parameters:
                continue  # the template has no such segment
            content = next(iter(as_object(parameter.get("content")).items()), None)
            schema: Any = parameter.get("schema", {})
            if content is not None:
                schema = as_object(content[1]).get("schema", {})
            is_required = parameter.get("required") is True or place == "path"
            given: Any = None
            problem = ""
            if place == "querystring":
                given = unquote(request.query_string) if request.query_string else None
            elif content is not None:
                text = self._text(request, place, name, pairs, cookies)
                if text is not None:
                    given, problem = _decode(text, content[0])
            else:
                given = self._styled(request, parameter, schema, pairs, cookies)
            if place == "querystring" and given is not None and content and "json" in content[0]:
                given, problem = _decode(given, content[0])
            elif place == "querystring" and content is not None and given is not None:
                raw = request.query_string.encode()
                given = read_body(raw, content[0], schema, self._references)
            yield ParameterValue(
                place, name, schema, is_required, given is not None or bool(problem), given, problem
            )

    def _text(
        self,
        request: ReceivedRequest,
        place: str,
        name: str,
        pairs: list[tuple[str, str]],
        cookies: dict[str, str],
    ) -> str | None:
        if place == "path":
            return request.path_parameters.get(name)
        if place == "header":
            return (
                request.header(name) if any(k == name.lower() for k, _ in request.headers) else None
            )
        if place == "cookie":
            return cookies.get(name)
        return next((unquote_plus(value) for key, value in pairs if key == name), None)

    def _styled(
        self,
        request: ReceivedRequest,
        parameter: dict[str, Any],
        schema: Any,
        pairs: list[tuple[str, str]],
        cookies: dict[str, str],
    ) -> Any:
        place, name = as_text(parameter.get("in")), as_text(parameter.get("name"))
        form = place in ("query", "cookie")
        style = as_text(parameter.get("style"), "form" if form else "simple")
        explode = parameter.get("explode", style in ("form", "cookie"))
        types = types_of(schema, self._references)
        if place == "query":
            return self._query(name, style, explode is True, schema, types, pairs)
        text = self._text(request, place, name, pairs, cookies)
        if text is None:
            return None
        if style == "label":
            text = text.removeprefix(".")
        if style == "matrix":
            text = text.removeprefix(";")
            if not (explode and "object" in types):
                text = text.removeprefix(f"{name}=")
        separator = {"label": "." if explode else ",", "matrix": ";" if explode else ","}.get(
            style, ","
        )
        parts = text.split(separator) if text else []
        if "array" in types:
            if style == "matrix" and explode:
                parts = [part.removeprefix(f"{name}=") for part in parts]
            return self._items(parts, schema)
        if "object" in types:
            if explode and style != "form":
                members = [part.partition("=")[::2] for part in parts]
            else:
                members = list(zip(parts[::2], parts[1::2], strict=False))
            return {key: self._coerce_member(key, item, schema) for key, item in members}
        return coerce(text, types)

    def _query(
        self,
        name: str,
        style: str,
        explode: bool,
        schema: Any,
        types: frozenset[str],
        pairs: list[tuple[str, str]],
    ) -> Any:
        raw = [value for key, value in pairs if key == name or key == f"{name}[]"]
        if "array" in types and not raw and style == "deepObject":
            return self._deep(name, schema, pairs)
        if "array" in types and raw:
            if not explode or style in _DELIMITERS:
                delimiter = _DELIMITERS.get(style, ",")
                # The delimiter is looked for before an item is decoded: an item may hold one.
                if delimiter != ",":
                    raw = [unquote_plus(value) for value in raw]
                parts = [part for value in raw for part in value.split(delimiter)]
            else:
                parts = raw
            items = self._items([unquote_plus(part) for part in parts], schema)
            alone = coerce(unquote_plus(raw[0]), types) if len(raw) == 1 else items
            if types <= {"array", "null"} or self._rules.accepts(items, schema):
                return items
            # One value is an array of one, or the scalar that the schema allows beside arrays.
            return alone if self._rules.accepts(alone, schema) else items
        if "object" in types:
            members: dict[str, Any] = {}
            if style == "deepObject":
                return self._deep(name, schema, pairs)
            if explode and style == "form":
                declared = properties_of(schema, self._references)
                for key, value in pairs:
                    if key in declared:
                        members[key] = self._coerce_member(key, unquote_plus(value), schema)
                if members or not raw:
                    return members or None
            elif raw:
                delimiter = _DELIMITERS.get(style, ",")
                given = raw[0] if delimiter == "," else unquote_plus(raw[0])
                parts = [unquote_plus(part) for part in given.split(delimiter)]
                return {
                    key: self._coerce_member(key, item, schema)
                    for key, item in zip(parts[::2], parts[1::2], strict=False)
                }
        if len(raw) > 1 and types and "array" not in types:
            return [unquote_plus(value) for value in raw]  # which no scalar is
        return coerce(unquote_plus(raw[0]), types) if raw else None

    def _deep(self, name: str, schema: Any, pairs: list[tuple[str, str]]) -> Any:
        inner = [
            (key[len(name) + 1 :], unquote_plus(value))
            for key, value in pairs
            if key.startswith(f"{name}[")
        ]
        return unbracketed(inner, schema, self._references) if inner else None

    def _items(self, parts: list[str], schema: Any) -> list[Any]:
        types = item_types(schema, self._references)
        return [coerce(part, types) for part in parts]

    def _coerce_member(self, name: str, text: str, schema: Any) -> Any:
        additional = inner_schema(schema, "additionalProperties", self._references)
        member = properties_of(schema, self._references).get(name, additional)
        return coerce(text, types_of(member, self._references))


def _decode(text: str, media_type: str) -> tuple[Any, str]:
    if "json" not in media_type:
        return text, ""
    try:
        return msgspec.json.decode(text), ""
    except (msgspec.DecodeError, RecursionError):
        return None, "is not JSON"
