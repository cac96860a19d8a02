"""Two OpenAPI documents compared: what changes for the two ends of a connection."""

from sdkpress.diffing.wire.documents import wire_changes

__all__ = ["wire_changes"]
