"""The tree of a generated fake server: its names, and what is imported when."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from sdkpress.runtime.testing.app import FakeApp
from sdkpress.views.fakes import ATTRIBUTES


def get(*parameters: dict[str, Any], tag: str = "") -> dict[str, Any]:
    """A path with one operation."""
    answer = {"description": "Ok.", "content": {"application/json": {"schema": {}}}}
    operation = {"parameters": list(parameters), "responses": {"200": answer}}
    return {"get": {**operation, "tags": [tag]} if tag else operation}


def package(folder: Path, name: str, document: dict[str, Any]) -> ModuleType:
    """The client of a document, imported."""
    spec = folder / f"{name}.json"
    spec.write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, **document})
    )
    config = config_from_options(
        spec=spec, out=folder / name, name=name, package=name, client="Pets"
    )
    for file in build(config, Diagnostics(), black="off").files:
        if file.path.startswith("src/"):
            target = folder / file.path.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def test_every_attribute_of_a_fake_server_is_known() -> None:
    own = {name for name in dir(FakeApp({})) if not name.startswith("_")}
    assert own | {"client", "async_client"} == ATTRIBUTES


def test_a_document_without_operations_has_a_fake(tmp_path: Path) -> None:
    made = package(tmp_path, "tree_empty", {"paths": {}})
    fake = made.testing.fake_app()
    with fake.client() as client:
        assert type(client) is made.Pets
    assert fake.respond_to is not None and fake.unused == ()
    assert "fakes" not in {path.name for path in (tmp_path / "tree_empty" / "testing").iterdir()}


def test_names_do_not_clash(tmp_path: Path) -> None:
    query = {"in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
    paths = {
        "/v1": get(),
        "/v_1": get(),
        "/client": get(),
        "/client/serve": get(),
        "/received": get(),
        "/any/{list}": get(
            {"name": "list", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "str", **query},
            {"name": "class", **query},
            {"name": "self", **query},
            {"name": "list", **query},
        ),
    }
    made = package(tmp_path, "tree_names", {"paths": paths})
    fake = made.testing.fake_app()
    operations = importlib.import_module("tree_names.testing.fakes").OPERATIONS
    assert sorted(operations) == sorted(fake.operations)
    for key, dotted in operations.items():
        root, _, rest = dotted.partition(".")
        found = getattr(fake, f"{root}_" if root in ATTRIBUTES else root)
        for part in rest.split("."):
            found = getattr(found, part)
        assert found is fake.script(key)
    with fake.client() as client:
        client.any.get(5, class_=["c"], str=["s"], list_query=["a", "b"])
        client.client.get()
        client.client.get_serve()
    assert [one.operation for one in fake.requests[1:]] == ["client.get", "client.get_serve"]
    assert fake.client_.get.last_request is fake.requests[1]
    assert vars(fake.requests[0].parameters) == {
        "list": 5, "str": ["s"], "class_": ["c"], "self_": None, "list_query": ["a", "b"],
    }  # fmt: skip


def test_a_fake_may_have_a_subclass(tmp_path: Path) -> None:
    made = package(tmp_path, "tree_subclass", {"paths": {"/v1": get()}})

    class Own(made.testing.FakePets):  # type: ignore[misc,name-defined]
        """What a test adds to it."""

    fake = Own(made.testing.document())
    with fake.client() as client:
        client.v1.get()
    assert fake.v1.get.last_request.operation == "v1.get"


@pytest.mark.parametrize("statement", ["import tree_large.testing", "tree_large.testing.fake_app"])
def test_only_what_is_used_is_imported(tmp_path: Path, statement: str) -> None:
    paths = {f"/group{number}": get() for number in range(50)}
    package(tmp_path, "tree_large", {"paths": paths})
    program = f"""
import sys, tree_large.testing
{statement}
light = {{"asyncio", "hypothesis", "pytest", "uvicorn", "yaml", "_engine"}}
if {statement!r}.startswith("import"):
    print(sorted(light & {{part for name in sys.modules for part in name.split(".")}}))
fake = tree_large.testing.fake_app()
with fake.client() as client:
    client.group7.get()
fake.group8.get.fails(500)
print(sorted(name for name in sys.modules if ".testing.fakes." in name))
print(sorted({{"hypothesis", "pytest", "uvicorn", "yaml"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    wanted = "['tree_large.testing.fakes.group7', 'tree_large.testing.fakes.group8']"
    assert lines[-2:] == [wanted, "[]"]
    assert lines[:-2] in ([], ["[]"])
