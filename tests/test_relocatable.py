"""Generated packages work under any name: no code of theirs imports or names itself absolutely.

Two copies of one package, or of two versions of it, then work side by side; tests/vendoring runs them. Here
their code is looked at, for a part of the corpus; `make corpus` does so for the whole.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.pipeline import analyse, source_files
from tests.corpus.documents import Document, all_documents, sample
from tests.corpus.generating import client_options
from tests.corpus.packages import import_all
from tests.corpus.relocating import bound_places
from tests.test_cases import NAMES, build_case, package_of

SMALL = 200_000
"""Bytes of the largest documents that are looked at here; `make corpus` looks at all packages."""


@pytest.mark.xdist_group("cases")
@pytest.mark.parametrize("case", NAMES)
def test_cases_are_bound_to_no_name(case: str) -> None:
    files = {
        file.path.removeprefix("src/"): file.content
        for file in build_case(case)[0].files
        if file.path.startswith("src/")
    }
    assert f"{package_of(case)}/__init__.py" in files
    assert bound_places(files, package_of(case)) == []


@pytest.mark.xdist_group("cases")
@pytest.mark.parametrize("case", ["security", "webhooks"])
def test_a_case_imports_below_another_package(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"hosting_{case}"
    inside = tmp_path / host / "deep" / "renamed"
    for file in build_case(case)[0].files:
        if file.path.startswith(f"src/{package_of(case)}/"):
            target = inside / file.path.removeprefix(f"src/{package_of(case)}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    imported = import_all(f"{host}.deep.renamed")
    assert len(imported) > 100
    assert not [name for name in set(sys.modules) - before if package_of(case) in name]
    client: type = imported[0].Things
    assert client.__module__.startswith(f"{host}.deep.renamed.")
    error: type = imported[0].errors.APIStatusError
    assert pickle.loads(pickle.dumps(error)) is error


def _bound(document: Document) -> list[str] | None:
    """What binds the package of a document to its name; None where there is no package."""
    package = f"named_{document.slug}"  # what no document says by itself
    options = client_options(document, Path("unwritten")) | {"package": package}
    config = config_from_options(**options)
    try:
        files = source_files(analyse(config, Diagnostics()))
    except SdkpressError:
        return None
    return bound_places(
        {path.removeprefix("src/"): content for path, content in files.items()}, package
    )


def _documents(shared: Path) -> list[Document]:
    if not (shared / "specs" / "INDEX.tsv").is_file():
        pytest.skip("no ../shared/specs with documents beside the checkout")
    return all_documents(shared / "specs")


@pytest.mark.shared
def test_packages_of_the_corpus_are_bound_to_no_name(shared: Path) -> None:
    small = [document for document in _documents(shared) if document.bytes < SMALL]
    chosen = sample((d for d in small if d.is_real), 4) + sample(
        (d for d in small if not d.is_real), 12
    )
    found = {document.name: _bound(document) for document in chosen}
    assert sum(bound is not None for bound in found.values()) > 8
    assert {name: bound for name, bound in found.items() if bound} == {}


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("a.py", "import shop.errors", "names shop"),
        ("a.py", "from shop import errors", "names shop"),
        ("a.py", "def f():\n    from shop.models import Pet", "names shop"),
        ("a.py", "if TYPE_CHECKING:\n    import shop", "names shop"),
        ("a.py", "import_module('shop.errors')", "names shop"),
        ("a.py", "logger = getLogger('shop')", "names shop"),
        ("a.py", "from .. import errors", "outside of the package"),
        ("deep/a.py", "from ... import errors", "outside of the package"),
        ("a.py", "from importlib.metadata import version", "metadata"),
        ("a.py", "import requests", "nothing brings"),
        ("a.py", "from sdkpress.runtime import model", "nothing brings"),
    ],
)
def test_what_binds_a_package_is_seen(path: str, code: str, said: str) -> None:
    found = bound_places({f"shop/{path}": code.encode()}, "shop")
    assert [place for place in found if place.startswith(f"{path}:") and said in place], found


@pytest.mark.parametrize(
    "code",
    [
        '"""As in `import shop`."""',
        "class A:\n    b: int\n    'shop.models'",
        "from . import shop",
        "from .shop import errors",
        "title = 'shop, and more'",
        "title = 'shopping'",
        "import json, msgspec",
    ],
)
def test_what_binds_nothing_is_let_pass(code: str) -> None:
    assert bound_places({"shop/a.py": code.encode()}, "shop") == []
