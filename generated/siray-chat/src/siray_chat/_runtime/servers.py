"""Where requests go: the document's servers, their variables, and what the user says instead.

A base URL that the user gives (argument or environment) goes before every server of the document,
those of single operations included: whoever points a client at a test server means all of it. Only
an operation whose server is a path (`/v2`) still changes that part, where the base URL ends with
the path that the document itself has (`/v1`).
"""

from __future__ import annotations

from .errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def fill(url: str, defaults: Mapping[str, str], given: Mapping[str, str]) -> str:
    """A server's URL with its placeholders replaced. Raises ConfigurationError."""
    if "{" not in url:
        return url
    text, _, rest = url.partition("{")
    while rest:
        name, _, rest = rest.partition("}")
        value = given.get(name) or defaults.get(name)
        if not value:
            raise ConfigurationError(
                f"the server {url} needs a value for {name!r}: "
                f"pass server_variables={{{name!r}: ...}} or base_url=..."
            )
        before, _, rest = rest.partition("{")
        text += value + before
    return text


def check_variables(defaults: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Refuse variables that no server has. Raises ConfigurationError."""
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        known = ", ".join(defaults) or "none"
        raise ConfigurationError(f"unknown server variables: {', '.join(unknown)}; known: {known}")


def path_of(url: str) -> str:
    """The path of a server: `https://api.example.com/v1/` -> `/v1`; a path alone is one."""
    _, scheme, rest = url.partition("://")
    if not scheme and not url.startswith("//"):
        path = url.lstrip(".").strip("/")
    else:
        path = (rest or url.lstrip("/")).partition("/")[2].strip("/")
    return f"/{path}" if path else ""


def operation_base(server: str, base_url: str, *, is_given: bool, document_path: str) -> str:
    """The base of an operation that has a server of its own."""
    if "://" in server or server.startswith("//"):
        if is_given:
            return base_url
        return f"https:{server}" if server.startswith("//") else server
    base, question, query = base_url.partition("?")
    base = base.rstrip("/")
    if base.endswith(document_path):
        return base[: len(base) - len(document_path)] + path_of(server) + question + query
    return base_url
