"""Which lines of a user's own code a new version of the package breaks."""

from sdkpress.diffing.callers.breaking import broken_calls

__all__ = ["broken_calls"]
