"""What the document says about one operation, as generated modules write it down."""

from __future__ import annotations

from .fold import Fold as Fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal, TypeAlias

    from .decoding import JSONDecoder

    Location: TypeAlias = Literal["path", "query", "querystring", "header", "cookie"]
    BodyKind: TypeAlias = Literal["json", "form", "multipart", "binary", "text", "jsonl"]
    AnswerKind: TypeAlias = Literal["json", "text", "binary", "empty", "sse", "jsonl"]
    StreamKind: TypeAlias = Literal["sse", "jsonl"]
    PageStyle: TypeAlias = Literal["cursor", "page", "offset", "url", "link"]
    Replay: TypeAlias = Literal["safe", "method", "key"]
    TypeThunk: TypeAlias = Callable[[], Any]

_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE QUERY".split())


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


class Content:
    """One media type of a request body (OpenAPI Media Type Object)."""

    __slots__ = ("encoding", "kind", "media_type")

    def __init__(
        self,
        kind: BodyKind,
        media_type: str | None,
        encoding: Mapping[str, Property] | None = None,
    ) -> None:
        self.kind: BodyKind = kind
        self.media_type: str | None = media_type
        """As the document writes it; may be a range, as ``image/*``."""
        self.encoding: Mapping[str, Property] = encoding or {}


class Answer:
    """One answer of an operation: a status (``200``, ``2XX``, ``default``) in one media type."""

    __slots__ = ("decoder", "kind", "media_type", "status", "type")

    def __init__(
        self, status: str, media_type: str | None, kind: AnswerKind, type: TypeThunk | None = None
    ) -> None:
        self.status = status.upper() if status != "default" else status
        self.media_type = None if media_type is None else media_type.lower()
        self.kind: AnswerKind = kind
        self.type = type
        self.decoder: JSONDecoder[Any] | Literal[False] | None = None
        """Kept by :mod:`.answers`; False where more than decoding is needed."""


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


class Pagination:
    """How the pages of an operation follow each other (:mod:`.pagination`).

    Paths are names in the JSON body of the answer; with empty ``items`` it is the array itself.
    """

    __slots__ = (
        "current",
        "first",
        "has_more",
        "in_body",
        "is_done",
        "items",
        "last_item",
        "maximum",
        "next",
        "parameter",
        "size",
        "size_field",
        "style",
        "total",
        "total_pages",
    )

    def __init__(
        self,
        style: PageStyle,
        *,
        items: tuple[str, ...] = (),
        parameter: str = "",
        in_body: bool = False,
        next: tuple[str, ...] = (),
        last_item: tuple[str, ...] = (),
        has_more: tuple[str, ...] = (),
        is_done: bool = False,
        total: tuple[str, ...] = (),
        total_pages: tuple[str, ...] = (),
        current: tuple[str, ...] = (),
        size: str = "",
        size_field: tuple[str, ...] = (),
        maximum: int | None = None,
        first: int | None = 0,
    ) -> None:
        self.style: PageStyle = style
        self.items: tuple[str, ...] = items
        self.parameter: str = parameter
        """What moves on: a query parameter, or a property of the body."""
        self.in_body: bool = in_body
        self.next: tuple[str, ...] = next
        """Where the cursor or the URL of the next page is."""
        self.last_item: tuple[str, ...] = last_item
        """Where the cursor is in the last item."""
        self.has_more: tuple[str, ...] = has_more
        self.is_done: bool = is_done
        """``has_more`` means the opposite."""
        self.total: tuple[str, ...] = total
        self.total_pages: tuple[str, ...] = total_pages
        self.current: tuple[str, ...] = current
        """Where the answer repeats the number of the page."""
        self.size: str = size
        """The parameter for the number of items in a page."""
        self.size_field: tuple[str, ...] = size_field
        self.maximum: int | None = maximum
        """The largest size that the document allows."""
        self.first: int | None = first
        """The number of the first page or item; None: the answers tell."""


