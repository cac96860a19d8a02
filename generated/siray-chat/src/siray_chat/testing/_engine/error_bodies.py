"""Errors in the shape the document gives them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from .examples import examples_of
from .making import Extent
from .media_types import kind_of
from .nodes import as_list, as_object
from .references import References
from .routing import Operation, Router
from .samples import Sampler

__all__ = ["ErrorBodies", "find_response", "problem_details"]

_MESSAGES = (
    "message", "detail", "errordescription", "description", "errormessage", "msg", "title",
    "reason", "error", "messages", "details", "errors",
)  # fmt: skip
"""Names of a message or of a list of them, in lower case and without their separators."""
_SEPARATORS = re.compile(r"[-_. ]")

_CODES = ("code", "error_code", "errorCode", "type")


def find_response(operation: Operation, status: int) -> dict[str, Any] | None:
    """The response for a status: its own, that of its range, or the default."""
    responses = operation.responses
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in responses:
            return responses[key]
    return None


def problem_details(status: int, title: str, detail: str, code: str = "") -> bytes:
    """The body of an error where the document has no shape for it (RFC 9457)."""
    more = {"code": code} if code else {}
    return msgspec.json.encode({"title": title, "status": status, "detail": detail, **more})


class ErrorBodies:
    """Finds the shape of an error and writes the message into it."""

    def __init__(self, references: References, router: Router, sampler: Sampler) -> None:
        self._references = references
        self._router = router
        self._sampler = sampler
        self._elsewhere: dict[int, tuple[str, dict[str, Any]] | None] = {}

    def media(self, operation: Operation | None, status: int) -> tuple[str, dict[str, Any]] | None:
        """Media type and its object for an error; that of another operation where this has none.

        The latter is one that has a place for a message.
        """
        if operation is not None:
            found = self._json_media(find_response(operation, status))
            if found is not None:
                return found
        if status not in self._elsewhere:
            self._elsewhere[status] = self._search(status)
        return self._elsewhere[status]

    def made(self, schema: Any) -> Any:
        """A sample that says no more than it must, as long as it has a place for a message."""
        value: Any = None
        extents: tuple[Extent, ...] = ("minimal", "usual")
        for extent in extents:
            value = self._sampler.sample(schema, extent=extent)
            if next(_message_places(value), None) is not None:
                break
        return value

    def with_message(
        self, value: Any, schema: Any, status: int, message: str, field: str
    ) -> tuple[Any, bool]:
        """The error with our message, and our field and status where it has places for them.

        False where it has no place for the message, and the schema lets none be added.
        """
        if isinstance(value, str) and self._sampler.rules.accepts(message, schema):
            return message, True
        told = copy.deepcopy(value)
        for holder, name in _message_places(told):
            former = holder[name]
            holder[name] = message
            if not self._sampler.rules.accepts(told, schema):
                holder[name] = former
                continue
            about = as_object(holder)
            for other, content in (("param", field or None), ("status", status), ("code", status)):
                if other == "param" or isinstance(about.get(other), int):
                    self._try(told, schema, about, other, content)
            return told, True
        for holder in _objects(told, 0):
            if "message" not in holder:
                holder["message"] = message
                if self._sampler.rules.accepts(told, schema):
                    return told, True
                del holder["message"]
        return told, False

    def with_code(self, value: Any, schema: Any, code: str) -> Any:
        """The error with this code beside its message, or wherever it has one.

        A place is one that the schema lets hold it; the code goes in all the same where none is.
        """
        told = copy.deepcopy(value)
        near = [as_object(one) for one, _ in _message_places(told) if isinstance(one, dict)]
        holders = [*near, *(one for one in _objects(told, 0) if one not in near)]
        for name in _CODES:
            for holder in holders:
                if name in holder and self._try(told, schema, holder, name, code):
                    return told
        for holder in holders:
            holder["code"] = code
            if self._sampler.rules.accepts(told, schema):
                return told
            del holder["code"]
        if holders:
            holders[0]["code"] = code
        return told

    def _has_place(self, media: dict[str, Any]) -> bool:
        """Whether errors of the shape can say what is wrong."""
        schema = media.get("schema", {})
        examples = examples_of(media, self._references)
        value = examples[0][1] if examples else self.made(schema)
        return next(_message_places(value), None) is not None

    def _try(self, told: Any, schema: Any, holder: dict[str, Any], name: str, content: Any) -> bool:
        if name not in holder:
            return False
        former = holder[name]
        holder[name] = content
        if self._sampler.rules.accepts(told, schema):
            return True
        holder[name] = former
        return False

    def _json_media(self, response: dict[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
        for media_type, node in as_object((response or {}).get("content")).items():
            if kind_of(media_type) == "json":
                return media_type, self._references.resolve(node)
        return None

    def _search(self, status: int) -> tuple[str, dict[str, Any]] | None:
        operations = self._router.operations.values()
        for keys in ((str(status),), (f"{status // 100}XX",), ("default",), ("400", "404", "422")):
            for operation in operations:
                for key in keys:
                    if key == "default" and len(operation.responses) == 1:
                        continue  # the only response is that of success
                    found = self._json_media(operation.responses.get(key))
                    if found is not None and self._has_place(found[1]):
                        return found
        return None


def _message_places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where strings are that read like the message, the likeliest first.

    A place is an object and a name, or a list of messages and an index.
    """
    holders = [
        {_SEPARATORS.sub("", name).lower(): (one, name) for name in one}
        for one in _objects(value, 0)
    ]
    for name in _MESSAGES:
        for known in holders:
            if name not in known:
                continue
            holder, key = known[name]
            if isinstance(holder[key], str):
                yield holder, key
            elif texts := as_list(holder[key]):
                if isinstance(texts[0], str):
                    yield texts, 0


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        yield members
        for member in members.values():
            yield from _objects(member, depth + 1)
    elif isinstance(value, list):
        for item in as_list(value)[:1]:
            yield from _objects(item, depth + 1)
