"""A fake server for any OpenAPI document, without dependencies beyond the client's own.

    app = FakeApp(document)
    with serve(app) as server:
        client = Client(api_key="any", base_url=server.url)

`FakeApp` is an ASGI application; `serve` puts it on loopback and needs uvicorn. The parts by job:
routing, parameters, bodies, security and validating read a request; answering, examples, samples,
streaming and error_bodies make the answer; scripting overrides it; `FakeApp.respond` is the seam
between them and whatever carries the bytes.
"""

from __future__ import annotations

from .app import FakeApp
from .exchanges import CUT, Cut, Exchange, ReceivedRequest, Reply, Stall, Step
from .scripting import Script
from .serving import ServedApp, describe_exchange, serve

__all__ = [
    "CUT",
    "Cut",
    "Exchange",
    "FakeApp",
    "ReceivedRequest",
    "Reply",
    "Script",
    "ServedApp",
    "Stall",
    "Step",
    "describe_exchange",
    "serve",
]
