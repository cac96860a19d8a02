"""The probes, for the client that OpenAPI Generator makes (generator `python`, its default library)."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from .probing import run, sends_deep_object, sends_no_defaults

ApiClient: Any = importlib.import_module("shop").ApiClient
ChatApi: Any = importlib.import_module("shop").ChatApi
Configuration: Any = importlib.import_module("shop").Configuration
PetsApi: Any = importlib.import_module("shop").PetsApi
ApiException: Any = importlib.import_module("shop.exceptions").ApiException
NotFoundException: Any = importlib.import_module("shop.exceptions").NotFoundException
CreateChatRequest: Any = importlib.import_module("shop.models").CreateChatRequest
Dog: Any = importlib.import_module("shop.models").Dog
ListPetsFilterParameter: Any = importlib.import_module("shop.models").ListPetsFilterParameter

made: Any = PetsApi
pets: Any = made(ApiClient(Configuration(access_token="k")))
chat: Any = ChatApi(ApiClient(Configuration(access_token="k")))


def operations() -> object:
    names = [name for api in (PetsApi, ChatApi) for name in vars(api)]
    return f"{sum(name.endswith('_with_http_info') for name in names)} of 6"


def streams() -> object:
    return repr(chat.create_chat(CreateChatRequest(prompt="Hi", stream=True)))


def documented_error() -> object:
    try:
        pets.get_pet("missing")
    except NotFoundException as error:
        return error.status == 404 and error.data.message == "no such pet"
    return "no error"


def other_error() -> object:
    try:
        pets.get_pet("overloaded")
    except ApiException as error:
        return error.status == 529
    return "no error"


def pages() -> object:
    return hasattr(pets.list_pets(), "__next__") or "the first page alone"


def defaults() -> object:
    pets.list_pets()
    return sends_no_defaults()


def deep_object() -> object:
    pets.list_pets(filter=ListPetsFilterParameter(kind="cat"))
    return sends_deep_object()


def unknown_field() -> object:
    return pets.get_pet("field").to_dict().get("color") == "red" or "dropped"


run(
    {
        "operations": operations,
        "server": lambda: pets.get_pet("plain").id == "plain",
        "key": lambda: made(ApiClient(Configuration())).get_pet("keyed").id == "keyed",
        "both": lambda: inspect.iscoroutinefunction(pets.get_pet) or "one or the other, by option",
        "streams": streams,
        "pages": pages,
        "unknown_value": lambda: pets.get_pet("value").status == "lost",
        "unknown_field": unknown_field,
        "null_object": lambda: pets.get_pet("null").owner is None,
        "union": lambda: isinstance(pets.get_animal("a").actual_instance, Dog),
        "documented_error": documented_error,
        "other_error": other_error,
        "retries": lambda: pets.get_pet("again").id == "again",
        "defaults": defaults,
        "deep_object": deep_object,
    }
)
