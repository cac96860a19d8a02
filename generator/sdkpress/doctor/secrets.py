"""Secrets in examples, defaults and descriptions: credentials that look as if they worked.

A finding never repeats what it found: it shows the first characters and the length.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding, Mend, Put, certain
from sdkpress.doctor.parts import child, text
from sdkpress.runtime.sensitive import is_sensitive
from sdkpress.trees import is_mapping, is_sequence

__all__ = ["CHECKS", "redacted"]

REDACTED = "REDACTED"
_KINDS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=\s]{40,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a JSON Web Token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")),
    ("a GitHub token", re.compile(r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b")),
    ("a GitHub token", re.compile(r"\bgithub_pat_[A-Za-z0-9_]{60,}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[0-9]{6,}-[A-Za-z0-9-]{12,}\b")),
    ("a Stripe key", re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}\b")),
    ("an API key", re.compile(r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}\b")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a webhook secret", re.compile(r"\bwhsec_[A-Za-z0-9+/=]{24,}")),
    ("a SendGrid key", re.compile(r"\bSG\.[\w-]{22}\.[\w-]{43}\b")),
    ("a URL with a password", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/:@]{3,}@[^\s/]+")),
)
_OBVIOUS = re.compile(
    r"example|sample|dummy|fake|placeholder|your|secret|redacted|changeme|password|xxx|\*\*\*|"
    r"1234567|abcdef|0{6}|foobar|user:pass|\.\.\.|<|>|\$\{",
    re.IGNORECASE,
)
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9+/=_.-]{20,512}")
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d+")
_TESTING = re.compile(r"test", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,128}")
_BARE_NAMES = frozenset("auth code cookie key pass pwd sig signature".split())
"""Sensitive in a request, but in an example as often a public key or the key of a map."""
_PAGING = re.compile(r"page|cursor|next|prev|continu|sync|total|max|min|count|limit|usage|num|type|_id$|id$",
                     re.IGNORECASE)  # fmt: skip
_LEAST_ENTROPY = 3.5
_MOST_DEPTH = 12


def redacted(value: str) -> str:
    """A secret for a message: how it begins, and how long it is."""
    return f"`{value[:4].replace('`', ' ')}…` ({len(value)} characters)"


def _in_examples(facts: Facts) -> Iterator[Finding]:
    seen: set[str] = set()
    for example in facts.survey.examples:
        name = ""
        owner = facts.survey.by_pointer.get(example.schema_pointer)
        if example.kind == "schema" and owner is not None:
            name = owner.name
        elif example.kind == "parameter":
            name = _parameter_name(facts, example.pointer)
        for pointer, kind, value in _secrets(example.value, example.pointer, name, 0):
            if pointer not in seen:
                seen.add(pointer)
                yield Finding(
                    "secret-in-example",
                    pointer,
                    f"The example holds what looks like {kind}: {redacted(value)}.",
                    _mend(pointer),
                )
    for schema in facts.survey.schemas:
        default = schema.node.get("default")
        if isinstance(default, str):
            pointer = child(schema.pointer, "default")
            for _, kind, found in _secrets(default, pointer, schema.name, 0):
                yield Finding(
                    "secret-in-example",
                    pointer,
                    f"The default of {quoted(schema.name)} looks like {kind}: {redacted(found)}.",
                    _mend(pointer),
                )


def _parameter_name(facts: Facts, pointer: str) -> str:
    for parameter in facts.survey.parameters:
        if pointer.startswith(f"{parameter.pointer}/"):
            return parameter.name
    return ""


def _mend(pointer: str) -> Mend | None:
    above, _, last = pointer.rpartition("/")
    if last.isdecimal():
        return None  # an item of an array has no name to be set by
    name = last.replace("~1", "/").replace("~0", "~")
    return certain(
        "An example shows the form of a credential as well without one that looks real.",
        Put(above, name, REDACTED, True),
    )


def _secrets(value: Any, pointer: str, name: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if depth > _MOST_DEPTH:
        return
    if is_mapping(value):
        for key, item in value.items():
            yield from _secrets(item, child(pointer, key), str(key), depth + 1)
    elif is_sequence(value):
        for index, item in enumerate(value):
            yield from _secrets(item, child(pointer, index), name, depth + 1)
    elif isinstance(value, str) and len(value) >= 16:
        for kind, form in _KINDS:
            found = form.search(value)
            if found and not _OBVIOUS.search(found[0]):
                yield pointer, kind, found[0]
                return
        if _looks_secret(name, value):
            yield pointer, "a credential", value


def _looks_secret(name: str, value: str) -> bool:
    if not name or not is_sensitive(name) or _PAGING.search(name) or "public" in name.lower():
        return False
    bare = value.partition(" ")[2] if value.lower().startswith(("bearer ", "basic ")) else value
    if not _PLAIN_VALUE.fullmatch(bare) or _IDENTIFIER.fullmatch(bare) or _OBVIOUS.search(bare):
        return False
    if _TESTING.search(bare):
        return False
    if name.lower() in _BARE_NAMES and not _HEXADECIMAL.fullmatch(bare):
        return False
    has_both = bool(re.search(r"[A-Za-z]", bare)) and bool(re.search(r"\d", bare))
    return has_both and _entropy(bare) >= _LEAST_ENTROPY


def _entropy(value: str) -> float:
    """Shannon's, in bits per character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def _in_descriptions(facts: Facts) -> Iterator[Finding]:
    places = [(item.pointer, item.node) for item in facts.survey.operations]
    places += [(item.pointer, item.node) for item in facts.survey.parameters]
    places += [(item.pointer, item.node) for item in facts.survey.schemas]
    for pointer, node in places:
        described = text(node.get("description"))
        for kind, form in _KINDS if len(described) >= 16 else ():
            found = form.search(described)
            if found and not _OBVIOUS.search(found[0]):
                yield Finding(
                    "secret-in-example",
                    child(pointer, "description"),
                    f"The description holds what looks like {kind}: {redacted(found[0])}.",
                )
                break


CHECKS = (_in_examples, _in_descriptions)
