"""What `--write` makes: an overlay that applies, mends, is stable, and changes no name."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkpress.bundling import load_document
from sdkpress.diagnostics import Diagnostics
from sdkpress.doctor.catalog import RULES
from sdkpress.doctor.diagnosing import Diagnosis, Proposal, diagnose, propose
from sdkpress.doctor.overlay_writing import json_path
from sdkpress.lowering import lower
from sdkpress.naming import Names, PinnedNames, decide_names
from sdkpress.overlays import apply_overlays, dump, select
from sdkpress.validation import validate
from tests.conftest import REPOSITORY, SMALL_DOCUMENT, plain_environment
from tests.doctor.documents import document_of, examples, write

CASES = sorted((REPOSITORY / "tests" / "cases").glob("*/spec.*"))
MENDABLE = sorted(id for id, rule in RULES.items() if rule.mend)


def proposed(spec: Path, *overlays: Path) -> tuple[Diagnosis, Proposal | None]:
    diagnosis = diagnose(spec, overlays)
    return diagnosis, propose(diagnosis, extends=spec.name)


def mended(spec: Path, text: str) -> Diagnosis:
    """The diagnosis after the overlay, which is applied strictly, without an action in vain."""
    overlay = spec.parent / f"{spec.stem}.overlay.yaml"
    overlay.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    apply_overlays(load_document(spec, diagnostics), [overlay], diagnostics)
    assert not [item.message for item in diagnostics.items if item.id == "overlay-no-effect"]
    return diagnose(spec, [overlay])


def mend_document(id: str) -> dict[str, Any]:
    """The example of a rule, with what some rules need in order to know what to write."""
    tree = document_of(examples()[id]["finds"])
    if id in ("undocumented-errors", "error-without-schema"):
        reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
        answer = {"description": "Wrong", "content": {"application/json": reference}}
        other = {
            "operationId": "other",
            "responses": {"204": {"description": "Done"}, "default": answer},
        }
        tree["paths"]["/others"] = {"get": other}
        problem = {"type": "object", "properties": {"message": {"type": "string"}}}
        tree.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problem
    if id == "title-clash":
        schemas = tree["components"]["schemas"]
        schemas["Thing"]["properties"]["b"] = {"$ref": "#/components/schemas/Size"}
        schemas["Size"] = {
            "title": "Size",
            "type": "object",
            "properties": {"m": {"type": "string"}},
        }
    return tree


@pytest.mark.parametrize("id", MENDABLE)
def test_what_a_rule_promises_to_mend_is_mended(id: str, tmp_path: Path) -> None:
    spec = write(tmp_path, mend_document(id))
    before, proposal = proposed(spec)
    assert proposal is not None
    assert id in {finding.rule for finding in proposal.mended}
    after = mended(spec, proposal.text)
    assert count(after, id) < count(before, id)


def count(diagnosis: Diagnosis, id: str) -> int:
    return sum(finding.id == id for finding in diagnosis.placed)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_round_trip_of_a_case(case: Path, tmp_path: Path) -> None:
    before, proposal = proposed(case)
    if proposal is None:
        assert not any(finding.mend for finding in before.placed)
        return
    overlay = tmp_path / "mends.yaml"
    overlay.write_text(proposal.text, encoding="utf-8")
    after = diagnose(case, [overlay])
    assert len(after.placed) < len(before.placed)
    assert not [item for item in after.placed if item.severity.value == "error"] or count_errors(
        after
    ) <= count_errors(before)


def count_errors(diagnosis: Diagnosis) -> int:
    return sum(finding.severity.value == "error" for finding in diagnosis.placed)


def test_moving_inline_schemas_keeps_every_name(tmp_path: Path) -> None:
    tree = yaml.safe_load(SMALL_DOCUMENT)
    pet = tree["components"]["schemas"]["Pet"]
    pet["properties"]["status"] = {"type": "string", "enum": ["sold", "free"]}
    pet["properties"]["homes"] = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "role": {"type": "string", "enum": ["a", "b"]},
            },
        },
    }
    spec = write(tmp_path, tree)
    _, proposal = proposed(spec)
    assert proposal is not None
    overlay = tmp_path / "mends.yaml"
    overlay.write_text(proposal.text, encoding="utf-8")
    before, after = names_of(spec), names_of(spec, overlay)
    assert set(before.schemas.values()) == set(after.schemas.values())
    assert before.operations == after.operations
    assert {"PetStatus", "PetHome", "PetHomeRole"} <= set(after.schemas.values())
    applied = load_document(spec, Diagnostics())
    components = apply_overlays(applied, [overlay], Diagnostics()).tree["components"]["schemas"]
    assert components["PetHome"]["properties"]["role"] == {
        "$ref": "#/components/schemas/PetHomeRole"
    }
    assert components["PetHomeRole"] == {"type": "string", "enum": ["a", "b"]}


def names_of(spec: Path, *overlays: Path) -> Names:
    diagnostics = Diagnostics()
    document = apply_overlays(load_document(spec, diagnostics), overlays, diagnostics)
    document = validate(document, diagnostics)
    api = lower(document, diagnostics)
    return decide_names(api, PinnedNames(), {}, diagnostics, document)


def test_opaque_operation_ids_are_replaced_by_the_names_that_calls_have(tmp_path: Path) -> None:
    tree = yaml.safe_load(SMALL_DOCUMENT)
    tree["paths"]["/pets"]["get"]["operationId"] = "a8f3e0c12b9d4f67"
    del tree["paths"]["/pets"]["post"]["operationId"]
    spec = write(tmp_path, tree)
    _, proposal = proposed(spec)
    assert proposal is not None
    overlay = tmp_path / "mends.yaml"
    overlay.write_text(proposal.text, encoding="utf-8")
    assert names_of(spec).operations == names_of(spec, overlay).operations
    document = apply_overlays(load_document(spec, Diagnostics()), [overlay], Diagnostics())
    pets = document.tree["paths"]["/pets"]
    assert (pets["get"]["operationId"], pets["post"]["operationId"]) == ("petsList", "petsCreate")


def test_a_document_that_grew_keeps_its_actions(tmp_path: Path) -> None:
    tree = document_of(examples()["chunk-as-answer"]["finds"])
    tree["components"]["schemas"]["Thing"]["properties"]["made"] = {
        "type": "string",
        "example": "2026-01-31T10:00:00Z",
    }
    _, first = proposed(write(tmp_path, tree))
    grown = copy.deepcopy(tree)
    grown["components"]["schemas"]["More"] = {
        "type": "object",
        "properties": {"until": {"type": "string", "example": "2026-01-31"}},
    }
    grown["components"]["schemas"]["Thing"]["properties"]["more"] = {
        "$ref": "#/components/schemas/More"
    }
    _, second = proposed(write(tmp_path, grown))
    assert first is not None and second is not None
    old, new = (yaml.safe_load(item.text)["actions"] for item in (first, second))
    assert [action for action in new if action in old] == old
    assert len(new) == len(old) + 1


def test_an_overlay_that_is_applied_leaves_nothing_to_write(tmp_path: Path) -> None:
    spec = write(tmp_path, mend_document("undocumented-errors"))
    _, proposal = proposed(spec)
    assert proposal is not None
    overlay = tmp_path / "first.yaml"
    overlay.write_text(proposal.text, encoding="utf-8")
    assert proposed(spec, overlay)[1] is None


def test_every_action_says_what_it_is(tmp_path: Path) -> None:
    spec = write(tmp_path, mend_document("chunk-as-answer"))
    _, proposal = proposed(spec)
    assert proposal is not None
    for action in yaml.safe_load(proposal.text)["actions"]:
        word, _, rest = action["description"].partition(" (")
        assert word in ("CERTAIN", "ASSUMPTION")
        assert rest.partition(")")[0] in RULES
    for line in proposal.text.splitlines():
        if line.startswith("  # "):
            assert line[4:].partition(":")[0] in RULES


def test_mends_that_get_in_each_others_way_are_left_out(tmp_path: Path) -> None:
    """A secret inside of an example that is removed for saying nothing."""
    tree = document_of(
        {
            "schema": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "token": {"type": "string"}},
                "example": {"name": "example_value", "token": "q7Rk2mWc9VtBz4LpXn8sYh3D"},
            }
        }
    )
    spec = write(tmp_path, tree)
    before, proposal = proposed(spec)
    assert proposal is not None
    assert {"placeholder-example", "secret-in-example"} <= {item.id for item in before.placed}
    after = mended(spec, proposal.text)
    assert count(after, "secret-in-example") == count(after, "placeholder-example") == 0


def test_overlay_1_0_is_enough_where_nothing_is_copied(tmp_path: Path) -> None:
    _, plain = proposed(write(tmp_path, mend_document("missing-format")))
    _, copied = proposed(write(tmp_path, mend_document("inline-schema")))
    assert plain is not None and yaml.safe_load(plain.text)["overlay"] == "1.0.0"
    assert copied is not None and yaml.safe_load(copied.text)["overlay"] == "1.1.0"


HOSTILE = "a'b\"c]\\ [?@] \u2028 $..* \n- target: $ # x"


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    tree = document_of(
        {
            "schema": {
                "title": "Other\nactions: []",
                "type": "object",
                "properties": {
                    HOSTILE: {"type": "string", "example": "2026-01-31T10:00:00Z"},
                    "*": {"type": "string", "example": "2026-01-31"},
                },
            }
        }
    )
    tree["paths"][f"/{HOSTILE}"] = {"get": {"responses": {"204": {"description": "x"}}}}
    spec = write(tmp_path, tree)
    _, proposal = proposed(spec)
    assert proposal is not None
    written = yaml.safe_load(proposal.text)
    assert written.keys() == {"overlay", "info", "extends", "actions"}
    mended(spec, proposal.text)
    applied = apply_overlays(
        load_document(spec, Diagnostics()), [tmp_path / "spec.overlay.yaml"], Diagnostics()
    )
    properties = applied.tree["components"]["schemas"]["Thing"]["properties"]
    assert [item.get("format") for item in properties.values()] == ["date-time", "date"]


@pytest.mark.parametrize(
    "tokens",
    [
        ("plain",),
        ("with space",),
        ("a'b",),
        ('"',),
        ("\\",),
        ("é",),
        ("\n",),
        ("",),
        ("$",),
        ("0",),
    ],
)
def test_json_path_leads_to_its_node(tokens: tuple[str, ...]) -> None:
    tree = {tokens[0]: {"x": 1}, "other": 2}
    pointer = "/" + tokens[0].replace("~", "~0").replace("/", "~1")
    assert list(select(json_path(pointer, tree), tree).values()) == [{"x": 1}]


def test_parameters_are_named_not_counted(tmp_path: Path) -> None:
    tree = {"parameters": [{"name": "a", "in": "query"}, {"name": "b", "in": "query"}]}
    path = json_path("/parameters/1", tree)
    assert list(select(path, tree).values()) == [{"name": "b", "in": "query"}]
    shifted = {"parameters": [{"name": "new", "in": "query"}, *tree["parameters"]]}
    assert list(select(path, shifted).values()) == [{"name": "b", "in": "query"}]


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, mend_document("chunk-as-answer"))
    written: list[bytes] = []
    for seed in ("1", "2"):
        target = tmp_path / f"{seed}.yaml"
        command = [sys.executable, "-m", "sdkpress", "doctor", "spec.yaml", "--write", target.name]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=plain_environment(PYTHONHASHSEED=seed, TZ="Asia/Tokyo", LC_ALL="C"),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        written.append(target.read_bytes())
    assert written[0] == written[1]


def test_generate_takes_what_was_written(tmp_path: Path) -> None:
    spec = write(tmp_path, mend_document("chunk-as-answer"))
    _, proposal = proposed(spec)
    assert proposal is not None
    after = mended(spec, proposal.text)
    applied = yaml.safe_load(dump(after.document))
    content = applied["paths"]["/things"]["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    diagnostics = Diagnostics()
    api = lower(validate(after.document, diagnostics), diagnostics)
    stream = next(operation.stream for operation in api.operations)
    assert stream is not None and stream.terminator == "[DONE]"
    assert dict(stream.renames) == {"delta": "message"} and dict(stream.keys) == {
        "choices": "index"
    }
    assert stream.final is not None


def test_what_remains_is_what_is_found_after_it(tmp_path: Path) -> None:
    """What reading the document says (a key that is there twice) is not mended, and counts."""
    spec = tmp_path / "spec.yaml"
    text = yaml.safe_dump(mend_document("missing-operation-id"), sort_keys=False)
    spec.write_text(f"x-a: 1\nx-a: 2\n{text}", encoding="utf-8")
    diagnosis, proposal = proposed(spec)
    assert "duplicate-key" in {finding.id for finding in diagnosis.placed}
    assert proposal is not None
    after = mended(spec, proposal.text)
    assert proposal.remaining == len(after.placed)
    assert "duplicate-key" in {finding.id for finding in after.placed}
