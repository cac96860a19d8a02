"""Request bodies: JSON, forms, multipart, bytes from anywhere. Each knows whether it can be sent twice."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from .encoding import encode_json
from .errors import InvalidRequestError
from .parameters import content_text, styled_pairs, to_plain_tree
from .percent import quote, quote_query, to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .operation import Content, Property

BLOCK = 64 * 1024


class Body:
    """Bytes known beforehand."""

    content: bytes | None
    """The whole body, where it is in memory."""
    content_type: str | None
    length: int | None
    replayable: bool = True
    """Whether it can be sent more than once."""
    started: bool = False
    """Whether any of it was handed out."""
    failure: BaseException | None = None
    """What the caller's own iterator raised: that is no failure of the network."""

    def __init__(self, content: bytes | None, content_type: str | None) -> None:
        self.content = content
        self.content_type = content_type
        self.length = None if content is None else len(content)

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


def build_body(content: Content, value: Any, extra: Mapping[str, Any] | None) -> Body:
    """The body of a call. ``extra`` is merged into a JSON object or form. Raises InvalidRequestError."""
    kind = content.kind
    media_type = content.media_type
    if media_type is not None and "*" in media_type:
        media_type = None  # a range names nothing that can be sent
    if kind == "form" or kind == "multipart":
        fields: Any = to_plain_tree(value)
        if kind == "multipart" and not isinstance(fields, Mapping) and not content.encoding:
            if (media_type or "").startswith("multipart/form-data"):
                # Each part of a form has a name (RFC 7578, section 4.2), and the document has none.
                given: Any = cast("list[Any]", fields) if isinstance(fields, list) else value
                fields = {"file": given}
        if kind == "multipart" and isinstance(fields, (list, tuple)) and not extra:
            from .multipart import Multipart

            parts = cast("list[Any]", fields)
            return Multipart(parts, content.encoding, media_type or "multipart/mixed")
        if kind == "form" and isinstance(value, (str, bytes, bytearray)) and not extra:
            # A form that the caller has written already.
            written = value.encode() if isinstance(value, str) else bytes(value)
            return Body(written, media_type or "application/x-www-form-urlencoded")
        if not isinstance(fields, Mapping):
            raise InvalidRequestError(f"a form body must be an object, not {type(value).__name__}")
        merged: dict[str, Any] = {**fields, **(extra or {})}
        if kind == "multipart":
            from .multipart import Multipart

            return Multipart(merged, content.encoding, media_type or "multipart/form-data")
        return _form(merged, content.encoding, media_type)
    if extra and kind != "json":
        raise InvalidRequestError("options['body'] can only be merged into a JSON object or a form")
    if kind == "binary":
        return _binary(value, media_type or "application/octet-stream")
    if kind == "text":
        if isinstance(value, (bytes, bytearray)):
            return Body(bytes(value), media_type or "text/plain; charset=utf-8")
        plain: object = to_plain_tree(value)
        is_plain = not media_type or media_type.lower().startswith("text/plain")
        if is_plain and isinstance(plain, (Mapping, list, tuple)):
            text = content_text(plain, "application/json")
        else:
            text = to_text(plain)
        return Body(text.encode(), media_type or "text/plain; charset=utf-8")
    if kind == "jsonl":
        from .json_lines import lines_body

        return lines_body(value, media_type or "application/jsonl")
    return _json(value, extra, media_type or "application/json")


def _json(value: Any, extra: Mapping[str, Any] | None, media_type: str) -> Body:
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
    if isinstance(value, tuple):
        # A file as in a form: (name, content) or (name, content, type); only multipart sends names.
        given = cast("tuple[Any, ...]", value)
        if 2 <= len(given) <= 4 and (given[0] is None or isinstance(given[0], str)):
            value = given[1]
            media_type = (given[2] if len(given) > 2 else None) or media_type
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Body(bytes(cast("bytes", value)), media_type)
    if isinstance(value, str):
        return Body(value.encode(), media_type)
    if isinstance(value, (os.PathLike, Iterable, AsyncIterable)) or hasattr(value, "read"):
        return StreamBody(value, media_type)
    raise InvalidRequestError(f"a body of bytes cannot be made from a {type(value).__name__}")


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
