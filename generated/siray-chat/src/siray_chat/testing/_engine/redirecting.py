"""Where the redirects of the document lead: to a page of the fake server, never out of it.

An example of a `Location` names a real host; a client that follows it would leave the test.
"""

from __future__ import annotations

from collections.abc import Iterable

from .exchanges import ReceivedRequest, Reply

__all__ = ["landing", "staying"]

_PAGE = "/-/redirected"
_TEXT = b"The fake server's page for whoever follows a redirect.\n"


def staying(status: int, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer; the address of a redirect is that of the page."""
    if not 300 <= status < 400:
        return list(headers)
    return [(name, _PAGE if name == "location" else value) for name, value in headers]


def landing(request: ReceivedRequest) -> Reply | None:
    """The page, for a request that was redirected to it."""
    if request.path != _PAGE:
        return None
    return Reply.whole(200, _TEXT, "text/plain; charset=utf-8", note="redirected")
