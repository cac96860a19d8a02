"""Header fields of an answer: case-insensitive, in order, repeated fields kept (RFC 9110 section 5)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CONTENT_ENCODING = ("content-encoding", b"content-encoding")


class Headers:
    """A read-only, case-insensitive mapping of field names to values; names read lower-case.

    Fields given as bytes are read as UTF-8, and as ISO 8859-1 where they are none, without spaces at
    the end; only when somebody asks for them, since of most answers nobody does.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(
        self, pairs: Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        # A list is an exchange's own, and nobody changes it any more.
        self._pairs: Sequence[tuple[str | bytes, str | bytes]] = (
            pairs if isinstance(pairs, list) else list(pairs)
        )
        self._index: dict[str | bytes, str | bytes] | None = None

    @property
    def _bytes(self) -> bool:
        return bool(self._pairs) and self._pairs[0][0].__class__ is bytes

    def _find(self, name: str) -> str | bytes | None:
        """The value as it is kept."""
        index = self._index
        if index is None:
            index = {name.lower(): value for name, value in self._pairs}
            if len(index) < len(self._pairs):
                index = self._joined()
            self._index = index
        name = name.lower()
        if not self._bytes:
            return index.get(name)
        # What is no ASCII names no field.
        return index.get(name.encode()) if name.isascii() else None

    def _joined(self) -> dict[str | bytes, str | bytes]:
        joined: dict[str | bytes, str | bytes] = {}
        for name, value in self.multi_items():
            lower = name.lower()
            key = lower.encode() if self._bytes else lower
            joined[key] = f"{_text(joined[key])}, {value}" if key in joined else value
        return joined

    @property
    def is_encoded(self) -> bool:
        """Whether there is a Content-Encoding; asked of every answer, and cheaper than ``get``."""
        for name, _ in self._pairs:
            if len(name) == 16 and name.lower() in _CONTENT_ENCODING:
                return True
        return False

    def __getitem__(self, name: str) -> str:
        """The value; repeated fields joined by ``", "``."""
        value = self._find(name)
        if value is None:
            raise KeyError(name)
        return _text(value)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value, or ``default`` where the field is absent."""
        value = self._find(name)
        return default if value is None else _text(value)

    def get_list(self, name: str) -> list[str]:
        """Every value of a repeated field, in order."""
        wanted = name.lower()
        return [value for name, value in self.multi_items() if name.lower() == wanted]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[str]:
        """The field names, lower-case, each once."""
        return list(dict.fromkeys(_text(name).lower() for name, _ in self._pairs))

    def items(self) -> list[tuple[str, str]]:
        """Names (lower-case) with their values."""
        return [(name, self[name]) for name in self.keys()]

    def multi_items(self) -> list[tuple[str, str]]:
        """The fields as they came, repeated ones repeated."""
        return [(_text(name), _text(value)) for name, value in self._pairs]

    def _lists(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for name, value in self.multi_items():
            lists.setdefault(name.lower(), []).append(value)
        return lists

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._lists() == other._lists()

    def __hash__(self) -> int:
        return hash(tuple(sorted((name, *values) for name, values in self._lists().items())))

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"

    def __reduce__(self) -> tuple[type[Headers], tuple[tuple[tuple[str, str], ...]]]:
        return (Headers, (tuple(self.multi_items()),))


def _text(value: str | bytes) -> str:
    if isinstance(value, str):
        return value
    value = value.rstrip(b" \t")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
