"""Words to identifiers: splitting, casing, reserved words. Nothing here knows about OpenAPI."""

from __future__ import annotations

import functools
import keyword
import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

MAX_LENGTH = 80
"""Longest identifier that is made; what is cut stays unique through the collision suffix."""

_MIXED_CASE = {
    "OAuth": "Oauth", "OpenID": "Openid", "OpenAPI": "Openapi", "GraphQL": "Graphql",
    "IPv4": "Ipv4", "IPv6": "Ipv6", "MySQL": "Mysql", "PostgreSQL": "Postgresql",
    "GitHub": "Github", "GitLab": "Gitlab", "JavaScript": "Javascript", "LinkedIn": "Linkedin",
    "PayPal": "Paypal", "WhatsApp": "Whatsapp", "WiFi": "Wifi", "YouTube": "Youtube", "eTag": "Etag",
    "NoSQL": "Nosql", "gRPC": "Grpc", "iOS": "Ios", "macOS": "Macos", "WebRTC": "Webrtc",
}  # fmt: skip
_MIXED = re.compile(
    # One that begins small is the end of another word where a letter stands before: `removeTag`.
    "("
    + "|".join(
        f"(?<![A-Za-z]){word}" if word[0].islower() else word
        for word in sorted(_MIXED_CASE, key=len, reverse=True)
    )
    + ")([0-9]*)"
)
_ACCENT = re.compile(r"(?<=[A-Za-z])[\u0300-\u036f]+")
_PLURAL_ACRONYM = re.compile(r"([A-Z]{2,})s(?![a-z])")
_WORD = re.compile(
    r"(?<![A-Za-z0-9])[0-9]+[a-z]{1,3}(?![a-z])|[A-Z]+(?=[A-Z][a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+|[^\W\d_A-Za-z]+[0-9]*"
)
_SIGNS = {
    "+": " plus ", "@": " ", "$": " ", "&": " and ", "%": " percent ", "#": " ",
    "<": " lt ", ">": " gt ", "=": " eq ", "!": " not ", "*": " star ", "~": " ",
}  # fmt: skip
_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
RESERVED = frozenset(keyword.kwlist) | {"builtins"}
"""What no name can be, and the module that generated code takes hidden types from."""
MODEL_RESERVED = RESERVED | {
    "extra", "is_set", "to_dict", "to_json", "from_dict", "from_json",
}  # fmt: skip
ARGUMENT_RESERVED = RESERVED | {"self", "options", "cls", "warn_deprecated"}


def split_words(text: str) -> list[str]:
    """Words of a name in any casing: `getHTTPResponseCode2` -> `get HTTP Response Code2`."""
    if not text.isascii():
        text = text.replace("ß", "ss")
        text = unicodedata.normalize("NFKC", _ACCENT.sub("", unicodedata.normalize("NFKD", text)))
    text = _MIXED.sub(lambda found: f" {_MIXED_CASE[found[1]]}{found[2]} ", text)
    text = _PLURAL_ACRONYM.sub(lambda found: f" {found[1].capitalize()}s ", text)
    return _WORD.findall(text)


def spell_signs(text: str) -> str:
    """Signs that carry the whole meaning of a name, in words: `+1` -> `plus 1`, `-1` -> `minus 1`."""
    if text.startswith("-"):
        text = " minus " + text[1:]
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    if any(letter.isalnum() for letter in text):
        return text
    names = [unicodedata.name(letter, "") for letter in text if not letter.isspace()]
    return " ".join(name.replace("-", " ").lower() for name in names if name)


@functools.lru_cache(maxsize=16_384)
def snake(text: str, *, fallback: str = "empty", digit_prefix: str = "field") -> str:
    """A lower-case identifier without leading underscore: `petId` -> `pet_id`, `2fa` -> `field_2fa`."""
    if _PLAIN.fullmatch(text) and len(text) <= MAX_LENGTH:
        return text
    words = split_words(text) if any(c.isalnum() for c in text) and text[0] not in "+-" else []
    if not words:
        words = split_words(spell_signs(text))
    name = "_".join(word.lower() for word in words) or fallback
    if name[0].isdigit():
        name = f"{digit_prefix}_{name}"
    name = name[:MAX_LENGTH].rstrip("_")
    return name if name.isidentifier() else _ascii_only(name, fallback)


@functools.lru_cache(maxsize=16_384)
def pascal(text: str, *, fallback: str = "Unnamed") -> str:
    """A class name that keeps capitals as written: `API key` -> `APIKey`, `2fa` -> `Model2fa`."""
    words = split_words(text) if text[:1] not in ("+", "-") else []
    words = words or split_words(spell_signs(text))
    if text.isidentifier() and text[0].isupper() and "_" not in text and text.isascii():
        name = text
    else:
        name = "".join(word[0].upper() + word[1:] for word in words) or fallback
    if not name[0].isalpha():
        name = f"Model{name}"
    name = name[:MAX_LENGTH]
    if not name.isidentifier():
        name = pascal(_ascii_only(name.lower(), fallback))
    return name if name not in ("None", "True", "False") else f"{name}Model"


def safe(name: str, reserved: Iterable[str]) -> str:
    """The name with an underscore behind it where it is reserved."""
    return f"{name}_" if name in reserved else name


def unique(name: str, taken: Iterable[str], *, separator: str = "_") -> str:
    """The name, with the first free number behind it where it is taken."""
    known = taken if isinstance(taken, AbstractSet) else set(taken)
    if name not in known:
        return name
    number = 2
    while f"{name}{separator}{number}" in known:
        number += 1
    return f"{name}{separator}{number}"


def singular(text: str) -> str:
    """English singular of a plural noun, as far as endings tell: `categories` -> `category`."""
    lower = text.lower()
    if lower in ("data", "media", "series", "news", "status", "address", "chassis", "analysis"):
        return text
    if lower.endswith("ies") and len(text) > 4:
        return text[:-3] + "y"
    if lower.endswith(("sses", "shes", "ches", "xes", "zes", "statuses", "aliases")):
        return text[:-2]
    if lower.endswith(("ss", "us", "is", "as")) or not lower.endswith("s") or len(text) < 3:
        return text
    return text[:-1]


def is_opaque(operation_id: str) -> bool:
    """Whether an operationId is made for machines: hashes, long numbers, random letters.

    `token_model-de6tzdf802fbb9gd` -> True, `listPetsV2` -> False.
    """
    for part in re.split(r"[^A-Za-z0-9]+", operation_id):
        if len(part) >= 8 and part.isdigit():
            return True
        if len(part) >= 10:
            changes = len(re.findall(r"(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])", part))
            digits = sum(letter.isdigit() for letter in part)
            if changes >= 4 and digits >= 3:
                return True
            if re.fullmatch(r"[0-9a-f]+", part.lower()) and digits >= 2:
                return True
            if part.islower() and not re.search(r"[aeiouy]", part):
                return True
    return bool(re.fullmatch(r"(?:op|operation|endpoint|api|id)?[-_]?\d+", operation_id.lower()))


def _ascii_only(name: str, fallback: str) -> str:
    kept = re.sub(r"[^a-z0-9_]+", "_", name).strip("_")
    if not kept:
        return fallback.lower()
    return kept if not kept[0].isdigit() else f"field_{kept}"
