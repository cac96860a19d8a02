"""Views of what readers of the package see: README, reference, generated tests."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.text import one_line
from sdkpress.views.operations import OperationView
from sdkpress.views.package import PackageView
from sdkpress.views.resources import ResourceView

MARKS = "\\`*_{}[]<>#|"


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


def docs_view(
    package: PackageView, calls: dict[str, tuple[str, ...]], chat_shaped: frozenset[str]
) -> DocsView:
    """The view for documents; `calls` holds example arguments, by dotted name."""
    entries = tuple(
        _entry(resource, operation, calls[f"{resource.dotted}.{operation.method}"])
        for resource, operation in package.operations
    )
    streamed = next((item for item in entries if item.condition and not item.is_deprecated), None)
    quiet = sorted(
        (item for item in entries if not item.always_streams and not item.is_deprecated),
        key=lambda item: (len(item.call), item.dotted),
    )
    first = streamed or (quiet[0] if quiet else None)
    return DocsView(
        entries, first, streamed, streamed is not None and streamed.dotted in chat_shaped
    )


def _entry(resource: ResourceView, operation: OperationView, call: tuple[str, ...]) -> EntryView:
    dotted = f"{resource.dotted}.{operation.method}"
    return EntryView(
        dotted=dotted,
        function="test_" + dotted.replace(".", "_"),
        path_line=markdown(operation.path_line),
        summary=markdown(operation.summary),
        returns=operation.implementation.returns.replace("models.", "").replace("builtins.", ""),
        call=call,
        condition=operation.condition,
        always_streams=operation.always_streams,
        is_deprecated=operation.is_deprecated,
        arguments=tuple(
            (item.name, item.annotation.replace("models.", ""), item.is_required)
            for item in operation.arguments
        ),
    )


def markdown(text: str) -> str:
    """Text of a document in Markdown: nothing in it is markup."""
    return "".join(f"\\{letter}" if letter in MARKS else letter for letter in one_line(text))
