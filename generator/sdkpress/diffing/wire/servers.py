"""The servers of a document or of an operation, compared."""

from __future__ import annotations

from urllib.parse import urlsplit

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.matching import Operation
from sdkpress.diffing.wire.nodes import Node

__all__ = ["compare_document_servers", "compare_operation_servers"]


def compare_document_servers(comparison: Comparison, subject: str, *, by_origin: bool) -> None:
    """Compare the servers of the whole document; their hosts alone where the paths of the URLs
    moved into the paths of the operations (`by_origin`)."""
    _compare(comparison, subject, comparison.old.root, comparison.new.root, by_origin)


def compare_operation_servers(
    comparison: Comparison, subject: str, old: Operation, new: Operation
) -> None:
    """Compare the servers of an operation where it, or its path, has some of its own."""
    before = next((node for node in (old.node, old.item) if node.items("servers")), None)
    after = next((node for node in (new.node, new.item) if node.items("servers")), None)
    if before is None and after is None:
        return
    roots = comparison.old.root, comparison.new.root
    _compare(comparison, subject, before or roots[0], after or roots[1], False)


def _compare(comparison: Comparison, subject: str, old: Node, new: Node, by_origin: bool) -> None:
    before, after = _by_address(old, by_origin), _by_address(new, by_origin)
    for address, server in before.items():
        if address not in after:
            comparison.add(
                subject,
                "api-server-removed",
                f"the server `{address}` is no longer listed",
                server,
                new.get("servers") or new,
                before=address,
            )
        elif server is not None and after[address] is not None:
            _compare_variables(comparison, subject, address, server, after[address] or server)
    for address, server in after.items():
        if address not in before:
            comparison.add(
                subject,
                "api-server-added",
                f"the server `{address}` is listed now",
                old.get("servers") or old,
                server,
                after=address,
            )


def _by_address(holder: Node, by_origin: bool) -> dict[str, Node | None]:
    """The servers by URL; the one at `/` where there is none (OpenAPI 3.1, 4.8.1.1)."""
    found: dict[str, Node | None] = {}
    for server in holder.items("servers"):
        address = server.text("url")
        if by_origin:
            try:
                split = urlsplit(address)
            except ValueError:
                split = urlsplit("")
            address = f"{split.scheme}://{split.netloc}" if split.netloc else "/"
        found.setdefault(address.rstrip("/") or "/", server)
    return found or {"/": None}


def _compare_variables(
    comparison: Comparison, subject: str, address: str, old: Node, new: Node
) -> None:
    before, after = old.members("variables"), new.members("variables")
    for name in before:
        if name not in after:
            continue
        a, b = before[name], after[name]
        left = [item.value for item in b.items("enum")]
        gone = [str(item.value) for item in a.items("enum") if left and item.value not in left]
        if a.at("default") != b.at("default"):
            message = f"the variable `{name}` of the server `{address}` has another default"
            texts = a.text("default"), b.text("default")
        elif gone:
            message = f"the variable `{name}` of the server `{address}` lacks values"
            texts = ", ".join(gone), ""
        else:
            continue
        comparison.add(
            subject, "api-server-variable-changed", message, a, b, before=texts[0], after=texts[1]
        )
