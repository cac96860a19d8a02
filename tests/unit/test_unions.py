"""Unions: which member a value is meant for, with and without discriminator."""

from __future__ import annotations

import datetime
import json
from typing import Any, Literal

import pytest

from sdkpress.runtime.accepting import accept_json
from sdkpress.runtime.decoding import (
    JSONDecodeError,
    MismatchError,
    convert,
    decode_json,
    decoder_for,
)
from sdkpress.runtime.model import ABSENT, Maybe, Model
from sdkpress.runtime.unions import alias, union
from tests.unit.sample_models import (
    Cat,
    Circle,
    Dog,
    Everything,
    ImagePart,
    Owner,
    Part,
    Pet,
    Shape,
    Square,
    TextPart,
    Value,
    When,
)


def test_the_discriminator_decides() -> None:
    data = b'[{"petType":"cat","name":"a"},{"petType":"dog","name":"b"},{"petType":"kitten","name":"c"}]'
    pets = decoder_for(list[Pet]).strict(data)
    assert [pet.__class__ for pet in pets] == [Cat, Dog, Cat]
    assert decode_json(data, list[Pet]) == (pets, ())


def test_the_discriminator_beats_the_better_fit() -> None:
    pet, notes = decode_json(b'{"petType":"dog","name":"b","lives":9}', Pet)
    assert isinstance(pet, Dog)
    assert pet.extra == {"lives": 9}
    assert notes == ()


def test_unions_stand_wherever_a_type_may() -> None:
    cat = {"petType": "cat", "name": "a"}
    owner = Owner.from_dict({"pets": [cat], "by_name": {"a": cat}, "favourite": None}, strict=True)
    assert owner.pets == [Cat(pet_type="cat", name="a")]
    assert owner.by_name == {"a": owner.pets[0]}
    assert owner.is_set("favourite")
    dog = Dog.from_dict({"petType": "dog", "name": "b", "friend": {**cat, "new": 1}}, strict=True)
    assert isinstance(dog.friend, Cat)
    assert decode_json(b"null", Pet | None) == (None, ())


@pytest.mark.parametrize("tag", ['"fish"', "null", "5", "[1]", '{"a":1}', "true"])
def test_an_unknown_discriminator_gives_the_best_fit_and_a_note(tag: str) -> None:
    pet, notes = decode_json(f'{{"petType":{tag},"name":"a","friend":null}}'.encode(), Pet)
    assert isinstance(pet, Dog)
    assert pet.to_dict() == {"petType": json.loads(tag), "name": "a", "friend": None}
    assert "petType" in {note.path for note in notes}


def test_constants_tell_models_apart_without_a_discriminator() -> None:
    assert decode_json(b'{"type":"image","url":"u"}', Part).value.__class__ is ImagePart
    part, notes = decode_json(b'{"type":"image"}', Part)
    assert part.__class__ is ImagePart
    assert [str(note) for note in notes] == ["url: missing"]
    part, notes = decode_json(b'{"type":"video","url":"u"}', Part)
    assert part.__class__ is ImagePart
    assert [str(note) for note in notes] == ["type: expected 'image', got 'video'"]


def test_names_tell_models_apart_without_constants() -> None:
    assert convert({"radius": 1}, Shape).value == Circle(radius=1.0)
    assert convert({"side": 1.5, "label": "x"}, Shape).value == Square(side=1.5, label="x")
    assert convert({"width": 1, "height": 2}, Shape) == ({"width": 1, "height": 2}, ())


@pytest.mark.parametrize("value", [5, None, "x", [1]])
def test_a_value_of_no_member_is_kept(value: Any) -> None:
    built, notes = decode_json(json.dumps(value).encode(), Pet)
    assert built == value
    assert len(notes) == 1


def test_kinds_of_strings() -> None:
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    assert convert("2024-01-01T00:00:00Z", When) == (at, ())
    assert convert("soon", When) == ("soon", ())
    assert Everything.from_dict({"when": "soon"}, strict=True).to_dict() == {"when": "soon"}


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", [], {}, [[1], {"a": [None, {"b": 2}]}]])
def test_recursive_aliases(value: Any) -> None:
    assert convert(value, Value) == (value, ())
    assert decode_json(json.dumps({"a": value}).encode(), dict[str, Value]).value == {"a": value}


