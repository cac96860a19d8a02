"""What a server says about the connections that it keeps (``Keep-Alive``, RFC 2068 section 19.7.1)."""

from __future__ import annotations

from .framing import fields_of


def keep_alive_seconds(head: bytes) -> float:
    """How long the server keeps a resting connection, if it has said so (``Keep-Alive: timeout=5``)."""
    if b"\nkeep-alive" not in head.lower():
        return float("inf")
    for name, value in fields_of(head):
        if name.lower() == b"keep-alive":
            for part in value.split(b","):
                key, _, number = part.strip().partition(b"=")
                if key.lower() == b"timeout" and number.isdigit():
                    return float(number)
    return float("inf")
