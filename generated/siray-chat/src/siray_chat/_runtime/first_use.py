"""The first use of a type by msgspec, one thread at a time.

msgspec looks at the fields of a Struct when the class is first decoded to, publishes what it knows of
them before it is complete (a class may contain itself), and runs Python code in between. A second
thread that comes along then reads unfinished memory: the process crashes. So whatever may be a first
use happens under one lock. An exception of a signal handler in the middle of it crashes as well, so
it happens where none is raised.
"""

from __future__ import annotations

import os
from _thread import RLock
from collections.abc import Callable
from typing import Any

import msgspec

from .undisturbed import undisturbed

_lock = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined]

_known: set[Any] = set()

Hook = Callable[[Any, Any], Any]


def new_decoder(type_: Any, hook: Hook | None = None) -> Callable[[Any], Any]:
    """Return what decodes JSON as ``type_``. Raises TypeError where msgspec knows no such type."""

    def make() -> Callable[[Any], Any]:
        with _lock:
            return msgspec.json.Decoder(type_, dec_hook=hook).decode

    return undisturbed(make)


def make_known(type_: Any, hook: Hook) -> None:
    """See to it that ``msgspec.convert`` to a type is no first use."""
    try:
        if type_ in _known:
            return
    except TypeError:  # unhashable metadata of Annotated
        new_decoder(type_, hook)
        return
    new_decoder(type_, hook)
    _known.add(type_)
