"""Requests over the async direct transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sdkpress.runtime.direct import async_pool
from sdkpress.runtime.direct.async_transport import AsyncDirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from tests.behaviour.direct_calls import prepared

Run = Callable[[Callable[[AsyncDirectTransport], Awaitable[Any]]], Any]


async def send(
    transport: AsyncDirectTransport, request: Any, timeout: Timeout | float | None = 20.0
) -> tuple[int, bytes]:
    exchange = await transport.send(request, Budget(Timeout.of(timeout), stream=False))
    blocks: list[bytes] = []
    try:
        while block := await exchange.read():
            blocks.append(block)
    finally:
        await exchange.close()
    return exchange.status, b"".join(blocks)


async def get(
    transport: AsyncDirectTransport, url: str, timeout: Timeout | float | None = 20.0
) -> bytes:
    return (await send(transport, prepared(url, None, "GET"), timeout))[1]


def pool_of(transport: AsyncDirectTransport) -> async_pool.LoopPool:
    (pool,) = transport._pools.values()
    return pool
