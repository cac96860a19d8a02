"""What importers of a client see, as plain values: the words of the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Callable", "Field", "Interface", "Kind", "Parameter", "Record", "Signature"]

Kind = Literal["positional", "either", "keyword", "many", "many-keywords"]
"""How an argument may be given; `either` is by position or by name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a call; `default` is its source text, None where it must be given."""

    name: str
    kind: Kind
    annotation: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call something; the receiver is not among the parameters."""

    parameters: tuple[Parameter, ...]
    returns: str


@dataclass(frozen=True, slots=True)
class Callable:
    """A function or a method: its overloads, or the one signature that it has."""

    signatures: tuple[Signature, ...]
    is_async: bool = False
    is_deprecated: bool = False

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters of all signatures, by name, as the first one has them."""
        found: dict[str, Parameter] = {}
        for signature in self.signatures:
            for item in signature.parameters:
                found.setdefault(item.name, item)
        return found


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of a model or a key of a TypedDict."""

    annotation: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A class with fields: a model, or with `is_dict` a TypedDict."""

    fields: Mapping[str, Field]
    bases: tuple[str, ...]
    is_dict: bool = False


@dataclass(frozen=True, slots=True)
class Interface:
    """The public names of a package. `operations` go by `chat.completions.create`, `functions` by
    `webhooks.parse`, `aliases` by name, with the source text of what they stand for.

    Of two interfaces that are compared only what may differ has to be there.
    """

    client: str = ""
    constructor: Callable | None = None
    constants: Mapping[str, str] = field(default_factory=dict[str, str])
    """Facts of the client that no annotation shows: `env_prefix`, `servers`,
    `server_variables` with their defaults."""
    operations: Mapping[str, Callable] = field(default_factory=dict[str, Callable])
    functions: Mapping[str, Callable] = field(default_factory=dict[str, Callable])
    records: Mapping[str, Record] = field(default_factory=dict[str, Record])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    exports: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """`__all__` by the module that has it: "" is the package, `errors`, `testing`."""
