"""Rules about what classes are called by: titles, and the places of inline schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdkpress.doctor.enums import GROWING
from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Extract, Finding, Phase, Remove, certain
from sdkpress.doctor.parts import SchemaNode, child, is_within, mapping, sequence, text
from sdkpress.doctor.splitting import kept_inline
from sdkpress.model import SchemaId
from sdkpress.naming.words import split_words
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["CHECKS"]


def _titles(facts: Facts) -> Iterator[Finding]:
    titles: dict[str, list[SchemaNode]] = {}
    for schema in facts.survey.schemas:
        title = text(schema.node.get("title"))
        if title and _is_class(schema):
            titles.setdefault(title, []).append(schema)
    known: dict[int, Any] = {}
    for title, schemas in titles.items():
        if len(schemas) == 1:
            continue
        shapes = [_shape(schemas[0].node, known)]
        for schema in schemas[1:]:
            shape = _shape(schema.node, known)
            if shape in shapes:
                continue
            shapes.append(shape)
            mend = None
            if schema.place == "component":
                mend = certain(
                    "The name of the schema says what it is.",
                    Remove(child(schema.pointer, "title")),
                )
            message = f"The title {quoted(title)} is that of a different schema too."
            yield Finding("title-clash", schema.pointer, message, mend)
    clashing = {title for title, schemas in titles.items() if len(schemas) > 1}
    for title, schemas in titles.items():
        for schema in schemas:
            if schema.place == "component" and title not in clashing and _misleads(schema, title):
                yield Finding(
                    "title-differs",
                    schema.pointer,
                    f"The schema {quoted(schema.name)} has the title {quoted(title)}.",
                    certain(
                        "The name of the schema says what it is; the title says another name.",
                        Remove(child(schema.pointer, "title")),
                    ),
                )


def _is_class(schema: SchemaNode) -> bool:
    return "properties" in schema.node or "enum" in schema.node


def _shape(node: Any, known: dict[int, Any]) -> Any:
    """The schema without what only readers see; `known` holds those that were looked at."""
    if id(node) in known:
        return known[id(node)]
    if is_mapping(node):
        known[id(node)] = "..."  # what contains itself
        words = ("title", "description", "example", "examples")
        shape = {key: _shape(value, known) for key, value in node.items() if key not in words}
        known[id(node)] = shape
        return shape
    return [_shape(item, known) for item in node] if is_sequence(node) else node


def _misleads(schema: SchemaNode, title: str) -> bool:
    """A title that is a single name, as of a class, and not the schema's."""
    return " " not in title.strip() and _letters(title) != _letters(schema.name)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _inline(facts: Facts) -> Iterator[Finding]:
    components = mapping(mapping(facts.survey.tree.get("components")).get("schemas"))
    taken = {name.lower() for name in components}
    kept = kept_inline(facts)
    referred = _holders(facts)
    for schema in facts.survey.schemas:
        if schema.place == "component" or is_within(schema, ("allOf", "not", "if")):
            continue
        if not _deserves_name(schema) or schema.pointer in kept:
            continue
        name = facts.names.schemas.get(SchemaId(schema.pointer), "")
        mend = None
        if name and name.lower() not in taken and schema.pointer not in referred:
            taken.add(name.lower())
            mend = certain(
                f"The inline schema gets a name of its own, `{name}`, and is referred to.",
                Extract(schema.pointer, name),
                phase=Phase.MOVES,
            )
        what = "object" if "properties" in schema.node else "enum"
        where = {"body": "of a body", "items": "of a list", "property": quoted(schema.name)}
        message = f"The inline {what} {where.get(schema.place, schema.place)} has no name."
        yield Finding("inline-schema", schema.pointer, message, mend)


def _deserves_name(schema: SchemaNode) -> bool:
    """Whether callers write or read the type by its name: bodies, items of lists, enums."""
    node = schema.node
    members = len(mapping(node.get("properties")))
    if schema.place == "body":
        return members > 1
    if schema.place == "items":
        return members > 1 and not text(node.get("title"))
    if schema.place != "property" or text(node.get("title")):
        return False
    values = [value for value in sequence(node.get("enum")) if isinstance(value, str)]
    words = [word.lower() for word in split_words(schema.name)]
    last = words[-1] if words else ""
    return last in GROWING and (len(values) > 1 or (last == "model" and bool(values)))


def _holders(facts: Facts) -> set[str]:
    """The nodes around those that are referred to: what is moved would leave them behind."""
    found: set[str] = set()
    for target in facts.survey.references:
        if target.count("/") > 3 or not target.startswith("/components/"):
            above = target
            while above:
                above = above.rpartition("/")[0]
                found.add(above)
    return found


CHECKS = (_titles, _inline)
