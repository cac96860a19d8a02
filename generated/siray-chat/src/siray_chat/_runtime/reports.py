"""What a server reports as a failure: found in the bodies of errors and of successes that are none.

Loaded by the first failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .answers import decode_text, field_names, find_answer, is_model, is_text, trace
from .decoding import JSONDecodeError, decode_json
from .errors import APIStatusError, StreamServerError, status_error_class
from .model import Model

if TYPE_CHECKING:
    from collections.abc import Set

    from .answers import Head
    from .operation import Operation

MAX_TEXT = 500
"""Characters of a server's message that go into ours."""

_ENVELOPE = frozenset(
    "error errors status status_code code type message detail param object request_id event_id "
    "timestamp success provider user_id id".split()
)
"""What an object may have that does nothing but report an error."""


def reported_error(content: bytes, type_: Any, *, in_stream: bool = False) -> dict[str, Any] | None:
    """The JSON object if it reports an error in place of a ``type_``, else None.

    That is: a truthy ``error`` (or ``errors``, or a code with a message), and nothing of what the
    type requires. Where the type requires nothing, or is no model, an ``error`` in an object that
    has nothing but what error envelopes have. In a stream, whose status was sent long ago, also an
    ``error`` beside what the type has, if it says something and the document knows no such field.
    """
    try:
        raw: Any = decode_json(content, Any).value
    except JSONDecodeError:
        return None
    if not isinstance(raw, dict):
        return None
    fields = cast("dict[str, Any]", raw)
    named = bool(fields.get("error"))
    if not named and not _complains(fields):
        return None
    required: set[str] = set()
    if not is_model(type_) and type_ is not Any:
        # Of a union, the member that the answer is counts.
        built: object = decode_json(content, type_).value
        if isinstance(built, Model):
            type_ = type(built)
    if is_model(type_):
        names = field_names(type_)
        required = {name for name, needed in names.items() if needed} - {"error"}
        if not required and "error" in names:
            return None
        if in_stream and "error" not in names and _says_something(fields.get("error")):
            return fields
    if required:
        return None if _matches_any(fields, required, type_) else fields
    return fields if named and type_ is not Any and fields.keys() <= _ENVELOPE else None


def _says_something(error: object) -> bool:
    """Whether an ``error`` is one: not null, false, empty, or zeros."""
    if isinstance(error, dict):
        fields = cast("dict[str, Any]", error)
        return any(fields.get(name) for name in ("message", "msg", "detail", "code", "type"))
    return isinstance(error, str) and error != ""


def _matches_any(fields: dict[str, Any], required: Set[str], type_: Any) -> bool:
    """Whether an object has a required field, and not another constant than the document says."""
    from .building import ModelNode
    from .compiling import node_for

    node = node_for(type_)
    constants = node.literals if isinstance(node, ModelNode) else {}
    return any(
        name not in constants or constants[name].accepts(fields[name])
        for name in required & fields.keys()
    )


def _complains(fields: dict[str, Any]) -> bool:
    """Whether an object says what went wrong without an ``error``, as ``{"code": 1, "msg": "no"}``."""
    if fields.get("errors"):
        return True
    says = any(isinstance(fields.get(name), str) for name in ("message", "msg", "detail"))
    return says and (
        fields.get("success") is False
        or "error" in (fields.get("object"), fields.get("type"))
        or any(fields.get(name) for name in ("code", "error_code", "status"))
    )


def status_error(
    operation: Operation, head: Head, content: bytes, *, body: Any = None, in_stream: bool = False
) -> APIStatusError:
    """The error for an answer that reports a failure; never raises itself."""
    raw = body
    if raw is None:
        raw = parsed(content)
    report = _report(raw)
    status = head.status
    if 200 <= status < 300:
        status = _reported_status(report["code"]) or _reported_status(report["status"]) or status
    kind = StreamServerError if in_stream else status_error_class(status)
    typed = raw
    if body is None:
        answer = find_answer(operation, head)
        if (
            answer is not None
            and answer.kind == "json"
            and answer.type is not None
            and raw is not None
        ):
            typed = decode_json(content, answer.type()).value
        elif raw is None:
            typed = decode_text(content, head.charset) if is_text(head, content) else content
    message = report["message"]
    if not message:
        message = _summary(head, content) if body is None else ""
    if not message and 300 <= head.status < 400 and "location" in head.headers:
        message = f"redirected to {head.headers['location'][:MAX_TEXT]!r}, which is not followed"
    text = f"HTTP {head.status}"
    if in_stream:
        text = "the server reported an error in the stream"
    if message:
        text += f": {message[:MAX_TEXT]}"
    error = kind(
        text + trace(head),
        status_code=head.status,
        headers=head.headers,
        request_id=head.request_id,
        body=typed,
        content=content,
        code=report["code"],
        error_type=report["type"],
    )
    # For other statuses the headers have a say.
    error.retryable = head.status < 300 and (status in (408, 429) or status >= 500)
    return error


def _reported_status(code: object) -> int | None:
    """The status of a failure that a code is, where it is one."""
    if isinstance(code, str) and len(code) == 3 and code.isascii() and code.isdecimal():
        code = int(code)
    return code if isinstance(code, int) and 400 <= code <= 599 else None


def parsed(content: bytes) -> Any:
    """The JSON object or array in ``content``, None where there is none."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return None
    try:
        return decode_json(content, Any).value
    except JSONDecodeError:
        return None


def _report(raw: Any) -> dict[str, Any]:
    """message, code, type and status out of the usual shapes of error bodies."""
    found: dict[str, Any] = {"message": "", "code": None, "type": None, "status": None}
    if not isinstance(raw, dict):
        return found
    outer = cast("dict[str, Any]", raw)
    inner: Any = outer.get("error")
    several: Any = outer.get("errors")
    if not isinstance(inner, dict) and isinstance(several, list) and several:
        inner = inner or cast("list[Any]", several)[0]
    candidates: list[dict[str, Any]] = [inner, outer] if isinstance(inner, dict) else [outer]
    if isinstance(inner, str):
        found["message"] = inner
    for fields in candidates:
        for key, names in (
            ("message", ("message", "detail", "error_description", "msg", "title")),
            ("code", ("code", "error_code")),
            ("type", ("type",)),
            ("status", ("status", "status_code")),
        ):
            for name in names:
                value = fields.get(name)
                if found[key] in ("", None) and isinstance(value, (str, int)) and value is not True:
                    found[key] = value
                elif (
                    key == "message"
                    and not found[key]
                    and isinstance(value, (list, dict))
                    and value
                ):
                    found[key] = repr(cast(Any, value))
    found["message"] = str(found["message"] or "")
    return found


def _summary(head: Head, content: bytes) -> str:
    if not content or not is_text(head, content):
        return ""
    text = decode_text(content[:4000], head.charset)
    lower = text.lower()
    if "<html" in lower or "<!doctype" in lower:
        start, end = lower.find("<title>"), lower.find("</title>")
        title = text[start + 7 : end].strip() if 0 <= start < end else ""
        return f"an HTML page{f' titled {title!r}' if title else ''}"
    return " ".join(text.split())[:MAX_TEXT]
