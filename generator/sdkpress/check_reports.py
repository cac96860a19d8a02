"""The findings of `check` for programs: JSON, workflow commands of GitHub, SARIF 2.1.0.

Text of a document stands in diffs and file names: here it stays data in each of the formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdkpress.checking import CAUSES, Finding
from sdkpress.diagnostics import Diagnostic, as_dict, printable
from sdkpress.sarif import artifact, log, message_text
from sdkpress.workflow_commands import annotation, relative_path, repository_root

__all__ = ["as_json", "failed_sarif", "github_lines", "plain_line", "repository_root", "sarif"]

_HELP = {
    "edited": "Own code belongs in extras/, which is never overwritten. Save what you need, delete the "
    "file, and run sdkpress generate.",
    "extra": "A file of the client that is no longer generated is deleted by sdkpress generate; one that "
    "somebody else wrote has to be moved away first.",
    "names": "Restore the names lock from version control, or run sdkpress generate to accept the names "
    "as they are now.",
}
_GENERATE = "Run sdkpress generate and commit what it writes."


def as_json(findings: Sequence[Finding], repair: str) -> dict[str, Any]:
    """What `--format json` prints: docs/schemas/check.schema.json."""
    items = [
        {
            "client": finding.client,
            "cause": finding.cause,
            "path": finding.path,
            "message": finding.message,
            "diff": finding.diff,
            "line": finding.line,
            "causes": list(finding.causes or (finding.cause,)),
            "repair": finding.repair,
        }
        for finding in findings
    ]
    return {"in_step": not items, "findings": items, "repair": repair}


def github_lines(findings: Sequence[Finding], repair: str, root: Path) -> tuple[str, ...]:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return tuple(
        annotation(
            "error",
            f"{finding.message}\n{finding.diff}".rstrip() + f"\nrepair: {repair}",
            title=f"{finding.client}: {finding.cause}",
            file=relative_path(finding.path, root),
            line=finding.line,
        )
        for finding in findings
    )


def sarif(findings: Sequence[Finding], repair: str, root: Path) -> dict[str, Any]:
    """A log of SARIF 2.1.0: one rule for each cause, one result for each finding.

    Files are named relative to the repository (`uriBaseId`). A result keeps its fingerprint however
    the file and its lines change.
    """
    order = list(CAUSES)
    results = [
        {
            "ruleId": f"check/{finding.cause}",
            "ruleIndex": order.index(finding.cause),
            "level": "error",
            "message": {"text": _sentence(finding)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": artifact(finding.path, root),
                        "region": {"startLine": finding.line},
                    }
                }
            ],
            "partialFingerprints": {"sdkpressFinding/v1": _fingerprint(finding, root)},
            "properties": {
                "client": finding.client,
                "causes": list(finding.causes or (finding.cause,)),
                "diff": finding.diff,
                "repair": finding.repair,
            },
        }
        for finding in findings
    ]
    properties = {"inStep": not results, "repair": repair}
    return _log({"executionSuccessful": True, "exitCode": 1 if results else 0}, results, properties)


def failed_sarif(diagnostics: Sequence[Diagnostic], root: Path) -> dict[str, Any]:
    """The log of a run that came to nothing: what is wrong with the input is a notification."""
    notifications: list[dict[str, Any]] = []
    for item in diagnostics:
        found: dict[str, Any] = {
            "descriptor": {"id": item.id},
            "level": "error",
            "message": {"text": message_text(item.message)},
        }
        if item.location is not None and not item.location.file.startswith("<"):
            place = {
                "artifactLocation": artifact(item.location.file, root),
                "region": {"startLine": max(1, item.location.line)},
            }
            found["locations"] = [{"physicalLocation": place}]
        found["properties"] = {key: value for key, value in as_dict(item).items() if value}
        notifications.append(found)
    invocation = {
        "executionSuccessful": False,
        "exitCode": 2,
        "toolConfigurationNotifications": notifications,
    }
    return _log(invocation, [], {"inStep": False})


def plain_line(line: str) -> str:
    """A line of a diff without anything that a terminal would act on; tabs stay."""
    return "\t".join(printable(part) for part in line.split("\t"))


def _log(
    invocation: dict[str, Any], results: list[dict[str, Any]], properties: dict[str, Any]
) -> dict[str, Any]:
    rules = [
        {
            "id": f"check/{cause}",
            "name": "".join(word.title() for word in cause.split("-")),
            "shortDescription": {"text": f"{meaning}."},
            "fullDescription": {"text": f"{meaning}."},
            "help": {"text": _HELP.get(cause, _GENERATE), "markdown": _HELP.get(cause, _GENERATE)},
            "defaultConfiguration": {"level": "error"},
        }
        for cause, meaning in CAUSES.items()
    ]
    return log("check", rules, results, invocation, properties=properties)


def _sentence(finding: Finding) -> str:
    text = f"{message_text(finding.path)}: {message_text(finding.message)}."
    return f"{text} Repair: {message_text(finding.repair)}"


def _fingerprint(finding: Finding, root: Path) -> str:
    parts = (finding.client, finding.cause, relative_path(finding.path, root))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
