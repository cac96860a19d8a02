"""The fixtures that a client brings to pytest, in runs of pytest of their own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from textwrap import dedent

import pytest

from tests.conftest import SMALL_DOCUMENT, run

Sdkpress = Callable[..., "CompletedProcess[str]"]

WITH_A_KEY = f"""\
{SMALL_DOCUMENT}\
  securitySchemes:
    key: {{type: apiKey, in: header, name: X-Key}}
security: [{{key: []}}]
"""


@pytest.fixture(scope="session")
def sources(sdkpress: Sdkpress, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the import packages `pets_client` (Pets), which needs a key, and `shop` (Shop)."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "pets.yaml").write_text(WITH_A_KEY, encoding="utf-8")
    for package, client in (("pets_client", "Pets"), ("shop", "Shop")):
        names = ["--name", package, "--package", package, "--client", client]
        out = ["--spec", "pets.yaml", "--out", f"out/{package}", "--no-black"]
        sdkpress("generate", *names, *out, cwd=folder)
        (folder / "out" / package / "src" / package).rename(folder / package)
    return folder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run of pytest: its exit code, how many of what, all that it printed."""

    code: int
    counts: dict[str, int]
    text: str


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs pytest on one file, with the plugins of packages that are not installed."""

    sources: Path
    folder: Path

    def __call__(
        self,
        text: str,
        *arguments: str,
        packages: tuple[str, ...] = ("pets_client",),
        plugins: tuple[str, ...] = (),
        **environment: str,
    ) -> Outcome:
        (self.folder / "test_it.py").write_text(dedent(text), encoding="utf-8")
        loaded = [*(f"{package}.testing.pytest_plugin" for package in packages), *plugins]
        command = [sys.executable, "-W", "error", "-m", "pytest", "-rA", "--color=no"]
        command += [f"-p{plugin}" for plugin in ("no:cacheprovider", *loaded)]
        done = run(
            [*command, *arguments, "test_it.py"],
            cwd=self.folder,
            timeout=120,
            check=False,
            PYTHONPATH=str(self.sources),
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
            **environment,
        )
        printed = done.stdout + done.stderr
        last = (done.stdout.strip().splitlines() or [""])[-1]
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+?)s?\b", last)}
        return Outcome(done.returncode, counts, printed)


@pytest.fixture
def pytest_run(sources: Path, tmp_path: Path) -> Runner:
    """Writes a test file, and runs pytest on it in a process of its own."""
    return Runner(sources, tmp_path)


def configure(runner: Runner, *lines: str) -> None:
    (runner.folder / "pytest.ini").write_text("\n".join(["[pytest]", *lines]), encoding="utf-8")


def test_every_fixture_talks_to_the_fake_server_of_its_test(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        import asyncio
        import pets_client

        def test_sync(fake_pets, pets):
            assert type(pets) is pets_client.Pets
            fake_pets.pets.list.replies([{"name": "Rex"}])
            assert [pet.name for pet in pets.pets.list()] == ["Rex"]
            assert [request.operation for request in fake_pets.requests] == ["pets.list"]

        def test_async(fake_pets, async_pets):
            assert type(async_pets) is pets_client.AsyncPets
            fake_pets.pets.list.replies([{"name": "Rex"}])

            async def names():
                return [pet.name for pet in await async_pets.pets.list()]

            assert asyncio.run(names()) == ["Rex"]

        def test_both_at_once(fake_pets, pets, async_pets):
            async def one():
                await async_pets.pets.list()

            pets.pets.list()
            asyncio.run(one())
            assert len(fake_pets.requests) == 2

        def test_loopback(fake_pets, fake_pets_server):
            assert fake_pets_server.url.startswith("http://127.0.0.1:")
            fake_pets.pets.list.replies([{"name": "Rex"}])
            with pets_client.Pets() as client:
                assert [pet.name for pet in client.pets.list()] == ["Rex"]
        """)
    assert outcome.counts == {"passed": 4}, outcome.text


