"""Documents as people write them: versions, missing parts, references in unusual places."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.diagnostics import Diagnostics, SdkpressError
from sdkpress.loading import load_api
from sdkpress.model import Api, ArraySchema, EnumSchema, ObjectSchema

INFO = "info: {title: Things, version: '1'}\n"


def lowered(
    folder: Path, text: str, *, overlays: tuple[str, ...] = (), **files: str
) -> tuple[Api, list[str]]:
    """The IR of a document, and the ids of what is said about it."""
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        target = folder / (name.replace("__", "/") + ".yaml")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    diagnostics = Diagnostics()
    paths = [folder / f"{name}.yaml" for name in overlays]
    _, api = load_api(folder / "spec.yaml", paths, diagnostics)
    return api, [item.id for item in diagnostics.items]


@pytest.mark.parametrize(
    "version", ["3.0", "3.1", "3.2", "'3.1'", "3.0.4", "3.1.1", "3.2.0", "'3.1.0-rc1'"]
)
def test_versions(tmp_path: Path, version: str) -> None:
    text = f"openapi: {version}\n{INFO}paths: {{/a: {{get: {{responses: {{200: {{}}}}}}}}}}"
    api, said = lowered(tmp_path, text)
    assert [item.path for item in api.operations] == ["/a"]
    assert [item.status for item in api.operations[0].responses] == ["200"]
    assert said == []


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("swagger: '2.0'", "swagger-2"),
        ("swagger: 2.0", "swagger-2"),
        ("openapi: 3.3.0", "unsupported-openapi-version"),
        ("openapi: 3", "unsupported-openapi-version"),
        ("openapi: 4.0.0", "unsupported-openapi-version"),
    ],
)
def test_other_versions_are_refused(tmp_path: Path, text: str, id: str) -> None:
    with pytest.raises(SdkpressError) as raised:
        lowered(tmp_path, f"{text}\n{INFO}paths: {{}}")
    found = raised.value.diagnostics[0]
    assert found.id == id
    assert found.location is not None and found.location.line == 1


def test_swagger_2_is_told_how_to_convert(tmp_path: Path) -> None:
    with pytest.raises(SdkpressError) as raised:
        lowered(tmp_path, f"swagger: '2.0'\n{INFO}paths: {{}}")
    assert "swagger2openapi" in raised.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("text", "operations", "said"),
    [
        ("", 0, []),
        ("paths: {}", 0, []),
        ("paths: {/a: {get: {}}}", 1, []),
        ("paths: {/a: {get: {responses: {}}}}", 1, []),
        ("paths: {/a: {get: true, post: []}}", 2, ["invalid-node", "invalid-node"]),
        ("paths: {/a: {get: {responses: []}}}", 1, ["invalid-node"]),
        ("paths: {/a: {get: {parameters: , responses: {200: }}}, /b: }", 1, []),
        ("components: {schemas: {A: }}", 0, ["invalid-schema"]),
    ],
)
def test_missing_parts(tmp_path: Path, text: str, operations: int, said: list[str]) -> None:
    api, found = lowered(tmp_path, f"openapi: 3.1.0\n{INFO}{text}")
    assert (len(api.operations), found) == (operations, said)


def test_a_document_without_info(tmp_path: Path) -> None:
    api, said = lowered(tmp_path, "openapi: 3.1.0\npaths: {/a: {get: {}}}")
    assert (len(api.operations), said) == (1, ["invalid-node"])


def test_a_path_item_has_operations_beside_its_reference(tmp_path: Path) -> None:
    api, said = lowered(
        tmp_path,
        f"""openapi: 3.1.0
{INFO}paths:
  /a: {{$ref: '#/components/pathItems/A', post: {{operationId: own}}}}
  /b: {{$ref: '#/components/pathItems/Gone', get: {{operationId: kept}}}}
  /c: {{get: {{$ref: '#/paths/~1a/post'}}}}
