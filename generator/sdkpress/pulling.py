"""`sdkpress pull`: bring documents from their sources into `openapi-spec/`, unchanged.

A source is a path or an http(s) URL of a YAML or JSON document, or of a documentation page with a
document inside, or the URL of a site's index. What was taken, and from where, is recorded in
`sources.lock`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.document import parse_file
from sdkpress.fetching import DEFAULT_LIMITS, Fetcher, Limits, shown_url
from sdkpress.page_merging import operations_of
from sdkpress.provenance import sha256
from sdkpress.source_reading import (
    MAX_PAGES,
    Progress,
    Taken,
    is_url,
    read_path,
    read_url,
    safe_stem,
)
from sdkpress.source_text import read_bytes
from sdkpress.sources_lock import (
    LockedIndex,
    LockedSource,
    format_lock,
    read_indexes,
    read_lock,
)
from sdkpress.writing import write_together

__all__ = ["FOLDER", "LOCK", "Options", "PullResult", "Pulled", "State", "pull"]

FOLDER = "openapi-spec"
LOCK = f"{FOLDER}/sources.lock"

State = Literal["unchanged", "new", "changed", "edited", "missing", "gone"]
"""Of a document before the pull: as recorded; not recorded; the source has another one; the file
was edited; the file is gone; the source has the document no more."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One document: its path below the project, its source, and how it stood."""

    document: str
    source: str
    state: State
    same_content: bool = True
    """Whether the source has what was recorded, the order of keys and the format aside."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull found and, unless it was a check, what it wrote (paths below the project)."""

    documents: tuple[Pulled, ...]
    written: tuple[str, ...]
    contents: Mapping[str, bytes] = field(
        default_factory=dict[str, bytes], repr=False, compare=False
    )
    """What there is to write, by path below the project; of a check, too."""

    @property
    def in_step(self) -> bool:
        """Whether every document is as its source has it: a check exits with 0, else with 1."""
        return all(document.state == "unchanged" for document in self.documents)


@dataclass(frozen=True, slots=True)
class Options:
    """How to pull. `name` is the file that the one given source is to have in `openapi-spec/`, also
    where that comes from elsewhere so far."""

    check: bool = False
    name: str = ""
    allowed_hosts: Collection[str] = ()
    allow_shrink: bool = False
    max_pages: int = MAX_PAGES
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class _Found:
    """A document as its source has it now; `content` is None when the server said 304."""

    entry: LockedSource
    content: bytes | None


def pull(
    sources: Sequence[str],
    project_dir: Path,
    check: bool = False,
    diagnostics: Diagnostics | None = None,
    *,
    options: Options | None = None,
    progress: Progress = lambda done, total: None,
) -> PullResult:
    """Pull `sources`, or without any all that the lock records.

    Paths given count from the working folder, recorded ones from the project. With `check` nothing
    is written. Everything is fetched and checked before the first file is replaced, and a failure
    leaves all files as they were. Warnings about the documents go to `diagnostics`. Raises
    `SdkpressError`.
    """
    options = replace(options or Options(), check=check or (options is not None and options.check))
    return _Pull(project_dir, options, diagnostics or Diagnostics(), progress).run(sources)


