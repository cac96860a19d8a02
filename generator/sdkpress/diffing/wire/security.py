"""Security requirements and schemes, compared: which credentials an operation needs."""

from __future__ import annotations

import json

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.matching import Operation
from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.trees import is_mapping

__all__ = [
    "compare_global_security",
    "compare_operation_security",
    "compare_security_schemes",
    "credential_parameters",
]

_Scopes = frozenset[tuple[str, str]]
"""Pairs of a scheme's name and a scope."""


def credential_parameters(tree: Tree, operation: Operation) -> frozenset[tuple[str, str]]:
    """The parameters (place, name; header names in lower case) that credentials of an operation
    are sent in."""
    found: set[tuple[str, str]] = set()
    for names, _ in _requirements(_effective(tree, operation)):
        for name in names:
            scheme = _scheme(tree, name)
            if scheme is not None and scheme.at("type") == "apiKey":
                location, sent = scheme.text("in"), scheme.text("name")
                found.add((location, sent.lower() if location == "header" else sent))
    return frozenset(found)


def compare_global_security(comparison: Comparison, subject: str) -> None:
    """Compare the requirements of the whole document."""
    old, new = comparison.old.root, comparison.new.root
    _compare_requirements(comparison, subject, "api-global-security", "the document", old, new)


def compare_operation_security(
    comparison: Comparison, subject: str, old: Operation, new: Operation
) -> None:
    """Compare what an operation needs: its own requirements where it has some, those of the
    document otherwise."""
    before, after = _effective(comparison.old, old), _effective(comparison.new, new)
    if "security" in old.node.value or "security" in new.node.value:
        own = "the operation"
        _compare_requirements(comparison, subject, "api-security", own, before, after)
    needed = _needs(comparison.old, before), _needs(comparison.new, after)
    if any(not any(less <= enough for less in needed[1]) for enough in needed[0]):
        comparison.add(
            subject,
            "api-security-narrowed",
            "credentials that were enough may no longer be",
            before.get("security") or before,
            after.get("security") or after,
            before=_words(before),
            after=_words(after),
        )


def compare_security_schemes(comparison: Comparison) -> None:
    """Compare the security schemes of the components."""
    old, new = (
        tree.root.get("components") or Node("/components", {})
        for tree in (comparison.old, comparison.new)
    )
    before, after = old.members("securitySchemes"), new.members("securitySchemes")
    for name, node in before.items():
        subject = f"security scheme {name}"
        if name not in after:
            comparison.add(
                subject,
                "api-security-component-removed",
                f"the security scheme `{name}` was removed",
                node,
            )
            continue
        schemes = comparison.old.resolve(node), comparison.new.resolve(after[name])
        if schemes[0].value != schemes[1].value:
            _compare_scheme(comparison, subject, name, *schemes)
    for name, node in after.items():
        if name not in before:
            comparison.add(
                f"security scheme {name}",
                "api-security-component-added",
                f"the security scheme `{name}` was added",
                None,
                node,
            )


def _effective(tree: Tree, operation: Operation) -> Node:
    """The node whose `security` counts for an operation."""
    return operation.node if "security" in operation.node.value else tree.root


def _requirements(holder: Node) -> list[tuple[tuple[str, ...], _Scopes]]:
    """The requirements of a node, one of which is to be met: the names of the schemes that go
    together, and their scopes."""
    return [
        (
            tuple(sorted(requirement.value)),
            frozenset(
                (name, str(scope.value))
                for name, listed in requirement.members().items()
                for scope in listed.items()
            ),
        )
        for requirement in holder.items("security")
        if is_mapping(requirement.value)
    ]


def _by_names(holder: Node) -> dict[tuple[str, ...], _Scopes]:
    """The scopes by the schemes that go together, all of those that are listed more than once.
    Not the empty requirement, which says that no credentials are needed."""
    found: dict[tuple[str, ...], _Scopes] = {}
    for names, scopes in _requirements(holder):
        if names:
            found[names] = found.get(names, frozenset()) | scopes
    return found


def _compare_requirements(
    comparison: Comparison, subject: str, prefix: str, what: str, old: Node, new: Node
) -> None:
    before, after = _by_names(old), _by_names(new)
    places = old.get("security") or old, new.get("security") or new
    for action, these, others in (("removed", before, after), ("added", after, before)):
        for names in these:
            if names not in others:
                text = " and ".join(names)
                verb = "no longer lists" if action == "removed" else "lists also"
                comparison.add(
                    subject,
                    f"{prefix}-{action}",
                    f"{what} {verb} the credentials `{text}`",
                    *places,
                    before=text if action == "removed" else "",
                    after=text if action == "added" else "",
                )
        for names in these:
            for name, scope in sorted(these[names] - others.get(names, these[names])):
                verb = "no longer asks" if action == "removed" else "asks"
                comparison.add(
                    subject,
                    f"{prefix}-scope-{action}",
                    f"{what} {verb} for the scope `{scope}` of `{name}`",
                    *places,
                )


