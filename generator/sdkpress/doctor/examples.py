"""Rules about examples: those that do not fit, that say nothing, and what they show to be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sdkpress.content import ContentKind, classify
from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Drop, Finding, Mend, Remove, assumption, certain
from sdkpress.doctor.parts import Example, child, mapping, sequence
from sdkpress.doctor.survey import Survey
from sdkpress.runtime.testing.json_schema import SchemaRules, Violation
from sdkpress.runtime.testing.references import References
from sdkpress.trees import is_mapping, is_sequence, pointer_tokens

__all__ = ["CHECKS"]

_NOTHING = re.compile(
    r"example[_ -]?value|<[\w -]+>|\[[\w -]*(?:value|example)[\w -]*\]|\.\.\.|…|xxx+|lorem.*",
    re.IGNORECASE,
)
_MOST_NODES = 20_000
_MOST_DEPTH = 30


def _is_json(example: Example) -> bool:
    if example.kind != "media":
        return True
    content = example.schema_pointer.removesuffix("/schema")
    return classify(pointer_tokens(content)[-1]) in (ContentKind.JSON, ContentKind.FORM)


def _unfit(facts: Facts) -> Iterator[Finding]:
    references = References(facts.survey.tree)
    requests = SchemaRules(references, "request")
    answers = SchemaRules(references, "response")
    for example in facts.survey.examples:
        if not _is_json(example):
            continue
        rules = requests if example.is_answer is False else answers
        try:
            found = rules.violations(example.value, example.schema, limit=3)
        except RecursionError:
            continue
        if example.is_answer is not False:
            found = [item for item in found if item.keyword != "required"]
        if found:
            yield Finding("example-does-not-fit", example.pointer, _told(found))


def _told(found: list[Violation]) -> str:
    first = found[0]
    where = f"At {quoted(first.pointer)} it " if first.pointer else "It "
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{where}{first.message}{more}."


def _defaults(facts: Facts) -> Iterator[Finding]:
    rules = SchemaRules(References(facts.survey.tree), "request")
    for schema in facts.survey.schemas:
        if "default" not in schema.node:
            continue
        value = schema.node["default"]
        if value is None or value == "":
            continue  # how some write that there is none
        found = rules.violations(value, schema.node, limit=1)
        if found and found[0].keyword != "required":
            yield Finding(
                "default-does-not-fit",
                child(schema.pointer, "default"),
                f"The default {quoted(value)} {found[0].message}.",
            )


# --- required, and not there ----------------------------------------------------------------------


@dataclass(slots=True)
class _Omissions:
    shown: int = 0
    omitted: int = 0
    first: str = ""
    holders: dict[str, None] = field(default_factory=dict[str, None])


def _not_shown(facts: Facts) -> Iterator[Finding]:
    """Required properties of answers that the document's own examples lack."""
    found: dict[tuple[str, str], _Omissions] = {}
    for example in facts.survey.examples:
        is_answer = example.is_answer
        if example.kind == "schema":
            owner = facts.survey.by_pointer.get(example.schema_pointer)
            is_answer = owner is not None and facts.survey.in_answers(owner)
            is_answer = is_answer and not (owner is not None and facts.survey.in_requests(owner))
        if is_answer and _is_json(example):
            walk = _Walk(facts.survey, found, example.pointer)
            walk.value(example.value, example.schema, example.schema_pointer, 0)
    for (holder, name), seen in found.items():
        if not seen.omitted or not facts.survey.by_pointer.get(holder):
            continue
        total = f"{seen.omitted} of {seen.shown} examples lack"
        if seen.shown == 1:
            total = "The example lacks"
        yield Finding(
            "required-not-shown",
            child(holder, "required"),
            f"{total} {quoted(name)}, which is required.",
            _optional(holder, name, seen),
        )


def _optional(holder: str, name: str, seen: _Omissions) -> Mend:
    return assumption(
        (
            f"{seen.omitted} of the document's own {seen.shown} examples do without {quoted(name)}."
            if seen.shown > 1
            else f"The document's own example does without {quoted(name)}."
        ),
        Drop(child(holder, "required"), (name,)),
    )


class _Walk:
    """Goes through an example and its schema side by side."""

    def __init__(
        self, survey: Survey, found: dict[tuple[str, str], _Omissions], example: str
    ) -> None:
        self._survey = survey
        self._found = found
        self._example = example
        self._nodes = 0

    def value(self, value: Any, node: object, pointer: str, depth: int) -> None:
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > _MOST_DEPTH:
            return
        schema, place = self._survey.schema(node, pointer)
        if not schema:
            return
        if is_mapping(value):
            self._object(value, schema, place, depth)
        elif is_sequence(value) and "items" in schema:
            for item in value:
                self.value(item, schema["items"], child(place, "items"), depth + 1)

    def _object(
        self, value: dict[str, Any], schema: dict[str, Any], place: str, depth: int
    ) -> None:
        members = mapping(schema.get("properties"))
        if members and not value.keys() & members.keys():
            return  # an example of something else
        for name in dict.fromkeys(sequence(schema.get("required"))):
            if not isinstance(name, str):
                continue
            member, _ = self._survey.resolve(members.get(name), child(place, "properties", name))
            if member.get("writeOnly") is True:
                continue
            seen = self._found.setdefault((place, name), _Omissions())
            seen.shown += 1
            if name not in value:
                seen.omitted += 1
                seen.first = seen.first or self._example
        for name, item in value.items():
            if name in members:
                self.value(item, members[name], child(place, "properties", name), depth + 1)
        for index, part in enumerate(sequence(schema.get("allOf"))):
            self.value(value, part, child(place, "allOf", index), depth + 1)


# --- examples that say nothing --------------------------------------------------------------------


def _placeholders(facts: Facts) -> Iterator[Finding]:
    for example in facts.survey.examples:
        found = _placeholder(example.value)
        if found:
            yield Finding(
                "placeholder-example",
                example.pointer,
                f"The example holds {quoted(found)}.",
                certain(
                    f"The example says nothing: it holds {quoted(found)}.",
                    Remove(_removable(example.pointer)),
                ),
            )


def _removable(pointer: str) -> str:
    """An entry of `examples` as a whole, or the `example`."""
    above, _, last = pointer.rpartition("/")
    return above if last in ("value", "dataValue") else pointer


def _placeholder(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value if _NOTHING.fullmatch(value.strip()) or value in ("TODO", "FIXME") else ""
    if depth > 8:
        return ""
    inner = value.values() if is_mapping(value) else value if is_sequence(value) else ()
    for item in inner:
        found = _placeholder(item, depth + 1)
        if found:
            return found
    return ""


CHECKS = (_unfit, _defaults, _not_shown, _placeholders)
