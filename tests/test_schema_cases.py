"""What the models of the golden cases do with values: references, unions, limits, readOnly."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.test_cases import build_case, package_of

CASES = (
    "references",
    "discriminators",
    "schema_limits",
    "read_write_only",
    "openapi_3_2",
    "schema_names",
)


@pytest.fixture(scope="module", autouse=True)
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The packages of the cases in one folder, which is on the path."""
    root = tmp_path_factory.mktemp("schema_cases")
    for case in CASES:
        for file in build_case(case)[0].files:
            if file.path.startswith("src/"):
                target = root / file.path.removeprefix("src/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.content)
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


def models_of(case: str) -> ModuleType:
    return importlib.import_module(f"{package_of(case)}.models")


def decode(case: str, name: str, value: object) -> tuple[Any, list[str]]:
    """What a value becomes, and what is noted of it."""
    decoding = importlib.import_module(f"{package_of(case)}._runtime.decoding")
    found = decoding.decode_json(json.dumps(value).encode(), getattr(models_of(case), name))
    return found.value, [str(note) for note in found.notes]


# --- references -----------------------------------------------------------------------------------


def test_references_of_every_kind_lead_to_the_same_models() -> None:
    models = models_of("references")
    pet = {"name": "Rex", "homes": [{"street": {"number": 5}}]}
    inner, notes = decode(
        "references",
        "InnerGetResponse",
        {"answer": pet, "deep": {"number": 1}, "part": {"year": 2}, "through": pet, "odd": {}},
    )
    assert notes == []
    assert type(inner.answer) is type(inner.through) is models.Pet
    assert type(inner.deep) is models.PetHomeStreet
    assert type(inner.part) is models.OwnerSince
    assert type(inner.odd) is models.OddName


def test_files_and_identifiers() -> None:
    models = models_of("references")
    problem, _ = decode("references", "Problem", {"title": "a", "causes": [{"title": "b"}]})
    assert type(problem.causes[0]) is models.Problem
    base, _ = decode("references", "Base", {"local": {"x": 1}, "other": {"back": {}}})
    assert type(base.local) is models.BaseLocal
    assert type(base.other.back) is models.Base
    anchored, _ = decode("references", "Anchored", {"again": {"again": {}}})
    assert type(anchored.again.again) is models.Anchored


def test_dynamic_references_are_bound_where_a_schema_fills_them_in() -> None:
    models = models_of("references")
    page, _ = decode("references", "PetPage", {"items": [{"name": "Rex"}], "total": 1})
    assert type(page.items[0]) is models.Pet
    page, _ = decode("references", "Page", {"items": [{"name": "Rex"}]})
    assert page.items == [{"name": "Rex"}]
    tree, _ = decode("references", "SizedTree", {"children": [{"size": 2}]})
    assert tree.children[0].size == 2


def test_what_dangles_is_open() -> None:
    value = {"loop": 1, "gone": {"a": [1]}, "below": "x", "listed": [None]}
    broken, notes = decode("references", "Broken", value)
    assert (broken.to_dict(), notes) == (value, [])


# --- unions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("union", "value", "chosen"),
    [
        ("Animal", {"species": "kitty", "friends": []}, "Cat"),
        ("Animal", {"species": "Cat"}, "Cat"),
        ("Animal", {"species": "fishy", "fins": 2}, "Fish"),
        ("Animal", {"species": "Pet"}, "Pet"),
        ("Animal", {"species": "unheard of", "name": "x"}, "AnimalBase"),
        ("Event", {"type": "created"}, "Created"),
        ("Event", {"type": "made"}, "Created"),
        ("Event", {"type": "Created"}, "Created"),
        ("Event", {"type": "deleted"}, "Deleted"),
        ("Event", {"type": "unheard of", "by": "x"}, "Other"),
        ("Outer", {"kind": "first"}, "First"),
        ("Outer", {"kind": "second"}, "Second"),
        ("Outer", {"kind": "tertiary"}, "Third"),
        ("Outer", {"b": 1}, "Second"),
        ("ByKeys", {"a": 1}, "HasA"),
        ("ByKeys", {"a": 1, "b": 2}, "HasAB"),
        ("ByKeys", {"c": 1}, "MayC"),
        ("ByKeys", {"unheard": "of"}, "MayC"),
        ("ByNumber", {"version": 2}, "ByNumberB"),
        ("ByFlag", {"ok": False}, "ByFlagReason"),
        ("Scalars", 1, "int"),
        ("Scalars", True, "bool"),
        ("Scalars", "2026-01-02", "date"),
        ("Scalars", "x", "str"),
        ("Scalars", ["a"], "list"),
        ("ModelOrMap", {"a": 1}, "HasA"),
        ("ModelOrMap", {"b": "x"}, "dict"),
        ("NoSuchProperty", {"a": 1}, "HasA"),
    ],
)
def test_the_option_that_is_meant(union: str, value: object, chosen: str) -> None:
    found, notes = decode("discriminators", union, value)
    assert type(found).__name__ == chosen
    assert notes == []


