"""Which answer a valid request gets: the status, the media type, the body."""

from __future__ import annotations

import http
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from .bodies import write_body
from .coercion import types_of
from .conversations import Turn, read_turn
from .error_bodies import ErrorBodies, find_response, problem_details
from .event_data import bare_items
from .event_streams import is_named
from .examples import Example, examples_of, suitable
from .exchanges import ReceivedRequest, Reply, Stall, Step
from .media_types import kind_of, quality
from .merging import flatten
from .nodes import as_bool, as_object
from .paging import PageFacts, Pagings
from .preferences import Preferences, preferences_of
from .redirecting import staying
from .references import References
from .routing import Operation, Router
from .samples import Sampler
from .stream_shapes import StreamShape, find_stream, is_streamed
from .streaming import frame, frame_terminator, frame_text, has_usage, stream_items

__all__ = ["Answers", "Header", "phrase"]

Header = tuple[str, str]
EXPLANATION = "x-fake-explanation"
"""The header that says what is wrong where the document's error has no place for it."""


def phrase(status: int) -> str:
    """The reason phrase of a status, or a general word."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error" if status >= 400 else "Answer"


class Answers:
    """Makes the answers of one document."""

    def __init__(
        self, references: References, router: Router, seed: int, pages: PageFacts | None = None
    ) -> None:
        self._references = references
        self._pagings = Pagings(references.document, pages)
        self._sampler = Sampler(references, "response", seed=seed)
        self._made = Sampler(references, "response", seed=seed, uses_suggestions=False)
        self._errors = ErrorBodies(references, router, self._sampler)
        # By identity; the node beside the value keeps its identity from being used again.
        self._values: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._shapes: dict[int, tuple[Any, StreamShape | None]] = {}

    def answer(self, request: ReceivedRequest, operation: Operation, body: Any) -> Reply:
        """The answer to a valid request, as its `Prefer` and `Accept` ask for it."""
        prefer = preferences_of(request)
        if prefer.code:
            status, response = prefer.code, find_response(operation, prefer.code)
        else:
            status, response = success(operation)
        if response is None:
            return self._no_answer(operation, status)
        headers = staying(status, self.headers(response))
        shape = self.stream_shape(operation, response)
        if shape is not None and _wants_stream(shape, request, body):
            return self._stream(request, operation, response, shape, body, prefer, headers)
        chosen = self._choose_media(response, request.header("accept"))
        if chosen is None:
            return Reply.whole(status, b"", headers=headers, note=_asked(prefer))
        media_type, media = chosen
        value = self._value(operation, media, body, prefer)
        if value is None and prefer.example:
            return self._no_example(operation, prefer.example, examples_of(media, self._references))
        concrete = _concrete(media_type, request.header("accept"))
        paging = self._pagings.of(operation)
        if (
            paging is not None
            and status < 300
            and kind_of(concrete) == "json"
            and not prefer.example
        ):
            schema = media.get("schema", {})
            value, headers = paging.page(request, body, value, headers, schema, self._references)
        content = write_body(value, concrete, media.get("schema", {}), self._references)
        return Reply.whole(status, content, concrete, headers, _asked(prefer))

    def _no_answer(self, operation: Operation, status: int) -> Reply:
        """An error of the wanted status all the same; success cannot be made up."""
        known = ", ".join(operation.responses) or "none"
        message = f"The document has no answer {status} for {operation.key}; there are: {known}."
        return self.error(operation, status if status >= 400 else 404, message)

    def _no_example(self, operation: Operation, name: str, examples: list[Example]) -> Reply:
        known = ", ".join(dict.fromkeys(known for known, _ in examples if known)) or "none"
        return self.error(operation, 404, f"Prefer: no example {name!r}; there are: {known}")

    def error(
        self,
        operation: Operation | None,
        status: int,
        message: str = "",
        *,
        field: str = "",
        code: str = "",
        headers: Iterable[Header] = (),
    ) -> Reply:
        """An error in the shape of the document, with our message where one is given.

        `code` goes where the document has the code of an error, or its type.
        """
        found = self._errors.media(operation, status)
        if found is None:
            content = problem_details(status, phrase(status), message or phrase(status), code)
            return Reply.whole(status, content, "application/problem+json", headers, message)
        media_type, media = found
        schema = media.get("schema", {})
        if examples_of(media, self._references):
            value = self._example_or_sample(media, Preferences(), {}, None)
        else:
            value = self._errors.made(schema)
            message = message or phrase(status)
        head = list(headers)
        if message:
            value, is_told = self._errors.with_message(value, schema, status, message, field)
            if not is_told:
                head.append((EXPLANATION, re.sub(r"[^\x20-\x7e]", "?", message[:1000])))
        if code:
            value = self._errors.with_code(value, schema, code)
        content = write_body(value, media_type, schema, self._references)
        return Reply.whole(status, content, _concrete(media_type, ""), head, message)

    def given(
        self, operation: Operation, status: int | None, value: Any, headers: Iterable[Header]
    ) -> Reply:
        """A given value as the operation's answer; success where no status is given.

        It is written in the first form of the document that can hold it: bytes in none that is
        JSON, anything else as JSON where the document does not say otherwise. Headers that are
        given go before those that the value calls for.
        """
        response: dict[str, Any] | None
        if status is None:
            status, response = success(operation)
        else:
            response = find_response(operation, status)
        head = list(headers)
        contents = as_object((response or {}).get("content"))
        if value is None and not contents:
            return Reply.whole(status, b"", headers=head)
        media_type, media = self._fitting(contents, value)
        if isinstance(value, bytes):
            content = value
        else:
            content = write_body(value, media_type, media.get("schema", {}), self._references)
        named = "" if any(name == "content-type" for name, _ in head) else media_type
        return Reply.whole(status, content, named, head)

    def _fitting(self, contents: dict[str, Any], value: Any) -> tuple[str, dict[str, Any]]:
        """The media type that a value is sent as, and what the document says about it."""
        is_raw, is_text = isinstance(value, bytes), isinstance(value, str)
        suitable = [
            (name, media)
            for name, node in contents.items()
            if not is_streamed(name, media := self._references.resolve(node))
            and not (is_raw and kind_of(name) == "json")
        ]
        order = ("text", "xml", "json") if is_text else ("json", "xml", "form", "text")
        if is_raw:
            order = ("binary", "text", "xml")
        if is_text and any(
            kind_of(name) == "json"
            and "string" in types_of(media.get("schema", {}), self._references)
            for name, media in suitable
        ):
            order = ("json", "text", "xml")
        for kind in order:
            for name, media in suitable:
                if kind_of(name) == kind:
                    return _concrete(name, ""), media
        if suitable and (is_raw or is_text):
            return _concrete(suitable[0][0], ""), suitable[0][1]
        return ("application/octet-stream" if is_raw else "application/json"), {}

    def streamed(
        self,
        operation: Operation,
        items: Iterable[Any],
        headers: Iterable[Header] = (),
        delay: float = 0.0,
    ) -> Reply:
        """Given items as the operation's stream (server-sent events where it has none).

        `delay` is how many seconds lie between two items.
        """
        status, shape = self._given_shape(operation)
        reply = self._framed(status, items, shape, headers)
        if not delay:
            return reply
        return replace(reply, steps=_paused(items, shape, delay))

    def split(self, operation: Operation, whole: Any) -> list[Any]:
        """The items that add up to a whole answer. Raises ValueError where there are none such."""
        _, shape = self._given_shape(operation)
        if not (shape.renames or shape.keys or is_named(shape.events)):
            raise ValueError(
                f"the items of {operation.key} do not add up to a whole answer; give the items"
            )
        return stream_items(shape, None, whole, self._sampler, usage=True)

    def terminator(self, operation: Operation) -> bytes:
        """What says that the operation's stream is complete; b"" where nothing does."""
        return frame_terminator(self._given_shape(operation)[1])

    def _given_shape(self, operation: Operation) -> tuple[int, StreamShape]:
        status, response = success(operation)
        shape = self.stream_shape(operation, response or {})
        return status, shape or StreamShape("text/event-stream", {}, "sse", {})

    def stream_shape(self, operation: Operation, response: dict[str, Any]) -> StreamShape | None:
        """How the response streams, None when it does not."""
        if id(response) not in self._shapes:
            shape = find_stream(operation, response, self._references)
            self._shapes[id(response)] = (response, shape)
        return self._shapes[id(response)][1]

    def headers(self, response: dict[str, Any]) -> list[Header]:
        """The headers the document requires or gives an example for."""
        found: list[Header] = []
        for name, node in as_object(response.get("headers")).items():
            header = self._references.resolve(node)
            schema = header.get("schema", {})
            is_wanted = as_bool(header.get("required")) or "example" in header
            if not is_wanted or name.lower() in ("content-type", "content-length"):
                continue
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or name.lower() in _HOP:
                continue
            value = header["example"] if "example" in header else self._sampler.sample(schema)
            text = (
                value
                if isinstance(value, str)
                else write_body(value, "application/json", schema, self._references).decode()
            )
            found.append((name.lower(), re.sub(r"[^\x20-\x7e]", "", text)))
        return found

    def _stream(
        self,
        request: ReceivedRequest,
        operation: Operation,
        response: dict[str, Any],
        shape: StreamShape,
        body: Any,
        prefer: Preferences,
        headers: list[Header],
    ) -> Reply:
        status = prefer.code or success(operation)[0]
        streams = [] if prefer.is_dynamic else examples_of(shape.media, self._references)
        if shape.is_event_data:
            streams = [(name, bare_items(value, shape.terminator)) for name, value in streams]
        plain = None
        if shape.renames or shape.keys or shape.events:
            plain = self._choose_media(response, "application/json")
        examples = list(streams)
        if streams and plain is not None:
            # A whole answer that suits better than every example of a stream is taken apart.
            known = {name for name, _ in streams}
            examples += (e for e in examples_of(plain[1], self._references) if e[0] not in known)
        turn = None if prefer.example else read_turn(body)
        if turn is not None:
            examples = [one for one in examples if turn.prefers(one[1])] or examples
        example = suitable(examples, prefer.example, self._request_examples(operation, body), body)
        if all(example is not value for _, value in streams):
            example = None
        if isinstance(example, str):  # the events as they stand in the document
            return Reply(status, _stream_head(shape, headers), frame_text(example, shape))
        asked = as_bool(as_object(as_object(body).get("stream_options")).get("include_usage"))
        is_right = turn is None or example is None or turn.is_met(example, is_example=True)
        if asked and example is not None and not has_usage(example):
            is_right = False
        whole: Any = None
        if (example is None or not is_right) and plain is not None:
            whole = self._value(operation, plain[1], body, prefer)
            example = None if isinstance(whole, dict) else example
        if prefer.example and example is None and whole is None:
            return self._no_example(operation, prefer.example, examples)
        sampler = self._made if prefer.is_dynamic else self._sampler
        items = stream_items(
            shape, example, whole, sampler, usage=asked or not self._can_ask(operation)
        )
        return self._framed(status, items, shape, headers)

    def _framed(
        self, status: int, items: Iterable[Any], shape: StreamShape, headers: Iterable[Header]
    ) -> Reply:
        def steps() -> Iterator[bytes]:
            yield from frame(items, shape)
            if end := frame_terminator(shape):
                yield end

        return Reply(status, _stream_head(shape, headers), steps())

    def _can_ask(self, operation: Operation) -> bool:
        for node in as_object(operation.request_body.get("content")).values():
            schema = self._references.resolve(node).get("schema")
            if "stream_options" in as_object(
                flatten(schema, self._references).rules.get("properties")
            ):
                return True
        return False

    def _request_examples(self, operation: Operation, body: Any) -> dict[str, Any]:
        if body is None:
            return {}
        found: dict[str, Any] = {}
        for node in as_object(operation.request_body.get("content")).values():
            found.update(examples_of(self._references.resolve(node), self._references))
        return found

    def _choose_media(
        self, response: dict[str, Any], accept: str
    ) -> tuple[str, dict[str, Any]] | None:
        best: tuple[tuple[float, bool, bool], str, dict[str, Any]] | None = None
        for media_type, node in as_object(response.get("content")).items():
            media = self._references.resolve(node)
            if is_streamed(media_type, media):
                continue
            is_json, is_exact = kind_of(media_type) == "json", "*" not in media_type
            rank = (quality(accept, media_type), is_json, is_exact)
            # Nothing acceptable: the first is sent all the same (RFC 9110, section 12.4.1).
            if best is None or rank > best[0]:
                best = (rank, media_type, media)
        return best and (best[1], best[2])

    def _value(
        self, operation: Operation, media: dict[str, Any], body: Any, prefer: Preferences
    ) -> Any:
        turn = None if prefer.example else read_turn(body)
        requests = self._request_examples(operation, body)
        return self._example_or_sample(media, prefer, requests, body, turn)

    def _example_or_sample(
        self,
        media: dict[str, Any],
        prefer: Preferences,
        requests: dict[str, Any],
        body: Any,
        turn: Turn | None = None,
    ) -> Any:
        schema = media.get("schema", {})
        if not prefer.is_dynamic:
            examples = examples_of(media, self._references)
            if turn is not None:
                examples = [one for one in examples if turn.prefers(one[1])] or examples
            example = suitable(examples, prefer.example, requests, body)
            if prefer.example or example is not None:
                # One asked for by name goes out as it stands.
                value = example if prefer.example else self._mended(example, schema)
                return self._met(turn, value, schema, is_example=True)
        key = (id(media), prefer.is_dynamic)
        if key not in self._values:
            sampler = self._made if prefer.is_dynamic else self._sampler
            self._values[key] = (media, sampler.sample(schema))
        return self._met(turn, self._values[key][1], schema, is_example=False)

    def _met(self, turn: Turn | None, value: Any, schema: Any, *, is_example: bool) -> Any:
        if turn is None:
            return value
        return turn.met(value, schema, self._sampler, is_example=is_example)

    def _mended(self, example: Any, schema: Any) -> Any:
        # One example may stand at several answers, of different schemas.
        key = (id(example), id(schema))
        if not isinstance(example, (dict, list)):
            return self._sampler.mend(example, schema)
        if key not in self._values:
            mended: Any = self._sampler.mend(example, schema)
            kinds = types_of(schema, self._references)
            if kinds and ("array" if isinstance(mended, list) else "object") not in kinds:
                # An array where an object belongs, or the reverse, is an example of something else.
                mended = self._sampler.sample(schema)
            self._values[key] = ((example, schema), mended)
        return self._values[key][1]


