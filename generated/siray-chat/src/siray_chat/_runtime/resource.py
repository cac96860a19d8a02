"""The bases of generated resources: a client to send with, nothing else."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .sync_client import SyncClient

    resource = property
    subresource = property
else:

    class resource(property):
        """A property of a client that makes a group of operations.

        The function imports the class and is called once; an import statement costs more than all
        the rest, even where there is nothing left to import.
        """

        _kind = None

        def __get__(self, instance, owner=None):
            kind = self._kind
            if kind is None or instance is None:
                return self._first(instance)
            return kind(instance)

        def _first(self, instance):
            if instance is None:
                return self
            made = self.fget(instance)
            self._kind = type(made)
            return made

    class subresource(resource):
        """The same in a group of operations."""

        def __get__(self, instance, owner=None):
            kind = self._kind
            if kind is None or instance is None:
                return self._first(instance)
            return kind(instance._client)


class SyncResource:
    """A group of operations of a sync client."""

    __slots__ = ("_client",)

    def __init__(self, client: SyncClient) -> None:
        self._client = client


class AsyncResource:
    """A group of operations of an async client."""

    __slots__ = ("_client",)

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