components: {{pathItems: {{A: {{get: {{operationId: shared}}}}}}}}
""",
    )
    found = [(item.method, item.path, item.operation_id) for item in api.operations]
    assert found == [
        ("GET", "/a", "shared"),
        ("POST", "/a", "own"),
        ("GET", "/b", "kept"),
        ("GET", "/c", "own"),
    ]
    assert said == ["dangling-ref"]


def test_references_in_place_of_maps_that_lead_nowhere_or_round(tmp_path: Path) -> None:
    api, said = lowered(
        tmp_path,
        f"""openapi: 3.1.0
{INFO}paths: {{/a: {{get: {{responses: {{$ref: '#/x-gone'}}}}, post: {{$ref: '#/paths/~1a/post'}}}}}}
components:
  schemas:
    A: {{type: object, properties: {{$ref: '#/components/schemas/B/properties'}}}}
    B: {{type: object, properties: {{$ref: '#/components/schemas/A/properties'}}}}
""",
    )
    assert len(api.operations) == 2
    assert set(said) == {"dangling-ref"}


OVERLAY = """overlay: 1.0.0
info: {title: More, version: '1'}
actions:
- target: $.components.schemas.A
  update: {properties: {more: {$ref: 'parts/more.yaml#/More'}}}
"""


def test_an_overlay_refers_to_files_beside_the_document(tmp_path: Path) -> None:
    text = f"openapi: 3.1.0\n{INFO}components: {{schemas: {{A: {{type: object}}}}}}"
    parts = "More: {type: object, properties: {again: {$ref: '#/More'}, a: {$ref: '../spec.yaml'}}}"
    api, said = lowered(tmp_path, text, overlays=("overlay",), overlay=OVERLAY, parts__more=parts)
    assert said == []
    assert "More" in api.component_names.values()
    (tmp_path / "parts" / "more.yaml").unlink()
    diagnostics = Diagnostics()
    load_api(tmp_path / "spec.yaml", [tmp_path / "overlay.yaml"], diagnostics)
    assert "ref-file-missing" in [item.id for item in diagnostics.items]


def test_siblings_of_a_reference_count_from_3_1_on(tmp_path: Path) -> None:
    text = """components:
  schemas:
    A: {type: object, properties: {a: {type: string}}}
    B: {type: object, properties: {b: {$ref: '#/components/schemas/A', properties: {c: {}}}}}
"""
    new, said = lowered(tmp_path, f"openapi: 3.1.0\n{INFO}{text}")
    assert (len(new.schemas), said) == (5, [])
    old, said = lowered(tmp_path, f"openapi: 3.0.3\n{INFO}{text}")
    assert (len(old.schemas), said) == (3, ["ignored-siblings"])


def test_an_answer_that_cannot_have_content_has_none(tmp_path: Path) -> None:
    text = """paths:
  /a:
    delete:
      responses:
        '200': {content: {application/json: {schema: {type: string}}}}
        '204': {content: {application/json: {schema: {type: string}}}}
"""
    api, said = lowered(tmp_path, f"openapi: 3.1.0\n{INFO}{text}")
    answers = {one.status: len(one.contents) for one in api.operations[0].responses}
    assert (answers, said) == ({"200": 1, "204": 0}, ["impossible-content"])


def test_null_beside_alternatives_is_one_of_them(tmp_path: Path) -> None:
    text = """paths: {}
components:
  schemas:
    A: {type: object, properties: {b: {type: 'null', oneOf: [{type: string}, {type: number}]}}}
"""
    api, _ = lowered(tmp_path, f"openapi: 3.1.0\n{INFO}{text}")
    (model,) = (one for one in api.schemas.values() if isinstance(one, ObjectSchema))
    assert model.properties[0].type.nullable


@pytest.mark.parametrize("items", ["{}", "{type: string}"])
def test_the_enum_of_an_array_is_of_its_items(tmp_path: Path, items: str) -> None:
    text = f"""paths: {{}}
components:
  schemas:
    A: {{type: array, enum: [a, b], items: {items}}}
"""
    api, _ = lowered(tmp_path, f"openapi: 3.1.0\n{INFO}{text}")
    (array,) = (one for one in api.schemas.values() if isinstance(one, ArraySchema))
    choices = api.schemas[array.items.schema]
    assert isinstance(choices, EnumSchema)
    assert choices.values == ("a", "b")
