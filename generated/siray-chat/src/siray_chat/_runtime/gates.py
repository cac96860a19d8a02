"""A gate that one call at a time may pass: among threads, or among the tasks of an event loop."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable


class Gate:
    """Locks for both clients; after a fork, and in another event loop, they are new ones."""

    __slots__ = ("_lock", "_locks", "_process")

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._locks: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            # A thread of the parent may have held the lock, and is not here to release it.
            self._reset()

    def acquire(self, seconds: float | None) -> Callable[[], None]:
        """Wait for the gate; returns what releases it. Raises TimeoutError."""
        self._check_process()
        lock = self._lock
        if not lock.acquire(timeout=-1 if seconds is None else max(seconds, 0.0)):
            raise TimeoutError
        return lock.release

    async def acquire_async(self, seconds: float | None) -> Callable[[], None]:
        """The same in an event loop."""
        import asyncio

        self._check_process()
        loop = asyncio.get_running_loop()
        lock: asyncio.Lock | None = self._locks.get(loop)
        if lock is None:
            lock = self._locks[loop] = asyncio.Lock()
        async with asyncio.timeout(seconds):
            await lock.acquire()
        held = lock

        def release() -> None:
            try:
                held.release()
            except RuntimeError:
                # The event loop is closed, and with it all who waited.
                pass

        return release
