"""The tree of scripts of a generated fake server, which has the shape of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scripting import Script, StreamScript
from .typed_requests import Parameters, Received

if TYPE_CHECKING:
    from .app import FakeApp

__all__ = [
    "Parameters",
    "Received",
    "Script",
    "Scripts",
    "StreamScript",
    "group",
    "request_class",
    "scripted",
]

group = property
"""Makes an attribute of a function that returns a group of scripts."""


class Scripts:
    """The scripts of a group of operations."""

    __slots__ = ("app_",)

    def __init__(self, app: FakeApp) -> None:
        # No resource is called so: names do not end in an underscore but for reserved words.
        self.app_: FakeApp = app

    def __repr__(self) -> str:
        named = sorted(name for name in vars(type(self)) if not name.startswith("_"))
        return f"<{type(self).__name__}: {', '.join(named)}>"


def scripted(key: str, received: type[Received]) -> Any:
    """An attribute that is the script of an operation; its annotation says the types."""
    return _Scripted(key, received)


class _Scripted:
    """The descriptor behind `scripted`."""

    __slots__ = ("key", "received")

    def __init__(self, key: str, received: type[Received]) -> None:
        self.key = key
        self.received = received

    def __get__(self, instance: Scripts | None, owner: type) -> Any:
        return self if instance is None else instance.app_.script(self.key)


def request_class(app: FakeApp, operation: str) -> type[Received]:
    """The class of the requests of an operation (`chat.completions.create`) of a generated fake."""
    if not operation:
        return Received
    root, *path, method = operation.split(".")
    # A resource that would hide an attribute of every fake server has an underscore.
    renamed = getattr(app, f"{root}_", None)
    found: Scripts = renamed if isinstance(renamed, Scripts) else getattr(app, root)
    for name in path:
        found = getattr(found, name)
    scripted: _Scripted = vars(type(found))[method]
    return scripted.received
