"""How the user's code uses the package: plain values, whoever found them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["UNKNOWN", "Argument", "Constant", "Origins", "Unknown", "Use"]


class Unknown(enum.Enum):
    """A value that cannot be read off the code."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Constant = str | int | float | bool | None | Unknown


Origins = Mapping[tuple[int, int], tuple[tuple[int, int], ...]]
"""Where the value of a name comes from: from the place of the name to those of the expressions that
it was assigned from."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What a call passes. Without a name it stands at `position`, counted from 0."""

    name: str
    position: int
    value: Constant
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the user's code that refers to a member of a class of the package (`owner` is the
    class within the package: `models._pets.Pet`), to a name in a module of it (`owner` ends with a
    colon: `models:`), or that calls one of them.

    With kind `keys`, a dict is a TypedDict; with `dict` it may be one, and there is no owner.
    With kind `new`, the class itself is called, and `name` is empty. With `is_open`, the call passes
    more than what `arguments` says. `text` is the code in front of the name: `client.files`.
    Lines count from 1, columns from 0 in bytes of UTF-8, ends are exclusive.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    owner: str
    name: str
    kind: Literal["read", "call", "new", "import", "keys", "dict", "partial"]
    text: str = ""
    arguments: tuple[Argument, ...] = ()
    is_open: bool = False

    def covers(self, line: int, column: int) -> bool:
        return (self.line, self.column) <= (line, column) < (self.end_line, self.end_column)
