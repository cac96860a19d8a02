"""What the logs of all commands share in SARIF 2.1.0 (OASIS): the frame, texts, places of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sdkpress import __version__
from sdkpress.diagnostics import printable
from sdkpress.workflow_commands import relative_path

__all__ = ["artifact", "log", "message_text"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "SRCROOT"


def log(
    command: str,
    rules: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    invocation: dict[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """The log of one run of `command`; `more` are further members of the run."""
    run = {
        "tool": {"driver": {"name": "sdkpress", "version": __version__, "rules": list(rules)}},
        "automationDetails": {"id": f"sdkpress/{command}/"},
        "invocations": [invocation],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": list(results),
        **more,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def message_text(text: str) -> str:
    """Text in a message, where brackets and braces would be links and placeholders (3.11.5-6)."""
    shown = printable(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}")


def artifact(file: str, root: Path) -> dict[str, Any]:
    """The place of a file (3.4): relative to the repository where it is in it."""
    relative = relative_path(file, root)
    if os.path.isabs(relative):
        return {"uri": Path(relative).as_uri()}
    return {"uri": quote(relative, safe="/-._~"), "uriBaseId": _ROOT}
