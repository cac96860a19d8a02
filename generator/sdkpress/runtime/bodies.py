"""Request bodies: JSON, forms, multipart, bytes from anywhere. Each knows whether it can be sent twice."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from .errors import InvalidRequestError
from .parameters import content_text, styled_pairs, to_plain_tree
from .percent import quote, quote_query, to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .operation import Operation, Property

BLOCK = 64 * 1024


class Body:
    """Bytes known beforehand."""

    __slots__ = ("content", "content_type", "failure", "length", "replayable", "started")

    content: bytes | None
    """The whole body, where it is in memory."""
    length: int | None
    replayable: bool
    """Whether it can be sent more than once."""
    started: bool
    """Whether any of it was handed out."""
    failure: BaseException | None
    """What the caller's own iterator raised: that is no failure of the network."""

    def __init__(self, content: bytes | None, content_type: str | None) -> None:
        self.content = content
        self.content_type = content_type
        self.length = None if content is None else len(content)
        self.replayable = True
        self.started = False
        self.failure = None

    def blocks(self) -> Iterator[bytes]:
        """The body from its beginning, in blocks."""
        if self.content:
            yield self.content

    async def ablocks(self) -> AsyncIterator[bytes]:
        """The same for an async transport. Files are read in place, 64 KiB at a time."""
        for block in self.blocks():
            yield block


class StreamBody(Body):
    """Bytes from an iterable, a file object or a path."""

    __slots__ = ("_position", "_source")

    def __init__(self, source: Any, content_type: str | None) -> None:
        super().__init__(None, content_type)
        self._source = source
        self._position = 0
        if isinstance(source, os.PathLike):
            self.length = _size_of_path(source)  # pyright: ignore[reportUnknownArgumentType]
        elif hasattr(source, "read"):
            size, self._position, self.replayable = _measure(source)
            self.length = size
        else:
            # A list can be walked again, an iterator or generator cannot.
            again: object = source
            self.replayable = isinstance(again, Iterable) and not hasattr(source, "__next__")

    def blocks(self) -> Iterator[bytes]:
        """The body from its beginning."""
        self.started = True
        try:
            yield from _read(self._source, self._position)
        except Exception as error:
            self.failure = error
            raise

    async def ablocks(self) -> AsyncIterator[bytes]:
        """The same; the source may be an async iterable."""
        self.started = True
        try:
            source: object = self._source
            if isinstance(source, AsyncIterable):
                async for block in cast("AsyncIterable[bytes]", source):
                    yield block
            else:
                for block in _read(self._source, self._position):
                    yield block
        except Exception as error:
            self.failure = error
            raise


class Multipart(Body):
    """multipart/form-data (RFC 7578) under a random boundary; files are read while sending."""

    __slots__ = ("_end", "_parts")

    def __init__(
        self, fields: Mapping[str, Any], encoding: Mapping[str, Property], content_type: str
    ) -> None:
        boundary = os.urandom(16).hex()
        super().__init__(None, f"{content_type}; boundary={boundary}")
        self._parts: list[tuple[bytes, bytes | StreamBody]] = []
        for name, value in fields.items():
            items = cast("list[Any]", value) if isinstance(value, list) else [value]
            for item in items:
                if item is not None:
                    head, content = _part(name, item, encoding.get(name))
                    self._parts.append((f"--{boundary}\r\n{head}\r\n\r\n".encode(), content))
        self._end = f"--{boundary}--\r\n".encode()
        length: int | None = len(self._end)
        for head_bytes, content in self._parts:
            size = len(content) if isinstance(content, bytes) else content.length
            length = None if length is None or size is None else length + len(head_bytes) + size + 2
            if isinstance(content, StreamBody) and not content.replayable:
                self.replayable = False
        self.length = length

    def blocks(self) -> Iterator[bytes]:
        """The body from its beginning."""
        self.started = True
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                try:
                    yield from content.blocks()
                except Exception as error:
                    self.failure = error
                    raise
            yield b"\r\n"
        yield self._end


def build_body(operation: Operation, value: Any, extra: Mapping[str, Any] | None) -> Body:
    """The body of a call. ``extra`` is merged into a JSON object or form. Raises InvalidRequestError."""
    kind = operation.body
    media_type = operation.media_type
    if kind == "form" or kind == "multipart":
        fields = to_plain_tree(value)
        if not isinstance(fields, Mapping):
            raise InvalidRequestError(f"a form body must be an object, not {type(value).__name__}")
        merged: dict[str, Any] = {**fields, **(extra or {})}
        if kind == "multipart":
            return Multipart(merged, operation.encoding, media_type or "multipart/form-data")
        return _form(merged, operation.encoding, media_type)
    if extra and kind != "json":
        raise InvalidRequestError("options['body'] can only be merged into a JSON object or a form")
    if kind == "binary":
        return _binary(value, media_type or "application/octet-stream")
    if kind == "text":
        if isinstance(value, (bytes, bytearray)):
            return Body(bytes(value), media_type)
        return Body(to_text(value).encode(), media_type or "text/plain; charset=utf-8")
    return _json(value, extra, media_type or "application/json")


