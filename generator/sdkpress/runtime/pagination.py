"""From one page to the request for the next, without I/O.

What ends a list, in the order in which it is asked for: the answer says that there is no more; it
has no cursor or URL (absent, null, or empty); for pages that are counted, the totals are reached, a
page is empty, or it has fewer items than a page is known to have. A cursor or URL that has been
there before is an error, unless the page is empty: then the list is at its end. URLs are followed
on the origin of the API alone, since the credentials go along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit

from .errors import PaginationError
from .model import Model, extra_of
from .parameters import to_plain_tree
from .preparing import address_of
from .redirects import same_origin
from .request import NO_BODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from .operation import Pagination
    from .request import Request
    from .response import Response
    from .settings import Settings


class Chain:
    """What the pages of one list have in common."""

    __slots__ = ("places", "settings", "starts_at")

    def __init__(self, settings: Settings, request: Request[Any], pagination: Pagination) -> None:
        self.settings: Settings = settings
        self.places: dict[object, int] = {}
        """The number of the page (from 0) at each cursor or URL."""
        self.starts_at: Any = _sent(request, pagination)
        """What the caller asked for first, None for the beginning."""
        if self.starts_at is not None:
            self.places[self.starts_at] = 0


class Position:
    """One page in its chain: its number, that of all items up to its end, the page before it."""

    __slots__ = ("chain", "counted", "index", "previous")

    def __init__(self, chain: Chain, index: int, counted: int, previous: bytes = b"") -> None:
        self.chain: Chain = chain
        self.index: int = index
        self.counted: int = counted
        self.previous: bytes = previous


def items_of(body: object, pagination: Pagination) -> list[Any]:
    """The items of an answer; none where it has no array in their place."""
    found = value_at(body, pagination.items)
    return cast("list[Any]", found) if isinstance(found, list) else []


def value_at(body: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of JSON names in a decoded answer, None where there is none."""
    for name in path:
        if isinstance(body, Model):
            body = _field(body, name)
        elif isinstance(body, dict):
            body = cast("dict[str, Any]", body).get(name)
        else:
            return None
    return body


def _field(model: Model, name: str) -> Any:
    for slot in model.__model_slots__:
        if slot.wire_name == name:
            return getattr(model, slot.name)
    return extra_of(model).get(name)


def next_request(
    request: Request[Any], response: Response[Any], items: list[Any], position: Position
) -> Request[Any] | None:
    """The request for the page behind an answer, None behind the last. Raises PaginationError."""
    pagination = request.operation.pagination
    if pagination is None:
        return None
    body: object = response.parsed
    more: Any = value_at(body, pagination.has_more) if pagination.has_more else None
    if more is not None and bool(more) == pagination.is_done:
        return None
    match pagination.style:
        case "cursor":
            cursor = value_at(body, pagination.next) if pagination.next else None
            if pagination.last_item and items:
                cursor = value_at(items[-1], pagination.last_item)
            if cursor is None or cursor == "" or cursor is False or cursor == 0:
                if more is True and not pagination.is_done:
                    raise _error(request, "the answer says that there is more, and not where")
                return None
            if isinstance(cursor, str) and cursor.startswith(("https://", "http://")):
                return _to_url(request, cursor, items, position)
            if not _is_new(request, cursor, items, position):
                return None
            return _moved(request, pagination, cursor)
        case "url":
            url = value_at(body, pagination.next)
            if not isinstance(url, str) or not url:
                return None
            return _to_url(request, url, items, position)
        case "link":
            target = next_link(response.headers.get_list("link"))
            return None if target is None else _to_url(request, target, items, position)
        case _:
            if items and response.content == position.previous:
                # Counting would never end: the server does not look at the parameter.
                raise _error(request, f"{pagination.parameter!r} makes no difference to the answer")
            return _counted(request, body, items, position, has_more=more is not None)


def _counted(
    request: Request[Any], body: object, items: list[Any], position: Position, *, has_more: bool
) -> Request[Any] | None:
    pagination = request.operation.pagination
    assert pagination is not None
    if not items:
        return None
    is_page = pagination.style == "page"
    sent = _number(_sent(request, pagination))
    first = pagination.first
    if sent is None:
        told = _number(value_at(body, pagination.current)) if pagination.current else None
        current = first if first is not None else told if told is not None else 1
    else:
        current = sent
    following = current + (1 if is_page else len(items))
    if not has_more and _is_last(pagination, request, body, items, position, following):
        return None
    return _moved(request, pagination, following)


def _is_last(
    pagination: Pagination,
    request: Request[Any],
    body: object,
    items: list[Any],
    position: Position,
    following: int,
) -> bool:
    """Whether totals, or the size of a page, tell that nothing follows."""
    chain, first = position.chain, pagination.first
    from_start = chain.starts_at is None or _number(chain.starts_at) == first
    pages = _number(value_at(body, pagination.total_pages)) if pagination.total_pages else None
    if pages is not None and pagination.style == "page":
        if first is not None:
            return following - first >= pages
        if from_start:
            return position.index + 1 >= pages
    size = _page_size(pagination, request, body)
    total = _number(value_at(body, pagination.total)) if pagination.total else None
    if total is not None:
        if pagination.style == "offset":
            return following - (first or 0) >= total
        if from_start:
            return position.counted >= total
        if size is not None and first is not None:
            return (following - first) * size >= total
    return size is not None and len(items) < size


