"""Siray and AsyncSiray."""

from __future__ import annotations

from ._runtime.api import Api, BearerAuth
from ._runtime.async_client import AsyncClient
from ._runtime.sync_client import SyncClient

_API = Api(
    name=__name__.rpartition(".")[0],
    distribution="siray-chat",
    version="0.1.0",
    env_prefix="SIRAY",
    servers=("https://api.siray.invalid",),
    security={"bearerAuth": BearerAuth(argument="api_key", variable="SIRAY_API_KEY")},
)


class Siray(SyncClient):
    def __init__(self, api_key=None, **options) -> None:
        super().__init__(_API, credentials={"bearerAuth": api_key}, **options)

    @property
    def chat(self):
        from .resources.chat import Chat

        return Chat(self)

    @property
    def things(self):
        from .resources.things import Things

        return Things(self)


class AsyncSiray(AsyncClient):
    def __init__(self, api_key=None, **options) -> None:
        super().__init__(_API, credentials={"bearerAuth": api_key}, **options)

    @property
    def chat(self):
        from .resources.chat import AsyncChat

        return AsyncChat(self)

    @property
    def things(self):
        from .resources.things import AsyncThings

        return AsyncThings(self)
