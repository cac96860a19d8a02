"""The types of parameters and results that nobody wrote down: from calls, returns and fixtures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    AssignmentStmt,
    CallExpr,
    ClassDef,
    Decorator,
    Expression,
    FuncDef,
    LambdaExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    RefExpr,
    ReturnStmt,
    TypeInfo,
    Var,
    YieldExpr,
)
from mypy.types import (
    AnyType,
    Instance,
    NoneType,
    TupleType,
    Type,
    TypedDictType,
    TypeOfAny,
    UnionType,
    get_proper_type,
)

from sdkpress.diffing.callers.annotating import RETURN
from sdkpress.diffing.callers.typed.walking import walk

__all__ = ["Inferred", "infer"]

_ROOT = re.compile(r"(?<![\w.])(\w+)\.")

_DEEPEST = 5
"""Aliases may be types of themselves."""

Inferred = dict[str, dict[tuple[int, str], dict[str, str]]]
"""By module, then by the line of `def` and the name of the function: types of parameters."""


def infer(
    trees: Mapping[str, MypyFile],
    types: Mapping[Expression, Type],
    packages: Sequence[str],
    fixtures: Mapping[str, str],
) -> Inferred:
    """What can be told of functions without annotations. `fixtures` are those of the package."""
    return _Inference(trees, types, packages, fixtures).infer()


class _Inference:
    def __init__(
        self,
        trees: Mapping[str, MypyFile],
        types: Mapping[Expression, Type],
        packages: Sequence[str],
        fixtures: Mapping[str, str],
    ) -> None:
        self._types = types
        self._roots = {name.partition(".")[0] for name in (*packages, *trees)}
        self._packages = packages
        self._fixtures = fixtures
        self._functions: dict[FuncDef, str] = {}
        self._nodes = {name: tuple(walk(tree)) for name, tree in trees.items()}
        self._decorated: dict[FuncDef, Decorator] = {}
        for name, nodes in self._nodes.items():
            for node in nodes:
                if isinstance(node, FuncDef):
                    self._functions[node] = name
                elif isinstance(node, Decorator):
                    self._decorated[node.func] = node

    def infer(self) -> Inferred:
        found: dict[tuple[FuncDef, str], set[str]] = defaultdict(set)
        for nodes in self._nodes.values():
            for node in nodes:
                if isinstance(node, CallExpr):
                    for key, type in self._passed(node):
                        found[key].add(type)
        for function in self._functions:
            for argument in function.arguments:
                default = (
                    self._shown(self._types.get(argument.initializer))
                    if argument.initializer
                    else ""
                )
                if default:
                    found[function, argument.variable.name].add(default)
        arguments = {
            argument.variable: (function, argument.variable.name)
            for function in self._functions
            for argument in function.arguments
        }
        for nodes in self._nodes.values():  # client = client or Client()
            for node in nodes:
                target = node.lvalues[0] if isinstance(node, AssignmentStmt) else None
                if isinstance(node, AssignmentStmt) and isinstance(target, NameExpr):
                    owner = arguments.get(target.node) if isinstance(target.node, Var) else None
                    type = self._shown(self._types.get(node.rvalue))
                    if owner and type:
                        found[owner].add(type)
        own_fixtures: dict[str, set[str]] = defaultdict(set)
        for function in self._functions:
            is_fixture = self._is_fixture(function)
            if _has_type(function, RETURN) and not is_fixture:
                continue
            given = self._given(function)
            if given and is_fixture:
                own_fixtures[function.name].update(given[1])
            if given:
                wrapper, names = given
                found[function, RETURN].add(wrapper.format(" | ".join(sorted(names))))
        for function in self._functions:
            if function.name.startswith("test") or self._is_fixture(function):
                for argument in function.arguments:
                    name = argument.variable.name
                    known = own_fixtures.get(name) or {self._fixtures.get(name, "")} - {""}
                    found[function, name].update(known)
        inferred: Inferred = {}
        for (function, name), texts in found.items():
            if texts and not _has_type(function, name):
                module = inferred.setdefault(self._functions[function], {})
                place = (function.line, function.name)
                module.setdefault(place, {})[name] = " | ".join(sorted(texts))
        return inferred

    def _passed(self, call: CallExpr) -> Iterator[tuple[tuple[FuncDef, str], str]]:
        function, skipped = self._called(call.callee)
        if function is None:
            return
        names = [argument.variable.name for argument in function.arguments][skipped:]
        for index, (value, kind, name) in enumerate(
            zip(call.args, call.arg_kinds, call.arg_names, strict=True)
        ):
            if kind == ARG_POS and index < len(names):
                target = names[index]
            elif kind == ARG_NAMED and name in names:
                target = name
            else:
                continue
            text = self._shown(self._types.get(value))
            if text and target:
                yield (function, target), text

    def _called(self, callee: Expression) -> tuple[FuncDef | None, int]:
        """The user's function that is called, and how many parameters the call fills by itself."""
        node: Node | None = callee.node if isinstance(callee, RefExpr) else None
        skipped = 0
        if isinstance(node, TypeInfo):
            init = node.get("__init__")
            node, skipped = (init.node if init else None), 1
        elif isinstance(callee, MemberExpr) and not isinstance(node, FuncDef | Decorator):
            base = get_proper_type(self._types.get(callee.expr))
            method = base.type.get(callee.name) if isinstance(base, Instance) else None
            node, skipped = (method.node if method else None), 1
        if isinstance(node, Decorator):
            names = {item.name for item in node.original_decorators if isinstance(item, NameExpr)}
            skipped = 0 if "staticmethod" in names else skipped
            node = node.func
        if isinstance(node, FuncDef) and node in self._functions:
            return node, skipped
        return None, 0

    def _given(self, function: FuncDef) -> tuple[str, set[str]] | None:
        """What a function returns or yields, where that has to do with the package, and what is
        around it in the annotation."""
        returned: set[str] = set()
        yielded: set[str] = set()
        for node in _own_nodes(function):
            if isinstance(node, ReturnStmt) and node.expr is not None:
                returned.add(self._shown(self._types.get(node.expr)))
            elif isinstance(node, YieldExpr) and node.expr is not None:
                yielded.add(self._shown(self._types.get(node.expr)))
        if yielded - {""}:
            word = "AsyncIterator" if function.is_async_generator else "Iterator"
            return f"collections.abc.{word}[{{}}]", yielded - {""}
        return ("{}", returned - {""}) if returned - {""} else None

    def _is_fixture(self, function: FuncDef) -> bool:
        decorator = self._decorated.get(function)
        if decorator is None:
            return False
        for item in decorator.original_decorators:
            callee = item.callee if isinstance(item, CallExpr) else item
            if isinstance(callee, NameExpr | MemberExpr) and callee.name == "fixture":
                return True
        return False

    def _shown(self, type: Type | None) -> str:
        """The type as an annotation; "" where it has nothing to do with the package."""
        text = _annotation(type)
        known = any(match[1] in self._roots for match in _ROOT.finditer(text))
        return text if known else ""


