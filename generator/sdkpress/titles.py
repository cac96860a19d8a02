"""What an API is called: by its title, and where that says nothing, by its server or by the folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from sdkpress.trees import is_mapping

__all__ = ["title_for"]

_EMPTY_WORDS = frozenset(
    "a an api apis application docs documentation http my openapi public reference rest schema "
    "server service spec specification swagger the title untitled v v1 v2 v3 web your".split()
)
_COMMON_LABELS = frozenset("api apis app dev gateway rest sandbox staging test www".split())
_SHORT_LABEL = 3  # letters of "co" in example.co.uk, of "com" in example.com.br


def title_for(tree: Any, project_dir: Path) -> str:
    """The title of a document, or what stands in for one that says nothing ("API", "Swagger")."""
    info = tree.get("info") if is_mapping(tree) else None
    title: object = info.get("title") if is_mapping(info) else ""
    if isinstance(title, str) and set(re.findall(r"[a-z0-9]+", title.lower())) - _EMPTY_WORDS:
        return title
    folder = os.path.basename(os.path.abspath(project_dir))
    return _server_name(tree) or folder


def _server_name(tree: Any) -> str:
    """`example` of the first server, `https://api.example.com/v1`; "" where it has no such name."""
    servers: Any = tree.get("servers") if is_mapping(tree) else None
    first = cast("list[Any]", servers)[0] if isinstance(servers, list) and servers else None
    url: object = first.get("url") if is_mapping(first) else ""
    try:
        host = urlsplit(url).hostname or "" if isinstance(url, str) else ""
    except ValueError:
        return ""
    labels = host.split(".")
    if not re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.[a-z]{2,}", host):
        return ""  # an address, a template, a bare name such as localhost
    labels.pop()
    if len(labels) > 1 and len(labels[-1]) <= _SHORT_LABEL:
        labels.pop()
    return "" if labels[-1] in _COMMON_LABELS else labels[-1]