class _Pull:
    def __init__(
        self, project_dir: Path, options: Options, diagnostics: Diagnostics, progress: Progress
    ) -> None:
        self.project_dir = project_dir
        self.options = options
        self.diagnostics = diagnostics
        self.progress = progress
        self.locked = read_lock(project_dir / LOCK, LOCK)
        self.indexes = read_indexes(project_dir / LOCK, LOCK)
        self.found: dict[str, _Found] = {}
        self.dropped: list[LockedSource] = []
        self.renamed: list[LockedSource] = []

    def run(self, sources: Sequence[str]) -> PullResult:
        wanted = self._wanted(sources)
        indexes = dict(self.indexes)
        with Fetcher(self.options.limits, self.options.allowed_hosts) as fetcher:
            for source in wanted:
                taken = self._take(source, fetcher)
                self._accept(source, taken)
                indexes.pop(source, None)
                if taken.index is not None:
                    indexes[source] = taken.index
        documents = tuple(
            self._compare(found) for _, found in sorted(self.found.items(), key=_by_name)
        )
        documents += tuple(
            Pulled(f"{FOLDER}/{entry.document}", entry.source, "gone", False)
            for entry in self.dropped
        )
        changes = self._changes(indexes)
        if self.options.check:
            return PullResult(documents, (), changes)
        write_together(self.project_dir, changes)
        return PullResult(documents, tuple(sorted(changes)), changes)

    def _wanted(self, sources: Sequence[str]) -> list[str]:
        name = self.options.name
        if name and len(sources) != 1:
            message = "A name goes with exactly one source."
            raise fatal("invalid-source", message, Location(name, 1, 1))
        if name and not re.fullmatch(r"[^/\\]+\.(?:ya?ml|json)", name):
            message = "The name of a document is a file name that ends in .yaml or .json."
            raise fatal("invalid-source", message, Location(name, 1, 1))
        if name and safe_stem(name) != name.rpartition(".")[0]:
            message = f"Not a name for every system; perhaps {safe_stem(name)}.yaml."
            raise fatal("invalid-source", message, Location(name, 1, 1))
        if sources:
            return [*dict.fromkeys(_recorded_form(source, self.project_dir) for source in sources)]
        if not self.locked:
            raise fatal("nothing-to-pull", "There is no source to pull from.", Location(LOCK, 1, 1))
        return [*dict.fromkeys(entry.source for _, entry in sorted(self.locked.items()))]

    def _of_source(self, source: str) -> list[LockedSource]:
        return [entry for _, entry in sorted(self.locked.items()) if entry.source == source]

    def _take(self, source: str, fetcher: Fetcher) -> Taken:
        if not is_url(source):
            return read_path(source, self.project_dir, self.diagnostics)
        recorded = self._of_source(source)
        # A conditional request is of use only while the files are what the source gave us.
        if not all(self._current(entry) == entry.sha256 for entry in recorded):
            recorded = []
        return read_url(
            source,
            fetcher,
            self.diagnostics,
            recorded=recorded,
            index=self.indexes.get(source),
            max_pages=self.options.max_pages,
            progress=self.progress,
        )

    def _accept(self, source: str, taken: Taken) -> None:
        """Take the documents of one source in, under the names by which the project knows them."""
        recorded = self._of_source(source)
        kept: set[str] = set()
        only = len(recorded) == len(taken.documents) == 1
        self._refuse_cut_index(source, taken)
        emptied = self._emptied(source, taken)
        if self.options.name and len(taken.documents) != 1:
            message = f"This leads to {len(taken.documents)} documents, which cannot have one name."
            raise fatal("invalid-source", message, _place(source))
        for entry, content in taken.documents:
            same = [old for old in recorded if only or old.spec == entry.spec]
            if self.options.name:
                entry = replace(entry, document=self.options.name)
            elif same:
                entry = replace(entry, document=same[0].document)
            found = _Found(entry, content)
            if entry.document in kept:
                message = f"Two documents of this source would be {FOLDER}/{entry.document}."
                raise fatal("source-conflict", message, _place(source))
            self._refuse_conflicts(found)
            found = self._unless_same(found)
            self._refuse_shrunk(found, emptied)
            self.found[entry.document] = found
            kept.add(entry.document)
        gone = [old for old in recorded if old.document not in kept]
        if self.options.name:  # the document has another name from now on
            self.renamed += gone
            return
        if gone and not self.options.allow_shrink:
            names = ", ".join(old.document for old in gone)
            message = f"The source no longer has what {names} was taken from."
            raise fatal("document-shrunk", message, _place(source))
        self.dropped += gone

    def _unless_same(self, found: _Found) -> _Found:
        """The document that is there, where the source has it in another order or format only."""
        old = self.locked.get(found.entry.document)
        if (
            old is None
            or found.content is None
            or old.canonical_sha256 != found.entry.canonical_sha256
            or self._current(old) != old.sha256
        ):
            return found
        return _Found(replace(found.entry, sha256=old.sha256), None)

    def _refuse_cut_index(self, source: str, taken: Taken) -> None:
        """Raise where the index has only the first of its pages, as half of the file would."""
        old = self.indexes.get(source)
        if old is None or taken.index is None or self.options.allow_shrink:
            return
        before = [page.url for page in old.pages]
        now = [page.url for page in taken.index.pages]
        lost = sum(page.holds for page in old.pages[len(now) :])
        if lost >= _LOST_AT_LEAST and now == before[: len(now)]:
            message = f"The index has the first {len(now)} of its {len(before)} pages only."
            raise fatal("document-shrunk", message, _place(source))

    def _emptied(self, source: str, taken: Taken) -> str:
        """A page that held a part of a document and has none now, "" where there is none."""
        old = self.indexes.get(source)
        if old is None or taken.index is None:
            return ""
        held = {page.url for page in old.pages if page.holds}
        pages = taken.index.pages
        return next((page.url for page in pages if page.url in held and not page.holds), "")

    def _refuse_shrunk(self, found: _Found, emptied: str) -> None:
        """Raise where the source lost so much that it is more likely to be broken than changed;
        where a page was `emptied`, one operation is too much."""
        if found.content is None or self.options.allow_shrink:
            return
        recorded = self.locked.get(found.entry.document)
        if recorded is not None and recorded.canonical_sha256 == found.entry.canonical_sha256:
            return  # the file was edited, not the source
        path = f"{FOLDER}/{found.entry.document}"
        try:
            data = read_bytes(self.project_dir / path, path)
            before = operations_of(parse_file(data, path, Diagnostics()).tree)
        except SdkpressError:
            return  # there is none to compare with
        beginning = found.content.rstrip()
        if len(beginning) < len(data.rstrip()) and data.startswith(beginning):
            message = f"The source has only the beginning of {path}: the answer was cut off."
            raise fatal("document-shrunk", message, _place(found.entry.source))
        now = operations_of(parse_file(found.content, path, Diagnostics()).tree)
        lost = len(before.keys() - now.keys())
        if lost and emptied:
            message = f"The page held a part of {path}, and has none now."
            raise fatal("document-shrunk", message, _place(emptied))
        if lost and (not now or (lost >= _LOST_AT_LEAST and 2 * lost > len(before))):
            message = f"{lost} of {len(before)} operations of {path} are no longer there."
            raise fatal("document-shrunk", message, _place(found.entry.source))

    def _refuse_conflicts(self, found: _Found) -> None:
        entry = found.entry
        path = f"{FOLDER}/{entry.document}"
        names = {name.casefold(): name for name in (*self.locked, *self.found)}
        same = names.get(entry.document.casefold())
        other: LockedSource | None = None
        if same is not None:
            other = self.found[same].entry if same in self.found else self.locked[same]
        is_replaced = bool(self.options.name) and same == entry.document
        if (
            other is not None
            and not is_replaced
            and (other.source != entry.source or other.document != entry.document)
        ):
            raise fatal(
                "source-conflict",
                f"{path} already comes from {_shown(other.source)}.",
                _place(entry.source),
                f"If this source replaces that one, say so with --as {other.document}.",
            )
        if other is None:
            there = self._current(entry)
            if there not in (None, entry.sha256):
                raise fatal(
                    "source-conflict",
                    f"{path} exists, holds something else, and is not recorded in {LOCK}.",
                    _place(entry.source),
                    "Move that file away, then pull again.",
                )

    def _current(self, entry: LockedSource) -> str | None:
        """The SHA-256 of the document's file, None without one. Where a checkout has made CRLF of
        its line ends, the file counts as it was."""
        path = self.project_dir / FOLDER / entry.document
        if not os.path.lexists(path):
            return None
        data = read_bytes(path, f"{FOLDER}/{entry.document}")
        found = sha256(data)
        if found != entry.sha256 and sha256(data.replace(b"\r\n", b"\n")) == entry.sha256:
            return entry.sha256
        return found

    def _compare(self, found: _Found) -> Pulled:
        entry = found.entry
        recorded = self.locked.get(entry.document)
        there = self._current(entry)
        state: State = "unchanged"
        if recorded is None:
            state = "new"
        elif recorded.sha256 != entry.sha256:
            is_same = recorded.canonical_sha256 == entry.canonical_sha256
            state = "changed" if not is_same else "missing" if there is None else "edited"
        elif there is None:
            state = "missing"
        elif there != entry.sha256:
            state = "edited"
        same = recorded is None or recorded.canonical_sha256 == entry.canonical_sha256
        return Pulled(f"{FOLDER}/{entry.document}", entry.source, state, same)

    def _changes(self, indexes: dict[str, LockedIndex]) -> dict[str, bytes]:
        """What has to be written, by path below the project; the lock comes last."""
        changes: dict[str, bytes] = {}
        for name, found in sorted(self.found.items(), key=_by_name):
            if found.content is not None and self._current(found.entry) != found.entry.sha256:
                changes[f"{FOLDER}/{name}"] = found.content
        entries = {**self.locked, **{name: found.entry for name, found in self.found.items()}}
        for old in (*self.dropped, *self.renamed):  # the file stays: it is ours no longer
            entries.pop(old.document, None)
        sources = {entry.source for entry in entries.values()}
        kept = [index for index in indexes.values() if index.source in sources]
        lock = format_lock(entries.values(), kept)
        path = self.project_dir / LOCK
        if not path.exists() or read_bytes(path, LOCK).replace(b"\r\n", b"\n") != lock:
            changes[LOCK] = lock
        return changes


