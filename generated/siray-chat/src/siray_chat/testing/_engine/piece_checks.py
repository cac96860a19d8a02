"""Whether the pieces of a stream are valid, at the price of one of each form.

The pieces of a long text differ in one word. Where no rule looks at the characters there, what is
true of one word is true of all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from .json_schema import SchemaRules
from .merging import flatten
from .nodes import as_list, as_object
from .references import References

__all__ = ["PieceChecks", "is_free"]

_NOTES = frozenset(("title", "description", "externalDocs", "xml", "$comment", "$id", "$anchor"))
_SILENT = _NOTES | {"type", "nullable", "deprecated", "readOnly", "writeOnly", "discriminator"}
_SIZES = frozenset(("minItems", "maxItems", "minProperties", "maxProperties"))
_CONTAINING = _SIZES | {"properties", "required", "additionalProperties", "items"}
_MOST_NESTED = 40
_MOST_FORMS = 1_000
_ELEMENT = "*"


@dataclass(slots=True)
class _Spot:
    """A place in an item: whether its text is free (None: not asked yet), and what is in it."""

    path: tuple[str, ...]
    is_free: bool | None = None
    inner: dict[str, _Spot] = field(default_factory=dict[str, "_Spot"])
    element: _Spot | None = None


class PieceChecks:
    """Checks items of one stream against the item's schema."""

    def __init__(self, schema: Any, rules: SchemaRules, references: References) -> None:
        self._schema = schema
        self._rules = rules
        self._references = references
        self._root = _Spot(())
        self._verdicts: dict[Any, bool] = {}

    def accepts(self, item: Any) -> bool:
        """Whether the item is valid."""
        form = self._form(item, self._root)
        verdict = self._verdicts.get(form)
        if verdict is None:
            if len(self._verdicts) >= _MOST_FORMS:
                self._verdicts.clear()
            verdict = self._verdicts[form] = self._rules.accepts(item, self._schema)
        return verdict

    def _form(self, value: Any, spot: _Spot) -> Any:
        """The value with every free text left out, to be hashed."""
        if isinstance(value, str):
            if spot.is_free is None:
                spot.is_free = is_free(self._schema, spot.path, self._references)
            return str if spot.is_free else value
        if isinstance(value, dict):
            parts: list[Any] = [dict]
            for name, member in cast("dict[str, Any]", value).items():
                inner = spot.inner.get(name)
                if inner is None:
                    inner = spot.inner[name] = _Spot((*spot.path, f"/{name}"))
                parts.append(name)
                parts.append(self._form(member, inner))
            return tuple(parts)
        if isinstance(value, list):
            inner = spot.element
            if inner is None:
                inner = spot.element = _Spot((*spot.path, _ELEMENT))
            elements = cast("list[Any]", value)
            return (list, *[self._form(element, inner) for element in elements])
        # 1, 1.0 and True are equal, and not the same.
        return (value.__class__, value)


def is_free(schema: Any, path: tuple[str, ...], references: References, depth: int = 0) -> bool:
    """Whether no rule of a schema looks at the characters of a text at a place in its values.

    The path has `/name` for a property and `*` for an element. False where that is not certain.
    """
    if schema is True or schema is False:
        return True
    flat = flatten(schema, references)
    if depth > _MOST_NESTED or flat.conditions:
        return False
    for alternatives in flat.alternatives:
        if len(path) == 1 and path[0] == f"/{alternatives.discriminator.get('propertyName')}":
            return False
        for branch in alternatives.branches:
            if not is_free(branch, path, references, depth + 1):
                return False
    known = {name for name in flat.rules if name in _SILENT or name.startswith("x-")}
    if not path:
        return len(known) == len(flat.rules)
    if any(name not in known and name not in _CONTAINING for name in flat.rules):
        return False
    step, rest = path[0], path[1:]
    if step == _ELEMENT:
        inner = flat.rules.get("items", True)
    else:
        properties = as_object(flat.rules.get("properties"))
        inner = properties.get(step[1:], flat.rules.get("additionalProperties", True))
    if isinstance(inner, dict):
        return is_free(cast("dict[str, Any]", inner), rest, references, depth + 1)
    return not as_list(inner)
