"""Lists that end: the first page as the document gives it, and a last one behind it.

What a document gives for an answer, an example or a made value, mostly says that there is more. The
generator tells how the pages of an operation follow each other, in `x-sdkpress-pages`; with that,
a request for any page but the first gets an answer that is the last. Who asks for pages that are
smaller than that list gets the list in such pages, until it ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .exchanges import ReceivedRequest
from .json_schema import SchemaRules
from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References
from .routing import Operation

__all__ = ["PageFacts", "Paging", "Pagings"]

MARK = "fake-page"
"""The query parameter that marks the URLs of pages after the first."""

_SIGNS = re.compile(r"[^A-Za-z]")
_SIZES = frozenset(
    ("limit", "perpage", "pagesize", "size", "maxresults", "maxitems", "pagelimit", "top", "take")
)
_CURSOR = "fake-cursor-"
"""What cursors begin with that the document does not have; the index of an item follows."""

Header = tuple[str, str]
PageFacts: TypeAlias = Callable[[str, str], Mapping[str, Any]]
"""What `x-sdkpress-pages` would say of an operation, by its method and path; {} for nothing."""


class Pagings:
    """The paginated operations of a document.

    `facts` is asked where the document itself does not say, once for each operation.
    """

    def __init__(self, document: Any, facts: PageFacts | None = None) -> None:
        declared = as_object(as_object(document).get("x-sdkpress-pages"))
        self._known: dict[str, Paging | None] = {
            key: Paging(as_object(value)) for key, value in declared.items()
        }
        self._facts = facts

    def of(self, operation: Operation) -> Paging | None:
        """How the operation is asked for its pages, None where it has none."""
        key = operation.key
        if key not in self._known:
            found = self._facts(operation.method, operation.path) if self._facts else None
            self._known[key] = Paging(dict(found)) if found else None
        return self._known[key]


class Paging:
    """How one operation is asked for its pages."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._style = as_text(facts.get("style"))
        self._parameter = as_text(facts.get("parameter"))
        self._in_body = facts.get("in") == "body"
        self._items = tuple(as_list(facts.get("items")))
        self._next = tuple(as_list(facts.get("next")))
        self._has_more = tuple(as_list(facts.get("has_more")))
        self._is_done = facts.get("is_done") is True
        self._size = as_text(facts.get("size"))
        self._total = tuple(as_list(facts.get("total")))
        self._total_pages = tuple(as_list(facts.get("total_pages")))
        self._last_item = tuple(as_list(facts.get("last_item")))
        first = facts.get("first")
        self._first = first if isinstance(first, int) else 1

    def is_first(self, request: ReceivedRequest, body: Any) -> bool:
        """Whether a request is for the first page."""
        if self._style in ("url", "link"):
            return MARK not in request.query
        given = self._given(self._parameter, request, body)
        if given is None or given == "":
            return True
        if self._style == "cursor":
            return False
        text = str(given)
        return not text.isdigit() or int(text) <= self._first

    def page(
        self,
        request: ReceivedRequest,
        body: Any,
        value: Any,
        headers: list[Header],
        schema: Any,
        references: References,
    ) -> tuple[Any, list[Header]]:
        """The answer to the request, made from the document's; that one stays as it is."""
        listed = as_list(_at(value, self._items))
        size = self._wanted(request, body) or len(listed)
        start = self._start(request, body, listed, size)
        if start is not None and start < len(listed) and (start or size < len(listed)):
            head = list(headers)
            part = self._part(request, value, head, start, size, schema, references)
            if SchemaRules(references, "response").accepts(part, schema):
                return part, head
        is_first = self.is_first(request, body)
        kept = [(name, text) for name, text in headers if name != "link"]
        if self._style == "link":
            if is_first:
                kept.append(("link", f'<{_marked(request, "")}>; rel="next"'))
            return value, kept
        if is_first:
            return self._first_page(request, value), headers
        if self._style in ("page", "offset"):
            nothing: list[Any] = []
            value = _with(value, self._items, nothing) if self._items else nothing
        else:
            value = _ended(value, self._next, schema, references)
        return _with(value, self._has_more, self._is_done), headers

    def _wanted(self, request: ReceivedRequest, body: Any) -> int | None:
        """How many items the request asks for at most."""
        if self._size:
            return _number(self._given(self._size, request, body))
        # Where pages are not counted, a client need not know which parameter that is.
        inputs = as_object(body) if self._in_body else request.query
        for name in inputs:
            if _SIGNS.sub("", name).lower() in _SIZES:
                return _number(self._given(name, request, body))
        return None

    def _given(self, name: str, request: ReceivedRequest, body: Any) -> Any:
        if self._in_body and name in as_object(body):
            return as_object(body)[name]
        return next(iter(request.query.get(name, ())), None)

    def _start(
        self, request: ReceivedRequest, body: Any, listed: list[Any], size: int
    ) -> int | None:
        """The index of the first item that is asked for, None where the request does not tell."""
        if self.is_first(request, body):
            return 0
        if self._style in ("url", "link"):
            number = _number(next(iter(request.query[MARK]), None))
            return None if number is None or number < 1 else (number - 1) * size
        given = self._given(self._parameter, request, body)
        if self._style == "cursor":
            if self._last_item:
                ids = [str(_at(item, self._last_item)) for item in listed]
                return ids.index(str(given)) + 1 if str(given) in ids else None
            text = str(given)
            return _number(text.removeprefix(_CURSOR)) if text.startswith(_CURSOR) else None
        number = _number(given)
        if number is None or number < self._first:
            return None
        return (number - self._first) * (size if self._style == "page" else 1)

    def _part(
        self,
        request: ReceivedRequest,
        value: Any,
        headers: list[Header],
        start: int,
        size: int,
        schema: Any,
        references: References,
    ) -> Any:
        """The answer with some of its items, and what leads on from there; changes `headers`."""
        listed = as_list(_at(value, self._items))
        items = listed[start : start + size]
        is_last = start + size >= len(listed)
        part = _with(value, self._items, items) if self._items else items
        if self._style == "link":
            headers[:] = [(name, text) for name, text in headers if name != "link"]
            if not is_last:
                url = _marked(request, "", start // size + 2)
                headers.append(("link", f'<{url}>; rel="next"'))
        elif is_last:
            part = _ended(part, self._next, schema, references)
        elif self._style == "url":
            part = _with(
                part, self._next, _marked(request, str(_at(value, self._next)), start // size + 2)
            )
        elif self._style == "cursor":
            part = _with(part, self._next, f"{_CURSOR}{start + size}")
        part = _with(part, self._has_more, is_last is self._is_done)
        part = _with(part, self._total, len(listed))
        return _with(part, self._total_pages, -(-len(listed) // size))

    def _first_page(self, request: ReceivedRequest, value: Any) -> Any:
        place = _at(value, self._next)
        if self._style == "url" and isinstance(place, str) and place:
            return _with(value, self._next, _marked(request, place))
        if self._style == "cursor" and self._next and not place:
            # An answer that says there is more has to say where.
            return _with(value, self._has_more, self._is_done)
        if self._style == "cursor" and not self._next and not _at(value, self._items):
            return _with(value, self._has_more, self._is_done)
        return value


def _number(given: Any) -> int | None:
    """A count that a request gives, as a number or as its digits."""
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _marked(request: ReceivedRequest, url: str, page: int = 2) -> str:
    """The URL of the request, marked; with a host where `url` has one."""
    parts = [p for p in request.query_string.split("&") if p and not p.startswith(f"{MARK}=")]
    query = "".join(f"{part}&" for part in parts)
    host = request.header("host")
    start = f"http://{host}" if host and url.startswith("http") else ""
    return f"{start}{request.path}?{query}{MARK}={page}"


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = as_object(value).get(name)
    return value


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """A copy with another value at a path, where there is one now; copied is only what changes."""
    if not path:
        return value
    name, *rest = path
    found = as_object(value)
    if name not in found:
        return value
    return {**found, name: _with(found[name], tuple(rest), new) if rest else new}


def _ended(value: Any, path: tuple[str, ...], schema: Any, references: References) -> Any:
    """A copy without the cursor: left out, or null or empty where it has to be there."""
    if not path:
        return value
    name, *rest = path
    found = as_object(value)
    if name not in found:
        return value
    rules = flatten(schema, references).rules
    inner = as_object(rules.get("properties")).get(name)
    if rest:
        return {**found, name: _ended(found[name], tuple(rest), inner, references)}
    if name not in as_list(rules.get("required")):
        return {key: member for key, member in found.items() if key != name}
    of_field = flatten(inner, references).rules
    is_nullable = of_field.get("nullable") is True or "null" in as_list(of_field.get("type"))
    empty: Any = "" if isinstance(found[name], str) else 0
    return {**found, name: None if is_nullable else empty}
