"""View of what indexes show about the distribution: from the configuration, else the document.

The document is not trusted: a name, an address or a link that metadata cannot carry is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sdkpress.config import ClientConfig
from sdkpress.model import Api
from sdkpress.package_metadata import LICENSES_WITH_TEXT, Person, is_email, is_link
from sdkpress.text import one_line

__all__ = ["MetadataView", "metadata_view"]

_MOST_KEYWORDS = 12
# Said of every API, so that they tell none from another.
_COMMON_WORDS = frozenset(
    (
        *("and", "api", "apis", "by", "client", "definition", "document", "documentation", "for"),
        *("from", "http", "https", "in", "interface", "json", "of", "official", "on", "openapi"),
        *("or", "our", "public", "reference", "rest", "restful", "sdk", "server", "service"),
        *("services", "spec", "specification", "swagger", "the", "this", "to", "v", "version"),
        *("via", "web", "with", "yaml", "your"),
    )
)
_NUMBERED = re.compile(r"\d{4}")  # dates and serial numbers: nobody looks for them
_ALWAYS = (
    "Intended Audience :: Developers",
    "Operating System :: OS Independent",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3 :: Only",
    "Programming Language :: Python :: 3.11",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.13",
    "Typing :: Typed",
)


@dataclass(frozen=True, slots=True)
class MetadataView:
    """Plain values, to be quoted as TOML; people as name and address, links as label and address."""

    authors: tuple[Person, ...]
    maintainers: tuple[Person, ...]
    urls: tuple[tuple[str, str], ...]
    keywords: tuple[str, ...]
    classifiers: tuple[str, ...]
    metadata_version: str
    license_text: str
    license_template: str
    """The template of the licence's text, "" where there is none."""
    holders: str
    """Who holds the copyright, for the licence."""


def metadata_view(api: Api, config: ClientConfig) -> MetadataView:
    """The view; `authors` is never empty."""
    given = config.metadata
    authors = given.authors if given.authors else _contact(api, config.name)
    named = [person.name for person in given.authors or () if person.name]
    has_text = config.license in LICENSES_WITH_TEXT and not given.license_text
    return MetadataView(
        authors=authors,
        maintainers=given.maintainers,
        urls=_urls(api, given.urls),
        keywords=_keywords(api) if given.keywords is None else given.keywords,
        classifiers=_classifiers(config.version, given.classifiers),
        metadata_version=given.metadata_version,
        license_text=given.license_text,
        license_template=f"project/licenses/{config.license}.jinja" if has_text else "",
        holders=", ".join(named) or f"the authors of {config.name}",
    )


def _contact(api: Api, distribution: str) -> tuple[Person, ...]:
    name = "".join(" " if letter in ',;<>@"\\' else letter for letter in api.about.contact_name)
    name = one_line(name)[:100].strip()
    name = name if any(map(str.isalnum, name)) else ""
    email = api.about.contact_email.strip()
    if not is_email(email):
        return (Person(name or f"the authors of {distribution}"),)
    return (Person(name or f"the authors of {distribution}", email),)


def _urls(api: Api, given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The document's links behind those of the configuration; of one address the first label."""
    contact = api.contact_url.strip()
    label = "Homepage" if _is_top(contact) else "Support"
    found = dict(given)
    taken = {_known(label) for label in found}
    for name, link in (
        (label, contact),
        ("Documentation", api.about.guides_url.strip()),
        ("Terms of Service", api.about.terms_url.strip()),
    ):
        if is_link(link) and _known(name) not in taken and link not in found.values():
            found[name] = link
    return tuple(found.items())


def _known(label: str) -> str:
    """A label as indexes compare it (PEP 753)."""
    return re.sub(r"[^a-z0-9]", "", label.lower())


def _is_top(url: str) -> bool:
    """Whether an address is the front page of a site, and not a page to ask for help."""
    if not is_link(url):
        return False
    parts = urlsplit(url)
    host = (parts.hostname or "").split(".")[0]
    words = ("contact", "forum", "help", "helpdesk", "support", "community")
    return parts.path in ("", "/") and not parts.query and host not in words


def _keywords(api: Api) -> tuple[str, ...]:
    """What the title says and the first tags, in lower case."""
    tags = [tag.name for tag in api.about.tags]
    tags += [name for operation in api.operations for name in operation.tags]
    found: list[str] = ["api", "client", "openapi", *_words(api.title)[:5]]
    for tag in tags:
        word = " ".join(re.findall(r"\w+", one_line(tag).lower()))
        if len(set(found)) >= _MOST_KEYWORDS:
            break
        if 2 < len(word) <= 30 and word not in _COMMON_WORDS and not _NUMBERED.search(word):
            found.append(word)
    return tuple(sorted(set(found)))


def _words(title: str) -> list[str]:
    words = re.findall(r"\w+", one_line(title).lower())
    return [word for word in words if 2 < len(word) <= 24 and word not in _COMMON_WORDS]


def _classifiers(version: str, given: Iterable[str]) -> tuple[str, ...]:
    found = {*_ALWAYS, *given}
    if not any(item.startswith("Development Status ::") for item in found):
        found.add(f"Development Status :: {_status(version)}")
    return tuple(sorted(found))


def _status(version: str) -> str:
    """How far a version has come, in the words of the index (PEP 440, phases of a release)."""
    plain = version.lower().removeprefix("v").partition("+")[0].rpartition("!")[2]
    if "dev" in plain:
        return "2 - Pre-Alpha"
    phase = re.fullmatch(r"[0-9.]+[-_.]?(alpha|beta|preview|pre|rc|a|b|c)?.*", plain)
    found = phase[1] if phase else None
    if found in ("a", "alpha"):
        return "3 - Alpha"
    major = re.match(r"\d+", plain)
    if found or major is None or int(major[0]) == 0:
        return "4 - Beta"
    return "5 - Production/Stable"
