"""Annotations as sets of alternatives, and which of them fit where.

An annotation is read from its source text. What is known of aliases is expanded only where two
annotations differ, so that a change inside an alias is told at the alias and not at each use.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Relation", "Scope", "Type", "loses_container", "parse_type", "relate"]


@dataclass(frozen=True, slots=True)
class Type:
    """One alternative of an annotation: `name[arguments]`.

    `Literal["a"]` is the name `Literal` with the source of the value as `value`.
    """

    name: str
    arguments: tuple[tuple[Type, ...], ...] = ()
    value: str = ""


Alternatives = tuple[Type, ...]
Relation = Literal["same", "narrower", "wider", "other"]
"""How new alternatives stand to old ones: `narrower`, some are gone; `wider`, some came;
`other`, both."""

ANY, NONE = Type("Any"), Type("None")

_SAME = {
    "builtins.": "", "models.": "", "_models.": "", "typing.": "", "_datetime.": "datetime.",
    "_decimal.": "decimal.", "_uuid.": "uuid.", "collections.abc.": "",
}  # fmt: skip
_WIDER: Mapping[str, tuple[str, ...]] = {
    "bool": ("int", "float", "object"),
    "int": ("float", "object"),
    "list": ("Sequence", "Iterable", "Collection", "object"),
    "tuple": ("Sequence", "Iterable", "Collection", "object"),
    "Sequence": ("Iterable", "Collection", "object"),
    "dict": ("Mapping", "object"),
    "bytes": ("object",),
    "AsyncPages": ("Awaitable", "object"),
}


@dataclass(frozen=True)
class Scope:
    """What names stand for on one side: the source texts of aliases, and for the old side what
    its classes and aliases are called now, where that is another name."""

    aliases: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])

    def read(self, text: str) -> Alternatives:
        """The alternatives of an annotation of this side."""
        found = parse_type(text)
        return tuple(map(self._present, found)) if self.renamed else found

    def _present(self, item: Type) -> Type:
        arguments = tuple(tuple(map(self._present, part)) for part in item.arguments)
        return Type(self.renamed.get(item.name, item.name), arguments, item.value)

    @functools.cached_property
    def _parsed(self) -> dict[str, Alternatives]:
        return {}

    def expand(self, alternatives: Alternatives) -> Alternatives:
        """The alternatives with the aliases among them replaced by what they stand for."""
        found: dict[Type, None] = {}
        self._collect(alternatives, found, frozenset())
        return tuple(found)

    def _collect(
        self, alternatives: Alternatives, found: dict[Type, None], above: frozenset[str]
    ) -> None:
        for item in alternatives:
            if item.name in self.aliases and item.name not in above:
                if item.name not in self._parsed:
                    self._parsed[item.name] = self.read(self.aliases[item.name])
                self._collect(self._parsed[item.name], found, above | {item.name})
            else:
                found[item] = None


@functools.lru_cache(maxsize=20_000)
def parse_type(text: str) -> Alternatives:
    """The alternatives of an annotation; one that is not understood is one alternative by itself."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (Type(text),)
    return tuple(dict.fromkeys(_alternatives(node)))


def _alternatives(node: ast.expr) -> list[Type]:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return [*_alternatives(left), *_alternatives(right)]
        case ast.Constant(value=None):
            return [NONE]
        case ast.Constant(value=str(text)):
            return list(parse_type(text))
        case ast.Subscript(value=value, slice=inside):
            return _subscript(_name(value), inside)
        case _:
            return [Type(_name(node))]


def _subscript(name: str, inside: ast.expr) -> list[Type]:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    match name:
        case "Literal":
            return [Type("Literal", value=ast.unparse(part)) for part in parts]
        case "Maybe" | "Optional":
            return [*_alternatives(inside), NONE]
        case "Required" | "NotRequired" | "Annotated":
            return _alternatives(parts[0])
        case "Union":
            return [found for part in parts for found in _alternatives(part)]
        case _:
            arguments = tuple(tuple(dict.fromkeys(_argument(part))) for part in parts)
            return [Type(name, arguments)]


