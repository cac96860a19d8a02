"""How annotations stand to each other."""

from __future__ import annotations

import pytest

from sdkpress.diffing.surface.types import Scope, parse_type, relate

NOTHING = (Scope({}), Scope({}))


@pytest.mark.parametrize(
    ("old", "new", "relation", "in_common"),
    [
        ("str", "str", "same", True),
        ("int", "str", "other", False),
        ("str", "str | None", "wider", True),
        ("str | None", "str", "narrower", True),
        ("None", "str", "other", False),
        ("str", "None", "other", False),
        ("str | int", "int | str", "same", True),
        ("Maybe[str]", "str | None", "same", True),
        ("Optional[str]", "str | None", "same", True),
        ("Union[str, int]", "str | int", "same", True),
        ("bool", "int", "wider", True),
        ("int", "float", "wider", True),
        ("float", "int", "narrower", True),
        ("list[int]", "Sequence[int]", "wider", True),
        ("list[Pet]", "list[Pet | None]", "wider", True),
        ("dict[str, int]", "dict[str, float]", "wider", True),
        ("dict[str, int]", "dict[str, str]", "other", False),
        ("list[int]", "tuple[int, int]", "other", False),
        ("Any", "str", "narrower", True),
        ("str", "Any", "wider", True),
        ("list[Any]", "list[str]", "same", True),
        ('Literal["a"]', "str", "wider", True),
        ('Literal["a"]', 'Literal["a", "b"]', "wider", True),
        ('Literal["a"] | str', 'Literal["b"] | str', "same", True),
        ('Literal["a"]', 'Literal["b"]', "other", False),
        ("Literal[1]", "int", "wider", True),
        ("Literal[1]", "str", "other", False),
        ("models.Pet", "Pet", "same", True),
        ("_models.Pet", "models.Pet", "same", True),
        ("builtins.list[str]", "list[str]", "same", True),
        ("datetime.datetime", "_datetime.datetime", "same", True),
        ("Stream[A, B]", "Stream[A, C]", "other", False),
        ("Callable[[], str] | str", "str", "narrower", True),
        ("A | B", "B | C", "other", True),
        ("'Pet | None'", "Pet | None", "same", True),
    ],
)
def test_relations(old: str, new: str, relation: str, in_common: bool) -> None:
    assert relate(old, new, NOTHING) == (relation, in_common)


def test_an_alias_in_both_is_told_where_it_is_defined() -> None:
    scopes = Scope({"Shape": "A | B"}), Scope({"Shape": "A | B | C"})
    assert relate("Shape", "Shape", scopes) == ("same", True)
    assert relate("list[Shape]", "list[Shape] | None", scopes)[0] == "wider"


def test_an_alias_in_place_of_what_it_stands_for_is_the_same() -> None:
    scopes = Scope({}), Scope({"Shape": "A | B", "Round": "Shape | C"})
    assert relate("A | B", "Shape", scopes)[0] == "same"
    assert relate("list[A | B | C]", "list[Round]", scopes)[0] == "same"


def test_aliases_of_themselves_end() -> None:
    tree = Scope({"Tree": "int | list[Tree]"})
    assert relate("Tree", "int", (tree, Scope({})))[0] == "narrower"
    circle = Scope({"One": "Two", "Two": "One"})
    assert relate("One", "int", (circle, circle))[0] == "other"


def test_what_was_renamed_is_the_same() -> None:
    scopes = Scope({}, {"Pet": "Animal"}), Scope({})
    assert relate("list[models.Pet]", "list[models.Animal]", scopes)[0] == "same"
    assert relate("models.Animal", "models.Pet", scopes)[0] == "other"


def test_classes_that_can_be_used_alike_have_something_in_common() -> None:
    assert relate("Pet", "Dog", NOTHING, lambda new, old: (new, old) == ("Dog", "Pet")) == (
        "other", True,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "a b", "(", "lambda: 0", "x" * 5000, "[" * 500])
def test_what_is_no_annotation_is_itself(text: str) -> None:
    assert parse_type(text)
    assert relate(text, "str", NOTHING)[0] in ("other", "narrower")
