"""Visits the nodes of mypy's trees, whose own visitors cannot be subclassed outside mypy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from mypy.nodes import Node

__all__ = ["walk"]

_NOT_CHILDREN = frozenset(
    {
        "_fullname",
        "_name",
        "alias_deps",
        "analyzed",
        "analyzed_types",
        "column",
        "dataclass_transform_spec",
        "def_or_infer_vars",
        "def_var",
        "deprecated",
        "docstring",
        "end_column",
        "end_line",
        "expanded",
        "imports",
        "info",
        "line",
        "method_types",
        "module_refs",
        "names",
        "node",
        "original_decorators",
        "original_def",
        "plugin_deps",
        "raw_data",
        "removed_base_type_exprs",
        "removed_statements",
        "subject_dummy",
        "type",
        "type_annotation",
        "type_args",
        "type_guard",
        "type_is",
        "type_vars",
        "unanalyzed_items",
        "unanalyzed_type",
        "var",
        "variable",
    }
)
"""Attributes of nodes that hold no node, or one that stands elsewhere in the tree."""


def walk(root: Node) -> Iterator[Node]:
    """The node and all below it, a parent before its children."""
    waiting: list[object] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node):
            yield item
            waiting.extend([getattr(item, name, None) for name in _children(type(item))])
        elif isinstance(item, list | tuple):
            waiting.extend(reversed(cast(Sequence[object], item)))


_KNOWN: dict[type[Node], tuple[str, ...]] = {}


def _children(kind: type[Node]) -> tuple[str, ...]:
    """The attributes that hold children, the last one first."""
    known = _KNOWN.get(kind)
    if known is not None:
        return known
    names = cast(tuple[str, ...], getattr(kind, "__mypyc_attrs__", ()))
    children = [name for name in names if name not in _NOT_CHILDREN and not name.startswith("__")]
    return _KNOWN.setdefault(kind, tuple(reversed(children)))
