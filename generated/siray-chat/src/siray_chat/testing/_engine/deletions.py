"""What was deleted stays away until it is made again: the one thing a fake server may remember."""

from __future__ import annotations

import threading
from collections import OrderedDict

__all__ = ["Deletions"]

_MOST = 10_000
_MAKING = frozenset(("POST", "PUT"))


class Deletions:
    """The paths of deleted resources, the last ten thousand of them. Threads may share it."""

    def __init__(self) -> None:
        self._gone: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._lock = threading.Lock()

    def is_gone(self, method: str, path: str) -> bool:
        """Whether a request is for something that was deleted, or that belonged to it.

        Deleting once more is no request of that kind: DELETE is idempotent (RFC 9110, section
        9.2.2). Neither is what may make the resource again.
        """
        if not self._gone or method == "DELETE" or method in _MAKING:
            return False
        place = _segments(path)
        with self._lock:
            return any(place[:end] in self._gone for end in range(1, len(place) + 1))

    def note(self, method: str, path: str, status: int, *, is_one: bool) -> None:
        """Take note of an answer; `is_one` says that the path names one resource of several.

        What is sent to the resource, to a collection above it or to something beside it
        (`/users/import`) may have made it again.
        """
        if not 200 <= status < 300:
            return
        place = _segments(path)
        if method == "DELETE" and is_one:
            with self._lock:
                self._gone[place] = None
                while len(self._gone) > _MOST:
                    self._gone.popitem(last=False)
        elif method in _MAKING and self._gone:
            with self._lock:
                for gone in [*self._gone]:
                    if gone[: len(place)] == place or gone[:-1] == place[:-1]:
                        del self._gone[gone]

    def forget(self) -> None:
        """Nothing was deleted."""
        with self._lock:
            self._gone.clear()


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))
