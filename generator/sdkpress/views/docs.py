"""Views of what readers of the package see: README, reference, generated tests."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.text import literal, markdown
from sdkpress.views.about import AboutView
from sdkpress.views.operations import OperationView
from sdkpress.views.package import PackageView


@dataclass(frozen=True, slots=True)
class EntryView:
    """One operation for readers: where it is, what it takes and returns, an example call.

    `key` is its place in the document (`GET /pets`), `stream` the arguments that ask for a stream,
    as Python writes a mapping; "" where there is no stream.
    """

    dotted: str
    key: str
    stream: str
    path_line: str
    summary: str
    returns: str
    call: tuple[str, ...]
    condition: str
    always_streams: bool
    is_deprecated: bool
    arguments: tuple[tuple[str, str, bool], ...]
    links: tuple[tuple[str, str, str], ...] = ()
    is_paginated: bool = False


@dataclass(frozen=True, slots=True)
class DocsView:
    """All entries, and the ones that the README shows."""

    entries: tuple[EntryView, ...]
    first: EntryView | None
    streamed: EntryView | None
    is_chat: bool
    webhook: str = ""
    webhook_body: str = ""
    about: AboutView | None = None
    paginated: EntryView | None = None


def docs_view(
    package: PackageView,
    calls: dict[str, tuple[str, ...]],
    chat_shaped: frozenset[str],
    webhook_bodies: dict[str, str],
    about: AboutView | None = None,
) -> DocsView:
    """The view for documents; `calls` holds example arguments, by dotted name.

    `webhook_bodies` holds bodies of webhooks, as bytes are written, by the name of the webhook.
    """
    dotted = [f"{resource.dotted}.{operation.method}" for resource, operation in package.operations]
    entries = tuple(
        _entry(name, operation, calls[name])
        for name, (_, operation) in zip(dotted, package.operations, strict=True)
    )
    streamed = next((item for item in entries if item.condition and not item.is_deprecated), None)
    quiet = sorted(
        (item for item in entries if not item.always_streams and not item.is_deprecated),
        key=lambda item: (len(item.call), item.dotted),
    )
    first = streamed or (quiet[0] if quiet else None)
    shown = min(webhook_bodies, key=lambda name: len(webhook_bodies[name]), default="")
    call = f"parse_{shown}(body)"
    if package.webhooks is not None and package.webhooks.names_itself:
        call = "parse(body)"
    return DocsView(
        entries,
        first,
        streamed,
        streamed is not None and streamed.dotted in chat_shaped,
        call if shown else "",
        webhook_bodies.get(shown, ""),
        about,
        next((item for item in quiet if item.is_paginated), None),
    )


def _asking(operation: OperationView) -> str:
    """The arguments that make the answer a stream."""
    if operation.condition:
        return f"{{{literal(operation.condition)}: True}}"
    if operation.always_streams:
        return "{}"
    if operation.stream_test:
        # The test reads: accept == "text/event-stream".
        return f"{{{literal(operation.accept)}: {operation.stream_test.partition(' == ')[2]}}}"
    return ""


def _entry(dotted: str, operation: OperationView, call: tuple[str, ...]) -> EntryView:
    return EntryView(
        dotted=dotted,
        key=f"{operation.http_method} {operation.path}",
        stream=_asking(operation),
        path_line=markdown(operation.path_line),
        summary=markdown(operation.summary),
        returns=operation.implementation.returns.replace("models.", "").replace("builtins.", ""),
        call=call,
        condition=operation.condition,
        always_streams=operation.always_streams,
        is_deprecated=operation.is_deprecated,
        arguments=tuple(
            (item.name, item.annotation.replace("models.", ""), item.is_required)
            for item in (*operation.arguments, *operation.choices)
        ),
        links=tuple(
            (markdown(item.name), markdown(item.call), markdown(item.description))
            for item in operation.links
        ),
        is_paginated=operation.is_paginated,
    )
