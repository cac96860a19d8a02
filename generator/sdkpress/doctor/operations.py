"""Rules about operations: their ids, their words, and what may be repeated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding, Mend, Put, Update, assumption, certain
from sdkpress.doctor.parts import Operation, child, mapping, text
from sdkpress.naming.words import is_opaque, split_words

__all__ = ["CHECKS"]

_HINT = re.compile(
    r"\b(instead|replac\w+|supersed\w+|use\b|migrat\w+|sunset\w*|remov\w+|no longer|in favou?r|"
    r"will be|see\b|successor|discontinu\w+|obsolete)|`|https?://",
    re.IGNORECASE,
)
_COMPUTES = frozenset(
    "completions completion embeddings embedding search query count validate preview estimate "
    "moderations moderation tokenize rerank classify lookup parse check calculate translate detect "
    "transcriptions translations".split()
)
_STYLES = (
    ("camelCase", re.compile(r"[a-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]*)+")),
    ("PascalCase", re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)*")),
    ("snake_case", re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")),
    ("kebab-case", re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")),
)

_JOINS: Mapping[str, Callable[[list[str]], str]] = {
    "camelCase": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "PascalCase": lambda words: "".join(word.capitalize() for word in words),
    "snake_case": "_".join,
    "kebab-case": "-".join,
}


def _operation_ids(facts: Facts) -> Iterator[Finding]:
    operations = facts.survey.operations
    used = Counter(text(item.node.get("operationId")) for item in operations)
    linked = _linked_ids(facts)
    taken = set(used)
    join = _usual_style(facts)
    seen: set[str] = set()
    for operation in operations:
        id = text(operation.node.get("operationId"))
        if not id:
            rule, message = "missing-operation-id", f"{operation.label} has no operationId."
        elif is_opaque(id):
            rule = "opaque-operation-id"
            message = f"The operationId {quoted(id)} of {operation.label} says nothing."
        elif used[id] > 1 and id in seen:
            rule = "duplicate-operation-id"
            message = f"{operation.label} has the operationId {quoted(id)} of another operation."
        else:
            seen.add(id)
            continue
        mend = None if id in linked else _new_id(facts, operation, taken, join)
        yield Finding(rule, operation.pointer, message, mend)


def _new_id(
    facts: Facts, operation: Operation, taken: set[str], join: Callable[[list[str]], str]
) -> Mend | None:
    name = facts.python_name(operation)
    words = [word for part in name.split(".") for word in part.split("_")]
    words = [word for word in words if word]
    if not words:
        return None
    id = join(words)
    number = 2
    while id in taken:
        id = f"{id.rstrip('0123456789')}{number}"
        number += 1
    taken.add(id)
    why = f"The name that method and path give the call, `{name}`, as an operationId."
    has_id = "operationId" in operation.node
    return certain(why, Put(operation.pointer, "operationId", id, has_id))


def _usual_style(facts: Facts) -> Callable[[list[str]], str]:
    """How the other operationIds of the document put words together."""
    styles = _by_style(facts)
    usual = max(styles, key=lambda name: (len(styles[name]), name)) if styles else ""
    return _JOINS.get(usual, _JOINS["camelCase"])


def _by_style(facts: Facts) -> dict[str, list[Operation]]:
    styles: dict[str, list[Operation]] = {}
    for operation in facts.survey.operations:
        id = text(operation.node.get("operationId"))
        if len(split_words(id)) > 1 and not is_opaque(id):
            style = next((name for name, form in _STYLES if form.fullmatch(id)), "")
            if style:
                styles.setdefault(style, []).append(operation)
    return styles


def _linked_ids(facts: Facts) -> set[str]:
    found: set[str] = set()
    components = mapping(facts.survey.tree.get("components"))
    links = [mapping(components.get("links"))]
    links += [mapping(item.node.get("links")) for item in facts.survey.responses]
    for holder in links:
        found.update(text(mapping(link).get("operationId")) for link in holder.values())
    return found - {""}


def _inconsistent_ids(facts: Facts) -> Iterator[Finding]:
    styles = _by_style(facts)
    if len(styles) < 2:
        return
    usual = max(styles, key=lambda name: (len(styles[name]), name))
    others = [item for name, items in styles.items() if name != usual for item in items]
    first = min(others, key=lambda item: facts.survey.operations.index(item))
    total = len(others) + len(styles[usual])
    yield Finding(
        "inconsistent-operation-ids",
        first.pointer,
        f"{len(others)} of {total} operationIds are not in {usual} as the others, "
        f"the first of them {quoted(first.node['operationId'])}.",
        count=len(others),
    )


def _undescribed(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        if not text(operation.node.get("summary")) and not text(operation.node.get("description")):
            message = f"{operation.label} has neither summary nor description."
            yield Finding("undescribed-operation", operation.pointer, message)


def _deprecated(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        if operation.node.get("deprecated") is True:
            words = f"{operation.node.get('summary', '')} {operation.node.get('description', '')}"
            if not _HINT.search(words) and "x-sunset" not in operation.node:
                yield Finding(
                    "deprecated-without-hint",
                    operation.pointer,
                    f"{operation.label} is deprecated and does not say what to use instead.",
                )
    for parameter in facts.survey.parameters:
        described = text(parameter.node.get("description"))
        if parameter.node.get("deprecated") is True and not _HINT.search(described):
            yield Finding(
                "deprecated-without-hint",
                parameter.pointer,
                f"The parameter {quoted(parameter.name)} is deprecated and does not say why.",
            )


def _replay(facts: Facts) -> Iterator[Finding]:
    lowered = facts.lowered()
    unstated: list[Operation] = []
    for operation in facts.survey.operations:
        known = lowered.get(operation.pointer)
        if operation.method not in ("POST", "PATCH") or known is None:
            continue
        if known.idempotency_header or "x-sdkpress-replay" in operation.node:
            continue
        last = [part for part in operation.path.split("/") if part][-1:]
        words = [word.lower() for part in last for word in split_words(part)]
        if words and words[-1] in _COMPUTES and operation.method == "POST":
            yield Finding(
                "computing-post",
                operation.pointer,
                f"{operation.label} seems to compute an answer, and does not say that it can be "
                "sent twice.",
                assumption(
                    f"By its path ({words[-1]}) the operation computes an answer and changes "
                    "nothing that a caller could see, so that it does no harm to send it again.",
                    Update(operation.pointer, {"x-sdkpress-replay": "safe"}),
                ),
            )
        else:
            unstated.append(operation)
    if unstated:
        yield Finding(
            "replay-unstated",
            unstated[0].pointer,
            f"{unstated[0].label}"
            + (f" and {len(unstated) - 1} other operations take" if unstated[1:] else " takes")
            + " no idempotency key.",
            count=len(unstated),
        )


def _body_of_read(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        if operation.method in ("GET", "HEAD") and _holds_something(facts, operation):
            message = f"{operation.label} has a request body."
            yield Finding("body-of-read", child(operation.pointer, "requestBody"), message)


def _holds_something(facts: Facts, operation: Operation) -> bool:
    """Whether a body is more than a form without fields, as some generators write one."""
    return any(
        facts.survey.properties(content.node.get("schema"), child(content.pointer, "schema"))
        or mapping(content.node.get("schema")).get("type") != "object"
        for content in operation.contents
    )


def _ambiguous_paths(facts: Facts) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Operation] = {}
    for operation in facts.survey.operations:
        key = (operation.method, re.sub(r"\{[^{}]*\}", "{}", operation.path))
        other = seen.setdefault(key, operation)
        if other.path != operation.path:
            yield Finding(
                "ambiguous-paths",
                operation.pointer,
                f"{operation.label} and {other.label} are the same URLs.",
            )


CHECKS = (
    _operation_ids,
    _inconsistent_ids,
    _undescribed,
    _deprecated,
    _replay,
    _body_of_read,
    _ambiguous_paths,
)
