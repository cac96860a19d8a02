"""One operation in two documents, compared in all its parts."""

from __future__ import annotations

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.contents import Side, compare_contents
from sdkpress.diffing.wire.lifecycle import (
    STABILITY_LEVELS,
    Deprecation,
    Removal,
    SunsetChange,
    deprecation_of,
    is_deprecated,
    is_unstable,
    removal_of,
    stability_of,
    sunset_change,
    sunset_text,
)
from sdkpress.diffing.wire.matching import Operation
from sdkpress.diffing.wire.nodes import Node
from sdkpress.diffing.wire.parameters import compare_parameters
from sdkpress.diffing.wire.responses import compare_responses
from sdkpress.diffing.wire.security import compare_operation_security
from sdkpress.diffing.wire.servers import compare_operation_servers

__all__ = ["compare_operation", "compare_request_bodies", "report_removed_operation"]


def compare_operation(comparison: Comparison, subject: str, old: Operation, new: Operation) -> None:
    """Report all that differs between two versions of an operation. What was draft or alpha and
    still is may change freely: it counts as compatible."""
    levels = stability_of(old.node), stability_of(new.node)
    unstable = is_unstable(levels[0]) and is_unstable(levels[1])
    with comparison.within(worst="compatible" if unstable else "breaking"):
        compare_operation_servers(comparison, subject, old, new)
        compare_operation_security(comparison, subject, old, new)
    shared = old.item.get("parameters"), new.item.get("parameters")
    is_same = comparison.same(old.node, new.node)
    if (
        is_same
        and old.path == new.path
        and comparison.same(shared[0] or Node("", None), shared[1] or Node("", None))
    ):
        return
    _compare_stability(comparison, subject, old.node, new.node)
    level = levels[1] or ""
    with comparison.within(worst="compatible" if unstable else "breaking"):
        compare_parameters(comparison, subject, old, new, level)
        if is_same:
            return
        _compare_labels(comparison, subject, old.node, new.node)
        _compare_lifecycle(comparison, subject, (old.node, new.node), level)
        side = Side("request", "the request body", level)
        compare_request_bodies(comparison, subject, side, old.node, new.node)
        compare_responses(comparison, subject, old.node, new.node, level)


def report_removed_operation(
    comparison: Comparison, subject: str, old: Operation, place: Node, *, with_path: bool
) -> None:
    """Report an operation that is gone, `with_path` when nothing is left of its path."""
    node = old.node
    if stability_of(node) is None:
        _report_level(comparison, subject, node, place, old_side=True)
    prefix = "api-path" if with_path else "api"
    date = sunset_text(node)
    with comparison.within(worst="compatible" if is_unstable(stability_of(node)) else "breaking"):
        match removal_of(node, comparison.today):
            case Removal.UNANNOUNCED:
                message = f"`{old.name}` was removed"
                comparison.add(
                    subject, f"{prefix}-removed-without-deprecation", message, node, place
                )
            case Removal.ANNOUNCED:
                message = f"`{old.name}` was removed, as announced"
                comparison.add(subject, f"{prefix}-removed-with-deprecation", message, node, place)
            case Removal.BEFORE_SUNSET:
                message = f"`{old.name}` was removed before its sunset, {date}"
                comparison.add(subject, f"{prefix}-removed-before-sunset", message, node, place)
            case Removal.SUNSET_INVALID:
                message = f"`{old.name}` was removed, and its sunset `{date}` is no date"
                place_of = node.get("x-sunset") or node
                comparison.add(subject, "api-path-sunset-parse", message, place_of, place)


def compare_request_bodies(
    comparison: Comparison, subject: str, side: Side, old: Node, new: Node
) -> None:
    """Compare the bodies of two operations, as what is sent or, for a webhook, as what comes."""
    before, after = old.get("requestBody"), new.get("requestBody")
    if before is None and after is None:
        return
    old_body = comparison.old.resolve(before) if before else None
    new_body = comparison.new.resolve(after) if after else None
    is_request = side.way == "request"
    required = tuple(
        body is not None and body.at("required") is True for body in (old_body, new_body)
    )
    if old_body is not None and new_body is not None:
        if comparison.same(old_body, new_body):
            return
        _compare_required(comparison, subject, side, old_body, new_body)
        compare_contents(comparison, subject, side, old_body, new_body)
    elif new_body is not None and is_request:
        needs = "required" if required[1] else "optional"
        message = f"the request has got a body, which is {needs}"
        comparison.add(subject, f"request-body-added-{needs}", message, old, after)
    elif old_body is not None and is_request:
        message = "the request has no body any more"
        comparison.add(subject, "request-body-removed", message, before, new)
    elif required[0]:
        _report_missing_body(comparison, subject, before or old, new)


def _compare_required(
    comparison: Comparison, subject: str, side: Side, old: Node, new: Node
) -> None:
    required = old.at("required") is True, new.at("required") is True
    if required[0] == required[1]:
        return
    places = old.get("required") or old, new.get("required") or new
    if side.way == "request":
        becomes = "required" if required[1] else "optional"
        words = "is now required" if required[1] else "is no longer required"
        comparison.add(subject, f"request-body-became-{becomes}", f"{side.what} {words}", *places)
    elif required[0]:
        _report_missing_body(comparison, subject, *places)


