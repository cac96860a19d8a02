"""Factories and strategies of generated packages: valid objects of every model, and what they refuse."""

from __future__ import annotations

import importlib
import inspect
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from sdkpress.config import config_from_options
from sdkpress.diagnostics import Diagnostics
from sdkpress.pipeline import build
from tests.corpus.documents import shared_specs

CASE = Path(__file__).parent / "cases" / "factories" / "spec.yaml"
PACKAGE = "made_things"


def write_package(spec: Path, package: str, root: Path) -> None:
    """Generate a client, and put its package below `root`."""
    config = config_from_options(
        spec=spec, out=root, title="Things", name=package, package=package, client="Things",
        overlays=[],
    )  # fmt: skip
    for file in build(config, Diagnostics(), black="off").files:
        if file.path.startswith("src/"):
            target = root / file.path.removeprefix("src/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with the package, which is on the path."""
    folder = tmp_path_factory.mktemp("factories")
    write_package(CASE, PACKAGE, folder)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def made(root: Path) -> Any:
    """The module of the factories."""
    return importlib.import_module(f"{PACKAGE}.testing.factories")


def check(factory: Any, instance: Any) -> None:
    """Valid by the document, of its class at every place, and the same after JSON."""
    assert factory.violations(instance) == []
    again = type(instance).from_json(instance.to_json(), strict=True)
    assert again == instance


def check_strategy(factory: Any, *, examples: int) -> None:
    """The same of every object that is drawn, with all of Hypothesis' health checks."""

    @settings(max_examples=examples, database=None, derandomize=True, deadline=None)
    @given(factory.strategy())
    def agrees(instance: Any) -> None:
        check(factory, instance)

    agrees()


# ---------------------------------------------------------------- objects


def test_every_factory_makes_valid_objects(made: Any) -> None:
    assert len(dir(made)) == 15
    for name in dir(made):
        factory = getattr(made, name)
        for instance in (factory(), factory.minimal(), factory.full(), *factory.many(4)):
            assert isinstance(instance, factory.model)
            assert not instance.extra
            check(factory, instance)


def test_a_call_shows_what_the_document_shows(made: Any) -> None:
    shown = made.thing_list()
    assert [thing.name for thing in shown.things] == ["Lamp"]
    lamp = made.thing()
    assert (lamp.id, lamp.name, lamp.colour) == ("thing-7", "Lamp", "green")


def test_minimal_has_what_is_required_and_full_has_all(made: Any) -> None:
    least, most = made.odd.minimal(), made.odd.full()
    assert set(least.to_dict()) == {"created", "shape", "class", "list", "size"}
    assert [name for name in made.odd.model.__struct_fields__ if not most.is_set(name)] == []
    assert most.self.self is None
    assert [thing.related for thing in made.thing.full().related] == [None]
    assert made.thing.full().secret


def test_an_object_is_made_anew_each_time(made: Any) -> None:
    one, other = made.odd(), made.odd()
    assert one == other
    assert one is not other
    one.list.append(3)
    assert one != other


def test_many_are_different_ones(made: Any) -> None:
    things = made.thing.many(3, colour="red")
    assert [thing.id for thing in things] == ["thing-7", "thing-8", "thing-9"]
    assert {thing.colour for thing in things} == {"red"}
    assert len({circle.radius for circle in made.circle.many(3)}) == 3
    assert made.thing.many(0) == []


def test_what_is_given_stands_in_the_object(made: Any) -> None:
    thing = made.thing(name="Desk", colour=None, related=[made.thing.minimal()])
    assert thing.name == "Desk"
    assert thing.is_set("colour")
    assert thing.colour is None
    assert made.odd(self=None, class_="x", list=[6]).list == [6]


def test_the_rest_agrees_with_what_is_given(made: Any) -> None:
    assert made.delivery(mode="post").address
    assert made.delivery(mode="pickup").address is None
    check(made.delivery, made.delivery(mode="post"))
    assert made.odd(day=None).day is None


def test_what_the_document_forbids_is_made_all_the_same(made: Any) -> None:
    thing = made.thing(name="")
    assert thing.name == ""
    assert [found.pointer for found in made.thing.violations(thing)] == ["/name"]


def test_a_member_of_a_union_has_the_tag_of_the_union(made: Any) -> None:
    assert made.circle().kind == "round"
    odd = made.odd(shape=made.circle(radius=2))
    check(made.odd, odd)


def test_an_unknown_keyword_is_refused(made: Any) -> None:
    for make in (made.thing, made.thing.minimal, made.thing.full, made.thing.strategy):
        with pytest.raises(TypeError, match=r"'nam'; did you mean 'name'"):
            make(nam="x")
    with pytest.raises(TypeError, match="'secret_'"):
        made.thing.many(2, secret_=1)
    with pytest.raises(TypeError, match="keyword arguments only"):
        made.thing("x")


def test_the_signature_is_that_of_the_class(made: Any) -> None:
    assert list(inspect.signature(made.thing).parameters) == [
        "id", "name", "colour", "secret", "related",
    ]  # fmt: skip
    assert "Thing" in made.thing.__doc__


def test_importing_builds_nothing(root: Path) -> None:
    code = f"""
import sys
from {PACKAGE}.testing import factories
from {PACKAGE}.testing.factories import thing, odd
heavy = {{"hypothesis", "pytest", "uvicorn", "asyncio", "yaml"}} & sys.modules.keys()
assert not heavy, heavy
assert not [name for name in sys.modules if name.endswith(".strategies")]
thing.minimal()
assert "hypothesis" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


# ---------------------------------------------------------------- strategies


def test_strategies_make_valid_objects(made: Any) -> None:
    for name in dir(made):
        check_strategy(getattr(made, name), examples=60)


def test_strategies_keep_what_is_given(made: Any) -> None:
    @settings(max_examples=20, database=None)
    @given(made.thing.strategy(name="Desk"))
    def agrees(thing: Any) -> None:
        assert thing.name == "Desk"

    agrees()


@pytest.mark.parametrize(
    ("factory", "condition"),
    [
        ("thing", lambda thing: thing.extra),
        ("thing", lambda thing: thing.related and thing.related[0].related),
        ("thing", lambda thing: not thing.name.isascii()),
        ("thing", lambda thing: thing.colour is None and not thing.is_set("colour")),
        ("odd", lambda odd: odd.shape.kind == "round"),
        ("odd", lambda odd: odd.shape.kind == "square"),
        ("odd", lambda odd: odd.day and odd.key),
        ("odd", lambda odd: odd.by_key),
        ("odd", lambda odd: odd.labels and max(odd.labels.values()) > 2**63),
        ("odd", lambda odd: len(odd.tags or ()) > 2),
        ("odd", lambda odd: isinstance(odd.anything, dict)),
        ("thing_list", lambda found: found.next),
        ("delivery", lambda delivery: delivery.address),
    ],
)  # fmt: skip
def test_strategies_find_what_the_schema_allows(made: Any, factory: str, condition: Any) -> None:
    wanted = settings(max_examples=5_000, database=None, phases=[Phase.generate])
    assert find(getattr(made, factory).strategy(), condition, settings=wanted)


def test_closed_objects_get_no_unknown_fields(made: Any) -> None:
    @settings(max_examples=100, database=None)
    @given(made.thing_list.strategy())
    def agrees(found: Any) -> None:
        assert not found.extra

    agrees()


def test_strategies_shrink(made: Any) -> None:
    smallest = find(made.thing.strategy(), lambda thing: thing.related, settings=_quiet())
    assert len(smallest.related) == 1
    assert not smallest.extra
    assert len(smallest.to_json()) < 120


def _quiet() -> settings:
    return settings(max_examples=2_000, database=None)


# ---------------------------------------------------------------- schemas of every kind

_NAMES = st.sampled_from(("a", "b c", "class", "self", "ä", "$ref-like"))
_LEAVES = st.sampled_from(
    (
        {"type": "string"},
        {"type": "string", "minLength": 2, "maxLength": 5},
        {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
        {"type": "string", "pattern": "^a", "maxLength": 3},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "duration"},
        {"type": "string", "format": "uuid", "nullable": True},
        {"type": "string", "minLength": 400},
        {"type": ["string", "null"], "format": "email"},
        {"type": "integer"},
        {"type": "integer", "format": "int32", "minimum": -3, "exclusiveMinimum": True},
        {"type": "integer", "multipleOf": 7, "maximum": 1_000},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
        {"type": "number", "multipleOf": 0.01},
        {"type": "boolean"},
        {"enum": ["x", "y", None]},
        {"const": "here"},
        {},
        {"type": "string", "not": {"const": ""}},
        {"$ref": "#/components/schemas/Node"},
    )
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least},
                  inner, st.integers(0, 2)),
        st.builds(lambda first, second: {"type": "array", "prefixItems": [first, second]},
                  inner, inner),
        st.builds(lambda values: {"type": "object", "additionalProperties": values}, inner),
        st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
        st.builds(lambda one, other: {"oneOf": [one, other]}, inner, inner),
        _objects(inner),
    )  # fmt: skip


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda properties, required, additional: {
            "type": "object",
            "properties": properties,
            "required": [*list(properties)[:required]],
            **({} if additional is None else {"additionalProperties": additional}),
        },
        st.dictionaries(_NAMES, inner, min_size=1, max_size=4),
        st.integers(0, 3),
        st.sampled_from((None, True, False)),
    )


@settings(
    max_examples=150, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(_objects(st.recursive(_LEAVES, _containers, max_leaves=5)), st.data())
def test_values_of_any_schema_are_valid(schema: Any, data: st.DataObject) -> None:
    from sdkpress.runtime.testing.references import References
    from sdkpress.runtime.testing.samples import Sampler
    from sdkpress.runtime.testing.strategies import Values

    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    references = References({"components": {"schemas": {"Node": node, "Root": schema}}})
    sampler = Sampler(references, "response")
    root = {"$ref": "#/components/schemas/Root"}
    if not sampler.rules.accepts(sampler.sample(root), root):
        return  # nothing is valid, as with two equal alternatives of which one is wanted
    value = data.draw(Values(references, sampler).strategy(root))
    assert sampler.rules.violations(value, root) == []
    json.dumps(value)


# ---------------------------------------------------------------- type checkers

_USAGE = f"""
from {PACKAGE} import models
from {PACKAGE}.testing.factories import odd, thing

lamp: models.Thing = thing(name="Lamp", colour="red")
lamps: list[models.Thing] = thing.many(2, name="Lamp")
kind: type[models.Thing] = thing.model
whole: models.Odd = odd.full(list=[3], class_="x")
thing(nam="x")  # wrong
thing(name=3)  # wrong
thing.minimal(nam="x")  # wrong
thing.full(name=3)  # wrong
thing.many(2, nam="x")  # wrong
thing.strategy(nam="x")  # wrong
thing("x")  # wrong
number: models.Odd = thing()  # wrong
"""
_WRONG = [number for number, line in enumerate(_USAGE.splitlines(), 1) if line.endswith("# wrong")]


@pytest.mark.slow
def test_mypy_finds_wrong_keywords(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "usage.py").write_text(_USAGE)
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--cache-dir"]
    done = subprocess.run(
        [*command, str(tmp_path / "cache"), "usage.py"],
        cwd=tmp_path, env={"MYPYPATH": str(root), "PATH": ""}, capture_output=True, text=True,
    )  # fmt: skip
    found = [
        line
        for line in done.stdout.splitlines()
        if ": error:" in line and "[redundant-cast]" not in line
    ]
    assert [line for line in found if not line.startswith("usage.py")] == []
    assert sorted({int(line.split(":")[1]) for line in found}) == _WRONG


@pytest.mark.slow
def test_pyright_finds_wrong_keywords(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    (tmp_path / "usage.py").write_text(_USAGE)
    config = {"include": ["."], "extraPaths": [str(root)], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, "-p", str(tmp_path)], capture_output=True, text=True)
    report = json.loads(done.stdout)
    found = {item["range"]["start"]["line"] + 1 for item in report["generalDiagnostics"]}
    assert sorted(found) == _WRONG


# ---------------------------------------------------------------- real documents

_REAL = (
    "petstore.yaml", "museum.yaml", "svix.json", "meilisearch.json", "ory_kratos.json",
    "line_messaging.yaml", "ollama.yaml", "redocly_cafe_3_2.yaml", "spotify.yaml",
    "together.yaml", "twilio_api_v2010.yaml", "opensearch/namespaces/ingest.yaml",
    "datadog_v1.yaml", "openai.yaml", "stripe.json", "github.json",
)  # fmt: skip
_MOST = 25
"""How many factories of one document are tried."""


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("document", _REAL)
def test_objects_of_real_documents(document: str, tmp_path: Path) -> None:
    specs = shared_specs()
    if specs is None:
        pytest.skip("no ../shared with specs beside the checkout")
    spec = specs / "real" / document
    package = f"real_{spec.stem.strip('_')}"
    write_package(spec, package, tmp_path)
    sys.path.insert(0, str(tmp_path))
    try:
        made = importlib.import_module(f"{package}.testing.factories")
        names = dir(made)
        for name in random.Random(0).sample(names, min(len(names), _MOST)):
            factory = getattr(made, name)
            for instance in (factory(), factory.minimal(), factory.full(), *factory.many(2)):
                assert factory.violations(instance) == [], name
                assert type(instance).from_json(instance.to_json()) == instance, name
            check_strategy(factory, examples=15)
    finally:
        sys.path.remove(str(tmp_path))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
