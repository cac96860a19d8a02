"""The findings of `vendor check` for programs: JSON, and workflow commands of GitHub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdkpress.vendoring.checking import Checked
from sdkpress.vendoring.places import import_name
from sdkpress.workflow_commands import annotation, relative_path

__all__ = ["as_json", "github_lines"]


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """What `--format json` prints: docs/schemas/vendor-check.schema.json."""
    return {
        "in_step": not any(item.findings for item in checked),
        "packages": [_package(item) for item in checked],
        "findings": [
            {
                "package": finding.package,
                "cause": finding.cause,
                "path": finding.path,
                "message": finding.message,
                "diff": finding.diff,
                "line": finding.line,
            }
            for item in checked
            for finding in item.findings
        ],
        "warnings": [
            {
                "package": item.vendored.name,
                "cause": warning.cause,
                "message": warning.message,
                "path": warning.file,
                "line": warning.line,
            }
            for item in checked
            for warning in item.warnings
        ],
    }


def github_lines(checked: Sequence[Checked], root: Path) -> tuple[str, ...]:
    """Workflow commands, which GitHub shows beside the lines of a pull request; `root` is the
    repository."""
    lines: list[str] = []
    for item in checked:
        title = f"vendored {item.vendored.name}"
        lines += [
            annotation(
                "error",
                f"{finding.message}\n{finding.diff}".rstrip(),
                title=f"{title}: {finding.cause}",
                file=relative_path(finding.path, root),
                line=finding.line,
            )
            for finding in item.findings
        ]
        lines += [
            annotation(
                "warning",
                warning.message,
                title=f"{title}: {warning.cause}",
                file=relative_path(warning.file, root),
                line=warning.line,
            )
            for warning in item.warnings
        ]
    return tuple(lines)


def _package(item: Checked) -> dict[str, Any]:
    record = item.vendored.record
    return {
        "name": item.vendored.name,
        "path": item.vendored.folder.as_posix(),
        "import": import_name(item.vendored.folder),
        "distribution": record.distribution,
        "version": record.version,
        "license": record.licence,
        "document_sha256": record.document,
        "requirements": list(record.requirements),
        "in_step": not item.findings,
        "accepted": [
            {"path": difference.path, "cause": difference.cause} for difference in item.accepted
        ],
    }
