"""Security Schemes, Security Requirements and servers."""

from __future__ import annotations

import re
from typing import Any

from sdkpress.lowering.source import Source, as_dict, as_list, as_text, child, docs_of
from sdkpress.model import SecurityScheme

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_AUTH_METHOD = "x-sdkpress-token-endpoint-auth-method"


def lower_security_schemes(source: Source) -> tuple[SecurityScheme, ...]:
    """`components.securitySchemes` in document order."""
    listed = as_dict(as_dict(source.tree.get("components")).get("securitySchemes"))
    found: list[SecurityScheme] = []
    for name, value in listed.items():
        pointer = child("/components/securitySchemes", name)
        node, place = source.resolve(value, pointer)
        scheme = _scheme(source, name, node, place)
        if scheme is None:
            source.report(
                "unsupported-security-scheme",
                f"security scheme {name!r} is of no known type; requests go without it",
                place,
            )
            continue
        found.append(scheme)
    return tuple(found)


def _scheme(source: Source, name: str, node: dict[str, Any], place: str) -> SecurityScheme | None:
    docs = docs_of(node)
    hint = as_text(node.get("x-sdkpress-name"))
    match as_text(node.get("type")).lower():
        case "apikey":
            location = as_text(node.get("in")) or "header"
            parameter = as_text(node.get("name"))
            if not parameter or location not in ("header", "query", "cookie"):
                return None
            return SecurityScheme(name, "apiKey", location, parameter, docs=docs, name_hint=hint)
        case "http":
            scheme = as_text(node.get("scheme")).strip()
            if scheme.lower() in ("bearer", "basic"):
                kind = scheme.lower()
                return SecurityScheme(name, kind, scheme=kind, docs=docs, name_hint=hint)
            if not _TOKEN.fullmatch(scheme):
                return None
            source.report(
                "manual-http-scheme",
                f"the client answers no challenges of the HTTP scheme {scheme!r}: its caller gives "
                "what follows that word in the Authorization header",
                child(place, "scheme"),
            )
            return SecurityScheme(name, "http", scheme=scheme, docs=docs, name_hint=hint)
        case "oauth2":
            return _oauth2(source, name, node, place, hint)
        case "openidconnect":
            url = as_text(node.get("openIdConnectUrl"))
            return SecurityScheme(
                name, "openIdConnect", docs=docs, open_id_connect_url=url, name_hint=hint
            )
        case "mutualtls":
            return SecurityScheme(name, "mutualTLS", docs=docs)
        case _:
            return None


def _oauth2(
    source: Source, name: str, node: dict[str, Any], place: str, hint: str
) -> SecurityScheme:
    """An OAuth 2 scheme; tokens of its other flows come from the caller."""
    flows = as_dict(node.get("flows"))
    flow = as_dict(flows.get("clientCredentials"))
    declared = node.get(_AUTH_METHOD)
    if declared is not None and declared not in ("client_secret_basic", "client_secret_post"):
        source.report(
            "invalid-extension",
            f"{_AUTH_METHOD} is `client_secret_basic` or `client_secret_post`",
            child(place, _AUTH_METHOD),
        )
        declared = None
    return SecurityScheme(
        name,
        "oauth2",
        token_url=as_text(flow.get("tokenUrl")),
        docs=docs_of(node),
        has_client_credentials="clientCredentials" in flows,
        refresh_url=as_text(flow.get("refreshUrl")),
        scopes=tuple(as_dict(flow.get("scopes"))),
        token_endpoint_auth_method=as_text(declared),
        name_hint=hint,
    )


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
