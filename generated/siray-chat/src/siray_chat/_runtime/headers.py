"""Header fields of an answer: case-insensitive, in order, repeated fields kept (RFC 9110 section 5)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Headers:
    """A read-only, case-insensitive mapping of field names to values; names read lower-case."""

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs: tuple[tuple[str, str], ...] = tuple(pairs)
        self._index: dict[str, list[str]] | None = None

    def _values(self) -> dict[str, list[str]]:
        index = self._index
        if index is None:
            index = dict[str, list[str]]()
            for name, value in self._pairs:
                index.setdefault(name.lower(), []).append(value)
            self._index = index
        return index

    def __getitem__(self, name: str) -> str:
        """The value; repeated fields joined by ``", "``."""
        return ", ".join(self._values()[name.lower()])

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value, or ``default`` where the field is absent."""
        values = self._values().get(name.lower())
        return default if values is None else ", ".join(values)

    def get_list(self, name: str) -> list[str]:
        """Every value of a repeated field, in order."""
        return list(self._values().get(name.lower(), ()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def keys(self) -> list[str]:
        """The field names, lower-case, each once."""
        return list(self._values())

    def items(self) -> list[tuple[str, str]]:
        """Names (lower-case) with their values."""
        return [(name, ", ".join(values)) for name, values in self._values().items()]

    def multi_items(self) -> list[tuple[str, str]]:
        """The fields as they came, repeated ones repeated."""
        return list(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"

    def __reduce__(self) -> tuple[type[Headers], tuple[tuple[tuple[str, str], ...]]]:
        return (Headers, (self._pairs,))
