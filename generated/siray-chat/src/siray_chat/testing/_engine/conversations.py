"""What a conversation asks of its answer beyond the schema: calls of tools, JSON, several choices.

No schema can say that a model calls only the functions it was offered, that it answers with text
once it has their results, or that the text is JSON where the request says so; programs that talk
to a model depend on it. The request is read as OpenAI's chat completions API and those like it
write it: `messages`, `tools`, `tool_choice`, `response_format` (Ollama: `format`), `n`.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from .nodes import as_list, as_object, as_text
from .references import References
from .samples import Sampler

__all__ = ["Turn", "read_turn"]

_MOST_CHOICES = 16
_UNUSUAL = frozenset(("audio", "function_call", "refusal"))
_RESULT_ROLES = ("tool", "function")


@dataclass(frozen=True, slots=True)
class Turn:
    """What the answer to one request must be.

    `calls` says whether it calls functions (None: it may), `functions` holds the
    schemas of the arguments of those it may call; `text` is the schema of the JSON that the text
    must be (None: any text), `choices` how many answers are wanted.
    """

    calls: bool | None
    functions: dict[str, Any]
    text: Any
    choices: int

    def prefers(self, value: Any) -> bool:
        """Whether an answer, whole or as a list of chunks, calls functions as it should."""
        if self.calls is None and not self.functions:
            return True
        return bool(_called(value)) == (self.calls is not False)

    def is_met(self, value: Any, *, is_example: bool) -> bool:
        """Whether an answer, whole or as a list of chunks, is right as it stands.

        An example that calls functions where none are offered is what its document wants.
        """
        numbers = {number for number, _ in _pieces(value)}
        if len(numbers) < self.choices:
            return False
        called = _called(value)
        if called and not self.functions:
            return is_example
        if called:
            return self.calls is not False and all(
                name in self.functions and _fits(arguments, self.functions[name])
                for name, arguments in called
            )
        return not self.calls and (
            self.text is None or all(_fits(text, self.text) for text in _texts(value))
        )

    def met(self, value: Any, schema: Any, sampler: Sampler, *, is_example: bool) -> Any:
        """A whole answer, valid by `schema`, changed where it is not what the request asks for."""
        if not _holders(value):
            return value
        if not is_example:
            value = _plain(value, schema, sampler)
        if self.is_met(value, is_example=is_example):
            return value
        changed = copy.deepcopy(value)
        for holder in _holders(changed):
            message = as_object(holder["message"])
            if self.functions and (
                self.calls or (self.calls is None and message.get("tool_calls"))
            ):
                self._call(holder)
            elif self.functions or not is_example or not message.get("tool_calls"):
                self._say(holder, sampler)
        choices = as_list(as_object(changed).get("choices"))
        for index in range(len(choices), self.choices if choices else 0):
            choices.append({**copy.deepcopy(as_object(choices[0])), "index": index})
        if sampler.rules.accepts(changed, schema):
            return changed
        # Ollama and its like have the arguments as an object.
        for _, call in _calls(changed):
            function = as_object(call.get("function"))
            function["arguments"] = _decoded(function.get("arguments"))
        return changed if sampler.rules.accepts(changed, schema) else value

    def _call(self, holder: dict[str, Any]) -> None:
        message = as_object(holder["message"])
        first: dict[str, Any] = {"id": "call_1", "type": "function", "function": {}}
        present = as_list(message.get("tool_calls")) or [first]
        names = itertools.cycle(self.functions)
        for call in map(as_object, present):
            function = as_object(call.get("function"))
            name, arguments = as_text(function.get("name")), function.get("arguments")
            if name not in self.functions:
                name = next(names)
            if function.get("name") != name or not _fits(arguments, self.functions[name]):
                made = _made(self.functions[name], _decoded(arguments))
                is_object = isinstance(arguments, dict)
                arguments = made if is_object else msgspec.json.encode(made).decode()
            call["function"] = {**function, "name": name, "arguments": arguments}
        message["tool_calls"] = present
        if "content" in message and not isinstance(holder.get("done"), bool):
            message["content"] = None
        if "finish_reason" in holder:
            holder["finish_reason"] = "tool_calls"

    def _say(self, holder: dict[str, Any], sampler: Sampler) -> None:
        message = as_object(holder["message"])
        if message.pop("tool_calls", None) and holder.get("finish_reason") == "tool_calls":
            holder["finish_reason"] = "stop"
        text = message.get("content")
        if self.text is not None and not _fits(text, self.text):
            message["content"] = msgspec.json.encode(_made(self.text, {})).decode()
        elif not isinstance(text, (str, list)):
            message["content"] = as_text(sampler.sample({"type": "string"}))


def _plain(value: Any, schema: Any, sampler: Sampler) -> Any:
    """A made answer without what no answer has beside a text, its choices counted from 0."""
    plain = copy.deepcopy(value)
    for index, choice in enumerate(_choices(plain)):
        if "index" in choice:
            choice["index"] = index
    for holder in _holders(plain):
        message = as_object(holder["message"])
        for name in _UNUSUAL & message.keys():
            del message[name]
            if not sampler.rules.accepts(plain, schema):
                message[name] = None
    return plain if sampler.rules.accepts(plain, schema) else value


def read_turn(body: Any) -> Turn | None:
    """What the conversation in a request's body asks for; None where there is none in it."""
    members = as_object(body)
    messages = [as_object(message) for message in as_list(members.get("messages"))]
    if not messages:
        return None
    offered: dict[str, Any] = {}
    for tool in map(as_object, as_list(members.get("tools"))):
        function = as_object(tool.get("function"))
        if name := as_text(function.get("name")):
            offered[name] = function.get("parameters") or {"type": "object"}
    calls, functions = _choice(members.get("tool_choice"), offered, messages)
    number = members.get("n")
    return Turn(
        calls=calls,
        functions=functions,
        text=_wanted_json(members),
        choices=min(number, _MOST_CHOICES) if isinstance(number, int) else 1,
    )