def _own_nodes(function: FuncDef) -> Iterator[Node]:
    """The nodes of a function without those of functions and classes in it."""
    inner: set[Node] = set()
    for node in walk(function.body):
        if node in inner:
            continue
        if isinstance(node, FuncDef | LambdaExpr | ClassDef):
            inner.update(walk(node))
            continue
        yield node


def _has_type(function: FuncDef, name: str) -> bool:
    if name == RETURN:
        unanalyzed = getattr(function.unanalyzed_type, "ret_type", None)
        return unanalyzed is not None and not _is_unwritten(unanalyzed)
    for index, argument in enumerate(function.arguments):
        if argument.variable.name == name:
            is_self = index == 0 and function.info and not function.is_static
            is_plain = argument.kind.is_positional() or argument.kind.is_named()
            if argument.kind.is_star():
                is_plain = False
            return argument.type_annotation is not None or bool(is_self) or not is_plain
    return True


def _is_unwritten(type: object) -> bool:
    return isinstance(type, AnyType) and type.type_of_any == TypeOfAny.unannotated


def _annotation(type: Type | None, depth: int = 0) -> str:
    """A type in the words of Python, "" of what cannot be written or is nothing special."""
    if depth > _DEEPEST:
        return ""
    proper = get_proper_type(type)
    if isinstance(proper, TypedDictType):
        proper = proper.fallback
    if isinstance(proper, UnionType):
        items = [_annotation(item, depth + 1) for item in proper.items]
        return " | ".join(sorted({item for item in items if item}))
    if isinstance(proper, TupleType):
        items = [_annotation(item, depth + 1) for item in proper.items]
        return f"builtins.tuple[{', '.join(items)}]" if items and all(items) else ""
    if isinstance(proper, NoneType):
        return "None"
    if isinstance(proper, Instance):
        name = proper.type.fullname
        if "@" in name or "-" in name or "." not in name or "<" in name:
            return ""
        arguments = [_annotation(item, depth + 1) or "typing.Any" for item in proper.args]
        return f"{name}[{', '.join(arguments)}]" if arguments else name
    return ""
