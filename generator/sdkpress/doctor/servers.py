"""Rules about where requests go and with what credential."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from sdkpress.doctor.facts import Facts, quoted
from sdkpress.doctor.findings import Finding
from sdkpress.doctor.parts import child, mapping, sequence, text

__all__ = ["CHECKS"]

_LOCAL = re.compile(
    r"localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|"
    r"host\.docker\.internal|[\w-]+\.(?:local|localhost|internal|test)",
    re.IGNORECASE,
)
_SAMPLE = re.compile(
    r"(?:[\w-]+\.)*example(?:\.(?:com|org|net))?|(?:[\w-]+\.)*your[\w-]*\.\w+", re.I
)


def _servers(facts: Facts) -> Iterator[Finding]:
    tree = facts.survey.tree
    listed = sequence(tree.get("servers"))
    urls = [text(mapping(server).get("url")) for server in listed]
    has_own = all(
        sequence(mapping(item.node).get("servers")) or _path_has_servers(facts, item.path)
        for item in facts.survey.operations
    )
    if not any(urls) and facts.survey.operations and not has_own:
        place = "/servers" if "servers" in tree else ""
        message = "The document names no server."
        yield Finding("server-missing", place, message)
    for index, url in enumerate(urls):
        place = child("/servers", index, "url")
        if not url:
            continue
        try:
            parts = urlsplit(re.sub(r"\{[^{}]*\}", "x", url))
            host = parts.hostname or ""
        except ValueError:
            yield Finding("server-invalid", place, f"{quoted(url)} is no URL.")
            continue
        if not parts.scheme and not parts.netloc and not url.startswith("{"):
            if len(urls) == 1 or not any("://" in other for other in urls):
                yield Finding("server-relative", place, f"The server {quoted(url)} has no host.")
        elif _LOCAL.fullmatch(host):
            if index == 0:
                yield Finding("server-local", place, f"The first server is {quoted(url)}.")
        elif _SAMPLE.fullmatch(host):
            yield Finding("server-sample", place, f"The server {quoted(url)} is a sample.")
        elif parts.scheme == "http":
            yield Finding("server-plain-http", place, f"The server {quoted(url)} is not encrypted.")


def _path_has_servers(facts: Facts, path: str) -> bool:
    item = mapping(mapping(facts.survey.tree.get("paths")).get(path))
    return bool(sequence(item.get("servers")))


def _security(facts: Facts) -> Iterator[Finding]:
    tree = facts.survey.tree
    schemes = mapping(mapping(tree.get("components")).get("securitySchemes"))
    used = facts.survey.security_used
    operations = facts.survey.operations
    if not operations:
        return
    if not schemes and not used:
        documented = [
            response
            for operation in operations
            for response in operation.responses
            if response.status == "401"
        ]
        place = documented[0].pointer if documented else ""
        why = ", yet answers 401 are documented" if documented else ""
        message = f"The document names no credential{why}."
        rule = "security-undeclared" if documented else "security-unstated"
        if documented or "security" not in tree:  # an empty list says that none is needed
            yield Finding(rule, place, message)
    elif schemes and not used:
        names = ", ".join(quoted(name) for name in list(schemes)[:3])
        yield Finding(
            "security-unused",
            "/components/securitySchemes",
            f"{names} is declared, and no operation requires it.",
        )


CHECKS = (_servers, _security)
