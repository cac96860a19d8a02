"""The server of the soak, a process of its own: ``python -m tests.soak.server SEED [CERT KEY]``.

It prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import struct
import sys
import zlib
from random import Random
from typing import Any

from tests.soak.plans import Plan, completion, events, plan

STALL_SECONDS = 30
HTML = b"<!DOCTYPE html><title>Bad gateway</title>"


class Closing(Exception):
    """The connection ends here; ``hard`` by a reset."""

    def __init__(self, *, hard: bool = False) -> None:
        super().__init__()
        self.hard = hard


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seed: int) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(
                line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2] if b": " in line
            )
            body = await reader.readexactly(int(fields[b"content-length"]))
            request = json.loads(body)
            await answer(writer, seed, request, int(fields[b"x-retry-count"]), reader)
    except Closing as closing:
        if closing.hard:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    writer.close()
    try:
        await writer.wait_closed()
    except (OSError, ssl.SSLError):
        pass


async def answer(
    writer: asyncio.StreamWriter,
    seed: int,
    request: dict[str, Any],
    attempt: int,
    reader: asyncio.StreamReader,
) -> None:
    """Do what the plan of the request says."""
    number = int(request["model"])
    streamed = bool(request.get("stream"))
    made = plan(seed, number, attempt, streamed=streamed)
    if await refused(writer, made):
        return
    random = Random(f"{seed}/{number}/{attempt}/server")
    if not streamed:
        await send_plain(writer, made)
        return
    await send_stream(writer, made, random, reader)


async def refused(writer: asyncio.StreamWriter, made: Plan) -> bool:
    """Whether something other than was asked for was sent. Raises Closing where nothing may follow."""
    fault = made.fault
    error = json.dumps({"error": {"message": "as planned", "type": "soak", "code": None}}).encode()
    if fault in ("close at once", "reset at once"):
        raise Closing(hard=fault == "reset at once")
    if fault == "cut head":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
        await writer.drain()
        raise Closing
    if fault in ("400", "401", "408", "429", "500", "529"):
        writer.write(whole(int(fault), error, "application/json", b"Retry-After-Ms: 20\r\n"))
    elif fault == "503 html":
        writer.write(whole(503, HTML, "text/html", b"Retry-After: 0\r\n"))
    elif fault == "html":
        writer.write(whole(200, HTML, "text/html"))
    elif fault == "error object":
        writer.write(whole(200, error, "application/json"))
    else:
        return False
    await writer.drain()
    return True


def whole(status: int, body: bytes, kind: str, more: bytes = b"") -> bytes:
    """An answer with its length."""
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\nX-Request-Id: soak\r\n%s\r\n%s"
        % (status, kind.encode(), len(body), more, body)
    )


async def send_plain(writer: asyncio.StreamWriter, made: Plan) -> None:
    """A whole completion."""
    body, more = completion(made), b""
    if made.coding:
        coder = encoder(made)
        body = coder.compress(body) + coder.flush()
        more = b"Content-Encoding: %s\r\n" % made.coding.encode()
    writer.write(whole(200, body, "application/json", more))
    await writer.drain()


def encoder(made: Plan) -> Any:
    """A compressor of the plan's content coding."""
    return zlib.compressobj(wbits=31 if made.coding == "gzip" else 15)


async def send_stream(
    writer: asyncio.StreamWriter, made: Plan, random: Random, reader: asyncio.StreamReader
) -> None:
    """A stream of events, up to where its fault is."""
    blocks = events(made)
    fault = made.fault
    if fault:
        blocks = blocks[: made.at]
        if fault == "error event":
            blocks.append(b'event: error\ndata: {"error": {"message": "as planned"}}\n\n')
        elif fault == "bad json":
            blocks.append(b'data: {"id": \n\n')
        elif fault == "cut inside an event":
            blocks.append(b'data: {"id": "c", "obj')
    coder = encoder(made) if made.coding else None
    if coder is not None:
        flush = zlib.Z_SYNC_FLUSH
        blocks = [coder.compress(block) + coder.flush(flush) for block in blocks]
        if not fault:
            blocks.append(coder.flush())
    framing = made.framing if fault in ("", "cut between events", "stall") else "chunked"
    head = [b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream"]
    if made.coding:
        head.append(b"Content-Encoding: %s" % made.coding.encode())
    if framing == "chunked":
        head.append(b"Transfer-Encoding: chunked")
    elif framing == "length":
        missing = 100 if fault else 0
        head.append(b"Content-Length: %d" % (sum(map(len, blocks)) + missing))
    else:
        head.append(b"Connection: close")
    writer.write(b"\r\n".join(head) + b"\r\n\r\n")
    for block in grouped(blocks, made.writing, random):
        writer.write(b"%x\r\n%s\r\n" % (len(block), block) if framing == "chunked" else block)
        await writer.drain()
        if made.writing in ("events", "slow"):
            await asyncio.sleep(random.uniform(0, 0.02 if made.writing == "slow" else 0.002))
    await finish(writer, fault, framing, reader)


async def finish(
    writer: asyncio.StreamWriter, fault: str, framing: str, reader: asyncio.StreamReader
) -> None:
    """What comes after the events."""
    if fault == "stall":
        try:
            await asyncio.wait_for(reader.read(1), STALL_SECONDS)
        except TimeoutError:
            pass
        raise Closing
    if fault == "bad chunk":
        writer.write(b"zz\r\nnonsense\r\n")
    elif framing == "chunked" and fault in ("", "no end", "error event", "bad json"):
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return
    elif framing == "length" and not fault:
        return
    await writer.drain()
    raise Closing(hard=fault == "reset")


def grouped(blocks: list[bytes], writing: str, random: Random) -> list[bytes]:
    """The bytes as they are written: one by one, all at once, or cut anywhere."""
    if writing == "whole":
        return [b"".join(blocks)] if blocks else []
    if writing != "splinters":
        return [block for block in blocks if block]
    data, found = b"".join(blocks), []
    while data:
        size = random.choice((1, 7, 50, 400, 4000))
        found.append(data[:size])
        data = data[size:]
    return found


async def main(seed: int, certificate: list[str]) -> None:
    """Serve until standard input ends."""
    # It warns of writing to a client that has gone, which is what clients do here.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer, seed)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
