"""Whether the items of a stream have said that they are the last: the path ``finished_by``.

In a stream of several choices each one says it for itself, and the stream is whole when all that have
been seen did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


class Finish:
    """Watches one stream for its end."""

    __slots__ = ("_finished", "_keys", "_name", "_path", "_seen")

    def __init__(self, path: tuple[str, ...], keys: Mapping[str, str]) -> None:
        """``path`` leads to a value that is null or false until the end; ``*`` is every element of an array.

        ``keys`` says by which name the elements of an array are told apart.
        """
        self._path = path
        self._keys: Mapping[str, str] = keys
        names = [step for step in path if step != "*"]
        self._name = f'"{names[-1]}"'.encode() if names else b""
        self._seen: set[tuple[Any, ...]] = set()
        self._finished: set[tuple[Any, ...]] = set()

    @property
    def is_reached(self) -> bool:
        """Everything that was seen has finished."""
        return bool(self._finished) and self._seen <= self._finished

    def is_mentioned(self, data: bytes) -> bool:
        """Whether an item, as JSON, may have the value. Cheap, and never wrongly false for one element."""
        place = data.rfind(self._name)
        if place < 0:
            return False
        place += len(self._name)
        return not data[place : place + 12].lstrip(b" \t\r\n:").startswith((b"null", b"false"))

    def look(self, item: Any) -> None:
        """Take an item, as JSON values."""
        path = self._path
        if len(path) != 3 or path[1] != "*" or path[0] == "*" or path[2] == "*":
            self._walk(item, 0, ())
            return
        # The usual path, straight on: the elements of one array.
        array = cast("dict[str, Any]", item).get(path[0]) if item.__class__ is dict else None
        if array.__class__ is list:
            key = self._keys.get(path[0], "")
            for position, element in enumerate(cast("list[Any]", array)):
                place = (_index(element, key, position),)
                self._seen.add(place)
                if element.__class__ is dict and _is_said(element.get(path[2])):
                    self._finished.add(place)

    def _walk(self, value: Any, depth: int, place: tuple[Any, ...]) -> None:
        path = self._path
        while depth < len(path):
            step = path[depth]
            if step == "*":
                if isinstance(value, list):
                    key = self._keys.get(path[depth - 1] if depth else "", "")
                    for position, element in enumerate(cast("list[Any]", value)):
                        self._walk(element, depth + 1, (*place, _index(element, key, position)))
                return
            if place and "*" not in path[depth:]:
                self._seen.add(place)
            value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
            depth += 1
            if not _is_said(value):
                return
        self._seen.add(place)
        self._finished.add(place)


def _is_said(value: Any) -> bool:
    return value is not None and value is not False


def _index(element: Any, key: str, position: int) -> Any:
    index = cast("dict[str, Any]", element).get(key) if isinstance(element, dict) else None
    return index if isinstance(index, (int, str)) else position
