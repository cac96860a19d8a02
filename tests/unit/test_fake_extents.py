"""How much of what is optional a sample has."""

from __future__ import annotations

from typing import Any

import pytest

from sdkpress.runtime.testing.making import Extent
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.samples import Sampler
from sdkpress.runtime.testing.shown import in_place_of, shown_values, variants_of

PERSON: dict[str, Any] = {
    "type": "object",
    "required": ["name", "secret"],
    "example": {"name": "Ada", "secret": "x", "age": 36, "friends": []},
    "properties": {
        "name": {"type": "string", "example": "Ada"},
        "age": {"type": "integer"},
        "secret": {"type": "string", "writeOnly": True},
        "note": {},
        "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
    },
}
ONE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {"circle": {"type": "integer"}, "square": {"type": "integer"}},
}


def sampler(**options: Any) -> Sampler:
    schemas = {"Person": PERSON, "One": ONE}
    return Sampler(References({"components": {"schemas": schemas}}), **options)


def person(extent: Extent, **options: Any) -> Any:
    schema = {"$ref": "#/components/schemas/Person"}
    return sampler(**options).sample(schema, extent=extent, suggests_objects=False)


def test_minimal_is_what_is_required_even_where_an_example_shows_more() -> None:
    assert person("minimal") == {"name": "Ada"}
    assert person("minimal", shows_hidden=True) == {"name": "Ada", "secret": "string"}


def test_full_has_every_property_and_ends() -> None:
    found = person("full", shows_hidden=True)
    assert set(found) == {"name", "age", "secret", "note", "friends"}
    assert [set(friend) for friend in found["friends"]] == [{"name", "secret"}]


def test_usual_leaves_out_what_nothing_is_known_of() -> None:
    assert "note" not in person("usual")


@pytest.mark.parametrize("extent", ["minimal", "usual", "full"])
def test_counts_of_properties_hold_and_declared_ones_are_taken(extent: Extent) -> None:
    found = sampler().sample(ONE, extent=extent)
    assert found == {"circle": 1}


def test_mending_takes_no_more_than_is_asked_for() -> None:
    mended = sampler().mend({"age": "old"}, PERSON, extent="minimal")
    assert sampler().rules.accepts(mended, PERSON)
    assert "friends" not in mended


def test_examples_of_bodies_are_examples_of_what_they_hold() -> None:
    document = {
        "components": {"schemas": {"Person": PERSON, "One": ONE}},
        "paths": {"/people": {"get": {"responses": {"200": {"content": {"application/json": {
            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
            "example": [{"name": "Grace", "friends": [{"name": "Ada"}]}],
        }}}}}}},
    }  # fmt: skip
    shown = shown_values(References(document))
    assert shown["#/components/schemas/Person"]["name"] == "Grace"
    assert "#/components/schemas/One" not in shown


def test_scalars_of_an_example_stand_in_for_made_ones() -> None:
    made = {"name": "string", "age": 1, "tags": ["string"], "on": True, "at": {"x": 1.0}}
    shown = {"name": "Ada", "age": "36", "tags": ["a", "b"], "on": 1, "at": {"x": 2, "y": 3}}
    expected = {"name": "Ada", "age": 1, "tags": ["a"], "on": True, "at": {"x": 2}}
    assert in_place_of(made, shown) == expected


@pytest.mark.parametrize(
    ("value", "number", "other"),
    [
        ({"name": "Ada", "id": "order_09"}, 2, {"name": "Ada", "id": "order_11"}),
        ({"id": "99"}, 1, {"id": "100"}),
        ({"id": "Rex"}, 1, {"id": "Rex-2"}),
        ({"on": True, "count": 4}, 3, {"on": True, "count": 7}),
        (
            {"uuid": "3fa85f64-5717-4562-b3fc-2c963f66afff"},
            1,
            {"uuid": "3fa85f64-5717-4562-b3fc-2c963f66b000"},
        ),
    ],
)
def test_variants_differ_in_what_tells_things_apart(value: Any, number: int, other: Any) -> None:
    assert next(variants_of(value, number)) == other


def test_a_value_without_anything_to_count_has_no_variants() -> None:
    assert [*variants_of({"on": True, "name": "", "list": []}, 1)] == []
