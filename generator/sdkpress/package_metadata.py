"""What indexes show about a distribution: licence, people, links, keywords, classifiers.

The reader of these keys of the configuration, and the rules that every such value must keep,
wherever it comes from (PEP 621, 639 and 753; core metadata 2.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from sdkpress.text import one_line

__all__ = [
    "LICENSES_WITH_TEXT",
    "METADATA_KEYS",
    "Metadata",
    "Person",
    "is_email",
    "is_link",
    "license_problem",
    "read_metadata",
]

METADATA_KEYS = (
    "license_file",
    "authors",
    "maintainers",
    "urls",
    "keywords",
    "classifiers",
    "metadata_version",
)
LICENSES_WITH_TEXT = frozenset(("MIT", "Apache-2.0", "BSD-3-Clause", "ISC"))
"""The licences whose text the generator has (templates/project/LICENSE.jinja)."""

_VERSIONS = ("2.4", "2.5")
_LONGEST_LABEL = 32  # of a link: core metadata, Project-URL
_LONGEST_TEXT = 500_000
_MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
# RFC 3986 with a registered name or an IPv4 address for a host: path, query, fragment.
_CHARACTER = r"(?:[A-Za-z0-9._~:/@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_LINK = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?"
    rf"(?:/{_CHARACTER}*)?(?:\?(?:{_CHARACTER}|\?)*)?(?:\#(?:{_CHARACTER}|\?)*)?"
)
_CLASSIFIER_PART = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?")

Report = Callable[[Sequence[str], str], None]
"""Says that something is wrong with the value below a path of keys."""


@dataclass(frozen=True, slots=True)
class Person:
    """An author or maintainer; one of the two may be empty."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the configuration says; None is for what the document is asked about then."""

    authors: tuple[Person, ...] | None = None
    maintainers: tuple[Person, ...] = ()
    urls: tuple[tuple[str, str], ...] = ()
    keywords: tuple[str, ...] | None = None
    classifiers: tuple[str, ...] = ()
    metadata_version: str = "2.4"
    license_text: str = ""

    def options(self) -> dict[str, Any]:
        """What differs from the defaults, JSON-ready: a part of the configuration's digest."""
        found: dict[str, Any] = {
            "authors": None if self.authors is None else _people(self.authors),
            "maintainers": _people(self.maintainers),
            "urls": [list(item) for item in self.urls],
            "keywords": None if self.keywords is None else list(self.keywords),
            "classifiers": list(self.classifiers),
            "license_text": self.license_text,
        }
        if self.metadata_version != "2.4":
            found["metadata_version"] = self.metadata_version
        return {key: value for key, value in found.items() if value not in (None, [], "")}


def read_metadata(raw: Mapping[str, Any], folder: Path, report: Report) -> Metadata:
    """The keys of `METADATA_KEYS`; `folder` is where `license_file` starts from."""
    keywords = _strings(raw, "keywords", _is_keyword, "words without commas, 40 letters", report)
    classifiers = _strings(
        raw, "classifiers", _is_classifier, "classifiers such as `Topic :: Internet`", report
    )
    for item in classifiers or ():
        if item.startswith("License ::"):
            report(("classifiers",), f"`classifiers`: {item!r}: `license` says it (PEP 639)")
    version = raw.get("metadata_version", "2.4")
    if version not in _VERSIONS:
        report(("metadata_version",), '`metadata_version` must be "2.4" or "2.5"')
    return Metadata(
        authors=_read_people(raw, "authors", report) if "authors" in raw else None,
        maintainers=_read_people(raw, "maintainers", report),
        urls=_read_urls(raw.get("urls", {}), report),
        keywords=keywords,
        classifiers=classifiers or (),
        metadata_version=version if version in _VERSIONS else "2.4",
        license_text=(
            _read_license(raw["license_file"], folder, report) if "license_file" in raw else ""
        ),
    )


