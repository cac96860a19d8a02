"""What a cassette holds of exchanges with a real server: no secrets, and the same each time."""

from __future__ import annotations

import base64
import re
import threading
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.behaviour.recorded_calls import (
    CREDENTIALS,
    KEY,
    PASSWORD,
    SEAT,
    WORD,
    Both,
)
from tests.behaviour.recorded_server import RealServer, real_server

# -- secrets


def written_forms(key: str) -> set[str]:
    forms = {key, quote(key, safe=""), key.encode().hex(), key.replace('"', '\\"')}
    for before in range(3):
        content = b"\0" * before + key.encode()
        forms.add(base64.b64encode(content).decode()[(0, 2, 3)[before] : len(content) * 8 // 6])
    return forms


def test_no_credential_is_in_the_file(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, _ = real

    def use(client: Any) -> Any:
        calls = [
            lambda: client.things.create(id="1", name=f"before {KEY} after", weight=1),
            lambda: client.keyed.get(page=2),
            lambda: client.basic.get(),
            lambda: client.login.run(user="me", password="my-own-password", pet="petname-0815"),
            lambda: client.files.upload(note=f"x{KEY}", file=("k.bin", b"\xff\xfe" + KEY.encode())),
            lambda: client.files.update(body=b"\xff\xfe" + WORD.encode()),
            lambda: client.things.get(KEY),
        ]
        if both.kind == "sync":
            return [call() for call in calls]

        async def main() -> Any:
            return [await call() for call in calls]

        return main()

    path = tmp_path / "s.yaml"
    both.record(path, use, url)
    text = path.read_text(encoding="utf-8")
    unwrapped = re.sub(r"\s+", "", text)
    secrets = [KEY, WORD, SEAT, PASSWORD, "my-own-password", "issued-token-0123456789"]
    for key in [*secrets, "petname-0815"]:
        for form in written_forms(key):
            assert form.lower() not in text.lower(), form
            assert re.sub(r"\s+", "", form) not in unwrapped, form
    for encoded in re.findall(r"[A-Za-z0-9+/]{16,}", unwrapped):
        content = base64.b64decode(encoded[: len(encoded) // 4 * 4])
        assert not any(key.encode() in content for key in secrets)
    assert "session-" not in text  # the cookie that the server has set
    assert text.count("REDACTED") > 20
    listed = yaml.safe_load(text)["exchanges"]
    assert listed[1]["request"]["query"] == {"page": "2"}
    assert len(both.replay(path, use)) == 7


def test_what_the_user_calls_a_secret(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    url, _ = real

    def edit(exchange: dict[str, Any]) -> object:
        exchange["response"].setdefault("headers", {})["x-note"] = "edited"
        return exchange["request"]["method"] != "DELETE"

    def use(client: Any) -> Any:
        made = {"id": "1", "name": "Jane Doe", "parts": [{"id": "p1"}, {"id": "p2"}]}
        if both.kind == "sync":
            client.things.delete("1")
            return client.things.create(**made, weight=2.0)

        async def main() -> Any:
            await client.things.delete("1")
            return await client.things.create(**made, weight=2.0)

        return main()

    path = tmp_path / "u.yaml"
    redact = ["weight", "/parts/*/id", re.compile(r"J\w+ D\w+"), edit]
    both.record(path, use, url, redact=redact)
    (exchange,) = yaml.safe_load(path.read_text())["exchanges"]
    sent = {"id": "1", "name": "REDACTED", "weight": "REDACTED"}
    assert exchange["request"]["json"] == {**sent, "parts": [{"id": "REDACTED"}] * 2}
    assert exchange["response"]["headers"]["x-note"] == "edited"


# -- what is written


def test_recording_again_changes_nothing(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        calls = [
            lambda: client.things.get("1", x_tenant="t"),
            lambda: client.files.upload(note="n", file=("a", b"x")),
        ]
        if both.kind == "sync":
            return [call() for call in calls]

        async def main() -> Any:
            return [await call() for call in calls]

        return main()

    texts: list[str] = []
    for name in ("one", "two"):
        with real_server() as (url, server):
            server.count = len(texts) * 100
            both.record(tmp_path / f"{name}.yaml", use, url)
        texts.append((tmp_path / f"{name}.yaml").read_text())
    assert texts[0] == texts[1]
    assert "x-tenant: t" in texts[0]
    assert "localhost" not in texts[0]


def test_the_file_is_complete_after_each_exchange(
    package: ModuleType, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    testing = import_module("recorded_things.testing")
    path = tmp_path / "c.yaml"
    path.write_text("what was there before")
    client = package.Things(
        **CREDENTIALS, base_url=real[0], http_client=testing.RecordingTransport(path)
    )
    assert path.read_text() == "what was there before"
    for number in range(3):
        client.things.get(str(number))
        listed = yaml.safe_load(path.read_text())["exchanges"]
        assert [item["request"]["path"] for item in listed] == [
            f"/things/{n}" for n in range(number + 1)
        ]
    assert [item.name for item in tmp_path.iterdir()] == ["c.yaml"]
    client.close()


def test_threads_share_a_recording(
    package: ModuleType, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    testing = import_module("recorded_things.testing")
    transport = testing.RecordingTransport(tmp_path / "t.yaml")
    with package.Things(**CREDENTIALS, base_url=real[0], http_client=transport) as client:
        threads = [
            threading.Thread(target=lambda n=n: client.things.get(str(n))) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    listed = yaml.safe_load((tmp_path / "t.yaml").read_text())["exchanges"]
    assert sorted(int(item["request"]["path"].rpartition("/")[2]) for item in listed) == [
        *range(20)
    ]


def test_what_is_too_large_is_recognised_and_not_kept(
    both: Both, real: tuple[str, RealServer], tmp_path: Path
) -> None:
    path = tmp_path / "l.yaml"
    body = b"\xff" * 5000
    both.record(path, lambda c: c.files.update(body=body), real[0], largest_body=1000)
    assert both.replay(path, lambda c: c.files.update(body=body)).id == "5000"
    with pytest.raises(AssertionError, match="sha256"):
        both.replay(path, lambda c: c.files.update(body=body[:-1] + b"x"))
    both.record(path, lambda c: c.files.get("blob"), real[0], largest_body=1000)
    with pytest.raises(AssertionError, match="too large to be kept"):
        both.replay(path, lambda c: c.files.get("blob"))
    assert len(path.read_text()) < 1000


def test_a_caller_who_leaves(both: Both, tmp_path: Path) -> None:
    def use(client: Any) -> Any:
        with client.events.create(topic="t") as stream:
            return next(iter(stream))

    async def ause(client: Any) -> Any:
        async with await client.events.create(topic="t") as stream:
            async for item in stream:
                return item

    with real_server() as (url, server):
        server.stalls = True
        first = both.record(tmp_path / "a.yaml", use if both.kind == "sync" else ause, url)
    answer = yaml.safe_load((tmp_path / "a.yaml").read_text())["exchanges"][0]["response"]
    assert answer["ended"] == "abandoned"
    assert both.replay(tmp_path / "a.yaml", use if both.kind == "sync" else ause) == first
