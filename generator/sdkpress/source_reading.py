"""Reads one source: a document, a page with one inside, or a site that leads to pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdkpress.diagnostics import Diagnostics, Location, fatal
from sdkpress.fetching import Fetcher, shown_url
from sdkpress.site_index import is_index
from sdkpress.site_reading import MAX_PAGES, Progress, Site, Taken, is_site
from sdkpress.source_text import read_bytes
from sdkpress.sources_lock import LockedIndex, LockedSource
from sdkpress.taken_documents import is_markup, is_url, one_document, safe_stem

__all__ = ["MAX_PAGES", "Progress", "Taken", "is_url", "read_path", "read_url", "safe_stem"]


def read_path(source: str, project_dir: Path, diagnostics: Diagnostics) -> Taken:
    """The document of a file. Raises `SdkpressError`."""
    data = read_bytes(project_dir / source, source)
    if is_index(source):
        message = "The index of a site is read from its address, not from a file."
        raise fatal("not-a-document", message, Location(source, 1, 1))
    if is_markup(data):
        message = "This is an HTML or XML page, neither an OpenAPI document nor Markdown."
        raise fatal("not-a-document", message, Location(source, 1, 1))
    return Taken((one_document(data, source, source, diagnostics),))


def read_url(
    source: str,
    fetcher: Fetcher,
    diagnostics: Diagnostics,
    *,
    recorded: Sequence[LockedSource] = (),
    index: LockedIndex | None = None,
    max_pages: int = MAX_PAGES,
    progress: Progress = lambda done, total: None,
) -> Taken:
    """The documents of an address. Requests are conditional on what was `recorded` of it.

    Raises `SdkpressError`.
    """
    site = Site(source, fetcher, diagnostics, max_pages, progress)
    if index is not None:
        return site.read(index, tuple(recorded))
    entry = recorded[0] if recorded else None
    answer = fetcher.get(
        source,
        etag=entry.etag if entry else "",
        last_modified=entry.last_modified if entry else "",
    )
    if answer.content is None:
        assert entry is not None  # without an entry the request was not conditional
        return Taken(((entry, None),))
    if not is_site(source) and not is_index(answer.url) and not is_markup(answer.content):
        found = one_document(answer.content, source, shown_url(source), diagnostics, answer)
        return Taken((found,))
    return site.read_from(answer)
