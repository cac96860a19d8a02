"""What breaks at one place of the user's code, before it is put together for a report."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.diffing.callers.uses import Use
from sdkpress.diffing.changes import Change

__all__ = ["Broken"]


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that breaks; `name` is what a type checker's message about it names. Lines count
    from 1, columns from 0; `use` is what the finding came from. A call breaks where it begins."""

    path: str
    line: int
    column: int
    message: str
    name: str
    change: Change | None
    use: Use | None = None

    @classmethod
    def at(cls, use: Use, message: str, name: str, change: Change | None) -> Broken:
        return cls(use.path, use.line, use.column, message, name, change, use)
