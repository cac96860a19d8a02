"""Former names: what an alias may be, and that calls by one do what the present name does."""

from __future__ import annotations

import asyncio
import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sdkpress.config import Alias, load_config
from sdkpress.diagnostics import Diagnostics, Location, SdkpressError
from sdkpress.naming.former import FormerNames, resolve_aliases
from sdkpress.naming.resources import Place
from tests.test_cases import build_case

PLACES = {
    "GET /d": Place(("documents",), "list"),
    "DELETE /d": Place(("documents",), "delete"),
    "POST /d/{id}/copy": Place(("documents", "copies"), "create"),
    "GET /x": Place(("odd",), "get_request"),
}
MODELS = ("Document", "Page")


def resolve(**aliases: str) -> FormerNames:
    given = [
        Alias(old.replace("__", "."), new, place=Location("pyproject.toml", number, 1))
        for number, (old, new) in enumerate(aliases.items(), 7)
    ]
    return resolve_aliases(given, PLACES, MODELS, Diagnostics())


def test_an_operation_a_resource_and_a_model() -> None:
    former = resolve(
        files="documents", documents__purge="documents.delete", models__File="models.Document"
    )
    assert [(item.place.dotted(), item.key) for item in former.operations] == [
        ("documents.purge", "DELETE /d"),
        ("files.copies.create", "POST /d/{id}/copy"),
        ("files.delete", "DELETE /d"),
        ("files.list", "GET /d"),
    ]
    assert former.models == (("File", "Document"),)


def test_what_was_renamed_twice() -> None:
    former = resolve(
        papers__purge="files.wipe", files="documents", files__wipe="files.delete",
        models__Paper="models.File", models__File="models.Document", old__merge="files.merge",
        files__merge="",
    )  # fmt: skip
    found = {item.place.dotted(): item.key for item in former.operations}
    assert found["papers.purge"] == found["files.wipe"] == found["files.delete"] == "DELETE /d"
    assert found["old.merge"] == found["files.merge"] == ""
    assert former.models == (("File", "Document"), ("Paper", "Document"))


def test_aliases_in_a_circle() -> None:
    with pytest.raises(SdkpressError) as caught:
        resolve(a__a="b.b", b__b="a.a", c__c="c.c.c")
    said = [item.message for item in caught.value.diagnostics]
    assert [text.split("no operation ")[1] for text in said] == ["'b.b'", "'a.a'", "'c.c.c'"]


def test_a_resource_may_be_called_models() -> None:
    (former,) = resolve(models__list="documents.list").operations
    assert former.place.dotted() == "models.list"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "files__get",
            "documents.lits",
            "no operation 'documents.lits'; did you mean 'documents.list'?",
        ),
        ("documents__list", "documents.delete", "the name of a living operation"),
        ("documents__list__all", "documents.list", "'documents.list' is an operation"),
        ("documents__copies", "documents.list", "is a resource with operations"),
        ("documents__list_request", "documents.delete", "request builder"),
        ("odd__get", "documents.list", "request builder"),
        ("odd__get_request__x", "documents.list", "is an operation"),
        ("documents__delete_request__x", "documents.list", "is an operation"),
        ("with_options__get", "documents.list", "is an attribute of every client"),
        ("purge", "documents.delete", "is not the name of an operation"),
        ("files___get", "documents.list", "is not the name of an operation"),
        ("files__overload", "documents.list", "is not usable here"),
        ("models__File", "models.Documnet", "no model 'Documnet'; did you mean 'Document'?"),
        ("models__Page", "models.Document", "is the name of a model"),
        ("models__File", "documents.list", "only be replaced by another one"),
        ("models__File", "", "only be replaced by another one"),
    ],
)
def test_what_an_alias_cannot_be(old: str, new: str, said: str) -> None:
    with pytest.raises(SdkpressError) as caught:
        resolve(**{old: new})
    (problem,) = caught.value.diagnostics
    assert problem.id == "invalid-config" and said in problem.message
    assert problem.location is not None and problem.location.line == 7


