"""From status, headers and body to a value or an error, as the document and the server say.

Leniency, in this order: the status as declared, its range, ``default``, any declared success; the
media type as declared, else what the bytes look like. JSON under a wrong or no media type is JSON.
What is no JSON where JSON was promised is a ResponseDecodeError with everything received.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import MsgspecError

from .decoding import JSONDecodeError, decode_json, decoder_for
from .errors import ResponseDecodeError, ResponseValidationError
from .headers import Headers
from .model import Model

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from .api import Api
    from .decoding import Decoded, JSONDecoder
    from .errors import APIConnectionError
    from .operation import Answer, Operation
    from .transport import Fields


class Head:
    """Status line and headers of an answer."""

    __slots__ = ("_api", "_fields", "_headers", "_media_type", "_request_id", "status")

    def __init__(self, status: int, fields: Fields, api: Api) -> None:
        self.status: int = status
        self._fields: Fields = fields
        self._headers: Headers | None = None
        self._api: Api = api
        self._media_type: str | None = None
        self._request_id: str | None = ""

    @property
    def headers(self) -> Headers:
        """The fields."""
        headers = self._headers
        if headers is None:
            headers = self._headers = Headers(self._fields)
        return headers

    @property
    def media_type(self) -> str:
        """In lower case and without parameters; empty where the server names none."""
        kind = self._media_type
        if kind is None:
            kind = (self.headers.get("content-type") or "").partition(";")[0].strip().lower()
            self._media_type = kind
        return kind

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, where it gives one."""
        found = self._request_id
        if found == "":
            found = None
            for name in self._api.request_id_headers:
                found = self.headers.get(name)
                if found is not None:
                    break
            self._request_id = found
        return found

    @property
    def charset(self) -> str:
        """The declared encoding of text."""
        for part in (self.headers.get("content-type") or "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or "utf-8"
        return "utf-8"


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON or built on it (RFC 6839)."""
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")


def find_answer(operation: Operation, head: Head) -> Answer | None:
    """What the document says about this answer; for a success never an error's schema."""
    found = operation.candidates(head.status)
    if len(found) < 2 or not head.media_type:
        return found[0] if found else None
    return max(found, key=lambda answer: _fits(answer.media_type, head.media_type))


def _fits(declared: str | None, actual: str) -> int:
    if declared is None:
        return 0
    declared = declared.partition(";")[0].strip()
    if declared == actual:
        return 4
    kind, _, subtype = declared.partition("/")
    if subtype == "*" and kind == actual.partition("/")[0]:
        return 3
    if is_json(declared) and is_json(actual):
        return 2
    return 1 if declared == "*/*" else 0


def decode_success(
    operation: Operation,
    head: Head,
    content: bytes,
    *,
    strict: bool,
    warn: Callable[[tuple[str, ...]], None],
) -> Any:
    """The value of a success. Raises ResponseDecodeError, ResponseValidationError, APIStatusError."""
    answer = find_answer(operation, head)
    if answer is not None and content:
        decoder = answer.decoder
        if decoder is None:
            decoder = answer.decoder = _sufficient_decoder(answer)
        if decoder:
            try:
                return decoder.strict(content)
            except (MsgspecError, ValueError, RecursionError):
                pass  # all that follows is for answers that do not match the document
    if answer is None:
        if not operation.answers or not content:
            return _untyped(head, content)
        answer_kind, type_ = "json" if is_json(head.media_type) else "binary", Any
    else:
        answer_kind, type_ = answer.kind, answer.type() if answer.type else Any
    if not content and (answer_kind != "binary" or operation.method == "HEAD"):
        return _nothing(operation, head, answer_kind)
    if answer_kind == "json":
        return decode_document(operation, head, content, type_, strict=strict, warn=warn)
    if answer_kind == "text":
        if is_json(head.media_type) and answer is not None and "*" in (answer.media_type or ""):
            return _text_in_json(content)
        return decode_text(content, head.charset)
    if answer_kind == "empty":
        return None
    return content


def _text_in_json(content: bytes) -> str:
    """The text of an answer of no certain media type: a JSON string is what it says."""
    try:
        value: Any = decode_json(content, Any).value
    except JSONDecodeError:
        value = None
    return value if isinstance(value, str) else decode_text(content, "utf-8")


def _untyped(head: Head, content: bytes) -> Any:
    """What an undocumented answer holds: JSON where it is some, else the bytes."""
    if not content:
        return None
    if is_json(head.media_type):
        try:
            return decode_json(content, Any).value
        except JSONDecodeError:
            pass
    return content


def _nothing(operation: Operation, head: Head, kind: str) -> Any:
    if kind == "empty" or operation.method == "HEAD" or head.status >= 300:
        return None
    if kind == "text":
        return ""
    declared = operation.declared(head.status)
    if any(answer.kind == "empty" for answer in declared):
        return None
    raise response_error(ResponseDecodeError, "the body is empty", head, b"")


def decode_document(
    operation: Operation,
    head: Head,
    content: bytes,
    type_: Any,
    *,
    strict: bool,
    warn: Callable[[tuple[str, ...]], None],
) -> Any:
    """A JSON body as ``type_``. Raises as ``decode_success``."""
    try:
        value, notes = decode_json(content, type_)
    except JSONDecodeError as error:
        other = _transcoded(head, content, type_)
        if other is None:
            raise _unreadable(head, content, error) from None
        value, notes = other
    else:
        if notes:
            value, notes = _transcoded(head, content, type_) or (value, notes)
        if notes and strict:
            from .accepting import accept_json

            value, notes = accept_json(content, type_) or (value, notes)
    # A plain Any is never checked: whatever is JSON was promised.
    if notes or b'"error"' in content:
        from . import reports

        failure = reports.reported_error(content, type_)
        if failure is not None:
            raise reports.status_error(operation, head, content, body=failure)
    if is_model(type_) and not isinstance(value, Model):
        message = f"the body is a JSON {_json_kind(value)} where a {type_.__name__} was promised"
        raise _invalid(message, head, content, value, tuple(map(str, notes)))
    if notes:
        texts = tuple(map(str, notes))
        if strict:
            message = f"the answer does not match the document: {'; '.join(texts[:3])}"
            raise _invalid(message, head, content, value, texts)
        warn(texts)
    return value


def _transcoded(head: Head, content: bytes, type_: Any) -> Decoded[Any] | None:
    """JSON in another encoding than UTF-8, which the server names or the first bytes show."""
    charset = head.charset
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        charset = "utf-16"
    elif charset.lower() in ("utf-8", "utf8"):
        return None
    try:
        return decode_json(content.decode(charset), type_)
    except (LookupError, ValueError):  # JSONDecodeError is one
        return None


def _unreadable(head: Head, content: bytes, error: JSONDecodeError) -> ResponseDecodeError:
    kind = head.media_type or "no media type"
    message = f"the body is not JSON ({kind}): {error}"
    if kind == "text/event-stream":
        message = "the server sent a stream of events where none was asked for"
    message += f"; it begins {decode_text(content[:80], 'utf-8')!r}"
    failure: ResponseDecodeError = response_error(ResponseDecodeError, message, head, content)
    # What only lacks its end was well until then: the server, or somebody between, gave up.
    failure.retryable = "truncated" in str(error) and content[:1] in (b"{", b"[")
    return failure


def _invalid(
    message: str, head: Head, content: bytes, value: Any, notes: tuple[str, ...]
) -> ResponseValidationError:
    error: ResponseValidationError = response_error(
        ResponseValidationError, message, head, content, body=value
    )
    error.notes = notes
    return error


def _sufficient_decoder(answer: Answer) -> JSONDecoder[Any] | Literal[False]:
    """The decoder of an answer where all that it decodes strictly is that answer, else False.

    So it is with models that require something: ``reports.reported_error`` finds nothing of that in an error.
    """
    type_ = answer.type() if answer.kind == "json" and answer.type is not None else None
    if not is_model(type_):
        return False
    names = field_names(type_)
    if not any(needed and name != "error" for name, needed in names.items()):
        return False
    return decoder_for(type_)


def is_model(type_: Any) -> bool:
    """Whether a type is a model class."""
    return isinstance(type_, type) and issubclass(type_, Model)


def field_names(type_: Any) -> dict[str, bool]:
    """Wire names of a model's fields, and whether each is required."""
    from msgspec.structs import fields

    return {field.encode_name: field.required for field in fields(type_)}


def broken_off(error: APIConnectionError, head: Head, content: bytes = b"") -> None:
    """Put into ``error`` what is known of the answer that broke off, and what came of its body."""
    error.status_code = head.status
    error.headers = head.headers
    error.request_id = head.request_id
    error.content = content


def trace(head: Head) -> str:
    """How messages name the server's id of the request; nothing where it has none."""
    return f" (request id {head.request_id})" if head.request_id else ""


def response_error(
    kind: type[Any], message: str, head: Head, content: bytes, body: Any = None
) -> Any:
    """A ResponseDecodeError or ResponseValidationError."""
    return kind(
        f"HTTP {head.status}, but {message}{trace(head)}",
        status_code=head.status,
        headers=head.headers,
        request_id=head.request_id,
        body=content if body is None else body,
        content=content,
    )


def is_text(head: Head, content: bytes) -> bool:
    """Whether a body can be shown."""
    if head.media_type.startswith("text/") or is_json(head.media_type) or "xml" in head.media_type:
        return True
    return not head.media_type and b"\0" not in content[:1000]


def decode_text(content: bytes, charset: str) -> str:
    """A text in an encoding that a server names, which need not exist."""
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # no encoding, or one that replaces nothing
        return content.decode("utf-8", "replace")


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds: dict[type[Any], str] = {
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
        list: "array",
        dict: "object",
    }
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "value")
