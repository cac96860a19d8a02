"""Places inside a JSON value, as ``choices[0].delta``.

A place is a chain of pairs, innermost first: ``((None, "choices"), 0)``; ``None`` is the root.
Making one costs one small tuple, so that only what is reported is ever spelled out.
"""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = "tuple[Path, str | int] | None"


def spell(path: Path) -> str:
    """Return the place as users read it; the root is an empty string."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    text = ""
    for step in reversed(steps):
        if type(step) is int:
            text += f"[{step}]"
        elif isinstance(step, str) and step.isidentifier():
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text