def license_problem(expression: str) -> str:
    """What is wrong with an SPDX licence expression, "" where it is one."""
    if expression in LICENSES_WITH_TEXT:
        return ""
    from packaging.licenses import (  # tables of some thousand entries
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    try:
        canonical = canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return "is not an SPDX expression such as MIT, Apache-2.0 or LicenseRef-Proprietary"
    return "" if canonical == expression else f"is written {canonical!r} in SPDX"


def is_email(text: str) -> bool:
    """Whether metadata can carry the address: ASCII, `local.part@host.domain`."""
    return len(text) <= 254 and _MAIL.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """Whether the address is one to show: http or https, a host, no name and password in it."""
    if len(text) > 500 or not _LINK.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and ".." not in parts.netloc and (parts.port or 1) < 65536
    except ValueError:
        return False


def _people(people: Sequence[Person]) -> list[list[str]]:
    return [[person.name, person.email] for person in people]


def _strings(
    raw: Mapping[str, Any], key: str, accepts: Callable[[str], bool], what: str, report: Report
) -> tuple[str, ...] | None:
    if key not in raw:
        return None
    value = raw[key]
    items = cast("Sequence[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) and accepts(item) for item in items):
        report((key,), f"`{key}` must be an array of {what}")
        return None
    return tuple(dict.fromkeys(items))


def _is_keyword(text: str) -> bool:
    return 0 < len(text) <= 40 and text == one_line(text) and "," not in text


def _is_classifier(text: str) -> bool:
    parts = text.split(" :: ")
    is_plain = len(text) <= 200 and text[:1].isalpha() and text == one_line(text)
    return is_plain and len(parts) > 1 and all(map(_CLASSIFIER_PART.fullmatch, parts))


def _read_people(raw: Mapping[str, Any], key: str, report: Report) -> tuple[Person, ...]:
    value = raw.get(key, [])
    wrong = f'`{key}` must be an array of tables: [{{name = "…", email = "…"}}]'
    if not isinstance(value, list):
        report((key,), wrong)
        return ()
    found: list[Person] = []
    for item in cast("list[Any]", value):
        told = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        name, email = told.get("name", ""), told.get("email", "")
        if not told or not set(told) <= {"name", "email"}:
            report((key,), wrong)
        elif not isinstance(name, str) or not _is_name(name):
            report((key,), f"`{key}`: {name!r} is no name (one line, without , < > @ and quotes)")
        elif not isinstance(email, str) or (email and not is_email(email)):
            report((key,), f"`{key}`: {email!r} is not an e-mail address")
        elif not name and not email:
            report((key,), wrong)
        else:
            found.append(Person(name, email))
    return tuple(found)


def _is_name(text: str) -> bool:
    return len(text) <= 100 and text == one_line(text) and not set(text) & set(',<>@"\\')


def _read_urls(value: Any, report: Report) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        report(("urls",), "`urls` must be a table of links by label")
        return ()
    found: list[tuple[str, str]] = []
    for label, link in cast("dict[str, Any]", value).items():
        if len(label) > _LONGEST_LABEL or not _LABEL.fullmatch(label):
            report(("urls", label), f"`urls`: {label!r} is no label of up to 32 plain letters")
        elif not isinstance(link, str) or not is_link(link):
            report(("urls", label), f"`urls`: {link!r} is not an http or https address")
        else:
            found.append((label, link))
    return tuple(found)


def _read_license(value: Any, folder: Path, report: Report) -> str:
    if not isinstance(value, str) or not value:
        report(("license_file",), "`license_file` must be a file name")
        return ""
    try:
        text = (folder / value).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        report(("license_file",), f"`license_file`: {value!r} cannot be read: {reason}")
        return ""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").strip("\n")
    plain = text.replace("\n", "").replace("\t", "").isprintable()
    if len(text) > _LONGEST_TEXT or not plain or not text.strip():
        report(("license_file",), f"`license_file`: {value!r} is not the text of a licence")
        return ""
    return text
