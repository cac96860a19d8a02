"""Models and pydantic: models as fields of pydantic models, and pydantic models in requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_serializer
from pydantic.alias_generators import to_camel

from sdkpress.runtime.encoding import encode_json
from tests.conftest import REPOSITORY
from tests.unit.sample_models import Cat, Everything, Function, Owner, Pet, ToolCall, Tree


class Row(BaseModel):
    call: ToolCall
    trees: list[Tree] = []
    pet: Pet | None = None


CALL = {"id": "t", "function": {"name": "f", "arguments": "{}"}, "unknown": {"a": [1]}}


def test_a_field_takes_instances_and_mappings() -> None:
    call = ToolCall(function=Function(arguments=""))
    assert Row(call=call).call is call
    row = Row.model_validate({"call": CALL, "pet": {"petType": "cat", "name": "Tom"}})
    assert isinstance(row.call, ToolCall) and row.call.function.name == "f"
    assert row.call.extra == {"unknown": {"a": [1]}}
    assert isinstance(row.pet, Cat)


def test_a_row_survives_json_and_python() -> None:
    row = Row.model_validate({"call": CALL, "trees": [{"value": 1, "children": [{"value": "x"}]}]})
    assert Row.model_validate_json(row.model_dump_json()) == row
    assert Row.model_validate(row.model_dump()) == row
    assert json.loads(row.model_dump_json())["call"] == CALL
    copied = row.model_copy(deep=True)
    assert copied == row and copied.call is not row.call


@pytest.mark.parametrize(
    "call, message",
    [
        ({"id": "t"}, "ToolCall: function: missing"),
        ({"function": {"arguments": 5}}, "ToolCall: function.arguments: expected a string"),
        (5, "ToolCall: expected an object, got an integer"),
        (None, "expected an object"),
    ],
)
def test_what_does_not_match_the_document_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Row(call=call)
    (error,) = caught.value.errors()
    assert error["loc"] == ("call",) and message in error["msg"]


def test_the_json_schema_describes_every_field() -> None:
    schema = Row.model_json_schema()
    Draft202012Validator.check_schema(schema)
    definitions = schema["$defs"]
    assert definitions["ToolCall"]["required"] == ["function"]
    assert definitions["ToolCall"]["properties"]["function"] == {"$ref": "#/$defs/Function"}
    assert definitions["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert {"$ref": "#/$defs/Cat"} in definitions["Pet"]["anyOf"]
    check = Draft202012Validator(schema)
    assert check.is_valid({"call": CALL}) and not check.is_valid({"call": {"function": {}}})
    written = Row.model_json_schema(mode="serialization")
    assert written["$defs"]["ToolCall"] == definitions["ToolCall"]
    for other in (Everything, Owner):
        Draft202012Validator.check_schema(TypeAdapter(other).json_schema())
    names = TypeAdapter(Everything).json_schema()["$defs"]["Everything"]["properties"]
    assert {"class", "from"} < names.keys() and names["raw"]["format"] == "byte"


def test_schemas_are_made_by_several_threads() -> None:
    made: list[Any] = []

    def make() -> None:
        made.append(TypeAdapter(Tree).validate_python({"value": 1, "children": [{"value": 2}]}))

    threads = [Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and all(isinstance(tree, Tree) for tree in made)


class Part(BaseModel):
    type: str = "text"
    text: str


class Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    role: str = "user"
    content: list[Part] | str
    name: str | None = None
    tool_call_id: str | None = Field(default=None)
    sent_at: datetime | None = None

    @field_serializer("sent_at")
    def _epoch(self, value: datetime | None) -> int | None:
        return None if value is None else int(value.timestamp())


def test_pydantic_models_are_sent_with_what_was_set_and_with_defaults_that_say_something() -> None:
    when = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    messages = [
        Message(content=[Part(text="a")]),
        Message(content="b", name=None, tool_call_id="t", sent_at=when),
    ]
    body = {"messages": messages, "extra": {"deep": messages[:1]}}
    first = {"role": "user", "content": [{"type": "text", "text": "a"}]}
    assert json.loads(encode_json(body)) == {
        "messages": [
            first,
            {
                "role": "user",
                "content": "b",
                "name": None,
                "toolCallId": "t",
                "sentAt": 1767225600,
            },
        ],
        "extra": {"deep": [first]},
    }


def test_a_pydantic_model_may_hold_models_of_ours() -> None:
    class Turn(BaseModel):
        calls: list[ToolCall]

    turn = Turn(calls=[ToolCall.from_dict(CALL)])
    assert json.loads(encode_json([turn])) == [{"calls": [CALL]}]


def test_another_library_with_model_dump_is_taken() -> None:
    class Plain:
        def model_dump(self) -> dict[str, Any]:
            return {"a": 1}

    assert encode_json({"x": Plain()}) == b'{"x":{"a":1}}'


def test_pydantic_is_not_imported_by_us() -> None:
    code = (
        "import sys\n"
        "from tests.unit.sample_models import ToolCall\n"
        "from sdkpress.runtime.encoding import encode_json\n"
        "encode_json([ToolCall.from_dict({'function': {'arguments': ''}})])\n"
        "print([name for name in sys.modules if name.startswith('pydantic')])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "generator")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.stdout == "[]\n", result.stderr
