"""Schemas into modules of bounded size, such that imports between modules cannot cycle.

Three steps, each of which keeps the graph of modules acyclic:

1. Schemas that refer to each other in a circle form a component; components form no circle.
2. A component belongs to the lowest resource above all resources that use it. What it refers to is
   used by at least those, so it belongs to the same resource or to one above: imports lead upward.
   A resource and all below it share a module while that is small enough.
3. Where the schemas of one resource are too many, each component takes along what it alone refers
   to, and gets a module named after it. What refers to nothing stays together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdkpress.graphs import strong_components
from sdkpress.model import SchemaId
from sdkpress.naming.words import snake, unique

__all__ = ["LARGEST", "SHARED", "Usage", "group"]

SHARED = "_shared"
LARGEST = 400
"""How many classes, aliases and attributes a module should hold at the most. One circle of schemas
may hold more: it cannot be split."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What grouping needs to know of one named schema: its name, its size in classes, aliases and
    attributes, the named schemas it refers to, and the resources whose operations mention it."""

    name: str
    size: int
    refers_to: tuple[SchemaId, ...]
    resources: frozenset[Path]


def group(usages: Mapping[SchemaId, Usage]) -> dict[SchemaId, str]:
    """The module of every schema: `_chat`, `_shared`, `_chat_completions`, `_simple_user`."""
    graph = _Condensed(usages)
    shelves = _shelves(graph)
    taken: set[str] = set()  # `_x_params` is the module of the dict forms of what `_x` holds
    modules: dict[SchemaId, str] = {}

    def assign(wanted: str, components: Iterable[int]) -> None:
        name = unique(wanted, taken)
        taken.update((name, f"{name}_params", name.removesuffix("_params")))
        for component in components:
            modules.update(dict.fromkeys(graph.members[component], name))

    crowded: list[tuple[str, list[int]]] = []
    for path, components in sorted(shelves.items()):
        name = "_" + "_".join(path) if path else SHARED
        parts = _parts(graph, components)
        assign(name, parts.pop(-1, ()))
        crowded.extend((graph.title(top), parts[top]) for top in parts)
    for name, components in sorted(crowded):
        assign(f"_{snake(name)}", components)
    return modules


class _Condensed:
    """The graph of components; a component's number is larger than those it refers to."""

    def __init__(self, usages: Mapping[SchemaId, Usage]) -> None:
        self._usages = usages
        self.members = strong_components({id: usages[id].refers_to for id in usages})
        number = {id: n for n, listed in enumerate(self.members) for id in listed}
        self.sizes = [sum(usages[id].size for id in listed) for listed in self.members]
        self.targets = [
            {number[target] for id in listed for target in usages[id].refers_to} - {n}
            for n, listed in enumerate(self.members)
        ]
        self.sources: list[list[int]] = [[] for _ in self.members]
        for n, targets in enumerate(self.targets):
            for target in targets:
                self.sources[target].append(n)
        self.is_mentioned = [any(usages[id].resources for id in listed) for listed in self.members]
        self.paths = self._lowest_paths()

    def _lowest_paths(self) -> list[Path]:
        """By component: the common beginning of the paths of all resources that use it."""
        paths: list[Path | None] = [None] * len(self.members)
        for n in range(len(self.members) - 1, -1, -1):
            for id in self.members[n]:
                for path in self._usages[id].resources:
                    paths[n] = _common(paths[n], path)
            for target in self.targets[n]:
                paths[target] = _common(paths[target], paths[n] or ())
        return [path or () for path in paths]

    def title(self, component: int) -> str:
        """The name of the schema that most others refer to within a component."""
        listed = self.members[component]
        if len(listed) == 1:
            return self._usages[listed[0]].name
        inside = set(listed)
        counts = dict.fromkeys(listed, 0)
        for id in listed:
            for target in self._usages[id].refers_to:
                if target in inside:
                    counts[target] += 1
        return min((-count, self._usages[id].name) for id, count in counts.items())[1]


def _common(left: Path | None, right: Path) -> Path:
    if left is None:
        return right
    length = 0
    while length < min(len(left), len(right)) and left[length] == right[length]:
        length += 1
    return left[:length]


def _shelves(graph: _Condensed) -> dict[Path, list[int]]:
    """Components by resource; one with all below it where that is not too much, but never all."""
    totals: dict[Path, int] = {}
    for n, path in enumerate(graph.paths):
        for end in range(len(path) + 1):
            totals[path[:end]] = totals.get(path[:end], 0) + graph.sizes[n]
    shelves: dict[Path, list[int]] = {}
    for n, path in enumerate(graph.paths):
        fitting = (end for end in range(1, len(path)) if totals[path[:end]] <= LARGEST)
        shelves.setdefault(path[: next(fitting, len(path))], []).append(n)
    return shelves


def _parts(graph: _Condensed, components: list[int]) -> dict[int, list[int]]:
    """The parts of a shelf, each by its topmost component; -1 for what stays with the shelf."""
    if sum(graph.sizes[n] for n in components) <= LARGEST:
        return {-1: components}
    shelf = set(components)
    sizes = {n: graph.sizes[n] for n in components}
    parts: dict[int, list[int]] = {n: [n] for n in components}
    for n in sorted(components):  # what is referred to comes first
        if len(graph.sources[n]) == 1 and not graph.is_mentioned[n]:
            (source,) = graph.sources[n]
            if source in shelf and sizes[source] + sizes[n] <= LARGEST:
                sizes[source] += sizes[n]
                parts[source] = parts.pop(n) + parts[source]
    leaves = [n for n in parts if not graph.targets[n] and sizes[n] == 1]
    if leaves:
        parts[-1] = [n for leaf in leaves for n in parts.pop(leaf)]
    return parts
