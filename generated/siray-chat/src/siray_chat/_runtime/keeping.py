"""The events of a stream, kept until somebody asks for the whole.

The chunks of a completion begin alike (id, model, time), so what is kept for long is packed: one block
of bytes for many events, with the beginning that they have in common once. That is a fraction of
what the items would take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sse import RawEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sse import Frame

MANY = 1024
"""Events that are worth packing."""
_END = b"\x00"
"""Not found in JSON. Where it is all the same, nothing is packed."""


class KeptEvents:
    """The events that were handed out, and those of the block that is."""

    __slots__ = ("_count", "_packs", "_whole_events", "recent")

    def __init__(self, *, whole_events: bool) -> None:
        """``whole_events``: the data of an event alone does not do."""
        self._packs: list[tuple[bytes, bytes] | list[Frame]] = []
        self._count = 0
        self._whole_events = whole_events
        self.recent: list[Frame] = []
        """The last ones; new ones are added here."""

    def pack(self) -> None:
        """Pack what is there. All of it has been handed out."""
        recent = self.recent
        self._count += len(recent)
        self._packs.append(recent if self._whole_events else _packed(recent))
        self.recent = []

    def drop(self, position: int) -> None:
        """Forget what the event at a position holds; it is recent."""
        self.recent[position - self._count] = b""

    def cut(self, position: int) -> None:
        """Forget what comes behind a position; all of that is recent."""
        del self.recent[position - self._count :]

    def ends(self, size: int) -> list[Frame]:
        """Some events of both ends."""
        first = self._packs[0] if self._packs else None
        begin = self.recent if first is None else _unpacked(first)
        return [*begin[:size], *self.recent[-size:]]

    def first(self, position: int) -> Iterator[Frame]:
        """The events before a position, in their order."""
        for pack in self._packs:
            yield from _unpacked(pack)
        yield from self.recent[: position - self._count]


def _packed(frames: list[Frame]) -> tuple[bytes, bytes] | list[Frame]:
    try:
        texts: list[bytes] = frames  # type: ignore[assignment]  # nearly always
        size = _common(min(texts), max(texts))
    except TypeError:
        texts = [frame.data if isinstance(frame, RawEvent) else frame for frame in frames]
        size = _common(min(texts), max(texts))
    begin = texts[0][:size]
    joined = _END.join([text[size:] for text in texts] if size else texts)
    return (begin, joined) if joined.count(_END) == len(texts) - 1 else frames


def _common(a: bytes, b: bytes) -> int:
    """Return the length of the beginning that two texts have in common."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _unpacked(pack: tuple[bytes, bytes] | list[Frame]) -> list[Frame]:
    if isinstance(pack, list):
        return pack
    begin, joined = pack
    return [begin + text for text in joined.split(_END)]
