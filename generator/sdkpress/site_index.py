"""What a documentation site says about where its documents are.

An index (`llms.txt`, https://llmstxt.org) is Markdown whose list items link to pages. A page in
HTML names its document in the markup of its viewer. Only addresses are taken from either: text
that speaks to a reader or to a program is data, and is never followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import islice
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from sdkpress.pages import outside_blocks
from sdkpress.source_text import decode

__all__ = [
    "NamedDocuments",
    "index_links",
    "is_index",
    "markdown_twin",
    "named_documents",
    "script_documents",
]

_ITEM = re.compile(r"\s{0,8}(?:[-*+]|\d{1,4}[.)])\s+(.*)")
# The bracket at the end, behind a title, tells a link from one that was cut off.
_LINK = re.compile(
    r"\]\(\s*(?>(?:<([^<>\s]+)>|([^\s()<>]+(?:\([^\s()]*\)[^\s()]*)*)))(?=[^\n]{0,500}\))"
)
_READ_SUFFIXES = frozenset(
    ("", ".md", ".mdx", ".markdown", ".txt", ".yaml", ".yml", ".json", ".html", ".htm")
)


def is_index(address: str) -> bool:
    """Whether a URL or path names a site's index: its last part is `llms.txt`."""
    path = urlsplit(address).path if "://" in address else address.replace("\\", "/")
    return path.rpartition("/")[2].lower() == "llms.txt"


def index_links(data: bytes, address: str) -> tuple[str, ...]:
    """The addresses that the list items of an index link to, absolute, each once, in its order.

    What cannot be a page or a document (images, archives, other indexes) is left out. Raises
    `SdkpressError` (invalid-encoding).
    """
    decode(data, address)
    found: dict[str, None] = {}
    for line in outside_blocks(data):
        item = _ITEM.match(line.decode("utf-8", "replace"))
        link = _LINK.search(item[1]) if item else None
        if link is None:
            continue
        target = _absolute(address, link[1] or link[2])
        if target and not is_index(target) and _suffix(target) in _READ_SUFFIXES:
            found.setdefault(target)
    found.pop(address, None)
    return tuple(found)


def _absolute(base: str, target: str) -> str:
    """`target` as `base` means it, without fragment; "" for what is no http or https address."""
    try:
        joined = urldefrag(urljoin(base, target.strip()))[0]
        is_web = urlsplit(joined).scheme.lower() in ("http", "https")
    except ValueError:
        return ""
    return joined if is_web else ""


def _suffix(address: str) -> str:
    name = urlsplit(address).path.rpartition("/")[2]
    _, dot, suffix = name.rpartition(".")
    # "v1.2" and "chat.completions" are names of pages.
    return f".{suffix.lower()}" if dot and re.fullmatch(r"[A-Za-z]{2,8}", suffix) else ""


def markdown_twin(address: str) -> str:
    """Where documentation systems serve the Markdown of a page: its path with `.md`; "" where the
    address has a suffix of its own."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    if not path or _suffix(address) not in ("", ".html", ".htm"):
        return ""
    path = re.sub(r"\.html?$", "", path, flags=re.IGNORECASE)
    return urlunsplit((parts.scheme, parts.netloc, f"{path}.md", parts.query, ""))


# ---------------------------------------------------------------- pages in HTML


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """What the markup of a page names, absolute, each once: documents, and scripts of a viewer in
    which it is set up."""

    documents: tuple[str, ...]
    scripts: tuple[str, ...] = ()


# Elements of viewers (Redoc, RapiDoc, Stoplight Elements, Scalar, Swagger UI) and the attribute
# that has the document's address.
_ATTRIBUTES = ("spec-url", "data-spec-url", "apidescriptionurl", "data-url")
_ELEMENTS = frozenset(
    ("redoc", "rapi-doc", "rapi-doc-mini", "elements-api", "api-reference", "openapi-explorer")
)
_NAMING = _ELEMENTS | {"base", "link", "script"}
_MAX_SCRIPTS = 200
_STRING = r"""(?:"([^"\\\s<>]{1,2000})"|'([^'\\\s<>]{1,2000})')"""
_SETUPS = re.compile(
    r"SwaggerUIBundle\s*\(|SwaggerUI\s*\(|Redoc\.init\s*\(|createApiReference\s*\(", re.ASCII
)
_FIRST_ARGUMENT = re.compile(rf"Redoc\.init\s*\(\s*{_STRING}")
_URL_KEY = re.compile(rf"""(?<![\w$."'-])["']?(?:url|specUrl)["']?\s*:\s*{_STRING}""")
_INITIALIZER = re.compile(r"(?:^|/)swagger-initializer\.js$", re.IGNORECASE)
_SETUP_WINDOW = 20_000
_MAX_SETUPS = 10