def test_isinstance_asks_the_members() -> None:
    assert isinstance(Cat(pet_type="cat", name="a"), Pet)
    assert not isinstance(Circle(radius=1.0), Pet)
    assert not isinstance({"petType": "cat"}, Pet)
    assert isinstance({}, Shape)
    assert isinstance(None, Value)
    assert isinstance(Cat(pet_type="cat", name="a"), Pet | None)
    with pytest.raises(TypeError, match="union"):
        Pet()  # type: ignore[operator]


def test_nested_unions_choose_through_both() -> None:
    class Other(Model):
        type: Literal["other"]

    Anything = union("Anything", lambda: (Part, Other, Pet | None))
    assert convert({"type": "image", "url": "u"}, Anything).value.__class__ is ImagePart
    assert convert({"type": "other"}, Anything).value.__class__ is Other
    assert convert({"petType": "cat", "name": "a"}, Anything).value.__class__ is Cat
    assert convert(None, Anything) == (None, ())
    assert isinstance(None, Anything)


def test_a_mapping_may_lead_to_a_union() -> None:
    Outer = union("Outer", lambda: (Part, Circle), tag="kind", mapping={"part": 0, "circle": 1})
    part = convert({"kind": "part", "type": "text", "text": "x"}, Outer).value
    assert part.__class__ is TextPart
    assert part.extra == {"kind": "part"}
    assert convert({"kind": "circle", "radius": 1}, Outer).value.__class__ is Circle


def test_the_kind_of_items_chooses_between_arrays() -> None:
    Lists = union("Lists", lambda: (list[int], list[str], list[Part], list[list[int]]))
    for value in ([1], ["a"], [[1]], []):
        assert convert(value, Lists) == (value, ())
    assert convert([{"type": "text", "text": "x"}], Lists).value == [
        TextPart(type="text", text="x")
    ]


def test_the_first_of_equals_wins() -> None:
    class A(Model):
        x: int

    class B(Model):
        x: int

    AB, BA = union("AB", lambda: (A, B)), union("BA", lambda: (B, A))
    assert convert({"x": 1}, AB).value.__class__ is A
    assert convert({"x": 1}, BA).value.__class__ is B


def test_the_kind_of_values_chooses_between_equal_names() -> None:
    class Number(Model):
        x: int

    class Text(Model):
        x: str

    Either = union("Either", lambda: (Number, Text))
    assert convert({"x": "1"}, Either).value.__class__ is Text
    assert convert({"x": 1}, Either).value.__class__ is Number


def test_unions_of_nothing_but_each_other_end() -> None:
    Left: Any = union("Left", lambda: (Right, Circle))
    Right: Any = union("Right", lambda: (Left,))
    assert isinstance(convert({"radius": 1}, Circle).value, Left)
    assert convert({"radius": 1}, Left).value.__class__ is Circle


def test_structurally_equal_recursive_members_cost_no_more_than_their_size() -> None:
    class A(Model):
        child: Maybe[AB] = ABSENT  # type: ignore[valid-type]

    class B(Model):
        child: Maybe[AB] = ABSENT  # type: ignore[valid-type]

    AB = union("AB", lambda: (A, B))
    globals()["AB"] = AB
    data = b'{"child":' * 60 + b'{"child":5}' + b"}" * 60
    built, notes = decode_json(data, AB)  # 2**60 attempts if members were tried in turn
    assert isinstance(built, A)
    assert len(notes) == 1


def test_deep_values_of_recursive_aliases_are_our_error() -> None:
    Deep = alias("Deep", lambda: list[Deep] | int)
    with pytest.raises(JSONDecodeError):
        decode_json(b"[" * 50_000 + b"]" * 50_000, Deep)
    value: Any = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(JSONDecodeError):
        convert(value, Deep)


