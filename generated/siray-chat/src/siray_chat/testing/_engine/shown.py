"""What the document's own examples show of each of its schemas.

Examples stand at whole bodies; what they hold is an example of every schema on the way to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from .examples import examples_of
from .formats import is_format
from .merging import flatten
from .nodes import as_list, as_object
from .references import References

__all__ = ["in_place_of", "shown_values", "variants_of"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def shown_values(references: References) -> dict[str, Any]:
    """The first value in an example, by the reference (`$ref`) to the schema that it is of."""
    found: dict[str, Any] = {}
    for media in _bodies(references):
        schema = media.get("schema")
        for _, value in examples_of(media, references):
            _visit(schema, value, found, references)
    return found


def in_place_of(made: Any, shown: Any) -> Any:
    """A value of the same members, with the scalars that an example shows in their place."""
    if isinstance(made, dict) and isinstance(shown, dict):
        own, other = cast("dict[str, Any]", made), cast("dict[str, Any]", shown)
        return {
            name: in_place_of(value, other[name]) if name in other else value
            for name, value in own.items()
        }
    if isinstance(made, list) and isinstance(shown, list):
        items, examples = cast("list[Any]", made), cast("list[Any]", shown)
        return [in_place_of(item, examples[0]) if examples else item for item in items]
    return _scalar(cast("object", made), cast("object", shown))


def _scalar(made: object, shown: object) -> object:
    if isinstance(shown, str) and isinstance(made, str):
        return shown
    return shown if _is_number(shown) and _is_number(made) else made


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TELLING = ("id", "uuid", "uid", "key", "slug", "name", "title")


def variants_of(value: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """The value with another identifier, or else another text or number: the likeliest first."""
    names = [name for name in _TELLING if name in value]
    for name in (*names, *(name for name in value if name not in names)):
        member = value[name]
        if isinstance(member, str) and member:
            yield {**value, name: _counted(member, number)}
        elif isinstance(member, int) and not isinstance(member, bool):
            yield {**value, name: member + number}


def _counted(text: str, number: int) -> str:
    """Another text of the kind: `order_7` -> `order_8`, `Rex` -> `Rex-2`, the next UUID."""
    if is_format("uuid", text):
        return f"{text[:-12]}{int(text[-12:], 16) + number & 0xFFFFFFFFFFFF:012x}"
    digits = text[len(text.rstrip("0123456789")) :][-18:] if text.isascii() else ""
    if not digits:
        return f"{text}-{number + 1}"
    return f"{text[: -len(digits)]}{int(digits) + number:0{len(digits)}}"


def _bodies(references: References) -> Iterator[dict[str, Any]]:
    """Every media type of the document: answers first, for an example of a request may be partial."""
    answers: list[Any] = []
    requests: list[Any] = []
    for group in ("paths", "webhooks"):
        for item in as_object(references.document.get(group)).values():
            path_item = references.resolve(item)
            for method in _METHODS:
                operation = as_object(path_item.get(method))
                for response in as_object(operation.get("responses")).values():
                    answers.append(references.resolve(response).get("content"))
                requests.append(references.resolve(operation.get("requestBody")).get("content"))
    for content in (*answers, *requests):
        for media in as_object(content).values():
            yield references.resolve(media)


def _visit(schema: Any, value: Any, found: dict[str, Any], references: References) -> None:
    if not isinstance(value, (dict, list)):
        return
    node = as_object(schema)
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference in found:
            return  # what is below it was looked at as well
        found[reference] = value
    flat = flatten(node, references)
    for followed in flat.refs:
        found.setdefault(followed, value)
    if isinstance(value, list):
        for item in cast("list[Any]", value)[:1]:
            _visit(flat.rules.get("items"), item, found, references)
        return
    members = cast("dict[str, Any]", value)
    for name, part in as_object(flat.rules.get("properties")).items():
        if name in members:
            _visit(part, members[name], found, references)
    for alternatives in flat.alternatives:
        if len(as_list(alternatives.branches)) == 1:
            _visit(alternatives.branches[0], value, found, references)
