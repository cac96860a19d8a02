"""Whether a request carries the keys that an operation asks for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from typing import Any

from .exchanges import ReceivedRequest
from .nodes import as_object, as_text
from .references import References

__all__ = ["Credentials", "SecurityGate"]

_WRONG = re.compile(
    r"(?<![a-z0-9])(?:wrong|invalid|bad|expired|revoked)(?![a-z0-9])", re.IGNORECASE
)
Credentials = Mapping[str, str | Collection[str]]


class SecurityGate:
    """Checks security requirements.

    `credentials` maps names of security schemes to the keys that are right (`user:password` for
    basic); a scheme it does not name, as all of them without it, accepts every key except an empty
    one and one that calls itself wrong (`wrong-key`, `invalid`).
    """

    def __init__(self, references: References, credentials: Credentials | None) -> None:
        components = as_object(references.document.get("components"))
        self._schemes = {
            name: references.resolve(node)
            for name, node in as_object(components.get("securitySchemes")).items()
        }
        self._credentials = credentials or {}
        for name in self._credentials:
            if name not in self._schemes:
                known = ", ".join(self._schemes) or "none"
                raise ValueError(
                    f"no security scheme is called {name!r}; the document's are: {known}"
                )

    def refusal(self, request: ReceivedRequest, requirements: list[Any]) -> str:
        """Why the request may not pass; "" when it may. Never contains a key."""
        reasons: list[str] = []
        for requirement in requirements:
            missing = [
                reason
                for name in as_object(requirement)
                if (reason := self._miss(name, self._schemes.get(name, {}), request))
            ]
            if not missing:
                return ""
            reasons.append(" and ".join(missing))
        return "; or ".join(dict.fromkeys(reasons))

    def right(self, name: str) -> str | None:
        """A key that is right for a scheme; None where any one is."""
        keys = self._credentials.get(name)
        return keys if keys is None or isinstance(keys, str) else min(keys, default=None)

    def challenge(self, requirements: list[Any]) -> str:
        """The `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1)."""
        for requirement in requirements:
            for name in as_object(requirement):
                scheme = self._schemes.get(name, {})
                if scheme.get("type") == "http":
                    word = as_text(scheme.get("scheme"), "bearer").capitalize()
                    return f'{word} realm="{name}"' if name.isidentifier() else word
        return "Bearer"

    def _miss(self, name: str, scheme: dict[str, Any], request: ReceivedRequest) -> str:
        match as_text(scheme.get("type")):
            case "apiKey":
                place, key = as_text(scheme.get("in")), as_text(scheme.get("name"))
                what = f"{place} {key!r}" if place != "header" else f"the header {key!r}"
                return self._judge(name, _api_key(request, place, key), what)
            case "http":
                word = as_text(scheme.get("scheme"), "bearer").lower()
                given = _authorization(request, word)
                if word == "basic" and given:
                    try:
                        given = base64.b64decode(given, validate=True).decode()
                    except (binascii.Error, ValueError):
                        return "the header 'Authorization' is no valid basic credential"
                return self._judge(
                    name, given, f"the header 'Authorization: {word.capitalize()} ...'"
                )
            case "oauth2" | "openIdConnect":
                given = _authorization(request, "bearer")
                return self._judge(name, given, "the header 'Authorization: Bearer ...'")
            case _:
                return ""  # mutualTLS, and schemes the document does not define

    def _judge(self, name: str, given: str, what: str) -> str:
        if not given:
            return f"{what} is missing"
        right = self._credentials.get(name)
        if right is None:
            return f"{what} has a key that calls itself wrong" if _WRONG.search(given) else ""
        is_right = given == right or (not isinstance(right, str) and given in right)
        return "" if is_right else f"{what} has a wrong key"


def _authorization(request: ReceivedRequest, word: str) -> str:
    scheme, _, given = request.header("authorization").partition(" ")
    return given.strip() if scheme.lower() == word else ""


def _api_key(request: ReceivedRequest, place: str, name: str) -> str:
    if place == "query":
        return next(iter(request.query.get(name, [])), "")
    if place == "cookie":
        return request.cookies.get(name, "")
    return request.header(name)
