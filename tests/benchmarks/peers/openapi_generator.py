"""The clients that OpenAPI Generator makes of the same document (urllib3; aiohttp). No streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conversation import API_KEY, MESSAGES, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "OpenAPI Generator"
PACKAGES = ("openapi-generator-cli", "urllib3", "aiohttp", "pydantic")
IMPORT = "import siray_oag"
NAMES = "from siray_oag import ApiClient, Configuration, Qwen3Max256KApi"
CONSTRUCT = "Qwen3Max256KApi(ApiClient(Configuration(access_token='any')))"


def _api(package: Any, base: str) -> Any:
    configuration = package.Configuration(host=base, access_token=API_KEY)
    return package.Qwen3Max256KApi(package.ApiClient(configuration))


def _body(package: Any, messages: Any) -> Any:
    # The content of a message is a union, which the generator makes a class of.
    listed = [
        package.ChatMessage(
            role=one["role"], content=package.ChatMessageContent(actual_instance=one["content"])
        )
        for one in messages
    ]
    return package.ChatCompletionRequest(model=MODEL, messages=listed)


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import siray_oag

        self._package, self._api = siray_oag, _api(siray_oag, base)
        self._ask = self._api.token_model_de6tzdf802fbb9gd

    def ask(self, messages: Any = MESSAGES) -> str:
        answer = self._ask(_body(self._package, messages))
        content: str = answer.choices[0].message.content
        return content

    def close(self) -> None:
        self._api.api_client.rest_client.pool_manager.clear()


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import siray_oag_async

        self._package, self._api = siray_oag_async, _api(siray_oag_async, base)
        self._ask = self._api.token_model_de6tzdf802fbb9gd

    async def ask(self, messages: Any = MESSAGES) -> str:
        answer = await self._ask(_body(self._package, messages))
        content: str = answer.choices[0].message.content
        return content

    async def close(self) -> None:
        await self._api.api_client.close()


def decoder() -> Callable[[bytes], object]:
    from siray_oag import ChatCompletionChunk

    return lambda data: ChatCompletionChunk.from_json(data)
