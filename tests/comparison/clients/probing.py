"""What the three programs beside this one share: run each probe, and print what came of it as JSON.

A probe returns True, False, or a text that says what else happened; an exception counts as its name. These programs are
started with the package `shop` on their path, which each generator makes in its own way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from urllib.request import urlopen

Probe = Callable[[], object]

SERVER = sys.argv[1]


def last_query() -> str:
    """The query string of the last request that the server had."""
    with urlopen(f"{SERVER}/last") as answer:
        return str(json.load(answer)["query"])


def sends_no_defaults() -> object:
    """Whether the last request, whose caller gave nothing, had nothing in its query."""
    return not last_query() or f"sends `{last_query()}`"


def sends_deep_object() -> object:
    """Whether the last request wrote the query as `style: deepObject` says."""
    query = last_query()
    return query in ("filter%5Bkind%5D=cat", "filter[kind]=cat") or f"sends `{query}`"


def run(probes: dict[str, Probe]) -> None:
    """Print the results of all probes on one line."""
    results: dict[str, object] = {}
    for name, probe in probes.items():
        try:
            results[name] = probe()
        except Exception as error:
            results[name] = type(error).__name__
    json.dump(results, sys.stdout)