Figure = union(
    "Figure", lambda: (Circle, Square), tag="kind", mapping={"round": 0, "square": 1}, default=1
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"kind":"round","radius":1}', Circle),
        (b'{"kind":"oblong","side":1,"radius":1}', Square),
        (b'{"side":1}', Square),
    ],
)
def test_the_default_is_for_unknown_and_absent_discriminators(data: bytes, kind: type) -> None:
    figure, notes = decode_json(data, Figure)
    assert figure.__class__ is kind
    assert notes == ()
    assert decoder_for(list[Figure]).decode(b"[" + data + b"]").value[0].__class__ is kind


class First(Model):
    version: Literal[1]


class Second(Model):
    version: Literal[2]


def test_a_whole_number_tells_however_it_is_written() -> None:
    either = union("Either", lambda: (First, Second))
    assert decode_json(b'{"version":2}', either).value.__class__ is Second
    assert decode_json(b'{"version":2.0}', either).value.__class__ is Second


class Widget(Model):
    kind: Literal["widget"]


class Gadget(Model):
    kind: Literal["gadget"]


class WidgetHolder(Model):
    held: Widget
    note: Maybe[str] = ABSENT


class GadgetHolder(Model):
    held: Gadget | None = ABSENT
    size: Maybe[int] = ABSENT


class Count(Model):
    n: int


class Word(Model):
    n: str


class Counted(Model):
    id: int
    items: Maybe[list[Count]] = ABSENT


class Worded(Model):
    id: int
    items: Maybe[list[Word]] = ABSENT


class Bare(Model):
    id: int


BareOrCounted = union("BareOrCounted", lambda: (Bare, Counted))


class Slot(Model):
    held: BareOrCounted  # type: ignore[valid-type]


def test_a_member_that_matches_within_goes_before_one_that_does_not() -> None:
    either = union("Either", lambda: (Counted, Worded))
    data = b'{"id":1,"items":[{"n":"x"},{"n":"y"}]}'
    assert decode_json(data, either) == (Worded(id=1, items=[Word(n="x"), Word(n="y")]), ())
    assert decode_json(data.replace(b'"x"', b"1"), either).value.__class__ is Counted
    found, notes = decode_json(b'{"id":1,"items":[{"n":null}]}', either)
    assert found.__class__ is Counted
    assert [note.path for note in notes] == ["items[0].n"]


def test_only_strict_decoding_takes_a_member_that_knows_less() -> None:
    value = {"held": {"id": 1, "items": [{"n": "x"}]}}
    data = json.dumps(value).encode()
    slot: Any
    slot, notes = decode_json(data, Slot)
    assert slot.held.__class__ is Counted
    assert [note.path for note in notes] == ["held.items[0].n"]
    slots: list[Any] = [Slot.from_json(data, strict=True), Slot.from_dict(value, strict=True)]
    for slot in slots:
        assert slot.held.__class__ is Bare
        assert slot.to_dict() == value
    refused: list[dict[str, Any]] = [{"held": {"id": "x"}}, {"held": {"items": []}}, {}]
    for wrong in refused:
        with pytest.raises(MismatchError):
            Slot.from_dict(wrong, strict=True)


def test_a_map_takes_nothing_from_a_model_unless_strictly() -> None:
    either = union("Either", lambda: (Counted, dict[str, Any]))
    found, notes = decode_json(b'{"id":1,"items":[{"n":"x"}]}', either)
    assert found.__class__ is Counted
    assert len(notes) == 1
    taken = accept_json(b'{"id":1,"items":[{"n":"x"}]}', either)
    assert taken == ({"id": 1, "items": [{"n": "x"}]}, ())
    assert accept_json(b'{"id":', either) is None


def test_constants_below_an_option_decide_as_well() -> None:
    holder = union("Holder", lambda: (WidgetHolder, GadgetHolder))
    found, notes = decode_json(b'{"held":{"kind":"gadget"},"note":"x"}', holder)
    assert found.__class__ is GadgetHolder
    assert notes == ()
