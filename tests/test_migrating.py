"""docs/migrating/: our side of each comparison runs as shown, and the table of extensions is true.

Each page has one configuration. A client is generated from it and from the document beside the
page, and every block of Python that is ours runs with that client, against its fake server.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from sdkpress.cli import main
from sdkpress.lowering.foreign.table import READ
from tests.conftest import REPOSITORY, run
from tests.test_docs import Block, blocks, prose

FOLDER = REPOSITORY / "docs" / "migrating"
PAGES = sorted(FOLDER.glob("*.md"))
TABLE = FOLDER / "from-hosted-generators.md"
MARK = "<!-- table: extensions -->"

RUN = """\
import os, sys
from pathlib import Path
from shop.testing import fake_app

with fake_app().serve() as server:
    os.environ.update(SHOP_BASE_URL=server.url, SHOP_API_KEY="any-key-will-do")
    for name in sys.argv[1:]:
        exec(compile(Path(name).read_text(encoding="utf-8"), name, "exec"), {"__name__": "__main__"})
"""


def ours(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python" and not block.excuse]


def configuration(page: Path) -> str:
    (found,) = re.findall(r"^ *```toml\n(.*?)^ *```$", page.read_text("utf-8"), re.M | re.S)
    return re.sub(r"^ {3}", "", found, flags=re.M)


def programs(page: Path) -> list[str]:
    """Our blocks of Python, those that stand in a list included."""
    text = page.read_text(encoding="utf-8")
    inner = re.findall(r"^ {3}```python\n(.*?)^ {3}```$", text, re.M | re.S)
    return [block.text for block in ours(page)] + [
        re.sub(r"^ {3}", "", block, flags=re.M) for block in inner
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_our_side_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(configuration(page), encoding="utf-8")
    (tmp_path / "shop.yaml").write_bytes((FOLDER / "shop.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "--no-black"]) == 0, capsys.readouterr().err
    names: list[str] = []
    for number, text in enumerate(programs(page)):
        names.append(f"block_{number}.py")
        (tmp_path / names[-1]).write_text(text, encoding="utf-8")
    assert names
    source = tmp_path / "generated" / "shop" / "src"
    done = run(
        [sys.executable, "-c", RUN, *names], cwd=tmp_path, timeout=60, PYTHONPATH=str(source)
    )
    assert len(done.stdout.splitlines()) >= len(names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_their_side_says_what_it_was_made_with(page: Path) -> None:
    theirs = [block.excuse for block in blocks(page) if block.language == "python" and block.excuse]
    assert all(re.fullmatch(r"made by .+ \d+(\.\d+)+", excuse) for excuse in theirs)
    named = {excuse.removeprefix("made by ") for excuse in theirs}
    assert all(name in prose(page) for name in named)


def table() -> str:
    rows = [f"| `{row.name}` | {row.on} | {row.effect} |" for row in READ]
    return "\n".join([MARK, "", "| extension | on | effect |", "|---|---|---|", *rows, ""])


def test_the_table_of_extensions() -> None:
    """`tests/unit/test_foreign_table.py` shows for each row that it is read."""
    text = TABLE.read_text(encoding="utf-8")
    expected = re.sub(rf"{MARK}\n+(?:\|[^\n]*\n)*", lambda _: table(), text)
    if os.environ.get("SDKPRESS_GOLDEN") == "rewrite":
        TABLE.write_text(expected, encoding="utf-8")
    assert text == expected
