"""What every client is asked to send: one conversation, as plain data.

Imports nothing, for it is loaded by processes whose imports are measured.
"""

from __future__ import annotations

MODEL = "alibaba/qwen3-max-256k"
API_KEY = "sk-0123456789abcdef0123456789abcdef"

_TEXT = (
    "The quick brown fox jumps over the lazy dog while the band plays on, and nobody in the hall "
    "seems to mind that the second violin came in a bar too late. Say in one paragraph what happened "
    "and who is to blame, then suggest what the conductor should do about it before the next concert. "
)


def conversation(count: int) -> list[dict[str, str]]:
    """As many messages, of some 300 characters each, of the system, the user and the assistant."""
    roles = ("user", "assistant")
    messages = [{"role": "system", "content": _TEXT}]
    messages += [{"role": roles[turn % 2], "content": _TEXT} for turn in range(count - 1)]
    return messages


MESSAGES = conversation(4)
"""The usual request: 1.3 kB as JSON."""