def _report_missing_body(comparison: Comparison, subject: str, old: Node, new: Node) -> None:
    message = "the webhook may come without its body"
    comparison.add(subject, "webhook-body-became-optional", message, old, new)


def _compare_labels(comparison: Comparison, subject: str, old: Node, new: Node) -> None:
    """`operationId` and `tags`."""
    before, after = old.text("operationId"), new.text("operationId")
    if before != after:
        action = "removed" if before else "added"
        message = f"the operation has got the operationId `{after}`"
        if before:
            message = f"the operationId `{before}` was removed"
        if before and after:
            message = f"the operationId `{before}` was replaced by `{after}`"
        comparison.add(
            subject,
            f"api-operation-id-{action}",
            message,
            old.get("operationId") or old,
            new.get("operationId") or new,
            before=before,
            after=after,
        )
    tags = _tags(old), _tags(new)
    for tag in tags[0]:
        if tag not in tags[1]:
            comparison.add(
                subject,
                "api-tag-removed",
                f"the tag `{tag}` was removed",
                tags[0][tag],
                new.get("tags") or new,
            )
    for tag in tags[1]:
        if tag not in tags[0]:
            comparison.add(
                subject,
                "api-tag-added",
                f"the tag `{tag}` was added",
                old.get("tags") or old,
                tags[1][tag],
            )


def _tags(operation: Node) -> dict[str, Node]:
    return {item.value: item for item in operation.items("tags") if isinstance(item.value, str)}


def _compare_stability(comparison: Comparison, subject: str, old: Node, new: Node) -> None:
    levels = stability_of(old), stability_of(new)
    if levels[0] == levels[1] and old.at("x-stability-level") == new.at("x-stability-level"):
        return
    if levels[0] is None:
        _report_level(comparison, subject, old, new, old_side=True)
    if levels[1] is None:
        _report_level(comparison, subject, old, new, old_side=False)
    if not levels[0] or levels[1] is None:
        return
    ranks = STABILITY_LEVELS.index(levels[0]), _rank(levels[1])
    ending, verb = ("decreased", "down") if ranks[1] < ranks[0] else ("increased", "up")
    comparison.add(
        subject,
        f"api-stability-{ending}",
        f"the stability level went {verb}",
        old.get("x-stability-level") or old,
        new.get("x-stability-level") or new,
        before=levels[0],
        after=levels[1] or "none",
    )


def _rank(level: str) -> int:
    return STABILITY_LEVELS.index(level) if level else -1


def _report_level(
    comparison: Comparison, subject: str, old: Node, new: Node, *, old_side: bool
) -> None:
    level = (old if old_side else new).at("x-stability-level")
    comparison.add(
        subject,
        "api-invalid-stability-level",
        f"`x-stability-level` is `{level}`, and should be one of {', '.join(STABILITY_LEVELS)}",
        old.get("x-stability-level") or old,
        new.get("x-stability-level") or new,
    )


def _compare_lifecycle(
    comparison: Comparison, subject: str, nodes: tuple[Node, Node], stability: str
) -> None:
    """`deprecated` and `x-sunset`."""
    old, new = nodes
    places = (
        old.get("x-sunset") or old.get("deprecated") or old,
        new.get("x-sunset") or new.get("deprecated") or new,
    )
    date = sunset_text(new)
    if is_deprecated(old) and not is_deprecated(new):
        message = "the operation is no longer deprecated"
        comparison.add(subject, "endpoint-reactivated", message, *places)
    elif is_deprecated(new) and not is_deprecated(old):
        rows = {
            Deprecation.PLAIN: ("endpoint-deprecated", "is deprecated"),
            Deprecation.WITH_SUNSET: (
                "endpoint-deprecated-with-sunset",
                f"is deprecated, until {date}",
            ),
            Deprecation.SUNSET_MISSING: (
                "api-deprecated-sunset-missing",
                "is deprecated without a sunset date",
            ),
            Deprecation.SUNSET_INVALID: (
                "api-deprecated-sunset-parse",
                f"is deprecated, and its sunset `{date}` is no date",
            ),
            Deprecation.SUNSET_TOO_SOON: (
                "api-sunset-date-too-small",
                f"is deprecated, and its sunset {date} is too soon",
            ),
        }
        id, words = rows[deprecation_of(new, stability, comparison.today)]
        comparison.add(subject, id, f"the operation {words}", *places)
    elif is_deprecated(old):
        changes = {
            SunsetChange.MOVED: ("api-sunset-date-changed", "has another sunset"),
            SunsetChange.DELETED: ("sunset-deleted", "has lost its sunset"),
            SunsetChange.INVALID: ("api-path-sunset-parse", "has a sunset that is no date"),
            SunsetChange.TOO_SOON: (
                "api-sunset-date-changed-too-small",
                "has an earlier sunset, which is too soon",
            ),
        }
        found = sunset_change(old, new, stability, comparison.today)
        if found in changes:
            id, words = changes[found]
            comparison.add(
                subject,
                id,
                f"the operation {words}",
                *places,
                before=sunset_text(old),
                after=date,
            )
