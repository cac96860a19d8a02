"""Rules about oneOf and anyOf: alternatives that an answer does not tell apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sdkpress.doctor.facts import Facts, json_type, quoted, types_of
from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import child, mapping, sequence
from sdkpress.doctor.survey import Survey

__all__ = ["CHECKS"]

_MOST = 20


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    properties: frozenset[str]
    required: frozenset[str]
    tags: dict[str, frozenset[str]]
    types: dict[str, str]


def _ambiguous(facts: Facts) -> Iterator[Finding]:
    survey = facts.survey
    for schema in survey.schemas:
        if "discriminator" in schema.node or not survey.in_answers(schema):
            continue
        if "/itemSchema" in schema.pointer:
            continue  # events are told apart by what comes around them
        for keyword in ("oneOf", "anyOf"):
            listed = sequence(schema.node.get(keyword))
            if not 1 < len(listed) <= _MOST:
                continue
            options = [
                _option(survey, value, child(schema.pointer, keyword, index))
                for index, value in enumerate(listed)
            ]
            known = [option for option in options if option is not None]
            for one, other in itertools.combinations(known, 2):
                if not _differ(one, other):
                    yield Finding(
                        "ambiguous-union",
                        child(schema.pointer, keyword),
                        f"Nothing tells {quoted(one.name)} and {quoted(other.name)} apart.",
                    )
                    break


def _option(survey: Survey, node: object, pointer: str) -> _Option | None:
    schema, place = survey.resolve(node, pointer)
    if "discriminator" in schema or any(word in schema for word in ("oneOf", "anyOf")):
        return None
    members = survey.properties(schema, place)
    if not members:
        return None
    tags: dict[str, frozenset[str]] = {}
    types: dict[str, str] = {}
    for name, (value, at) in members.items():
        found, _ = survey.resolve(value, at)
        values = sequence(found.get("enum")) or ([found["const"]] if "const" in found else [])
        if values:
            tags[name] = frozenset(map(repr, values))
        named = types_of(found)
        if len(named) == 1:
            types[name] = named[0]
        elif "const" in found:
            types[name] = json_type(found["const"])
    required = survey.required(schema, place)
    name = (
        place.rpartition("/")[2]
        if place != pointer
        else f"alternative {int(pointer.rpartition('/')[2]) + 1}"
    )
    title = schema.get("title")
    if place == pointer and isinstance(title, str):
        name = title
    return _Option(name, frozenset(members), frozenset(required), tags, types)


def _differ(one: _Option, other: _Option) -> bool:
    for name in one.tags.keys() & other.tags.keys():
        if not one.tags[name] & other.tags[name]:
            return True
    shared = one.required & other.required
    if any(
        one.types.get(n, "") and other.types.get(n, "") not in ("", one.types[n]) for n in shared
    ):
        return True
    return bool(one.required - other.properties) or bool(other.required - one.properties)


def _mapped(facts: Facts) -> Iterator[Finding]:
    for schema in facts.survey.schemas:
        tag = mapping(schema.node.get("discriminator")).get("propertyName")
        listed = sequence(schema.node.get("oneOf")) or sequence(schema.node.get("anyOf"))
        if not isinstance(tag, str) or not listed:
            continue
        keyword = "oneOf" if "oneOf" in schema.node else "anyOf"
        for index, value in enumerate(listed):
            place = child(schema.pointer, keyword, index)
            target, at = facts.survey.resolve(value, place)
            if not target or any(word in target for word in ("oneOf", "anyOf")):
                continue
            members = facts.survey.properties(target, at)
            if members and tag not in members:
                yield Finding(
                    "missing-discriminator-property",
                    place,
                    f"{quoted(at.rpartition('/')[2])} has no property {quoted(tag)}.",
                )


CHECKS = (_ambiguous, _mapped)
