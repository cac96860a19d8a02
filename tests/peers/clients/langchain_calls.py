"""What langchain-openai makes of the fake server."""

import asyncio
import json
import sys

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

URL = sys.argv[1]


class City(BaseModel):
    """A city."""

    name: str
    population: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"18 in {city}"


@tool
def add(a: int, b: int) -> int:
    """A sum."""
    return a + b


def model(**options):
    return ChatOpenAI(
        model="alibaba/qwen3-max-256k", base_url=URL, api_key="sk-test", max_retries=0, **options
    )


def streamed_async():
    async def read():
        return [chunk.content async for chunk in model().astream("Say hello.")]

    return asyncio.run(read())


def joined(chunks):
    whole = None
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
    return whole


def agent(**options):
    asked = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
    return create_agent(model(), **options).invoke(asked)


def failing(status):
    try:
        model(default_headers={"Prefer": f"code={status}"}).invoke("Say hello.")
    except Exception as error:
        return getattr(error, "status_code", str(error))
    return None


found = {
    "whole": model().invoke("Say hello.").content,
    "streamed": [chunk.content for chunk in model().stream("Say hello.")],
    "streamed_async": streamed_async(),
    "usage": joined(model(stream_usage=True).stream("Say hello.")).usage_metadata["total_tokens"],
    "calls": joined(model().bind_tools([get_weather]).stream("Hm?")).tool_calls[0]["args"],
    "agent": [message.content for message in agent(tools=[get_weather])["messages"]],
    "other_agent": [message.type for message in agent(tools=[add])["messages"]],
    "structured": model().with_structured_output(City).invoke("Hm?").model_dump(),
    "agent_with_result": agent(tools=[get_weather], response_format=City)[
        "structured_response"
    ].model_dump(),
    "failing": {status: failing(status) for status in (401, 429, 500)},
}
print(json.dumps(found))
