"""Directed graphs: strongly connected components."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

__all__ = ["strong_components"]

Node = TypeVar("Node", bound=Hashable)


def strong_components(edges: Mapping[Node, Iterable[Node]]) -> list[list[Node]]:
    """The strongly connected components, each after all those that it has edges to.

    `edges` has every node as a key. R. Tarjan, "Depth-first search and linear graph algorithms"
    (1972), without recursion; the order is that of `edges` as far as the graph leaves a choice.
    """
    found: list[list[Node]] = []
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: dict[Node, None] = {}  # an ordered set: those without a component yet
    for start in edges:
        if start in index:
            continue
        work: list[tuple[Node, Iterator[Node]]] = []

        def enter(node: Node, work: list[tuple[Node, Iterator[Node]]] = work) -> None:
            index[node] = low[node] = len(index)
            open_nodes[node] = None
            work.append((node, iter(edges[node])))

        enter(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    enter(target)
                    break
                if target in open_nodes:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component: list[Node] = []
                    while not component or component[-1] != node:
                        component.append(open_nodes.popitem()[0])
                    component.reverse()
                    found.append(component)
    return found
