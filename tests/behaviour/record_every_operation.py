"""Records the example call of every operation of a generated package, replays it, and compares.

    python record_every_operation.py FOLDER PACKAGE CLIENT CASSETTE

Prints how many operations there were, and how many of them came back different. That a credential
has been taken out of a replayed value is no difference.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

FAILED = object()


def taken(call: Any, client: Any, error: type[Exception]) -> Any:
    """What a call returns, a stream read to its end, or FAILED."""
    try:
        result = call.on(client)
        if hasattr(result, "__enter__") and hasattr(result, "__iter__"):
            with result:
                return list(result)
    except error:
        return FAILED
    return result.items if type(result).__name__ == "Page" else result


def main(folder: str, package: str, client: str, path: str) -> None:
    """See the module."""
    sys.path[:0] = [f"{folder}/src", f"{folder}/tests"]
    made = getattr(importlib.import_module(package), client)
    error = importlib.import_module(f"{package}.errors").__dict__[f"{client}Error"]
    testing = importlib.import_module(f"{package}.testing")
    importlib.import_module("calls")
    calls = importlib.import_module("harness").CALLS
    calls = list(calls.values()) if isinstance(calls, dict) else calls
    fake = testing.fake_app()
    arguments = inspect.signature(fake.client).parameters.values()
    # Those with a sample: the credentials, and where they go.
    names = [a.name for a in arguments if isinstance(a.default, str) and a.name != "base_url"]
    keys = {name: f"sk-live-{name}-0123456789" for name in names}
    with (
        fake.serve() as server,
        made(
            **keys, base_url=server.url, max_retries=0, http_client=testing.RecordingTransport(path)
        ) as recording,
    ):
        recorded = [taken(call, recording, error) for call in calls]
    text = Path(path).read_text(encoding="utf-8")
    assert not any(key in text for key in keys.values())
    assert text.count("\n  - request:") >= len(calls)
    failed = [str(call) for call, value in zip(calls, recorded, strict=True) if value is FAILED]
    assert not failed, failed
    transport = testing.ReplayTransport(path)
    different: list[str] = []
    with made(
        **dict.fromkeys(names, "another-key"),
        base_url="http://nowhere.invalid",
        max_retries=0,
        http_client=transport,
    ) as replaying:
        for call, before in zip(calls, recorded, strict=True):
            after = taken(call, replaying, error)
            if repr(after) != repr(before) and "REDACTED" not in repr(after):
                different.append(f"{call}: {before!r} -> {after!r}")
    transport.app.assert_all_used()
    print(f"{len(calls)} operations, {len(different)} different", *different, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
