"""What a call to a language model says about itself, read off the shape of its values.

Nothing here knows a vendor: a request with ``model`` and a list of ``messages`` is a chat, whoever
answers it. Names are those of the OpenTelemetry semantic conventions for generative AI, of
which nothing is imported. Values are models, dictionaries, or any object with attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_REQUEST_ATTRIBUTES = (
    (
        "gen_ai.request.max_tokens",
        ("max_tokens", "max_completion_tokens", "max_output_tokens"),
        int,
    ),
    ("gen_ai.request.temperature", ("temperature",), float),
    ("gen_ai.request.top_p", ("top_p",), float),
    ("gen_ai.request.top_k", ("top_k",), float),
    ("gen_ai.request.frequency_penalty", ("frequency_penalty",), float),
    ("gen_ai.request.presence_penalty", ("presence_penalty",), float),
    ("gen_ai.request.seed", ("seed",), int),
)

_USAGE_ATTRIBUTES = (
    ("gen_ai.usage.input_tokens", (("prompt_tokens",), ("input_tokens",), ("promptTokenCount",))),
    (
        "gen_ai.usage.output_tokens",
        (("completion_tokens",), ("output_tokens",), ("candidatesTokenCount",)),
    ),
    (
        "gen_ai.usage.cache_read.input_tokens",
        (
            ("prompt_tokens_details", "cached_tokens"),
            ("input_tokens_details", "cached_tokens"),
            ("cache_read_input_tokens",),
        ),
    ),
    ("gen_ai.usage.cache_creation.input_tokens", (("cache_creation_input_tokens",),)),
    (
        "gen_ai.usage.reasoning.output_tokens",
        (
            ("completion_tokens_details", "reasoning_tokens"),
            ("output_tokens_details", "reasoning_tokens"),
        ),
    ),
)


def field(value: Any, name: str) -> Any:
    """A field of a model, a dictionary or an object; None where there is none."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name)
    return None if value is None else getattr(value, name, None)


def elements(value: Any) -> list[Any]:
    """The elements of a list, none of anything else."""
    return list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else []


def operation_name(path: str, body: Any) -> str | None:
    """``chat``, ``embeddings``, ``text_completion``, ``generate_content``; None for other calls."""
    last = path.rstrip("/").rpartition("/")[2].lower()
    if field(body, "contents") is not None and "generate" in last:
        return "generate_content"
    if not isinstance(field(body, "model"), str):
        return None
    if field(body, "messages") is not None:
        return "chat"
    if field(body, "input") is not None:
        return "embeddings" if last.startswith("embed") else "chat" if last == "responses" else None
    if field(body, "prompt") is not None and last in ("completions", "completion", "complete"):
        return "text_completion"
    return None


