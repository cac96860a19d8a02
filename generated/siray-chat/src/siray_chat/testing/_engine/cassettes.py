"""Recorded exchanges: what a cassette keeps of requests and answers.

An exchange is the plain tree that stands in the file, so that what is compared, taken out and
written is the same thing:

    request:
      operation: PUT /pets/{id}     # for the reader
      method: PUT
      path: /pets/7                 # without the base path of the server
      query: {dry: 'true'}
      headers: {content-type: application/json}
      json: {name: Rex}             # or another field of `cassette_bodies`
    response:
      status: 201
      headers: {content-type: application/json}
      json: {id: 7, name: Rex}
      ended: cut                    # where the answer has no end
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import parse_qsl

from .cassette_bodies import describe, grouped
from .exchanges import ReceivedRequest
from .media_types import bare
from .nodes import as_object, as_text
from .references import References
from .routing import Operation, Router

__all__ = ["Describer", "End", "RecordedExchange", "pairs"]

End: TypeAlias = Literal["", "cut", "stalled", "abandoned"]
"""How an answer ended: at its end, cut by the server, when the caller's time was over, or when the
caller left."""

_REQUEST_HEADERS = frozenset(
    "accept content-type if-match if-modified-since if-none-match if-range if-unmodified-since "
    "prefer range".split()
)
_RESPONSE_HEADERS = frozenset(
    "accept-ranges allow content-disposition content-language content-location content-range "
    "content-type deprecation etag last-modified link location retry-after retry-after-ms sunset "
    "www-authenticate x-should-retry".split()
)
_VOLATILE = frozenset(
    "age alt-svc authorization connection content-encoding content-length cookie date keep-alive "
    "nel proxy-authorization report-to request-id server server-timing set-cookie trailer "
    "transfer-encoding upgrade vary via x-correlation-id x-request-id x-trace-id".split()
)
"""Of the transport, secret, or another one each time: not recorded, though the document declares it."""


class Describer:
    """Turns requests and answers into what the cassette says of them.

    `headers` are names to keep besides those that usually matter and those the document declares.
    """

    def __init__(self, references: References, router: Router, headers: Iterable[str] = ()) -> None:
        self._references = references
        self._router = router
        self._kept = frozenset(name.lower() for name in headers)

    def operation(self, request: ReceivedRequest) -> Operation | None:
        """What the request is for."""
        return self._router.find(request.method, request.path, request).operation

    def relative_path(self, request: ReceivedRequest) -> str:
        """The path without the base path of a server, where the request is for an operation."""
        operation = self.operation(request)
        if operation is None:
            return request.path
        address = operation.path.partition("#")[0].partition("?")[0]
        return "/" + "/".join(request.path.split("/")[-address.count("/") :])

    def request(self, request: ReceivedRequest, *, largest: int) -> dict[str, Any]:
        """The tree of a request, credentials included."""
        operation = self.operation(request)
        found: dict[str, Any] = {}
        path = self.relative_path(request)
        if operation is not None and operation.path != path:
            found["operation"] = operation.key
        found["method"] = request.method
        if operation is None:
            found["host"] = request.header("host")
        found["path"] = path
        query = grouped(parse_qsl(request.query_string, keep_blank_values=True))
        if query:
            found["query"] = query
        declared: set[str] = set()
        for parameter in () if operation is None else operation.parameters:
            if parameter.get("in") == "header":
                declared.add(as_text(parameter.get("name")).lower())
        headers = _grouped_headers(
            request.headers, (_REQUEST_HEADERS | declared | self._kept) - _VOLATILE
        )
        media_type = request.header("content-type")
        if bare(media_type).startswith("multipart/"):
            headers["content-type"] = bare(media_type)
        if headers:
            found["headers"] = headers
        return found | describe(request.body, media_type, largest=largest, is_request=True)

    def response(
        self,
        request: ReceivedRequest,
        status: int,
        headers: Iterable[tuple[str, str]],
        content: bytes | None,
        *,
        largest: int,
        more: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The tree of an answer; `more` are further fields of it, for the end of the body.

        `content` has no content coding, or the header is kept; None is a body not to be described.
        """
        fields = list(headers)
        operation = self.operation(request)
        responses = {} if operation is None else operation.responses
        declared: set[str] = set()
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses:
                declared = {name.lower() for name in as_object(responses[key].get("headers"))}
                break
        kept = (_RESPONSE_HEADERS | declared | self._kept) - _VOLATILE
        kept |= {"content-encoding"}  # that of a coding which could not be removed
        if request.method == "HEAD":
            kept |= {"content-length"}
        found: dict[str, Any] = {"status": status}
        shown = _grouped_headers(fields, kept)
        if shown:
            found["headers"] = shown
        if content is not None:
            kind = next((value for name, value in fields if name.lower() == "content-type"), "")
            is_encoded = "content-encoding" in shown
            found |= describe(content, "image/*" if is_encoded else kind, largest=largest)
        return found | dict(more)


def _grouped_headers(headers: Iterable[tuple[str, str]], kept: frozenset[str] | set[str]) -> Any:
    return grouped(sorted((name.lower(), value) for name, value in headers if name.lower() in kept))


def pairs(grouped_values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values one by one, as they were before they were grouped."""
    for name, value in grouped_values.items():
        values = cast("list[str]", value) if isinstance(value, list) else [str(value)]
        for text in values:
            yield name, text


class RecordedExchange:
    """One exchange of a cassette, and the line it stands on."""

    __slots__ = ("line", "request", "response")

    def __init__(self, request: dict[str, Any], response: dict[str, Any], line: int = 0) -> None:
        self.request: dict[str, Any] = request
        self.response: dict[str, Any] = response
        self.line: int = line

    def __str__(self) -> str:
        return f"{self.request['method']} {self.request['path']} ({self.response['status']})"
