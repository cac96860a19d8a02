"""The clients that are measured, a module each, all with the same few names.

    TITLE           what tables call it
    PACKAGES        the distributions whose versions belong to the figures
    IMPORT          the statement that a program begins with
    NAMES           the statement that makes what CONSTRUCT needs available
    CONSTRUCT       the expression that makes a client
    Sync, Async     a client for a base URL; `timeout` in seconds, None for its default
        ask(messages)   one whole answer; returns its text
        read()          one stream to its end; returns the number of characters of its text
        first()         one stream to its end; returns `time.perf_counter()` at the first chunk
        chunks()        all chunks of one stream (Sync only)
        close()
    decoder()       returns the function from the bytes of a chunk to the client's object for it

A name that a module lacks is something that its client cannot do. Modules import their client only
inside of functions, since a process in which imports are measured loads them first.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

OURS = "siray"
OPENAI = "openai_sdk"
FLOOR = "floor"
GENERATORS = ("openapi_python_client", "openapi_generator")
NAMES = (OURS, FLOOR, "aiohttp_by_hand", "httpx2_by_hand", *GENERATORS, OPENAI)
"""All peers, in the order of the tables' columns."""


def load(name: str) -> ModuleType:
    """The module of a peer."""
    return import_module(f"peers.{name}")
