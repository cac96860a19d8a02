"""multipart/form-data (RFC 7578) and other multipart types (RFC 2046), whose parts have no names.

Parts are of any kind; files are read while they are sent.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, cast

from .bodies import Body, StreamBody
from .errors import InvalidRequestError
from .parameters import content_text, styled_pairs, to_plain_tree
from .percent import to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .operation import Property


class Multipart(Body):
    """Parts under a random boundary.

    An array is one part for each item (RFC 7578, section 4.3); None is left out. Parts without
    names come as a sequence; ``encoding`` has their rules by position, ``*`` that of the rest
    (OpenAPI 3.2, section 4.15.2).
    """

    __slots__ = ("_end", "_parts")

    def __init__(
        self,
        fields: Mapping[str, Any] | Sequence[Any],
        encoding: Mapping[str, Property],
        content_type: str,
    ) -> None:
        boundary = os.urandom(16).hex()
        super().__init__(None, f"{content_type.partition(';')[0]}; boundary={boundary}")
        self._parts: list[tuple[bytes, bytes | StreamBody]] = []
        if isinstance(fields, Mapping):
            found = [
                part
                for name, value in fields.items()
                for part in _parts_of(name, value, encoding.get(name))
            ]
        else:
            rest = encoding.get("*")
            found = [
                _part("", item, encoding.get(str(position), rest), is_form=False)
                for position, item in enumerate(fields)
            ]
        for head, content in found:
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

    async def ablocks(self) -> AsyncIterator[bytes]:
        """The same; files may be async iterables."""
        self.started = True
        for head, content in self._parts:
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                try:
                    async for block in content.ablocks():
                        yield block
                except Exception as error:
                    self.failure = error
                    raise
            yield b"\r\n"
        yield self._end


def _parts_of(
    name: str, value: Any, rule: Property | None
) -> Iterator[tuple[str, bytes | StreamBody]]:
    if rule and rule.style and not _is_file(value):
        # Encoding Object: a style goes before a content type (OpenAPI 3.1).
        for key, text in styled_pairs(name, value, rule.style, rule.explode, str, str):
            yield _head(key, None, None, {}), text.encode()
        return
    items: list[Any]
    if isinstance(value, list):
        items = cast("list[Any]", value)
    elif isinstance(value, tuple) and not _is_file_tuple(cast("tuple[Any, ...]", value)):
        items = list(cast("tuple[Any, ...]", value))
    elif isinstance(value, Set):
        items = sorted(cast("Set[Any]", value), key=str)
    else:
        items = [value]
    for item in items:
        if item is not None:
            yield _part(name, item, rule)


def _is_file(value: Any) -> bool:
    return isinstance(value, (bytes, bytearray, memoryview, os.PathLike, tuple)) or hasattr(
        value, "read"
    )


def _is_file_tuple(value: tuple[Any, ...]) -> bool:
    """`(name, content[, type[, headers]])`, where a tuple of two texts is two values."""
    if not 2 <= len(value) <= 4 or not (value[0] is None or isinstance(value[0], str)):
        return False
    if len(value) == 2:
        return not isinstance(value[1], (str, int, float, type(None)))
    return value[2] is None or (isinstance(value[2], str) and "/" in value[2])


def _part(
    name: str, value: Any, rule: Property | None, *, is_form: bool = True
) -> tuple[str, bytes | StreamBody]:
    filename: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = {}
    is_named = True
    if isinstance(value, tuple):
        given = cast("tuple[Any, ...]", value)
        if not _is_file_tuple(given):
            raise InvalidRequestError(
                f"{name}: a file is (name, content), (name, content, type) or (name, content, type, headers)"
            )
        filename = given[0]
        is_named = filename is not None
        value = given[1]
        content_type = given[2] if len(given) > 2 else None
        headers = (given[3] if len(given) > 3 else None) or {}
    content: bytes | StreamBody
    own: str | None = None
    if isinstance(value, (bytes, bytearray, memoryview)):
        content = bytes(cast("bytes", value))
        own = name
    elif isinstance(value, os.PathLike):
        path = cast("os.PathLike[str]", value)
        content = StreamBody(path, None)
        own = os.path.basename(os.fspath(path))
    elif hasattr(value, "read") or hasattr(value, "__next__") or isinstance(value, AsyncIterable):
        content = StreamBody(value, None)
        label: object = getattr(cast(Any, value), "name", None)
        own = os.path.basename(label) if isinstance(label, str) else name
    else:
        plain = to_plain_tree(value)
        declared = content_type or _one_type(rule, filename)
        if isinstance(plain, (Mapping, list, tuple)):
            content_type = declared or "application/json"
            content = content_text(plain, content_type).encode()
        elif filename is not None or not declared:
            content = to_text(plain).encode()
        else:
            content_type = declared
            content = content_text(plain, declared).encode()
    if is_named:
        filename = filename or own
    if filename is not None or own is not None:
        content_type = content_type or _one_type(rule, filename) or "application/octet-stream"
    if not is_form:
        return _lines(_content_lines(content_type or "text/plain; charset=utf-8", headers)), content
    return _head(name, filename, content_type, headers), content


def _one_type(rule: Property | None, filename: str | None) -> str | None:
    """The content type that an Encoding Object asks for: the one of several that fits the name."""
    if rule is None or not rule.content_type:
        return None
    types = [part.strip() for part in rule.content_type.split(",") if part.strip()]
    if len(types) == 1 and "*" not in types[0]:
        return types[0]
    if filename:
        from mimetypes import guess_type

        guessed = guess_type(filename)[0]
        if guessed and any(
            kind in (guessed, "*/*", f"{guessed.partition('/')[0]}/*") for kind in types
        ):
            return guessed
    return next((kind for kind in types if "*" not in kind), None)


def _head(
    name: str, filename: str | None, content_type: str | None, headers: Mapping[str, str]
) -> str:
    lines = [f'Content-Disposition: form-data; name="{_quoted(name)}"']
    if filename is not None:
        lines[0] += f'; filename="{_quoted(str(filename))}"'
    return _lines([*lines, *_content_lines(content_type, headers)])


def _content_lines(content_type: str | None, headers: Mapping[str, str]) -> list[str]:
    lines = [f"Content-Type: {content_type}"] if content_type else []
    return [*lines, *(f"{key}: {text}" for key, text in headers.items())]


def _lines(lines: list[str]) -> str:
    for line in lines:
        if "\r" in line or "\n" in line:
            name = line.partition(":")[0]
            raise InvalidRequestError(f"{name}: a line break cannot be part of a header")
    return "\r\n".join(lines)


def _quoted(text: str) -> str:
    # WHATWG HTML, "multipart/form-data encoding algorithm".
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
