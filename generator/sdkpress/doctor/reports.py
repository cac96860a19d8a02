"""A diagnosis for readers and programs: text, JSON, workflow commands of GitHub, SARIF 2.1.0.

Text of a document stands in messages: here it stays data in each of the formats.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdkpress import check_reports
from sdkpress.diagnostics import Diagnostic, Severity, printable
from sdkpress.doctor.catalog import RULES
from sdkpress.doctor.findings import PlacedFinding
from sdkpress.sarif import artifact, log, message_text
from sdkpress.workflow_commands import Level, annotation, relative_path, repository_root

__all__ = ["as_json", "counted", "failed_sarif", "github_lines", "sarif", "text_lines"]

SHOWN = 3
_SHOWN_ANNOTATIONS = 10
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
_LEVELS: dict[Severity, Level] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}
_MENDS = {"certain": "mended by --write", "assumption": "mended by --write, as an assumption"}


def by_rule(findings: Sequence[PlacedFinding]) -> list[list[PlacedFinding]]:
    """The findings of each rule, errors first, rules in the order of the catalog."""
    groups: dict[str, list[PlacedFinding]] = {}
    for finding in findings:
        groups.setdefault(finding.id, []).append(finding)
    order = list(RULES)

    def rank(group: list[PlacedFinding]) -> tuple[int, int, str]:
        id = group[0].id
        return _ORDER.index(group[0].severity), order.index(id) if id in RULES else -1, id

    return sorted(groups.values(), key=rank)


def text_lines(findings: Sequence[PlacedFinding], *, limit: int | None = SHOWN) -> list[str]:
    """One block for each rule: what, why, and its first places; all of them without `limit`."""
    lines: list[str] = []
    for group in by_rule(findings):
        first = group[0]
        times = "" if len(group) == 1 else f" ({len(group)} places)"
        lines.append(f"{first.severity.value}[{first.id}]: {first.title}{times}")
        if first.reason:
            lines.append(f"  {printable(first.reason)}")
        for finding in group[:limit]:
            place = finding.location
            mend = f" ({_MENDS[finding.mend]})" if finding.mend else ""
            at = f"{printable(place.file)}:{place.line}:{place.column}: " if place.file else ""
            lines.append(f"    {at}{printable(finding.message)}{mend}")
        if limit is not None and len(group) > limit:
            lines.append(f"    and {len(group) - limit} more; --verbose shows all")
        lines.append("")
    return lines


def counted(findings: Sequence[PlacedFinding]) -> str:
    """`21 findings: 2 errors, 5 warnings, 14 notes`."""
    counts = Counter(finding.severity for finding in findings)
    parts = [_many(counts[severity], severity.value) for severity in _ORDER if counts[severity]]
    total = _many(len(findings), "finding")
    return f"{total}: {', '.join(parts)}" if parts else "no findings"


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def as_json(
    document: str, findings: Sequence[PlacedFinding], written: dict[str, Any] | None
) -> dict[str, Any]:
    """What `--format json` prints."""
    counts = Counter(finding.severity.value for finding in findings)
    return {
        "document": document,
        "counts": {severity.value: counts[severity.value] for severity in _ORDER},
        "mendable": sum(bool(finding.mend) for finding in findings),
        "findings": [
            {
                "id": finding.id,
                "severity": finding.severity.value,
                "title": finding.title,
                "message": finding.message,
                "reason": finding.reason,
                "mend": finding.mend or None,
                "file": finding.location.file,
                "line": finding.location.line,
                "column": finding.location.column,
                "pointer": finding.location.pointer,
            }
            for finding in findings
        ],
        "written": written,
    }


def github_lines(findings: Sequence[PlacedFinding]) -> list[str]:
    """Workflow commands, the first ten of each rule: GitHub shows no more of them."""
    root = repository_root(Path())
    lines: list[str] = []
    for group in by_rule(findings):
        for finding in group[:_SHOWN_ANNOTATIONS]:
            place = finding.location
            lines.append(
                annotation(
                    _LEVELS[finding.severity],
                    f"{finding.message} {finding.reason}",
                    title=finding.id,
                    file=relative_path(place.file, root),
                    line=place.line,
                    column=place.column,
                )
            )
    return lines


def sarif(findings: Sequence[PlacedFinding]) -> dict[str, Any]:
    """A log of SARIF 2.1.0: one rule for each id that was found, one result for each finding."""
    root = repository_root(Path())
    ids = list(dict.fromkeys(finding.id for finding in findings))
    firsts = {id: next(item for item in findings if item.id == id) for id in ids}
    levels = {severity: word.replace("notice", "note") for severity, word in _LEVELS.items()}
    rules = [
        {
            "id": f"doctor/{id}",
            "shortDescription": {"text": message_text(first.title)},
            "fullDescription": {"text": message_text(first.reason or first.title)},
            "help": {"text": message_text(_help_of(id, first))},
            "defaultConfiguration": {"level": levels[first.severity]},
        }
        for id, first in firsts.items()
    ]
    results = [
        {
            "ruleId": f"doctor/{finding.id}",
            "ruleIndex": ids.index(finding.id),
            "level": levels[finding.severity],
            "message": {"text": message_text(finding.message)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": artifact(finding.location.file, root),
                        "region": {
                            "startLine": finding.location.line,
                            "startColumn": finding.location.column,
                        },
                    }
                }
            ],
            "partialFingerprints": {"sdkpressFinding/v1": _fingerprint(finding)},
            "properties": {"pointer": finding.location.pointer, "mend": finding.mend or None},
        }
        for finding in findings
    ]
    return log("doctor", rules, results, {"executionSuccessful": True})


def failed_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The log of a run that came to nothing: what is wrong with the input is a notification."""
    failed = check_reports.failed_sarif(diagnostics, repository_root(Path()))
    run = failed["runs"][0]
    run["automationDetails"] = {"id": "sdkpress/doctor/"}
    run["tool"]["driver"]["rules"] = []
    return failed


def _help_of(id: str, finding: PlacedFinding) -> str:
    mend = RULES[id].mend if id in RULES else ""
    return f"sdkpress doctor --write: {mend}" if mend else finding.reason or finding.title


def _fingerprint(finding: PlacedFinding) -> str:
    parts = (finding.id, finding.location.pointer, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
