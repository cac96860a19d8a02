"""Reads a site: an index or a page in HTML, and the pages that it leads to.

What a site leads to stays on its host unless another one is allowed. Nothing is written here.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.document import check_openapi, parse_file
from sdkpress.fetching import Fetched, Fetcher, shown_url
from sdkpress.page_merging import Fragment
from sdkpress.pages import extract_documents, is_page
from sdkpress.site_index import (
    index_links,
    is_index,
    markdown_twin,
    named_documents,
    script_documents,
)
from sdkpress.sources_lock import LockedIndex, LockedPage, LockedSource
from sdkpress.taken_documents import (
    documents_of_parts,
    is_markup,
    one_document,
    parse_block,
    part_key,
    title_key,
)

__all__ = ["MAX_PAGES", "Progress", "Site", "Taken", "is_site"]

MAX_PAGES = 1_000
"""How many pages an index may lead to."""

_AT_ONCE = 6
_HTML_BYTES = 500_000

Progress = Callable[[int, int], None]
"""Called with the number of pages that were fetched, and that of all."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a source has now: its documents, each with its bytes, or None where the server said that
    what was recorded is current; and the index to record, if it is a site."""

    documents: tuple[tuple[LockedSource, bytes | None], ...]
    index: LockedIndex | None = None


@dataclass
class _Page:
    """An address that a site leads to, and what became of it."""

    url: str
    answer: Fetched | None = None
    fragments: list[Fragment] = field(default_factory=list[Fragment])
    etag: str = ""
    last_modified: str = ""

    @property
    def is_current(self) -> bool:
        """Whether the server said that the page is as recorded."""
        return self.answer is not None and self.answer.content is None and not self.answer.is_gone


@dataclass
class Site:
    """One site to read, and what its readers share."""

    source: str
    fetcher: Fetcher
    diagnostics: Diagnostics
    max_pages: int
    progress: Progress

    def read(self, index: LockedIndex, recorded: tuple[LockedSource, ...]) -> Taken:
        """The site again: whole, unless the index and all its pages are as recorded."""
        known = recorded  # without documents that can be relied on, nothing is conditional
        answer = self.fetcher.get(
            self.source,
            etag=index.etag if known else "",
            last_modified=index.last_modified if known else "",
        )
        listed = [page.url for page in index.pages]
        if answer.content is None:
            addresses = listed
        elif not is_site(self.source) and not is_index(answer.url):
            if not is_markup(answer.content):  # a document where a page was
                found = one_document(
                    answer.content, self.source, shown_url(self.source), self.diagnostics, answer
                )
                return Taken((found,))
            addresses = self._named_in_html(answer)
        else:
            addresses = self._listed(answer)
        head = answer if answer.content is not None else None
        validators = {page.url: page for page in index.pages}
        pages = [_Page(address) for address in addresses]
        may_be_current = bool(known) and addresses == listed
        for page in pages:
            if may_be_current and page.url in validators:
                page.etag = validators[page.url].etag
                page.last_modified = validators[page.url].last_modified
        self._fetch(pages)
        current = [page for page in pages if page.is_current]
        if may_be_current and len(current) == len(pages):
            entry = _index_entry(self.source, head, index, pages)
            return Taken(
                tuple((item, None) for item in recorded), replace(entry, pages=index.pages)
            )
        for page in current:  # their content is needed, to put the whole together again
            page.etag = page.last_modified = ""
        self._fetch(current)
        return self._whole(head, index, pages)

    def read_from(self, answer: Fetched) -> Taken:
        """The site, seen for the first time."""
        if is_site(self.source) or is_index(answer.url):
            addresses = self._listed(answer)
        else:
            addresses = self._named_in_html(answer)
        pages = [_Page(address) for address in addresses]
        self._fetch(pages)
        return self._whole(answer, None, pages)

    def _listed(self, answer: Fetched) -> list[str]:
        """The pages of a site; one file that has all of them is a page that holds everything."""
        return [self.source] if _has_all_pages(self.source) else self._linked(answer)

    def _linked(self, answer: Fetched) -> list[str]:
        """The pages that an index links to, as far as they may be fetched."""
        assert answer.content is not None
        shown = shown_url(self.source)
        if is_markup(answer.content):
            message = "This is an HTML or XML page where the site's index should be."
            raise fatal("not-a-document", message, Location(shown, 1, 1))
        linked = index_links(answer.content, answer.url)
        allowed = [url for url in linked if self.fetcher.may_lead_to(answer.url, url)]
        others = sorted({_host(url) for url in linked} - {_host(url) for url in allowed})
        if len(allowed) < len(linked):
            count = len(linked) - len(allowed)
            noun = "page is" if count == 1 else "pages are"
            message = (
                f"{count} {noun} left out, on another host: {', '.join(others[:5]) or 'http'}."
            )
            self.diagnostics.add("other-host", message, Location(shown, 1, 1))
        if len(allowed) > self.max_pages:
            message = f"The index leads to {len(allowed):,} pages, more than {self.max_pages:,}."
            raise fatal("too-many-pages", message, Location(shown, 1, 1))
        return allowed

    def _named_in_html(self, answer: Fetched) -> list[str]:
        """The one document that a page in HTML names, or its Markdown."""
        assert answer.content is not None
        place = Location(shown_url(self.source), 1, 1)
        named = named_documents(answer.content[:_HTML_BYTES], answer.url)
        documents = [*answer.links, *named.documents]
        for script in named.scripts[:1] if not documents else ():
            if self.fetcher.may_lead_to(answer.url, script):
                found = self.fetcher.get(script, reports_gone=True)
                documents += script_documents((found.content or b"")[:_HTML_BYTES], answer.url)
        documents = list(dict.fromkeys(documents))
        allowed = [url for url in documents if self.fetcher.may_lead_to(answer.url, url)]
        if len(documents) > 1:
            listed = ", ".join(shown_url(url) for url in documents[:5])
            message = f"The page names {len(documents)} documents: {listed}."
            raise fatal("page-with-several-documents", message, place, "Pull the wanted one.")
        if documents and not allowed:
            message = f"The page names a document on another host: {shown_url(documents[0])}."
            help = "If that is right, pull from it directly, or allow it with --allow-host."
            raise fatal("fetch-refused-redirect", message, place, help)
        if allowed:
            return allowed
        twin = markdown_twin(answer.url)
        if twin and self.fetcher.may_lead_to(answer.url, twin):
            found = self.fetcher.get(twin, reports_gone=True)
            if found.content and not is_markup(found.content):
                return [twin]
        message = "This is an HTML or XML page, neither an OpenAPI document nor Markdown."
        help = "Pull the document itself, the page's Markdown, or the site's llms.txt."
        raise fatal("not-a-document", message, place, help)

    def _fetch(self, pages: Sequence[_Page]) -> None:
        """Fetch all pages, some at once. Raises what failed, in the order of the pages."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, Fetched | BaseException]] = queue.SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((number, self._page(pages[number])))
                except BaseException as error:  # handed to the waiting thread, whatever it is
                    done.put((number, error))

        for number in range(len(pages)):
            waiting.put(number)
        threads = [threading.Thread(target=work, daemon=True) for _ in pages[:_AT_ONCE]]
        for thread in threads:
            thread.start()
        failures: dict[int, BaseException] = {}
        self.progress(0, len(pages))
        try:
            for count in range(1, len(pages) + 1):
                number, outcome = done.get()
                if isinstance(outcome, Fetched):
                    pages[number].answer = outcome
                else:
                    failures[number] = outcome
                    break
                self.progress(count, len(pages))
        finally:
            stop.set()
        for _, failure in sorted(failures.items()):
            raise failure

    def _page(self, page: _Page) -> Fetched:
        """One page; that of its Markdown where the address itself is HTML."""
        answer = self.fetcher.get(
            page.url, etag=page.etag, last_modified=page.last_modified, reports_gone=True
        )
        if answer.content is None or not is_markup(answer.content):
            return answer
        twin = markdown_twin(page.url)
        if not twin or not self.fetcher.may_lead_to(page.url, twin):
            return answer
        found = self.fetcher.get(twin, reports_gone=True)
        # The two change apart, so what the server says of their state is not kept.
        return answer if found.is_gone else replace(found, etag="", last_modified="")

    def _whole(
        self, head: Fetched | None, old: LockedIndex | None, pages: Sequence[_Page]
    ) -> Taken:
        """The documents of all pages."""
        problems: list[SdkpressError] = []
        held = {page.url for page in old.pages if page.holds} if old else set[str]()
        for page in pages:
            try:
                self._look_into(page, was_document=page.url in held)
            except SdkpressError as error:
                problems.append(error)
        if problems:
            raise SdkpressError(*(item for error in problems for item in error.diagnostics))
        fragments = [fragment for page in pages for fragment in page.fragments]
        if not fragments:
            count = "the page" if len(pages) == 1 else f"any of the {len(pages)} pages"
            message = f"There is no OpenAPI document on {count} that this leads to."
            raise fatal("page-without-document", message, Location(shown_url(self.source), 1, 1))
        documents = documents_of_parts(self.source, fragments, self.diagnostics)
        return Taken(documents, _index_entry(self.source, head, old, pages))

    def _look_into(self, page: _Page, *, was_document: bool) -> None:
        answer = page.answer
        assert answer is not None
        shown = shown_url(page.url)
        place = Location(shown, 1, 1)
        if answer.is_gone:
            if was_document:
                message = "The page held a part of a document, and is gone."
                raise fatal("page-gone", message, place)
            self.diagnostics.add(
                "page-missing", "The site leads to a page that is not there.", place
            )
            return
        content = answer.content or b""
        if is_markup(content) or not content.strip():
            if was_document:
                message = "The page held a part of a document, and is HTML or empty now."
                raise fatal("page-gone", message, place)
            return
        if is_page(content, urlsplit(page.url).path) or _is_prose(content, answer):
            for block in extract_documents(content, shown):
                file = parse_block(block, shown, self.diagnostics)
                key = part_key(block.spec_path) or title_key(file.tree)
                page.fragments.append(Fragment(shown, key, block.content, file))
            return
        file = parse_file(content, shown, self.diagnostics)
        check_openapi(file)
        key = part_key(urlsplit(page.url).path)
        page.fragments.append(Fragment(shown, key, content, file, is_whole=True))


