"""Models as the generator writes them: every kind of field, union and alias."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import TYPE_CHECKING, Any, Literal

from sdkpress.runtime.fold import Fold
from sdkpress.runtime.model import ABSENT, Maybe, Model
from sdkpress.runtime.unions import alias, union

if TYPE_CHECKING:
    from typing import TypeAlias

    FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"] | str
    Pet: TypeAlias = "Cat | Dog"
    Part: TypeAlias = "TextPart | ImagePart"
    Shape: TypeAlias = "Circle | Square | dict[str, Any]"
    Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
    When: TypeAlias = "datetime.datetime | str"
else:
    FinishReason = str
    Pet = union("Pet", lambda: (Cat, Dog), tag="petType", mapping={"cat": 0, "kitten": 0, "dog": 1})
    Part = union("Part", lambda: (TextPart, ImagePart))
    Shape = union("Shape", lambda: (Circle, Square, dict[str, Any]))
    Value = alias("Value", lambda: str | int | float | bool | None | list[Value] | dict[str, Value])
    When = union("When", lambda: (datetime.datetime, str))


class Function(Model):
    name: Maybe[str] = ABSENT
    arguments: str


class ToolCall(Model):
    id: Maybe[str] = ABSENT
    type: Any = ABSENT
    function: Function


class Delta(Model):
    content: Maybe[str] = ABSENT
    reasoning: Maybe[str] = ABSENT
    role: Maybe[str] = ABSENT
    tool_calls: list[ToolCall] | None = ABSENT


class ChunkChoice(Model):
    index: int
    delta: Delta
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


class Details(Model):
    cached_tokens: int


class Usage(Model):
    prompt_tokens: int
    total_tokens: int
    details: Details


class Chunk(Model):
    """One event of a streamed completion."""

    id: str
    """Unique identifier"""
    choices: list[ChunkChoice]
    object: Literal["chat.completion.chunk"]
    created: int
    usage: Usage | None = ABSENT
    system_fingerprint: Maybe[str] = ABSENT


class Message(Model):
    role: str
    content: str | None
    reasoning: Maybe[str] = ABSENT
    refusal: Maybe[str] = ABSENT
    tool_calls: list[ToolCall] | None = ABSENT


class Choice(Model):
    index: int
    message: Message
    finish_reason: FinishReason | None = ABSENT
    logprobs: Any = ABSENT


class Completion(Model):
    id: str
    choices: list[Choice]
    object: Literal["chat.completion"]
    created: int
    usage: Usage | None = ABSENT
    system_fingerprint: Maybe[str] = ABSENT


FOLD = Fold(
    rename={"delta": "message"},
    keys={"choices": "index", "tool_calls": "index"},
    replace=("id", "object", "created", "model", "role", "type", "name"),
)


class Cat(Model, rename={"pet_type": "petType"}):
    pet_type: str
    name: str
    lives: Maybe[int] = ABSENT


class Dog(Model, rename={"pet_type": "petType"}):
    pet_type: str
    name: str
    friend: Pet | None = ABSENT


class TextPart(Model):
    type: Literal["text"]
    text: str


class ImagePart(Model):
    type: Literal["image"]
    url: str


class Circle(Model):
    radius: float


class Square(Model):
    side: float
    label: Maybe[str] = ABSENT


class Owner(Model):
    pets: list[Pet]
    by_name: Maybe[dict[str, Pet]] = ABSENT
    favourite: Pet | None = ABSENT


class Tree(Model):
    value: Value = ABSENT
    children: Maybe[list[Tree]] = ABSENT


class Everything(Model, rename={"class_": "class", "hostile": 'say "hi"\n\\', "from_": "from"}):
    """One field of every kind."""

    hostile: Maybe[str] = ABSENT
    class_: Maybe[str] = ABSENT
    from_: str | None = ABSENT
    flag: Maybe[bool] = ABSENT
    count: Maybe[int] = ABSENT
    ratio: Maybe[float] = ABSENT
    at: Maybe[datetime.datetime] = ABSENT
    on: Maybe[datetime.date] = ABSENT
    time: Maybe[datetime.time] = ABSENT
    lasts: Maybe[datetime.timedelta] = ABSENT
    key: Maybe[uuid.UUID] = ABSENT
    price: Maybe[decimal.Decimal] = ABSENT
    raw: Maybe[bytes] = ABSENT
    anything: Any = ABSENT
    pair: Maybe[tuple[int, str]] = ABSENT
    scores: Maybe[dict[str, float]] = ABSENT
    content: str | list[TextPart] | None = ABSENT
    choice: Literal["a", "b"] | Function | None = ABSENT
    parts: Maybe[list[Part]] = ABSENT
    shape: Maybe[Shape] = ABSENT
    when: Maybe[When] = ABSENT
    level: Maybe[Literal[1, 2]] = ABSENT
    nested: Maybe[Everything] = ABSENT
