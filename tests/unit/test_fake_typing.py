"""Type checkers find what is wrong in a script for the fake server, and nothing in what is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.behaviour.case_packages import import_case
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

USAGE = """
from __future__ import annotations

import datetime
from collections.abc import Iterator

from behaving_fakes import Things, models
from behaving_fakes.testing import FakeThings, Received, Script, StreamScript, fake_app, serve
from behaving_fakes.testing.fakes.answers import AnswersCreateRequest

fake: FakeThings = fake_app(seed=1)
thing = models.Thing(name="lamp")
piece = models.Piece(text="a")

# What is right.
fake.things.create.replies(thing).replies(models.Job(job="j"), status=202).replies({"name": "x"})
fake.things.create.fails(status=429, retry_after=1, times=2).drops().stalls(1.5).cuts_after(bytes=3)
fake.things.picture.create.replies([thing]).replies([{"name": "x"}])
fake.things.picture.get.replies(b"png").sends_raw(b"raw", media_type="image/png")
fake.things.delete.replies().replies(None)
fake.things.list.replies(models.Page(items=[thing]))
fake.notes.get.replies("text").replies()
fake.answers.create.streams([piece, {"text": "b"}]).streams(models.AnswerModel(text="whole"))
fake.answers.create.streams(models.Piece(text=text) for text in "abc")
fake.answers.create.cuts_after(events=3, of=[piece]).stalls(after_events=1)
fake.answers.create.when(lambda request: request.body.text == "q").replies({"text": "a"})
fake.log.get.streams([piece]).cuts_after(events=1)
fake.things.list.when(lambda request: request.parameters.kind == "small").fails(503)
since: datetime.datetime | None = fake.things.list.last_request.parameters.since
tags: list[str] | None = fake.things.list.requests[0].parameters.tag
body: models.Thing = fake.things.create.requests[0].body
maybe: models.Thing | None = fake.things.update.last_request.body
raw: bytes = fake.things.picture.update.last_request.body
everything: tuple[Received, ...] = fake.requests
names: list[str] = [request.operation for request in fake.requests]


def is_short(request: AnswersCreateRequest) -> bool:
    return len(request.body.text) < 3


fake.answers.create.when(is_short).fails(400)


def prepared(script: Script[models.Thing, AnswersCreateRequest]) -> None:
    script.replies(thing)


def items() -> Iterator[models.Piece]:
    yield piece


fake.answers.create.streams(items())
with fake.client(max_retries=0) as client, fake.serve() as server, serve(fake) as other:
    made: models.Thing | models.Job = client.things.create(name="n")
    Things("key", base_url=server.url + other.url)


async def main() -> None:
    async with fake.async_client() as client, fake.serve() as server:
        await client.notes.get()
        print(server.url)


# What is wrong.
fake.thing.create.replies(thing)  # WRONG
fake.things.make.replies(thing)  # WRONG
fake.requests.get.replies(thing)  # WRONG
fake.things.create.replies(models.Thing(nam="lamp"))  # WRONG
fake.things.create.replies(piece)  # WRONG
fake.things.create.replies(5)  # WRONG
fake.things.create.reply(thing)  # WRONG
fake.things.create.replies(thing, code=200)  # WRONG
fake.things.create.streams([piece])  # WRONG
fake.things.create.cuts_after(events=3)  # WRONG
fake.things.picture.create.replies([piece])  # WRONG
fake.answers.create.streams([thing])  # WRONG
fake.answers.create.streams(models.Thing(name="x"))  # WRONG
fake.answers.create.fails(status="429")  # WRONG
fake.answers.create.when(lambda request: request.body.txt == "q")  # WRONG
fake.answers.create.when(lambda request: request.parameters.text == "q")  # WRONG
fake.things.list.when(lambda request: request.parameters.knd == "small")  # WRONG
fake.things.list.when(lambda request: request.parameters.since.year == 5)  # WRONG
fake.things.create.when(is_short)  # WRONG
print(fake.things.create.last_request.body.sizes)  # WRONG
print(fake.things.create.requests[0].boddy)  # WRONG
number: int = fake.things.create.last_request.body.name  # WRONG
fake_app(sed=1)  # WRONG
fake.client(max_retries="2")  # WRONG
unstreamed: StreamScript[models.Thing, models.Piece, AnswersCreateRequest] = fake.things.get  # WRONG
"""


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usage beside the package of the case `fakes`."""
    folder = tmp_path_factory.mktemp("typing")
    import_case("fakes", folder)
    (folder / "usage.py").write_text(USAGE)
    return folder


WRONG = {number for number, line in enumerate(USAGE.splitlines(), 1) if line.endswith("# WRONG")}


def test_mypy_agrees(usage: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--no-error-summary"]
    command += ["--cache-dir", str(usage / "cache"), "--output", "json", "usage.py"]
    done = subprocess.run(command, cwd=usage, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [item for item in found if item["severity"] == "error"]
    mine = [item for item in errors if item["file"] == "usage.py"]
    assert done.stderr == ""
    assert [item for item in errors if "/testing/fake" in item["file"]] == []
    assert {item["line"] for item in mine} == WRONG, [
        (item["line"], item["message"]) for item in mine if item["line"] not in WRONG
    ]


def test_pyright_agrees(usage: Path) -> None:
    settings = {
        "include": ["usage.py"],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "venvPath": str(REPOSITORY),
        "venv": ".venv",
    }
    (usage / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(usage)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = {item["range"]["start"]["line"] + 1 for item in found}
    assert lines == WRONG, [
        (item["range"]["start"]["line"] + 1, item["message"])
        for item in found
        if item["range"]["start"]["line"] + 1 not in WRONG
    ]
