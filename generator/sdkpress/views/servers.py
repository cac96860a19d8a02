"""Views of the servers: what the client knows of them, and what its users may choose."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkpress.model import Api, ServerVariable
from sdkpress.text import literal, one_line, paragraphs

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ServersView:
    """Servers as they are written; `variables` are pairs of a name and the type of its value."""

    urls: str
    has_any: bool
    path: str
    defaults: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]
    docs: tuple[tuple[str, str], ...]
    """Pairs of an indentation and a text: lines that say which servers and variables there are."""


def servers_view(api: Api) -> ServersView:
    """The servers of the document; those without a host cannot be sent to, but have a path."""
    listed = [
        f"https:{server.url}" if server.url.startswith("//") else server.url
        for server in api.server_list
    ]
    urls = [url for url in listed if "://" in url]
    variables: dict[str, ServerVariable] = {}
    for server in api.server_list:
        for item in server.variables:
            variables.setdefault(item.name, item)
    inner = ", ".join(literal(url) for url in urls)
    docs: list[tuple[str, str]] = []
    if len(urls) > 1:
        docs.append(("", "Servers, for base_url (the first one is the default):"))
        for server in [item for item in api.server_list if "//" in item.url][:_SHOWN]:
            docs += _entry(server.url, server.name, server.description)
        if len(urls) > _SHOWN:
            docs.append(("    ", f"and {len(urls) - _SHOWN} more"))
    if variables:
        if docs:
            docs.append(("", ""))
        docs.append(("", "Server variables:"))
        for item in variables.values():
            choice = f"one of {', '.join(item.values)}" if item.values else ""
            default = f"{item.default} by default" if item.default else "no default"
            said = ", ".join(part for part in (choice, default) if part)
            docs += _entry(item.name, said, item.description)
    return ServersView(
        urls=f"({inner},)" if len(urls) == 1 else f"({inner})",
        has_any=bool(urls),
        path=_path(listed[0]) if listed else "",
        defaults=tuple((item.name, item.default) for item in variables.values()),
        variables=tuple((item.name, _annotation(item)) for item in variables.values()),
        docs=tuple(docs),
    )


def _entry(name: str, *texts: str) -> list[tuple[str, str]]:
    said = one_line(". ".join(text.strip().rstrip(".") for text in texts if text.strip()))
    lines = paragraphs(f"{one_line(name)}: {said}." if said else one_line(name), 86)
    return [("    " if n == 0 else "        ", line) for n, line in enumerate(lines)]


def _path(url: str) -> str:
    """The path of a server, `""` for the root."""
    path = re.sub(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/]*", "", url).lstrip(".").strip("/")
    return f"/{path}" if path else ""


def _annotation(variable: ServerVariable) -> str:
    if not variable.values:
        return "str"
    return f"Literal[{', '.join(map(literal, variable.values))}] | str"
