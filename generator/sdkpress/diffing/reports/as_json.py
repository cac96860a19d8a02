"""The report for programs. Its shape is a promise: `docs/schemas/diff.schema.json`."""

from __future__ import annotations

from typing import Any

from sdkpress.diffing.changes import BrokenCall, Change, Place, Report

__all__ = ["as_json"]


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON values, complete: nothing is joined, shortened or left out.

    `change` of a caller is the id of the change behind it and `fingerprint` says which one of that
    id; both are null where a type checker alone knows.
    """
    return {
        "verdict": {
            "wire": report.verdict.wire,
            "runtime": report.verdict.runtime,
            "typing": report.verdict.typing,
            "bump": report.verdict.bump,
        },
        "changes": [_change(change) for change in report.changes],
        "callers": [_call(call) for call in report.callers or ()],
        "callers_searched": report.callers is not None,
        "callers_folder": report.callers_folder if report.callers is not None else None,
        "client": report.client,
        "package": report.package,
        "old": {"name": report.old, "version": report.old_version or None},
        "new": {"name": report.new, "version": report.new_version or None},
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "axis": change.axis,
        "severity": change.severity,
        "message": change.message,
        "subject": change.subject,
        "cause": change.cause,
        "old": _place(change.old),
        "new": _place(change.new),
        "before": change.before,
        "after": change.after,
        "operations": list(change.operations),
        "fingerprint": change.fingerprint,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "pointer": place.pointer}


def _call(call: BrokenCall) -> dict[str, Any]:
    return {
        "file": call.file,
        "line": call.line,
        "column": call.column,
        "message": call.message,
        "source": call.source,
        "change": call.change.id if call.change is not None else None,
        "fingerprint": call.change.fingerprint if call.change is not None else None,
    }
