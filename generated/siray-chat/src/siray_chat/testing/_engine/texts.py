"""Texts in the pieces in which a model would send them."""

from __future__ import annotations

import re
from typing import Any, TypeGuard

__all__ = ["is_text", "words"]

_WORD = re.compile(r"\s*\S+(?:\s+\Z)?")
_PIECE = re.compile(r"\s*\S{1,6}(?:\s+\Z)?")
_LONG_WORD = 24
_TEXTS = frozenset(
    ("arguments", "content", "reasoning", "reasoning_content", "refusal", "response", "text", "thinking")
)  # fmt: skip


def words(text: str) -> list[str]:
    """Pieces that add up to the text: words with the blanks before them, long ones in parts.

    Long words are those of languages that write without blanks, of addresses and of data.
    """
    pieces: list[str] = []
    for word in _WORD.findall(text) or ([text] if text else []):
        pieces.extend(_PIECE.findall(word) if _is_long(word) else [word])
    return pieces


def _is_long(word: str) -> bool:
    # Characters of Chinese, Japanese and the like are words of their own.
    return len(word) > _LONG_WORD or (len(word) > 6 and any(char > "\u2e7f" for char in word))


def is_text(name: str, value: Any) -> TypeGuard[str]:
    """Whether a member is text, which streams send in pieces; ids, names and constants come whole."""
    return isinstance(value, str) and (name in _TEXTS or len(_WORD.findall(value)) > 1)
