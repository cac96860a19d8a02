"""What the document says about one operation, as generated modules write it down."""

from __future__ import annotations

from .fold import Fold as Fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal, TypeAlias

    Location: TypeAlias = Literal["path", "query", "header", "cookie"]
    BodyKind: TypeAlias = Literal["json", "form", "multipart", "binary", "text"]
    AnswerKind: TypeAlias = Literal["json", "text", "binary", "empty", "sse", "jsonl"]
    StreamKind: TypeAlias = Literal["sse", "jsonl"]
    Replay: TypeAlias = Literal["safe", "method", "key"]
    TypeThunk: TypeAlias = Callable[[], Any]


class Parameter:
    """A parameter of an operation (OpenAPI Parameter Object)."""

    __slots__ = ("allow_reserved", "content", "explode", "location", "name", "style")

    def __init__(
        self,
        name: str,
        location: Location,
        *,
        style: str | None = None,
        explode: bool | None = None,
        content: str | None = None,
        allow_reserved: bool = False,
    ) -> None:
        self.name: str = name
        self.location: Location = location
        self.style: str = style or ("form" if location in ("query", "cookie") else "simple")
        self.explode: bool = self.style == "form" if explode is None else explode
        self.content: str | None = content
        """A media type: the value is encoded as that, and not by a style."""
        self.allow_reserved: bool = allow_reserved


class Property:
    """How one property of a form or multipart body is encoded (OpenAPI Encoding Object)."""

    __slots__ = ("allow_reserved", "content_type", "explode", "style")

    def __init__(
        self,
        content_type: str | None = None,
        *,
        style: str | None = None,
        explode: bool | None = None,
        allow_reserved: bool = False,
    ) -> None:
        self.content_type = content_type
        self.style = style
        self.explode = (style or "form") == "form" if explode is None else explode
        self.allow_reserved = allow_reserved


class Answer:
    """One answer of an operation: a status (``200``, ``2XX``, ``default``) in one media type."""

    __slots__ = ("kind", "media_type", "status", "type")

    def __init__(
        self, status: str, media_type: str | None, kind: AnswerKind, type: TypeThunk | None = None
    ) -> None:
        self.status = status.upper() if status != "default" else status
        self.media_type = None if media_type is None else media_type.lower()
        self.kind: AnswerKind = kind
        self.type = type


class StreamAnswer:
    """The answer of an operation when it streams."""

    __slots__ = (
        "envelope",
        "final",
        "finished_by",
        "fold",
        "kind",
        "media_type",
        "status",
        "terminator",
        "type",
    )

    def __init__(
        self,
        *,
        media_type: str,
        kind: StreamKind,
        type: TypeThunk | None,
        status: str = "200",
        envelope: bool = False,
        terminator: str | None = None,
        finished_by: tuple[str, ...] = (),
        final: TypeThunk | None = None,
        fold: Fold | None = None,
    ) -> None:
        self.status: str = status
        self.media_type: str = media_type.lower()
        self.kind: StreamKind = kind
        self.type: TypeThunk | None = type
        self.envelope: bool = envelope
        """The type describes ``{event, data, id, retry}`` and not the JSON inside ``data``."""
        self.terminator: str | None = terminator
        """The data of the event that ends the stream."""
        self.finished_by: tuple[str, ...] = finished_by
        """A path (``*`` for every element) whose value, once not null, says the stream is whole."""
        self.final: TypeThunk | None = final
        self.fold: Fold | None = fold


class Operation:
    """One operation. ``security`` is an OR of ANDs of scheme names; an empty AND means: optional."""

    __slots__ = (
        "_accept",
        "_parameters",
        "answers",
        "body",
        "encoding",
        "idempotency_header",
        "media_type",
        "method",
        "operation_id",
        "parameters",
        "path",
        "replay",
        "security",
        "servers",
        "stream",
    )

    def __init__(
        self,
        *,
        method: str,
        path: str,
        operation_id: str = "",
        security: tuple[tuple[str, ...], ...] = (),
        parameters: tuple[Parameter, ...] = (),
        body: BodyKind | None = None,
        media_type: str | None = None,
        encoding: Mapping[str, Property] | None = None,
        answers: tuple[Answer, ...] = (),
        stream: StreamAnswer | None = None,
        replay: Replay = "method",
        idempotency_header: str | None = None,
        servers: tuple[str, ...] = (),
    ) -> None:
        self.method: str = method.upper()
        self.path: str = path
        self.operation_id: str = operation_id
        self.security: tuple[tuple[str, ...], ...] = security
        self.parameters: tuple[Parameter, ...] = parameters
        self.body: BodyKind | None = body
        self.media_type: str | None = media_type
        self.encoding: Mapping[str, Property] = encoding or {}
        self.answers: tuple[Answer, ...] = answers
        self.stream: StreamAnswer | None = stream
        self.replay: Replay = replay
        self.idempotency_header: str | None = idempotency_header
        self.servers: tuple[str, ...] = servers
        self._accept: str | None = None
        self._parameters: dict[tuple[str, str], Parameter] | None = None

    def parameter(self, name: str, location: Location) -> Parameter | None:
        """The declared parameter, or None."""
        table = self._parameters
        if table is None:
            table = {(item.name, item.location): item for item in self.parameters}
            self._parameters = table
        return table.get((name, location))

    @property
    def accept(self) -> str:
        """The media types of its successful answers, for the Accept header."""
        accept = self._accept
        if accept is None:
            types = dict.fromkeys(
                answer.media_type
                for answer in self.answers
                if answer.status[:1] == "2"
                and answer.media_type
                and answer.kind not in ("sse", "jsonl")
            )
            accept = self._accept = ", ".join(name for name in types if name) or "*/*"
        return accept

    @property
    def idempotent(self) -> bool:
        """Whether the method alone makes a repetition harmless (RFC 9110 section 9.2.2)."""
        return self.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
