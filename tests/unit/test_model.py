"""Models: absent and null, extra fields, copies, pickles, comparison, typed errors."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime.decoding import JSONDecodeError, MismatchError
from sdkpress.runtime.model import ABSENT, Maybe, Model
from sdkpress.runtime.unset import UNSET, UnsetType
from tests.unit.sample_models import Cat, Chunk, Delta, Dog, Everything, Owner, Usage

WITH_EXTRAS = (
    b'{"id":"x","choices":[{"index":0,"delta":{"content":"hi","odd":[1,{"a":null}]},"new":true}],'
    b'"object":"chat.completion.chunk","created":1,"usage":null,"service":{"tier":"b"}}'
)


def test_absent_reads_as_none_and_is_not_written() -> None:
    delta = Delta(content="x")
    assert delta.role is None
    assert not delta.is_set("role")
    assert delta.to_json() == b'{"content":"x"}'
    assert msgspec.json.encode(delta) == b'{"content":"x"}'


def test_null_reads_as_none_and_is_written() -> None:
    delta = Delta(tool_calls=None)
    assert delta.tool_calls is None
    assert delta.is_set("tool_calls")
    assert delta.to_json() == b'{"tool_calls":null}'


@pytest.mark.parametrize("text", [b"{}", b'{"tool_calls":null}', b'{"content":null}'])
def test_absent_and_null_survive_a_round_trip(text: bytes) -> None:
    assert Delta.from_json(text).to_json() == text


def test_deleting_a_field_makes_it_absent() -> None:
    delta = Delta(content="x", role="user")
    del delta.role
    assert not delta.is_set("role")
    assert delta.to_json() == b'{"content":"x"}'


def test_required_fields_may_follow_optional_ones_and_all_are_keyword_only() -> None:
    class Late(Model):
        first: Maybe[int] = ABSENT
        second: int

    assert Late(second=2).to_dict() == {"second": 2}
    with pytest.raises(TypeError):
        Late(1, 2)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Late()  # type: ignore[call-arg]


def test_a_subclass_inherits_fields_names_and_absence() -> None:
    class Tiger(Cat, rename={"stripes_": "stripes"}):
        stripes_: int

    tiger = Tiger(pet_type="tiger", name="T", stripes_=3)
    assert tiger.lives is None
    assert tiger.to_dict() == {"petType": "tiger", "name": "T", "stripes": 3}
    assert Tiger.from_dict(tiger.to_dict()) == tiger


def test_extra_fields_are_kept_at_every_depth() -> None:
    chunk = Chunk.from_json(WITH_EXTRAS, strict=True)
    assert chunk.extra == {"service": {"tier": "b"}}
    assert chunk.choices[0].extra == {"new": True}
    assert chunk.choices[0].delta.extra == {"odd": [1, {"a": None}]}
    assert chunk.service == {"tier": "b"}  # type: ignore[attr-defined]
    assert chunk.to_dict() == msgspec.json.decode(WITH_EXTRAS)
    assert msgspec.json.decode(chunk.to_json()) == msgspec.json.decode(WITH_EXTRAS)


def test_extra_can_be_changed() -> None:
    delta = Delta(content="x")
    assert delta.extra == {}
    delta.extra["mood"] = "good"
    assert delta.to_json() == b'{"content":"x","mood":"good"}'
    assert delta.is_set("mood")
    del delta.extra["mood"]
    assert delta.to_json() == b'{"content":"x"}'


def test_a_declared_field_wins_over_an_extra_one_of_its_name() -> None:
    cat = Cat(pet_type="cat", name="Tom")
    cat.extra["petType"] = "dog"
    assert cat.to_dict() == {"petType": "cat", "name": "Tom"}


def test_a_server_cannot_replace_methods() -> None:
    names = ["to_dict", "extra", "is_set", "__class__", "__deepcopy__", "_extra", "__reduce_ex__"]
    delta = Delta.from_dict({name: "evil" for name in names})
    assert delta.to_dict() == {name: "evil" for name in names}
    assert copy.deepcopy(delta) == delta
    assert not hasattr(delta, "__deepcopy__")


def test_unknown_attributes_are_errors() -> None:
    delta = Delta()
    with pytest.raises(AttributeError, match="contnet"):
        _ = delta.contnet  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"extra\['contnet'\]"):
        delta.contnet = "x"  # type: ignore[attr-defined]


def test_missing_required_fields_read_as_none_and_are_not_written() -> None:
    usage = Usage.from_json(b'{"total_tokens":3}')
    assert usage.prompt_tokens is None
    assert not usage.is_set("prompt_tokens")
    assert usage.to_dict() == {"total_tokens": 3}
    assert repr(usage) == "Usage(total_tokens=3)"
    usage.prompt_tokens = 1
    assert usage.to_dict() == {"prompt_tokens": 1, "total_tokens": 3}


def test_names_that_json_escapes_survive() -> None:
    data = {'say "hi"\n\\': "x", "class": "c"}
    value = Everything.from_dict(data)
    assert value.hostile == "x"
    assert value.to_dict() == data
    assert msgspec.json.decode(value.to_json()) == data
    assert Everything(hostile="y").to_dict() == {'say "hi"\n\\': "y"}


def test_repr_shows_what_is_set() -> None:
    delta = Delta(content="x", tool_calls=None)
    assert repr(delta) == "Delta(content='x', tool_calls=None)"
    delta.extra["a"] = 1
    assert repr(delta) == "Delta(content='x', tool_calls=None, extra={'a': 1})"


def test_equality_is_of_class_fields_and_extra() -> None:
    assert Delta(content="x") == Delta(content="x")
    assert not Delta(content="x") != Delta(content="x")  # Struct has a __ne__ of its own
    assert (Delta() != 1) is True
    assert Delta() != Delta(tool_calls=None)
    assert Delta(content="x") != Delta.from_dict({"content": "x", "new": 1})
    assert Cat(pet_type="a", name="b") != Dog(pet_type="a", name="b")
    with pytest.raises(TypeError):
        hash(Delta())


@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_keep_everything(copier) -> None:
    chunk = Chunk.from_json(WITH_EXTRAS.replace(b'"created":1,', b""))
    copied = copier(chunk)
    assert copied == chunk
    assert type(copied) is Chunk
    assert copied.to_json() == chunk.to_json()
    assert not copied.is_set("created")
    assert copied.is_set("usage")
    assert not copied.is_set("system_fingerprint")
    copied.extra["more"] = 1
    assert "more" not in chunk.extra


def test_deep_copies_share_nothing() -> None:
    chunk = Chunk.from_json(WITH_EXTRAS)
    copied = copy.deepcopy(chunk)
    copied.choices[0].delta.extra["odd"].append(2)
    assert chunk.choices[0].delta.extra["odd"] == [1, {"a": None}]


def test_replace() -> None:
    chunk = Chunk.from_json(WITH_EXTRAS)
    changed = chunk.__replace__(id="y")  # type: ignore[attr-defined]  # copy.replace of 3.13
    assert (changed.id, chunk.id) == ("y", "x")
    assert changed.extra == chunk.extra
    with pytest.raises(TypeError, match="idd"):
        chunk.__replace__(idd="y")  # type: ignore[attr-defined]


def test_weak_references_and_msgspec_helpers_work() -> None:
    import weakref

    delta = Delta(content="x")
    assert weakref.ref(delta)() is delta
    assert msgspec.to_builtins(delta) == {"content": "x"}


def test_unset_is_false_and_one_object() -> None:
    assert not UNSET
    assert isinstance(UNSET, UnsetType)
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET


def test_only_objects_become_models() -> None:
    for text in (b"null", b"[]", b'"x"', b"1"):
        with pytest.raises(MismatchError, match="expected an object"):
            Delta.from_json(text)
    with pytest.raises(JSONDecodeError):
        Delta.from_json("<html>")


def test_strict_names_what_does_not_match() -> None:
    with pytest.raises(
        MismatchError, match=r"choices\[0\]\.delta: expected an object, got null"
    ) as e:
        Chunk.from_dict(
            {
                "id": "x",
                "choices": [{"index": 0, "delta": None}],
                "object": "chat.completion.chunk",
                "created": 1,
            },
            strict=True,
        )
    assert pickle.loads(pickle.dumps(e.value)).notes == e.value.notes


names = st.text(max_size=6) | st.sampled_from(["name", "petType", "friend", "lives", "extra"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(names, json_values, max_size=5))
def test_any_object_survives_as_a_dict(data: dict[str, object]) -> None:
    dog = Dog.from_dict(data)
    assert dog.to_dict() == data
    assert Dog.from_json(dog.to_json()).to_dict() == data
    assert pickle.loads(pickle.dumps(dog)) == dog


cats = st.builds(
    lambda name, lives, extra: Cat.from_dict(
        {"petType": "cat", "name": name} | ({"lives": lives} if lives else {}) | {"x" + k: v for k, v in extra.items()}
    ),
    st.text(), st.none() | st.integers(), st.dictionaries(names, json_values, max_size=3),
)  # fmt: skip
owners = st.builds(
    lambda pets, best: Owner(pets=pets, favourite=best), st.lists(cats), st.none() | cats
)


@given(owners)
def test_models_survive_json(owner: Owner) -> None:
    assert Owner.from_json(owner.to_json(), strict=True) == owner
    assert Owner.from_dict(owner.to_dict(), strict=True) == owner
