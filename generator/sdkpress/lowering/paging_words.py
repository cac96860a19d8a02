"""The words in which documents speak of pages: names of parameters and fields, whatever their casing."""

from __future__ import annotations

import re
from functools import cache

_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def split(name: str) -> tuple[str, ...]:
    """Lower-case words: `nextPageToken` -> next page token, `page[size]` -> page size."""
    return tuple(word.lower() for word in _SPLIT.split(name) if word)


@cache
def plain(name: str) -> str:
    """A name without casing and signs: `next_page_token`, `nextPageToken` -> `nextpagetoken`."""
    return "".join(split(name))


def sentence(text: str) -> set[str]:
    """The words of a text, lower-case; plurals without their s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", text[:2000].lower())}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ITEMS = _words(
    "data items results records entries values value elements objects list content contents rows "
    "hits resources nodes documents"
)
"""Usual names of the array of items, where an answer has other arrays too."""

WRAPPERS = _words("data result results response payload embedded content page")
"""Objects that hold the array of items, and nothing else of the kind."""

CONTAINERS = _words(
    "meta metadata paging pagination pageinfo page pages links link cursors cursor next "
    "responsemetadata pagingmetadata paginationinfo pagemetadata listmetadata paginator "
    "resultinfo resultset searchmetadata paginationmetadata pagingdata"
)
"""Objects about the page rather than about the items."""

SIZES = _words(
    "limit perpage pagesize size count maxresults maxitems pagelimit top take resultsperpage "
    "itemsperpage numresults nitems hitsperpage pageitems rowsperpage maxpagesize max pagecount"
)
SIZE_FIELDS = _words("limit perpage pagesize pagelimit itemsperpage resultsperpage hitsperpage")
"""Fields that repeat the size asked for; `count` and `size` may as well be the number of all."""

PAGES = _words("page pagenumber pageno pagenum pagenr currentpage pageindex p")
OFFSETS = _words("offset skip start startat startindex startfrom from pageoffset startoffset")
AFTER = _words("after startingafter startafter afterid aftercursor pageafter startafterid")
POSITIONS = _words("page pagenumber offset skip start from")
"""Parameters that count, or take what the answer calls next: `next_page`, `next`."""

RANGES = _words("from start startfrom startat")
RANGE_ENDS = _words("to end until stop endat endtime before finish")
LAST_ID = _words("lastid lastitemid")
MOVING = PAGES | OFFSETS | AFTER | _words("cursor pagetoken nexttoken pagecursor marker")
PAGING_INPUTS = MOVING | SIZES

MORE = _words(
    "hasmore hasnext hasnextpage more moreavailable hasmoreitems morerecords morepages "
    "hasmorepages hasmoreresults hasmoredata nextavailable truncated istruncated"
)
DONE = _words("done islast islastpage last lastpage isdone iscomplete endofresults")
TOTALS = _words(
    "total totalcount totalitems totalresults totalelements totalrecords totalsize totalhits "
    "totalentries totalrows totalobjects itemcount numfound"
)
TOTAL_PAGES = _words(
    "totalpages pagecount numpages pagestotal totalpagecount lastpage numberofpages pages maxpage"
)
CURRENT_PAGE = _words("page pagenumber currentpage number pageno pageindex pagenum current")

_FILLER = _words("next page pagination start starting end")
_CURSORS = frozenset(
    frozenset(text.split())
    for text in (
        "cursor, token, continuation, continuation token, marker, iterator, bookmark, key, after, "
        "after cursor"
    ).split(", ")
)
_OWN_WORDS = _words("cursor continuationtoken continuation iterator bookmark")
"""Fields that are the next cursor without saying `next`."""

_NEXT_URLS = _words(
    "nextlink nexturl nexturi nexthref nextpageurl nextpageuri nextpagelink odatanextlink "
    "nextpagehref nextlinkurl"
)


def _core(name: str) -> frozenset[str]:
    return frozenset(split(name)) - _FILLER


def is_cursor_input(name: str) -> bool:
    """Whether a parameter may take a cursor, by its name alone."""
    if plain(name) in AFTER or plain(name) in ("next", "nextpage"):
        return True
    core = _core(name)
    if core not in _CURSORS:
        return False
    # A bare `token` or `key` is more likely a credential.
    return plain(name) not in ("token", "key")


def agree(path: tuple[str, ...], parameter: str) -> bool:
    """Whether a field of the answer holds what the parameter takes: next_cursor and cursor."""
    name = path[-1]
    above = {plain(part) for part in path[:-1]}
    says_next = (
        bool({"next", "end"} & set(split(name)))
        or plain(name) in _OWN_WORDS
        or bool(above & {"next", "cursors"})
    )
    if not says_next or {"prev", "previous", "before", "first"} & set(split(name)):
        return False
    core = _core(name)
    if plain(parameter) in POSITIONS:
        return plain(name) in ("next", f"next{plain(parameter)}")
    if not core:
        # `next` alone, in whatever object about the page.
        return plain(name) == "next"
    wanted = _core(parameter)
    if core == wanted:
        return True
    return core == frozenset({"cursor"}) and (plain(parameter) in AFTER)


def is_next(path: tuple[str, ...]) -> bool:
    """Whether a field is about the next page by its name: `next`, `links.next`, `next.href`."""
    name = plain(path[-1])
    if name in ("next", "nextpage"):
        return True
    return name in ("href", "url", "uri", "link") and len(path) > 1 and plain(path[-2]) == "next"


def is_next_url(path: tuple[str, ...]) -> bool:
    """Whether the name of a field says that it is the URL of the next page."""
    name = plain(path[-1])
    if name in _NEXT_URLS:
        return True
    above = {plain(part) for part in path[:-1]}
    if name == "next":
        return bool(above & {"links", "link"})
    return name in ("href", "url", "uri", "link") and len(path) > 1 and plain(path[-2]) == "next"


def first_number(text: str) -> int | None:
    """The number of the first page, 0 or 1, where a description tells it."""
    found = re.search(
        r"\b(zero|0|one|1)[- ](?:based|indexed)"
        r"|(?:start(?:s|ing)?|begin(?:s|ning)?|index(?:ed|es)?)\s+(?:at|from|with)\s+(zero|0|one|1)\b",
        text[:2000],
        re.IGNORECASE,
    )
    if found is None:
        return None
    return 0 if (found[1] or found[2]).lower() in ("zero", "0") else 1
