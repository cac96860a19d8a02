"""`sdkpress pull`: bring documents from their sources into `openapi-spec/`, unchanged.

A source is a path or an http(s) URL of a YAML or JSON document, or of a documentation page with a
document inside. What was taken, and from where, is recorded in `sources.lock`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from sdkpress.diagnostics import Diagnostics, Location, SdkpressError, fatal
from sdkpress.document import canonical_digest, check_openapi, parse_file
from sdkpress.fetching import fetch
from sdkpress.pages import extract_document, is_page
from sdkpress.source_text import read_bytes
from sdkpress.sources_lock import LockedSource, format_lock, read_lock

__all__ = ["FOLDER", "LOCK", "PullResult", "Pulled", "State", "pull"]

FOLDER = "openapi-spec"
LOCK = f"{FOLDER}/sources.lock"

State = Literal["unchanged", "new", "changed", "edited", "missing"]
"""Of a document before the pull: as recorded; not recorded; the source has another one; the file
was edited; the file is gone."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One document: its path below the project, its source, and how it stood."""

    document: str
    source: str
    state: State
    same_content: bool = True
    """Whether only the order of keys or the format differs from what was recorded."""


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull found and, unless it was a check, what it wrote (paths below the project)."""

    documents: tuple[Pulled, ...]
    written: tuple[str, ...]

    @property
    def in_step(self) -> bool:
        """Whether every document is as its source has it: a check exits with 0, else with 1."""
        return all(document.state == "unchanged" for document in self.documents)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A document as its source has it now; `content` is None when the server said 304."""

    entry: LockedSource
    content: bytes | None


def pull(
    sources: Sequence[str],
    project_dir: Path,
    check: bool = False,
    diagnostics: Diagnostics | None = None,
) -> PullResult:
    """Pull `sources`, or without any all that the lock records.

    Paths given count from the working folder, recorded ones from the project. With `check` nothing
    is written. Everything is fetched and checked before the first file is replaced, and a failure
    leaves all files as they were. Warnings about the documents go to `diagnostics`. Raises
    `SdkpressError`.
    """
    diagnostics = diagnostics if diagnostics is not None else Diagnostics()
    locked = read_lock(project_dir / LOCK, LOCK)
    taken: dict[str, _Taken] = {}
    for source, recorded in _wanted(sources, project_dir, locked):
        entry = recorded or _entry_of(source, locked)
        found = _take(source, entry, project_dir, diagnostics)
        if entry is not None:  # the document keeps the name under which the project knows it
            found = replace(found, entry=replace(found.entry, document=entry.document))
        name = found.entry.document
        _refuse_conflicts(found, taken, locked, project_dir)
        taken[name] = found
    documents = tuple(
        _compare(found, locked.get(name), project_dir) for name, found in sorted(taken.items())
    )
    changes = {} if check else _changes(taken, locked, project_dir)
    _write_all(project_dir, changes)
    return PullResult(documents, tuple(sorted(changes)))


def _wanted(
    sources: Sequence[str], project_dir: Path, locked: dict[str, LockedSource]
) -> list[tuple[str, LockedSource | None]]:
    if sources:
        return [(_recorded_form(source, project_dir), None) for source in dict.fromkeys(sources)]
    if not locked:
        raise fatal("nothing-to-pull", "There is no source to pull from.", Location(LOCK, 1, 1))
    return [(entry.source, entry) for _, entry in sorted(locked.items())]


def _recorded_form(source: str, project_dir: Path) -> str:
    """The source as the lock records it: a URL as given, a path relative to the project."""
    if not source.strip() or "\0" in source:
        raise fatal("invalid-source", "The source is empty.", Location(source or ".", 1, 1))
    if _is_url(source):
        return source
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", source)
    if scheme:
        message = f"sdkpress pulls from http and https, not from {scheme[1]}."
        raise fatal("invalid-source", message, Location(source, 1, 1))
    try:
        relative = os.path.relpath(source, project_dir)
    except ValueError:  # another drive
        relative = os.path.basename(source)
    return Path(relative).as_posix()


def _is_url(source: str) -> bool:
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def _entry_of(source: str, locked: dict[str, LockedSource]) -> LockedSource | None:
    return next((entry for entry in locked.values() if entry.source == source), None)


# ---------------------------------------------------------------- one source


def _take(
    source: str, recorded: LockedSource | None, project_dir: Path, diagnostics: Diagnostics
) -> _Taken:
    if not _is_url(source):
        data = read_bytes(project_dir / source, source)
        return _extract(data, source, diagnostics)
    # A conditional request is of use only while the file is what the source gave us.
    usable = recorded is not None and _current(recorded, project_dir) == recorded.sha256
    answer = fetch(
        source,
        etag=recorded.etag if recorded and usable else "",
        last_modified=recorded.last_modified if recorded and usable else "",
    )
    if answer.content is None:
        assert recorded is not None  # without an entry the request was not conditional
        return _Taken(recorded, None)
    return _extract(answer.content, source, diagnostics, answer.etag, answer.last_modified)


def _extract(
    data: bytes,
    source: str,
    diagnostics: Diagnostics,
    etag: str = "",
    last_modified: str = "",
) -> _Taken:
    """The document in `data`, which is a page or a document itself."""
    stem = _source_stem(source)
    _refuse_html(data, source)
    # The query and fragment of a URL would hide the suffix that tells a page from a document.
    if is_page(data, urlsplit(source).path if _is_url(source) else source):
        block = extract_document(data, source)
        content = block.content
        file = parse_file(
            content, source, diagnostics, first_line=block.first_line, indent=block.indent
        )
        stem = PurePosixPath(block.spec_path.replace("\\", "/")).name or stem
    else:
        content = data
        file = parse_file(data, source, diagnostics)
        check_openapi(file)
    entry = LockedSource(
        document=_safe_stem(stem) + (".json" if file.is_json else ".yaml"),
        source=source,
        sha256=file.digest,
        canonical_sha256=canonical_digest(file.tree),
        etag=etag,
        last_modified=last_modified,
    )
    return _Taken(entry, content)