def named_documents(data: bytes, address: str) -> NamedDocuments:
    """What a page in HTML names as its OpenAPI document; `address` is the page's own."""
    markup = _read_markup(data.decode("utf-8", "replace"))
    base = _absolute(address, markup.base) or address if markup.base else address
    documents = [*markup.documents]
    for script in markup.scripts:
        documents += _set_up(script)
    found = [_absolute(base, target) for target in documents]
    scripts = [_absolute(base, target) for target in markup.sources if _INITIALIZER.search(target)]
    return NamedDocuments(
        tuple(dict.fromkeys(filter(None, found))), tuple(dict.fromkeys(filter(None, scripts)))
    )


def script_documents(data: bytes, address: str) -> tuple[str, ...]:
    """What the script that sets up a viewer names; `address` is that of the page it is part of."""
    targets = _set_up(data.decode("utf-8", "replace"))
    return tuple(dict.fromkeys(filter(None, (_absolute(address, target) for target in targets))))


def _set_up(script: str) -> list[str]:
    found: list[str] = []
    for setup in islice(_SETUPS.finditer(script), _MAX_SETUPS):
        window = script[setup.start() : setup.start() + _SETUP_WINDOW]
        first = _FIRST_ARGUMENT.match(window)
        strings = [first] if first else list(_URL_KEY.finditer(window))
        found += [string[1] or string[2] for string in strings]
    return found


@dataclass(frozen=True, slots=True)
class _Markup:
    """What the markup of a page names; its text is passed over."""

    base: str
    documents: tuple[str, ...]
    sources: tuple[str, ...]
    scripts: tuple[str, ...]


# A parser of all of HTML would do, but the standard library's takes minutes for hostile pages; these
# patterns stop at the next bracket, so that their time is linear.
_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]{0,40})((?:\s|/)[^<>]*)?>")
_ATTRIBUTE = re.compile(
    r"""([A-Za-z][\w:-]{0,60})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
)


def _read_markup(text: str) -> _Markup:
    base = ""
    documents: list[str] = []
    sources: list[str] = []
    scripts: list[str] = []
    text = _without_comments(text)
    lowered = text.lower() if text.isascii() else re.sub("</script", "</script", text, flags=re.I)
    position = 0
    while tag := _TAG.search(text, position):
        position = tag.end()
        name = tag[1].lower()
        values = _attributes(tag[2] or "") if name in _NAMING else {}
        if name == "base":
            base = base or values.get("href", "")
        elif name == "link" and "service-desc" in values.get("rel", "").lower().split():
            documents.append(values.get("href", ""))
        elif name == "script":
            end = lowered.find("</script", position) if len(scripts) < _MAX_SCRIPTS else -1
            end = len(text) if end < 0 else end
            scripts.append(text[position:end])
            position = end
            sources.append(values.get("src", ""))
            if values.get("id") == "api-reference":
                documents.append(values.get("data-url", ""))
        elif name in _ELEMENTS:
            documents += [values[key] for key in _ATTRIBUTES if key in values]
    return _Markup(
        base, tuple(filter(None, documents)), tuple(filter(None, sources)), tuple(scripts)
    )


def _without_comments(text: str) -> str:
    parts: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        parts.append(text[position:start])
        end = text.find("-->", start + 4)
        if end < 0:
            return "".join(parts)
        position = end + 3
    return "".join([*parts, text[position:]])


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(text):
        value = attribute[2] or attribute[3] or attribute[4] or ""
        found.setdefault(attribute[1].lower(), unescape(value).strip())
    return found
