"""Security Schemes, Security Requirements and servers."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child, docs_of
from sdkpress.model import SecurityScheme


def lower_security_schemes(source: Source) -> tuple[SecurityScheme, ...]:
    """`components.securitySchemes` in document order."""
    listed = as_dict(as_dict(source.tree.get("components")).get("securitySchemes"))
    found: list[SecurityScheme] = []
    for name, value in listed.items():
        pointer = child("/components/securitySchemes", name)
        node, place = source.resolve(value, pointer)
        scheme = _scheme(name, node)
        if scheme is None:
            source.report(
                "unsupported-security-scheme",
                f"security scheme {name!r} is of no known type; requests go without it",
                place,
            )
            continue
        found.append(scheme)
    return tuple(found)


def _scheme(name: str, node: dict[str, Any]) -> SecurityScheme | None:
    docs = docs_of(node)
    match as_text(node.get("type")).lower():
        case "apikey":
            location = as_text(node.get("in")) or "header"
            parameter = as_text(node.get("name"))
            if not parameter or location not in ("header", "query", "cookie"):
                return None
            return SecurityScheme(name, "apiKey", location, parameter, docs=docs)
        case "http":
            scheme = as_text(node.get("scheme")).lower()
            kind = scheme if scheme in ("bearer", "basic") else "http"
            return SecurityScheme(name, kind, scheme=scheme, docs=docs)
        case "oauth2":
            flow = as_dict(as_dict(node.get("flows")).get("clientCredentials"))
            return SecurityScheme(
                name, "oauth2", token_url=as_text(flow.get("tokenUrl")), docs=docs
            )
        case "openidconnect":
            return SecurityScheme(name, "openIdConnect", docs=docs)
        case "mutualtls":
            return SecurityScheme(name, "mutualTLS", docs=docs)
        case _:
            return None


def lower_requirements(
    source: Source, value: object, pointer: str, schemes: frozenset[str]
) -> tuple[tuple[str, ...], ...]:
    """A `security` list: an OR of ANDs of scheme names; `()` asks for nothing.

    An empty requirement (`{}`) stays as an empty alternative: credentials are optional.
    """
    alternatives: list[tuple[str, ...]] = []
    for index, item in enumerate(as_list(value)):
        names = tuple(as_dict(item))
        for name in names:
            if name not in schemes:
                source.report(
                    "unknown-security-scheme",
                    f"the document has no security scheme called {name!r}",
                    child(pointer, index, name),
                )
        alternative = tuple(name for name in names if name in schemes)
        if (alternative or not names) and alternative not in alternatives:
            alternatives.append(alternative)
    return tuple(alternatives) if any(alternatives) else ()


def lower_servers(value: object) -> tuple[str, ...]:
    """Server URLs with the defaults of their variables filled in; relative ones are kept."""
    urls: list[str] = []
    for item in as_list(value):
        node = as_dict(item)
        url = as_text(node.get("url"))
        for name, variable in as_dict(node.get("variables")).items():
            declared = as_dict(variable)
            listed = as_list(declared.get("enum"))
            default = declared.get("default", listed[0] if listed else "")
            url = url.replace("{" + name + "}", str(default))
        if url and url not in urls:
            urls.append(url)
    return tuple(urls)
