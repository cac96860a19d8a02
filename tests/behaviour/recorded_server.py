"""A server of another make (aiohttp) that cassettes are recorded from: it echoes what it should not."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import web

BLOB = bytes(range(256)) * 40
TICKS = ["one\nline", "hällo 😀", "", "data: [x]"]


class RealServer:
    """Answers as the document `recorded.yaml` says, below `/v2`. `count` counts requests."""

    def __init__(self) -> None:
        self.count = 0
        self.failures_left = 0
        self.cuts = False
        self.stalls = False

    def app(self) -> web.Application:
        made = web.Application(middlewares=[self._counting], client_max_size=1 << 26)
        made.add_routes([
            web.get("/v2/things/{id}", self.thing),
            web.delete("/v2/things/{id}", self.nothing),
            web.post("/v2/things", self.echo),
            web.post("/v2/events", self.events),
            web.get("/v2/lines", self.lines),
            web.post("/v2/files", self.upload),
            web.put("/v2/files", self.upload),
            web.get("/v2/files/{name}", self.file),
            web.get("/elsewhere/{name}", self.moved),
            web.get("/v2/text", self.text),
            web.post("/v2/login", self.login),
            web.get("/v2/keyed", self.mirror),
            web.get("/v2/basic", self.mirror),
        ])  # fmt: skip
        return made

    @web.middleware
    async def _counting(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.count += 1
        if self.failures_left:
            self.failures_left -= 1
            return web.json_response(
                {"message": "slow down", "code": "slow"}, status=429, headers={"Retry-After": "0"}
            )
        answer: web.StreamResponse = await handler(request)
        return answer

    async def thing(self, request: web.Request) -> web.Response:
        if request.match_info["id"] == "none":
            return web.json_response({"message": "no such thing", "code": "gone"}, status=404)
        parts = [{"id": name} for name in request.query.getall("fields", [])]
        body = {"id": request.match_info["id"], "weight": 1.5, "more": None, "parts": parts}
        answer = web.Response(
            body=gzip.compress(json.dumps(body).encode()),
            content_type="application/json",
            headers={"Content-Encoding": "gzip", "X-Version": "7", "X-Other": str(self.count)},
        )
        answer.set_cookie("seat", f"session-{self.count}-of-this-user")
        return answer

    async def nothing(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def echo(self, request: web.Request) -> web.Response:
        return web.json_response(await request.json(), status=201)

    async def events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        key = request.headers.get("Authorization", "")
        for number, text in enumerate([*TICKS, key]):
            data = json.dumps({"n": number, "text": text}, ensure_ascii=number % 2 == 0)
            block = f"event: tick\nid: {number}\ndata: {data}\n\n".encode()
            # Not where the events end, and in the middle of characters.
            for start in range(0, len(block), 13):
                await answer.write(block[start : start + 13])
                await asyncio.sleep(0)
            if number == 2 and self.cuts:
                await answer.write(b'data: {"n": 3, "text": "h\xc3')
                await asyncio.sleep(0.01)
                assert request.transport is not None
                request.transport.abort()
                return answer
            if number == 2 and self.stalls:
                await asyncio.sleep(30)
        await answer.write_eof()
        return answer

    async def lines(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)
        for number, text in enumerate(TICKS):
            await answer.write(json.dumps({"n": number, "text": text}).encode() + b"\n")
        await answer.write_eof()
        return answer

    async def upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        return web.json_response({"id": str(len(content))})

    async def file(self, request: web.Request) -> web.Response:
        if request.match_info["name"] == "moved":
            raise web.HTTPFound(f"{request.url.origin()}/elsewhere/blob")
        return web.Response(body=BLOB, content_type="application/octet-stream")

    async def moved(self, request: web.Request) -> web.Response:
        return web.Response(body=BLOB[::-1], content_type="application/octet-stream")

    async def text(self, request: web.Request) -> web.Response:
        return web.Response(text="Grüße,\r\n\tzwei Zeilen \x85 😀\n")

    async def login(self, request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({
            "access_token": "issued-token-0123456789",
            "user": form.get("user"),
            "pet": form.get("pet"),
            "max_tokens": 12,
            "again": "issued-token-0123456789",
        })  # fmt: skip

    async def mirror(self, request: web.Request) -> web.Response:
        """The credentials in every way in which a server may write them."""
        found = [*request.query.values(), *request.cookies.values()]
        authorization = request.headers.get("Authorization", "")
        if authorization:
            decoded = base64.b64decode(authorization.partition(" ")[2]).decode()
            found += [authorization, decoded, decoded.partition(":")[2]]
        ways: dict[str, Any] = {}
        for number, key in enumerate(found):
            ways[f"{number} plain"] = f"you sent <{key}>"
            ways[f"{number} upper"] = key.upper()
            ways[f"{number} quoted"] = quote(key, safe="")
            ways[f"{number} json"] = json.dumps({"key": key})
            ways[f"{number} hex"] = key.encode().hex()
            for before in ("", "x", "xy"):
                ways[f"{number} base64 {before}"] = base64.b64encode(
                    f"{before}{key}!".encode()
                ).decode()
            ways[f"{number} {key}"] = [key]
        ways["url"] = str(request.url)
        ways["headers"] = dict(request.headers)
        return web.json_response(ways, headers={"Location": str(request.url)})


@contextmanager
def real_server(context: ssl.SSLContext | None = None) -> Iterator[tuple[str, RealServer]]:
    """The base URL and the server, in a thread."""
    server = RealServer()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(server.app(), handle_signals=False, shutdown_timeout=0.1)
    ready = threading.Event()
    port = 0

    async def start() -> None:
        nonlocal port
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield f"http{'s' if context else ''}://localhost:{port}/v2", server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
