"""Docstrings of operations: what they do, what they take, how they fail."""

from __future__ import annotations

from collections.abc import Callable

from sdkpress.model import Operation, Response, TypeUse
from sdkpress.text import describe, one_line, paragraphs
from sdkpress.views.arguments import Arguments, ArgumentView, Given
from sdkpress.views.results import plain_contents, successful

_WIDTH = 78
_BYTES = ["    The whole body; client.download(request) writes a large one to a file."]
_ADVISES_AGAINST = "the API's document advises against it."
_STATUS_ERRORS = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "422": "UnprocessableEntityError",
    "429": "RateLimitError",
}
"""The classes of `runtime/errors.py`; whatever is not listed is an APIStatusError."""
_PAGES = [
    "    The first page (awaited, in the async client); iterating yields the items of all pages."
]


def operation_doc(
    operation: Operation,
    arguments: Arguments,
    choices: tuple[ArgumentView, ...],
    written: Callable[[TypeUse], str],
) -> list[str]:
    """The lines of the docstring of an operation's method."""
    docs = operation.docs
    lines = describe(docs.summary, docs.description, 84)
    if not lines:
        lines = [f"{operation.method} {one_line(operation.path)}."]
    if docs.deprecated:
        reason = f"Deprecated: {docs.deprecation or _ADVISES_AGAINST}"
        lines = [*lines, "", *paragraphs(reason, 84)]
    sections = (
        ("Args:", _argument_lines((*arguments.parameters, *arguments.merged_body()), choices)),
        ("Returns:", _PAGES if operation.pagination else _BYTES if _is_bytes(operation) else []),
        ("Raises:", _error_lines(operation, written)),
        ("Response headers, of client.send():", _header_lines(operation)),
    )
    for title, found in sections:
        if found:
            lines = [*lines, "", title, *found]
    return lines


def _is_bytes(operation: Operation) -> bool:
    """Whether the answer is bytes, of which there may be many."""
    return any(
        contents[0].kind.value == "binary"
        for contents in map(plain_contents, successful(operation))
        if contents
    )


def status_error(status: str) -> str:
    """The class of an error with a status, a range of it, or any: `4XX` -> `APIStatusError`."""
    if status.startswith("5"):
        return "InternalServerError"
    return _STATUS_ERRORS.get(status, "APIStatusError")


def _argument_lines(given: tuple[Given, ...], choices: tuple[ArgumentView, ...]) -> list[str]:
    lines: list[str] = []
    for item in given:
        if item.text:
            lines += _entry(f"{item.name}: {one_line(item.text)}")
    for choice in choices:
        lines += _entry(f"{choice.name}: {choice.wire_name}")
    return lines


def _error_lines(operation: Operation, written: Callable[[TypeUse], str]) -> list[str]:
    """One line for each documented failure: the class, its status, the type of its body."""
    fine = successful(operation)
    lines: list[str] = []
    for response in operation.responses:
        if any(response is item for item in fine) or response.status[:1] in ("1", "2", "3"):
            continue
        lines.append(_error_line(response, written))
    return list(dict.fromkeys(lines))


def _error_line(response: Response, written: Callable[[TypeUse], str]) -> str:
    status = "any other status" if response.status == "default" else response.status
    line = f"    {status_error(response.status)}: {status}"
    typed = [item.type for item in response.contents if item.type and item.kind.value == "json"]
    body = written(typed[0]).replace("_models.", "").replace("models.", "") if typed else ""
    return f"{line}, with a body of {body}." if body and len(body) < 60 else f"{line}."


def _header_lines(operation: Operation) -> list[str]:
    lines: list[str] = []
    seen: set[str] = set()
    for response in successful(operation):
        for header in response.headers:
            if header.name.lower() not in seen:
                seen.add(header.name.lower())
                text = one_line(header.docs.description)
                lines += _entry(f"{one_line(header.name)}: {text}" if text else header.name)
    return lines


def _entry(text: str) -> list[str]:
    wrapped = paragraphs(text, _WIDTH)
    return [f"    {line}" if n == 0 else f"        {line}" for n, line in enumerate(wrapped)]
