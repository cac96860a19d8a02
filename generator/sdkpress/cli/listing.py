"""The list of commands, of which each is built when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from sdkpress.cli.help import Group, Row, summary

__all__ = ["Listed", "Listing"]


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list needs of a command: its help, its section, and how to build it."""

    help: str
    section: str
    build: Callable[[], Any]


class Listing(Group):
    """The command of commands. Its list of them builds none."""

    listed: ClassVar[dict[str, Listed]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast("Any", _Built(self.listed))

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.listed)

    def rows(self) -> Iterator[Row]:
        for name, one in self.listed.items():
            yield Row(name, summary(one.help), one.section)


class _Built(Mapping[str, Any]):
    """The commands by name, built once."""

    def __init__(self, listed: Mapping[str, Listed]) -> None:
        self._listed = listed
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.built:
            self.built[name] = self._listed[name].build()
        return self.built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)
