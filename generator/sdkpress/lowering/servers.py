"""Server Objects: where the API is."""

from __future__ import annotations

import re

from sdkpress.lowering.source import as_dict, as_list, as_text
from sdkpress.model import Server, ServerVariable

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def lower_server_list(value: object) -> tuple[Server, ...]:
    """A `servers` list; a placeholder that no variable declares becomes one without a default."""
    found: dict[str, Server] = {}
    for item in as_list(value):
        node = as_dict(item)
        url = as_text(node.get("url")).strip()
        if not url or url in found:
            continue
        declared = as_dict(node.get("variables"))
        found[url] = Server(
            url,
            as_text(node.get("name")),
            as_text(node.get("description")),
            tuple(
                _variable(name, as_dict(declared.get(name)))
                for name in dict.fromkeys(_PLACEHOLDER.findall(url))
            ),
        )
    return tuple(found.values())


def lower_servers(value: object, kept: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Server URLs with the defaults of their variables filled in, but for the `kept` ones."""
    return tuple(dict.fromkeys(_filled(server, kept) for server in lower_server_list(value)))


def variable_names(value: object) -> frozenset[str]:
    """The placeholders of a `servers` list."""
    return frozenset(item.name for server in lower_server_list(value) for item in server.variables)


def _filled(server: Server, kept: frozenset[str]) -> str:
    url = server.url
    for variable in server.variables:
        if variable.name not in kept:
            url = url.replace("{" + variable.name + "}", variable.default)
    return url


def _variable(name: str, node: dict[str, object]) -> ServerVariable:
    values = tuple(str(item) for item in as_list(node.get("enum")) if item is not None)
    default = node.get("default", values[0] if values else "")
    return ServerVariable(name, str(default), values, as_text(node.get("description")))
