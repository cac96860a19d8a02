"""Did you mean ...? One way of guessing for every word that somebody can mistype."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["nearest", "suggestion"]

_ALIKE = 0.6  # of difflib's ratio: one slip in a word of four letters


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was meant most likely, "" where none is like it.

    Letter case and `-` for `_` do not count; a word that one known word begins with means that one.
    Of known words that differ in nothing else, the first one is meant.
    """
    import difflib

    plain: dict[str, str] = {}
    for one in known if isinstance(known, Sequence) else sorted(known):
        plain.setdefault(_plain(one), one)
    wanted = _plain(word)
    close = difflib.get_close_matches(wanted, plain, 1, _ALIKE)
    if close:
        return plain[close[0]]
    begun = [one for one in plain if len(wanted) >= 2 and one.startswith(wanted)]
    return plain[begun[0]] if len(begun) == 1 else ""


def suggestion(word: str, known: Iterable[str], quote: str = "'") -> str:
    """`; did you mean 'X'?` to put behind a message, "" where nothing is like the word."""
    found = nearest(word, known)
    return f"; did you mean {quote}{found}{quote}?" if found else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
