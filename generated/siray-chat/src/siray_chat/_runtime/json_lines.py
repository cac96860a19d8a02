"""Request bodies that are sequences of JSON texts: NDJSON, JSON Lines, RFC 7464 sequences."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from .bodies import Body, StreamBody
from .encoding import encode_json
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def lines_body(value: Any, media_type: str) -> Body:
    """A body of one line for each item.

    A list is written at once; an iterator or async iterable is sent as it goes. Text, bytes, files
    and paths are lines already. Raises InvalidRequestError.
    """
    if isinstance(value, str):
        return Body(value.encode(), media_type)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Body(bytes(cast("bytes", value)), media_type)
    if isinstance(value, os.PathLike) or hasattr(value, "read"):
        return StreamBody(value, media_type)
    mark = b"\x1e" if media_type.partition(";")[0].strip().endswith("json-seq") else b""
    if isinstance(value, AsyncIterable):
        return StreamBody(_encoded_async(cast("AsyncIterable[Any]", value), mark), media_type)
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise InvalidRequestError("lines of JSON are made of a sequence of items")
    items = cast("Iterable[Any]", value)
    if isinstance(value, (list, tuple)):
        return Body(b"".join(_encoded(items, mark)), media_type)
    return StreamBody(_encoded(items, mark), media_type)


def _encoded(items: Iterable[Any], mark: bytes) -> Iterator[bytes]:
    for item in items:
        yield mark + encode_json(item) + b"\n"


async def _encoded_async(items: AsyncIterable[Any], mark: bytes) -> AsyncIterator[bytes]:
    async for item in items:
        yield mark + encode_json(item) + b"\n"
