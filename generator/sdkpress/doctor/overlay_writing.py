"""The mends of findings as an OpenAPI Overlay: actions in a stable order, each with its reason.

Overlay 1.0 where nothing is copied, else 1.1. What is edited in place comes first, in the order of
the document; then inline schemas are moved, inner ones before those around them; then copies are made.
So a document that grows keeps the actions it had, in their order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sdkpress.doctor.catalog import RULES
from sdkpress.doctor.findings import (
    Copy,
    Drop,
    Edit,
    Extract,
    Finding,
    Phase,
    Put,
    Remove,
    Update,
)
from sdkpress.doctor.parts import child
from sdkpress.text import one_line
from sdkpress.trees import is_mapping, is_sequence, node_at, pointer_tokens
from sdkpress.yaml_text import dump_yaml

__all__ = ["Action", "actions_of", "json_path", "overlay_text"]

Action = dict[str, Any]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMAS = "/components/schemas"
_WIDTH = 100


def actions_of(
    findings: Sequence[Finding], tree: Mapping[str, Any]
) -> list[tuple[Finding, list[Action]]]:
    """The actions for each finding that can be mended, in the order in which they are to be made.

    `findings` are in document order; those without a mend are left out.
    """
    mended = [finding for finding in findings if finding.mend is not None]
    moved: dict[str, str] = {}
    groups: list[tuple[Finding, list[Action]]] = []
    seen: set[str] = set()
    for phase in Phase:
        chosen = [item for item in mended if item.mend is not None and item.mend.phase is phase]
        if phase is Phase.MOVES:
            chosen = _inner_first(chosen)
        for finding in chosen:
            actions = _actions(finding, tree, moved if phase is Phase.COPIES else {}, seen)
            if phase is Phase.MOVES:
                for edit in _edits(finding):
                    if isinstance(edit, Extract):
                        moved[edit.pointer] = child(_SCHEMAS, edit.component)
            if actions:
                groups.append((finding, actions))
    return groups


def _edits(finding: Finding) -> list[Edit]:
    steps = finding.mend.steps if finding.mend is not None else ()
    return [edit for _, _, edits in steps for edit in edits]


def _inner_first(findings: list[Finding]) -> list[Finding]:
    """Each finding behind those whose pointers are below its own."""
    done: list[Finding] = []
    around: list[Finding] = []
    for finding in findings:
        while around and not finding.pointer.startswith(f"{around[-1].pointer}/"):
            done.append(around.pop())
        around.append(finding)
    return done + around[::-1]


def _actions(
    finding: Finding, tree: Mapping[str, Any], moved: Mapping[str, str], seen: set[str]
) -> list[Action]:
    found: list[Action] = []
    assert finding.mend is not None
    for is_certain, why, edits in finding.mend.steps:
        word = "CERTAIN" if is_certain else "ASSUMPTION"
        about = one_line(f"{word} ({finding.rule}). {why}")
        for edit in edits:
            for action in _written(edit, tree, moved):
                key = json.dumps(action, sort_keys=True)
                if key not in seen:
                    seen.add(key)
                    target = action.pop("target")
                    found.append({"target": target, "description": about, **action})
    return found


def _written(edit: Edit, tree: Mapping[str, Any], moved: Mapping[str, str]) -> list[Action]:
    def path(pointer: str) -> str:
        return json_path(_now(pointer, moved), tree)

    match edit:
        case Update(pointer, value):
            return [{"target": path(pointer), "update": _redirected(value, moved)}]
        case Put(pointer, name, value, replaces):
            actions: list[Action] = []
            if replaces and _is_container(value, tree, child(pointer, name)):
                actions.append({"target": path(child(pointer, name)), "remove": True})
            value = _redirected(value, moved)
            actions.append({"target": path(pointer), "update": {name: value}})
            return actions
        case Remove(pointer):
            return [{"target": path(pointer), "remove": True}]
        case Drop(pointer, values):
            tests = " || ".join(f"@ == {_literal(value)}" for value in values)
            return [{"target": f"{path(pointer)}[?{tests}]", "remove": True}]
        case Copy(pointer, component):
            return _copied(path(pointer), component)
        case Extract(pointer, component):
            return [
                *_copied(path(pointer), component),
                {"target": f"{path(pointer)}.*", "remove": True},
                {
                    "target": path(pointer),
                    "update": {"$ref": f"#{child(_SCHEMAS, component)}"},
                },
            ]


def _copied(source: str, component: str) -> list[Action]:
    return [
        {"target": "$", "update": {"components": {"schemas": {component: {}}}}},
        {"target": json_path(child(_SCHEMAS, component), {}), "copy": source},
    ]


def _is_container(value: object, tree: Mapping[str, Any], pointer: str) -> bool:
    """Whether a member has to be removed before it is set: values merge, or are of unlike kinds."""
    if is_mapping(value) or is_sequence(value):
        return True
    try:
        old = node_at(tree, pointer)
    except (LookupError, ValueError):
        return False
    return is_mapping(old) or is_sequence(old)


def _now(pointer: str, moved: Mapping[str, str]) -> str:
    """Where a node is after the moves: below the innermost schema that was moved."""
    prefix = pointer
    while prefix:
        if prefix in moved:
            return moved[prefix] + pointer[len(prefix) :]
        prefix = prefix.rpartition("/")[0]
    return pointer


def _redirected(value: Any, moved: Mapping[str, str]) -> Any:
    if is_mapping(value):
        return {
            key: (
                f"#{_now(item[1:], moved)}"
                if key == "$ref" and isinstance(item, str)
                else _redirected(item, moved)
            )
            for key, item in value.items()
        }
    return [_redirected(item, moved) for item in value] if is_sequence(value) else value


# --- JSONPath -------------------------------------------------------------------------------------


def json_path(pointer: str, tree: Mapping[str, Any]) -> str:
    """The JSONPath (RFC 9535) of a node; parameters go by their name, so that others may come."""
    path = "$"
    node: Any = tree
    for token in pointer_tokens(pointer):
        if is_sequence(node):
            index = int(token)
            path += _item(node, index)
            node = node[index]
            continue
        path += f".{token}" if _NAME.fullmatch(token) else f"[{_literal(token)}]"
        node = node.get(token) if is_mapping(node) else None
    return path


def _item(items: list[Any], index: int) -> str:
    own = items[index]
    if is_mapping(own) and isinstance(own.get("name"), str) and isinstance(own.get("in"), str):
        alike = [
            item
            for item in items
            if is_mapping(item) and (item.get("name"), item.get("in")) == (own["name"], own["in"])
        ]
        if len(alike) == 1:
            return f"[?@.name == {_literal(own['name'])} && @['in'] == {_literal(own['in'])}]"
    return f"[{index}]"


def _literal(value: object) -> str:
    """A string or another scalar as RFC 9535 (section 2.3.1.1) writes it."""
    if not isinstance(value, str):
        return json.dumps(value)
    body = json.dumps(value)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{body}'"


# --- text -----------------------------------------------------------------------------------------


def overlay_text(
    groups: Sequence[tuple[Finding, Sequence[Action]]],
    *,
    title: str,
    extends: str,
    before: Sequence[str] = (),
) -> str:
    """The overlay as YAML; `before` names overlays that are to be applied first."""
    has_copy = any("copy" in action for _, actions in groups for action in actions)
    about = (
        "Written by sdkpress doctor. CERTAIN follows from the document or a standard; an ASSUMPTION "
        "has to be confirmed by somebody who knows the server."
    )
    if before:
        about += f" Apply it after {', '.join(one_line(name) for name in before)}."
    info: dict[str, Any] = {"title": one_line(f"Mends {title}".strip()), "version": "1.0.0"}
    head: dict[str, Any] = {"overlay": "1.1.0", "info": {**info, "description": about}}
    if not has_copy and not _sets_primitives(groups):
        head = {"overlay": "1.0.0", "info": info}
    if extends:
        head["extends"] = extends
    parts = [dump_yaml(head)]
    if "description" not in head["info"]:
        parts.insert(0, "".join(f"# {line}\n" for line in _wrapped(about)))
    parts.append("actions:\n")
    rule = ""
    for finding, actions in groups:
        if finding.rule != rule:
            rule = finding.rule
            parts.append(f"\n  # {rule}: {RULES[rule].title}\n")
        for action in actions:
            written = dump_yaml([action])
            parts.append("".join(f"  {line}\n" for line in written.rstrip("\n").split("\n")))
    return "".join(parts)


def _sets_primitives(groups: Sequence[tuple[Finding, Sequence[Action]]]) -> bool:
    """Whether an update is aimed at something else than an object, which Overlay 1.0 refuses."""
    return any(
        "update" in action and not is_mapping(action["update"])
        for _, actions in groups
        for action in actions
    )


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, _WIDTH - 2)
