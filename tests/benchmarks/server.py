"""The server of the benchmarks: one fixed completion, whole or as a stream, as cheaply as it can.

    python server.py CHUNKS

prints its port and serves until its standard input closes. It reads a request up to its declared length
and answers on the same connection; it is no HTTP server for any other purpose.
"""

from __future__ import annotations

import asyncio
import json
import sys

COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "alibaba/qwen3-max-256k",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello. " * 20},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52},
}


def chunk(content: str, finish_reason: str | None) -> bytes:
    """One server-sent event of a streamed completion."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish_reason}
    item = {**COMPLETION, "object": "chat.completion.chunk", "choices": [choice]}
    del item["usage"]
    return b"data: " + json.dumps(item).encode() + b"\n\n"


def response(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(chunks: int) -> None:
    whole = response("application/json", json.dumps(COMPLETION).encode())
    events = [chunk("word ", None)] * (chunks - 1) + [chunk("", "stop"), b"data: [DONE]\n\n"]
    streamed = response("text/event-stream", b"".join(events))

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                writer.write(streamed if json.loads(body).get("stream") else whole)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
