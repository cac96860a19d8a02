"""What operations return, by the media type that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sdkpress.annotations import Imports
from sdkpress.content import STREAM_KINDS, ContentKind, essence
from sdkpress.model import Content, Operation, Response, TypeUse
from sdkpress.views.arguments import join_unions

_ALIASES = frozenset({"text/plain", "text/json", "text/html"})


@dataclass(frozen=True, slots=True)
class ResultView:
    """What comes back for some media types; the first of an operation is the default.

    `media_types` is empty where there is nothing to choose from.
    """

    annotation: str
    media_types: tuple[str, ...] = ()
    is_stream: bool = False


class ResultWriter:
    """Writes return types; `imports` collects what they need."""

    def __init__(self, imports: Imports, written: Callable[[TypeUse], str]) -> None:
        self._imports = imports
        self._output = written

    def results(self, operation: Operation, *, streams_by_choice: bool) -> tuple[ResultView, ...]:
        """The default result, then those that `accept` selects, each with its media types."""
        successes = successful(operation)
        default = self._result(operation, successes, "")
        chosen: dict[str, list[str]] = {default: []}
        listed = [content for response in successes for content in self._selectable(response)]
        media_types = dict.fromkeys(
            content.media_type for content in listed if "*" not in content.media_type
        )
        for media_type in media_types:
            result = self._result(operation, successes, media_type)
            chosen.setdefault(result, []).append(media_type)
        found = [ResultView(result, tuple(types)) for result, types in chosen.items()]
        if streams_by_choice and operation.stream is not None:
            found.append(ResultView("", (operation.stream.content.media_type,), is_stream=True))
        if len(media_types) < 2 and len(found) == 1:
            return (ResultView(default),)
        return tuple(found)

    def _selectable(self, response: Response) -> list[Content]:
        """The media types worth asking for: not JSON once more under a name that says text.

        Frameworks list `text/plain`, `application/json` and `text/json` for every answer alike.
        """
        contents = plain_contents(response)
        if not contents or contents[0].kind is not ContentKind.JSON or contents[0].type is None:
            return list(contents)
        preferred = self._output(contents[0].type)
        return [
            item
            for item in contents
            if essence(item.media_type) not in _ALIASES
            or item is contents[0]
            or item.type is None
            or self._output(item.type) != preferred
        ]

    def _result(
        self, operation: Operation, successes: tuple[Response, ...], media_type: str
    ) -> str:
        if not successes or successes[0].status.startswith("3"):
            # Where a redirect leads, the document does not say.
            return self._any() if successes or not operation.responses else "None"
        if operation.method == "HEAD":
            return "None"
        result = join_unions(self._of(response, media_type) for response in successes)
        return self._any() if result == "Any" else result

    def _of(self, response: Response, media_type: str) -> str:
        contents = plain_contents(response)
        if not contents:
            return self._any() if response.contents else "None"
        content = next((item for item in contents if item.media_type == media_type), contents[0])
        match content.kind:
            case ContentKind.JSON:
                return self._output(content.type) if content.type else self._any()
            case ContentKind.TEXT | ContentKind.FORM:
                return "str"
            case _:
                return "bytes"

    def _any(self) -> str:
        self._imports.typing.add("Any")
        return "Any"


def successful(operation: Operation) -> tuple[Response, ...]:
    """The answers that count as success: 2xx, else `default`, else documented redirects."""
    for starts in (("2",), ("d",), ("3",)):
        found = tuple(item for item in operation.responses if item.status.startswith(starts))
        if found:
            return found
    return ()


def plain_contents(response: Response) -> tuple[Content, ...]:
    """The media types of an answer that are not streams, the preferred one first."""
    return tuple(
        item for item in response.contents if item.kind not in STREAM_KINDS and not item.is_item
    )
