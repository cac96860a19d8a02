"""Links: which operation can follow an answer, and what it takes from it (Link Object)."""

from __future__ import annotations

from typing import Any

from sdkpress.lowering.operations import RawOperation
from sdkpress.lowering.source import Source, as_dict, as_text, child
from sdkpress.model import Link

__all__ = ["LinkLowering"]


class LinkLowering:
    """Finds the links of operations; the target of each is told by its operationId or pointer."""

    def __init__(self, source: Source, operations: list[RawOperation]) -> None:
        self._source = source
        self._pointers = {item.pointer for item in operations}
        self._by_id = {
            as_text(item.node.get("operationId")): item.pointer
            for item in reversed(operations)
            if item.node.get("operationId")
        }

    def lower(self, raw: RawOperation) -> tuple[Link, ...]:
        """The links of all answers of an operation, those with a known target."""
        found: list[Link] = []
        for status, value in as_dict(raw.node.get("responses")).items():
            if not is_linked(value):
                continue
            answer, place = self._source.resolve(value, child(raw.pointer, "responses", status))
            for name, item in as_dict(answer.get("links")).items():
                node, pointer = self._source.resolve(item, child(place, "links", name))
                link = self._link(name, status, node, pointer)
                if link is not None:
                    found.append(link)
        return tuple(found)

    def _link(self, name: str, status: str, node: dict[str, Any], pointer: str) -> Link | None:
        identifier, reference = as_text(node.get("operationId")), as_text(node.get("operationRef"))
        target = self._by_id.get(identifier) if identifier else None
        if target is None and reference:
            local = self._source.target({"$ref": reference})
            target = local if local in self._pointers else None
        if target is None:
            if node:
                self._source.report(
                    "unknown-link-target",
                    f"no operation is called {identifier or reference!r}",
                    pointer,
                )
            return None
        return Link(
            name=name,
            status=status,
            target=target,
            parameters=tuple(as_dict(node.get("parameters")).items()),
            body=node.get("requestBody"),
            description=as_text(node.get("description")),
        )


def is_linked(value: object) -> bool:
    """Whether a Response Object, or the one that it refers to, can have links."""
    node = as_dict(value)
    return "links" in node or "$ref" in node
