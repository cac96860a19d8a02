"""A chat with the generated client: one whole answer, one streamed.

The server is the fake one that ships with the package (`siray_chat.testing`), on loopback, so this needs
neither a key nor a network. Everything else is what a program that talks to the vendor would do.

    .venv/bin/python docs/examples/chat_demo.py
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from siray_chat import Siray
from siray_chat.testing import fake_app

MODEL = "alibaba/qwen3-max-256k"
QUESTION = "What does an SDK generator do?"


@contextmanager
def fake_server() -> Iterator[str]:
    """The fake server on a free port of the loopback interface; yields its base URL."""
    config = uvicorn.Config(
        fake_app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the fake server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def main() -> None:
    with fake_server() as url, Siray(api_key="any-key-will-do", base_url=url) as client:
        print(f"fake Siray on {url}\n")

        print(f"whole     > {QUESTION}")
        completion = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": QUESTION}],
        )
        print(f"          < {completion.choices[0].message.content}")

        print(f"streamed  > {QUESTION}")
        print("          < ", end="")
        chunks = 0
        with client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
        ) as stream:
            for chunk in stream:
                chunks += 1
                for choice in chunk.choices:
                    print(choice.delta.content or "", end="", flush=True)
            whole = stream.final()
        print(f"\n            ({chunks} chunks; finish_reason: {whole.choices[0].finish_reason})")


if __name__ == "__main__":
    main()