def test_nothing_is_left_for_the_next_test(pytest_run: Runner) -> None:
    outcome = pytest_run(
        """
        import os
        import pytest

        seen = []

        @pytest.mark.parametrize("number", range(3))
        def test_it(number, fake_pets, pets, fake_pets_server):
            assert fake_pets.requests == ()
            pets.pets.list()
            assert fake_pets.pets.list.last_request.header("x-key") == "test-key"
            fake_pets.pets.list.fails(500, times=None)
            assert fake_pets not in seen
            seen.append(fake_pets)

        def test_the_environment():
            assert os.environ["PETS_API_KEY"] == "mine" and "PETS_BASE_URL" not in os.environ
        """,
        PETS_API_KEY="mine",
    )
    assert outcome.counts == {"passed": 4}, outcome.text


def test_the_developers_key_and_server_are_never_used(pytest_run: Runner) -> None:
    outcome = pytest_run(
        """
        import asyncio, os
        import pets_client

        def test_it(fake_pets, pets, async_pets):
            pets.pets.list()

            async def one():
                await async_pets.pets.list()

            asyncio.run(one())
            assert "secret" not in str([request.headers for request in fake_pets.requests])
            assert len(fake_pets.requests) == 2

        def test_loopback(fake_pets, fake_pets_server):
            with pets_client.Pets() as client:
                client.pets.list()
            assert "secret" not in str(fake_pets.requests[0].headers)
        """,
        PETS_API_KEY="secret",
        PETS_BASE_URL="http://127.0.0.1:9",
    )
    assert outcome.counts == {"passed": 2}, outcome.text


UNUSED = """
    import pytest

    def test_it(fake_pets, pets):
        fake_pets.pets.list.replies([]).fails(429)
        pets.pets.list()
    """


def test_an_answer_that_nobody_asked_for(pytest_run: Runner) -> None:
    # The default is a warning, which is an error in these runs.
    outcome = pytest_run(UNUSED)
    assert outcome.counts == {"failed": 1}, outcome.text
    said = "UnusedAnswerWarning: nobody asked fake_pets for: pets.list.fails(status=429)"
    assert said in outcome.text
    assert pytest_run(UNUSED, "-W", "default").counts == {"passed": 1, "warning": 1}

    configure(pytest_run, "pets_unused = error")
    outcome = pytest_run(UNUSED, "-W", "default")
    assert outcome.counts == {"failed": 1}, outcome.text
    assert "nobody asked fake_pets for: pets.list.fails(status=429)" in outcome.text

    configure(pytest_run, "pets_unused = ignore")
    assert pytest_run(UNUSED).counts == {"passed": 1}


def test_the_marker_beats_the_setting_and_the_nearer_marker_the_farther(pytest_run: Runner) -> None:
    configure(pytest_run, "pets_unused = error")
    outcome = pytest_run(
        """
        import pytest

        pytestmark = pytest.mark.pets(unused="error", seed=5, credentials={"key": "right"})

        @pytest.mark.pets(unused="ignore", credentials=None)
        def test_it(fake_pets, pets):
            fake_pets.pets.list.replies([])
            pets.pets.create(name="Rex")

        def test_credentials(fake_pets):
            import pets_client
            with fake_pets.client(api_key="left") as client:
                with pytest.raises(pets_client.AuthenticationError):
                    client.pets.list()
        """,
        "--strict-markers",
    )
    assert outcome.counts == {"passed": 2}, outcome.text


@pytest.mark.parametrize(
    ("line", "marker", "said"),
    [
        ("pets_unused = never", "", "the setting pets_unused is 'never', none of error, warn"),
        ("", "@pytest.mark.pets('seed')", "the marker pets takes arguments by name only"),
        ("", "@pytest.mark.pets(unused='?')", "unused= of the marker pets is '?', none of"),
        ("", "@pytest.mark.pets(sed=1)", "unexpected keyword argument 'sed'"),
    ],
)
def test_what_is_misspelt_is_said(pytest_run: Runner, line: str, marker: str, said: str) -> None:
    configure(pytest_run, line)
    outcome = pytest_run(f"import pytest\n\n{marker}\ndef test_it(fake_pets):\n    pass\n")
    assert outcome.code != 0
    assert said in outcome.text


