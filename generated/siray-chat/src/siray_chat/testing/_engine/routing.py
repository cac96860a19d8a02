"""Which operation a request is for: path templates, methods, base paths of servers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .exchanges import ReceivedRequest
from .nodes import as_list, as_object, as_text, pointer_token
from .references import References

__all__ = ["Found", "Operation", "Router"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_ANY, _GREEDY, _STEM = "(.+?)", "(.+)", r"(.+(?=\.[^.]*$)|.+?)"


class Operation:
    """One operation of the document. `key` is its method and path template: `"GET /pets/{id}"`."""

    def __init__(
        self,
        method: str,
        path: str,
        node: dict[str, Any],
        shared: dict[str, Any],
        references: References,
        pointer: str,
    ) -> None:
        self.method = method
        self.path = path
        self.node = node
        self.key: str = f"{method} {path}"
        self.operation_id: str = as_text(node.get("operationId"))
        self.pointer = pointer
        self._shared = shared
        self._references = references

    @cached_property
    def parameters(self) -> tuple[dict[str, Any], ...]:
        """The parameters; one of the operation replaces one of the path with its name and place."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for node in (
            *as_list(self._shared.get("parameters")),
            *as_list(self.node.get("parameters")),
        ):
            parameter = self._references.resolve(node)
            key = (as_text(parameter.get("in")), as_text(parameter.get("name")))
            if all(key):
                found[key] = parameter
        return tuple(found.values())

    @cached_property
    def security(self) -> list[Any]:
        """The alternatives, each a map of schemes; [] where no key is needed."""
        if "security" in self.node:
            return as_list(self.node["security"])
        return as_list(self._references.document.get("security"))

    @cached_property
    def request_body(self) -> dict[str, Any]:
        """The request body, {} for none."""
        return self._references.resolve(self.node.get("requestBody"))

    @cached_property
    def responses(self) -> dict[str, dict[str, Any]]:
        """The responses by their key (`200`, `4XX`, `default`)."""
        return {
            str(status).upper() if status != "default" else status: self._references.resolve(node)
            for status, node in as_object(self.node.get("responses")).items()
            if not str(status).startswith("x-")
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What a path leads to.

    `operation` is None where the path is unknown (`allowed` is empty) or the method is
    (`allowed` has the methods the path knows, sorted).
    """

    operation: Operation | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Route:
    """The operations of one path. `segments` are literal strings, or patterns with groups."""

    segments: tuple[str | re.Pattern[str], ...]
    names: tuple[str, ...]
    operations: dict[str, list[Operation]]
    vagueness: tuple[tuple[bool, int], ...]

    def match(self, segments: list[str]) -> tuple[tuple[str, str], ...] | None:
        values: list[str] = []
        for mine, given in zip(self.segments, segments, strict=True):
            if isinstance(mine, str):
                if mine != given:
                    return None
                continue
            found = mine.fullmatch(given)
            if found is None:
                return None
            values.extend(map(unquote, found.groups()))
        return tuple(zip(self.names, values, strict=True))


class Router:
    """Finds operations. The base path of a server may stand before a path, or be left out."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._routes: dict[int, list[_Route]] = {}
        self.operations: dict[str, Operation] = {}
        self._ids: dict[str, Operation] = {}
        document = references.document
        bases = set(self._bases(document))
        by_address: dict[str, _Route] = {}
        for path, item in as_object(document.get("paths")).items():
            if not path.startswith("/"):
                continue
            shared = references.resolve(item)
            bases.update(self._bases(shared))
            # A query or a fragment in a path only tells operations of one address apart.
            address = re.sub(r"\{[?&][^{}]*\}", "", path).partition("#")[0].partition("?")[0]
            for method, operation in self._operations(path, shared):
                bases.update(self._bases(operation.node))
                self.operations[operation.key] = operation
                self._ids.setdefault(operation.operation_id, operation)
                if address not in by_address:
                    segments, names = _compile(address)
                    by_address[address] = _Route(
                        segments, names, {}, tuple(map(_vagueness, segments))
                    )
                    self._routes.setdefault(len(segments), []).append(by_address[address])
                by_address[address].operations.setdefault(method, []).append(operation)
        for routes in self._routes.values():
            # Concrete paths before templated ones (OpenAPI 3.1.1, section 4.8.8.2).
            # Of two templated segments, the one with more of its own text goes first.
            routes.sort(key=lambda route: route.vagueness)
        self._base_paths = sorted(bases, key=lambda base: (-len(base), base))

    def operation(self, key: str) -> Operation | None:
        """The operation with this key (`"GET /pets"`) or `operationId`."""
        method, _, path = key.partition(" ")
        found = self.operations.get(key) or self.operations.get(f"{method.upper()} {path}")
        return found or (self._ids.get(key) if key else None)

    def find(self, method: str, path: str, request: ReceivedRequest | None = None) -> Found:
        """The operation for a method and a path that is still percent-encoded.

        Where several have the same address, the query and the headers of the request tell.
        """
        return next(self.matches(method, path, request))

    def matches(
        self, method: str, path: str, request: ReceivedRequest | None = None
    ) -> Iterator[Found]:
        """What `find` returns, and then whatever other templated paths the path fits.

        The last one has no operation where the path fits another one better, of which the method is
        unknown.
        """
        best = self._find(method, path, request)
        for base in self._base_paths:
            if best[0].operation is not None:
                break
            if path == base or path.startswith(base + "/"):
                found = self._find(method, path[len(base) :] or "/", request)
                if found[0].operation is not None or not best[0].allowed:
                    best = found
        yield from best

    def _find(self, method: str, path: str, request: ReceivedRequest | None) -> list[Found]:
        matching: list[Found] = []
        segments = path.split("/")[1:]
        decoded = [unquote(segment) for segment in segments]
        allowed: set[str] = set()
        vagueness: tuple[tuple[bool, int], ...] | None = None
        for route in self._routes.get(len(segments), ()):
            values = route.match(segments)
            if values is None and decoded != segments:
                values = route.match(decoded) if "/" not in "".join(decoded) else None
            if values is None:
                continue
            # Servers may hand methods on in capitals (ASGI does).
            named = (one for one in route.operations if one.upper() == method.upper())
            known = method if method in route.operations else next(named, None)
            if known is None and method == "HEAD" and "GET" in route.operations:
                known = "GET"  # every server that knows GET knows it (RFC 9110, section 9.1)
            if known is not None:
                candidates = route.operations[known]
                chosen = candidates[0]
                if len(candidates) > 1 and request is not None:
                    chosen = max(candidates, key=lambda one: _fit(one, request))
                matching.append(Found(chosen, values))
                if not values:
                    break
            elif not matching and vagueness in (None, route.vagueness):
                # What is said of a path is not about vaguer ones that fit it too.
                allowed.update(route.operations)
                vagueness = route.vagueness
        if allowed or not matching:
            matching.append(Found(allowed=tuple(sorted(allowed))))
        return matching

    def _operations(self, path: str, item: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
        base = f"#/paths/{pointer_token(path)}"
        for method in METHODS:
            if isinstance(item.get(method), dict):
                name = method.upper()
                yield name, Operation(
                    name, path, as_object(item[method]), item, self._references, f"{base}/{method}"
                )
        for name, node in as_object(item.get("additionalOperations")).items():
            pointer = f"{base}/additionalOperations/{pointer_token(name)}"
            yield name, Operation(name, path, as_object(node), item, self._references, pointer)

    def _bases(self, node: Mapping[str, Any]) -> Iterator[str]:
        for server in map(as_object, as_list(node.get("servers"))):
            url = as_text(server.get("url"))
            for name, variable in as_object(server.get("variables")).items():
                url = url.replace("{" + name + "}", str(as_object(variable).get("default", "")))
            try:
                base = urlsplit(url).path.rstrip("/")
            except ValueError:
                continue
            if base:
                yield base if base.startswith("/") else f"/{base}"


def _fit(operation: Operation, request: ReceivedRequest) -> int:
    """How well query and headers of a request fit one of several operations of its address."""
    query = request.query
    score = 0
    fixed = operation.path.partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(fixed, keep_blank_values=True):
        score += 3 if value in query.get(name, ()) else -100
    declared = {name for name, _ in parse_qsl(fixed, keep_blank_values=True)}
    for parameter in operation.parameters:
        name, place = as_text(parameter.get("name")), as_text(parameter.get("in"))
        declared.add(name)
        if parameter.get("required") is not True or place not in ("query", "header"):
            continue
        given = query.get(name, []) if place == "query" else [request.header(name)]
        allowed = [str(value) for value in as_list(as_object(parameter.get("schema")).get("enum"))]
        if not any(given) and not (place == "query" and name in query):
            score -= 10
        elif len(allowed) == 1:
            wanted = allowed[0].lower()
            score += 3 if any(value.lower() in (wanted, "") for value in given) else -10
        else:
            score += 1
    return score - sum(name not in declared for name in query)


def _vagueness(segment: str | re.Pattern[str]) -> tuple[bool, int]:
    if isinstance(segment, str):
        return False, 0
    literal = segment.pattern
    for group in (_STEM, _GREEDY, _ANY):
        literal = literal.replace(group, "")
    return True, -len(literal)


def _compile(path: str) -> tuple[tuple[str | re.Pattern[str], ...], tuple[str, ...]]:
    segments: list[str | re.Pattern[str]] = []
    names: list[str] = []
    for segment in path.split("/")[1:]:
        parts = _EXPRESSION.split(segment)
        if len(parts) == 1:
            segments.append(segment)
            continue
        # `{+path}` and `{path*}` of RFC 6570 are written for a parameter `path`.
        names.extend(name.lstrip("+").rstrip("*") or name for name in parts[1::2])
        pattern = _ANY.join(re.escape(literal) for literal in parts[::2])
        # After the last dot comes an extension, which may have the dot itself (`{name}{extension}`).
        pattern = pattern.replace(rf"{_ANY}\.{_ANY}", rf"{_GREEDY}\.{_ANY}")
        pattern = pattern.replace(_ANY + _ANY, _STEM + _ANY)
        segments.append(re.compile(pattern, re.DOTALL))
    return tuple(segments), tuple(names)
