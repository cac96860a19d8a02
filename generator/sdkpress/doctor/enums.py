"""Rules about enums: those that will grow, and lists of the same values that differ."""

from __future__ import annotations

from collections.abc import Iterator

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding, Mend, Update, assumption
from sdkpress.doctor.parts import SchemaNode, sequence
from sdkpress.naming.words import split_words
from sdkpress.trees import is_mapping

__all__ = ["CHECKS", "GROWING"]

GROWING = frozenset(
    "model models role status state currency reason error code event kind provider source "
    "country language locale region plan permission scope capability feature engine product "
    "category voice version".split()
)
"""The last words of the names of lists that servers add to."""
_LEAST = 2


def _values(schema: SchemaNode) -> list[str]:
    return [value for value in sequence(schema.node.get("enum")) if isinstance(value, str)]


def _name(schema: SchemaNode) -> str:
    node: SchemaNode | None = schema
    while node is not None and not node.name:
        node = node.parent
    return node.name if node is not None else ""


def _growing(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        values = _values(schema)
        if not values or "x-extensible-enum" in schema.node:
            continue
        words = [word.lower() for word in split_words(_name(schema))]
        last = words[-1] if words else ""
        is_model = last in ("model", "models")
        if last not in GROWING or (len(values) < _LEAST and not is_model):
            continue
        if schema.parent is not None and schema.parent.place in ("anyOf", "oneOf"):
            continue
        if _stands_beside_string(schema):
            continue
        if not facts.survey.in_answers(schema) and not is_model:
            continue
        some = "1 value" if len(values) == 1 else f"{len(values)} values"
        message = f"{quoted(_name(schema))} lists {some} and will have more."
        yield Finding("growing-enum", schema.pointer, message)


def _stands_beside_string(schema: SchemaNode) -> bool:
    """`anyOf: [{type: string}, {enum: …}]`: the way to say that there may be other values."""
    if schema.parent is None or schema.place not in ("anyOf", "oneOf"):
        return False
    options = sequence(schema.parent.node.get(schema.place))
    return any(
        is_mapping(item) and item.get("type") == "string" and "enum" not in item for item in options
    )


def _narrower(facts: Facts) -> Iterator[Finding]:
    """A property that takes fewer values than the same one in the answers of the same operation."""
    survey = facts.survey
    by_unit: dict[str, list[SchemaNode]] = {}
    for schema in survey.schemas:
        if schema.place == "property" and len(_values(schema)) >= _LEAST:
            by_unit.setdefault(schema.unit, []).append(schema)
    seen: set[str] = set()
    for operation in survey.operations:
        if not operation.contents:
            continue
        asked = [
            schema
            for unit in sorted(survey.units_of_request(operation) & by_unit.keys())
            for schema in by_unit[unit]
            if _is_in_list(schema) and not survey.in_answers(schema) and schema.pointer not in seen
        ]
        if not asked:
            continue
        answers: dict[str, list[SchemaNode]] = {}
        for unit in sorted(survey.units_of_answers(operation) & by_unit.keys()):
            for schema in by_unit[unit]:
                answers.setdefault(schema.name, []).append(schema)
        for schema in asked:
            more = _lacking(schema, answers.get(schema.name, []))
            if more:
                seen.add(schema.pointer)
                listed = ", ".join(quoted(value) for value in more[:5])
                yield Finding(
                    "narrower-enum",
                    schema.pointer,
                    f"{quoted(schema.name)} does not take {listed}, which the same property of "
                    f"the answer of {operation.label} has.",
                    _as_in(schema, more),
                )


def _is_in_list(schema: SchemaNode) -> bool:
    """Part of a list of things, as the messages of a conversation are, which go both ways.

    What creates one thing takes fewer values for good reason.
    """
    return schema.parent is not None and schema.parent.place in ("items", "component")


def _lacking(schema: SchemaNode, others: list[SchemaNode]) -> list[str]:
    values = _values(schema)
    for other in others:
        more = [value for value in _values(other) if value not in values]
        if more and set(values) < set(_values(other)) and len(more) <= len(values):
            return more
    return []


def _as_in(schema: SchemaNode, more: list[str]) -> Mend:
    return assumption(
        "What an answer says can be sent back; the answers have these values too.",
        Update(schema.pointer, {"enum": more}),
    )


CHECKS = (_growing, _narrower)