class Operation:
    """One operation. ``security`` is an OR of ANDs of scheme names; an empty AND means: optional."""

    __slots__ = (
        "_accept",
        "_candidates",
        "_parameters",
        "alternatives",
        "answers",
        "body",
        "encoding",
        "idempotency_header",
        "media_type",
        "method",
        "operation_id",
        "pagination",
        "parameters",
        "path",
        "preferred",
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
        alternatives: tuple[Content, ...] = (),
        answers: tuple[Answer, ...] = (),
        stream: StreamAnswer | None = None,
        pagination: Pagination | None = None,
        replay: Replay = "method",
        idempotency_header: str | None = None,
        servers: tuple[str, ...] = (),
    ) -> None:
        # Methods are case-sensitive (RFC 9110, section 9.1): an unusual one goes out as it is written.
        upper = method.upper()
        self.method: str = upper if upper in _METHODS else method
        self.path: str = path
        self.operation_id: str = operation_id
        self.security: tuple[tuple[str, ...], ...] = security
        self.parameters: tuple[Parameter, ...] = parameters
        self.body: BodyKind | None = body
        self.media_type: str | None = media_type
        self.encoding: Mapping[str, Property] = encoding or {}
        self.preferred: Content = Content(body or "json", media_type, encoding)
        """How the body is written unless the caller asks for something else."""
        self.alternatives: tuple[Content, ...] = alternatives
        """Media types of the request body besides ``media_type``, for ``content_type=``."""
        self.answers: tuple[Answer, ...] = answers
        self.stream: StreamAnswer | None = stream
        self.pagination: Pagination | None = pagination
        self.replay: Replay = replay
        self.idempotency_header: str | None = idempotency_header
        self.servers: tuple[str, ...] = servers
        self._accept: str | None = None
        self._candidates: dict[int, list[Answer]] = {}
        self._parameters: dict[tuple[str, str], Parameter] | None = None

    def __deepcopy__(self, memo: object) -> Operation:
        # It holds nothing of a call: a copy of a request is of the same operation.
        return self

    def parameter(self, name: str, location: Location) -> Parameter | None:
        """The declared parameter, or None."""
        table = self._parameters
        if table is None:
            table = {(item.name, item.location): item for item in self.parameters}
            self._parameters = table
        return table.get((name, location))

    def declared(self, status: int) -> list[Answer]:
        """The answers of the most specific declared status that fits, streams left out."""
        known = [answer for answer in self.answers if answer.kind not in ("sse", "jsonl")]
        for wanted in (str(status), f"{str(status)[:1]}XX", "default"):
            found = [answer for answer in known if answer.status == wanted]
            if found:
                return found
        return []

    def candidates(self, status: int) -> list[Answer]:
        """What an answer with this status may be; for a success never an error."""
        found = self._candidates.get(status)
        if found is None:
            found = self.declared(status)
            if 200 <= status < 300 and (not found or found[0].status == "default"):
                # Undocumented success: another documented one describes it better than the default
                # error.
                success = [answer for answer in self.answers if answer.status[:1] == "2"]
                success = [answer for answer in success if answer.kind not in ("sse", "jsonl")]
                found = success or found
            if 100 <= status <= 999:
                self._candidates[status] = found
        return found

    @property
    def accept(self) -> str:
        """The media types that its return type is made of, for the Accept header.

        The first, preferred one of each status that is a success; `default` counts where no other
        is declared.
        """
        accept = self._accept
        if accept is None:
            preferred: dict[str, str] = {}
            for answer in self.answers:
                if answer.media_type and answer.kind not in ("sse", "jsonl"):
                    preferred.setdefault(answer.status, answer.media_type)
            types = [name for status, name in preferred.items() if status[:1] == "2"]
            if not types and not any(answer.status[:1] == "2" for answer in self.answers):
                types = [name for status, name in preferred.items() if status == "default"]
            accept = self._accept = ", ".join(dict.fromkeys(types)) or "*/*"
        return accept

    def content(self, content_type: str | None) -> Content:
        """How the body is written as ``content_type``; None means the preferred one.

        A type that the document does not name is written like a range of it that fits, or like
        the preferred one where both are JSON. Raises InvalidRequestError.
        """
        if content_type is None:
            return self.preferred
        from .choosing_content import choose_content

        return choose_content(content_type, (self.preferred, *self.alternatives))

    def is_success(self, status: int) -> bool:
        """Whether an answer is what the operation is for: 2xx, or a documented redirect.

        The latter only where the document has no 2xx and no `default`: what could be followed
        has been followed before this is asked.
        """
        if 200 <= status < 300:
            return True
        if not 300 <= status < 400:
            return False
        documented = {answer.status for answer in self.answers}
        if any(name[:1] in ("2", "d") for name in documented):
            return False
        return str(status) in documented or "3XX" in documented

    @property
    def idempotent(self) -> bool:
        """Whether the method alone makes a repetition harmless (RFC 9110 section 9.2.2)."""
        return self.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
