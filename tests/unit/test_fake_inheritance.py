"""Fake server: values of base schemas with an inherited discriminator, and what examples share."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.exchanges import ReceivedRequest
from sdkpress.runtime.testing.patterns import compiled, sample_pattern
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.samples import Sampler

ANIMALS: dict[str, Any] = {
    "Animal": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/components/schemas/Dog"}},
    },
    "Dog": {
        "allOf": [
            {"$ref": "#/components/schemas/Animal"},
            {"type": "object", "required": ["bark"], "properties": {"bark": {"type": "integer"}}},
        ]
    },
    "Cat": {"allOf": [{"$ref": "#/components/schemas/Animal"}]},
    "Alone": {"type": "object", "properties": {"kind": {"type": "string"}}},
}


def sample(name: str, variant: int = 0) -> Any:
    sampler = Sampler(References({"components": {"schemas": ANIMALS}}))
    return sampler.sample({"$ref": f"#/components/schemas/{name}"}, variant=variant)


def test_a_base_is_one_of_its_children() -> None:
    assert sample("Animal") == {"kind": "dog", "bark": 1}
    assert sample("Animal", variant=1)["kind"] == "Cat"


def test_a_child_carries_the_value_that_names_it() -> None:
    assert sample("Dog")["kind"] == "dog"
    assert sample("Cat")["kind"] == "Cat"


def test_without_a_discriminator_nothing_changes() -> None:
    assert sample("Alone") == {"kind": "string"}


def test_one_example_serves_answers_of_different_schemas() -> None:
    shared = {"name": "Rex"}
    one = {"type": "object", "properties": {"name": {"type": "string"}}}

    def answer(schema: Any) -> Any:
        content = {"application/json": {"schema": schema, "example": shared}}
        return {"get": {"responses": {"200": {"description": "", "content": content}}}}

    many = {"type": "array", "items": one}
    app = FakeApp({"openapi": "3.1.0", "paths": {"/one": answer(one), "/many": answer(many)}})

    def body(path: str) -> bytes:
        return b"".join(
            part
            for part in app.respond(ReceivedRequest("GET", path)).steps
            if isinstance(part, bytes)
        )

    assert body("/one") == b'{"name":"Rex"}'
    assert body("/many").startswith(b"[")


@pytest.mark.parametrize(
    ("pattern", "text"), [("^[[a]$", "[a"), ("^[a&&b]+$", "ab&"), ("^[a~~|]$", "a~|")]
)
def test_signs_in_a_character_class_are_literals(pattern: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expression = compiled(pattern)
        assert expression is not None
        found = sample_pattern(pattern)
    assert found is not None and set(found) <= set(text)
    assert expression.search(found)
