"""What was broken before, kept in the cache folder: most lines of an edited document are known.

Only what takes black's rules is worth remembering. The file is bound to the code of this package.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sdkpress.caching import read_cached, write_cached
from sdkpress.provenance import folder_digest, sha256

__all__ = ["known_lines", "learn_lines", "remembering"]

_MOST = 20_000
_lines: dict[str, tuple[str, ...]] = {}
_fresh: list[str] = []


def known_lines(text: str, is_element: bool) -> tuple[str, ...] | None:
    """The lines that a text became, if that is known."""
    return _lines.get(_key(text, is_element))


def learn_lines(text: str, is_element: bool, lines: tuple[str, ...]) -> None:
    """Note the lines that a text became."""
    key = _key(text, is_element)
    _lines[key] = lines
    _fresh.append(key)


@contextmanager
def remembering() -> Generator[None]:
    """Begin with what earlier runs have learnt, and leave what this one learns."""
    name = f"wrapped/{folder_digest(Path(__file__).parent, ('*.py',))[:32]}"
    data = read_cached(name)
    if data is not None and data[:64] == sha256(data[64:]).encode():
        _lines.update(msgspec.json.decode(data[64:], type=dict[str, tuple[str, ...]]))
    _fresh.clear()
    try:
        yield
    finally:
        if _fresh:
            kept = _lines if len(_lines) <= _MOST else {key: _lines[key] for key in _fresh}
            content = msgspec.json.encode(kept)
            write_cached(name, sha256(content).encode() + content)
        _lines.clear()
        _fresh.clear()


def _key(text: str, is_element: bool) -> str:
    return f"{is_element:d}{text}"
