"""The examples the document gives for a body, and which of them suits a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from .nodes import as_list, as_object
from .references import References

__all__ = ["Example", "examples_of", "suitable"]

Example = tuple[str, Any]


def examples_of(media: dict[str, Any], references: References) -> list[Example]:
    """Names and values in the order of the document; the single `example` has the name ""."""
    found: list[Example] = []
    if "example" in media:
        found.append(("", media["example"]))
    for name, node in as_object(media.get("examples")).items():
        example = references.resolve(node)
        for key in ("value", "dataValue"):
            if key in example:
                found.append((name, example[key]))
                break
        else:
            if isinstance(example.get("serializedValue"), str):
                found.append((name, _deserialized(example["serializedValue"])))
    return found


def _deserialized(text: str) -> Any:
    """The value that a `serializedValue` stands for: JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def suitable(examples: list[Example], name: str, requests: dict[str, Any], body: Any) -> Any | None:
    """The value of the example with this name; without a name, of the one that suits best.

    `requests` are the values of the request's examples. An answer suits when the request's
    example of the same name has the properties the request has. None for no example.
    """
    if name:
        return next((value for key, value in examples if key == name), None)
    if not examples:
        return None
    if body is None or len(examples) == 1:
        return examples[0][1]
    shape = set(_paths(body, ""))

    def likeness(example: Example) -> tuple[float, float, int]:
        if example[0] not in requests:
            return (0.0, 0.0, 0)
        given = requests[example[0]]
        names, own = set(as_object(given)), set(as_object(body))
        equal = sum(as_object(body).get(key) == value for key, value in as_object(given).items())
        return (_overlap(names, own), _overlap(set(_paths(given, "")), shape), equal)

    return max(examples, key=likeness)[1]


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _paths(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in cast("dict[str, Any]", value).items():
            yield f"{at}/{key}"
            if at.count("/") < 8:
                yield from _paths(member, f"{at}/{key}")
    elif at.count("/") < 8:
        for item in as_list(value)[:100]:
            yield from _paths(item, f"{at}/*")
