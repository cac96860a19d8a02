"""Views of what readers of the package see: README, reference, generated tests."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.text import markdown
from sdkpress.views.about import AboutView
from sdkpress.views.operations import OperationView
from sdkpress.views.package import PackageView

# Of the tests of one operation (templates/tests/test_operations.py.jinja).
_ENDINGS = ("", "_async", "_streamed", "_streamed_async")


@dataclass(frozen=True, slots=True)
class EntryView:
    """One operation for readers: where it is, what it takes and returns, an example call."""

    dotted: str
    function: str
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

    @property
    def has_stream(self) -> bool:
        """Whether the answer can be a stream."""
        return self.always_streams or bool(self.condition)


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
    functions = _test_names(dotted)
    entries = tuple(
        _entry(name, operation, calls[name], functions[name])
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


def _test_names(dotted: list[str]) -> dict[str, str]:
    """A function name for each operation; none is another's with the ending of a further test."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in sorted(dotted):
        plain = "test_" + name.replace(".", "_")
        candidate, number = plain, 2
        while taken & {candidate + ending for ending in _ENDINGS}:
            candidate, number = f"{plain}_{number}", number + 1
        taken.update(candidate + ending for ending in _ENDINGS)
        found[name] = candidate
    return found


def _entry(
    dotted: str, operation: OperationView, call: tuple[str, ...], function: str
) -> EntryView:
    return EntryView(
        dotted=dotted,
        function=function,
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