def _choice(
    choice: Any, offered: dict[str, Any], messages: list[dict[str, Any]]
) -> tuple[bool | None, dict[str, Any]]:
    if not offered:
        return None, {}
    if choice == "none":
        return False, offered
    named = as_object(choice)
    name = as_text(as_object(named.get("function")).get("name")) or as_text(named.get("name"))
    if name in offered:
        return True, {name: offered[name]}
    made = {
        as_text(as_object(call.get("function")).get("name"))
        for message in messages
        for call in map(as_object, as_list(message.get("tool_calls")))
    }
    # Who must call again calls what it has not called yet; else the last, where agents put the
    # function that takes the result.
    left = [name for name in offered if name not in made] or list(offered)[-1:]
    if choice in ("required", "any"):
        return True, {name: offered[name] for name in left}
    is_result = messages[-1].get("role") in _RESULT_ROLES
    return (False if is_result else None), offered


def _wanted_json(members: dict[str, Any]) -> Any:
    wanted = as_object(members.get("response_format"))
    match wanted.get("type"):
        case "json_schema":
            return as_object(wanted.get("json_schema")).get("schema") or {"type": "object"}
        case "json_object":
            return {"type": "object"}
        case _:
            pass
    given = members.get("format")
    return {"type": "object"} if given == "json" else (as_object(given) or None)


def _made(schema: Any, known: Any) -> Any:
    """A value of a schema of the request, with those of the known members that fit."""
    sampler = _sampler(schema)
    value = sampler.sample(schema)
    if isinstance(value, dict):
        declared = sampler.properties(schema)
        kept = {name: member for name, member in as_object(known).items() if name in declared}
        mixed = {**cast("dict[str, Any]", value), **kept}
        return mixed if sampler.rules.accepts(mixed, schema) else cast("dict[str, Any]", value)
    return value


def _fits(text: Any, schema: Any) -> bool:
    try:
        value = msgspec.json.decode(text) if isinstance(text, str) else text
    except msgspec.DecodeError:
        return False
    return _sampler(schema).rules.accepts(value, schema)


def _sampler(schema: Any) -> Sampler:
    # The references of such a schema are to its own definitions.
    return Sampler(References(as_object(schema)), "request")


def _decoded(text: Any) -> Any:
    """What a text says in JSON, {} where it is no JSON; anything else is the value itself."""
    if not isinstance(text, str):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}


def _parts(value: Any) -> list[dict[str, Any]]:
    return [as_object(item) for item in (as_list(value) if isinstance(value, list) else [value])]


def _choices(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [as_object(choice) for choice in as_list(item.get("choices"))]


def _holders(value: Any) -> list[dict[str, Any]]:
    """The choices that have a message, or the answer itself where it is one message."""
    members = as_object(value)
    return [holder for holder in (*_choices(members), members) if as_object(holder.get("message"))]


def _pieces(value: Any) -> Iterable[tuple[Any, dict[str, Any]]]:
    """The messages, or the pieces of them, each with what tells its choice from others."""
    for item in _parts(value):
        for position, holder in enumerate((*_choices(item), item)):
            piece = as_object(holder.get("message")) or as_object(holder.get("delta"))
            if piece:
                yield holder.get("index", position), piece


def _calls(value: Any) -> Iterable[tuple[Any, dict[str, Any]]]:
    for choice, piece in _pieces(value):
        for position, call in enumerate(map(as_object, as_list(piece.get("tool_calls")))):
            yield (choice, call.get("index", position)), call


def _called(value: Any) -> list[tuple[str, Any]]:
    """Names and arguments of the functions called, put together where they come in pieces."""
    names: dict[Any, str] = {}
    arguments: dict[Any, Any] = {}
    for key, call in _calls(value):
        function = as_object(call.get("function"))
        names[key] = names.get(key, "") + as_text(function.get("name"))
        given = function.get("arguments")
        arguments[key] = arguments.get(key, "") + given if isinstance(given, str) else given
    return [(names[key], arguments[key]) for key in names]


def _texts(value: Any) -> list[str]:
    """The text of each message, put together where it comes in pieces."""
    texts: dict[Any, str] = {}
    for choice, piece in _pieces(value):
        if isinstance(piece.get("content"), str):
            texts[choice] = texts.get(choice, "") + piece["content"]
    return list(texts.values())