def test_two_aliases_of_one_name() -> None:
    with pytest.raises(SdkpressError) as caught:
        resolve(files="documents", files__list="documents.delete", files__list__x="documents.list")
    assert [item.location and item.location.line for item in caught.value.diagnostics] == [8, 9]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"a.b" = true', "must be the present name, false, or"),
        ('"a.b" = ""', "must be the present name, false, or"),
        ('"a.b" = {gone = "x"}', "must be the present name, false, or"),
        ('"a.b" = {removed = 1}', "must be the present name, false, or"),
        ('"a b" = "c.d"', "is not a Python name"),
    ],
)
def test_what_the_configuration_cannot_say(tmp_path: Path, line: str, said: str) -> None:
    text = f'[[client]]\nname = "x-client"\nspec = "x.yaml"\n[client.aliases]\n{line}\n'
    (tmp_path / "sdkpress.toml").write_text(text)
    with pytest.raises(SdkpressError) as caught:
        load_config(tmp_path)
    (problem,) = caught.value.diagnostics
    assert said in problem.message
    assert problem.location is not None and problem.location.line == 5


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The package of the case `aliases`."""
    for file in build_case("aliases")[0].files:
        if file.path.startswith("src/"):
            target = tmp_path / file.path.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = [name for name in sys.modules if name.split(".")[0] == "case_aliases"]
    kept = {name: sys.modules.pop(name) for name in ours}
    yield importlib.import_module("case_aliases")
    for name in [name for name in sys.modules if name.split(".")[0] == "case_aliases"]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_calls_by_a_former_name(client: Any) -> None:
    testing = importlib.import_module("case_aliases.testing")
    with testing.fake_app() as fake, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        api = fake.client()
        assert next(iter(api.files.list())) == next(iter(api.documents.list()))
        assert api.files.delete("x") is None and api.documents.purge("x") is None
        assert api.documents.archive.run(title="x") == api.documents.create(title="x")
        assert api.chats.ask(prompt="x") == api.chats.create(prompt="x")
        with api.chats.ask(prompt="x", stream=True) as stream:
            assert len(list(stream)) > 0
        request = api.files.create_request(title="x")
        assert request.operation is api.documents.create_request(title="x").operation
        assert client.models.File is client.models.Document
        with pytest.raises(client.ConfigurationError, match="was removed: create one document"):
            api.documents.merge("x", other="y")
    assert {warning.category for warning in said} == {DeprecationWarning}
    assert {warning.filename for warning in said} == {__file__}
    assert [str(warning.message) for warning in said] == [
        "files.list() is deprecated: use documents.list()",
        "files.delete() is deprecated: use documents.delete()",
        "documents.purge() is deprecated: use documents.delete()",
        "documents.archive.run() is deprecated: use documents.create()",
        "chats.ask() is deprecated: use chats.create()",
        "chats.ask() is deprecated: use chats.create()",
        "files.create() is deprecated: use documents.create()",
        "models.File is deprecated: use models.Document",
        "documents.merge() was removed: create one document of both",
    ]


def test_calls_by_a_former_name_that_are_awaited(client: Any) -> None:
    testing = importlib.import_module("case_aliases.testing")

    async def calls() -> None:
        api = fake.async_client()
        assert await api.documents.purge("x") is None
        assert [item async for item in api.files.list()] == [
            item async for item in api.documents.list()
        ]
        with pytest.raises(client.ConfigurationError, match="was removed"):
            await api.reports.render()

    with testing.fake_app() as fake, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(calls())
    assert [str(warning.message).split("(")[0] for warning in said] == [
        "documents.purge",
        "files.list",
        "reports.render",
    ]


def test_only_living_operations_have_scripts(client: Any) -> None:
    testing = importlib.import_module("case_aliases.testing")
    with testing.fake_app() as fake:
        assert not hasattr(fake, "files") and not hasattr(fake, "reports")
        assert not hasattr(fake.documents, "purge") and not hasattr(fake.documents, "archive")