_LOST_AT_LEAST = 3


def _by_name(item: tuple[str, _Found]) -> str:
    return item[0]


# ---------------------------------------------------------------- sources

_SECRET = re.compile(
    r"(?:.*[-_.])?(?:api[-_]?key|key|token|auth|authorization|password|passwd|pwd|secret|sig|signature"
    r"|credentials?|sessionid)|x-(?:amz|goog)-.*|access[-_]?token|apikey|jwt",
    re.IGNORECASE,
)


def _recorded_form(source: str, project_dir: Path) -> str:
    """The source as the lock records it: a URL as given, a path relative to the project."""
    if not source.strip() or "\0" in source:
        raise fatal("invalid-source", "The source is empty.", Location(source or ".", 1, 1))
    if is_url(source):
        return _checked_url(source)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):(?://|[^\\/])", source)
    if scheme and not os.path.lexists(source):
        message = f"sdkpress pulls from http and https, not from {scheme[1]}."
        raise fatal("invalid-source", message, Location(shown_url(source), 1, 1))
    try:
        relative = os.path.relpath(source, project_dir)
    except ValueError:  # another drive
        relative = os.path.basename(source)
    return Path(relative).as_posix()


def _checked_url(source: str) -> str:
    """The URL, unless it holds what may not be recorded."""
    try:
        query = urlsplit(source).query
    except ValueError:
        query = ""  # the fetcher says what is wrong
    for name, value in parse_qsl(query, keep_blank_values=True):
        if value and _SECRET.fullmatch(name):
            message = f"The URL holds a credential (`{name}`), which would end up in a file."
            help = "Fetch it by other means, and pull from the file."
            raise fatal("invalid-source", message, Location(shown_url(source), 1, 1), help)
    return source.partition("#")[0]


def _place(source: str) -> Location:
    return Location(_shown(source), 1, 1)


def _shown(source: str) -> str:
    return shown_url(source) if is_url(source) else source