def test_options_are_chosen_below_others() -> None:
    models = models_of("discriminators")
    value = {"animals": [{"species": "kitty", "friends": [{"species": "Dog", "barks": True}]}]}
    zoo, notes = decode("discriminators", "Zoo", value)
    assert notes == []
    assert type(zoo.animals[0].friends[0]) is models.Dog
    assert zoo.to_dict() == value


def test_default_of_a_discriminator_in_3_2() -> None:
    for value, chosen in (({"size": "big"}, "Big"), ({"size": "tiny"}, "Small"), ({}, "Small")):
        found, notes = decode("openapi_3_2", "Thing", value)
        assert (type(found).__name__, notes) == (chosen, [])


# --- limits ---------------------------------------------------------------------------------------


def test_merged_models_hold_the_properties_of_all_parts() -> None:
    value = {
        "beside": {"id": 1, "name": "a", "more": "b"},
        "nested": {"id": 1, "c": "d"},
        "with_union": {"id": 1, "y": "z"},
        "of_union": {"common": "a", "kind": "dog", "barks": True},
        "sibling": {"id": 1, "y": "z"},
        "shared": {"shared": "a", "lives": 9},
        "both": {"z": "a", "q": "b"},
        "clash": {"v": 1, "n": {"x": "a", "y": "b"}},
        "narrowed": {"id": 1, "a": "b"},
        "recursive": {"id": 1, "children": [{"id": 2}]},
        "required": {"id": 1, "name": "a"},
        "enums": "new",
    }
    merged, notes = decode("schema_limits", "Merged", value)
    assert notes == []
    assert merged.to_dict() == value
    names = [type(getattr(merged, name)).__name__ for name in ("with_union", "of_union", "shared")]
    assert names == ["WithUnionY", "OfUnionDog", "SharedCat"]
    assert merged.both.q == "b"
    assert merged.sibling.y == "z"


def test_null_in_every_spelling() -> None:
    models = models_of("schema_limits")
    names = [slot for slot in models.Nulls.__struct_fields__ if slot not in ("items", "values")]
    value: dict[str, Any] = dict.fromkeys(names)
    value |= {"items": [None, {}], "values": {"a": None, "b": "red"}}
    nulls, notes = decode("schema_limits", "Nulls", value)
    assert notes == []
    assert nulls.to_dict() == value
    assert type(nulls.items[1]) is models.NullableA


def test_kinds_round_trip() -> None:
    value: dict[str, Any] = {
        "either": 1,
        "many": {"a": "b"},
        "mixed_enum": 1.5,
        "flag": True,
        "colliding": "ASC",
        "unquoted": "1",
        "quoted": 2,
        "const_object": {"a": 1},
        "pair": ["a", 1],
        "draft4_pair": ["a", 1],
        "open_pair": ["a", 1, 2],
        "two_patterns": {"x-a": "b", "n": 1},
        "never": [None],
        "negated": {"x": 1},
        "tree": [[], [[]]],
        "json": {"a": ["b", None, {"c": True}]},
        "tuple": ["a", [["b", None]]],
    }
    kinds, notes = decode("schema_limits", "Kinds", value)
    assert notes == []
    assert kinds.to_dict() == value
    assert kinds.pair == ("a", 1)


