"""Which answer a valid request gets: the status, the media type, the body."""

from __future__ import annotations

import http
import re
from collections.abc import Iterable, Iterator
from typing import Any

from .bodies import write_body
from .coercion import types_of
from .error_bodies import ErrorBodies, find_response, problem_details
from .examples import examples_of, suitable
from .exchanges import ReceivedRequest, Reply
from .media_types import kind_of, quality
from .merging import flatten
from .nodes import as_bool, as_object
from .paging import pagings
from .preferences import Preferences, read_preferences
from .references import References
from .routing import Operation, Router
from .samples import Sampler
from .stream_shapes import StreamShape, find_stream, is_streamed
from .streaming import frame, frame_terminator, stream_items

__all__ = ["Answers", "Header", "phrase"]

Header = tuple[str, str]


def phrase(status: int) -> str:
    """The reason phrase of a status, or a general word."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error" if status >= 400 else "Answer"


class Answers:
    """Makes the answers of one document."""

    def __init__(self, references: References, router: Router, seed: int) -> None:
        self._references = references
        self._pagings = pagings(references.document)
        self._sampler = Sampler(references, "response", seed=seed)
        self._made = Sampler(references, "response", seed=seed, uses_suggestions=False)
        self._errors = ErrorBodies(references, router, self._sampler)
        # By identity; the node beside the value keeps its identity from being used again.
        self._values: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._shapes: dict[int, tuple[Any, StreamShape | None]] = {}

    def answer(self, request: ReceivedRequest, operation: Operation, body: Any) -> Reply:
        """The answer to a valid request, as its `Prefer` and `Accept` ask for it."""
        prefer = read_preferences(request.header("prefer"))
        if prefer.code:
            status, response = prefer.code, find_response(operation, prefer.code)
        else:
            status, response = success(operation)
        if response is None:
            return self.error(operation, status, "The document does not describe this answer.")
        headers = self.headers(response)
        shape = self.stream_shape(operation, response)
        if shape is not None and _wants_stream(shape, request, body):
            return self._stream(request, operation, response, shape, body, prefer, headers)
        chosen = self._choose_media(response, request.header("accept"))
        if chosen is None:
            return Reply.whole(status, b"", headers=headers)
        media_type, media = chosen
        value = self._value(request, operation, media, body, prefer)
        if value is None and prefer.example:
            names = [name for name, _ in examples_of(media, self._references) if name]
            known = ", ".join(names) or "none"
            return self.error(
                operation, 400, f"Prefer: no example {prefer.example!r}; there are: {known}"
            )
        concrete = _concrete(media_type, request.header("accept"))
        paging = self._pagings.get(operation.key)
        if (
            paging is not None
            and status < 300
            and kind_of(concrete) == "json"
            and not prefer.example
        ):
            schema = media.get("schema", {})
            value, headers = paging.page(request, body, value, headers, schema, self._references)
        content = write_body(value, concrete, media.get("schema", {}), self._references)
        return Reply.whole(status, content, concrete, headers)

    def error(
        self,
        operation: Operation | None,
        status: int,
        message: str = "",
        *,
        field: str = "",
        headers: Iterable[Header] = (),
    ) -> Reply:
        """An error in the shape of the document, with our message where one is given."""
        found = self._errors.media(operation, status)
        if found is None:
            content = problem_details(status, phrase(status), message or phrase(status))
            return Reply.whole(status, content, "application/problem+json", headers, message)
        media_type, media = found
        schema = media.get("schema", {})
        if examples_of(media, self._references):
            value = self._example_or_sample(media, Preferences(), {}, None)
        else:
            value = self._errors.made(schema)
            message = message or phrase(status)
        if message:
            value = self._errors.with_message(value, schema, status, message, field)
        content = write_body(value, media_type, schema, self._references)
        return Reply.whole(status, content, _concrete(media_type, ""), headers, message)

    def json(
        self, operation: Operation, status: int | None, value: Any, headers: Iterable[Header]
    ) -> Reply:
        """A given value as the operation's JSON answer; success where no status is given."""
        response: dict[str, Any] | None
        if status is None:
            status, response = success(operation)
        else:
            response = find_response(operation, status)
        chosen = self._choose_media(response or {}, "application/json")
        media_type, media = chosen or ("application/json", {})
        if kind_of(media_type) != "json":
            media_type = "application/json"
        content = write_body(value, media_type, media.get("schema", {}), self._references)
        return Reply.whole(status, content, _concrete(media_type, ""), headers)

    def streamed(self, operation: Operation, items: Iterable[Any]) -> Reply:
        """Given items as the operation's stream (server-sent events where it has none)."""
        status, response = success(operation)
        shape = self.stream_shape(operation, response or {})
        if shape is None:
            shape = StreamShape("text/event-stream", {}, "sse", {})
        return self._framed(status, items, shape, ())

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
        examples = [] if prefer.is_dynamic else examples_of(shape.media, self._references)
        example = suitable(examples, prefer.example, self._request_examples(operation, body), body)
        if isinstance(example, str):  # the events as they stand in the document
            return Reply(status, _stream_head(shape, headers), (example.encode(),))
        whole: Any = None
        if example is None and (shape.renames or shape.keys):
            plain = self._choose_media(response, "application/json")
            if plain is not None:
                whole = self._value(request, operation, plain[1], body, prefer)
        asked = as_object(as_object(body).get("stream_options")).get("include_usage")
        sampler = self._made if prefer.is_dynamic else self._sampler
        items = stream_items(
            shape, example, whole, sampler, usage=as_bool(asked) or not self._can_ask(operation)
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
        best: tuple[tuple[float, bool], str, dict[str, Any]] | None = None
        for media_type, node in as_object(response.get("content")).items():
            media = self._references.resolve(node)
            if is_streamed(media_type, media):
                continue
            rank = (quality(accept, media_type), kind_of(media_type) == "json")
            # Nothing acceptable: the first is sent all the same (RFC 9110, section 12.4.1).
            if best is None or rank > best[0]:
                best = (rank, media_type, media)
        return best and (best[1], best[2])

    def _value(
        self,
        request: ReceivedRequest,
        operation: Operation,
        media: dict[str, Any],
        body: Any,
        prefer: Preferences,
    ) -> Any:
        return self._example_or_sample(media, prefer, self._request_examples(operation, body), body)

    def _example_or_sample(
        self, media: dict[str, Any], prefer: Preferences, requests: dict[str, Any], body: Any
    ) -> Any:
        schema = media.get("schema", {})
        if not prefer.is_dynamic:
            examples = examples_of(media, self._references)
            example = suitable(examples, prefer.example, requests, body)
            if prefer.example or example is not None:
                # One asked for by name goes out as it stands.
                return example if prefer.example else self._mended(example, schema)
        key = (id(media), prefer.is_dynamic)
        if key not in self._values:
            sampler = self._made if prefer.is_dynamic else self._sampler
            self._values[key] = (media, sampler.sample(schema))
        return self._values[key][1]

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
    return "text/plain" if media_type.startswith("text/") else "application/json"
