"""The client that openapi-python-client makes of the same document. It has no streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conversation import API_KEY, MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "openapi-python-client"
PACKAGES = ("openapi-python-client", "httpx", "attrs")
IMPORT = "import siray_opc.api.qwen_3_max_256k.token_model_de6tzdf802fbb9gd, siray_opc.models"
NAMES = "from siray_opc import AuthenticatedClient"
CONSTRUCT = (
    "AuthenticatedClient(base_url='https://localhost', token='any', raise_on_unexpected_status=True)"
    ".get_httpx_client()"
)


class _Call:
    """The operation with the objects that its function takes."""

    def __init__(self, base: str, timeout: float | None) -> None:
        import httpx
        from siray_opc import AuthenticatedClient, models
        from siray_opc.api.qwen_3_max_256k import token_model_de6tzdf802fbb9gd

        self._models = models
        self.operation = token_model_de6tzdf802fbb9gd
        limit = None if timeout is None else httpx.Timeout(timeout)
        self.client = AuthenticatedClient(
            base_url=base, token=API_KEY, timeout=limit, raise_on_unexpected_status=True
        )

    def body(self, messages: Any) -> Any:
        m = self._models
        listed = [m.ChatMessage(m.ChatRole(one["role"]), one["content"]) for one in messages]
        return m.ChatCompletionRequest(model=m.ChatModel.ALIBABAQWEN3_MAX_256K, messages=listed)


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        self._call = _Call(base, timeout)

    def ask(self, messages: Any = MESSAGES) -> str:
        call = self._call
        answer = call.operation.sync(client=call.client, body=call.body(messages))
        content: str = answer.choices[0].message.content
        return content

    def close(self) -> None:
        self._call.client.get_httpx_client().close()


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        self._call = _Call(base, timeout)

    async def ask(self, messages: Any = MESSAGES) -> str:
        call = self._call
        answer = await call.operation.asyncio(client=call.client, body=call.body(messages))
        content: str = answer.choices[0].message.content
        return content

    async def close(self) -> None:
        await self._call.client.get_async_httpx_client().aclose()


def decoder() -> Callable[[bytes], object]:
    """What its operations do with an answer."""
    from siray_opc.models import ChatCompletionChunk

    return lambda data: ChatCompletionChunk.from_dict(json.loads(data))
