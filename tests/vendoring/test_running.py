"""Vendored packages at work: under other names, two in one process, beside an installed one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.vendoring.revisions import make_host, sdkpress

PROGRAM = """
import importlib, logging, pickle, sys

class Kept(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.names = set()
    def emit(self, entry):
        self.names.add(entry.name)

kept = Kept()
logging.getLogger().addHandler(kept)
logging.getLogger().setLevel(logging.DEBUG)

NAMES = ("app._vendor.museum_old", "app._vendor.museum_new", "museum")
packages = [importlib.import_module(name) for name in NAMES]
prices = []
for name, package in zip(NAMES, packages):
    before = set(sys.modules)
    testing = importlib.import_module(name + ".testing")
    fake = testing.fake_app()
    with fake.client() as client:
        assert type(client) is package.Museum
        hours = client.hours.list()
    assert dict(fake.requests[0].headers)["user-agent"].startswith("museum/" + package.__version__)
    model = package.models.Person(name="Ada")
    again = pickle.loads(pickle.dumps(model))
    assert again == model and type(again).__module__.startswith(name + ".models")
    prices.append(model)
    foreign = {other for other in set(sys.modules) - before if other.partition(".")[0] == "museum"}
    assert name == "museum" or not foreign, foreign
    try:
        client = package.Museum(base_url="http://127.0.0.1:9", max_retries=0, timeout=1)
        client.hours.list()
    except package.APIConnectionError as error:
        assert isinstance(error, package.MuseumError)
        assert not any(isinstance(error, other.MuseumError) for other in packages if other is not package)
for one in prices:
    for package in packages:
        same = type(one).__module__.startswith(package.__name__ + ".")
        assert isinstance(one, package.models.Person) is same
print([package.__version__ for package in packages])
print(sorted(name for name in kept.names if "museum" in name))
"""

TESTS = """
pytest_plugins = ["app._vendor.museum.testing.pytest_plugin"]

def test_hours(fake_museum, museum):
    assert museum.hours.list() is not None
    assert type(museum).__module__ == "app._vendor.museum.client"
"""


def environment(*paths: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def test_two_versions_in_one_process_beside_an_installed_one(
    revisions: tuple[Path, ...], tmp_path: Path
) -> None:
    host = make_host(tmp_path / "host")
    for number, name in ((0, "museum_old"), (9, "museum_new")):
        words = ["--into", "app/_vendor", "--as", name, "--with-testing"]
        assert sdkpress("vendor", "add", revisions[number], *words, at=host).code == 0
    (host / "program.py").write_text(PROGRAM, "utf-8")
    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=host,
        env=environment(host, revisions[4] / "src"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    versions, loggers = ran.stdout.splitlines()
    assert versions == "['1.1.0', '1.10.0', '1.5.0']"
    assert loggers == "['app._vendor.museum_new', 'app._vendor.museum_old', 'museum']"


def test_the_fixtures_of_a_vendored_package(revisions: tuple[Path, ...], tmp_path: Path) -> None:
    host = make_host(tmp_path / "host")
    words = ["--into", "app/_vendor", "--with-testing"]
    assert sdkpress("vendor", "add", revisions[0], *words, at=host).code == 0
    (host / "test_hours.py").write_text(TESTS.partition("\n\n")[2], "utf-8")
    (host / "conftest.py").write_text(TESTS.partition("\n\n")[0], "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hours.py"],
        cwd=host,
        env=environment(host),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout
