"""The probes, for the client that sdkpress makes."""

from __future__ import annotations

import asyncio
import importlib
from itertools import islice
from typing import Any

from .probing import run, sends_deep_object, sends_no_defaults

APIStatusError: Any = importlib.import_module("shop").APIStatusError
AsyncShop: Any = importlib.import_module("shop").AsyncShop
NotFoundError: Any = importlib.import_module("shop").NotFoundError
Shop: Any = importlib.import_module("shop").Shop
Dog: Any = importlib.import_module("shop.models").Dog

client: Any = Shop()  # the key is in the environment, the server in the document


def operations() -> object:
    requests = [
        client.pets.list_request(),
        client.pets.get_request("plain"),
        client.animals.get_request("a"),
        client.notes.create_request(body="text"),
        client.tagged.list_request(x_tags=["a"]),
        client.chat.create_request(prompt="Hi"),
    ]
    for request in requests:
        client.send(request)
    return f"{len(requests)} of 6"


def streams() -> object:
    with client.chat.create(prompt="Hi", stream=True) as stream:
        return [part.delta for part in stream] == ["Hel", "lo"]


def documented_error() -> object:
    try:
        client.pets.get("missing")
    except NotFoundError as error:
        return error.status_code == 404 and error.body.message == "no such pet"
    return "no error"


def other_error() -> object:
    try:
        client.with_options(max_retries=0).pets.get("overloaded")
    except APIStatusError as error:
        return error.status_code == 529
    return "no error"


async def _both() -> bool:
    async with AsyncShop() as made:
        return (await made.pets.get("plain")).id == "plain"


def defaults() -> object:
    client.send(client.pets.list_request())
    return sends_no_defaults()


def deep_object() -> object:
    client.send(client.pets.list_request(filter={"kind": "cat"}))
    return sends_deep_object()


run(
    {
        "operations": operations,
        "server": lambda: client.pets.get("plain").id == "plain",
        "key": lambda: client.pets.get("keyed").id == "keyed",
        "both": lambda: asyncio.run(_both()),
        "streams": streams,
        "pages": lambda: [pet.id for pet in islice(client.pets.list(), 5)] == ["1", "2", "3"],
        "unknown_value": lambda: client.pets.get("value").status == "lost",
        "unknown_field": lambda: client.pets.get("field").to_dict()["color"] == "red",
        "null_object": lambda: client.pets.get("null").to_dict()["owner"] is None,
        "union": lambda: isinstance(client.animals.get("a"), Dog),
        "documented_error": documented_error,
        "other_error": other_error,
        "retries": lambda: client.pets.get("again").id == "again",
        "defaults": defaults,
        "deep_object": deep_object,
    }
)
