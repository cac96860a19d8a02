"""What Python callers meet: each kind of change on the right axis, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdkpress.diffing.changes import SEVERITIES
from sdkpress.diffing.surface.catalog import python_ids
from tests.diffing.comparisons import Edit, answer, compared, python_changes, schema_ref, shop, told

RUNTIME, TYPING, BOTH = ("runtime",), ("typing",), ("runtime", "typing")
ITEM = "/carts/{cart}/items/{item}"


def schemas(tree: dict[str, Any]) -> dict[str, Any]:
    return dict(tree["components"]["schemas"])


def schema(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = tree["components"]["schemas"][name]
    return found


def property_of(name: str, key: str, value: Any) -> Edit:
    def edit(tree: dict[str, Any]) -> None:
        properties = schema(tree, name)["properties"]
        if value is None:
            del properties[key]
        else:
            properties[key] = value

    return edit


def required(name: str, *keys: str) -> Edit:
    return lambda tree: schema(tree, name).update(required=list(keys))


def parameters(tree: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tree["paths"][ITEM]["get"]["parameters"]
    return found


def both(*edits: Edit) -> Edit:
    def edit(tree: dict[str, Any]) -> None:
        for one in edits:
            one(tree)

    return edit


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
TABLE: dict[str, tuple[Edit, str, str, tuple[str, ...], str]] = {
    # The kinds that a surface comparison has to tell apart, as edits of a document.
    "field removed": (
        property_of("Item", "note", None),
        "field-removed", "models.Item.note", BOTH, "breaking",
    ),
    "required field added to input": (
        both(property_of("Address", "city", STRING), required("Address", "street", "city")),
        "required-field-added", "models.Address.city", BOTH, "breaking",
    ),
    "required key added": (
        both(property_of("Address", "city", STRING), required("Address", "street", "city")),
        "required-key-added", "models.AddressParam.city", TYPING, "breaking",
    ),
    "key became required": (
        required("Address", "street", "zip"),
        "key-became-required", "models.AddressParam.zip", TYPING, "breaking",
    ),
    "key removed": (
        property_of("Address", "zip", None),
        "key-removed", "models.AddressParam.zip", TYPING, "breaking",
    ),
    "key added": (
        property_of("Address", "city", STRING),
        "key-added", "models.AddressParam.city", TYPING, "compatible",
    ),
    "field became required in input": (
        required("Address", "street", "zip"),
        "field-became-required", "models.Address.zip", BOTH, "breaking",
    ),
    "field became required in answers": (
        required("Item", "id", "price", "note"),
        "field-became-required", "models.Item.note", TYPING, "compatible",
    ),
    "field became optional in answers": (
        required("Item", "id"),
        "field-became-optional", "models.Item.price", TYPING, "breaking",
    ),
    "field type changed": (
        property_of("Item", "price", STRING),
        "field-type-changed", "models.Item.price", BOTH, "breaking",
    ),
    "field became nullable": (
        property_of("Item", "price", {"type": ["integer", "null"]}),
        "field-type-widened", "models.Item.price", TYPING, "breaking",
    ),
    "field narrowed in answers": (
        lambda tree: None,
        "", "", (), "",
    ),
    "omitted default changed": (
        lambda tree: parameters(tree)[2]["schema"].update(default=20),
        "omitted-default-changed", "client.carts.items.get(limit)", RUNTIME, "risky",
    ),
    "keyword became required": (
        lambda tree: parameters(tree)[2].update(required=True),
        "parameter-became-required", "client.carts.items.get(limit)", BOTH, "breaking",
    ),
    "required keyword added": (
        lambda tree: parameters(tree).append(
            {"name": "shop", "in": "query", "required": True, "schema": STRING}
        ),
        "required-parameter-added", "client.carts.items.get(shop)", BOTH, "breaking",
    ),
    "keyword added": (
        lambda tree: parameters(tree).append({"name": "shop", "in": "query", "schema": STRING}),
        "parameter-added", "client.carts.items.get(shop)", BOTH, "compatible",
    ),
    "keyword removed": (
        lambda tree: parameters(tree).pop(),
        "parameter-removed", "client.carts.items.get(limit)", BOTH, "breaking",
    ),
    "parameter type changed": (
        lambda tree: parameters(tree)[2].update(schema=STRING),
        "parameter-type-changed", "client.carts.items.get(limit)", TYPING, "breaking",
    ),
    "parameter widened": (
        lambda tree: parameters(tree)[2].update(schema={"type": "number"}),
        "parameter-type-widened", "client.carts.items.get(limit)", TYPING, "compatible",
    ),
    "method removed": (
        lambda tree: tree["paths"].pop("/orders/{id}"),
        "operation-removed", "client.orders.delete", BOTH, "breaking",
    ),
    "method added": (
        lambda tree: tree["paths"].update(
            {"/shops": {"get": {"operationId": "listShops", "responses": answer_none()}}}
        ),
        "operation-added", "client.shops.list", BOTH, "compatible",
    ),
    "method renamed by hand": (
        lambda tree: tree["paths"]["/orders"]["get"].update({"x-sdkpress-name": "orders.search"}),
        "operation-renamed", "client.orders.list", BOTH, "breaking",
    ),
    "method deprecated": (
        lambda tree: tree["paths"]["/orders"]["get"].update(deprecated=True),
        "operation-deprecated", "client.orders.list", BOTH, "compatible",
    ),
    "return became optional": (
        lambda tree: tree["paths"][ITEM]["get"]["responses"]["200"]["content"][
            "application/json"
        ].update(schema={"oneOf": [schema_ref("Item"), {"type": "null"}]}),
        "return-type-widened", "client.carts.items.get", TYPING, "breaking",
    ),
    "return type changed": (
        lambda tree: tree["paths"][ITEM]["get"]["responses"]["200"]["content"][
            "application/json"
        ].update(schema=STRING),
        "return-type-changed", "client.carts.items.get", BOTH, "breaking",
    ),
    "an answer where there was none": (
        lambda tree: tree["paths"]["/orders/{id}"]["delete"].update(
            responses=answer(schema_ref("Receipt"))
        ),
        "return-type-widened", "client.orders.delete", TYPING, "compatible",
    ),
    "no answer any more": (
        lambda tree: tree["paths"][ITEM]["get"].update(responses=answer_none()),
        "return-type-changed", "client.carts.items.get", BOTH, "breaking",
    ),
    "enum value removed": (
        lambda tree: schema(tree, "State").update(enum=["open"]),
        "enum-value-removed", "models.State", TYPING, "risky",
    ),
    "enum value added": (
        lambda tree: schema(tree, "State").update(enum=["open", "sent", "lost"]),
        "enum-value-added", "models.State", TYPING, "compatible",
    ),
    "alternative added to answers": (
        lambda tree: schema(tree, "Payment")["oneOf"].append({"type": "string"}),
        "type-widened", "models.Payment", TYPING, "breaking",
    ),
    "alternative gone from answers": (
        lambda tree: schema(tree, "Payment").update(oneOf=[schema_ref("Card"), STRING]),
        "type-changed", "models.Payment", TYPING, "breaking",
    ),
    "model removed": (
        both(
            property_of("Receipt", "payment", None),
            required("Receipt", "id", "state"),
            lambda tree: tree["components"]["schemas"].pop("Payment"),
        ),
        "model-removed", "models.Payment", BOTH, "breaking",
    ),
    "model renamed by hand": (
        lambda tree: schema(tree, "Item").update({"x-sdkpress-name": "Article"}),
        "model-renamed", "models.Item", BOTH, "breaking",
    ),
    "credential removed": (
        lambda tree: tree.update(security=[]),
        "parameter-removed", "Shop(api_key)", BOTH, "breaking",
    ),
    "server moved": (
        lambda tree: tree.update(servers=[{"url": "https://shop.example"}]),
        "base-url-changed", "Shop", RUNTIME, "risky",
    ),
}  # fmt: skip
del TABLE["field narrowed in answers"]


def regions(url: str, **defaults: str) -> dict[str, Any]:
    variables = {name: {"default": value} for name, value in defaults.items()}
    return {"servers": [{"url": url, "variables": variables}]}


def test_a_server_that_must_be_given_breaks_who_gave_none(tmp_path: Path) -> None:
    found = told(python_changes(tmp_path, lambda tree: tree.pop("servers")))
    assert found == {("base-url-became-required", "Shop", "runtime", "breaking")}
    (tmp_path / "back").mkdir()
    found = told(
        python_changes(tmp_path / "back", lambda tree: tree.update(servers=[{"url": "/v1"}]))
    )
    assert found == {("base-url-became-required", "Shop", "runtime", "breaking")}


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (
            regions("https://{region}.shop.test", region="us"),
            {("base-url-changed", "Shop", "runtime", "risky")},
        ),
        (
            regions("https://{zone}.shop.test", zone="eu"),
            {
                ("server-variable-removed", "Shop(server_variables)", "runtime", "breaking"),
                ("server-variable-removed", "Shop(server_variables)", "typing", "breaking"),
                ("server-variable-added", "Shop(server_variables)", "runtime", "compatible"),
                ("server-variable-added", "Shop(server_variables)", "typing", "compatible"),
            },
        ),
    ],
)
def test_variables_of_a_server(
    edited: dict[str, Any], expected: set[tuple[str, ...]], tmp_path: Path
) -> None:
    old = {**shop(), **regions("https://{region}.shop.test", region="eu")}
    found, _ = compared(tmp_path, lambda tree: tree.update(edited), old)
    assert told(tuple(change for change in found.changes if change.axis != "wire")) == expected


def test_null_for_what_may_be_left_out_is_no_matter_of_types(tmp_path: Path) -> None:
    def nullable(tree: dict[str, Any]) -> None:
        parameters(tree)[2]["schema"] = {"type": ["integer", "null"], "default": 10}

    expected = {("parameter-none-changed", "client.carts.items.get(limit)", "runtime", "risky")}
    assert told(python_changes(tmp_path, nullable)) == expected
    old = shop()
    nullable(old)
    found, _ = compared(tmp_path, lambda tree: tree.update(shop()), old)
    assert told(tuple(item for item in found.changes if item.axis != "wire")) == expected


def test_a_list_that_a_model_takes_may_have_more_in_it(tmp_path: Path) -> None:
    old = shop()
    items = {"type": "array", "items": STRING}
    schema(old, "Address")["properties"]["tags"] = items
    wider = {"type": "array", "items": {"type": ["string", "null"]}}
    found, _ = compared(tmp_path, property_of("Address", "tags", wider), old)
    fields = [item for item in found.changes if item.id == "python-field-type-widened"]
    assert [(item.subject, item.axis, item.severity) for item in fields] == [
        ("models.Address.tags", "typing", "risky")
    ]


def answer_none() -> dict[str, Any]:
    return {"204": {"description": "nothing"}}


@pytest.mark.parametrize("kind", TABLE)
def test_each_kind_is_told_on_its_axes(kind: str, tmp_path: Path) -> None:
    edit, id, subject, axes, severity = TABLE[kind]
    changes = python_changes(tmp_path, edit)
    found = told(changes)
    assert {axis for was, about, axis, _ in found if (was, about) == (id, subject)} == set(axes)
    assert {rank for was, about, _, rank in found if (was, about) == (id, subject)} == {severity}
    for change in changes:
        worst = python_ids()[change.id].severities[change.axis]
        assert SEVERITIES.index(change.severity) >= SEVERITIES.index(worst), change
        assert change.old or change.new, change


def test_positional_arguments_in_another_order_are_seen_by_running_code_alone(
    tmp_path: Path,
) -> None:
    def swap(tree: dict[str, Any]) -> None:
        item = tree["paths"].pop(ITEM)
        tree["paths"]["/carts/{item}/items/{cart}"] = item
        item["get"]["x-sdkpress-name"] = "carts.items.get"

    found = told(python_changes(tmp_path, swap))
    assert found == {("parameter-order-changed", "client.carts.items.get", "runtime", "breaking")}


@pytest.mark.parametrize(
    "edit",
    [
        lambda tree: tree["info"].update(description="Another text"),
        lambda tree: tree["paths"][ITEM]["get"].update(summary="Read an item"),
        lambda tree: tree["paths"].update(
            {key: tree["paths"].pop(key) for key in [*tree["paths"]]}
        ),
        lambda tree: schema(tree, "Item")["properties"]["price"].update(example=3),
        lambda tree: schema(tree, "Item")["properties"].update(
            {key: schema(tree, "Item")["properties"].pop(key) for key in ("price", "id")}
        ),
        lambda tree: tree["paths"]["/orders"]["get"].update(tags=["orders"]),
        lambda tree: tree["paths"]["/orders"]["get"].update(operationId="everyOrder"),
        lambda tree: schema(tree, "Order")["properties"]["comment"].update(maxLength=10),
        lambda tree: tree["servers"][0].update(url="https://shop.test/"),
    ],
    ids=["info", "summary", "paths", "example", "keys", "tag", "operation-id", "limit", "slash"],
)
def test_what_callers_cannot_see_is_no_change_of_the_surface(edit: Edit, tmp_path: Path) -> None:
    assert not python_changes(tmp_path, edit)


def test_a_schema_for_requests_alone_may_take_more(tmp_path: Path) -> None:
    edit = property_of("Address", "zip", {"type": ["string", "integer"]})
    assert {severity for *_, severity in told(python_changes(tmp_path, edit))} == {"compatible"}


def test_a_schema_of_answers_alone_may_give_less(tmp_path: Path) -> None:
    edit = property_of("Item", "price", {"const": 3})
    found = told(python_changes(tmp_path, edit))
    assert found == {("field-type-narrowed", "models.Item.price", "typing", "compatible")}


def test_a_renamed_operation_is_one_change_and_not_two(tmp_path: Path) -> None:
    edit = TABLE["method renamed by hand"][0]
    found = python_changes(tmp_path, edit)
    assert {(change.before, change.after) for change in found} == {("orders.list", "orders.search")}
    assert {change.id for change in found} == {"python-operation-renamed"}


def test_a_renamed_path_is_not_guessed_to_be_the_same_operation(tmp_path: Path) -> None:
    def move(tree: dict[str, Any]) -> None:
        tree["paths"]["/purchases/{id}"] = tree["paths"].pop("/orders/{id}")

    found = told(python_changes(tmp_path, move))
    assert {(id, subject) for id, subject, _, _ in found} == {
        ("operation-removed", "client.orders.delete"),
        ("operation-added", "client.purchases.delete"),
    }


def test_a_class_in_place_of_an_equal_one_breaks_type_checkers_alone(tmp_path: Path) -> None:
    def rename(tree: dict[str, Any]) -> None:
        tree["components"]["schemas"]["Article"] = schema(tree, "Item")
        tree["components"]["schemas"].pop("Item")
        content = tree["paths"][ITEM]["get"]["responses"]["200"]["content"]["application/json"]
        content["schema"] = schema_ref("Article")

    found = told(python_changes(tmp_path, rename))
    returns = {axis for id, _, axis, _ in found if id == "return-type-changed"}
    assert returns == {"typing"}
    assert ("model-removed", "models.Item", "runtime", "breaking") in found


def test_places_are_the_nodes_behind_the_names(tmp_path: Path) -> None:
    edit = both(
        property_of("Item", "note", None),
        property_of("Order", "gift", None),
        lambda tree: parameters(tree).append({"name": "shop", "in": "query", "schema": STRING}),
    )
    places = {
        change.subject: (
            change.old.pointer if change.old else None,
            change.new.pointer if change.new else None,
        )
        for change in python_changes(tmp_path, edit)
    }
    prefix = "/components/schemas"
    assert places["models.Item.note"] == (f"{prefix}/Item/properties/note", None)
    assert places["client.orders.create(gift)"] == (f"{prefix}/Order/properties/gift", None)
    pointer = "/paths/~1carts~1{cart}~1items~1{item}/get/parameters/3"
    assert places["client.carts.items.get(shop)"] == (None, pointer)
    found, _ = compared(tmp_path, edit)
    lines = (tmp_path / "old.json").read_text(encoding="utf-8").splitlines()
    for change in found.changes:
        if change.subject == "models.Item.note" and change.old is not None:
            assert '"note"' in lines[change.old.line - 1]


def test_members_that_share_members_are_not_counted_out(tmp_path: Path) -> None:
    levels = 25  # with three ways each: more than can be walked one by one

    def tower(*properties: str) -> Edit:
        def edit(tree: dict[str, Any]) -> None:
            found = tree["components"]["schemas"]
            for level in range(levels):
                found[f"Level{level}"] = {"allOf": [schema_ref(f"Level{level + 1}")] * 3}
            members = {name: STRING for name in properties}
            found[f"Level{levels}"] = {"type": "object", "properties": members}
            tree["paths"]["/tower"] = {"get": {"responses": answer(schema_ref("Level0"))}}

        return edit

    old = shop()
    tower("a", "b")(old)
    found, _ = compared(tmp_path, tower("a"), old)
    change = next(item for item in found.changes if item.subject == "models.Level0.b")
    assert change.id == "python-field-removed"
    assert change.old is not None
    assert change.old.pointer == f"/components/schemas/Level{levels}/properties/b"


def test_a_parameter_that_goes_has_the_place_where_the_operation_lists_it(tmp_path: Path) -> None:
    old = shop()
    old["components"]["parameters"] = {"Limit": parameters(old)[2]}
    parameters(old)[2] = {"$ref": "#/components/parameters/Limit"}
    found, _ = compared(tmp_path, lambda tree: parameters(tree).pop(), old)
    pointer = "/paths/~1carts~1{cart}~1items~1{item}/get/parameters/2"
    assert {
        change.old.pointer
        for change in found.changes
        if "parameter-removed" in change.id and change.old
    } == {pointer}
    (tmp_path / "more").mkdir()
    found, _ = compared(
        tmp_path / "more",
        lambda tree: tree["components"]["parameters"]["Limit"].update(required=True),
        old,
    )
    assert {
        change.new.pointer
        for change in found.changes
        if change.id == "python-parameter-became-required" and change.new
    } == {"/components/parameters/Limit"}


def test_a_change_is_told_once_for_the_synchronous_and_the_asynchronous_client(
    tmp_path: Path,
) -> None:
    found = python_changes(tmp_path, TABLE["keyword removed"][0])
    assert len(found) == 2
    assert {change.axis for change in found} == set(BOTH)
    first, second = found
    assert first.message == second.message == "`limit` was removed"


def test_overloads_are_compared_with_their_like(tmp_path: Path) -> None:
    """An answer that can also be a stream: the old calls still get what they got."""
    old = shop()
    post = old["paths"]["/orders"]["post"]

    def stream(tree: dict[str, Any]) -> None:
        schema(tree, "Order")["properties"]["stream"] = {"type": "boolean"}
        content = tree["paths"]["/orders"]["post"]["responses"]["200"]["content"]
        content["text/event-stream"] = {"schema": schema_ref("Receipt")}

    assert post
    found = told(python_changes(tmp_path, stream))
    assert {severity for *_, severity in found} == {"compatible"}, found
