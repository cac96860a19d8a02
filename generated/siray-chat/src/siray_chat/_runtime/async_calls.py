"""Calls of the async client: does the steps of :mod:`.call`, awaiting.

Imported by the first call, so that the construction of a client loads nothing of it.
"""

from __future__ import annotations

from .call import Call
from .receiving import NOTHING, receive_at_once
from .request import StreamRequest
from .steps import Acquire, Close, Read, Resolve, Send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .download import AsyncDownload
    from .request import AnyRequest
    from .response import Response
    from .settings import Settings
    from .steps import Steps
    from .transports import AsyncConnections


class AsyncCalls:
    """Makes the calls of one client."""

    __slots__ = ("_connections", "_settings")

    def __init__(self, settings: Settings, connections: AsyncConnections) -> None:
        self._settings = settings
        self._connections = connections

    async def execute(self, request: AnyRequest) -> Any:
        """Make a call and return what its operation returns."""
        if isinstance(request, StreamRequest):
            return (await self.send(request)).parsed
        call = Call(self._settings, request)
        begun: Any = None
        prepared = call.begin()
        if prepared is not None:
            try:
                exchange = await self._connections.get().send(prepared, call.budget)
            except Exception as failure:
                begun = failure
            else:
                value, begun = receive_at_once(call, exchange)
                if value is not NOTHING:
                    return value
        return (await self.run(call, call.execute(begun)))[0]

    async def send(self, request: AnyRequest) -> Response[Any]:
        """Make a call and return the full answer."""
        call = Call(self._settings, request)
        if not isinstance(request, StreamRequest):
            return call.response(*(await self.run(call, call.execute())))
        from .stream import AsyncStream

        opened = await self._opened(call, call.open())
        return call.stream_response(AsyncStream(call, opened, self.run), opened)

    async def download(self, request: AnyRequest) -> AsyncDownload:
        """Make a call and return its answer with the body unread."""
        from .download import AsyncDownload

        call = Call(self._settings, request)
        return AsyncDownload(call, await self._opened(call, call.open_download()))

    async def _opened(self, call: Call, steps: Steps) -> Any:
        """Up to the body, which somebody else reads and closes."""
        opened = await self.run(call, steps)
        call.exchange = None
        return opened

    async def run(self, call: Call, steps: Steps) -> Any:
        """Do the steps. Whatever ends them early leaves no exchange open."""
        try:
            step = next(steps)
            while True:
                kind: type[object] = step.__class__
                try:
                    result: Any = None
                    if kind is Send:
                        result = await self._connections.get().send(step.request, step.budget)
                    elif kind is Read:
                        result = await step.exchange.read()
                    elif kind is Close:
                        await step.exchange.close()
                    elif kind is Resolve:
                        result = step.function()
                        if hasattr(result, "__await__"):
                            result = await result
                    elif kind is Acquire:
                        result = await step.gate.acquire_async(step.budget.remaining())
                    else:
                        from asyncio import sleep

                        await sleep(step.seconds)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            return end.value
        except GeneratorExit:
            # The coroutine is thrown away: it may not await any more.
            if call.exchange is not None:
                call.exchange.abandon()
            steps.close()
            raise
        except BaseException:
            steps.close()
            if call.exchange is not None:
                await call.exchange.close()
            raise