def _page_size(pagination: Pagination, request: Request[Any], body: object) -> int | None:
    """The number of items in a full page, where it is certain: servers cut what is asked for."""
    if pagination.size_field:
        told = _number(value_at(body, pagination.size_field))
        if told:
            return told
    if pagination.size and pagination.maximum is not None:
        asked = _number(_given(request, pagination.size, in_body=False))
        if asked and asked <= pagination.maximum:
            return asked
    return None


def _sent(request: Request[Any], pagination: Pagination) -> Any:
    if not pagination.parameter:
        return None
    return _given(request, pagination.parameter, in_body=pagination.in_body)


def _given(request: Request[Any], name: str, *, in_body: bool) -> Any:
    if in_body:
        return value_at(request.body, (name,))
    options: Mapping[str, Any] = request.options or {}
    extra: Mapping[str, Any] = options.get("query") or {}
    return extra[name] if name in extra else (request.query or {}).get(name)


def _moved(request: Request[Any], pagination: Pagination, value: Any) -> Request[Any]:
    name = pagination.parameter
    if not pagination.in_body:
        moved = request.following(query={**(request.query or {}), name: value})
        options: Any = request.options or {}
        if name in (options.get("query") or {}):
            changed: Any = {**options, "query": {**options["query"], name: value}}
            moved.options = changed
        return moved
    body: Any = None if request.body is NO_BODY else to_plain_tree(request.body)
    return request.following(body={**(body or {}), name: value})


def _to_url(
    request: Request[Any], target: str, items: list[Any], position: Position
) -> Request[Any] | None:
    here = address_of(position.chain.settings, request)
    try:
        url = urljoin(here, target.strip())
        source, goal = urlsplit(here), urlsplit(url)
        if _is_upgrade(source, goal):
            url = "https" + url[url.index(":") :]
            goal = urlsplit(url)
        is_ours = goal.scheme in ("http", "https") and same_origin(source, goal)
    except ValueError:
        raise _error(request, "the URL of the next page is malformed") from None
    if not is_ours:
        raise _error(
            request,
            f"the next page is on another host ({goal.scheme}://{goal.netloc.rpartition('@')[2]}); "
            "it is not fetched, since the credentials would go there",
        )
    if goal.username is not None or not url.isprintable() or not url.isascii() or " " in url:
        raise _error(request, "the URL of the next page is malformed")
    url = url.partition("#")[0]
    if not _is_new(request, url, items, position):
        return None
    return request.following(url=url, query={})


def _is_upgrade(source: SplitResult, goal: SplitResult) -> bool:
    """Whether only TLS tells them apart: servers behind a proxy often do not know that they have it."""
    return (
        (source.scheme, goal.scheme) == ("https", "http")
        and source.hostname == goal.hostname
        and goal.port in (None, 80)
        and source.port in (None, 443)
    )


def _is_new(request: Request[Any], place: object, items: list[Any], position: Position) -> bool:
    """Note a cursor or URL; false where the list is at its end. Raises PaginationError for a circle."""
    index = position.chain.places.setdefault(place, position.index + 1)
    if index == position.index + 1:
        return True
    if not items:
        return False
    raise _error(request, "the next page is one that was there before: the list goes in a circle")


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)


def _error(request: Request[Any], problem: str) -> PaginationError:
    return PaginationError(f"{request.operation.method} {request.operation.path}: {problem}")


def next_link(fields: list[str]) -> str | None:
    """The target of ``rel="next"`` in Link headers (RFC 8288 section 3), None without one."""
    for text in fields:
        while True:
            start = text.find("<")
            end = text.find(">", start)
            if start < 0 or end < 0:
                break
            target = text[start + 1 : end]
            relations, text = _relations(text[end + 1 :])
            if "next" in relations:
                return target
    return None


def _relations(text: str) -> tuple[list[str], str]:
    """The relation types of one link, and what follows the link."""
    relations: list[str] | None = None
    while True:
        text = text.lstrip(" \t")
        if not text.startswith(";"):
            return relations or [], text
        name, value, text = _parameter(text[1:].lstrip(" \t"))
        if name == "rel" and relations is None:
            relations = value.lower().split()


def _parameter(text: str) -> tuple[str, str, str]:
    """Name and value of a link parameter, and what follows it."""
    end = next((n for n, letter in enumerate(text) if letter in "=;,"), len(text))
    name, rest = text[:end].strip().lower(), text[end:]
    if not rest.startswith("="):
        return name, "", rest
    rest = rest[1:].lstrip(" \t")
    if not rest.startswith('"'):
        end = next((n for n, letter in enumerate(rest) if letter in ";,"), len(rest))
        return name, rest[:end].strip(), rest[end:]
    value: list[str] = []
    at = 1
    while at < len(rest) and rest[at] != '"':
        at += rest[at] == "\\"
        value.append(rest[at : at + 1])
        at += 1
    return name, "".join(value), rest[at + 1 :]
