"""Pagination of operations: as the document declares it, else what can be inferred."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdkpress.lowering.declared_pagination import configured
from sdkpress.lowering.foreign.operations import MESSAGE_ID
from sdkpress.lowering.foreign.paging import foreign_pagination
from sdkpress.lowering.inferred_pagination import first_number, infer
from sdkpress.lowering.paging_sides import Sides
from sdkpress.lowering.source import Source, as_dict, child
from sdkpress.model import Operation, Pagination, Schema, SchemaId

__all__ = ["PaginationLowering", "Sides", "configured"]

EXTENSION = "x-sdkpress-pagination"


class PaginationLowering:
    """Decides for operations whose types are final."""

    def __init__(self, source: Source, schemas: Mapping[SchemaId, Schema]) -> None:
        self._source = source
        self._schemas = schemas
        self._off = source.tree.get(EXTENSION) is False

    def pagination(self, operation: Operation, item: dict[str, Any]) -> Pagination | None:
        """How the pages of an operation follow each other, or None. `item` is its Path Item."""
        node = self._source.at(operation.pointer)
        declared = as_dict(node).get(EXTENSION)
        if declared is False or (declared is None and self._off):
            return None
        sides = Sides.of(operation, self._schemas, self._source)
        if declared is not None:
            place = child(operation.pointer, EXTENSION)
            try:
                return configured(sides, declared)
            except ValueError as error:
                self._source.report("invalid-extension", f"{EXTENSION}: {error}", place)
                return None
        if sides is None:
            return None
        return self._foreign(sides, as_dict(node), operation.pointer, item) or infer(sides)

    def _foreign(
        self, sides: Sides, node: dict[str, Any], pointer: str, item: dict[str, Any]
    ) -> Pagination | None:
        """The pages that the operation declares to other generators, None where it is not clear."""
        try:
            found = foreign_pagination(self._source, node, pointer, item)
            if found is None:
                return None
            key, rule = found
            if rule["style"] in ("page", "offset"):
                rule["first"] = first_number(sides, rule["parameter"], rule["style"])
            try:
                return _fitting(sides, rule)
            except ValueError as error:
                raise ValueError(f"`{key}`: {error}") from None
        except ValueError as error:
            key = next((key for key in node if str(error).startswith(f"`{key}`")), "")
            place = child(pointer, key) if key else pointer
            self._source.report(MESSAGE_ID, str(error), place)
            return None


def _fitting(sides: Sides, rule: dict[str, Any]) -> Pagination | None:
    """The pages of a rule. Raises ValueError where the document says otherwise: they would end
    after the first, and nobody would see that the rest is missing."""
    for key in ("items", "next", "has_more", "total", "total_pages"):
        path = tuple(rule.get(key, ()))
        if sides.rules_out(path):
            raise ValueError(f"the answer has no field {'.'.join(path)!r}")
    return configured(sides, rule)
