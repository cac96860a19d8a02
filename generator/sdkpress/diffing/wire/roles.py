"""What a schema describes in an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Area", "Role"]

Area = Literal["request-body", "request-parameter", "response-body", "response-header"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a schema describes. `area` begins the ids of what is found; `what` names it in
    messages: "the request body", "the query parameter `limit`", "the header `ETag` of answer 200".
    `header` says that a request parameter is a header. `stability` is the operation's level
    (`x-stability-level`), "" without one. `media_type` is that of a body, or of a parameter with
    `content`; "" where there is none.
    """

    area: Area
    what: str
    header: bool = False
    stability: str = ""
    media_type: str = ""
