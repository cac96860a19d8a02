"""``Download`` and ``AsyncDownload``: an answer whose body has not been read.

For bodies that should not be in memory at once::

    client.download(client.files.content_request("f_1")).write_to("report.pdf")

The body can be read once: by blocks, whole, or into a file. Reading it to its end, ``close()``, the
end of a ``with`` block and garbage collection at the latest release the connection.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import answers
from .content_coding import ContentCodingError
from .errors import ResponseDecodeError, SDKError
from .file_names import file_name
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType
    from typing import IO, Self

    from .call import Call
    from .headers import Headers
    from .steps import Opened


class _Base:
    __slots__ = ("_call", "_coding", "_exchange", "_head", "_is_read")

    def __init__(self, call: Call, opened: Opened) -> None:
        self._call = call
        self._head = opened.head
        self._coding = opened.decompressor
        self._exchange: Any = opened.exchange
        self._is_read = False

    @property
    def status_code(self) -> int:
        """The status of the answer, a success."""
        return self._head.status

    @property
    def headers(self) -> Headers:
        """The headers of the answer."""
        return self._head.headers

    @property
    def request_id(self) -> str | None:
        """The server's id of the request."""
        return self._head.request_id

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty where the server names none."""
        return self._head.media_type

    @property
    def size(self) -> int | None:
        """Bytes of the body, where the server says it beforehand."""
        given = self._head.headers.get("content-length") or ""
        known = self._coding is None and given.isdecimal() and len(given) < 20
        return int(given) if known else None

    @property
    def file_name(self) -> str | None:
        """The name that the server suggests (Content-Disposition), without any folder."""
        return file_name(self._head.headers.get("content-disposition") or "")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} {self.content_type}>"

    def _begin(self) -> Any:
        if self._is_read or self._exchange is None:
            raise ValueError("the body of a download can be read once, before it is closed")
        self._is_read = True
        return self._exchange

    def _decoded(self, block: bytes) -> bytes:
        if self._coding is None:
            return block
        try:
            return self._coding.feed(block)
        except ContentCodingError as error:
            raise self._refused(error) from None

    def _end(self) -> None:
        if self._coding is not None:
            try:
                self._coding.end()
            except ContentCodingError as error:
                raise self._refused(error) from None

    def _refused(self, error: ContentCodingError) -> Exception:
        refused: SDKError = answers.response_error(ResponseDecodeError, str(error), self._head, b"")
        refused.retryable = error.cut
        return self._over(refused)

    def _broken(self, failure: TransportError) -> SDKError:
        failure.head = self._head
        return self._over(self._call.connection_error(failure))

    def _over(self, error: SDKError) -> SDKError:
        """``error``, complete, after who watches the call has been told of it."""
        error.attempts = self._call.attempts
        self._call.redact(error)
        if self._call.watch is not None:
            self._call.watch.ended(error)
        return error


class Download(_Base):
    """An answer whose body is still to be read."""

    __slots__ = ("__weakref__",)

    def __iter__(self) -> Iterator[bytes]:
        """The body in blocks as they arrive. Raises APIConnectionError where it breaks off."""
        exchange = self._begin()
        try:
            while True:
                try:
                    block = exchange.read()
                except TransportError as failure:
                    raise self._broken(failure) from (failure.__cause__ or failure)
                if not block:
                    break
                if data := self._decoded(block):
                    yield data
            self._end()
        finally:
            self.close()

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self)

    def write_to(self, target: str | os.PathLike[str] | IO[bytes]) -> int:
        """Write the body to a file, and return its size in bytes.

        A path is written under another name in the same folder, which takes its place when the
        body is complete: a broken download changes nothing. An open binary file is written to.
        """
        with _Target(target) as file:
            for block in self:
                file.write(block)
        return file.size

    def close(self) -> None:
        """Release the connection; what has not been read is given up. May be called again."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()
            if self._call.watch is not None:
                self._call.watch.ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        exchange = getattr(self, "_exchange", None)
        if exchange is not None:
            exchange.abandon()
            if self._call.watch is not None:
                self._call.watch.ended()


class AsyncDownload(_Base):
    """The async twin of Download."""

    __slots__ = ("__weakref__",)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in blocks as they arrive."""
        exchange = self._begin()
        try:
            while True:
                try:
                    block = await exchange.read()
                except TransportError as failure:
                    raise self._broken(failure) from (failure.__cause__ or failure)
                if not block:
                    break
                if data := self._decoded(block):
                    yield data
            self._end()
        finally:
            await self.aclose()

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([block async for block in self])

    async def write_to(self, target: str | os.PathLike[str] | IO[bytes]) -> int:
        """As ``Download.write_to``; the file is written in place, a block at a time."""
        with _Target(target) as file:
            async for block in self:
                file.write(block)
        return file.size

    async def aclose(self) -> None:
        """Release the connection. May be called again."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.close()
            if self._call.watch is not None:
                self._call.watch.ended()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        exchange = getattr(self, "_exchange", None)
        if exchange is not None:
            exchange.abandon()
            if self._call.watch is not None:
                self._call.watch.ended()


class _Target:
    """Where a body goes: an open file, or a path that appears once everything is there."""

    __slots__ = ("_file", "_part", "_path", "size")

    def __init__(self, target: Any) -> None:
        self._path: str = ""
        self._part = ""
        self._file: Any = target
        self.size = 0
        if not hasattr(target, "write"):
            self._path = os.fsdecode(target)
            folder, name = os.path.split(self._path)
            self._part = os.path.join(folder, f".{name[:200]}.{os.urandom(6).hex()}.part")

    def __enter__(self) -> Self:
        if self._path:
            self._file = open(self._part, "xb")
        return self

    def write(self, block: bytes) -> None:
        """Append a block."""
        self._file.write(block)
        self.size += len(block)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._path:
            return
        try:
            self._file.close()
            if error is None:
                os.replace(self._part, self._path)
                return
        except OSError:
            if error is None:
                _remove(self._part)
                raise
        _remove(self._part)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
