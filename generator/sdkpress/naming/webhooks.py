"""Names of webhooks and callbacks: one word each, from which functions and types are named."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diagnostics import fatal
from sdkpress.document import Locator
from sdkpress.model import Api, SchemaId, TypeUse, Webhook
from sdkpress.naming.resources import Place
from sdkpress.naming.words import pascal, snake, unique


def name_webhooks(
    api: Api,
    places: Mapping[str, Place],
    pinned: Mapping[str, str],
    overrides: Mapping[str, str],
    document: Locator,
) -> dict[str, str]:
    """A snake_case name for the key of every webhook, each taken once; pinned ones stay.

    The name comes from the key in the document; where two would be called the same, a callback
    says which operation sends it, a webhook its HTTP method. Raises SdkpressError for an override
    that is no name.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()

    def take(webhook: Webhook, name: str) -> None:
        found[webhook.key] = name
        taken.add(name)

    for webhook in api.webhooks:
        text = overrides.get(webhook.key) or webhook.name_hint
        if text and not text.isidentifier():
            location = document.locate(webhook.pointer)
            raise fatal("invalid-name", f"{text!r} is no name for {webhook.key}", location)
        name = text or pinned.get(webhook.key, "")
        if name and name not in taken:
            take(webhook, name)
    # Webhooks are posted: where another method has the same key, it is the one to say so.
    for webhook in sorted(api.webhooks, key=lambda item: item.method != "POST"):
        if webhook.key in found:
            continue
        name = snake(webhook.name, fallback="event", digit_prefix="event")
        if name in taken and webhook.sent_by:
            place = places.get(webhook.sent_by[0])
            name = f"{'_'.join((*place.resource, place.method))}_{name}" if place else name
        elif name in taken:
            name = f"{name}_{snake(webhook.method)}"
        take(webhook, unique(name, taken))
    return {item.key: found[item.key] for item in api.webhooks}


def webhook_uses(api: Api, names: Mapping[str, str]) -> list[tuple[TypeUse, str]]:
    """The types that webhooks mention, each with a class name for what has none of its own."""
    found: list[tuple[TypeUse, str]] = []
    for webhook in api.webhooks:
        base = pascal(names[webhook.key])
        for content in webhook.body.contents if webhook.body else ():
            if content.type is not None:
                found.append((content.type, base if base.endswith("Event") else f"{base}Event"))
        for response in webhook.responses:
            for content in response.contents:
                if content.type is not None:
                    found.append((content.type, f"{base}Answer"))
    readers = parameter_readers(api, names)
    for id, reader in readers.items():
        found.append((TypeUse(id), pascal(reader.removeprefix("read_"))))
    return found


def parameter_readers(api: Api, names: Mapping[str, str]) -> dict[SchemaId, str]:
    """The function that reads each type of parameters: `read_new_pet_headers`.

    Parameters that several webhooks share are called `read_webhook_headers`.
    """
    users: dict[SchemaId, list[Webhook]] = {}
    for webhook in api.webhooks:
        if webhook.parameters_type is not None:
            users.setdefault(webhook.parameters_type.schema, []).append(webhook)
    readers: dict[SchemaId, str] = {}
    taken: set[str] = set()
    for id, webhooks in users.items():
        stem = names[webhooks[0].key] if len(webhooks) == 1 else "webhook"
        locations = "".join({item.location: "" for item in webhooks[0].parameters})
        word = {"header": "headers", "query": "query"}.get(locations, "parameters")
        readers[id] = unique(f"read_{stem}_{word}", taken)
        taken.add(readers[id])
    return readers
