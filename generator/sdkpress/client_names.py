"""The names a client is known by: distribution, package, class, environment variables.

Those that were not given are derived from those that were; all are checked.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["derive_names", "distribution_name", "is_identifier", "name_problems"]

_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*")
# Words that say that something is a client of an API; a class name is better without them.
_GENERIC_WORDS = frozenset(("api", "apis", "client", "openapi", "python", "rest", "sdk"))
_RUNTIME_LIBRARIES = frozenset(
    ("aiohttp", "httptools", "httpx", "httpx2", "msgspec", "opentelemetry", "typing_extensions")
)


def distribution_name(title: str) -> str:
    """A distribution name for an API's title: "Qwen3 Max 256K API" -> "qwen3-max-256k-api"."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    kept: list[str] = []
    for word in words:
        if kept and len("-".join([*kept, word])) > 60:
            break
        kept.append(word[:60])
    slug = "-".join(kept) or "api-client"
    if _is_taken(slug.replace("-", "_")):
        slug = f"{slug}-api"
    return slug if slug[0].isalpha() else f"api-{slug}"


def derive_names(raw: Mapping[str, Any]) -> dict[str, str]:
    """The names of a client, those that were not given derived from those that were."""
    name: str = raw["name"]
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    package = raw.get("package")
    if package is None:
        package = "_".join(words).lower()
        package = package if package.isidentifier() else f"api_{package}"
        package = f"{package}_api" if _is_taken(package) else package
    short = list(words)
    while len(short) > 1 and short[-1].lower() in _GENERIC_WORDS:
        short.pop()
    client, prefix = raw.get("client"), raw.get("env_prefix")
    if client is None:
        client = "".join(word[:1].upper() + word[1:] for word in short)
        client = client if client[:1].isalpha() else f"Api{client}"
        client = (
            f"{client}Api" if hasattr(builtins, client) or keyword.iskeyword(client) else client
        )
        prefix = prefix if prefix is not None else "_".join(short).upper()
        prefix = prefix if prefix[:1].isalpha() else f"API_{prefix}"
    if prefix is None:
        prefix = str(client).upper().lstrip("_")
    return {"name": name, "package": package, "client": client, "env_prefix": prefix}


def name_problems(names: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the names of a client, by key."""
    found: dict[str, str] = {}
    name, package, client = names["name"], names["package"], names["client"]
    if len(name) > 200 or not _DISTRIBUTION.fullmatch(name):
        found["name"] = (
            f"{_shown(name)} is not a distribution name (letters, digits, and . _ - between them)"
        )
        return found  # the others are often derived from it
    if keyword.iskeyword(package):
        found["package"] = f"{_shown(package)} is a Python keyword, not a package name"
    elif not is_identifier(package) or len(package) > 100:
        hint = re.sub(r"\W+", "_", package, flags=re.ASCII).strip("_").lower()
        hint = f"; perhaps {hint!r}" if is_identifier(hint) and hint != package else ""
        found["package"] = f"{_shown(package)} is not a Python identifier{hint}"
    elif _is_taken(package):
        found["package"] = f"{package!r} would hide a module of that name that the client needs"
    if not is_identifier(client) or len(client) > 100:
        found["client"] = f"{_shown(client)} is not a Python class name"
    elif hasattr(builtins, client):
        found["client"] = f"{client!r} is a Python builtin"
    elif not client[0].isupper():
        better = client[0].upper() + client[1:]
        found["client"] = f"{client!r} must begin with a capital, as classes do: {better!r}"
    # Often derived from the class: one report for one mistake.
    if "client" not in found and not _ENVIRONMENT.fullmatch(names["env_prefix"]):
        shown = _shown(names["env_prefix"])
        found["env_prefix"] = f"{shown} is not the beginning of an environment variable (A-Z 0-9 _)"
    return found


def _is_taken(package: str) -> bool:
    """Whether a package cannot have this name, although it is an identifier."""
    is_library = package in sys.stdlib_module_names or package in _RUNTIME_LIBRARIES
    return is_library or keyword.iskeyword(package)


def is_identifier(text: str) -> bool:
    """Whether `text` is an ASCII identifier and no keyword."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")
