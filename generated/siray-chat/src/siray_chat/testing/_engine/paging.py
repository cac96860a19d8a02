"""Lists that end: the first page as the document gives it, and a last one behind it.

What a document gives for an answer, an example or a made value, mostly says that there is more. The
generator tells how the pages of an operation follow each other, in `x-sdkpress-pages`; with that,
a request for any page but the first gets an answer that is the last.
"""

from __future__ import annotations

from typing import Any

from .exchanges import ReceivedRequest
from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References

__all__ = ["Paging", "pagings"]

MARK = "fake-page"
"""The query parameter that marks the URL of the last page."""

Header = tuple[str, str]


def pagings(document: Any) -> dict[str, Paging]:
    """The paginated operations of a document, by their keys (`"GET /pets"`)."""
    facts = as_object(as_object(document).get("x-sdkpress-pages"))
    return {key: Paging(as_object(value)) for key, value in facts.items()}


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
        first = facts.get("first")
        self._first = first if isinstance(first, int) else 1

    def is_first(self, request: ReceivedRequest, body: Any) -> bool:
        """Whether a request is for the first page."""
        if self._style in ("url", "link"):
            return MARK not in request.query
        if self._in_body:
            given = as_object(body).get(self._parameter)
        else:
            given = next(iter(request.query.get(self._parameter, ())), None)
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


def _marked(request: ReceivedRequest, url: str) -> str:
    """The URL of the request, marked; with a host where `url` has one."""
    query = f"{request.query_string}&" if request.query_string else ""
    host = request.header("host")
    start = f"http://{host}" if host and url.startswith("http") else ""
    return f"{start}{request.path}?{query}{MARK}=2"


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
