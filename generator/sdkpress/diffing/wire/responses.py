"""The answers of an operation, compared: which status codes there are, headers, contents, links."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.contents import Side, compare_contents
from sdkpress.diffing.wire.lifecycle import is_deprecated
from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.diffing.wire.parameters import serialization
from sdkpress.diffing.wire.roles import Role
from sdkpress.diffing.wire.schemas import compare_schemas

__all__ = ["compare_responses"]

_RANGE = re.compile(r"[1-5]XX")


def compare_responses(
    comparison: Comparison, subject: str, old: Node, new: Node, stability: str
) -> None:
    """Compare the answers of two operations. A range (`2XX`) takes in its codes; `default` takes
    in what has no code of its own, where it describes a content."""
    listed = _listed(old), _listed(new)
    before = {code: comparison.old.resolve(node) for code, node in listed[0].items()}
    after = {code: comparison.new.resolve(node) for code, node in listed[1].items()}
    compared: list[tuple[str, str]] = []
    replaced = _replaced_success(before, after)
    for code in before:
        partner = code if code in after else _covering(code, before, after)
        if partner:
            compared.append((code, partner))
        elif _narrowed(code, after):
            compared.extend((code, other) for other in _narrowed(code, after))
        else:
            _report_removed(comparison, subject, code, listed[0][code], new, replaced)
    for code in after:
        if code in before:
            continue
        partner = _covering(code, after, before)
        if partner and all(pair[1] != code for pair in compared):
            compared.append((partner, code))
        _report_added(comparison, subject, code, old, listed[1][code], partner)
    if replaced:
        compared.append(replaced)
    for code, other in dict.fromkeys(compared):
        if not comparison.same(before[code], after[other]):
            what = "the default answer" if other == "default" else f"answer {other}"
            _compare(
                comparison, subject, Side("response", what, stability), before[code], after[other]
            )


def _listed(operation: Node) -> dict[str, Node]:
    """The answers by code, perhaps references."""
    return {
        code.upper() if code != "default" else code: node
        for code, node in operation.members("responses").items()
        if not code.startswith("x-")
    }


def _is_success(code: str) -> bool:
    return code[:1] == "2"


def _covering(code: str, own: Mapping[str, Node], others: Mapping[str, Node]) -> str:
    """The answer among `others` that takes in a code that is not there, "" without one.

    `default` is the answer of success only where no other is, on either side, and where it
    describes a content; of an error it says what everybody has to expect anyhow."""
    if code == "default":
        return ""
    wide = f"{code[:1]}XX"
    if code != wide and wide in others:
        return wide
    if not _is_success(code) or any(_is_success(other) for other in others):
        return ""
    return "default" if "default" in others and others["default"].members("content") else ""


def _narrowed(code: str, after: Mapping[str, Node]) -> list[str]:
    """The codes that are now listed one by one instead of a range."""
    if not _RANGE.fullmatch(code):
        return []
    return [other for other in after if other[:1] == code[:1] and other != code]


def _replaced_success(
    before: Mapping[str, Node], after: Mapping[str, Node]
) -> tuple[str, str] | None:
    """The one code of success and the one that stands in its place."""
    old = [code for code in before if _is_success(code)]
    new = [code for code in after if _is_success(code)]
    one_each = len(old) == 1 and len(new) == 1 and old != new
    return (old[0], new[0]) if one_each and not _narrowed(old[0], after) else None


def _report_removed(
    comparison: Comparison,
    subject: str,
    code: str,
    node: Node,
    new: Node,
    replaced: tuple[str, str] | None,
) -> None:
    kind = "success" if _is_success(code) else "non-success"
    what = "the default answer" if code == "default" else f"answer {code}"
    is_replaced = replaced is not None and replaced[0] == code
    message = f"{what} was removed"
    if is_replaced and replaced:
        message = f"{what} was replaced by answer {replaced[1]}"
    comparison.add(
        subject,
        f"response-{kind}-status-removed",
        message,
        node,
        new.get("responses") or new,
        before=code,
        after=replaced[1] if is_replaced and replaced else "",
        # A client that takes every 2xx as success goes on; whether it does, nobody tells us.
        severity="risky" if is_replaced else None,
    )


def _report_added(
    comparison: Comparison, subject: str, code: str, old: Node, node: Node, partner: str
) -> None:
    if code == "default":
        what, kind = "the default answer", "non-success"
    else:
        what, kind = f"answer {code}", "success" if _is_success(code) else "non-success"
    tail = f", a part of `{partner}`" if partner else ""
    comparison.add(
        subject,
        f"response-{kind}-status-added",
        f"{what} was added{tail}",
        old.get("responses") or old,
        node,
        after=code,
    )


def _compare(comparison: Comparison, subject: str, side: Side, old: Node, new: Node) -> None:
    compare_contents(comparison, subject, side, old, new)
    _compare_headers(comparison, subject, side, old, new)
    before, after = old.members("links"), new.members("links")
    for name in before:
        if name not in after:
            comparison.add(
                subject,
                "response-link-removed",
                f"{side.what} has the link `{name}` no longer",
                before[name],
                new.get("links") or new,
            )
    for name in after:
        if name not in before:
            comparison.add(
                subject,
                "response-link-added",
                f"{side.what} has the further link `{name}`",
                old.get("links") or old,
                after[name],
            )


def _headers(answer: Node) -> dict[str, tuple[str, Node]]:
    """By name in lower case: the name as written, and the header, perhaps a reference.
    `Content-Type` is ignored (OpenAPI 3.1, 4.8.17)."""
    return {
        name.lower(): (name, node)
        for name, node in answer.members("headers").items()
        if name.lower() != "content-type"
    }


def _compare_headers(
    comparison: Comparison, subject: str, side: Side, old: Node, new: Node
) -> None:
    before, after = _headers(old), _headers(new)
    for key, (name, item) in before.items():
        what = f"the header `{name}` of {side.what}"
        node = comparison.old.resolve(item)
        if key in after:
            header = comparison.new.resolve(after[key][1])
            _compare_header(comparison, subject, (what, side.stability), node, header)
            continue
        kind = "required" if node.at("required") is True else "optional"
        comparison.add(
            subject,
            f"{kind}-response-header-removed",
            f"{what} was removed",
            item,
            new.get("headers") or new,
        )
    for key, (name, item) in after.items():
        if key not in before:
            comparison.add(
                subject,
                "response-header-added",
                f"the header `{name}` of {side.what} was added",
                old.get("headers") or old,
                item,
            )


def _compare_header(
    comparison: Comparison, subject: str, words: tuple[str, str], old: Node, new: Node
) -> None:
    what, stability = words
    if comparison.same(old, new):
        return
    required = old.at("required") is True, new.at("required") is True
    if required[0] != required[1]:
        comparison.add(
            subject,
            f"response-header-became-{'required' if required[1] else 'optional'}",
            f"{what} is {'always there now' if required[1] else 'no longer always there'}",
            old.get("required") or old,
            new.get("required") or new,
        )
    if is_deprecated(new) and not is_deprecated(old):
        message = f"{what} is deprecated"
        comparison.add(subject, "response-header-deprecated", message, old, new.get("deprecated"))
    styles = serialization(comparison.old, old), serialization(comparison.new, new)
    if styles[0].differs_from(styles[1]):
        comparison.add(
            subject,
            "response-header-style-changed",
            f"{what} is written in another style",
            old,
            new,
            before=str(styles[0]),
            after=str(styles[1]),
        )
    schemas = _schema(comparison.old, old), _schema(comparison.new, new)
    role = Role(area="response-header", what=what, stability=stability)
    compare_schemas(comparison, subject, role, *schemas)


def _schema(tree: Tree, header: Node) -> Node:
    for media_type in header.members("content").values():
        return tree.resolve(media_type).get("schema") or Node(media_type.pointer, {})
    return header.get("schema") or Node(header.pointer, {})
