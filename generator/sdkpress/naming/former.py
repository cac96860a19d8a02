"""Former names that the configuration keeps for a while: `[tool.sdkpress.client.aliases]`.

An alias is decided after all living names, and gives way to none: one that a living name needs is an
error with its place in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sdkpress.config import Alias
from sdkpress.diagnostics import Diagnostics
from sdkpress.naming.lock import parse_place
from sdkpress.naming.resources import CLIENT_RESERVED, Place
from sdkpress.naming.schemas import MODULE_RESERVED
from sdkpress.naming.words import RESERVED
from sdkpress.suggesting import suggestion

__all__ = ["FormerNames", "FormerOperation", "resolve_aliases"]

_MODELS = "models."
_DECORATORS = frozenset({"deprecated", "overload", "property", "staticmethod"})


@dataclass(frozen=True, slots=True)
class FormerOperation:
    """A place that an operation had. `key` is the operation (`POST /path`), "" for one that is gone;
    `note` says what to do instead."""

    place: Place
    key: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FormerNames:
    """What was renamed or removed: operations in order of their places, models as pairs of the
    former and the present class name."""

    operations: tuple[FormerOperation, ...] = ()
    models: tuple[tuple[str, str], ...] = ()


def resolve_aliases(
    aliases: Sequence[Alias],
    operations: Mapping[str, Place],
    models: Iterable[str],
    diagnostics: Diagnostics,
) -> FormerNames:
    """What the aliases mean among the living names: `operations` by key, `models` by class name.

    An alias of a resource stands for one of each operation below it. Raises SdkpressError
    (`invalid-config`) where an alias leads nowhere or takes a living name. One that leads to another
    one means what that means: what was renamed twice needs no edit of the first alias.
    """
    resolver = _Resolver(operations, frozenset(models))
    table = {alias.old: alias for alias in aliases}
    for alias in aliases:
        problem = resolver.take(_followed(alias, table, resolver))
        if problem:
            diagnostics.add("invalid-config", f"`aliases`: {problem}", alias.place)
    diagnostics.raise_errors()
    former = sorted(resolver.former.values(), key=lambda item: item.place.dotted())
    return FormerNames(tuple(former), tuple(sorted(resolver.classes.items())))


def _followed(alias: Alias, table: Mapping[str, Alias], living: _Resolver) -> Alias:
    """The alias with the end of its chain; as it is where that never ends."""
    found, seen = alias, {alias.old}
    while found.new and not living.has(found.new):
        parts = found.new.split(".")
        above = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        step = next((table[name] for name in above if name in table), None)
        if step is None or step.old in seen:
            return replace(alias, new=alias.new if step else found.new)
        seen.add(step.old)
        rest = found.new[len(step.old) :]
        found = replace(alias, new=f"{step.new}{rest}" if step.new else "", note=step.note)
    return found


class _Resolver:
    """Takes one alias after the other and says what is wrong with it."""

    def __init__(self, operations: Mapping[str, Place], models: frozenset[str]) -> None:
        self.keys = {place.dotted(): key for key, place in operations.items()}
        self.models = models
        self.resources = {
            ".".join(place.resource[:end])
            for place in operations.values()
            for end in range(1, len(place.resource) + 1)
        }
        self.former: dict[str, FormerOperation] = {}
        self.classes: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether something living has that name."""
        if _is_model(name):
            return name.removeprefix(_MODELS) in self.models
        return name in self.keys or name in self.resources

    def take(self, alias: Alias) -> str:
        """Note what the alias means; the problem where it means nothing."""
        old, new = alias.old, alias.new
        if _is_model(old) or _is_model(new):
            return self._model(old, new)
        if not new:
            return self._operation(old, "", alias.note)
        if new in self.keys:
            return self._operation(old, self.keys[new], "")
        if new in self.resources:
            below = [dotted for dotted in sorted(self.keys) if dotted.startswith(f"{new}.")]
            for dotted in below:
                problem = self._operation(f"{old}{dotted[len(new) :]}", self.keys[dotted], "")
                if problem:
                    return problem
            return ""
        return f"the client has no operation {new!r}{_hint(new, [*self.keys, *self.resources])}"

    def _model(self, old: str, new: str) -> str:
        if not (_is_model(old) and _is_model(new)):
            return "a model can only be replaced by another one: `models.Old` = `models.New`"
        before, after = old.removeprefix(_MODELS), new.removeprefix(_MODELS)
        if after not in self.models:
            return f"there is no model {after!r}{_hint(after, self.models)}"
        if before in self.models:
            return f"{before!r} is the name of a model"
        if before in MODULE_RESERVED:
            return f"{before!r} is not usable here"
        self.classes[before] = after
        return ""

    def _operation(self, old: str, key: str, note: str) -> str:
        place = parse_place(old)
        if place is None:
            return f"{old!r} is not the name of an operation, as `files.purge` is"
        if place.resource[0] in CLIENT_RESERVED:
            return f"{old!r}: {place.resource[0]!r} is an attribute of every client"
        if not (RESERVED | _DECORATORS).isdisjoint((*place.resource, place.method)):
            return f"{old!r} is not usable here"
        if old in self.keys:
            return f"{old!r} is the name of a living operation"
        above = [".".join(place.resource[:end]) for end in range(1, len(place.resource) + 1)]
        clash = next((name for name in above if self._is_method(name)), "")
        if clash:
            return f"{old!r}: {clash!r} is an operation, so nothing can be below it"
        below = (*self.resources, *self._former_resources())
        if old in below or f"{old}_request" in below:
            return f"{old!r} is a resource with operations"
        if f"{old}_request" in self.keys or self._is_builder(old):
            return f"{old!r} would hide a request builder, or be hidden by one"
        if old in self.former:
            return f"{old!r} is there twice"
        self.former[old] = FormerOperation(place, key, note)
        return ""

    def _is_method(self, dotted: str) -> bool:
        return any(
            dotted in names or self._built(dotted) in names for names in (self.keys, self.former)
        )

    def _is_builder(self, dotted: str) -> bool:
        return any(self._built(dotted) in names for names in (self.keys, self.former))

    def _built(self, dotted: str) -> str:
        """The operation whose request builder has the name, "" where it can have none."""
        return dotted.removesuffix("_request") if dotted.endswith("_request") else ""

    def _former_resources(self) -> set[str]:
        return {
            ".".join(item.place.resource[:end])
            for item in self.former.values()
            for end in range(1, len(item.place.resource) + 1)
        }


def _is_model(name: str) -> bool:
    """Whether the name is that of a class; a resource may be called `models` too."""
    rest = name.removeprefix(_MODELS)
    return name.startswith(_MODELS) and "." not in rest and rest[:1].isupper()


def _hint(name: str, known: Iterable[str]) -> str:
    return suggestion(name, known)
