"""What the generated client calls each operation, found out when it is first asked for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping

from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.document import Document
from sdkpress.lowering import lower
from sdkpress.naming.by_hand import places_by_hand
from sdkpress.naming.lock import read_lock
from sdkpress.naming.resources import place_operations

__all__ = ["OperationNames"]


_MOST_OPERATIONS = 300
_LONGEST_WAIT = 10.0


class OperationNames:
    """Names such as `chat.completions.create` by keys such as `POST /chat/completions`.

    `lock` is the content of the client's names lock, `overrides` are the names of its
    configuration. Where the lock does not have a name, the document is understood first, in a
    thread of its own; that of a large one would take seconds, in which the server is slow, so
    its operations go by their `operationId`.
    """

    def __init__(
        self,
        document: Document,
        client: str = "",
        lock: bytes | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        self._document = document
        self._client = client
        self._lock = lock
        self._overrides = dict(overrides or {})
        self._names: dict[str, str] = {}
        with contextlib.suppress(ValueError):
            pinned = read_lock(lock, client).operations
            self._names = {key: place.dotted() for key, place in pinned.items()}
        self._thread: threading.Thread | None = None

    def find(self, key: str, operations: Mapping[str, str]) -> str:
        """The name of an operation; `operations` has the `operationId` of each by its key."""
        if key in self._names or not key:
            return self._names.get(key, "")
        if len(operations) <= _MOST_OPERATIONS:
            if self._thread is None:
                self._thread = threading.Thread(target=self._decide, name="names", daemon=True)
                self._thread.start()
            self._thread.join(_LONGEST_WAIT)
        return self._names.get(key) or operations.get(key, "")

    def _decide(self) -> None:
        try:
            api = lower(self._document, Diagnostics())
            wanted = dict(read_lock(self._lock, self._client).operations)
            wanted.update(places_by_hand(api, self._overrides, self._document))
            places = place_operations(api, wanted)
        except (SdkpressError, ValueError):
            return  # the server copes with documents that are no good for a client
        self._names = {key: place.dotted() for key, place in places.items()} | self._names
