"""The probes, for the client that openapi-python-client makes."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from typing import Any

from .probing import SERVER, run, sends_deep_object, sends_no_defaults

AuthenticatedClient: Any = importlib.import_module("shop").AuthenticatedClient
create_chat: Any = importlib.import_module("shop.api.chat.create_chat")
get_animal: Any = importlib.import_module("shop.api.pets.get_animal")
get_pet: Any = importlib.import_module("shop.api.pets.get_pet")
list_pets: Any = importlib.import_module("shop.api.pets.list_pets")
CreateChatBody: Any = importlib.import_module("shop.models").CreateChatBody
Dog: Any = importlib.import_module("shop.models").Dog
ListPetsFilter: Any = importlib.import_module("shop.models").ListPetsFilter
api: Any = importlib.import_module("shop.api")

made: Any = AuthenticatedClient
client: Any = made(base_url=SERVER, token="k")
strict: Any = made(base_url=SERVER, token="k", raise_on_unexpected_status=True)


def operations() -> object:
    names = [item.name for item in pkgutil.walk_packages(api.__path__, "shop.api.")]
    return f"{sum(hasattr(importlib.import_module(name), 'sync_detailed') for name in names)} of 6"


def streams() -> object:
    return repr(create_chat.sync(client=client, body=CreateChatBody(prompt="Hi", stream=True)))


def documented_error() -> object:
    answer = get_pet.sync(id="missing", client=strict)
    return f"returns {type(answer).__name__}, raises nothing"


def other_error() -> object:
    try:
        return f"returns {get_pet.sync(id='overloaded', client=strict)}"
    except strict_errors as error:
        return error.status_code == 529


strict_errors: Any = importlib.import_module("shop.errors").UnexpectedStatus


def pages() -> object:
    answer = list_pets.sync(client=client)
    return hasattr(answer, "__next__") or "the first page alone"


def defaults() -> object:
    list_pets.sync(client=client)
    return sends_no_defaults()


def deep_object() -> object:
    list_pets.sync(client=client, filter_=ListPetsFilter(kind="cat"))
    return sends_deep_object()


run(
    {
        "operations": operations,
        "server": lambda: made(token="k") is not None,
        "key": lambda: made(base_url=SERVER) is not None,
        "both": lambda: asyncio.run(get_pet.asyncio(id="plain", client=client)).id == "plain",
        "streams": streams,
        "pages": pages,
        "unknown_value": lambda: get_pet.sync(id="value", client=client).status == "lost",
        "unknown_field": lambda: get_pet.sync(id="field", client=client).to_dict()["color"]
        == "red",
        "null_object": lambda: get_pet.sync(id="null", client=client).to_dict()["owner"] is None,
        "union": lambda: isinstance(got := get_animal.sync(id="a", client=client), Dog)
        or f"a dog becomes `{type(got).__name__}`",
        "documented_error": documented_error,
        "other_error": other_error,
        "retries": lambda: get_pet.sync(id="again", client=strict).id == "again",
        "defaults": defaults,
        "deep_object": deep_object,
    }
)
