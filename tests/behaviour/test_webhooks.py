"""What a receiver of webhooks does with the module `webhooks` of a generated package."""

from __future__ import annotations

import datetime
import http.client
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

import pytest

from tests.behaviour.case_packages import import_case


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_case("webhooks", tmp_path_factory.mktemp("webhooks"))


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_case("callbacks", tmp_path_factory.mktemp("callbacks"))


MADE = {"type": "thing.made", "thing": {"id": 1, "colour": "red"}, "new": [1]}


def test_the_body_says_which_event_it_is(things: ModuleType) -> None:
    event = things.webhooks.parse(json.dumps(MADE).encode())
    assert type(event) is things.models.Made
    assert event.to_dict() == MADE
    assert isinstance(event, things.webhooks.Event)
    lost = things.webhooks.parse({"type": "thing.lost", "to": "2026-01-02T03:04:05Z"})
    assert lost.to == datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert type(things.webhooks.parse('{"type": "thing.lent"}')) is things.models.Lent


def test_what_the_document_does_not_know_is_kept(things: ModuleType) -> None:
    event = things.webhooks.parse(b'{"type": "thing.eaten", "by": "dog"}')
    assert event == things.webhooks.UnknownEvent(
        "thing.eaten", {"type": "thing.eaten", "by": "dog"}
    )
    assert things.webhooks.parse(b"{}").type is None
    assert things.webhooks.parse(b"[]", name="no such").body == []


def test_a_body_that_does_not_match_is_kept_and_logged(
    things: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        event = things.webhooks.parse_thing_made(b'{"type": "thing.made", "thing": null}')
    assert event.thing is None
    assert "thing-made" in caplog.text
    with pytest.raises(things.WebhookError) as caught:
        things.webhooks.parse_thing_made(b'{"type": "thing.made", "thing": null}', strict=True)
    assert caught.value.notes


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[1]", b'"text"', b"\xff\xfe", b"17", b"{"])
def test_garbage_is_one_clear_error(things: ModuleType, garbage: bytes) -> None:
    for parse in (things.webhooks.parse, things.webhooks.parse_thing_made):
        with pytest.raises(things.WebhookError) as caught:
            parse(garbage)
        assert isinstance(caught.value, ValueError)
        assert caught.value.body == garbage


def test_the_content_type_decides_between_media_types(things: ModuleType) -> None:
    parse = things.webhooks.parse_class
    event = parse(
        b"type=thing.gone&at=7", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (event.type, event.at) == ("thing.gone", "7")
    headers = {"content-type": "application/json; charset=utf-8"}
    assert parse(b'{"type": "thing.gone", "at": 7}', headers=headers).at == 7


def test_parameters_are_typed(things: ModuleType) -> None:
    headers = {"x-delivery": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "X-ATTEMPT": "2", "Other": "1"}
    read = things.webhooks.read_webhook_headers(headers)
    assert (read.x_delivery, read.x_attempt) == (uuid.UUID(headers["x-delivery"]), 2)
    query = "challenge=a%20b&ids=1&ids=2&tags=x,y&deep=%7B%22a%22%3A1%7D"
    read = things.webhooks.read_verify_parameters({"X-On": "true"}, query=query)
    assert (read.challenge, read.ids, read.tags) == ("a b", [1, 2], ["x", "y"])
    assert read.deep == {"a": 1}
    assert read.x_on is True
    read = things.webhooks.read_verify_parameters({}, query={"challenge": "c", "ids": ["1", "?"]})
    assert read.ids == [1, "?"]


def test_callbacks_are_named_once_and_told_apart(callers: ModuleType) -> None:
    assert callers.webhooks.parse_thing_ready(b'{"id": 1, "class": "a"}').class_ == "a"
    assert callers.webhooks.parse_boxes_create_thing_ready(b"done") == "done"
    (ready,) = callers.webhooks.parse_nightly(b'[{"id": 1}]')
    assert ready.id == 1
    with pytest.raises(callers.WebhookError):
        callers.webhooks.parse_nightly(b"{}")
    event = callers.webhooks.parse(b'{"size": 1}', name="onEvent")
    assert event == callers.webhooks.parse(b'{"size": 1}', name="on_event")


def test_bodies_for_tests_of_receivers(things: ModuleType) -> None:
    body = things.testing.webhook_body("thing_moved")
    assert body == {"type": "thing.lost", "to": "2026-01-02T03:04:05Z", "note": "kept"}
    other = things.testing.webhook_body("thing_moved", seed=7)
    assert type(things.webhooks.parse(other)) is type(things.webhooks.parse(body))
    with pytest.raises(KeyError):
        things.testing.webhook_body("no such")


@pytest.fixture
def receiver(things: ModuleType) -> Iterator[tuple[int, list[Any]]]:
    """A server that parses what is posted to it: its port, and what it has received."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                event = things.webhooks.parse(body, headers=self.headers)
                received.append((event, things.webhooks.read_webhook_headers(self.headers)))
                self.send_response(204)
            except things.WebhookError:
                self.send_response(400)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port, received
        server.shutdown()
        thread.join()


def test_a_receiver_over_http(things: ModuleType, receiver: tuple[int, list[Any]]) -> None:
    port, received = receiver
    statuses: list[int] = []
    for body in (json.dumps(MADE), "<html>"):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/hook", body, {"X-Delivery": str(uuid.UUID(int=5))})
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [204, 400]
    ((event, headers),) = received
    assert event.thing.id == 1
    assert headers.x_delivery == uuid.UUID(int=5)
