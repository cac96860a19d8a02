"""What litellm makes of the fake server."""

import asyncio
import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch prices

import litellm

URL = sys.argv[1]
HELLO = [{"role": "user", "content": "Say hello."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
OPTIONS = {"model": "openai/alibaba/qwen3-max-256k", "api_base": URL, "api_key": "sk-test"}


def whole():
    return litellm.completion(messages=HELLO, **OPTIONS).choices[0].message.content


def streamed():
    chunks = litellm.completion(messages=HELLO, stream=True, **OPTIONS)
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def streamed_async():
    async def read():
        chunks = await litellm.acompletion(messages=HELLO, stream=True, **OPTIONS)
        return [chunk.choices[0].delta.content or "" async for chunk in chunks]

    return asyncio.run(read())


def usage():
    options = {"stream": True, "stream_options": {"include_usage": True}, **OPTIONS}
    chunks = list(litellm.completion(messages=HELLO, **options))
    return litellm.stream_chunk_builder(chunks, messages=HELLO).usage.total_tokens


def agent():
    messages = list(HELLO)
    for _ in range(5):
        answer = litellm.completion(messages=messages, tools=[WEATHER], **OPTIONS)
        message = answer.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return [len(messages), message.content]
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": "18"}
            for call in message.tool_calls
        ]
    return None


def failing(status):
    try:
        litellm.completion(
            messages=HELLO, extra_headers={"Prefer": f"code={status}"}, max_retries=0, **OPTIONS
        )
    except Exception as error:
        return type(error).__name__
    return None


litellm.suppress_debug_info = True
found = {
    "whole": whole(),
    "streamed": streamed(),
    "streamed_async": streamed_async(),
    "usage": usage(),
    "agent": agent(),
    "failing": {status: failing(status) for status in (400, 401, 429, 500)},
}
print(json.dumps(found))
