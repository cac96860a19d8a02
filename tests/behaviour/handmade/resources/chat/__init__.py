from __future__ import annotations

from ..._runtime.resource import AsyncResource, SyncResource


class Chat(SyncResource):
    @property
    def completions(self):
        from .completions import Completions

        return Completions(self._client)


class AsyncChat(AsyncResource):
    @property
    def completions(self):
        from .completions import AsyncCompletions

        return AsyncCompletions(self._client)
