"""What a package index has of a project, by the simple repository API: HTML (PEP 503) and JSON
(PEP 691).

An index is not trusted: names, addresses and hashes are checked before they are used, nothing it
says becomes a path, and every answer has a limit. Files are verified by their SHA-256.
"""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, cast

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from sdkpress.diagnostics import Location, SdkpressError, fatal, printable
from sdkpress.fetching import DEFAULT_LIMITS, Fetched, Fetcher, Limits, shown_url

__all__ = ["Credentials", "IndexFile", "PackageIndex", "Project", "simple_url"]

Kind = Literal["wheel", "sdist"]

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TITLE = re.compile(r"\blinks for\b|\bsimple\b", re.IGNORECASE)
_MAX_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, which are never shown."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A wheel or sdist of a project. `version` is in its normal form (PEP 440); `sha256` is "" where
    the index gives none; `url` is absolute, without a fragment, and may lead to another host."""

    filename: str
    url: str
    sha256: str
    version: str
    kind: Kind
    is_yanked: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """What an index has of a project: files in the order of their versions, wheels first.

    `status` is that of PEP 792 ("active", "archived", "quarantined", "deprecated"). `unusable` are
    the versions of files that it names without an address that one can fetch from."""

    name: str
    files: tuple[IndexFile, ...]
    status: str = "active"
    unusable: frozenset[str] = frozenset()

    def versions(self) -> tuple[Version, ...]:
        """All versions that have a file, ascending."""
        return tuple(sorted({Version(file.version) for file in self.files}))

    def of(self, version: str) -> tuple[IndexFile, ...]:
        """The files of a version, which may be written in any way that PEP 440 allows; none for what
        is no version."""
        try:
            wanted = Version(version)
        except InvalidVersion:
            return ()
        return tuple(file for file in self.files if Version(file.version) == wanted)


def simple_url(upload_url: str) -> str:
    """Where the simple API of a repository is, by where it takes uploads.

    The upload APIs of public indexes end in `/legacy/` on a host of their own (`upload.`), those of
    hosted feeds in `/upload/`; elsewhere `simple/` is below the address.
    """
    parts = urllib.parse.urlsplit(upload_url)
    path = parts.path.rstrip("/")
    host = parts.netloc
    if path.endswith("/legacy"):
        path = path.removesuffix("/legacy")
        user, at, name = host.rpartition("@")
        host = f"{user}{at}{name.removeprefix('upload.')}"
    elif path.endswith("/upload"):
        path = path.removesuffix("/upload")
    if not path.endswith(("/simple", "/+simple")):
        path = f"{path}/simple"
    return urllib.parse.urlunsplit((parts.scheme, host, f"{path}/", "", ""))


class PackageIndex:
    """The simple API at `url` (http or https, without credentials in it); a context manager.

    `credentials` are sent to the host of the index alone, by Basic authentication.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.url = f"{url.rstrip('/')}/"
        self._credentials = credentials
        self._fetcher = Fetcher(limits)
        self._limits = limits

    def __enter__(self) -> PackageIndex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._fetcher.__exit__(kind, error, trace)

    def project(self, name: str) -> Project | None:
        """What the index has of a project, None where it knows none of that name (404, 410).

        An index that answers for itself, but leads to another host for this project, knows none
        either: what it does not have, it fetches there. Raises SdkpressError: what `Fetcher.get`
        raises, and `invalid-index` for an answer that is no page of the simple API.
        """
        url = f"{self.url}{canonicalize_name(name)}/"
        try:
            found = self._get(url)
        except SdkpressError as error:
            if error.diagnostics[0].id == "fetch-refused-redirect" and self.is_there():
                return None
            raise
        if found.is_gone:
            return None
        return _project(name, found)

    def is_there(self) -> bool:
        """Whether the address answers anything but 404 or 410: a project that is missing there is
        missing indeed. Raises SdkpressError as `Fetcher.get` does."""
        with Fetcher(replace(self._limits, max_bytes=65_536)) as fetcher:
            try:
                return not self._get(self.url, fetcher=fetcher).is_gone
            except SdkpressError as error:
                # The list of all projects of a large index: more than anyone has to read here.
                if error.diagnostics[0].id == "fetch-too-large":
                    return True
                raise

    def download(self, file: IndexFile) -> bytes:
        """The bytes of a file, which have the hash that the index gave.

        Raises SdkpressError: what `Fetcher.get` raises, and `invalid-index` where the hash differs.
        """
        content = self._get(file.url, leads_anywhere=bool(file.sha256)).content or b""
        if file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256:
            message = f"{printable(file.filename)} has not the SHA-256 that the index gives for it"
            raise fatal("invalid-index", message, Location(shown_url(file.url), 1, 1))
        return content

    def _get(
        self, url: str, *, fetcher: Fetcher | None = None, leads_anywhere: bool = False
    ) -> Fetched:
        known = self._credentials if _origin(url) == _origin(self.url) else None
        return (fetcher or self._fetcher).get(
            url,
            reports_gone=not leads_anywhere,
            accept=_ACCEPT,
            credentials=None if known is None else (known.username, known.password),
            leads_anywhere=leads_anywhere,
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urllib.parse.urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _project(name: str, found: Fetched) -> Project:
    content = found.content or b""
    if found.media_type == _JSON or found.media_type == "application/json":
        return _from_json(name, found.url, content)
    if found.media_type in ("application/vnd.pypi.simple.v1+html", "text/html"):
        return _from_html(name, found.url, content, found.media_type)
    message = f"the answer is {printable(found.media_type) or 'of no media type'}, no simple API"
    raise _invalid(message, found.url)


def _from_json(name: str, base: str, content: bytes) -> Project:
    try:
        tree: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise _invalid("the answer is no JSON, as it says it is", base) from None
    top = cast("dict[str, Any]", tree) if isinstance(tree, dict) else {}
    entries: Any = top.get("files")
    if not isinstance(entries, list):
        raise _invalid("the answer has no list of files (PEP 691)", base)
    meta: Any = top.get("meta")
    version: Any = cast("dict[str, Any]", meta).get("api-version") if isinstance(meta, dict) else ""
    if isinstance(version, str) and version and version.partition(".")[0] != "1":
        raise _invalid(f"the answer is of version {printable(version)} of the simple API", base)
    files: list[IndexFile] = []
    unusable: set[str] = set()
    _expect_few(cast("list[Any]", entries), base)
    for entry in cast("list[Any]", entries):
        if isinstance(entry, dict):
            item = cast("dict[str, Any]", entry)
            hashes: Any = item.get("hashes")
            digest = (
                cast("dict[str, Any]", hashes).get("sha256") if isinstance(hashes, dict) else ""
            )
            file = _file(name, base, item.get("filename"), item.get("url"), digest)
            if file is not None:
                yanked = item.get("yanked", False) is not False
                files.append(replace(file, is_yanked=yanked))
            else:
                unusable.update(_versions_named(name, item.get("filename")))
    status: Any = top.get("project-status")
    word: Any = cast("dict[str, Any]", status).get("status") if isinstance(status, dict) else None
    state = word if isinstance(word, str) else "active"
    return Project(name, _sorted(files), state, frozenset(unusable))


class _Anchors(html.parser.HTMLParser):
    """The attributes and texts of all anchors, the `<base>`, and the status of the project.

    `is_plain` is whether the page has neither text nor programs, `is_simple` whether it says of
    itself that it is one of the simple API: its version (PEP 629), or the usual title."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.status = "active"
        self.anchors: list[tuple[dict[str, str], list[str]]] = []
        self.is_plain, self.is_simple = True, False
        self._is_open = self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and not self.base:
            self.base = values.get("href", "")
        elif tag == "meta" and values.get("name") == "pypi:project-status":
            self.status = values.get("content", "active")
        elif tag == "meta" and values.get("name") == "pypi:repository-version":
            self.is_simple = True
        elif tag == "script":
            self.is_plain = False
        elif tag == "title":
            self._is_title = True
        elif tag == "a":
            self.anchors.append((values, []))
            self._is_open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._is_open = False
        elif tag == "title":
            self._is_title = False

    def handle_data(self, data: str) -> None:
        self.is_plain = self.is_plain and not data.strip()
        if self._is_title and _TITLE.search(data):
            self.is_simple = True
        if self._is_open:
            self.anchors[-1][1].append(data)


def _from_html(name: str, base: str, content: bytes, media_type: str) -> Project:
    page = _Anchors()
    page.feed(content.decode("utf-8", "replace"))
    page.close()
    try:
        base = urllib.parse.urljoin(base, page.base)
    except ValueError:
        raise _invalid("the base address of the page is none", base) from None
    files: list[IndexFile] = []
    unusable: set[str] = set()
    _expect_few(page.anchors, base)
    for values, texts in page.anchors:
        address, _, fragment = values.get("href", "").partition("#")
        algorithm, _, digest = fragment.partition("=")
        filename = "".join(texts).strip()
        path = urllib.parse.unquote(address.partition("?")[0].rpartition("/")[2])
        # The text is the file's name (PEP 503); some indexes show another one, or cut it.
        for candidate in (filename, path):
            file = _file(name, base, candidate, address, digest if algorithm == "sha256" else "")
            if file is not None:
                files.append(replace(file, is_yanked="data-yanked" in values))
                break
        else:
            unusable.update(_versions_named(name, filename, path))
    if not page.anchors and b"<" not in content:
        raise _invalid("the answer is no page of HTML, as it says it is", base)
    # Many servers answer every address with a page of their own: where to sign in, an application.
    is_known = page.is_simple or page.is_plain or media_type.startswith("application/")
    if not files and not unusable and not is_known:
        raise _invalid("the page names no files, and is none of the simple API", base)
    return Project(name, _sorted(files), page.status, frozenset(unusable))


def _file(name: str, base: str, filename: Any, address: Any, digest: Any) -> IndexFile | None:
    """A file as the index describes it; None for what is neither a wheel nor an sdist of the
    project."""
    if not isinstance(filename, str) or not isinstance(address, str) or not address:
        return None
    if not filename.isprintable() or "/" in filename or "\\" in filename:
        return None
    version = _version_named(name, filename)
    try:
        url = urllib.parse.urljoin(base, address)
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not version or parts.scheme not in ("http", "https"):
        return None
    del port
    host = parts.netloc.rpartition("@")[2]
    url = urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    known = digest.lower() if isinstance(digest, str) else ""
    sha256 = known if _SHA256.fullmatch(known) else ""
    kind: Kind = "wheel" if filename.endswith(".whl") else "sdist"
    return IndexFile(filename, url, sha256, version, kind)


def _version_named(name: str, filename: str) -> str:
    """The version in the name of a file, "" for what is neither a wheel nor an sdist of the project."""
    try:
        if filename.endswith(".whl"):
            found, version, _, _ = parse_wheel_filename(filename)
        else:
            found, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion, ValueError):
        return ""
    return str(version) if found == canonicalize_name(name) else ""


def _versions_named(name: str, *filenames: Any) -> set[str]:
    named = (_version_named(name, item) for item in filenames if isinstance(item, str))
    return {version for version in named if version}


def _expect_few(entries: Sequence[Any], url: str) -> None:
    if len(entries) > _MAX_FILES:
        raise _invalid(f"the answer has more than {_MAX_FILES:,} files", url)


def _sorted(files: list[IndexFile]) -> tuple[IndexFile, ...]:
    unique = {file.filename: file for file in files}
    return tuple(
        sorted(
            unique.values(),
            key=lambda file: (Version(file.version), file.kind == "sdist", file.filename),
        )
    )


def _invalid(message: str, url: str) -> SdkpressError:
    return fatal("invalid-index", message, Location(shown_url(url), 1, 1))
