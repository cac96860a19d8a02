"""What was seen a few times is decoded fast, and nobody can tell but by the time it takes."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkpress.runtime import compiling, decoding, learning, model
from sdkpress.runtime.decoding import convert, decode_json, decoder_for
from sdkpress.runtime.encoding import encode_json
from sdkpress.runtime.model import ABSENT, Maybe, Model
from tests.unit.sample_models import Chunk, Delta, Part, Pet, TextPart


class Tree(Model):
    """Contains itself."""

    name: str
    children: Maybe[list[Tree]] = ABSENT


class Item(Model, rename={"is_new": "isNew"}):
    is_new: bool
    label: Maybe[str] = ABSENT
    size: Maybe[int] = ABSENT


def forget() -> None:
    """As a new process."""
    learning._counts.clear()
    learning._learn({})
    learning._State.generation = 0
    decoding._decoders.clear()
    compiling._learned.clear()
    model._decoders.clear()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def chunk(**more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": "x", "mood": {"a": [1]}}, "spin": None}
    made = {"id": "c", "choices": [choice], "object": "chat.completion.chunk", "created": 1}
    return {**made, "obfuscation": "abc", **more}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def teach(type_: Any, value: Any) -> Any:
    """Decode until it is learned; return what strict decoding then gives."""
    decoder = decoder_for(type_)
    for _ in range(learning.SIGHTINGS + 1):
        decoder.decode(encoded(value))
    return decoder.strict(encoded(value))


def test_unknown_fields_become_part_of_the_fast_path() -> None:
    decoder = decoder_for(Chunk)
    with pytest.raises(msgspec.ValidationError):
        decoder.strict(encoded(chunk()))
    slow = decoder.decode(encoded(chunk())).value
    fast = teach(Chunk, chunk())
    assert fast.extra == {"obfuscation": "abc"}
    assert fast.choices[0].extra == {"spin": None}
    assert fast.choices[0].delta.mood == {"a": [1]}
    assert fast == slow
    assert slow == fast
    assert repr(fast) == repr(slow)
    assert decoder.strict(encoded(chunk(obfuscation=1))).obfuscation == 1


def test_such_an_object_passes_for_its_model() -> None:
    fast = teach(Chunk, chunk())
    assert isinstance(fast, Chunk)
    assert fast.__class__ is Chunk
    assert type(fast).__name__ == "Chunk"
    assert type(fast).__module__ == Chunk.__module__
    for copied in (
        copy.copy(fast),
        copy.deepcopy(fast),
        pickle.loads(pickle.dumps(fast)),
    ):
        assert copied == fast
        assert type(copied) is Chunk
        assert copied.extra == {"obfuscation": "abc"}
    assert fast.to_dict() == chunk()
    assert json.loads(encode_json(fast)) == chunk()
    assert json.loads(encode_json({"again": [fast]})) == {"again": [chunk()]}
    assert msgspec.to_builtins(fast) == chunk()
    assert convert(fast, Chunk).value is fast
    match fast:
        case Chunk(id="c"):
            pass
        case _:
            pytest.fail("it is a Chunk")


def test_extra_can_be_changed_and_is_sent() -> None:
    fast = teach(Chunk, chunk())
    assert fast.is_set("obfuscation")
    with pytest.raises(AttributeError, match="extra"):
        fast.obfuscation = "other"
    fast.extra["obfuscation"] = "other"
    fast.extra["more"] = 1
    del fast.choices[0].extra["spin"]
    changed = chunk(obfuscation="other", more=1)
    del changed["choices"][0]["spin"]
    assert fast.to_dict() == changed
    assert json.loads(encode_json(fast)) == changed
    assert fast.obfuscation == "other"
    assert not fast.choices[0].is_set("spin")
    assert pickle.loads(pickle.dumps(fast)).to_dict() == changed


def test_without_the_learned_field_there_is_no_extra() -> None:
    teach(Chunk, chunk())
    plain = {"id": "c", "choices": [], "object": "chat.completion.chunk", "created": 1}
    value = decoder_for(Chunk).strict(encoded(plain))
    assert value.extra == {}
    assert value == Chunk(id="c", choices=[], object="chat.completion.chunk", created=1)
    with pytest.raises(AttributeError, match="obfuscation"):
        value.obfuscation  # noqa: B018
    assert value.to_dict() == plain


def test_models_that_contain_themselves() -> None:
    tree = {"name": "a", "children": [{"name": "b", "tint": 1, "children": [{"name": "c"}]}]}
    value = teach(Tree, tree)
    assert value.children[0].tint == 1
    assert value.to_dict() == tree
    assert type(value.children[0]) is type(value)


def test_members_of_unions_learn_too() -> None:
    part = {"type": "text", "text": "x", "score": 1}
    value = teach(list[Part], [part])[0]
    assert isinstance(value, TextPart)
    assert (value.score, value.to_dict()) == (1, part)


UNION_DATA: dict[str, dict[str, Any]] = {
    "as declared": {"petType": "cat", "name": "a", "lives": 9},
    "another value for the same member": {"petType": "kitten", "name": "a"},
    "unknown fields": {"petType": "dog", "name": "a", "tricks": [1]},
    "an unknown value": {"petType": "bird", "name": "a", "lives": 2},
    "no discriminator": {"name": "a", "lives": 9},
    "a discriminator of another type": {"petType": 5, "name": "a"},
    "a field of another type": {"petType": "cat", "name": 5},
}


@pytest.mark.parametrize("case", UNION_DATA)
def test_unions_go_by_their_discriminator_at_once(case: str) -> None:
    value = UNION_DATA[case]
    expected, noted = convert(value, Pet)
    for _ in range(learning.SIGHTINGS + 2):
        found, notes = decoder_for(Pet).decode(encoded(value))
        assert found == expected
        assert found.__class__ is expected.__class__
        assert found.to_dict() == value
        assert notes == noted
    with pytest.raises(ValueError):
        decoder_for(Pet).strict(b'{"petType":"cat"')


def test_another_decoder_of_the_same_model_benefits() -> None:
    teach(Chunk, chunk())
    decoder = decoder_for(list[Chunk])
    decoder.decode(encoded([chunk()]))
    assert decoder.strict(encoded([chunk()]))[0].obfuscation == "abc"


def test_from_json_takes_the_fast_path_when_it_is_there() -> None:
    for _ in range(learning.SIGHTINGS + 3):
        value = Chunk.from_json(encoded(chunk()), strict=True)
        assert value.to_dict() == chunk()
    assert type(value).from_json(encoded(chunk())) == value


def test_names_that_nobody_can_say_stay_with_the_slow_path() -> None:
    odd = {"content": "x", 'a"b': 1, "ok": 2}
    decoder = decoder_for(Delta)
    for _ in range(3 * learning.SIGHTINGS):
        assert decoder.decode(encoded(odd)).value.extra == {'a"b': 1, "ok": 2}


def test_made_up_names_are_not_learned() -> None:
    decoder = decoder_for(Delta)
    before = learning.generation()
    for number in range(2 * learning.MAX_TRACKED):
        assert decoder.decode(b'{"n%d":1}' % number).value.extra == {f"n{number}": 1}
    assert learning.generation() == before


def test_no_more_names_than_the_bound() -> None:
    names = [f"n{number}" for number in range(3 * learning.MAX_NAMES)]
    value = dict.fromkeys(names, 1)
    decoder = decoder_for(Delta)
    for _ in range(3 * learning.SIGHTINGS):
        assert decoder.decode(encoded(value)).value.extra == value
    few = dict.fromkeys(names[: learning.MAX_NAMES // 8], 1)
    decoder.decode(encoded(few))
    assert len(learning.learned(Delta).__model_learned__) == learning.MAX_NAMES


def test_several_threads_learn_the_same() -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(200):
            data = chunk(**{f"k{(turn + number) % 7}": turn})
            value, notes = decode_json(encoded(data), Chunk)
            if notes or value.to_dict() != data:
                wrong.append((data, value))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_extra_of_one_object_from_several_threads() -> None:
    def read(value: Any, found: list[dict[str, Any]]) -> None:
        found.append(value.extra)

    teach(Chunk, chunk())
    for _ in range(50):
        value = decoder_for(Chunk).strict(encoded(chunk()))
        found: list[dict[str, Any]] = []
        threads = [threading.Thread(target=read, args=(value, found)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [{"obfuscation": "abc"}] * 3
        assert found[0] is found[1] is found[2]


def test_the_first_use_of_a_type_by_many_threads() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(60):

            class Leaf(Model):
                a: str
                b: Maybe[str] = ABSENT

            class Branch(Model):
                leaf: Leaf
                leaves: list[Leaf]

            class Root(Model):
                branches: list[Branch]
                other: Branch | None = ABSENT

            for cls, name, type_ in ((Branch, "Leaf", Leaf), (Root, "Branch", Branch)):
                setattr(cls, name, type_)  # where the annotations are looked up
            data = {"branches": [{"leaf": {"a": "x"}, "leaves": [{"a": "y", "c": 1}]}]}
            start = threading.Barrier(6)
            found: list[object] = []

            def use(
                number: int,
                root: Any = Root,
                data: Any = data,
                start: threading.Barrier = start,
                found: list[object] = found,
            ) -> None:
                start.wait(60)
                made = (
                    decoder_for(root).decode(encoded(data)) if number % 2 else convert(data, root)
                )
                found.append(made.value.to_dict())

            threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert found == [data] * 6
    finally:
        sys.setswitchinterval(interval)


# -- what does not match


DEVIATIONS: dict[str, dict[str, Any]] = {
    "null for an object": {"usage": None, "choices": [{"index": 0, "delta": None}]},
    "a number for a string": {"system_fingerprint": 5},
    "a string for a number": {"created": "now"},
    "an unknown constant": {"object": "chunk"},
    "a required field is missing": {"usage": {"prompt_tokens": 1}},
    "an object for a string": {"system_fingerprint": {"a": 1}},
    "an array for an object": {"usage": []},
    "text for an array": {"choices": "none"},
    "a fraction for an integer": {"created": 1.5},
    "unknown besides": {"created": None, "brand": "new"},
}


@pytest.mark.parametrize("case", DEVIATIONS)
def test_a_deviation_can_be_expected(case: str) -> None:
    data = encoded(chunk(**DEVIATIONS[case]))
    decoder = decoder_for(Chunk)
    slow, deviations = decoder.examine(data)
    assert deviations
    teach(Chunk, chunk(**DEVIATIONS[case])) if not deviations else None
    for _ in range(learning.SIGHTINGS):
        decoder.decode(data)
    fast = decoder.loosened(deviations)
    assert fast is not None
    value = fast(data)
    assert same(value, slow.value)
    assert value.to_dict() == slow.value.to_dict() == json.loads(data)
    assert pickle.loads(pickle.dumps(value)) == slow.value
    assert json.loads(encode_json(value)) == json.loads(data)
    for name in ("usage", "created", "object", "id"):
        assert getattr(value, name) == getattr(slow.value, name)
        assert value.is_set(name) == slow.value.is_set(name)
    # Elsewhere nothing has become lax.
    assert decoder.decode(data).notes == slow.notes


def test_a_missing_field_can_be_set() -> None:
    data = b'{"label":"a"}'
    decoder = decoder_for(Item)
    fast = decoder.loosened(decoder.examine(data)[1])
    assert fast is not None
    item = fast(data)
    assert item.is_new is None
    assert not item.is_set("is_new")
    assert item.to_json() == data
    item.is_new = True
    assert json.loads(item.to_json()) == {"label": "a", "isNew": True}


def test_what_cannot_be_expressed_stays_with_the_slow_path() -> None:
    data = encoded(chunk(choices=[None]))
    decoder = decoder_for(Chunk)
    slow, deviations = decoder.examine(data)
    assert slow.notes
    fast = decoder.loosened(deviations)
    with pytest.raises(msgspec.ValidationError):
        (fast or decoder.strict)(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([1.5, 2.0, "", "x", "stop"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["index", "delta", "content", "a", "total_tokens"]), inner),
    max_leaves=6,
)


def same(one: Model, other: Model) -> bool:
    """Equal, numbers of one kind included; only the order of unknown fields may differ."""
    return one == other and json.dumps(one.to_dict(), sort_keys=True) == json.dumps(
        other.to_dict(), sort_keys=True
    )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                name: VALUES
                for name in ("id", "choices", "object", "created", "usage", "k0", "k1", "k2")
            },
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.integers(0, 2), min_size=12, max_size=40),
)
def test_learning_never_changes_a_result(changes: list[dict[str, Any]], order: list[int]) -> None:
    forget()
    decoder = decoder_for(Chunk)
    deviations: set[Any] = set()
    for position in order:
        data = encoded(chunk(**changes[position % len(changes)]))
        expected, noted = convert(json.loads(data), Chunk)
        found, deviating = decoder.examine(data)
        assert same(found.value, expected)
        assert {str(note) for note in found.notes} == {str(note) for note in noted}
        deviations |= deviating
        fast = decoder.loosened(deviations)
        if fast is not None:
            try:
                value = fast(data)
            except ValueError:
                continue
            assert same(value, expected)
