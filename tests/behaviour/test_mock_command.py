"""`sdkpress mock`: says where it listens, logs what it answers, stops at once."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.behaviour.mock_command import REPOSITORY, Mock, mock_command

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {
    "model": "alibaba/qwen3-max-256k",
    "messages": [{"role": "user", "content": "Say hello."}],
}
KEY = "sk-live-0123456789"
SHOP = """
openapi: 3.1.0
info: {title: "Shop \\x1b[31m\\u202e", version: "1"}
security: [{ticket: []}]
paths:
  /things:
    get:
      operationId: listThings
      parameters: [{name: limit, in: query, schema: {type: integer, maximum: 5}}]
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, minItems: 1, items: {type: string, format: uuid}}}}}
    post:
      operationId: addThing
      requestBody: {required: true, content: {application/json: {schema: {type: object, properties: {name: {type: string}, password: {type: string}}}, example: {name: a}}}}
      responses: {"201": {description: ok}}
  /forever:
    get:
      operationId: watchForever
      responses: {"200": {description: ok, content: {text/event-stream: {itemSchema: {type: object, properties: {n: {type: integer}}}}}}}
components:
  securitySchemes:
    ticket: {type: apiKey, in: query, name: entry}
"""


def ask(mock: Mock, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of an answer."""
    place = urlsplit(mock.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            given["Content-Type"] = "application/json"
        connection.request(method, path, content, given)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def logged(mock: Mock, count: int) -> list[str]:
    """The lines after those about the server itself, at least so many of them."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        lines = [line for line in mock.lines[1:] if re.match(r"[A-Z]+ +(\d{3}|---) | {20}", line)]
        if len(lines) >= count:
            return lines
        time.sleep(0.02)
    raise AssertionError(f"not {count} lines: {mock.lines}")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return str(path)


def test_the_first_lines_lead_a_client_there() -> None:
    with mock_command("siray-chat") as mock:
        assert mock.lines[0] == f"Serving Qwen3 Max 256K API on {mock.url} (Ctrl-C stops)"
        assert ask(mock, "POST", CHAT, HELLO, Authorization=f"Bearer {KEY}")[0] == 200
        logged(mock, 1)
    assert mock.lines[1] == f"1 operation; a client gets here with SIRAY_BASE_URL={mock.url}"
    assert mock.lines[2].startswith(f"Try: curl {mock.url}{CHAT} ")


def test_the_command_to_try_works(shop: str) -> None:
    with mock_command(shop) as mock:
        ask(mock, "GET", "/things?entry=x")
        logged(mock, 1)
        (line,) = [line for line in mock.lines if line.startswith("Try: ")]
        assert line == f"Try: curl '{mock.url}/things?entry=test-key'"
        assert ask(mock, "GET", "/things?entry=test-key")[0] == 200


def test_each_exchange_has_a_line_that_a_person_can_read() -> None:
    with mock_command("siray-chat") as mock:
        auth = {"Authorization": f"Bearer {KEY}"}
        ask(mock, "POST", CHAT, HELLO, **auth)
        ask(mock, "POST", CHAT, {**HELLO, "stream": True}, **auth)
        ask(mock, "POST", CHAT, {**HELLO, "messages": []}, **auth)
        ask(mock, "POST", CHAT, HELLO)
        ask(mock, "GET", "/v1/nothing%1b[31m?a=1&api_key=hidden-key")
        lines = logged(mock, 8)
    shown = [re.sub(r"\d+ ms", "N ms", re.sub(r" {2,}", "  ", line)) for line in lines]
    assert shown[0] == f"POST  200  N ms  {CHAT}  chat.completions.create"
    assert shown[1] == f"POST  200  N ms  {CHAT}  chat.completions.create, 8 events"
    assert shown[2] == f"POST  400  N ms  {CHAT}  chat.completions.create"
    assert shown[3].startswith("  body/messages: has 0 items")
    assert shown[4].startswith("POST  401")
    assert "Authorization" in shown[5]
    assert shown[6] == "GET  404  N ms  /v1/nothing%1b[31m?a=1&api_key=***"
    assert "hidden-key" not in "\n".join(mock.lines) and KEY not in "\n".join(mock.lines)
    # The columns stand one below the other.
    assert {line.index("/v1/") for line in lines if not line.startswith(" ")} == {22}


def test_what_is_made_depends_on_the_seed_and_on_nothing_else(shop: str) -> None:
    answers = set[bytes]()
    for options in (("--seed", "7"), ("--seed", "7"), ()):
        with mock_command(shop, *options) as mock:
            answers.add(ask(mock, "GET", "/things?entry=x")[1])
    assert len(answers) == 2


def test_the_right_key_can_be_named(shop: str) -> None:
    with mock_command(shop, "--credential", "ticket=a=b", "--credential", "ticket=c") as mock:
        keys = ("a%3Db", "c", "d", "")
        assert [ask(mock, "GET", f"/things?entry={key}")[0] for key in keys] == [200, 200, 401, 401]
        lines = logged(mock, 6)
    assert "things.list" in lines[0] and "?entry=***" in lines[0]
    assert "Shop \\x1b[31m\\u202e" in mock.lines[0]


def test_details_have_no_credentials(shop: str) -> None:
    with mock_command(shop, "--verbose") as mock:
        body = {"name": f"x{KEY}y", "password": "my-own-word", "note": "z" * 5_000}
        status, _ = ask(
            mock,
            "POST",
            f"/things?entry={KEY}",
            body,
            Cookie="s=cookie-value",
            X_Api_Key="header-key",
        )
        assert status == 201
        logged(mock, 5)
        time.sleep(0.1)
    text = "\n".join(mock.lines)
    for secret in (KEY, "my-own-word", "cookie-value", "header-key"):
        assert secret not in text
    assert "> cookie: s=***" in text and '"password": "***"' in text and "x***y" in text
    assert "5," in text and len(text) < 4_000


def test_a_quiet_server_gives_its_address_alone(shop: str) -> None:
    with mock_command(shop, "--quiet") as mock:
        assert ask(mock, "GET", "/things?entry=x")[0] == 200
    assert len(mock.lines) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_while_a_stream_is_open(shop: str, number: signal.Signals) -> None:
    with mock_command(shop) as mock:
        place = urlsplit(mock.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        connection.request("GET", "/forever?entry=x")
        assert connection.getresponse().read(5)
        started = time.monotonic()
        mock.process.send_signal(number)
        mock.process.wait(20)
        assert time.monotonic() - started < 10
        connection.close()


def test_a_port_in_use_is_an_error_that_says_so(shop: str) -> None:
    with mock_command(shop) as mock:
        port = str(urlsplit(mock.url).port)
        taken = command(shop, "--port", port)
    assert taken.returncode == 2
    assert "error[address-unavailable]" in taken.stderr
    assert port in taken.stderr and taken.stdout == ""


@pytest.mark.parametrize("host", ["", "192.0.2.1", "no..host", "no host"])
def test_an_address_of_another_machine_is_an_error_that_says_so(shop: str, host: str) -> None:
    done = command(shop, "--port", "0", "--host", host)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "error[address-unavailable]" in done.stderr and "no address of this machine" in done.stderr
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--credential", "ticket"), "the document's schemes are: ticket"),
        (("--credential", "other=x"), "the document's schemes are: ticket"),
        (("--host", "300.1.1.1"), "300.1.1.1"),
    ],
)
def test_options_that_make_no_sense(shop: str, options: tuple[str, ...], said: str) -> None:
    done = command(shop, "--port", "0", *options)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_no_harm(shop: str) -> None:
    process = start(shop)
    assert process.stdout is not None and process.stderr is not None
    url = re.search(r"http://\S+", process.stdout.readline())
    assert url is not None
    process.stdout.close()
    mock = Mock(url.group(), process)
    try:
        assert [ask(mock, "GET", "/things?entry=x")[0] for _ in range(5)] == [200] * 5
    finally:
        process.terminate()
        process.wait(20)
    assert (process.returncode, process.stderr.read()) == (0, "")
    process.stderr.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`sdkpress mock` where it is to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "sdkpress", "mock", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def start(*arguments: str) -> subprocess.Popen[str]:
    """`sdkpress mock` on a free port."""
    return subprocess.Popen(
        [sys.executable, "-m", "sdkpress", "mock", *arguments, "--port", "0"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
