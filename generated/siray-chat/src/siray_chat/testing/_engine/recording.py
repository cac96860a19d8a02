"""Cassettes being recorded: takes exchanges as they happen, and keeps the file up to date."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cassette_files
from .cassettes import Describer, End
from .exchanges import ReceivedRequest
from .media_types import bare
from .nodes import as_object, as_text
from .redacting import Redact, Redaction
from .references import References
from .routing import Router

__all__ = ["Entry", "Recorder", "Recording"]

_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recording:
    """How a cassette is recorded: an existing file is replaced by the first exchange.

    `redact` are credentials besides those that are found without it: names of headers, parameters
    and fields, JSON pointers into bodies (`*` for any name or index), patterns, functions that
    edit an exchange (False: leave it out). `headers` are to be kept besides the usual ones. With
    `delays` the pauses within streams are kept. A body of more than `largest_body` bytes is not
    kept, and cannot be replayed; a request with one is recognised by its digest.
    """

    path: str | os.PathLike[str]
    redact: Iterable[Redact] = ()
    headers: Iterable[str] = ()
    delays: bool = False
    largest_body: int = _LARGEST


class _Body:
    """Bytes that arrive; of too many, only size and digest are kept."""

    def __init__(self, largest: int) -> None:
        self.blocks: list[bytes] = []
        self.times: list[float] = []
        self.size: int = 0
        self._largest = largest
        self._digest = hashlib.sha256()

    def add(self, block: bytes) -> None:
        self.size += len(block)
        self._digest.update(block)
        if self.size > self._largest:
            self.blocks.clear()
        else:
            self.blocks.append(bytes(block))
            self.times.append(time.monotonic())

    @property
    def content(self) -> bytes | None:
        """All of it, None where it is too large."""
        return None if self.size > self._largest else b"".join(self.blocks)

    @property
    def omitted(self) -> dict[str, Any]:
        return {"bytes": self.size, "sha256": self._digest.hexdigest()}


class Entry:
    """One exchange while it happens. The end is told once; whatever is told later is ignored."""

    def __init__(
        self, recorder: Recorder, number: int, method: str, url: str, headers: list[tuple[str, str]]
    ) -> None:
        self.number: int = number
        self.method: str = method
        self.url: str = url
        self.request_headers: list[tuple[str, str]] = headers
        self.status: int = 0
        self.headers: list[tuple[str, str]] = []
        self.request_body: _Body = _Body(recorder.largest)
        self.body: _Body = _Body(recorder.largest)
        self.started: float = time.monotonic()
        self.how: End | None = None
        self._recorder = recorder

    def sent(self, block: bytes) -> None:
        """Part of the body of the request has gone out."""
        self.request_body.add(block)

    def answered(self, status: int, headers: Iterable[tuple[str | bytes, str | bytes]]) -> None:
        """The head of the answer is here."""
        self.status = status
        self.headers = [(_text(name).lower(), _text(value)) for name, value in headers]
        self.started = time.monotonic()

    def received(self, block: bytes) -> None:
        """Part of the body of the answer is here, content codings not removed."""
        self.body.add(block)

    def ended(self, how: End = "") -> None:
        """The exchange is over. Writes the file."""
        if self.how is None:
            if how == "abandoned" and self._is_whole():
                how = ""
            self.how = how
            self._recorder.finish(self)

    def left(self) -> None:
        """As `ended("abandoned")`, from a garbage collector: the file is written by the next one."""
        if self.how is None:
            self.how = "" if self._is_whole() else "abandoned"
            self._recorder.keep(self)

    def _is_whole(self) -> bool:
        """Whether nothing is missing, though nobody has read up to the end."""
        if self.method == "HEAD" or self.status in (204, 304):
            return True
        lengths = [value for name, value in self.headers if name == "content-length"]
        return bool(lengths) and lengths[0] == str(self.body.size)


class Recorder:
    """Records one cassette. Threads may share it.

    The file is replaced as a whole after each exchange that has ended, so that it is always one
    that can be read, and a crash loses no more than what was still going on. Exchanges stand in the
    order in which they began. An attempt that got no answer at all is not recorded.
    """

    def __init__(self, references: References, router: Router, recording: Recording) -> None:
        self.largest: int = recording.largest_body
        self._path = Path(recording.path)
        self._title = as_text(as_object(references.document.get("info")).get("title"))
        self._describer = Describer(references, router, recording.headers)
        self._redaction = Redaction(references, recording.redact)
        self._delays = recording.delays
        self._lock = threading.Lock()
        self._count = 0
        self._ended: deque[Entry] = deque()
        self._trees: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, str] = {}
        self._known = 0
        # What is missing, or in the way, is better told before anything has been paid for.
        cassette_files.write(self._title, ())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.is_dir():
            raise IsADirectoryError(f"{recording.path} is a folder; a cassette is a file")
        if not os.access(self._path.parent, os.W_OK):
            raise PermissionError(f"{recording.path} cannot be written: its folder is read-only")

    @classmethod
    def of(
        cls, document: Mapping[str, Any], recording: Recording | str | os.PathLike[str]
    ) -> Recorder:
        """A recorder for exchanges with the API of `document`."""
        if not isinstance(recording, Recording):
            recording = Recording(recording)
        references = References(document)
        return cls(references, Router(references), recording)

    def begin(self, method: str, url: str, headers: Iterable[tuple[str, str]]) -> Entry:
        """A request is about to be sent to `url`, which is absolute."""
        with self._lock:
            self._count += 1
            return Entry(self, self._count, method, url, list(headers))

    def relative_path(self, request: ReceivedRequest) -> str:
        """The path without the base path of a server."""
        return self._describer.relative_path(request)

    def keep(self, entry: Entry) -> None:
        """Take an entry that has ended; needs no lock."""
        self._ended.append(entry)

    def finish(self, entry: Entry) -> None:
        """Take an entry that has ended, and write the file."""
        self._ended.append(entry)
        self.flush()

    def flush(self) -> None:
        """Bring the file up to date."""
        with self._lock:
            changed = False
            while self._ended:
                entry = self._ended.popleft()
                if entry.status:
                    changed = self._add(entry) or changed
            if changed:
                self._write()

    def close(self) -> None:
        """The same: the file is complete at any time, and recording may go on."""
        self.flush()

    def _add(self, entry: Entry) -> bool:
        tree = self._tree(entry)
        self._redaction.learn_headers(entry.request_headers)
        self._redaction.learn_headers(entry.headers)
        if not self._redaction.by_place(tree):
            return False
        self._trees[entry.number] = tree
        return True

    def _tree(self, entry: Entry) -> dict[str, Any]:
        sent = entry.request_body
        content = sent.content
        request = ReceivedRequest.of(entry.method, entry.url, entry.request_headers, content or b"")
        described = self._describer.request(request, largest=self.largest)
        if content is None:
            omitted = sent.omitted
            if bare(request.header("content-type")).startswith("multipart/"):
                del omitted["sha256"]  # the boundary is another one each time
            described["omitted"] = omitted
        body = entry.body.content
        more: dict[str, Any] = {"ended": entry.how} if entry.how else {}
        answered = entry.headers
        if body is None:
            more = {"omitted": entry.body.omitted, **more}
        else:
            body, answered = _decoded(body, answered)
        response = self._describer.response(
            request, entry.status, answered, body, largest=self.largest, more=more
        )
        if self._delays and body == entry.body.content:
            delays = _delays(entry, response)
            if any(delays):
                response["delays"] = delays
        return {"request": described, "response": response}

    def _write(self) -> None:
        # Earlier exchanges may have what is known only now.
        is_news = self._redaction.count != self._known
        self._known = self._redaction.count
        for number, tree in self._trees.items():
            if is_news or number not in self._texts:
                cleaned = self._redaction.by_value(tree)
                if cleaned != tree or number not in self._texts:
                    self._trees[number] = cleaned
                    text = cassette_files.write_exchange(cleaned)
                    self._texts[number] = self._redaction.in_text(text)
        listed = [self._texts[number] for number in sorted(self._texts)]
        _replace(self._path, cassette_files.write(self._redaction.in_text(self._title), listed))


def _decoded(content: bytes, headers: list[tuple[str, str]]) -> tuple[bytes, list[tuple[str, str]]]:
    """The body without its content codings, as far as they are known; else as it is."""
    codings = [
        word.strip().lower()
        for name, value in headers
        if name == "content-encoding"
        for word in value.split(",")
    ]
    plain = content
    for coding in reversed([word for word in codings if word not in ("", "identity", "none")]):
        if coding not in ("gzip", "x-gzip", "deflate"):
            return content, headers
        try:
            plain = _inflated(plain, is_gzip=coding != "deflate")
        except zlib.error:
            return content, headers
    return plain, [(name, value) for name, value in headers if name != "content-encoding"]


def _inflated(content: bytes, *, is_gzip: bool) -> bytes:
    if not is_gzip:
        # Either zlib (RFC 1950) or, as many servers send it, the bare data (RFC 1951).
        try:
            return zlib.decompressobj().decompress(content)
        except zlib.error:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content)
    found: list[bytes] = []
    while content[:1] == b"\x1f":
        engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        found.append(engine.decompress(content))
        content = engine.unused_data
    return b"".join(found)


def _delays(entry: Entry, response: dict[str, Any]) -> list[float]:
    """Seconds before each event or line, from when the blocks came that completed them."""
    name = next((name for name in ("events", "lines") if name in response), "")
    if not name:
        return []
    ends: list[int] = []
    size = 0
    for text in response[name]:
        length = len(text.encode()) + (2 if name == "events" else 1)
        if "line_ends" in response:
            length += text.count("\n") + (2 if name == "events" else 1)
        size += length
        ends.append(size)
    found: list[float] = []
    arrived, index, before = 0, -1, entry.started
    for end in ends:
        while arrived < end and index + 1 < len(entry.body.blocks):
            index += 1
            arrived += len(entry.body.blocks[index])
        now = entry.body.times[index] if index >= 0 else before
        found.append(round(max(0.0, now - before), 2))
        before = now
    return found


def _replace(path: Path, text: str) -> None:
    """Write a file at once: whoever reads it sees the old one or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # A temporary file is readable by its owner only; what is checked in should not be.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _text(field: str | bytes) -> str:
    return field if isinstance(field, str) else field.decode("latin-1")
