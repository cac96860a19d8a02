"""Which recording answers a request, and what a request without one gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.recorded_calls import (
    Both,
)

MISMATCHES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "query": (lambda c: c.things.get("1", fields=["b"]), "query fields: recorded 'a', sent 'b'"),
    "path": (lambda c: c.things.get("2", fields=["a"]), "path: recorded /things/1, sent /things/2"),
    "method": (lambda c: c.things.delete("1"), "method: recorded GET, sent DELETE"),
    "body": (lambda c: c.things.create(id="1", weight=2), "body/weight: recorded 1, sent 2"),
    "no body field": (lambda c: c.things.create(id="1"), "body/weight: recorded 1, sent nothing"),
}


@pytest.mark.parametrize(("call", "said"), MISMATCHES.values(), ids=MISMATCHES.keys())
def test_a_request_that_is_not_there(
    both: Both, cassette: Path, call: Callable[[Any], Any], said: str
) -> None:
    prefix = "" if both.kind == "sync" else "Async"
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(cassette)
    with pytest.raises(both.testing.UnmatchedRequestError) as caught:
        both.run(call, "http://nowhere.invalid", http_client=transport)
    assert said in str(caught.value)
    assert str(cassette) in str(caught.value)
    assert not isinstance(caught.value, both.errors.ThingsError)
    # Whatever the code under test has made of it.
    assert len(transport.app.failures) == 1
    with pytest.raises(both.testing.UnmatchedRequestError):
        transport.app.check()


def test_each_recording_answers_once(both: Both, cassette: Path) -> None:
    def use(client: Any) -> Any:
        if both.kind == "sync":
            return [client.things.get("1", fields=["a"]) for _ in range(3)]

        async def main() -> Any:
            return [await client.things.get("1", fields=["a"]) for _ in range(3)]

        return main()

    with pytest.raises(both.testing.UnmatchedRequestError, match="has been replayed already"):
        both.replay(cassette, use)
    prefix = "" if both.kind == "sync" else "Async"
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(
        both.testing.Replay(cassette, repeat=True)
    )
    assert len(both.run(use, "http://nowhere.invalid", http_client=transport)) == 3
    (unused,) = transport.app.unused
    assert "POST /things (201) was not asked for" in unused
    with pytest.raises(AssertionError, match="POST /things"):
        transport.app.assert_all_used()


def test_what_is_compared_can_be_said(both: Both, cassette: Path) -> None:
    prefix = "" if both.kind == "sync" else "Async"
    replay = both.testing.Replay(cassette, match_on=("method", "path"))
    transport = getattr(both.testing, f"{prefix}ReplayTransport")(replay)
    found = both.run(
        lambda c: c.things.create(id="9", name="other"), "http://n.invalid", http_client=transport
    )
    assert found.id == "1"
    with pytest.raises(ValueError, match="'colour' is none of"):
        getattr(both.testing, f"{prefix}ReplayTransport")(
            both.testing.Replay(cassette, match_on=("colour",))
        )
