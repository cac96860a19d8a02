"""The pytest plugin as users get it: from wheels, through their entry points, with every Python."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

import pytest

from tests.conftest import SMALL_DOCUMENT, run

pytestmark = [pytest.mark.slow, pytest.mark.index]

Sdkpress = Callable[..., "subprocess.CompletedProcess[str]"]

PACKAGES = {"pets_client": "Pets", "shop": "Shop"}
WITHOUT_THE_EXTRA = (
    "import sys\nsys.modules.update(dict.fromkeys(['hypothesis', 'uvicorn', 'yaml']))\n"
)


@pytest.fixture(scope="session")
def site(sdkpress: Sdkpress, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheels of two clients were installed."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8")
    for package, client in PACKAGES.items():
        names = ["--name", package.replace("_", "-"), "--package", package, "--client", client]
        sdkpress(
            "generate", "--spec", "pets.yaml", "--out", package, *names, "--no-black", cwd=folder
        )
        run(
            [sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", "wheels", package],
            cwd=folder,
        )
    for wheel in sorted((folder / "wheels").iterdir()):
        # All there is to an installation of pure Python that has no scripts.
        with ZipFile(wheel) as archive:
            archive.extractall(folder / "site")
    return folder / "site"


def try_tests(
    python: Path, site: Path, folder: Path, text: str, *arguments: str
) -> tuple[dict[str, int], str]:
    """Run pytest; returns how many tests passed, failed, ... and what was printed."""
    (folder / "test_it.py").write_text(dedent(text), encoding="utf-8")
    command = [python, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    done = run([*command, *arguments, "test_it.py"], cwd=folder, check=False, PYTHONPATH=str(site))
    last = (done.stdout.strip().splitlines() or [""])[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+?)s?\b", last)}
    return counts, done.stdout + done.stderr


def test_the_fixtures_of_two_installed_packages(
    environment: Path, site: Path, tmp_path: Path
) -> None:
    counts, text = try_tests(
        environment,
        site,
        tmp_path,
        """
        import asyncio, sys

        import pets_client
        import shop as shop_package

        def test_the_first(fake_pets, pets, fake_pets_server):
            pets.pets.list()
            with pets_client.Pets() as client:
                client.pets.list()
            assert len(fake_pets.requests) == 2

        def test_the_second(fake_shop, async_shop):
            async def one():
                return await async_shop.pets.create(name="Rex")

            assert isinstance(asyncio.run(one()), shop_package.models.Pet)
            assert fake_shop.pets.create.last_request.body.name == "Rex"

        def test_pytest_compiles_no_module_anew():
            ours = {name for name in sys.modules if name.startswith("pets_client._runtime.")}
            early = {"pets_client._runtime.lazy"}  # by the import of the plugin itself
            assert len(ours) > 10
            kinds = {type(sys.modules[name].__spec__.loader).__name__ for name in ours - early}
            assert kinds == {"SourceFileLoader"}
        """,
    )
    assert counts == {"passed": 3}, text


def test_nothing_of_the_extra_is_needed_but_where_it_is_used(
    environment: Path, site: Path, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text(WITHOUT_THE_EXTRA, encoding="utf-8")
    counts, text = try_tests(
        environment,
        site,
        tmp_path,
        """
        from pets_client.testing.factories import pet

        def test_in_process(fake_pets, pets):
            fake_pets.pets.list.fails(500, retry_after=0).replies([pet(name="Rex")])
            assert [one.name for one in pets.pets.list()] == ["Rex"]

        def test_loopback(fake_pets_server):
            pass
        """,
        "-pno:hypothesispytest",
    )
    assert counts == {"passed": 1, "error": 1}, text
    assert "pip install 'pets-client[testing]'" in text


def test_the_plugin_can_be_refused(site: Path, tmp_path: Path) -> None:
    counts, text = try_tests(
        Path(sys.executable),
        site,
        tmp_path,
        "def test_one(pets):\n    pass\n\n\ndef test_other(shop):\n    pass\n",
        "-p",
        "no:pets_client.testing.pytest_plugin",
    )
    assert counts == {"passed": 1, "error": 1}, text
    assert "fixture 'pets' not found" in text
