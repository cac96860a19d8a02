"""Strongly connected components, and the grouping of schemas into modules that rests on them."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from sdkpress.graphs import strong_components
from sdkpress.model import SchemaId
from sdkpress.views.grouping import LARGEST, SHARED, Usage, group


def usage(
    name: str, refers_to: tuple[str, ...] = (), resources: tuple[str, ...] = (), size: int = 1
) -> Usage:
    paths = frozenset(tuple(path.split(".")) for path in resources)
    return Usage(name, size, tuple(map(SchemaId, refers_to)), paths)


def grouped(**usages: Usage) -> dict[str, str]:
    return {str(id): module for id, module in group(as_ids(usages)).items()}


def as_ids(usages: Mapping[str, Usage]) -> dict[SchemaId, Usage]:
    return {SchemaId(id): value for id, value in usages.items()}


GRAPHS = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.sets(st.integers(0, n - 1)), min_size=n, max_size=n)
)


@given(GRAPHS)
def test_components_come_after_what_they_lead_to(graph: list[set[int]]) -> None:
    edges = {node: sorted(targets) for node, targets in enumerate(graph)}
    components = strong_components(edges)
    assert sorted(node for listed in components for node in listed) == sorted(edges)
    number = {node: n for n, listed in enumerate(components) for node in listed}
    assert all(number[target] <= number[node] for node in edges for target in edges[node])
    reach = {node: reachable(edges, node) for node in edges}
    for left in edges:
        for right in edges:
            is_one = right in reach[left] and left in reach[right]
            assert (number[left] == number[right]) == is_one


def reachable(edges: Mapping[int, list[int]], start: int) -> set[int]:
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(edges[node])
    return seen


RESOURCES = ("a", "a.b", "a.b.c", "a.d", "e", "e.f")


@given(GRAPHS, st.data())
def test_modules_import_without_cycles(graph: list[set[int]], data: st.DataObject) -> None:
    usages: dict[str, Usage] = {}
    for node, targets in enumerate(graph):
        resources = data.draw(st.sets(st.sampled_from(RESOURCES), max_size=2))
        size = data.draw(st.sampled_from([1, 5, LARGEST // 3, LARGEST // 2, LARGEST]))
        refers_to = tuple(f"s{target}" for target in sorted(targets))
        usages[f"s{node}"] = usage(f"Model{node % 5}x{node}", refers_to, tuple(resources), size)
    modules = group(as_ids(usages))
    assert set(modules) == set(usages)
    imports: dict[str, set[str]] = {}
    for id, item in usages.items():
        found = {modules[target] for target in item.refers_to} - {modules[SchemaId(id)]}
        imports.setdefault(modules[SchemaId(id)], set()).update(found)
    list(graphlib.TopologicalSorter(imports).static_order())  # raises CycleError
    assert modules == group(as_ids(usages))


def test_small_resources_have_a_module_each() -> None:
    assert grouped(
        chat=usage("Chat", ("user",), ("chat.completions",)),
        list=usage("ChatList", ("chat",), ("chat",)),
        order=usage("Order", ("user",), ("orders",)),
        user=usage("User"),
        unused=usage("Unused"),
    ) == {"chat": "_chat", "list": "_chat", "order": "_orders", "user": SHARED, "unused": SHARED}


def test_a_large_resource_is_divided_by_the_resources_below_it() -> None:
    assert grouped(
        repo=usage("Repo", (), ("repos", "repos.issues"), size=LARGEST),
        issue=usage("Issue", ("repo",), ("repos.issues",), size=20),
        pull=usage("Pull", ("repo",), ("repos.pulls",), size=30),
    ) == {"repo": "_repos", "issue": "_repos_issues", "pull": "_repos_pulls"}


def test_crowded_schemas_take_along_what_is_theirs_alone() -> None:
    both = ("a", "b")
    found = grouped(
        big=usage("BigThing", ("part", "common"), both, size=LARGEST - 50),
        part=usage("BigThingPart", ("detail",), size=10),
        detail=usage("BigThingPartDetail", size=2),
        other=usage("Other", ("common",), both, size=60),
        common=usage("Common", size=30),
        kind=usage("Kind", (), both),
    )
    assert found == {
        "big": "_big_thing",
        "part": "_big_thing",
        "detail": "_big_thing",
        "other": "_other",
        "common": "_common",
        "kind": SHARED,
    }


def test_a_circle_stays_together_and_is_named_after_its_centre() -> None:
    both = ("a", "b")
    found = grouped(
        account=usage("Account", ("charge", "person"), both, size=LARGEST),
        charge=usage("Charge", ("account",), both, size=LARGEST),
        person=usage("Person", ("account",), both, size=20),
    )
    assert set(found.values()) == {"_account"}


def test_names_of_modules_do_not_meet_those_of_dict_forms() -> None:
    both = ("a", "b")
    found = grouped(
        tool=usage("Tool", (), both, size=LARGEST),
        params=usage("ToolParams", (), both, size=LARGEST),
        a=usage("A", (), ("a",)),
    )
    assert len(set(found.values())) == 3
    assert not {f"{name}_params" for name in found.values()} & set(found.values())


def test_an_edit_moves_nothing_else() -> None:
    usages = {f"s{n}": usage(f"Model{n}", ("s0",) if n else (), ("a", "b"), 40) for n in range(40)}
    before = group(as_ids(usages))
    usages["s3"] = usage("Model3", ("s0", "s7"), ("a", "b"), 41)
    usages["new"] = usage("AnotherModel", ("s3",), ("a",), 12)
    after = group(as_ids(usages))
    assert {id: after[id] for id in before} == before
