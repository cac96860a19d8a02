"""Every change id of the wire axis: its severity, and what it means in one line."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from sdkpress.diffing.changes import Severity
from sdkpress.diffing.wire.operation_ids import OPERATION_IDS
from sdkpress.diffing.wire.schema_ids import schema_ids

__all__ = ["severity_of", "wire_ids"]


@functools.cache
def wire_ids() -> Mapping[str, tuple[Severity, str]]:
    """By id: its severity, and what it means in one sentence without a full stop."""
    return MappingProxyType(dict(schema_ids()) | dict(OPERATION_IDS))


def severity_of(id: str) -> Severity:
    """The severity of a change id; KeyError for one that is not in the catalog."""
    return wire_ids()[id][0]