def test_formats_and_large_numbers_round_trip() -> None:
    value = {
        "date_time": "2026-01-02T03:04:05Z",
        "date": "2026-01-02",
        "time": "03:04:05",
        "duration": "PT1S",
        "uuid": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "byte": "aGk=",
        "decimal": "1.10",
        "uri": "a:b",
        "int64": 2**53 + 1,
        "large": 2**70,
        "content": "aGk=",
        "untyped": "2026-01-02T03:04:05Z",
    }
    formats, notes = decode("schema_limits", "Formats", value)
    assert notes == []
    assert formats.byte == b"hi"
    assert formats.large == 2**70
    assert formats.to_dict() == value
    assert models_of("schema_limits").Formats().to_dict() == {}


def test_malformed_values_survive() -> None:
    value = {"date_time": "yesterday", "date": "01.02.2026", "duration": "P1M", "byte": "***"}
    formats, notes = decode("schema_limits", "Formats", value)
    assert formats.to_dict() == value
    assert len(notes) == 4


# --- readOnly and writeOnly -----------------------------------------------------------------------


def test_models_are_sent_without_what_is_read_only() -> None:
    encoding = importlib.import_module(f"{package_of('read_write_only')}._runtime.encoding")
    answer = {"id": 1, "name": "a", "address": {"id": 2, "street": "b"}, "state": "new"}
    user, notes = decode("read_write_only", "User", answer)
    assert notes == []
    assert user.to_dict() == answer
    sent = {"name": "a", "address": {"street": "b"}}
    assert json.loads(encoding.encode_json(user)) == sent
    assert json.loads(encoding.encode_json({"users": [user]})) == {"users": [sent]}
    assert encoding.to_builtins(user, sent=True) == sent
    user.extra["more"] = 1
    assert json.loads(encoding.encode_json([user])) == [{**sent, "more": 1}]


def test_plain_dicts_are_sent_as_they_are() -> None:
    encoding = importlib.import_module(f"{package_of('read_write_only')}._runtime.encoding")
    assert encoding.encode_json({"id": 1}) == b'{"id":1}'


def test_input_has_no_read_only_keys_and_output_does_without_write_only_ones() -> None:
    models = models_of("read_write_only")
    assert set(models.UserParam.__annotations__) == {"name", "password", "address"}
    assert set(models.AddressParam.__annotations__) == {"street"}
    user, notes = decode("read_write_only", "User", {"id": 1, "name": "a"})
    assert (user.password, notes) == (None, [])


# --- names ----------------------------------------------------------------------------------------


def test_every_schema_has_a_class_of_its_own() -> None:
    models = models_of("schema_names")
    assert len(set(models.__all__)) == len(models.__all__)
    value: dict[str, Any] = {letter: {"v": "x"} for letter in "abcdgijklmnopqrstu"}
    value["e"] = {"v": ["x"]}
    found, notes = decode("schema_names", "All", value)
    assert notes == []
    classes = {type(getattr(found, name)).__name__ for name in value}
    assert len(classes) == len(value)
    assert {"APIKey", "ApiKey", "ResponseModel", "PetParamModel"} <= classes


def test_any_name_of_a_property_survives() -> None:
    models = models_of("schema_names")
    texts: dict[str, Any] = {
        slot.wire_name: "x" for slot in models.Properties.__model_slots__ if slot.wire_name
    }
    others: dict[str, Any] = {
        "": "empty",
        "+1": 1,
        "-1": 2,
        "int": 3,
        "float": 1.5,
        "async": True,
        "list": ["x"],
        "Maybe": ["x"],
        "dict": {"a": "b"},
        "datetime": "2026-01-02T03:04:05Z",
        "other": "2026-01-02T03:04:05Z",
        "uuid": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "Pet": {"v": "x"},
        "pet": {"v": "y"},
    }
    value = texts | others
    found, notes = decode("schema_names", "Properties", value)
    assert notes == []
    assert found.to_dict() == value
    assert len(value) == len(models.Properties.__struct_fields__)
    assert (found.plus_1, found.minus_1, found.class_, found.empty) == (1, 2, "x", "empty")
    assert repr(found) and copy.copy(found) == found