def test_a_condition_that_raises_fails_the_test_that_swallowed_it(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        import pets_client

        def test_it(fake_pets, pets):
            fake_pets.pets.list.when(lambda request: request.no_such_thing).replies([])
            try:
                pets.pets.list()
            except pets_client.PetsError:
                pass
        """)
    assert outcome.counts == {"failed": 1}, outcome.text
    assert "has no attribute 'no_such_thing'" in outcome.text
    assert re.search(r"call -+\nGET /pets 500 .*a condition of pets\.list raised", outcome.text)


def test_the_report_of_a_failed_test_shows_what_was_asked_and_answered(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        def test_fails(fake_pets, pets):
            fake_pets.pets.list.replies([]).fails(418)
            pets.pets.list(limit=3)
            pets.pets.create(name=7)

        def test_passes(pets):
            pets.pets.list()

        def test_asks_nothing(pets):
            assert pets is None
        """)
    assert outcome.counts == {"failed": 2, "passed": 1}, outcome.text
    first, second = re.findall(
        r"Captured fake_pets call -+\n((?:.+\n)+?)(?=[-_=]{5})", outcome.text
    )
    lines = first.splitlines()
    assert [line.rpartition(" ms")[0].split()[:3] for line in lines[:2]] == [
        ["GET", "/pets", "200"],
        ["POST", "/pets", "400"],
    ]
    assert "body/name" in lines[1]
    assert lines[2] == "nobody asked for: pets.list.fails(status=418)"
    assert second == "no request came\n"


def test_two_packages_at_once(pytest_run: Runner) -> None:
    configure(pytest_run, "pets_unused = ignore", "shop_unused = error")
    outcome = pytest_run(
        """
        def test_both(fake_pets, pets, fake_shop, shop):
            fake_pets.pets.list.replies([])
            pets.pets.create(name="Rex")
            shop.pets.list()
            assert len(fake_shop.requests) == len(fake_pets.requests) == 1

        def test_one(fake_pets, pets, fake_shop, shop):
            fake_shop.pets.list.replies([])
            pets.pets.list()
        """,
        packages=("pets_client", "shop"),
    )
    assert outcome.counts == {"passed": 1, "failed": 1}, outcome.text
    assert "nobody asked fake_shop for" in outcome.text


def test_several_processes(pytest_run: Runner) -> None:
    outcome = pytest_run(
        """
        import pytest
        import pets_client

        @pytest.mark.parametrize("number", range(8))
        def test_it(number, fake_pets, pets, fake_pets_server):
            pets.pets.list()
            with pets_client.Pets() as client:
                client.pets.list()
            assert len(fake_pets.requests) == 2
        """,
        "-n2",
        plugins=("xdist",),
    )
    assert outcome.counts == {"passed": 8}, outcome.text


def test_asynchronous_tests(pytest_run: Runner) -> None:
    outcome = pytest_run(
        """
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.fixture
        async def first(async_pets):
            return (await async_pets.pets.list())[0]

        async def test_it(fake_pets, async_pets, first):
            assert first.name
            await async_pets.pets.list()
            assert len(fake_pets.requests) == 2

        async def test_an_answer_that_is_left(fake_pets, async_pets):
            fake_pets.pets.list.stalls()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await async_pets.pets.list()

        import asyncio
        """,
        plugins=("anyio",),
    )
    assert outcome.counts == {"passed": 2}, outcome.text


def test_test_cases_of_unittest(pytest_run: Runner) -> None:
    outcome = pytest_run(
        """
        import unittest
        import pytest

        class ListTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _fixtures(self, fake_pets, pets):
                self.fake, self.client = fake_pets, pets

            def test_it(self):
                self.client.pets.list()
                self.assertEqual(len(self.fake.requests), 1)

            def test_unused(self):
                self.fake.pets.list.replies([])
        """,
        "-opets_unused=error",
    )
    assert outcome.counts == {"passed": 1, "failed": 1}, outcome.text


def test_pytest_describes_the_fixtures_and_the_marker(pytest_run: Runner) -> None:
    listed = pytest_run("", "--fixtures").text
    for name in ("fake_pets", "pets", "async_pets", "fake_pets_server"):
        assert re.search(rf"^{name} -- .+\n    \S.+", listed, re.M), name
    assert "@pytest.mark.pets(seed=0" in pytest_run("", "--markers").text
    assert "pets_unused" in pytest_run("", "--help").text