def _scheme(tree: Tree, name: str) -> Node | None:
    components = tree.root.get("components")
    schemes = components.members("securitySchemes") if components else {}
    return tree.resolve(schemes[name]) if name in schemes else None


def _needs(tree: Tree, holder: Node) -> list[frozenset[tuple[str, str]]]:
    """What each alternative needs, whatever the schemes are called: what is sent, and the scopes
    of it. One alternative that needs nothing where there are no requirements."""
    return [
        frozenset((_credential(tree, name), "") for name in names)
        | frozenset((_credential(tree, name), scope) for name, scope in scopes)
        for names, scopes in _requirements(holder) or [((), frozenset[tuple[str, str]]())]
    ]


def _credential(tree: Tree, name: str) -> str:
    """What is sent for a scheme, as a text that is equal for equal credentials."""
    scheme = _scheme(tree, name)
    if scheme is None:
        return json.dumps(name)
    kind = scheme.text("type")
    if kind == "apiKey":
        sent = scheme.text("name")
        sent = sent.lower() if scheme.at("in") == "header" else sent
        return json.dumps([kind, scheme.text("in"), sent])
    if kind == "http":
        return json.dumps([kind, scheme.text("scheme").lower()])
    if kind in ("oauth2", "openIdConnect", "mutualTLS"):
        return json.dumps([kind, name if kind == "oauth2" else ""])
    return json.dumps(name)


def _words(holder: Node) -> str:
    """The alternatives in words: `a, or b and c`."""
    found = [" and ".join(names) or "nothing" for names, _ in _requirements(holder)]
    return ", or ".join(found) or "nothing"


def _compare_scheme(comparison: Comparison, subject: str, name: str, old: Node, new: Node) -> None:
    if old.at("type") != new.at("type"):
        comparison.add(
            subject,
            "api-security-component-type-changed",
            f"the security scheme `{name}` is of another kind",
            old.get("type") or old,
            new.get("type") or new,
            before=old.text("type"),
            after=new.text("type"),
        )
        return
    for key in ("in", "name", "scheme", "openIdConnectUrl"):
        a, b = old.text(key), new.text(key)
        if (a, b) != (a, a) and not (
            a.lower() == b.lower() and (key == "scheme" or old.at("in") == "header")
        ):
            comparison.add(
                subject,
                "api-security-component-changed",
                f"`{key}` of the security scheme `{name}` changed",
                old.get(key) or old,
                new.get(key) or new,
                before=a,
                after=b,
            )
    before, after = old.members("flows"), new.members("flows")
    for flow in before:
        if flow in after:
            _compare_flow(comparison, subject, (name, flow), before[flow], after[flow])
        else:
            comparison.add(
                subject,
                "api-security-component-changed",
                f"the flow `{flow}` of the security scheme `{name}` was removed",
                before[flow],
                new.get("flows") or new,
            )
    for flow in after:
        if flow not in before:
            comparison.add(
                subject,
                "api-security-component-changed",
                f"the flow `{flow}` of the security scheme `{name}` was added",
                old.get("flows") or old,
                after[flow],
                severity="compatible",
            )


def _compare_flow(
    comparison: Comparison, subject: str, names: tuple[str, str], old: Node, new: Node
) -> None:
    whose = f"of the flow `{names[1]}` of `{names[0]}`"
    urls = {
        "authorizationUrl": "oauth-url-changed",
        "deviceAuthorizationUrl": "oauth-url-changed",
        "tokenUrl": "oauth-token-url-changed",
        "refreshUrl": "oauth-token-url-changed",
    }
    for key, ending in urls.items():
        if old.text(key) != new.text(key):
            comparison.add(
                subject,
                f"api-security-component-{ending}",
                f"`{key}` {whose} changed",
                old.get(key) or old,
                new.get(key) or new,
                before=old.text(key),
                after=new.text(key),
            )
    before, after = old.members("scopes"), new.members("scopes")
    for scope in dict.fromkeys((*before, *after)):
        a, b = before.get(scope), after.get(scope)
        if a is None:
            action, words = "added", "was added"
        elif b is None:
            action, words = "removed", "was removed"
        elif a.value != b.value:
            action, words = "changed", "is described anew"
        else:
            continue
        comparison.add(
            subject,
            f"api-security-component-oauth-scope-{action}",
            f"the scope `{scope}` {whose} {words}",
            a or old.get("scopes") or old,
            b or new.get("scopes") or new,
        )