def _argument(node: ast.expr) -> list[Type]:
    if isinstance(node, ast.List):  # the arguments of a Callable
        return [Type("[]", tuple(tuple(_alternatives(item)) for item in node.elts))]
    return _alternatives(node)


def _name(node: ast.expr) -> str:
    text = ast.unparse(node)
    for prefix, short in _SAME.items():
        if text.startswith(prefix):
            return short + text.removeprefix(prefix)
    return text


def relate(
    old: str,
    new: str,
    scopes: tuple[Scope, Scope],
    alike: Callable[[str, str], bool] = lambda new, old: False,
) -> tuple[Relation, bool]:
    """How the annotation `new` stands to `old`, and whether they have anything in common.

    `scopes` are those of the old and of the new side. `alike(new, old)` says whether objects of the
    class `new` can be used as those of `old`.
    """
    if old == new:
        return "same", True
    was, now = scopes
    before, after = was.read(old), now.read(new)
    if set(before) == set(after):
        return "same", True
    shared = set(before) & set(after)  # an alias in both is told about where it is defined
    left = was.expand(tuple(item for item in before if item not in shared))
    entering = now.expand(tuple(item for item in after if item not in shared))
    before, after = was.expand(before), now.expand(after)
    gone = [item for item in left if not _fits_any(item, after, was, now)]
    came = [item for item in entering if not _fits_any(item, before, now, was)]
    kept = [item for item in before if item not in gone and item != NONE]
    entered = [item for item in after if item not in came and item != NONE]
    in_common = bool(kept or entered)
    if not in_common:
        in_common = any(
            _is_name(item) and _is_name(other) and alike(other.name, item.name)
            for item in before
            for other in after
        )
    if ANY in after and ANY not in before:
        return "wider", True
    if ANY in before and ANY not in after:
        return "narrower", True
    if gone:
        return ("other" if came else "narrower"), in_common
    return ("wider" if came else "same"), True


def loses_container(old: str, new: str, scopes: tuple[Scope, Scope]) -> bool:
    """Whether a list or a dict that was taken no longer is, although all of its items are: to a type
    checker a variable of `list[str]` is no `list[str | int]`, as somebody could append to it."""
    was, now = scopes
    taken = now.expand(now.read(new))
    return any(
        item.name in ("list", "dict") and item.arguments and item not in taken
        for item in was.expand(was.read(old))
    )


def _is_name(item: Type) -> bool:
    return not item.arguments and item.name.isidentifier() and item not in (ANY, NONE)


def _fits_any(item: Type, others: Alternatives, own: Scope, their: Scope) -> bool:
    return any(_fits(item, other, own, their, 0) for other in others)


def _fits(item: Type, other: Type, own: Scope, their: Scope, depth: int) -> bool:
    """Whether a value of `item` can stand where `other` is expected."""
    if item == other or ANY in (item, other) or other.name == "object" or depth > 20:
        return True
    if item.name == "Literal":
        return other.name in _kinds_of(item.value)
    if item.name != other.name and other.name not in _WIDER.get(item.name, ()):
        return False
    if not item.arguments or not other.arguments:
        return item.name == other.name or not other.arguments
    if len(item.arguments) != len(other.arguments):
        return "..." in str(item) + str(other)
    for mine, theirs in zip(item.arguments, other.arguments, strict=True):
        expanded = their.expand(theirs)
        if not all(
            any(_fits(one, target, own, their, depth + 1) for target in expanded)
            for one in own.expand(mine)
        ):
            return False
    return True


def _kinds_of(value: str) -> tuple[str, ...]:
    if value in ("True", "False"):
        return ("bool", "int", "float")
    if value == "None":
        return ("None",)
    if value[:1] in ("'", '"'):
        return ("str",)
    return ("bytes",) if value[:1] == "b" else ("int", "float")
