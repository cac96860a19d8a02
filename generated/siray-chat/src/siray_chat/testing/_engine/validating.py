"""Whether a request is what the document says: parameters, body, media type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .bodies import NotReadable, read_body, with_empty
from .coercion import types_of
from .exchanges import ReceivedRequest
from .json_schema import SchemaRules
from .media_types import best_match, kind_of
from .merging import flatten
from .nodes import as_bool, as_object, pointer_token
from .parameters import ParameterReader
from .references import References
from .routing import Operation

__all__ = ["Checked", "Problem", "RequestValidator"]

_FORMS = frozenset(("form", "multipart"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request.

    `place` is where (`body/messages/0`, `query parameter 'limit'`), `rule` a pointer into the
    document, `status` what it costs: 400 (not readable), 415, or 422 (readable, not valid).
    """

    status: int
    place: str
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} ({self.rule})"


@dataclass(frozen=True, slots=True)
class Checked:
    """The problems of a request, and its body as a value (None where there is none)."""

    problems: tuple[Problem, ...]
    body: Any = None


class RequestValidator:
    """Checks requests against the operations of one document."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._rules = SchemaRules(references, "request")
        self._reader = ParameterReader(references)

    def check(self, request: ReceivedRequest, operation: Operation) -> Checked:
        """Everything that is wrong, parameters first."""
        problems = self._check_parameters(request, operation)
        body, found = self._check_body(request, operation)
        return Checked((*problems, *found), body)

    def takes_path(self, request: ReceivedRequest, operation: Operation) -> bool:
        """Whether the path parameters of a request are valid."""
        declared = [one for one in operation.parameters if one.get("in") == "path"]
        return all(
            given.is_given and not given.problem and self._rules.accepts(given.value, given.schema)
            for given in self._reader.read(request, declared)
        )

    def _check_parameters(self, request: ReceivedRequest, operation: Operation) -> list[Problem]:
        problems: list[Problem] = []
        for given in self._reader.read(request, operation.parameters):
            place = f"{given.place} {'' if given.place == 'header' else 'parameter '}{given.name!r}"
            rule = f"{operation.pointer}/parameters"
            if not given.is_given:
                # An empty array or object of a query is nothing on the wire.
                may_be_empty = given.place == "query" and self._may_be_empty(given.schema)
                if given.is_required and not may_be_empty:
                    problems.append(Problem(422, place, "is required", rule))
                continue
            if given.problem:
                problems.append(Problem(400, place, given.problem, rule))
                continue
            for violation in self._rules.violations(given.value, given.schema, limit=3):
                problems.append(Problem(422, place + violation.pointer, violation.message, rule))
        return problems

    def _may_be_empty(self, schema: Any) -> bool:
        types = types_of(schema, self._references)
        values: dict[str, Any] = {"array": [], "object": {}}
        return any(
            (not types or name in types) and self._rules.accepts(empty, schema)
            for name, empty in values.items()
        )

    def _check_body(
        self, request: ReceivedRequest, operation: Operation
    ) -> tuple[Any, tuple[Problem, ...]]:
        declared = operation.request_body
        rule = f"{operation.pointer}/requestBody"
        if not declared:
            return None, ()
        sent_as = request.header("content-type")
        # An empty form, text or file is a body, an empty JSON document is none.
        may_be_empty = bool(sent_as) and kind_of(sent_as) in ("form", "text", "binary")
        if not request.body and not may_be_empty:
            if as_bool(declared.get("required")):
                return None, (Problem(422, "body", "is required", rule),)
            return None, ()
        content = as_object(declared.get("content"))
        given = request.header("content-type")
        key = best_match(given, content) if given else next(iter(content), None)
        if key is None:
            if not content:
                return None, ()
            known = ", ".join(content)
            message = f"is of type {given!r}; the document has {known}"
            return None, (Problem(415, "body", message, f"{rule}/content"),)
        media = self._references.resolve(content[key])
        schema = media.get("schema", {})
        if "*" in key and flatten(schema, self._references).rules.get("format") == "binary":
            return request.body, ()  # any file, whatever it is said to be
        rule = f"{rule}/content/{pointer_token(key)}/schema"
        try:
            body = read_body(request.body, given or key, schema, self._references)
        except NotReadable as error:
            return None, (Problem(400, "body", str(error), rule),)
        if kind_of(given or key) in ("binary", "sse", "ndjson", "json-seq"):
            return body, ()
        try:
            violations = self._rules.violations(body, schema)
            if violations and kind_of(given or key) in _FORMS:
                filled = with_empty(as_object(body), schema, self._references)
                if self._rules.accepts(filled, schema):
                    return filled, ()
        except RecursionError:
            return None, (Problem(400, "body", "is nested too deeply", rule),)
        return body, tuple(
            Problem(422, f"body{violation.pointer}", violation.message, rule)
            for violation in violations
        )
