"""Where `$id`, `$self` and `$anchor` say that things are: names of schemas that are no pointers.

Sources: JSON Schema 2020-12, sections 8.2.1 and 8.2.2; OpenAPI 3.2, `$self`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urljoin

from sdkpress.trees import escape_token, is_mapping, is_sequence

__all__ = ["FILES_KEY", "find_anchor", "find_resources", "joined", "shown_reference"]

FILES_KEY = "x-sdkpress-files"
"""The root key below which bundling puts further files."""


def find_resources(tree: Any, base: str) -> Iterator[tuple[str, str]]:
    """URI and pointer of each schema with an `$id`, and of the file if it has a `$self`.

    `base` is the URI of the file as far as it is known, `""` or a relative path otherwise.
    """
    if is_mapping(tree) and isinstance(tree.get("$self"), str):
        base = joined(base, tree["$self"])
        yield base, ""
    waiting: list[tuple[str, Any, str]] = [("", tree, base)]
    while waiting:
        pointer, node, around = waiting.pop()
        if is_mapping(node):
            own = node.get("$id")
            if isinstance(own, str) and own:
                around = joined(around, own.partition("#")[0])
                yield around, pointer
            waiting.extend(
                (f"{pointer}/{escape_token(key)}", node[key], around) for key in reversed(node)
            )
        elif is_sequence(node):
            waiting.extend((f"{pointer}/{n}", item, around) for n, item in enumerate(node))


def find_anchor(tree: Any, name: str) -> str | None:
    """The pointer of the schema with that `$anchor` or `$dynamicAnchor`."""
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        pointer, node = waiting.pop()
        if is_mapping(node):
            if name in (node.get("$anchor"), node.get("$dynamicAnchor")):
                return pointer
            waiting.extend((f"{pointer}/{escape_token(key)}", node[key]) for key in reversed(node))
        elif is_sequence(node):
            waiting.extend((f"{pointer}/{index}", item) for index, item in enumerate(node))
    return None


def joined(base: str, reference: str) -> str:
    """A reference resolved against a base (RFC 3986, section 5); as it is where that fails."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def shown_reference(reference: object) -> str:
    """A `$ref` as the document has it: `#/x-sdkpress-files/a.yaml/X` -> `a.yaml#/X`."""
    text = str(reference)
    if not text.startswith(f"#/{FILES_KEY}/"):
        return text
    file, _, inner = unquote(text).removeprefix(f"#/{FILES_KEY}/").partition("/")
    file = file.replace("~1", "/").replace("~0", "~")
    return f"{file}#/{inner}" if inner else file
