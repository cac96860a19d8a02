"""Rules about parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding, Put, certain

__all__ = ["CHECKS"]

_CREDENTIAL = re.compile(
    r"(?:x-)?(?:authorization|api[-_]?key|access[-_]?token|auth[-_]?token|apikey)", re.IGNORECASE
)


def _optional_path_parameter(facts: Facts) -> Iterator[Finding]:
    for parameter in facts.survey.parameters:
        if parameter.location == "path" and parameter.node.get("required") is not True:
            has = "required" in parameter.node
            yield Finding(
                "optional-path-parameter",
                parameter.pointer,
                f"The path parameter {quoted(parameter.name)} is not `required: true`.",
                certain(
                    "A path parameter is always required (OpenAPI, Parameter Object).",
                    Put(parameter.pointer, "required", True, has),
                ),
            )


def _without_schema(facts: Facts) -> Iterator[Finding]:
    for parameter in facts.survey.parameters:
        if "schema" not in parameter.node and "content" not in parameter.node:
            message = f"{quoted(parameter.name)} has neither schema nor content."
            yield Finding("parameter-without-schema", parameter.pointer, message)


def _credentials(facts: Facts) -> Iterator[Finding]:
    for parameter in facts.survey.parameters:
        is_place = parameter.location in ("header", "query", "cookie") and not parameter.is_answer
        if is_place and _CREDENTIAL.fullmatch(parameter.name):
            yield Finding(
                "credential-as-parameter",
                parameter.pointer,
                f"The {parameter.location} parameter {quoted(parameter.name)} looks like a credential.",
            )


def _name_clashes(facts: Facts) -> Iterator[Finding]:
    for operation in facts.survey.operations:
        seen: dict[str, str] = {}
        for parameter in operation.parameters:
            other = seen.setdefault(parameter.name, parameter.location)
            if other != parameter.location:
                yield Finding(
                    "parameter-name-clash",
                    parameter.pointer,
                    f"{operation.label} takes {quoted(parameter.name)} in {other} and in "
                    f"{parameter.location}.",
                )


CHECKS = (_optional_path_parameter, _without_schema, _credentials, _name_clashes)