class GenerativeCall:
    """Collects the attributes of one call, from its request, its answer or the items of its stream."""

    __slots__ = ("_finish_reasons", "_output", "attributes", "name", "request_attributes")

    def __init__(self, name: str, body: Any, *, capture_messages: bool) -> None:
        self.name = name
        self.request_attributes: dict[str, Any] = {"gen_ai.operation.name": name}
        """What is known before the request is sent."""
        self.attributes: dict[str, Any] = {}
        """What the answer says."""
        self._finish_reasons: dict[int, str] = {}
        self._output: dict[int, _Message] | None = {} if capture_messages else None
        self._read_request(body)
        if capture_messages:
            self._capture_request(body)

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        return self.request_attributes.get("gen_ai.request.model")

    def _read_request(self, body: Any) -> None:
        found = self.request_attributes
        model = field(body, "model")
        if isinstance(model, str):
            found["gen_ai.request.model"] = model
        for attribute, names, kind in _REQUEST_ATTRIBUTES:
            for name in names:
                value = field(body, name)
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    found[attribute] = kind(value)
        count = field(body, "n")
        if isinstance(count, int) and count > 1:
            found["gen_ai.request.choice.count"] = count
        stop = field(body, "stop")
        stops = [stop] if isinstance(stop, str) else elements(stop)
        if stops:
            found["gen_ai.request.stop_sequences"] = [str(item) for item in stops]
        if field(body, "stream") is True:
            found["gen_ai.request.stream"] = True
        wanted = field(field(body, "response_format"), "type")
        if wanted in ("text", "json_object", "json_schema"):
            found["gen_ai.output.type"] = "text" if wanted == "text" else "json"

    def read(self, answer: Any) -> None:
        """Take what a whole answer, or one item of a stream, says."""
        for part in (answer, field(answer, "message"), field(answer, "response")):
            if part is not None and not isinstance(part, str):
                self._read_part(part)
        for position, choice in enumerate(elements(field(answer, "choices"))):
            index = field(choice, "index")
            index = index if isinstance(index, int) else position
            reason = field(choice, "finish_reason")
            if isinstance(reason, str) and reason:
                self._finish_reasons[index] = reason
            if self._output is not None:
                message = self._output.setdefault(index, _Message())
                message.add(field(choice, "delta") or field(choice, "message"))
                text = field(choice, "text")
                if isinstance(text, str):
                    message.text.append(text)
        reason = field(answer, "stop_reason") or field(field(answer, "delta"), "stop_reason")
        if isinstance(reason, str):
            self._finish_reasons[0] = reason

    def _read_part(self, part: Any) -> None:
        found = self.attributes
        for attribute, name in (("gen_ai.response.id", "id"), ("gen_ai.response.model", "model")):
            value = field(part, name)
            if isinstance(value, str) and value:
                found.setdefault(attribute, value)
        usage = field(part, "usage") or field(part, "usageMetadata")
        if usage is None:
            return
        for attribute, paths in _USAGE_ATTRIBUTES:
            for path in paths:
                value = usage
                for name in path:
                    value = field(value, name)
                if isinstance(value, int):
                    found[attribute] = value

    def finish(self) -> dict[str, Any]:
        """All that the answer said."""
        reasons = self._finish_reasons
        if reasons:
            self.attributes["gen_ai.response.finish_reasons"] = [
                reasons[index] for index in sorted(reasons)
            ]
        if self._output:
            messages = [
                {
                    "role": message.role,
                    "parts": message.parts(),
                    "finish_reason": reasons.get(index, ""),
                }
                for index, message in sorted(self._output.items())
            ]
            self.attributes["gen_ai.output.messages"] = _json(messages)
        return self.attributes

    def _capture_request(self, body: Any) -> None:
        messages = [_input_message(message) for message in elements(field(body, "messages"))]
        if messages:
            self.request_attributes["gen_ai.input.messages"] = _json(messages)
        tools = field(body, "tools")
        if tools:
            self.request_attributes["gen_ai.tool.definitions"] = _json(tools)


class _Message:
    """One message of a model, put together from its pieces."""

    __slots__ = ("_calls", "_reasoning", "role", "text")

    def __init__(self) -> None:
        self.role = "assistant"
        self.text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}

    def add(self, piece: Any) -> None:
        role = field(piece, "role")
        if isinstance(role, str) and role:
            self.role = role
        for names, target in (
            (("content", "refusal"), self.text),
            (("reasoning_content", "reasoning"), self._reasoning),
        ):
            for name in names:
                text = field(piece, name)
                if isinstance(text, str):
                    target.append(text)
        for position, call in enumerate(elements(field(piece, "tool_calls"))):
            index = field(call, "index")
            found = self._calls.setdefault(
                index if isinstance(index, int) else position,
                {"id": "", "name": "", "arguments": ""},
            )
            function = field(call, "function")
            for name, text in (
                ("id", field(call, "id")),
                ("name", field(function, "name")),
                ("arguments", field(function, "arguments")),
            ):
                if isinstance(text, str):
                    found[name] = found[name] + text if name == "arguments" else text or found[name]

    def parts(self) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        if self._reasoning:
            parts.append({"type": "reasoning", "content": "".join(self._reasoning)})
        if self.text:
            parts.append({"type": "text", "content": "".join(self.text)})
        parts += [
            {"type": "tool_call", **call, "arguments": _parsed(call["arguments"])}
            for _, call in sorted(self._calls.items())
        ]
        return parts


def _input_message(message: Any) -> dict[str, Any]:
    role = field(message, "role")
    content = field(message, "content")
    parts: list[dict[str, Any]] = []
    if role == "tool":
        answered = field(message, "tool_call_id")
        parts.append({"type": "tool_call_response", "id": answered, "response": content})
    elif isinstance(content, str):
        parts.append({"type": "text", "content": content})
    else:
        for part in elements(content):
            text = field(part, "text")
            is_text = isinstance(text, str)
            parts.append({"type": "text", "content": text} if is_text else part)
    for call in elements(field(message, "tool_calls")):
        function = field(call, "function")
        parts.append(
            {
                "type": "tool_call",
                "id": field(call, "id"),
                "name": field(function, "name"),
                "arguments": _parsed(field(function, "arguments")),
            }
        )
    return {"role": role, "parts": parts}


def _parsed(text: Any) -> Any:
    """The JSON in a text, the text itself where it is none."""
    import msgspec

    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError):
        return text


def _json(value: Any) -> str:
    from .encoding import encode_json

    return encode_json(value).decode()
