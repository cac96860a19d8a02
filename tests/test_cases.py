"""Golden cases: each folder of tests/cases holds a document, the code it becomes, and what is said.

`SDKPRESS_GOLDEN=rewrite` (`make golden`) writes the expected files; read the diff before a commit.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sdkpress.config import ClientConfig, config_from_options, load_config
from sdkpress.diagnostics import Diagnostics, render
from sdkpress.pipeline import Build, build
from tests.conftest import REPOSITORY

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if (path / "spec.yaml").is_file())

REWRITE = os.environ.get("SDKPRESS_GOLDEN") == "rewrite"
SHOWN = ("client.py", "resources/", "models/", "webhooks.py")
SHOWN_IN = {
    "factories": ("testing/_factory.py", "testing/factories/"),
    "fakes": ("testing/__init__.py", "testing/fake.py", "testing/fakes/"),
}
"""What a case shows besides."""


def package_of(case: str) -> str:
    return f"case_{case}"


def configured(case: str) -> ClientConfig | None:
    """The client of the case's own configuration, without a lock of its names; most have none."""
    if not (CASES / case / "sdkpress.toml").is_file():
        return None
    (client,) = load_config(CASES / case).clients
    return replace(client, pins_names=False)


@functools.cache
def build_case(case: str) -> tuple[Build, str]:
    """The build of a case and what was said; without black, which changes nothing (test_black_stable)."""
    diagnostics = Diagnostics()
    config = configured(case) or config_from_options(
        spec=CASES / case / "spec.yaml",
        out=Path(case),
        title="Things",
        name=package_of(case).replace("_", "-"),
        package=package_of(case),
        client="Things",
        overlays=[],
    )
    built = build(config, diagnostics, black="off")
    folder = f"{CASES.as_posix()}/{case}/"
    said = "".join(f"{render(item)}\n" for item in diagnostics.items).replace(folder, "")
    return built, said


@pytest.fixture(scope="module")
def built_cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All cases as packages in one folder, which is on the path."""
    root = tmp_path_factory.mktemp("cases")
    for case in NAMES:
        for file in build_case(case)[0].files:
            if file.path.startswith("src/"):
                target = root / file.path.removeprefix("src/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.content)
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


@pytest.mark.parametrize("case", NAMES)
def test_case_is_as_expected(case: str) -> None:
    built, said = build_case(case)
    prefix = f"src/{package_of(case)}/"
    texts = {
        file.path.removeprefix(prefix): file.content.decode()
        for file in built.files
        if file.path.startswith(prefix)
        and file.path.removeprefix(prefix).startswith((*SHOWN, *SHOWN_IN.get(case, ())))
        and not file.path.endswith("resources/__init__.py")
    }
    texts["diagnostics.txt"] = said
    expected = CASES / case / "expected"
    if REWRITE:
        shutil.rmtree(expected, ignore_errors=True)
        for name, text in texts.items():
            target = expected / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    on_disk = {
        path.relative_to(expected).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(expected.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(on_disk) == sorted(texts)
    for name in sorted(texts):
        assert texts[name] == on_disk[name], name


@pytest.mark.parametrize("case", NAMES)
def test_case_imports_and_decodes(case: str, built_cases: Path) -> None:
    package = importlib.import_module(package_of(case))
    for name in package.__all__:
        assert getattr(package, name) is not None
    models = importlib.import_module(f"{package_of(case)}.models")
    decoding = importlib.import_module(f"{package_of(case)}._runtime.decoding")
    for name in models.__all__:
        made = getattr(models, name)
        if name.endswith("Param"):
            continue
        for value in (b"{}", b"null", b"[1]", b'"text"', b'{"form": "circle", "x": 1}'):
            decoding.decode_json(value, made)
    for module in sorted((built_cases / package_of(case) / "resources").rglob("*.py")):
        relative = module.relative_to(built_cases).with_suffix("")
        importlib.import_module(".".join(relative.parts).removesuffix(".__init__"))


@pytest.mark.slow
def test_cases_type_check(built_cases: Path) -> None:
    """pyright strict over all expected code at once."""
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": [package_of(case) for case in NAMES],
        "exclude": ["**/_runtime", "**/_engine"],
        "venvPath": str(REPOSITORY),
        "venv": ".venv",
    }
    (built_cases / "pyrightconfig.json").write_text(json.dumps(settings))
    ran = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(built_cases)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]


def test_shape_round_trip(built_cases: Path) -> None:
    models = importlib.import_module("case_schema_kinds.models")
    data = {
        "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "kind": "thing",
        "nothing": None,
        "ratio": None,
        "colour": "mauve",
        "pair": ["a", 1],
        "labels": {"a": "b"},
        "made": "2026-01-02T03:04:05Z",
        "parent": {"id": "x", "kind": "thing", "nothing": None, "new": {"deep": [1]}},
        "shape": {"form": "square", "side": 2.5, "colour": "blue"},
        "size": {"width": 1.5},
        "@type": "t",
        "class": "c",
        "surplus": [1, {"a": None}],
    }
    thing = models.Thing.from_dict(data)
    assert thing.to_dict() == data
    assert type(thing.shape) is models.Square
    assert thing.shape.extra == {"colour": "blue"}
    assert thing.class_ == "c"
    assert thing.type == "t"
    assert models.Thing.from_json(thing.to_json()) == thing


def test_discriminator_of_a_parent_chooses_the_child(built_cases: Path) -> None:
    models = importlib.import_module("case_all_of.models")
    decoding = importlib.import_module("case_all_of._runtime.decoding")
    dog = decoding.decode_json(b'{"species": "Dog", "name": "Rex", "tricks": []}', models.Animal)
    assert type(dog.value) is models.Dog
    assert dog.notes == ()
