"""From the schema of a piece to both: the piece, and the whole that the pieces add up to.

A document that describes a streamed answer by one schema, that of a chunk, leaves out the answer
that is not streamed. It has the same fields around its choices, and each choice has a `message` where
a piece of it has a `delta`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sdkpress.doctor.chat import Chunk, chunk_of, json_answers, stream_switch
from sdkpress.doctor.facts import Facts, types_of
from sdkpress.doctor.findings import Copy, Drop, Edit, Mend, Phase, Put, Remove, Update
from sdkpress.doctor.parts import Content, Operation, child, mapping, sequence
from sdkpress.model import SchemaId

__all__ = ["kept_inline", "split_stream"]

_SCHEMAS = "/components/schemas"
_ENDINGS = re.compile(r"(?:(?:Stream(?:ed|ing)?|Chunk|Delta|Response|Result|Event)s?)+$")
_DONE = "[DONE]"
_INDEX = "index"

_Step = tuple[bool, str, tuple[Edit, ...]]


class _Piece(NamedTuple):
    """A schema of the pieces: where it is, and the component it is, "" for an inline one."""

    node: dict[str, Any]
    pointer: str
    component: str


def split_stream(facts: Facts, operation: Operation, content: Content, chunk: Chunk) -> Mend | None:
    """Edits that describe the whole answer and the stream; None where the shape does not show how."""
    if not chunk.choices:
        return None
    return _Splitting(facts, operation, content, chunk).mend()


def kept_inline(facts: Facts) -> set[str]:
    """The inline schemas that splitting takes apart, which no other mend may move."""
    found: set[str] = set()
    for operation in facts.survey.operations:
        for content in json_answers(operation):
            place = child(content.pointer, "schema")
            chunk = chunk_of(facts.survey, content.node.get("schema"), place)
            if chunk is not None and chunk.choices:
                found |= {chunk.pointer, chunk.item}
                item, _ = facts.survey.resolve({"$ref": f"#{chunk.item}"}, "")
                delta = child(chunk.item, "properties", chunk.delta)
                found.add(facts.survey.schema(item, delta)[1])
                found.add(delta)
    return found


class _Splitting:
    def __init__(self, facts: Facts, operation: Operation, content: Content, chunk: Chunk) -> None:
        self._facts = facts
        self._survey = facts.survey
        self._operation = operation
        self._content = content
        self._chunk = chunk
        self._is_old = facts.survey.version == "3.0"
        components = mapping(facts.survey.tree.get("components"))
        self._taken = set(mapping(components.get("schemas")))
        self._taken |= set(facts.names.schemas.values())
        self._steps: list[_Step] = []
        self._keys: dict[str, str] = {}

    def mend(self) -> Mend | None:
        item = self._piece(self._chunk.item)
        members = mapping(item.node.get("properties"))
        if self._chunk.delta not in members or not item.node:
            return None
        own = self._component(self._chunk.pointer)
        name = own or self._facts.names.schemas.get(SchemaId(self._chunk.pointer), "")
        base = _ENDINGS.sub("", name) or name
        if not base:
            return None
        if not self._is_old and self._survey.version == "3.1":
            self._certain(
                "Streams are described by `itemSchema`, a keyword of OpenAPI 3.2.",
                Put("", "openapi", "3.2.0", True),
            )
        chunk = self._name(f"{base}Chunk")
        self._certain(
            "What the document declares for the answer is a piece of a stream: "
            + ", ".join(self._chunk.reasons)
            + ".",
            Copy(self._chunk.pointer, chunk),
        )
        whole = base if base not in self._taken else self._name(f"{base}Whole")
        self._taken.add(whole)
        answer = child(self._content.pointer, "schema")
        put: list[Edit] = [Put(self._content.pointer, "schema", _ref(whole), True)]
        if own and self._survey.references.get(self._chunk.pointer, 0) == 1:
            put.append(Remove(self._chunk.pointer))
        self._certain(
            "An answer that is not streamed has the same fields around its choices.",
            Copy(self._chunk.pointer, whole),
            *(edit for edit in put if answer),
        )
        self._tag(chunk, whole)
        self._choices(base, chunk, whole, item)
        self._stream(chunk, whole, item)
        return Mend(tuple(self._steps), Phase.COPIES)

    # --- names -----------------------------------------------------------------------------------

    def _name(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}{number}", number + 1
        self._taken.add(name)
        return name

    def _component(self, pointer: str) -> str:
        above, _, name = pointer.rpartition("/")
        return name if above == _SCHEMAS else ""

    def _piece(self, pointer: str) -> _Piece:
        node, place = self._survey.resolve({"$ref": f"#{pointer}"}, pointer)
        return _Piece(node, place, self._component(place))

    def _certain(self, why: str, *edits: Edit) -> None:
        self._steps.append((True, why, edits))

    def _assume(self, why: str, *edits: Edit) -> None:
        if edits:
            self._steps.append((False, why, edits))

    # --- the parts -------------------------------------------------------------------------------

    def _tag(self, chunk: str, whole: str) -> None:
        tag = self._chunk.tag
        if not tag.endswith(".chunk"):
            return
        members = self._survey.properties({"$ref": f"#{self._chunk.pointer}"}, "")
        name = next((name for name in ("object", "type") if name in members), "")
        node = mapping(members[name][0]) if name else {}
        if not name or members[name][1] != child(self._chunk.pointer, "properties", name):
            return
        if "$ref" in node or any(word in node for word in ("enum", "const")):
            return
        for component, value in ((chunk, tag), (whole, tag.removesuffix(".chunk"))):
            constant: dict[str, Any] = {"enum": [value]} if self._is_old else {"const": value}
            self._assume(
                f"By its description the kind of a piece is `{tag}`; that of the whole is named so.",
                Update(child(_SCHEMAS, component, "properties", name), constant),
            )

    def _choices(self, base: str, chunk: str, whole: str, item: _Piece) -> None:
        listed, delta = self._chunk.choices, self._chunk.delta
        message = self._name(f"{base}Message")
        inside = child(_SCHEMAS, chunk, "properties", listed, "items")
        piece = self._piece_of(item, delta)
        whole_item = child(_SCHEMAS, whole, "properties", listed, "items")
        chunk_item = inside
        if item.component:
            rest = item.component.removeprefix(base)
            wanted = f"{base}Chunk{rest}" if rest != item.component else f"{item.component}Chunk"
            name = self._name(wanted)
            self._certain(
                f"A choice with a `{delta}` is a choice of a piece.",
                Copy(item.pointer, name),
                Update(inside, _ref(name)),
            )
            chunk_item = child(_SCHEMAS, name)
            whole_item = item.pointer
            if self._survey.references.get(item.pointer, 0) > 1:
                own = self._name(f"{base}{rest}Whole")
                self._certain("The choice of a whole answer.", Copy(item.pointer, own))
                self._certain(
                    "The choice of a whole answer.",
                    Update(child(_SCHEMAS, whole, "properties", listed, "items"), _ref(own)),
                )
                whole_item = child(_SCHEMAS, own)
        if not piece.component:
            piece = piece._replace(pointer=child(chunk_item, "properties", delta))
        self._assume(
            "A message has the fields of the delta, for it is what the deltas add up to.",
            Copy(piece.pointer, message),
        )
        required = sequence(item.node.get("required"))
        dropped = [Drop(child(whole_item, "required"), (delta,))] if delta in required else []
        self._certain(
            f"A `{delta}` belongs to a stream.",
            Remove(child(whole_item, "properties", delta)),
            *dropped,
        )
        self._assume(
            "A choice of a whole answer has a `message` where a piece has a delta.",
            Update(
                whole_item,
                {"properties": {"message": _ref(message)}, "required": ["message"]},
            ),
        )
        if delta not in required:
            self._assume(
                f"Each choice of a piece has a `{delta}`.",
                Update(chunk_item, {"required": [delta]}),
            )
        self._message(piece, message)
        self._pieces(piece)
        if "index" in mapping(item.node.get("properties")):
            self._keys = {listed: _INDEX, **self._keys}

    def _piece_of(self, item: _Piece, delta: str) -> _Piece:
        value = mapping(item.node.get("properties")).get(delta)
        place = child(item.pointer, "properties", delta)
        node, pointer = self._survey.schema(value, place)
        return _Piece(node, pointer, self._component(pointer))

    def _message(self, piece: _Piece, message: str) -> None:
        members = mapping(piece.node.get("properties"))
        pointer = child(_SCHEMAS, message)
        if "role" in members and "role" not in sequence(piece.node.get("required")):
            self._assume(
                "A whole message always says who speaks.", Update(pointer, {"required": ["role"]})
            )
        if self._lists(piece.node, piece.pointer):
            edits = self._nulls(members, pointer, {"content"})
            self._assume("A message that consists of calls has no content.", *edits)

    def _pieces(self, piece: _Piece) -> None:
        members = mapping(piece.node.get("properties"))
        self._assume(
            "Servers send null for the parts of a delta that did not change.",
            *self._nulls(members, piece.pointer, set(members)),
        )
        for name, items in self._lists(piece.node, piece.pointer).items():
            self._keys[name] = _INDEX
            listed = child(piece.pointer, "properties", name, "items")
            part = self._part(items)
            if part:
                self._certain(
                    f"A piece of a message has pieces of its `{name}`: they have an `index`.",
                    *part,
                    Update(listed, _ref(part[0].component)),
                )
                self._loosen(items, part[0].component)

    def _part(self, items: _Piece) -> tuple[Copy] | None:
        if not items.component:
            return None
        stem = _ENDINGS.sub("", items.component) or items.component
        return (Copy(items.pointer, self._name(f"{stem}Delta")),)

    def _loosen(self, items: _Piece, component: str) -> None:
        pointer = child(_SCHEMAS, component)
        why = "A call arrives in pieces: only the first has all of it."
        members = mapping(items.node.get("properties"))
        edits: list[Edit] = []
        if sequence(items.node.get("required")):
            edits.append(Remove(child(pointer, "required")))
        edits += self._nulls(members, pointer, set(members))
        self._assume(why, *edits)
        for name, value in members.items():
            place = child(items.pointer, "properties", name)
            node, at = self._survey.resolve(value, place)
            inner = self._component(at)
            if not inner or "properties" not in node or mapping(value).keys() != {"$ref"}:
                continue
            stem = _ENDINGS.sub("", inner) or inner
            copy = self._name(f"{stem}Delta")
            within = mapping(node.get("properties"))
            loosened: list[Edit] = [
                Copy(at, copy),
                Update(child(pointer, "properties", name), _ref(copy)),
            ]
            if sequence(node.get("required")):
                loosened.append(Remove(child(_SCHEMAS, copy, "required")))
            loosened += self._nulls(within, child(_SCHEMAS, copy), set(within))
            self._assume(why, *loosened)

    def _lists(self, node: dict[str, Any], pointer: str) -> dict[str, _Piece]:
        """The arrays of a piece whose items have an index."""
        found: dict[str, _Piece] = {}
        for name, value in mapping(node.get("properties")).items():
            listed, place = self._survey.schema(value, child(pointer, "properties", name))
            items, at = self._survey.schema(listed.get("items"), child(place, "items"))
            if _INDEX in mapping(items.get("properties")):
                found[name] = _Piece(items, at, self._component(at))
        return found

    def _nulls(self, members: dict[str, Any], pointer: str, names: set[str]) -> list[Edit]:
        edits: list[Edit] = []
        for name in members:
            node = mapping(members[name])
            if name not in names or types_of(node) != ["string"] or "enum" in node:
                continue
            if "nullable" in node or "const" in node:
                continue
            place = child(pointer, "properties", name)
            if self._is_old:
                edits.append(Put(place, "nullable", True, False))
            else:
                edits.append(Put(place, "type", ["string", "null"], True))
        return edits

    def _stream(self, chunk: str, whole: str, item: _Piece) -> None:
        switch = stream_switch(self._survey, self._operation).rpartition("/")[2]
        facts: dict[str, Any] = {}
        if "finish_reason" in mapping(item.node.get("properties")):
            facts["finished-by"] = f"{self._chunk.choices}/*/finish_reason"
        if switch:
            facts["condition"] = switch
        facts["final"] = f"#{_SCHEMAS}/{whole}"
        facts["rename"] = {self._chunk.delta: "message"}
        facts["keys"] = self._keys
        stream: dict[str, Any] = {"schema": _ref(chunk)}
        if not self._is_old:
            data = {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": _ref(chunk),
            }
            stream = {"itemSchema": {"anyOf": [_event(data), _event(_end())]}}
        holder = self._content.pointer.rpartition("/")[0]
        known = mapping(self._survey.resolve({"$ref": f"#{holder}"}, "")[0])
        if any("event-stream" in media for media in known):
            return
        self._assume(
            f"With `{switch or 'stream'}` the answer is a stream of server-sent events, each with a "
            f"piece as JSON. That the stream ends with the data `{_DONE}`, as the protocol has it, "
            "is not in the document.",
            Update(holder, {"text/event-stream": {**stream, "x-sdkpress-stream": facts}}),
        )


def _ref(component: str) -> dict[str, str]:
    return {"$ref": f"#{_SCHEMAS}/{component}"}


def _event(data: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"data": data}, "required": ["data"]}


def _end() -> dict[str, Any]:
    return {"type": "string", "const": _DONE}