def _json(value: Any, extra: Mapping[str, Any] | None, media_type: str) -> Body:
    from .encoding import encode_json

    if extra:
        plain: object = to_plain_tree(value)
        if not isinstance(plain, Mapping):
            raise InvalidRequestError("options['body'] can only be merged into a JSON object")
        value = {**cast("Mapping[str, Any]", plain), **extra}
    return Body(encode_json(value), media_type)


def _form(
    fields: Mapping[str, Any], encoding: Mapping[str, Property], media_type: str | None
) -> Body:
    pieces: list[str] = []
    for name, value in fields.items():
        rule = encoding.get(name)
        value = to_plain_tree(value)
        if value is None:
            continue
        encode = quote_query if rule and rule.allow_reserved else quote
        if rule and rule.style:
            pairs = styled_pairs(name, value, rule.style, rule.explode, encode)
        elif rule and rule.content_type:
            pairs = [(quote(name), quote(content_text(value, rule.content_type)))]
        elif isinstance(value, Mapping) or (
            isinstance(value, (list, tuple)) and _nested(cast("list[Any]", value))
        ):
            # Without a style an object is written as JSON (OpenAPI 3.1, Encoding Object, contentType).
            pairs = [(quote(name), quote(content_text(value, "application/json")))]
        else:
            pairs = styled_pairs(name, value, "form", True, encode)
        pieces += [f"{key}={text}" for key, text in pairs]
    return Body("&".join(pieces).encode(), media_type or "application/x-www-form-urlencoded")


def _nested(values: Iterable[Any]) -> bool:
    return any(isinstance(to_plain_tree(value), (Mapping, list, tuple)) for value in values)


def _binary(value: Any, media_type: str) -> Body:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Body(bytes(cast("bytes", value)), media_type)
    if isinstance(value, str):
        return Body(value.encode(), media_type)
    if isinstance(value, (os.PathLike, Iterable, AsyncIterable)) or hasattr(value, "read"):
        return StreamBody(value, media_type)
    raise InvalidRequestError(f"a body of bytes cannot be made from a {type(value).__name__}")


def _part(name: str, value: Any, rule: Property | None) -> tuple[str, bytes | StreamBody]:
    filename: str | None = None
    content_type = rule.content_type if rule else None
    headers: Mapping[str, str] = {}
    if isinstance(value, tuple):
        given = cast("tuple[Any, ...]", value)
        if not 2 <= len(given) <= 4:
            raise InvalidRequestError(
                f"{name}: a file is (name, content), (name, content, type) or (name, content, type, headers)"
            )
        filename = given[0]
        value = given[1]
        content_type = (given[2] if len(given) > 2 else None) or content_type
        headers = given[3] if len(given) > 3 else {}
    content: bytes | StreamBody
    if isinstance(value, (bytes, bytearray, memoryview)):
        content = bytes(cast("bytes", value))
        filename = filename or name
    elif isinstance(value, os.PathLike):
        path = cast("os.PathLike[str]", value)
        content = StreamBody(path, None)
        filename = filename or os.path.basename(os.fspath(path))
    elif hasattr(value, "read") or hasattr(value, "__next__"):
        content = StreamBody(value, None)
        own = getattr(value, "name", None)
        filename = filename or (os.path.basename(own) if isinstance(own, str) else name)
    elif filename is not None and isinstance(value, str):
        content = value.encode()
    else:
        plain = to_plain_tree(value)
        if isinstance(plain, (Mapping, list, tuple)):
            content_type = content_type or "application/json"
        content = (content_text(plain, content_type) if content_type else to_text(plain)).encode()
    if filename is not None and not content_type:
        content_type = "application/octet-stream"
    lines = [f'Content-Disposition: form-data; name="{_quoted(name)}"']
    if filename is not None:
        lines[0] += f'; filename="{_quoted(str(filename))}"'
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{key}: {text}" for key, text in headers.items()]
    for line in lines:
        if "\r" in line or "\n" in line:
            raise InvalidRequestError(f"{name}: a line break cannot be part of a header")
    return "\r\n".join(lines), content


def _quoted(text: str) -> str:
    # WHATWG HTML, "multipart/form-data encoding algorithm".
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _size_of_path(path: os.PathLike[str]) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise InvalidRequestError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error


def _measure(file: IO[bytes]) -> tuple[int | None, int, bool]:
    """Bytes from here to the end (None: unknown), where here is, and whether one can come back."""
    try:
        position = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(position)
    except (OSError, AttributeError, ValueError):
        return None, 0, False
    if isinstance(file.read(0), str):
        # The length in bytes of a text file is not what seek() says.
        return None, position, True
    return end - position, position, True


def _read(source: Any, position: int) -> Iterator[bytes]:
    if isinstance(source, os.PathLike):
        path = cast("os.PathLike[str]", source)
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                yield block
    elif hasattr(source, "read"):
        if hasattr(source, "seek"):
            try:
                source.seek(position)
            except OSError:
                pass
        while block := source.read(BLOCK):
            yield block.encode() if isinstance(block, str) else block
    else:
        for block in source:
            if block:
                yield block.encode() if isinstance(block, str) else bytes(block)
