"""Rules about lists: whether all of a long one can be had."""

from __future__ import annotations

from collections.abc import Iterator

from sdkpress.doctor.chat import json_answers
from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import Operation, child, mapping
from sdkpress.lowering import paging_words as words

__all__ = ["CHECKS"]

_HEADERS = frozenset(("link", "x-next-page", "x-total-count", "x-page", "x-total", "content-range"))


def _inputs(facts: Facts, operation: Operation) -> set[str]:
    names = {words.plain(item.name) for item in operation.parameters if item.location == "query"}
    for content in operation.contents:
        schema, place = content.node.get("schema"), child(content.pointer, "schema")
        names.update(words.plain(name) for name in facts.survey.properties(schema, place))
    return names


def _unbounded(facts: Facts) -> Iterator[Finding]:
    lowered = facts.lowered()
    for operation in facts.survey.operations:
        known = lowered.get(operation.pointer)
        if operation.method != "GET" or known is None or known.pagination or known.stream:
            continue
        if operation.path.rstrip("/").endswith("}"):
            continue
        inputs = _inputs(facts, operation)
        if inputs & words.PAGING_INPUTS or any(words.is_cursor_input(name) for name in inputs):
            continue
        if "ids" in inputs or _has_page_headers(operation):
            continue
        for content in json_answers(operation):
            place = child(content.pointer, "schema")
            schema, _ = facts.survey.schema(content.node.get("schema"), place)
            if schema.get("type") == "array" or "items" in schema:
                if not isinstance(schema.get("maxItems"), int):
                    yield Finding(
                        "list-without-pages",
                        place,
                        f"{operation.label} answers an array of any length at once.",
                    )
            else:
                yield from _unreachable(facts, operation, content.node.get("schema"), place)


def _has_page_headers(operation: Operation) -> bool:
    return any(
        name.lower() in _HEADERS
        for response in operation.responses
        if response.is_success
        for name in mapping(response.node.get("headers"))
    )


def _unreachable(
    facts: Facts, operation: Operation, node: object, pointer: str
) -> Iterator[Finding]:
    """An answer that speaks of more pages, and no parameter that would ask for them."""
    members = facts.survey.properties(node, pointer)
    has_list = any("items" in facts.survey.schema(*value)[0] for value in members.values())
    for name, (_, at) in members.items() if has_list else ():
        plain = words.plain(name)
        is_cursor = plain.startswith("next") and (
            words.is_cursor_input(name) or plain in ("nextcursor", "nextpagetoken", "nexttoken")
        )
        if plain in words.MORE or is_cursor:
            yield Finding(
                "cursor-without-parameter",
                at,
                f"{quoted(name)} of {operation.label} speaks of more pages, and no parameter asks "
                "for them.",
            )
            return


CHECKS = (_unbounded,)
