"""Requests over the sync direct transport, and what its tests share with those of the async one."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.bodies import Body, StreamBody
from sdkpress.runtime.direct.sync_transport import DirectTransport
from sdkpress.runtime.timeouts import Budget, Timeout
from sdkpress.runtime.transport import PreparedRequest
from tests.behaviour.fault_server import (
    CUT,
    FaultServer,
    head,
    reply,
)


def prepared(url: str, body: Any = b"{}", method: str = "POST", length: int | None = None) -> Any:
    """A request; ``body`` is bytes, None, or what can be iterated."""
    fields = [("Accept", "*/*")]
    made: Body | None = None
    if isinstance(body, bytes):
        made = Body(body, None)
        fields.append(("Content-Length", str(len(body))))
    elif body is not None:
        made = StreamBody(body, None)
        if length is None:
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            fields.append(("Content-Length", str(length)))
    return PreparedRequest(method, f"{url}/x", fields, made)


def send(
    transport: DirectTransport, request: Any, timeout: Timeout | float | None = 20.0
) -> tuple[int, bytes]:
    exchange = transport.send(request, Budget(Timeout.of(timeout), stream=False))
    blocks: list[bytes] = []
    try:
        while block := exchange.read():
            blocks.append(block)
    finally:
        exchange.close()
    return exchange.status, b"".join(blocks)


def get(transport: DirectTransport, url: str, timeout: Timeout | float | None = 20.0) -> bytes:
    return send(transport, prepared(url, None, "GET"), timeout)[1]


REFUSED_TUNNELS = [
    pytest.param(reply(b"no", 407), "wants user and password", True, id="407"),
    pytest.param(reply(b"no", 502), "refused to connect .status 502.", False, id="502"),
    pytest.param([CUT], "without an answer", False, id="cut"),
    pytest.param([b"nonsense\r\n\r\n"], "malformed", False, id="malformed"),
    pytest.param([head(200) + b"surplus"], "more than its answer", False, id="surplus"),
]
"""What a proxy answers to CONNECT, the message of the error, and whether it is permanent."""


def check_forwarded(proxy: FaultServer) -> None:
    """A proxy has got two requests for ``http://one.test/v1`` and ``http://two.test:81/v1``."""
    assert [request.target for request in proxy.requests] == [
        "http://one.test/v1/x",
        "http://two.test:81/v1/x",
    ]
    assert proxy.requests[0].headers["host"] == "one.test"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
    assert proxy.connections == 1
