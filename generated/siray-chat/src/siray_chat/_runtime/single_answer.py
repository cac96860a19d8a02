"""One JSON answer where a stream was asked for: its items, or why it is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from . import answers, reports
from .decoding import JSONDecodeError, convert, decode_json
from .errors import ResponseDecodeError

if TYPE_CHECKING:
    from .answers import Head
    from .call import Call
    from .operation import StreamAnswer


def items_of_whole(
    call: Call, answer: StreamAnswer, type_: Any, head: Head, content: bytes
) -> tuple[Any, list[Any]]:
    """The whole, where the answer is one (else None), and the items that say the same.

    Raises ResponseDecodeError, and APIStatusError where the answer reports a failure.
    """
    if not content:
        raise answers.response_error(
            ResponseDecodeError, "the body is empty where a stream was asked for", head, content
        )
    try:
        raw: Any = decode_json(content, Any).value
    except JSONDecodeError:
        kind = head.media_type or "no media type"
        shown = repr(content[:80].decode("utf-8", "replace"))
        message = f"the body is no stream ({kind}); it begins {shown}"
        raise answers.response_error(ResponseDecodeError, message, head, content) from None
    if reports.reported_error(content, type_) is not None:
        raise reports.status_error(call.operation, head, content, body=raw)
    is_model = answers.is_model(type_)
    if is_model and not isinstance(raw, dict) and answer.final is not None:
        shown = repr(content[:80].decode("utf-8", "replace"))
        message = f"the body is neither a stream nor an object; it begins {shown}"
        raise answers.response_error(ResponseDecodeError, message, head, content)
    call.warn(("the server sent one JSON answer in place of a stream",), head)
    if isinstance(raw, list) and is_model:
        return None, [convert(piece, type_).value for piece in cast("list[Any]", raw)]
    if answer.fold is None or answer.final is None or not convert(raw, type_).notes:
        return None, [convert(raw, type_).value]
    # It is a whole. An item that says the same has its objects under the names of pieces.
    names = {whole: piece for piece, whole in answer.fold.rename.items()}
    return convert(raw, answer.final()).value, [convert(_renamed(raw, names), type_).value]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        # A name that is there already is not written over.
        return {
            (names[key] if key in names and names[key] not in fields else key): _renamed(
                item, names
            )
            for key, item in fields.items()
        }
    if isinstance(value, list):
        elements = cast("list[Any]", value)
        return [_renamed(element, names) for element in elements]
    return value
