"""Names and deprecations that other generators read from a node.

These are suggestions: whoever makes identifiers of them decides what to do with those that are
taken, reserved, or no words at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sdkpress.trees import is_mapping

_LANGUAGE = "python"
_NAMING = "x-stainless-naming"
_OVERRIDE = "x-speakeasy-name-override"
_CLASS_KEYS = ("x-fern-type-name", _OVERRIDE)
_MEMBER_KEYS = ("x-fern-property-name", "x-fern-parameter-name", _OVERRIDE)
_PARAMETER = "x-stainless-param"
_AVAILABILITY = "x-fern-availability"
_MESSAGES = ("x-speakeasy-deprecation-message", "x-stainless-deprecation-message")
_REPLACEMENT = "x-speakeasy-deprecation-replacement"

NAMING_KEYS = frozenset({*_CLASS_KEYS, *_MEMBER_KEYS, _NAMING, _PARAMETER})
"""Extensions that name the node they stand on, whatever it is."""

DEPRECATION_KEYS = frozenset({_AVAILABILITY, *_MESSAGES, _REPLACEMENT})
"""Extensions that say that a node is deprecated, or why."""

DOCS_KEYS = NAMING_KEYS | DEPRECATION_KEYS


def class_name(node: Mapping[str, Any]) -> str:
    """What the class of a schema should be called, "" where nothing says so."""
    naming = node.get(_NAMING)
    if isinstance(naming, str):
        return _first(node, _CLASS_KEYS) or _words(naming)
    return _first(node, _CLASS_KEYS) or _of_language(naming, ("type_name", "model_name"))


def member_name(node: Mapping[str, Any]) -> str:
    """What the attribute or argument of a property or parameter should be called."""
    return (
        _first(node, _MEMBER_KEYS)
        or _words(node.get(_PARAMETER))
        or _of_language(node.get(_NAMING), ("property_name",))
    )


def is_deprecated(node: Mapping[str, Any]) -> bool:
    """Whether a node is deprecated by what it says to other generators."""
    if DEPRECATION_KEYS.isdisjoint(node):
        return False
    return node.get(_AVAILABILITY) == "deprecated" or bool(deprecation(node))


def deprecation(node: Mapping[str, Any]) -> str:
    """Why a node is deprecated, or what takes its place; "" where nothing says so."""
    message = _first(node, _MESSAGES)
    replacement = _words(node.get(_REPLACEMENT))
    if message or not replacement:
        return message
    return f"Use `{replacement}` instead."


def malformed(
    node: Mapping[str, Any], keys: frozenset[str] = DOCS_KEYS
) -> Iterator[tuple[str, str]]:
    """Those extensions of a node that cannot be read, with what they should be."""
    for key in sorted(keys.intersection(node)):
        value = node[key]
        if key == _NAMING:
            if not (_words(value) or (is_mapping(value) and _is_naming(value.get(_LANGUAGE)))):
                yield key, "a name, or names by language"
        elif key == _OVERRIDE and isinstance(value, list):
            yield key, "a name; patterns belong to the top of the document"
        elif not _words(value):
            yield key, "a text that is not empty"


def _is_naming(value: object) -> bool:
    return value is None or (is_mapping(value) and all(map(_words, value.values())))


def _of_language(naming: object, keys: tuple[str, ...]) -> str:
    own = naming.get(_LANGUAGE) if is_mapping(naming) else None
    return _first(own, keys) if is_mapping(own) else ""


def _first(node: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _words(node.get(key)))), "")


def _words(value: object) -> str:
    """A text with a letter or digit in it, which a name can be made of."""
    return value.strip() if isinstance(value, str) and any(map(str.isalnum, value)) else ""
