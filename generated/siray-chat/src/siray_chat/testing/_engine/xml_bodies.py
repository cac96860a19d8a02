"""XML bodies: values to documents and documents to values, by the `xml` hints of the schema.

Names are compared without namespaces and prefixes: what they stand for is the server's business,
not that of the values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape

import msgspec

from .coercion import coerce, inner_schema, properties_of, types_of
from .merging import flatten
from .nodes import as_list, as_object, as_text
from .references import References

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["NotReadable", "read_xml", "write_xml"]

_DEEPEST = 200


class NotReadable(Exception):
    """The body is not what its media type says; the message says why."""


def read_xml(body: bytes, schema: Any, references: References) -> Any:
    """The document as a JSON value where the schema has a shape for it, else as text.

    Raises NotReadable for what is not well-formed, and for a document type: it is of no use to an
    API, and of some to an attacker.
    """
    from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser

    class Builder(TreeBuilder):
        def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
            raise NotReadable("is XML with a document type, which is refused")

    parser = XMLParser(target=Builder())
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise NotReadable(f"is not XML: {error}") from None
    if not types_of(schema, references) & {"object", "array"}:
        return body.decode("utf-8", "replace")
    return _value(root, schema, references, 0)


def _value(element: Element, schema: Any, references: References, depth: int) -> Any:
    if depth > _DEEPEST:
        raise NotReadable("is nested too deeply")
    types = types_of(schema, references)
    if "array" in types and "object" not in types:
        items = inner_schema(schema, "items", references)
        return [_value(child, items, references, depth + 1) for child in element]
    text = "".join(element.itertext()) if not len(element) else (element.text or "")
    if "object" in types or (not types and (len(element) or element.attrib)):
        members = _members(element, schema, references, depth)
        # Text where elements belong is no object.
        is_empty = not any(member != [] for member in members.values())
        return text if text.strip() and is_empty else members
    return coerce(text.strip() if types and "string" not in types else text, types)


def _members(element: Element, schema: Any, references: References, depth: int) -> dict[str, Any]:
    properties = properties_of(schema, references)
    extra = inner_schema(schema, "additionalProperties", references)
    attributes = {_local(name): text for name, text in element.attrib.items()}
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    members: dict[str, Any] = {}
    for name, member in properties.items():
        rules = flatten(member, references).rules
        hints = as_object(rules.get("xml"))
        label = _local_name(member, name, references)
        if hints.get("attribute") is True or hints.get("nodeType") == "attribute":
            if label in attributes:
                text = attributes.pop(label)
                members[name] = coerce(text, types_of(member, references))
            continue
        if hints.get("nodeType") in ("text", "cdata"):
            members[name] = coerce(element.text or "", types_of(member, references))
            continue
        types = types_of(member, references)
        if "array" in types and not hints.get("wrapped") and hints.get("nodeType") != "element":
            items = rules.get("items", {})
            found: list[Element] = []
            for tag in (_local_name(items, label, references), label, name):
                found += children.pop(tag, [])
            if found or types <= {"array"}:
                members[name] = [_value(one, items, references, depth + 1) for one in found]
            continue
        for one in children.pop(label, [])[-1:]:
            members[name] = _value(one, member, references, depth + 1)
    for label, rest in children.items():
        values = [_value(one, extra, references, depth + 1) for one in rest]
        members[label] = values if len(values) > 1 else values[0]
    return members


def _local(name: str) -> str:
    """A name without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def _local_name(schema: Any, default: str, references: References) -> str:
    return _local(_xml_name(schema, default, references))


def write_xml(value: Any, schema: Any, references: References) -> str:
    """A value as an XML document, by the `xml` hints of its schema."""
    reference = as_text(as_object(schema).get("$ref"))
    name = _xml_name(schema, reference.rsplit("/", 1)[-1] or "root", references)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(name, value, schema, references, 0)}'


def _xml_name(schema: Any, default: str, references: References) -> str:
    named = as_object(flatten(schema, references).rules.get("xml")).get("name")
    name = re.sub(r"[^\w.-]", "_", as_text(named, default)) or "value"
    return name if name[0].isalpha() or name[0] == "_" else f"_{name}"


def _element(name: str, value: Any, schema: Any, references: References, depth: int) -> str:
    if value is None or depth > 64:
        return f"<{name}/>"
    if isinstance(value, dict):
        properties = as_object(flatten(schema, references).rules.get("properties"))
        inner: list[str] = []
        attributes: list[str] = []
        for key, member in cast("dict[str, Any]", value).items():
            member_schema = properties.get(key, {})
            rules = flatten(member_schema, references).rules
            xml = as_object(rules.get("xml"))
            label = _xml_name(member_schema, key, references)
            if isinstance(member, list):
                items = rules.get("items", {})
                item_label = _xml_name(items, label, references)
                elements = "".join(
                    _element(item_label, item, items, references, depth + 1)
                    for item in as_list(member)
                )
                inner.append(f"<{label}>{elements}</{label}>" if xml.get("wrapped") else elements)
            elif xml.get("attribute") is True:
                attributes.append(f' {label}="{escape(_word(member), {chr(34): "&quot;"})}"')
            else:
                inner.append(_element(label, member, member_schema, references, depth + 1))
        return f"<{name}{''.join(attributes)}>{''.join(inner)}</{name}>"
    if isinstance(value, list):
        items = flatten(schema, references).rules.get("items", {})
        label = _xml_name(items, "item", references)
        elements = "".join(
            _element(label, item, items, references, depth + 1) for item in as_list(value)
        )
        return f"<{name}>{elements}</{name}>"
    return f"<{name}>{escape(_word(value))}</{name}>"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
