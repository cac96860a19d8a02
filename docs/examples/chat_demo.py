"""A chat with the generated client: one whole answer, one streamed.

The server is the fake one that ships with the package (`siray_chat.testing`), on loopback, so this needs
neither a key nor a network. Everything else is what a program that talks to the vendor would do.

    .venv/bin/python docs/examples/chat_demo.py
"""

from __future__ import annotations

from siray_chat import Siray
from siray_chat.testing import serve

MODEL = "alibaba/qwen3-max-256k"
QUESTION = "What does an SDK generator do?"


def main() -> None:
    with serve() as server, Siray(api_key="any-key-will-do", base_url=server.url) as client:
        print(f"fake Siray on {server.url}\n")

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
