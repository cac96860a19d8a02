"""What readers learn about the API itself: README and the topics of the reference."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkpress.model import Api, Tag
from sdkpress.naming import Names, operation_key
from sdkpress.text import markdown, one_line

_URL = re.compile(r"https?://[^\s<>\"'`\\]+")
_LONGEST = 1200


@dataclass(frozen=True, slots=True)
class TopicView:
    """A tag with its operations; `depth` is 0 for one without a parent."""

    title: str
    depth: int
    text: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AboutView:
    """Markdown, ready to print."""

    description: str
    facts: tuple[str, ...]
    topics: tuple[TopicView, ...]


def about_view(api: Api, names: Names) -> AboutView:
    """The view; everything in it is escaped."""
    about = api.about
    facts: list[str] = []
    if about.guides_url or about.guides_text:
        facts.append(f"Documentation: {_linked(about.guides_text, about.guides_url)}")
    if about.terms_url:
        facts.append(f"Terms of service: {_linked('', about.terms_url)}")
    contact = [about.contact_name, about.contact_email]
    if any((*contact, api.contact_url)):
        words = ", ".join(markdown(item) for item in contact if item)
        where = _linked("", api.contact_url) if api.contact_url else ""
        facts.append("Contact: " + ", ".join(item for item in (words, where) if item))
    if api.license_name or about.license_identifier or about.license_url:
        names_of = dict.fromkeys(
            item for item in (api.license_name, about.license_identifier) if item
        )
        facts.append(f"Licence of the API: {_linked(', '.join(names_of), about.license_url)}")
    version = f"version {markdown(api.version)}" if api.version else ""
    where = _linked("", about.document_url) if about.document_url else ""
    if version or where:
        facts.append("Document: " + ", ".join(item for item in (version, where) if item))
    return AboutView(_shortened(api.docs.description), tuple(facts), _topics(api, names))


def _topics(api: Api, names: Names) -> tuple[TopicView, ...]:
    tags = {tag.name: tag for tag in api.about.tags if tag.name}
    if not tags:
        return ()
    operations: dict[str, list[str]] = {}
    for operation in api.operations:
        dotted = names.operations[operation_key(operation)].dotted()
        for name in dict.fromkeys(operation.tags):
            operations.setdefault(name, []).append(dotted)
    children: dict[str, list[Tag]] = {}
    for tag in tags.values():
        parent = tag.parent if tag.parent in tags and tag.parent != tag.name else ""
        children.setdefault(parent, []).append(tag)
    found: list[TopicView] = []
    seen: set[str] = set()
    # A parent that is its own descendant is reached from nowhere and starts a tree itself.
    work = [(tag, 0) for tag in reversed([*children.get("", []), *tags.values()])]
    while work:
        tag, depth = work.pop()
        if tag.name in seen:
            continue
        seen.add(tag.name)
        found.append(_topic(tag, depth, tuple(sorted(operations.get(tag.name, [])))))
        work += [(child, depth + 1) for child in reversed(children.get(tag.name, []))]
    return tuple(item for item in found if item.text or item.operations)


def _topic(tag: Tag, depth: int, operations: tuple[str, ...]) -> TopicView:
    title = f"**{markdown(tag.summary or tag.name)}**"
    if tag.kind:
        title += f" ({markdown(tag.kind)})"
    texts = [_shortened(tag.description)]
    if tag.guides_url or tag.guides_text:
        texts.append(_linked(tag.guides_text, tag.guides_url))
    return TopicView(title, depth, " ".join(item for item in texts if item), operations)


def _shortened(text: str) -> str:
    """A text as one escaped paragraph, cut between words where it is long."""
    line = one_line(text)
    if len(line) > _LONGEST:
        line = line[:_LONGEST].rpartition(" ")[0] + " …"
    return markdown(line)


def _linked(text: str, url: str) -> str:
    """A link where the address is one that a browser opens, else both as plain text."""
    plain = one_line(url)
    if _URL.fullmatch(plain):
        return f"{markdown(text)}, <{plain}>" if text else f"<{plain}>"
    return ", ".join(markdown(item) for item in (text, url) if item)
