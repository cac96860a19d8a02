"""What may be a credential, by the name of the header or query parameter that holds it.

Credentials that schemes put into a request are known exactly (``Draft.add_secret``). This is for those
that callers put into headers and queries themselves, and for URLs that a server has written.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = frozenset(
    "auth authorization awsaccesskeyid code cookie key pass passwd password proxy-authorization pwd "
    "set-cookie sig".split()
)
_WORDS = (
    "accesskey apikey authkey credential password privatekey secret signature subscriptionkey token"
).split()
_LEAST = 8
"""Characters of a value that is taken out of texts; fewer stand in them by chance."""


def is_sensitive(name: str) -> bool:
    """Whether a header or query parameter of that name may hold a credential."""
    plain = name.lower()
    if plain in _NAMES:
        return True
    if plain.endswith("-key"):
        return plain != "idempotency-key"
    plain = plain.replace("-", "").replace("_", "")
    return any(word in plain for word in _WORDS)


def hidden(value: str) -> str:
    """``***`` for a credential, after the name of the scheme where there is one."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space and scheme.isalpha() else "***"


def redact_query(url: str) -> str:
    """``url`` with ``***`` for the values of query parameters that may hold a credential."""
    base, question, query = url.partition("?")
    if not query:
        return url
    query, sharp, fragment = query.partition("#")
    pieces: list[str] = []
    for piece in query.split("&"):
        name, equals, _ = piece.partition("=")
        pieces.append(f"{name}=***" if equals and is_sensitive(name) else piece)
    return base + question + "&".join(pieces) + sharp + fragment


def secrets_of(headers: Iterable[tuple[str, str]], query: Iterable[str]) -> list[str]:
    """The values that may be credentials; ``query`` are encoded ``name=value`` pairs."""
    found: list[str] = []
    for name, value in headers:
        if name.lower() == "cookie":
            found += [pair.partition("=")[2] for pair in value.split("; ")]
        elif is_sensitive(name):
            found += [value, value.rpartition(" ")[2]]
    for pair in query:
        name, _, value = pair.partition("=")
        if is_sensitive(name):
            from urllib.parse import unquote_plus

            found += [value, unquote_plus(value)]
    return [value for value in found if len(value) >= _LEAST]
