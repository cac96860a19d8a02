"""Rules about components that nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import child, mapping

__all__ = ["CHECKS"]

_WORDS = {
    "schemas": "schema",
    "responses": "response",
    "parameters": "parameter",
    "requestBodies": "request body",
    "headers": "header",
}


def _unused(facts: Facts) -> Iterator[Finding]:
    survey = facts.survey
    components = mapping(survey.tree.get("components"))
    inherited = _parents(facts)
    references = survey.all_references()
    holders = {target.rpartition("/")[0] for target in references if target.count("/") > 3}
    for target in list(holders):
        while target.count("/") > 3:
            target = target.rpartition("/")[0]
            holders.add(target)
    for section, word in _WORDS.items():
        for name in mapping(components.get(section)):
            pointer = child("/components", section, name)
            if pointer in references or pointer in inherited or pointer in holders:
                continue
            message = f"Nothing refers to the {word} {quoted(name)}."
            yield Finding("unused-component", pointer, message)


def _parents(facts: Facts) -> set[str]:
    """Schemas whose `allOf` leads to one with a discriminator: they are its alternatives."""
    survey = facts.survey
    found: set[str] = set()
    for schema in survey.schemas:
        for index, item in enumerate(schema.node.get("allOf") or ()):
            parent, _ = survey.resolve(item, child(schema.pointer, "allOf", index))
            if "discriminator" in parent:
                found.add(schema.pointer)
    return found


CHECKS = (_unused,)
