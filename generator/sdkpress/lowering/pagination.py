"""Pagination of operations: as the document declares it, else what can be inferred."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.lowering.declared_pagination import configured
from sdkpress.lowering.inferred_pagination import infer
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

    def pagination(self, operation: Operation) -> Pagination | None:
        """How the pages of an operation follow each other, or None."""
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
        return infer(sides) if sides is not None else None
