"""From one event (or line) of a stream to one item, as the document and the server say.

``deliver`` hands out what is plain at the speed of msgspec. It stops, by raising a ValueError, at
whatever needs a closer look, and ``Events.item`` takes that.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from . import answers
from .decoding import Decoded, JSONDecodeError, convert, decode_json, decoder_for
from .errors import ResponseValidationError, SDKError, StreamDecodeError
from .model import Model
from .sse import RawEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Set

    from .answers import Head
    from .building import Deviation
    from .call import Call
    from .operation import StreamAnswer
    from .sse import Frame

REFUSED = (ValueError, RecursionError)
"""What an iterator of ``deliver`` raises; msgspec's errors are ValueErrors."""

SKIP: Any = object()
"""In place of an item: the event holds none."""

_HEARTBEATS = frozenset((b"ping", b"heartbeat", b"keepalive", b"keep-alive", b"keep_alive"))
"""Names of events that servers send between items; what they hold is no item unless it is one."""

NOTABLE = _HEARTBEATS | {b"error"}
"""Types of events that matter; an event of any other type is an item."""

_CUSTOMARY = b"[DONE]"
"""The terminator that streams of objects have where the document does not speak of one."""

_PATIENCE = 4
"""Events that do not match until the decoder is made to expect it."""


class Events:
    """Decodes the events of one stream."""

    __slots__ = (
        "_answer",
        "_call",
        "_decoder",
        "_deviations",
        "_is_model",
        "_is_text",
        "_refusals",
        "_terminator",
        "_warned",
        "done",
        "head",
        "is_direct",
        "strict",
        "type",
    )

    def __init__(self, call: Call, answer: StreamAnswer, head: Head) -> None:
        self._call = call
        self._answer = answer
        self.head = head
        self.type: Any = answer.type() if answer.type else Any
        self._is_model = answers.is_model(self.type)
        self._decoder = decoder_for(self.type)
        # The data of an event is text before it is JSON: a string is what it says.
        self._is_text = self.type is str and answer.kind == "sse"
        self.strict: Callable[[bytes], Any] = _text_of if self._is_text else self._decoder.strict
        """Decodes the data of a plain event; raises one of REFUSED."""
        self._terminator = None if answer.terminator is None else answer.terminator.encode()
        if (
            self._terminator is None
            and answer.kind == "sse"
            and not (self._is_text or answer.envelope)
        ):
            self._terminator = _CUSTOMARY  # no JSON, so that it cannot be an item
        # An object that reports an error has nothing of what the type requires, so that strict
        # decoding refuses it, if the type requires anything.
        watches_errors = not self._is_model or not _requires_fields(cast("type[Model]", self.type))
        self.is_direct: bool = (
            not watches_errors
            and not answer.envelope
            and (self._terminator is None or b"{" not in self._terminator)
        )
        """``strict`` refuses whatever is no item, the terminator too."""
        self._refusals = 0
        self._deviations: set[Deviation] = set()
        self._warned = False
        self.done = False
        """The terminator has come."""

    def deliver(self, frames: Iterator[Frame], plain: bool) -> Iterator[Any]:
        """The items of the frames, until one needs a closer look, where it raises one of REFUSED.

        ``frames`` then stands behind that one. ``plain``: all frames are bytes.
        """
        if plain and self.is_direct:
            return map(self.strict, frames)  # type: ignore[arg-type]
        return _deliver(
            frames,
            self.strict,
            self._terminator,
            not self.is_direct,
            self._answer.envelope,
        )

    def is_plain(self, frame: Frame) -> bool:
        """Whether ``deliver`` has no difficulty with a frame."""
        try:
            for _ in self.deliver(iter((frame,)), isinstance(frame, bytes)):
                return True
        except REFUSED:
            pass
        return False

    def is_void(self, data: bytes) -> bool:
        """Whether the data of an event is no item but the end, or nothing."""
        return self._is_end(data) or not (data if self._is_text else data.strip())

    def _is_end(self, data: bytes) -> bool:
        """Whether the data of an event is the terminator; white space and quotes may surround it."""
        terminator = self._terminator
        if data == terminator or terminator is None or self._is_text:
            return data == terminator
        if len(data) > len(terminator) + 8:
            return False
        data = data.strip()
        return data == terminator or (self._is_model and data == b'"%b"' % terminator)

    def item(self, frame: Frame) -> Any:
        """The item of one frame, SKIP where there is none. Raises our errors, not yet complete."""
        if isinstance(frame, RawEvent):
            data, event = frame.data, frame.event
        else:
            data, event = frame, b"message"
        if self._is_end(data):
            self.done = True
            return SKIP
        if event == b"error":
            raise self._reported(data)
        if not (data if self._is_text else data.strip()):
            return SKIP
        if event in _HEARTBEATS and not self._answer.envelope and not self._fits(data):
            return SKIP
        if self._answer.envelope:
            return self._enveloped(data, frame)
        try:
            value, notes = self._decoded(data)
        except JSONDecodeError as error:
            message = f"an event of the stream is not JSON: {error}; it begins {_shown(data)}"
            raise _undecodable(message, data) from None
        if notes or b'"error"' in data:
            from .reports import reported_error

            failure = reported_error(data, self.type, in_stream=True)
            if failure is not None:
                raise self._reported(data)
        if self._is_model and not isinstance(value, Model):
            message = f"an event of the stream is no {self.type.__name__}: {_shown(data)}"
            raise _undecodable(message, data)
        if notes and self._call.strict:
            from .accepting import accept_json

            value, notes = accept_json(data, self.type) or (value, notes)
        if notes:
            self._mismatched(tuple(map(str, notes)), data, value)
        return value

    def _fits(self, data: bytes) -> bool:
        try:
            self._decoder.strict(data)
        except REFUSED:
            return False
        return True

    def _decoded(self, data: bytes) -> Decoded[Any]:
        """The data of an event or a line. Raises JSONDecodeError."""
        if self._is_text:
            return Decoded(data.decode("utf-8", "replace"), ())
        decoder = self._decoder
        try:
            decoded, deviations = decoder.examine(data)
        except JSONDecodeError:
            if self._answer.kind != "sse" or self.type is Any or self._is_model:
                raise
            # Where strings of some kind are allowed, text in no quotes may be one.
            text = convert(data.decode("utf-8", "replace"), self.type)
            if text.notes:
                raise
            return text
        self._adapt(deviations)
        return decoded

    def _adapt(self, deviations: Set[Deviation]) -> None:
        """Use what has been learned: of all answers, and of this stream."""
        if self._call.strict or not (deviations or self._deviations):
            self.strict = self._decoder.strict
            return
        self._deviations |= deviations
        self._refusals += 1
        if self._refusals % _PATIENCE == 0:
            strict = self._decoder.loosened(self._deviations)
            self.strict = strict or self._decoder.strict
            self.is_direct = False

    def _enveloped(self, data: bytes, frame: Frame) -> Any:
        text = data.decode("utf-8", "replace")
        fields: dict[str, Any] = {"data": text}
        if isinstance(frame, RawEvent):
            if frame.event != b"message":
                fields["event"] = frame.event.decode("utf-8", "replace")
            if frame.id:
                fields["id"] = frame.id.decode("utf-8", "replace")
            if frame.retry is not None:
                fields["retry"] = frame.retry
        value, notes = convert(fields, self.type)
        if notes:
            # What is no string by the document is JSON in text, and the name of an event that
            # gives none is "message".
            candidates: list[dict[str, Any]] = [{"event": "message", **fields}]
            try:
                parsed: Any = decode_json(data, Any).value
            except JSONDecodeError:
                pass
            else:
                candidates += [{**fields, "data": parsed} for fields in (fields, *candidates)]
            for candidate in candidates:
                other = convert(candidate, self.type)
                if len(other.notes) < len(notes):
                    value, notes = other
        if notes:
            self._mismatched(tuple(map(str, notes)), data, value)
        return value

    def _mismatched(self, notes: tuple[str, ...], data: bytes, value: Any) -> None:
        if self._call.strict:
            message = f"an event does not match the document: {'; '.join(notes[:3])}"
            error = answers.response_error(ResponseValidationError, message, self.head, data, value)
            error.notes = notes
            raise error
        if not self._warned:
            self._warned = True
            self._call.warn(notes, self.head)

    def _reported(self, data: bytes) -> SDKError:
        from .reports import status_error

        try:
            body: Any = decode_json(data, Any).value
        except JSONDecodeError:
            body = data.decode("utf-8", "replace")
        if isinstance(body, str):
            body = {"message": body}
        return status_error(self._call.operation, self.head, data, body=body, in_stream=True)


def _deliver(
    frames: Iterator[Frame],
    strict: Callable[[bytes], Any],
    terminator: bytes | None,
    watches_errors: bool,
    envelope: bool,
) -> Iterator[Any]:
    for frame in frames:
        if not isinstance(frame, RawEvent):
            data = frame
        elif frame.event == b"error":
            raise ValueError("an error")
        else:
            data = frame.data
        if envelope or data == terminator or (watches_errors and b'"error"' in data):
            raise ValueError("not plain")
        yield strict(data)


def before(item: Any, items: Iterator[Any]) -> Iterator[Any]:
    """An item, then the others."""
    return items if item is SKIP else chain((item,), items)


def _requires_fields(model: type[Model]) -> bool:
    return any(slot.required and slot.wire_name != "error" for slot in model.__model_slots__)


def _text_of(data: bytes) -> str:
    """The data of an event as text; ValueError for none."""
    if not data:
        raise ValueError("no data")
    return data.decode("utf-8", "replace")


def _undecodable(message: str, data: bytes) -> StreamDecodeError:
    error = StreamDecodeError(message)
    error.data = data
    return error


def _shown(data: bytes) -> str:
    return repr(data[:80].decode("utf-8", "replace"))
