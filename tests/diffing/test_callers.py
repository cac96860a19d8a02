"""`diff --callers`: the lines of a project that break, and no other. In the projects of `callers/`,
which use the client of `callers/old.yaml`, a `# !` is at the end of each line that must be found.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sdkpress.diagnostics import SdkpressError
from sdkpress.diffing.callers import broken_calls
from sdkpress.diffing.changes import BrokenCall, Change
from sdkpress.diffing.comparing import compare
from sdkpress.diffing.sides import open_sides

CALLERS = Path(__file__).parent / "callers"


@dataclass(frozen=True)
class Versions:
    old: Mapping[str, bytes]
    new: Mapping[str, bytes]
    changes: tuple[Change, ...]
    work: Path

    def broken(
        self, folder: Path, notice: Callable[[str], None] = pytest.fail
    ) -> tuple[BrokenCall, ...]:
        return broken_calls(
            folder, self.old, self.new, "shop", self.changes, notice=notice, work=self.work
        )


@pytest.fixture(scope="module")
def versions(checker_folder: Path) -> Versions:
    with open_sides(str(CALLERS / "old.yaml"), str(CALLERS / "new.yaml")) as (old, new):
        found = compare(old, new)
        return Versions(*found.packages(), found.changes, checker_folder)


def marked(folder: Path) -> set[tuple[str, int]]:
    return {
        (path.relative_to(folder).as_posix(), number)
        for path in folder.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if line.endswith("# !")
    }


def project(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["typed", "untyped"])
def test_every_broken_line_is_found_and_no_other(versions: Versions, name: str) -> None:
    before = snapshot(CALLERS / name)
    found = versions.broken(CALLERS / name)
    assert {(call.file, call.line) for call in found} == marked(CALLERS / name)
    assert [call for call in found if call.change is None] == []
    assert snapshot(CALLERS / name) == before


def test_said_in_words_of_the_api(versions: Versions) -> None:
    found = versions.broken(CALLERS / "typed")
    said = {call.source: call.message for call in found}
    for code, message in {
        'client.orders.list(shop="a", sort="x")  # !': "`sort` was removed from `orders.list`",
        "client.orders.list(limit=1)  # !": (
            "`orders.list` requires `shop` now, which this call does not pass"
        ),
        'client.orders.delete("a", "b")  # !': "`orders.delete` was removed",
        "print(made.comment)  # !": "`made.comment` is gone: `Order.comment` was removed",
        'client.orders.list(shop="a", state="sent")  # !': (
            '`state` of `orders.list` may be "sent" no longer'
        ),
        'found = client.orders.list(shop="a", limit=100)  # !': (
            "`limit` of `orders.list` must be at most 50 now"
        ),
    }.items():
        assert said[code] == message
    assert found == versions.broken(CALLERS / "typed"), "the same again"


def test_positions_are_those_of_the_user(versions: Versions, tmp_path: Path) -> None:
    text = "def run(client, more={'é': 1}): return client.orders.delete('a', 'b')\n"
    folder = project(tmp_path, {"a.py": f"from shop import Shop\n{text}\nrun(Shop(), {{}})\n"})
    (call,) = versions.broken(folder)
    assert (call.line, call.column) == (2, text.index("client.orders") + 1)


def test_what_was_wrong_before_is_not_told(versions: Versions, tmp_path: Path) -> None:
    text = "from shop import Shop\n\nclient = Shop(42)\nclient.orders.list(nothing=1, shop='a')\nclient.nothing()\nx: int = 'a'\n"
    assert versions.broken(project(tmp_path, {"a.py": text})) == ()


def test_ignored_types_still_break_at_run_time(versions: Versions, tmp_path: Path) -> None:
    lines = [
        "from shop import Shop",
        "client = Shop()",
        "order = client.orders.create(lines=[], gift=True)",
        "order.price + 1  # type: ignore",
        "client.orders.delete('a', 'b')  # type: ignore",
    ]
    (call,) = versions.broken(project(tmp_path, {"a.py": "\n".join(lines)}))
    assert call.line == 5


def test_another_copy_on_the_search_path_of_mypy(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, content in versions.old.items():
        target = tmp_path / "copy" / path.removeprefix("src/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    monkeypatch.setenv("MYPYPATH", str(tmp_path / "copy"))
    text = "from shop import Shop\nShop().orders.create(lines=[], gift=True).price + 1\n"
    (call,) = versions.broken(project(tmp_path / "own", {"a.py": text}))
    assert call.line == 2
    assert os.environ["MYPYPATH"] == str(tmp_path / "copy")


def test_a_server_that_must_be_given_now(versions: Versions, tmp_path: Path) -> None:
    lines = [
        "import shop",
        "a = shop.Shop()  # !",
        "b = shop.AsyncShop(timeout=3)  # !",
        "c = shop.Shop(base_url='https://shop.test')",
    ]
    folder = project(tmp_path, {"a.py": "\n".join(lines)})
    id = "python-base-url-became-required"
    needed = Change(id, "runtime", "breaking", "`base_url` must be given now", "Shop")
    found = replace(versions, changes=(needed,)).broken(folder)
    assert {(call.file, call.line) for call in found} == marked(folder)
    assert {call.change for call in found} == {needed}


def test_vendored_copies_under_their_own_name(versions: Versions, tmp_path: Path) -> None:
    for name in ("app/_vendor/shop", "lib/tools/boutique"):
        for path, content in versions.old.items():
            target = tmp_path / name / path.removeprefix("src/shop/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    calls = "client = Shop()\nclient.orders.delete('a', 'b')  # !\nclient.orders.list(shop='a')\n"
    files = {
        "app/__init__.py": "",
        "app/_vendor/__init__.py": "",
        "app/one.py": f"from ._vendor.shop import Shop\n{calls}",
        "app/two.py": f"from app._vendor.shop import Shop\n{calls}",
        "lib/three.py": f"from lib.tools.boutique import Shop\n{calls}",
    }
    folder = project(tmp_path, files)
    found = {(call.file, call.line) for call in versions.broken(folder)}
    assert found == {("app/one.py", 3), ("app/two.py", 3), ("lib/three.py", 3)}


def test_odd_files_are_skipped_and_told_once(versions: Versions, tmp_path: Path) -> None:
    call = "from shop import Shop\nShop().orders.delete('a', 'b')\n"
    files = {
        "broken.py": f"{call}def (\n",
        "types.py": call,
        "logging/__init__.py": call,
        "shop.py": "print('the name of the package')\n",
        "no-module name.py": call,
        ".hidden/a.py": call,
        "node_modules/a.py": call,
        "env/pyvenv.cfg": "",
        "env/lib/a.py": call,
        "book.ipynb": '{"cells": [{"source": ["import shop"]}]}',
    }
    folder = project(tmp_path, files)
    (folder / "latin.py").write_bytes(f"# caf\u00e9\n{call}".encode("latin-1"))
    (folder / "cookie.py").write_bytes(f"# coding: latin-1\n# \u00e9\n{call}".encode("latin-1"))
    (folder / "crlf.py").write_bytes(b"\xef\xbb\xbf" + call.replace("\n", "\r\n").encode())
    (folder / "null.py").write_bytes(call.encode() + b"\0")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    os.symlink("nowhere", folder / "dead.py")
    notices: list[str] = []
    found = versions.broken(folder, notices.append)
    assert {(item.file, item.line) for item in found} == {
        ("types.py", 2),
        ("logging/__init__.py", 2),
        ("no-module name.py", 2),
        ("cookie.py", 4),
        ("crlf.py", 2),
    }
    assert sorted(notice.partition(":")[0] for notice in notices) == [
        "book.ipynb",
        "broken.py",
        "latin.py",
        "null.py",
    ]


def test_scripts_and_packages_without_init(versions: Versions, tmp_path: Path) -> None:
    files = {
        "src/company/app/clients.py": "from shop import Shop\n\nclient = Shop()\n",
        "src/company/app/use.py": (
            "from company.app.clients import client\n\nclient.orders.delete('a', 'b')\n"
        ),
        "scripts/helper.py": "import shop\ndef connect():\n    return shop.Shop()\n",
        "scripts/run.py": "from helper import connect\nconnect().orders.delete('a', 'b')\n",
        "other/run.py": "import nothing_installed\nnothing_installed.orders.delete('a', 'b')\n",
    }
    found = versions.broken(project(tmp_path, files))
    assert [(item.file, item.line) for item in found] == [
        ("scripts/run.py", 2),
        ("src/company/app/use.py", 3),
    ]


def test_projects_without_the_package(versions: Versions, tmp_path: Path) -> None:
    assert versions.broken(project(tmp_path, {"a.py": "orders.delete()\n"})) == ()
    same = broken_calls(CALLERS / "typed", versions.old, versions.old, "shop", ())
    assert same == ()


def test_the_folder_must_be_there(versions: Versions, tmp_path: Path) -> None:
    with pytest.raises(SdkpressError, match="no such folder"):
        versions.broken(tmp_path / "none")


def test_without_mypy(versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mypy", None)
    with pytest.raises(SdkpressError, match="callers-need-mypy"):
        versions.broken(tmp_path)


def test_a_checker_that_fails(versions: Versions, tmp_path: Path) -> None:
    """mypy takes no file as the folder of its cache."""
    work = tmp_path / "work"
    work.mkdir()
    shutil.copytree(CALLERS / "typed", tmp_path / "app")
    (work / "cache").write_text("in the way")
    with pytest.raises(SdkpressError, match="type-check-failed"):
        broken_calls(
            tmp_path / "app", versions.old, versions.new, "shop", versions.changes, work=work
        )
