"""The shapes of the chat completions protocol, which many servers speak: requests and chunks.

Nothing looks at who wrote a document: a list of messages with roles goes out, a list of choices with
an index and a message, or a delta, comes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sdkpress.content import ContentKind, classify
from sdkpress.doctor.parts import Content, Operation, child, sequence, text
from sdkpress.doctor.survey import Survey
from sdkpress.naming.words import split_words

__all__ = ["Chunk", "chunk_of", "is_chat", "json_answers", "stream_switch"]

_CHUNK_WORDS = frozenset("chunk chunks stream streams streamed streaming delta partial".split())
_CHUNK_TAG = re.compile(r"[\w.-]+\.chunk\b")
SWITCHES = ("stream", "streaming", "is_stream", "stream_response")


@dataclass(frozen=True, slots=True)
class Chunk:
    """An answer that is a piece of a stream: where its schema is, and why it is one.

    `choices` is the name of its list, `item` the pointer of that list's items, `delta` the property
    of an item that carries a piece. All are "" where only words say that it is a piece. `tag` is the
    name of its kind, `chat.completion.chunk`, if the document says one.
    """

    pointer: str
    reasons: tuple[str, ...]
    choices: str = ""
    item: str = ""
    delta: str = ""
    tag: str = ""


def is_chat(survey: Survey, operation: Operation) -> bool:
    """Whether a list of messages with roles goes out and a list of choices comes back."""
    return _sends_messages(survey, operation) and any(
        "choices" in survey.properties(content.node.get("schema"), child(content.pointer, "schema"))
        for content in json_answers(operation)
    )


def json_answers(operation: Operation) -> list[Content]:
    """The successful answers that are JSON."""
    return [
        content
        for response in operation.responses
        if response.is_success
        for content in response.contents
        if classify(content.media_type) is ContentKind.JSON
    ]


def stream_switch(survey: Survey, operation: Operation) -> str:
    """The pointer of the boolean body property that asks for a stream, or ""."""
    for content in operation.contents:
        members = survey.properties(content.node.get("schema"), child(content.pointer, "schema"))
        for name in SWITCHES:
            if name in members:
                schema, _ = survey.schema(*members[name])
                if schema.get("type") == "boolean" or schema.get("type") == ["boolean", "null"]:
                    return members[name][1]
    return ""


def _sends_messages(survey: Survey, operation: Operation) -> bool:
    for content in operation.contents:
        members = survey.properties(content.node.get("schema"), child(content.pointer, "schema"))
        if "messages" in members:
            listed, place = survey.schema(*members["messages"])
            items = survey.properties(listed.get("items"), child(place, "items"))
            if "role" in items or _options_have(survey, listed.get("items"), place, "role"):
                return True
    return False


def _options_have(survey: Survey, node: object, pointer: str, name: str) -> bool:
    schema, place = survey.resolve(node, child(pointer, "items"))
    return any(
        name in survey.properties(option, child(place, keyword, index))
        for keyword in ("oneOf", "anyOf")
        for index, option in enumerate(sequence(schema.get(keyword)))
    )


def chunk_of(survey: Survey, node: object, pointer: str) -> Chunk | None:
    """What says that a schema is that of a piece; None unless two things do, or its shape alone."""
    schema, place = survey.schema(node, pointer)
    members = survey.properties(schema, place)
    reasons: list[str] = []
    name = place.rpartition("/")[2] if place.startswith("/components/schemas/") else ""
    title = text(schema.get("title"))
    for what, words in (("name", name), ("title", title)):
        if not reasons and _CHUNK_WORDS & {word.lower() for word in split_words(words)}:
            reasons.append(f"its {what} is `{words[:60]}`")
    tag = _tag(survey, members)
    if tag:
        reasons.append(f"its kind is `{tag[:60]}`")
    choices = item = delta = ""
    for listed_name, (value, at) in members.items():
        listed, listed_at = survey.schema(value, at)
        if "items" not in listed:
            continue
        inner = survey.properties(listed["items"], child(listed_at, "items"))
        if "delta" in inner and "message" not in inner:
            _, item = survey.schema(listed["items"], child(listed_at, "items"))
            choices, delta = listed_name, "delta"
            reasons.append(f"its `{listed_name[:60]}` have a `delta`")
            break
    if "delta" in members and not delta:
        reasons.append("it has a `delta`")
    if delta or len(reasons) > 1:
        return Chunk(place, tuple(reasons), choices, item, delta, tag)
    return None


def _tag(survey: Survey, members: dict[str, tuple[Any, str]]) -> str:
    for name in ("object", "type"):
        schema = survey.schema(*members[name])[0] if name in members else {}
        values = [*sequence(schema.get("enum")), schema.get("const"), schema.get("example")]
        values += [schema.get("default"), *sequence(schema.get("examples"))]
        for value in values:
            if isinstance(value, str) and _CHUNK_TAG.fullmatch(value):
                return value
        found = _CHUNK_TAG.search(text(schema.get("description")))
        if found:
            return found[0]
    return ""
