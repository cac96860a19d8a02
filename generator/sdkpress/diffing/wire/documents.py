"""Two documents compared for the wire: what the two ends of a connection have to expect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sdkpress.diffing.changes import Change, worst
from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.contents import Side
from sdkpress.diffing.wire.matching import (
    Operation,
    PathPair,
    base_path,
    match_paths,
    operations_of,
)
from sdkpress.diffing.wire.nodes import MISSING, Node
from sdkpress.diffing.wire.operations import (
    compare_operation,
    compare_request_bodies,
    report_removed_operation,
)
from sdkpress.diffing.wire.security import compare_global_security, compare_security_schemes
from sdkpress.diffing.wire.servers import compare_document_servers
from sdkpress.diffing.wire.versions import compare_versions
from sdkpress.document import Document

__all__ = ["wire_changes"]

_DOCUMENT = "the document"


def wire_changes(old: Document, new: Document, *, today: date | None = None) -> tuple[Change, ...]:
    """What changes for the two ends of a connection between two OpenAPI documents.

    `today` is the day on which sunset dates (`x-sunset`) are judged, the present one in UTC by
    default; nothing else depends on it.
    """
    comparison = Comparison(old, new, today or datetime.now(UTC).date())
    if old.tree == new.tree:
        return ()
    pairs = match_paths(comparison.old, comparison.new)
    bases = base_path(comparison.old.root), base_path(comparison.new.root)
    by_origin = bases[0] != bases[1] and any(
        pair.old and pair.new and bases[0] + pair.old == bases[1] + pair.new for pair in pairs
    )
    compare_document_servers(comparison, _DOCUMENT, by_origin=by_origin)
    compare_global_security(comparison, _DOCUMENT)
    for pair in pairs:
        _compare_path(comparison, pair)
    _compare_webhooks(comparison)
    compare_security_schemes(comparison)
    _compare_components(comparison)
    compare_versions(comparison, _DOCUMENT, worst(comparison.changes()))
    return comparison.changes()


def _compare_path(comparison: Comparison, pair: PathPair) -> None:
    old_paths = comparison.old.paths
    new_paths = comparison.new.paths
    before = operations_of(comparison.old, old_paths.get(pair.old, MISSING), pair.old)
    after = operations_of(comparison.new, new_paths.get(pair.new, MISSING), pair.new)
    place = new_paths.get(pair.new) or comparison.new.root.get("paths") or comparison.new.root
    if pair.old and pair.new and pair.old != pair.new:
        comparison.add(
            pair.new,
            "api-path-moved",
            f"the path `{pair.old}` is written `{pair.new}`, for the same addresses",
            old_paths[pair.old],
            place,
            before=pair.old,
            after=pair.new,
        )
    for method, operation in before.items():
        if method in after:
            subject = after[method].name
            comparison.operations[subject] = operation.name, subject
            compare_operation(comparison, subject, operation, after[method])
            _compare_callbacks(comparison, subject, operation, after[method])
        else:
            comparison.operations[operation.name] = (operation.name,)
            report_removed_operation(
                comparison, operation.name, operation, place, with_path=not after
            )
    place = old_paths.get(pair.old) or comparison.old.root.get("paths") or comparison.old.root
    for method, operation in after.items():
        if method not in before:
            comparison.operations[operation.name] = (operation.name,)
            message = f"`{operation.name}` was added"
            comparison.add(operation.name, "endpoint-added", message, place, operation.node)


def _compare_webhooks(comparison: Comparison) -> None:
    old, new = (
        tree.root.members("webhooks") or tree.root.members("x-webhooks")
        for tree in (comparison.old, comparison.new)
    )
    places = comparison.old.root.get("webhooks"), comparison.new.root.get("webhooks")
    for name in old:
        subject = f"webhook {name}"
        if name not in new:
            message = f"the webhook `{name}` was removed"
            place = places[1] or comparison.new.root
            comparison.add(subject, "webhook-removed", message, old[name], place)
            continue
        before = operations_of(comparison.old, old[name], "")
        after = operations_of(comparison.new, new[name], "")
        _compare_incoming(comparison, subject, before, after, ("webhook-removed", "webhook-added"))
    for name in new:
        if name not in old:
            message = f"the webhook `{name}` was added"
            place = places[0] or comparison.old.root
            comparison.add(f"webhook {name}", "webhook-added", message, place, new[name])


def _compare_callbacks(
    comparison: Comparison, subject: str, old: Operation, new: Operation
) -> None:
    before, after = old.node.members("callbacks"), new.node.members("callbacks")
    ids = "callback-removed", "callback-added"
    for name in before:
        where = f"{subject} callback {name}"
        comparison.operations[where] = comparison.operations.get(subject, ())
        if name not in after:
            message = f"the callback `{name}` was removed"
            place = new.node.get("callbacks") or new.node
            comparison.add(subject, ids[0], message, before[name], place)
            continue
        urls = comparison.old.resolve(before[name]).members()
        new_urls = comparison.new.resolve(after[name]).members()
        if len(urls) == len(new_urls) == 1:  # whatever the URL's expression is
            urls, new_urls = {"": next(iter(urls.values()))}, {"": next(iter(new_urls.values()))}
        for url in dict.fromkeys((*urls, *new_urls)):
            incoming = operations_of(comparison.old, urls.get(url, MISSING), "")
            now = operations_of(comparison.new, new_urls.get(url, MISSING), "")
            _compare_incoming(comparison, where, incoming, now, ids)
    for name in after:
        if name not in before:
            message = f"the callback `{name}` was added"
            place = old.node.get("callbacks") or old.node
            comparison.add(subject, ids[1], message, place, after[name])


def _compare_incoming(
    comparison: Comparison,
    subject: str,
    before: Mapping[str, Operation],
    after: Mapping[str, Operation],
    ids: tuple[str, str],
) -> None:
    """Operations that the server calls: their requests are what our side receives.

    They are compared as other operations are, which breaks nobody for sure: one who checks what
    comes against the old document may refuse it. What certainly breaks is found by comparing
    the bodies once more as what comes.
    """
    for method, operation in before.items():
        if method not in after:
            message = f"the call by `{method}` was removed"
            comparison.add(subject, ids[0], message, operation.node, _any(after))
            continue
        with comparison.within(worst="risky"):
            compare_operation(comparison, subject, operation, after[method])
        with comparison.within(least="risky"):
            side = Side("response", "the body that comes")
            nodes = operation.node, after[method].node
            compare_request_bodies(comparison, subject, side, *nodes)
    for method, operation in after.items():
        if method not in before:
            message = f"the call by `{method}` was added"
            comparison.add(subject, ids[1], message, _any(before), operation.node)


def _any(operations: Mapping[str, Operation]) -> Node | None:
    return next((operation.item for operation in operations.values()), None)


def _compare_components(comparison: Comparison) -> None:
    old, new = (tree.root.get("components") or MISSING for tree in (comparison.old, comparison.new))
    after = new.members("schemas")
    for name, node in old.members("schemas").items():
        if name not in after:
            place = new.get("schemas") or comparison.new.root
            message = f"the schema `{name}` was removed from the components"
            comparison.add(f"schema {name}", "api-schema-removed", message, node, place)