def _refuse_html(data: bytes, source: str) -> None:
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head != b"<":
        return
    help = "Many documentation sites serve a page's Markdown under its address with `.md` added."
    message = "This is an HTML or XML page, neither an OpenAPI document nor Markdown."
    raise fatal("not-a-document", message, Location(source, 1, 1), help if _is_url(source) else "")


def _source_stem(source: str) -> str:
    path = unquote(urlsplit(source).path) if _is_url(source) else source
    return PurePosixPath(path.replace("\\", "/")).name


_DEVICE_NAMES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def _safe_stem(name: str) -> str:
    """A file name, without suffix, that is safe in every folder and on every system."""
    stem = re.sub(r"\.(?:ya?ml|json|mdx?|markdown|txt)$", "", name, flags=re.IGNORECASE)
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)
    stem = re.sub(r"\.{2,}", ".", re.sub(r"-{2,}", "-", stem)).strip("-.")[:80].rstrip("-.")
    if not stem:
        return "openapi"
    return f"{stem}-document" if _DEVICE_NAMES.fullmatch(stem) else stem


# ---------------------------------------------------------------- comparing and writing


def _refuse_conflicts(
    found: _Taken, taken: dict[str, _Taken], locked: dict[str, LockedSource], project_dir: Path
) -> None:
    entry = found.entry
    path = f"{FOLDER}/{entry.document}"
    place = Location(entry.source, 1, 1)
    same = {name.casefold(): name for name in (*locked, *taken)}.get(entry.document.casefold())
    other = (taken[same].entry if same in taken else locked[same]) if same is not None else None
    if other is not None and (other.source != entry.source or other.document != entry.document):
        raise fatal(
            "source-conflict",
            f"{path} already comes from {other.source}.",
            place,
            f"If this source replaces that one, remove the entry of {other.document} from {LOCK}.",
        )
    if other is None:
        there = _current(entry, project_dir)
        if there not in (None, entry.sha256):
            raise fatal(
                "source-conflict",
                f"{path} exists, holds something else, and is not recorded in {LOCK}.",
                place,
                "Move that file away, then pull again.",
            )


def _current(entry: LockedSource, project_dir: Path) -> str | None:
    """The SHA-256 of the document's file, None without one."""
    path = project_dir / FOLDER / entry.document
    if not os.path.lexists(path):
        return None
    data = read_bytes(path, f"{FOLDER}/{entry.document}")
    return hashlib.sha256(data).hexdigest()


def _compare(found: _Taken, recorded: LockedSource | None, project_dir: Path) -> Pulled:
    entry = found.entry
    there = _current(entry, project_dir)
    state: State = "unchanged"
    if recorded is None:
        state = "new"
    elif recorded.sha256 != entry.sha256:
        state = "changed"
    elif there is None:
        state = "missing"
    elif there != entry.sha256:
        state = "edited"
    same = recorded is None or recorded.canonical_sha256 == entry.canonical_sha256
    return Pulled(f"{FOLDER}/{entry.document}", entry.source, state, same)


def _changes(
    taken: dict[str, _Taken], locked: dict[str, LockedSource], project_dir: Path
) -> dict[str, bytes]:
    """What has to be written, by path below the project; the lock comes last."""
    changes: dict[str, bytes] = {}
    for name, found in sorted(taken.items()):
        if found.content is not None and _current(found.entry, project_dir) != found.entry.sha256:
            changes[f"{FOLDER}/{name}"] = found.content
    entries = {**locked, **{name: found.entry for name, found in taken.items()}}
    lock = format_lock(entries.values())
    path = project_dir / LOCK
    if not path.exists() or path.read_bytes() != lock:
        changes[LOCK] = lock
    return changes


def _write_all(project_dir: Path, changes: dict[str, bytes]) -> None:
    """Replace all files or none: first all temporary files, then the renames, undone on failure."""
    if not changes:
        return
    folder = project_dir / FOLDER
    existed = folder.is_dir()
    temporary: dict[str, str] = {}
    before: dict[str, bytes | None] = {}
    path = FOLDER
    try:
        folder.mkdir(exist_ok=True)
        for path, content in changes.items():
            temporary[path] = _write_temporary(folder, content)
        for path, name in temporary.items():
            target = project_dir / path
            before[path] = target.read_bytes() if target.is_file() else None
            os.replace(name, target)
    except OSError as error:
        for name in temporary.values():
            with contextlib.suppress(OSError):
                os.unlink(name)
        _undo(project_dir, before)
        if not existed:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise _unwritable(path, error) from None


def _write_temporary(folder: Path, content: bytes) -> str:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".pull-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
    except OSError:
        os.unlink(name)
        raise
    return name


def _undo(project_dir: Path, before: dict[str, bytes | None]) -> None:
    for path, content in before.items():
        with contextlib.suppress(OSError):
            if content is None:
                (project_dir / path).unlink(missing_ok=True)
            elif (project_dir / path).read_bytes() != content:
                (project_dir / path).write_bytes(content)


def _unwritable(path: str, error: OSError) -> SdkpressError:
    reason = error.strerror or type(error).__name__
    return fatal("file-unwritable", f"Cannot write the file: {reason}.", Location(path, 1, 1))
