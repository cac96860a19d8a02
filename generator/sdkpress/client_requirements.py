"""What a generated package needs from an index: the one place where versions are chosen.

Lower bounds are the releases that were tried. An upper bound stands where a later release may
change what the runtime relies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXTRAS", "REQUIREMENTS", "REQUIRES_PYTHON"]

REQUIRES_PYTHON = ">=3.11"

REQUIREMENTS = ("httptools>=0.8,<0.10", "msgspec>=0.22,<0.23")
"""Requirement specifiers (PEP 508) of every client."""

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aiohttp": ("aiohttp>=3.12.14,<4",),
        "httpx2": ("httpx2>=2.16,<3",),
        "otel": ("opentelemetry-api>=1.30,<2",),
        "testing": ("hypothesis>=6.130,<7", "pytest>=8", "pyyaml>=6.0.2,<7", "uvicorn>=0.40,<1"),
    }
)
"""Requirement specifiers by extra, both sorted."""
