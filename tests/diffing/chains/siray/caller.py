"""A program that uses the first version of the client; `# !3` breaks by the third edit."""

from __future__ import annotations

from siray import AsyncSiray, Siray
from siray.models import ChatCompletion, ChatMessageParam

MODEL = "alibaba/qwen3-max-256k"


def ask(client: Siray, text: str) -> ChatCompletion:
    messages: list[ChatMessageParam] = [{"role": "user", "content": text}]
    client.chat.completions.create(model=MODEL, messages=messages)  # !5,9
    client.chat.completions.create(model=MODEL, messages=messages, presence_penalty=0.5)  # !2,5,9
    client.chat.completions.create(model=MODEL, messages=messages, max_tokens=32768)  # !3,9
    client.chat.completions.create(model="x", messages=messages, temperature=1, max_tokens=10)
    options = {"frequency_penalty": 0.5, "max_tokens": 10}
    client.chat.completions.create(model="x", messages=messages, **options)  # type: ignore  # !7
    return client.chat.completions.create(model="x", messages=messages, max_tokens=10)


def show(answer):
    print(answer.model.upper())  # !12
    print(answer.created + 60)  # !13
    for choice in answer.choices:
        print(choice.message.content, choice.message.reasoning)  # !11


show(ask(Siray(), "hello"))


async def follow(client: AsyncSiray) -> None:
    stream = await client.chat.completions.create(  # !20
        model="x", messages=[], stream=True, max_tokens=10
    )
    async for chunk in stream:  # !20
        for choice in chunk.choices:
            print(choice.delta.content or choice.delta.refusal)  # !14


def names(client: Siray) -> list[str]:
    return [entry.id for entry in client.models.list()]  # !16,17