def _has_all_pages(source: str) -> bool:
    return urlsplit(source).path.lower().endswith("/llms-full.txt")


def is_site(source: str) -> bool:
    """Whether an address is that of a site rather than of a document or a page."""
    return is_index(source) or _has_all_pages(source)


def _is_prose(content: bytes, answer: Fetched) -> bool:
    """Whether an address without a telling suffix is text without a document."""
    path = urlsplit(answer.url).path.lower()
    if path.endswith((".yaml", ".yml", ".json")) or answer.media_type.endswith(("json", "yaml")):
        return False
    return re.search(rb"""^[{]?\s*["']?(?:openapi|swagger)["']?\s*:""", content, re.M) is None


def _index_entry(
    source: str, head: Fetched | None, old: LockedIndex | None, pages: Sequence[_Page]
) -> LockedIndex:
    """The index to record; `head` is None when the server said that the recorded one is current."""
    recorded = head if head is not None else old
    return LockedIndex(
        source,
        etag=recorded.etag if recorded else "",
        last_modified=recorded.last_modified if recorded else "",
        pages=tuple(
            LockedPage(
                page.url,
                page.answer.etag if page.answer else "",
                page.answer.last_modified if page.answer else "",
                bool(page.fragments),
            )
            for page in pages
        ),
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