def test_the_plugin_costs_next_to_nothing_where_it_is_not_used(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        import sys

        def test_what_is_imported():
            ours = {name for name in sys.modules if name.startswith("pets_client")}
            assert ours == {
                "pets_client",
                "pets_client._runtime",
                "pets_client._runtime.lazy",
                "pets_client.testing",
                "pets_client.testing._engine",
                "pets_client.testing._engine.pytest_support",
                "pets_client.testing.pytest_plugin",
            }
            assert not {"hypothesis", "httptools", "msgspec", "uvicorn", "yaml"} & set(sys.modules)
        """)
    assert outcome.counts == {"passed": 1}, outcome.text


def test_a_failure_is_reported_once(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        import pets_client

        def test_it(fake_pets, fake_pets_server):
            fake_pets.pets.list.when(lambda request: request.no_such_thing).replies([])
            try:
                pets_client.Pets().pets.list()
            except pets_client.PetsError:
                pass
        """)
    assert outcome.counts == {"failed": 1}, outcome.text


CASSETTE = """\
version: 1
api: Pets
exchanges:
  - request: {method: POST, path: /pets, json: {name: Rex}}
    response: {status: 201, headers: {content-type: application/json}, json: {name: Rex}}
  - request: {method: GET, path: /pets}
    response: {status: 200, headers: {content-type: application/json}, json: []}
"""


def test_a_cassette_beside_the_test(pytest_run: Runner, tmp_path: Path) -> None:
    (pytest_run.folder / "pets.yaml").write_text(CASSETTE, encoding="utf-8")
    text = """
        import pytest
        import pets_client

        @pytest.mark.pets(replay="pets.yaml", unused="ignore")
        def test_one(pets):
            assert pets.pets.create(name="Rex").name == "Rex"

        @pytest.mark.pets(replay="pets.yaml")
        def test_not_all_of_it(pets):
            pets.pets.list()

        @pytest.mark.pets(replay="pets.yaml", unused="ignore")
        def test_no_such_request(pets, fake_pets_server):
            try:
                pets_client.Pets(max_retries=0).pets.create(name="Tom")
            except pets_client.PetsError:
                pass
        """
    outcome = pytest_run(text, "-opets_unused=error", f"--rootdir={tmp_path.parent}")
    assert outcome.counts == {"passed": 1, "failed": 2}, outcome.text
    assert re.search("nobody asked fake_pets for: .*POST /pets", outcome.text)
    assert "recorded 'Rex', sent 'Tom'" in outcome.text


def test_recording_where_there_is_no_cassette_yet(pytest_run: Runner) -> None:
    text = """
        import os
        import pets_client
        import pytest
        from pets_client.testing import fake_app

        upstream = fake_app(credentials={"key": "real"})

        @pytest.fixture(scope="module")
        def address():
            with upstream.serve() as server:
                yield server.url

        @pytest.fixture(autouse=True)
        def recorded(request, address):
            marker = pytest.mark.pets(replay="new.yaml", record="new.yaml", upstream=address)
            request.node.add_marker(marker)

        def test_it(fake_pets, pets, fake_pets_server):
            pets.pets.create(name="Rex")
            with pets_client.Pets() as client:
                client.pets.list()
            print("recording" if fake_pets.is_recording else "replaying", len(upstream.requests))
        """
    # The real server takes the real key alone, which is in the environment.
    outcome = pytest_run(text, PETS_API_KEY="real")
    assert outcome.counts == {"passed": 1}, outcome.text
    assert "recording 2\n" in outcome.text
    outcome = pytest_run(text)
    assert outcome.counts == {"passed": 1}, outcome.text
    assert "replaying 0\n" in outcome.text
    assert "real" not in (pytest_run.folder / "new.yaml").read_text(encoding="utf-8")


def test_the_credential_is_the_one_that_is_right(pytest_run: Runner) -> None:
    outcome = pytest_run("""
        import pytest
        import pets_client

        @pytest.mark.pets(credentials={"key": "right"})
        def test_it(fake_pets, pets, fake_pets_server):
            pets.pets.list()
            with pets_client.Pets() as client:
                client.pets.list()
            with fake_pets.client(api_key="other") as client, pytest.raises(pets_client.PetsError):
                client.pets.list()
        """)
    assert outcome.counts == {"passed": 1}, outcome.text
