"""Signatures of operations: one, or an overload for each thing that changes what is meant.

Three things do: the media type of the body (other arguments), the media type that is asked for and
a property that asks for a stream (another return type).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sdkpress.text import literal
from sdkpress.views.arguments import Arguments, ArgumentView, BodyVariant, join_unions
from sdkpress.views.results import ResultView

MAX_OVERLOADS = 8
"""With more than these, all but those of the default body and answer become one wide overload."""


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One variant of a signature: its arguments as they are written, and what it returns."""

    positional: tuple[str, ...]
    keyword: tuple[str, ...]
    request: str
    returns: str
    async_returns: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The arguments behind the receiver, one a line, with the star between."""
        return (*self.positional, "*", *self.keyword)


@dataclass(frozen=True, slots=True)
class StreamTypes:
    """Annotations of a streamed answer; `condition` names the argument that asks for it."""

    item: str
    final: str
    condition: str = ""
    always: bool = False

    @property
    def request(self) -> str:
        """The type of the request."""
        return f"StreamRequest[{self.item}, {self.final}]"

    @property
    def returns(self) -> str:
        """The type of the answer, without the prefix of the async client."""
        return f"Stream[{self.item}, {self.final}]"


@dataclass(frozen=True, slots=True)
class Signatures:
    """The overloads (one: no overload), the implementation, and what is asked beside the document.

    `is_wide` says that the implementation takes more than any overload does.
    """

    overloads: tuple[SignatureView, ...]
    implementation: SignatureView
    choices: tuple[ArgumentView, ...]
    is_wide: bool


class SignatureWriter:
    """Writes the signatures of one operation."""

    def __init__(
        self,
        arguments: Arguments,
        results: tuple[ResultView, ...],
        stream: StreamTypes | None,
    ) -> None:
        self._arguments = arguments
        self._results = results
        self._stream = stream
        self._merged = arguments.merged()
        names = {item.name for item in self._merged}
        self._body_types = tuple(
            _distinct(item.media_type for item in variant.contents)
            for variant in arguments.variants
        )
        every = [name for group in self._body_types for name in group]
        self._content_type = ""
        if len(every) > 1 or any("*" in name for name in every):
            self._content_type = _free("content_type", "request_content_type", names)
        self._accept = ""
        if results[0].media_types or len(results) > 1:
            self._accept = _free("accept", "response_content_type", names)

    @property
    def content_type(self) -> str:
        """Name of the argument that chooses the media type of the body, if there is one."""
        return self._content_type

    @property
    def accept(self) -> str:
        """Name of the argument that chooses the media type of the answer, if there is one."""
        return self._accept

    def write(self) -> Signatures:
        """All signatures."""
        stream = self._stream
        if stream is not None and stream.always:
            self._accept = ""
        if stream is not None and (stream.always or stream.condition):
            self._results = tuple(item for item in self._results if not item.is_stream)
        variants: tuple[BodyVariant | None, ...] = self._arguments.variants or (None,)
        default = self._overloads(variants[0], 0, self._results[0], 0)
        overloads = list(default)
        for row, variant in enumerate(variants):
            for column, result in enumerate(self._results):
                if row or column:
                    overloads += self._overloads(variant, row, result, column)
        implementation = self._implementation()
        if len(overloads) > MAX_OVERLOADS:
            overloads = [*default, implementation]
        return Signatures(
            tuple(overloads),
            implementation if len(overloads) > 1 else overloads[0],
            self._choices(),
            len(variants) > 1 or len(self._results) > 1,
        )

    def _overloads(
        self, variant: BodyVariant | None, row: int, result: ResultView, column: int
    ) -> list[SignatureView]:
        arguments = self._arguments.of(variant)
        choices = [*self._content_type_of(row), *self._accept_of(column)]
        stream = self._stream
        if stream is not None and (stream.always or result.is_stream):
            return [_signature(arguments, choices, "", "", stream, "", False)]
        condition = stream.condition if stream else ""
        asked = next((item for item in arguments if item.name == condition), None)
        if stream is None or asked is None:
            return [_signature(arguments, choices, "", "", None, result.annotation, False)]
        optional = "" if asked.is_required else " | None = None"
        off = _signature(
            arguments, choices, condition, f"Literal[False]{optional}", None, result.annotation,
            False,
        )  # fmt: skip
        if column:
            return [off]
        return [
            off,
            _signature(arguments, choices, condition, "Literal[True]", stream, "", False),
            _signature(
                arguments, choices, condition, f"bool{optional}", stream, result.annotation, True
            ),
        ]

    def _implementation(self) -> SignatureView:
        stream = self._stream
        choices = [f"{item.name}: {item.annotation}{item.default}" for item in self._choices()]
        result = join_unions(item.annotation for item in self._results if not item.is_stream)
        is_streamed = stream is not None and (
            bool(stream.condition) or any(item.is_stream for item in self._results)
        )
        condition = stream.condition if stream and not stream.always else ""
        asked = next((item for item in self._merged if item.name == condition), None)
        written = ""
        if asked is not None:
            written = "bool" if asked.is_required else "bool | None = None"
        if stream is not None and stream.always:
            return _signature(self._merged, choices, "", "", stream, "", False)
        return _signature(
            self._merged, choices, condition if asked else "", written,
            stream if is_streamed else None, result, is_streamed,
        )  # fmt: skip

    def _choices(self) -> tuple[ArgumentView, ...]:
        """The arguments that choose media types, as the implementation has them."""
        found: list[ArgumentView] = []
        if self._content_type:
            names = _distinct(name for group in self._body_types for name in group)
            text = f"The media type that the body is sent as; {names[0]} by default."
            found.append(_choice(self._content_type, _spelled(names), text))
        if self._accept:
            types = _distinct(name for item in self._results for name in item.media_types)
            default = self._results[0].media_types
            text = f"The media type to ask for; {default[0]} by default." if default else ""
            found.append(
                _choice(self._accept, _spelled(types), text or "The media type to ask for.")
            )
        return tuple(found)

    def _content_type_of(self, row: int) -> list[str]:
        if not self._content_type:
            return []
        annotation = _spelled(self._body_types[row])
        return [f"{self._content_type}: {annotation}{'' if row else ' | None = None'}"]

    def _accept_of(self, column: int) -> list[str]:
        if not self._accept:
            return []
        types = self._results[column].media_types
        if not types:
            return [f"{self._accept}: None = None"]
        return [f"{self._accept}: {_spelled(types)}{'' if column else ' | None = None'}"]


def _choice(name: str, annotation: str, text: str) -> ArgumentView:
    return ArgumentView(
        name, f"{annotation} | None", " = None", text, "choice", f"{name} is not None", False
    )


def _signature(
    arguments: Iterable[ArgumentView],
    choices: list[str],
    condition: str,
    asked: str,
    stream: StreamTypes | None,
    result: str,
    both: bool,
) -> SignatureView:
    """A signature; `asked` replaces what the argument `condition` would be written as."""
    positional: list[str] = []
    keyword: list[str] = []
    for item in arguments:
        written = f"{item.name}: {item.annotation}{item.default}"
        if condition and item.name == condition:
            written = f"{item.name}: {asked}"
        (positional if item.location == "path" else keyword).append(written)
    keyword += [*choices, "options: Options | None = None"]
    request, returns, async_returns = f"Request[{result}]", result, result
    if stream is not None:
        streamed = stream.returns
        if both:
            request = f"{request} | {stream.request}"
            returns, async_returns = f"{result} | {streamed}", f"{result} | Async{streamed}"
        else:
            request, returns, async_returns = stream.request, streamed, f"Async{streamed}"
    return SignatureView(tuple(positional), tuple(keyword), request, returns, async_returns)


def _spelled(media_types: tuple[str, ...]) -> str:
    """`Literal["text/csv"]`; any text where one of them is a range."""
    exact = [literal(name) for name in media_types if "*" not in name]
    parts = [f"Literal[{', '.join(exact)}]"] if exact else []
    return " | ".join(parts if len(exact) == len(media_types) else [*parts, "str"])


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _free(name: str, other: str, taken: set[str]) -> str:
    while name in taken:
        name, other = other, f"{other}_"
    return name
