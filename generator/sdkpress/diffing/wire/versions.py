"""`info.version` against what changed: a version number is a promise."""

from __future__ import annotations

import re

from sdkpress.diffing.changes import Severity
from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.nodes import Node

__all__ = ["compare_versions"]

_NUMBERS = re.compile(r"[vV]?(\d{1,9}(?:\.\d{1,9})*)")


def compare_versions(comparison: Comparison, subject: str, worst: Severity | str) -> None:
    """Report a version that says less than what changed; `worst` is the worst severity of all
    changes, "none" without any. Versions that do not begin with numbers are compared for equality
    alone."""
    old, new = (_version(tree.root) for tree in (comparison.old, comparison.new))
    if old is None or new is None:
        return
    before, after = _text(old), _text(new)
    numbers = _numbers(before), _numbers(after)
    if before == after:
        if worst != "none":
            comparison.add(
                subject,
                "api-version-not-bumped",
                f"the document changed, and its version is still `{after}`",
                old,
                new,
            )
    elif numbers[0] is not None and numbers[1] is not None:
        if numbers[1] < numbers[0]:
            id = "api-version-decreased"
            message = "the version of the document went down"
        elif worst == "breaking" and numbers[1][0] == numbers[0][0] and numbers[0] < numbers[1]:
            id = "api-major-version-not-bumped"
            message = "the document has breaking changes, and the same major version"
        else:
            return
        comparison.add(subject, id, message, old, new, before=before, after=after)


def _version(root: Node) -> Node | None:
    info = root.get("info")
    return info.get("version") if info else None


def _text(node: Node) -> str:
    return str(node.value)


def _numbers(version: str) -> tuple[int, ...] | None:
    match = _NUMBERS.match(version.strip())
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))
