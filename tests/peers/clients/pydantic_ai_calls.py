"""What pydantic-ai makes of the fake server."""

import asyncio
import json
import sys

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

URL = sys.argv[1]


class City(BaseModel):
    name: str
    population: int


def model(**headers):
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=URL, api_key="sk-test", default_headers=headers, max_retries=0)
    return OpenAIChatModel("alibaba/qwen3-max-256k", provider=OpenAIProvider(openai_client=client))


def whole():
    return Agent(model(), instructions="Be short.").run_sync("Say hello.").output


def with_tools(**options):
    called = []
    agent = Agent(model(), **options)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather of a city."""
        called.append(city)
        return "18"

    return agent, called


def agent():
    made, called = with_tools()
    result = made.run_sync("What is the weather in Paris?")
    return [result.output, called, result.usage.requests]


def agent_with_result():
    made, called = with_tools(output_type=City)
    result = made.run_sync("Where is it warm?")
    return [result.output.model_dump(), called, result.usage.requests]


def native():
    output = NativeOutput(City)
    return Agent(model(), output_type=output).run_sync("Where is it warm?").output.model_dump()


def streamed():
    async def read():
        made, _ = with_tools()
        async with made.run_stream("What is the weather in Paris?") as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    return asyncio.run(read())


def failing(status):
    try:
        Agent(model(Prefer=f"code={status}")).run_sync("Say hello.")
    except ModelHTTPError as error:
        return error.status_code
    return None


found = {
    "whole": whole(),
    "agent": agent(),
    "agent_with_result": agent_with_result(),
    "native": native(),
    "streamed": streamed(),
    "failing": {status: failing(status) for status in (401, 429, 500)},
}
print(json.dumps(found))
