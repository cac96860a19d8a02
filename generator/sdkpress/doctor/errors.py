"""Rules about answers: successful ones without a type, and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sdkpress.content import ContentKind, classify
from sdkpress.doctor.chat import is_chat
from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding, Mend, Update, assumption, certain
from sdkpress.doctor.parts import Operation, child, mapping, sequence, text

__all__ = ["CHECKS"]

_CHAT_ERROR = "ErrorResponse"
_LEAST_SHARE = 0.8


def _undocumented(facts: Facts) -> Iterator[Finding]:
    usual = _usual_error(facts)
    has_own = False
    for operation in facts.survey.operations:
        if not operation.responses or any(item.is_error for item in operation.responses):
            continue
        mend: Mend | None = None
        place = child(operation.pointer, "responses")
        if usual:
            mend = assumption(
                f"The errors of other operations are a {quoted(usual.rpartition('/')[2])}.",
                Update(place, {"default": _error("Any error", usual)}),
            )
        elif is_chat(facts.survey, operation):
            mend = _chat_errors(facts, operation, place, is_first=not has_own)
            has_own = True
        message = f"{operation.label} has no error among its responses."
        yield Finding("undocumented-errors", place, message, mend)


def _error(description: str, pointer: str) -> dict[str, object]:
    schema = {"$ref": f"#{pointer}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _chat_errors(facts: Facts, operation: Operation, place: str, *, is_first: bool) -> Mend | None:
    known = mapping(mapping(facts.survey.tree.get("components")).get("schemas"))
    if _CHAT_ERROR in known:
        return None
    pointer = f"/components/schemas/{_CHAT_ERROR}"
    is_old = facts.survey.version == "3.0"
    texts = _NULLABLE_TEXT if is_old else {"type": ["string", "null"]}
    codes = _OLD_CODE if is_old else {"type": ["string", "integer", "null"]}
    error = {
        "type": "object",
        "description": "What went wrong",
        "properties": {
            "message": {"type": "string", "description": "What went wrong, in words"},
            "type": {**texts, "description": "Kind of the error"},
            "code": {**codes, "description": "What went wrong, for programs"},
            "param": {**texts, "description": "Name of the request's field that is wrong"},
        },
        "required": ["message"],
    }
    schema = {
        "type": "object",
        "description": "The answer to a request that failed",
        "properties": {"error": error},
        "required": ["error"],
    }
    responses: dict[str, object] = {}
    if _security_of(facts, operation):
        responses["401"] = _error("The credential is missing or wrong", pointer)
    limited = _error("Too many requests", pointer)
    limited["headers"] = {"Retry-After": _RETRY_AFTER}
    responses["429"] = limited
    responses["default"] = _error("Any other error", pointer)
    edits = [Update("", {"components": {"schemas": {_CHAT_ERROR: schema}}})] if is_first else []
    why = (
        "The operation speaks the chat completions protocol, and servers that speak it answer "
        "errors in this shape."
    )
    return assumption(why, *edits, Update(place, responses))


_NULLABLE_TEXT = {"type": "string", "nullable": True}
_OLD_CODE = {"nullable": True, "oneOf": [{"type": "string"}, {"type": "integer"}]}
_RETRY_AFTER = {
    "description": "When to try again, in seconds or as an HTTP date (RFC 9110, section 10.2.3)",
    "schema": {"type": "string"},
}


def _error_schemas(facts: Facts) -> list[tuple[Operation, str, str]]:
    """Each JSON error body that refers to a component: the operation, the place, the component."""
    found: list[tuple[Operation, str, str]] = []
    for operation in facts.survey.operations:
        for response in operation.responses:
            for content in response.contents if response.is_error else ():
                schema = mapping(content.node.get("schema"))
                if classify(content.media_type) is ContentKind.JSON and "$ref" in schema:
                    place = child(content.pointer, "schema")
                    found.append((operation, place, facts.survey.resolve(schema, place)[1]))
    return found


def _usual_error(facts: Facts) -> str:
    counts = Counter(pointer for _, _, pointer in _error_schemas(facts))
    if not counts:
        return ""
    pointer, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    is_component = pointer.startswith("/components/schemas/")
    return pointer if is_component and count >= _LEAST_SHARE * counts.total() else ""


def _without_schema(facts: Facts) -> Iterator[Finding]:
    usual = _usual_error(facts)
    for response in facts.survey.responses:
        if not response.is_error or response.contents:
            continue
        if text(response.node.get("$ref")) or not response.node:
            continue
        mend = None
        if usual:
            mend = assumption(
                f"Other errors are a {quoted(usual.rpartition('/')[2])}.",
                Update(response.pointer, {"content": mapping(_error("", usual)["content"])}),
            )
        message = f"The answer {quoted(response.status)} has no content."
        yield Finding("error-without-schema", response.pointer, message, mend)


def _differing(facts: Facts) -> Iterator[Finding]:
    bodies = _error_schemas(facts)
    counts = Counter(pointer for _, _, pointer in bodies)
    if len(counts) < 2:
        return
    usual = min(counts.items(), key=lambda item: (-item[1], item[0]))[0]
    names = sorted(pointer.rpartition("/")[2] for pointer in counts)
    shown = ", ".join(quoted(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    first = next(place for _, place, pointer in bodies if pointer != usual)
    yield Finding(
        "differing-errors",
        first,
        f"Errors have {len(counts)} different shapes: {shown}{more}.",
        count=counts.total() - counts[usual],
    )


def _security_of(facts: Facts, operation: Operation) -> bool:
    own = operation.node.get("security", facts.survey.tree.get("security"))
    listed = sequence(own)
    return bool(listed) and all(mapping(item) for item in listed)


def _unauthorized(facts: Facts) -> Iterator[Finding]:
    missing: list[Operation] = []
    for operation in facts.survey.operations:
        errors = {item.status.upper() for item in operation.responses if item.is_error}
        covers = errors & {"401", "403", "4XX", "DEFAULT"}
        if errors and not covers and _security_of(facts, operation):
            missing.append(operation)
    if missing:
        more = f" and {len(missing) - 1} other operations need" if missing[1:] else " needs"
        yield Finding(
            "undocumented-unauthorized",
            child(missing[0].pointer, "responses"),
            f"{missing[0].label}{more} a credential, and no answer 401 is documented.",
            count=len(missing),
        )


def _successes(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        statuses = {item.status.upper() for item in operation.responses}
        if not any(status[:1] in ("1", "2", "3") for status in statuses):
            if "DEFAULT" not in statuses:
                place = child(operation.pointer, "responses")
                if "responses" not in operation.node:
                    place = operation.pointer
                message = f"{operation.label} has no successful answer."
                yield Finding("no-successful-answer", place, message)


def _untyped_answers(facts: Facts) -> Iterator[Finding]:
    seen: set[str] = set()
    for operation in facts.survey.operations:
        for response in operation.responses:
            if not response.is_success or response.pointer in seen:
                continue
            seen.add(response.pointer)
            for content in response.contents:
                is_json = classify(content.media_type) is ContentKind.JSON
                schema = content.node.get("schema", content.node.get("itemSchema"))
                if is_json and schema in (None, {}, True):
                    yield Finding(
                        "untyped-answer",
                        content.pointer,
                        f"The answer {response.status} of {operation.label} has no schema.",
                    )
            if operation.method == "GET" and response.status == "200" and not response.contents:
                message = f"The answer 200 of {operation.label} has no content."
                yield Finding("answer-without-content", response.pointer, message)


def _retry_after(facts: Facts) -> Iterator[Finding]:
    for response in facts.survey.responses:
        name = response.pointer.rpartition("/")[2]
        if (response.status or name) not in ("429", "503"):
            continue
        headers = {header.lower() for header in mapping(response.node.get("headers"))}
        if "retry-after" not in headers:
            yield Finding(
                "retry-after-undeclared",
                response.pointer,
                f"The answer {response.status or name} does not declare `Retry-After`.",
                certain(
                    "RFC 9110, section 10.2.3, defines the header for answers that ask to come "
                    "again later; it may be absent.",
                    Update(response.pointer, {"headers": {"Retry-After": _RETRY_AFTER}}),
                ),
            )


CHECKS = (
    _undocumented,
    _without_schema,
    _differing,
    _unauthorized,
    _successes,
    _untyped_answers,
    _retry_after,
)