_USUAL = {"text": "text/plain", "image": "image/png", "audio": "audio/mpeg", "video": "video/mp4"}
_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te"))


def success(operation: Operation) -> tuple[int, dict[str, Any] | None]:
    """Status and response of success: the lowest 2xx, the range, the default, a redirect, or an empty 200."""
    numbers = sorted(int(key) for key in operation.responses if re.fullmatch(r"\d{3}", key))
    for number in numbers:
        if 200 <= number < 300:
            return number, operation.responses[str(number)]
    for key in ("2XX", "default"):
        if key in operation.responses:
            return 200, operation.responses[key]
    for number in numbers:
        if 300 <= number < 400:
            return number, operation.responses[str(number)]
    # A document that lists errors alone still means that the operation succeeds.
    return 200, {}


def _paused(items: Iterable[Any], shape: StreamShape, seconds: float) -> Iterator[Step]:
    for number, block in enumerate(frame(items, shape)):
        if number:
            yield Stall(seconds)
        yield block
    if end := frame_terminator(shape):
        yield end


def _asked(prefer: Preferences) -> str:
    """For the log: that an error is no mistake of the request."""
    return f"The request prefers the answer {prefer.code}." if prefer.code >= 400 else ""


def _wants_stream(shape: StreamShape, request: ReceivedRequest, body: Any) -> bool:
    if not shape.has_whole:
        return True
    asked = as_object(body).get(shape.condition) if shape.condition else None
    if isinstance(asked, bool):
        return asked
    if shape.condition and shape.is_default:
        return True
    accept = request.header("accept")
    return shape.media_type in accept.lower() and quality(accept, shape.media_type) >= quality(
        accept, "application/json"
    )


def _stream_head(shape: StreamShape, headers: Iterable[Header]) -> tuple[Header, ...]:
    suffix = "; charset=utf-8" if shape.kind == "sse" else ""
    return (
        ("content-type", f"{shape.media_type}{suffix}"),
        ("cache-control", "no-cache"),
        *headers,
    )


def _concrete(media_type: str, accept: str) -> str:
    """A type without wildcards, for a `content` key that has some."""
    if "*" not in media_type:
        return media_type
    for part in accept.split(","):
        name = part.partition(";")[0].strip()
        if name and "*" not in name and quality(media_type, name):
            return name
    return _USUAL.get(media_type.partition("/")[0].strip().lower(), "application/json")
