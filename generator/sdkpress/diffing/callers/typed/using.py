"""Finds the uses of the package in trees that mypy has typed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from mypy.nodes import (
    ARG_NAMED,
    ARG_OPT,
    ARG_POS,
    ARG_STAR2,
    AssignmentExpr,
    AssignmentStmt,
    AwaitExpr,
    CallExpr,
    DictExpr,
    Expression,
    FloatExpr,
    ForStmt,
    GeneratorExpr,
    ImportFrom,
    IndexExpr,
    IntExpr,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    RefExpr,
    StrExpr,
    TypeInfo,
    UnaryExpr,
    WithStmt,
)
from mypy.types import (
    CallableType,
    Instance,
    Overloaded,
    Type,
    TypedDictType,
    TypeType,
    UnionType,
    get_proper_type,
)

from sdkpress.diffing.callers.typed.walking import walk
from sdkpress.diffing.callers.uses import UNKNOWN, Argument, Constant, Origins, Use

__all__ = ["uses_of"]

_DOTTED = re.compile(r"\w+(\.\w+)+")
_CONSTANTS = {"builtins.True": True, "builtins.False": False, "builtins.None": None}


def uses_of(
    tree: MypyFile, path: str, types: Mapping[Expression, Type], packages: Sequence[str]
) -> tuple[tuple[Use, ...], Origins]:
    """The uses in a file, in the order of their places, and where its names come from. `packages`
    are the names under which the package is imported."""
    nodes = tuple(walk(tree))
    visitor = _Uses(tree, path, types, packages, _Definitions(nodes))
    for node in nodes:
        visitor.visit(node)
    uses = sorted(set(visitor.uses), key=lambda use: (use.line, use.column, use.end_column))
    return tuple(uses), visitor.origins()


class _Definitions:
    """What every variable is made from, by the node that mypy gives to the variable."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.values: dict[object, list[Expression]] = defaultdict(list)
        self.keys: dict[object, list[tuple[StrExpr, Expression]]] = defaultdict(list)
        self.is_changed: set[object] = set()
        for node in nodes:
            if isinstance(node, AssignmentStmt):
                for target in node.lvalues:
                    self._define(target, node.rvalue)
            elif isinstance(node, OperatorAssignmentStmt) and isinstance(node.lvalue, RefExpr):
                self.is_changed.add(node.lvalue.node)
            elif isinstance(node, ForStmt):
                self._define(node.index, node.expr)
            elif isinstance(node, WithStmt):
                for place, value in zip(node.target, node.expr, strict=True):
                    if place is not None:
                        self._define(place, value)
            elif isinstance(node, GeneratorExpr):
                for place, value in zip(node.indices, node.sequences, strict=True):
                    self._define(place, value)
            elif isinstance(node, AssignmentExpr):
                self._define(node.target, node.value)

    def _define(self, target: Expression, value: Expression) -> None:
        if isinstance(target, NameExpr) and target.node is not None:
            self.values[target.node].append(value)
        elif isinstance(target, IndexExpr) and isinstance(target.base, NameExpr):
            if isinstance(target.index, StrExpr):
                self.keys[target.base.node].append((target.index, value))
            else:
                self.is_changed.add(target.base.node)


class _Uses:
    def __init__(
        self,
        tree: MypyFile,
        path: str,
        types: Mapping[Expression, Type],
        packages: Sequence[str],
        definitions: _Definitions,
    ) -> None:
        self.uses: list[Use] = []
        self._tree = tree
        self._path = path
        self._types = types
        self._packages = sorted(packages, key=len, reverse=True)
        self._definitions = definitions
        self._names: list[NameExpr] = []

    def origins(self) -> Origins:
        return {
            (name.line, name.column): tuple(
                _place(value) for value in self._definitions.values[name.node]
            )
            for name in self._names
            if name.node in self._definitions.values
        }

    def visit(self, node: Node) -> None:
        match node:
            case ImportFrom():
                self._visit_import_from(node)
            case NameExpr():
                self._names.append(node)
            case MemberExpr():
                self._visit_member_expr(node)
            case CallExpr():
                self._visit_call_expr(node)
            case DictExpr():
                self._visit_dict_expr(node)
            case IndexExpr():
                self._visit_index_expr(node)
            case _:
                pass

    def _visit_import_from(self, o: ImportFrom) -> None:
        module = _absolute(o, self._tree)
        owner = self._within(module)
        if owner is not None:
            for name, _ in o.names:
                self._add(o, f"{owner}:", name, "import")

    def _visit_member_expr(self, o: MemberExpr) -> None:
        for owner, name in self._members(o):
            self._add(o, owner, name, "read", text=_text(o.expr))

    def _visit_call_expr(self, o: CallExpr) -> None:
        callee = o.callee
        arguments = list(zip(o.args, o.arg_kinds, o.arg_names, strict=True))
        kind = "call"
        if isinstance(callee, RefExpr) and callee.fullname == "functools.partial" and o.args:
            callee, arguments, kind = o.args[0], arguments[1:], "partial"
        self._named_by_text(o)
        passed, is_open = self._arguments(arguments)
        text = _text(callee.expr) if isinstance(callee, MemberExpr) else ""
        for owner, name in self._callees(callee):
            made = "new" if not name and kind == "call" else kind
            if name == "*":
                made, name = "partial", ""
            self._add(o, owner, name, made, text=text, arguments=passed, is_open=is_open)

    def _named_by_text(self, o: CallExpr) -> None:
        """`getattr(client, "files")`, `monkeypatch.setattr(...)`, `patch("package.client.Client")`."""
        callee = o.callee
        word = callee.name if isinstance(callee, NameExpr | MemberExpr) else ""
        second = o.args[1] if len(o.args) > 1 else None
        if isinstance(second, StrExpr) and (word, len(o.args)) not in (
            ("getattr", 3),
            ("hasattr", 2),
        ):
            if word in ("getattr", "setattr", "delattr", "object"):
                for owner, name in self._members_of(o.args[0], second.value):
                    self._add(o, owner, name, "read", text=_text(o.args[0]))
        first = o.args[0] if o.args else None
        if isinstance(first, StrExpr) and _DOTTED.fullmatch(first.value):
            module, _, name = first.value.rpartition(".")
            place = self._within(module)
            if place:
                # A class where the last part but one begins like one.
                last = place.rpartition(".")[2]
                self._add(o, place if last[:1].isupper() else f"{place}:", name, "read")

    def _visit_dict_expr(self, o: DictExpr) -> None:
        typed = get_proper_type(self._types.get(o))
        if isinstance(typed, TypedDictType) and not typed.is_anonymous():
            owner = self._within(typed.fallback.type.fullname)
            if owner is not None:
                passed, is_open = self._keys(o)
                self._add(o, owner, "", "keys", arguments=passed, is_open=is_open)
        elif not isinstance(typed, TypedDictType):
            passed, is_open = self._keys(o)
            if passed:
                self._add(o, "", "", "dict", arguments=passed, is_open=is_open)

    def _visit_index_expr(self, o: IndexExpr) -> None:
        if isinstance(o.index, StrExpr):
            for item in _options(self._types.get(o.base)):
                if isinstance(item, TypedDictType):
                    owner = self._within(item.fallback.type.fullname)
                    if owner is not None:
                        self._add(o, owner, o.index.value, "read", text=_text(o.base))

    def _add(
        self,
        node: CallExpr | MemberExpr | DictExpr | IndexExpr | ImportFrom,
        owner: str,
        name: str,
        kind: str,
        *,
        text: str = "",
        arguments: tuple[Argument, ...] = (),
        is_open: bool = False,
    ) -> None:
        end_line, end_column = _end(node)
        use = Use(
            self._path,
            node.line,
            max(0, node.column),
            end_line,
            end_column,
            owner,
            name,
            kind,  # type: ignore[arg-type]
            text,
            arguments,
            is_open,
        )
        self.uses.append(use)

    def _members(self, o: MemberExpr) -> Iterator[tuple[str, str]]:
        return self._members_of(o.expr, o.name)

    def _members_of(self, base: Expression, name: str) -> Iterator[tuple[str, str]]:
        """(owner, name) of a member of a class or of a module of the package."""
        if isinstance(base, RefExpr) and isinstance(base.node, MypyFile):
            owner = self._within(base.node.fullname)
            if owner is not None:
                yield f"{owner}:", name
            return
        for item in _options(self._types.get(base)):
            info = _class_of(item)
            defined = info and next((other for other in info.mro if name in other.names), None)
            owner = self._within(defined.fullname) if defined else None
            if owner is not None:
                yield owner, name

    def _callees(self, callee: Expression) -> Iterator[tuple[str, str]]:
        if isinstance(callee, RefExpr) and isinstance(callee.node, TypeInfo):
            owner = self._within(callee.node.fullname)
            if owner is not None:
                yield owner, ""
            return
        yield from self._made_by_factory(callee)
        if isinstance(callee, RefExpr) and callee.node is not None and callee.fullname:
            module, _, name = callee.fullname.rpartition(".")
            owner = self._within(module)
            if owner is not None and isinstance(callee, NameExpr):
                yield f"{owner}:", name
                return
        if isinstance(callee, MemberExpr):
            yield from self._members(callee)
        elif isinstance(callee, NameExpr) and len(self._definitions.values[callee.node]) == 1:
            # create = client.chat.completions.create
            value = self._definitions.values[callee.node][0]
            if isinstance(value, MemberExpr):
                yield from self._members(value)

    def _made_by_factory(self, callee: Expression) -> Iterator[tuple[str, str]]:
        """The model that a factory makes: it takes the same names, and none must be given ("*")."""
        for item in _options(self._types.get(callee)):
            if isinstance(item, Instance) and item.type.name == "Factory" and item.args:
                made = get_proper_type(item.args[-1])
                owner = self._within(made.type.fullname) if isinstance(made, Instance) else None
                if owner is not None:
                    yield owner, "*"

    def _arguments(
        self, arguments: Sequence[tuple[Expression, object, str | None]]
    ) -> tuple[tuple[Argument, ...], bool]:
        found: list[Argument] = []
        is_open = False
        position = 0
        for value, kind, name in arguments:
            if kind in (ARG_POS, ARG_OPT) and not is_open:
                found.append(self._argument("", position, value))
                position += 1
            elif kind == ARG_NAMED and name:
                found.append(self._argument(name, -1, value))
            elif kind == ARG_STAR2:
                keys, more = self._known_keys(value)
                found.extend(keys)
                is_open |= more
            else:
                is_open = True
        return tuple(found), is_open

    def _known_keys(self, value: Expression) -> tuple[tuple[Argument, ...], bool]:
        """The keys of what `**` spreads: a dict, or a variable that is one and stays one."""
        if isinstance(value, DictExpr):
            return self._keys(value)
        if isinstance(value, CallExpr) and _is_dict_call(value):
            return self._arguments(
                list(zip(value.args, value.arg_kinds, value.arg_names, strict=True))
            )
        if isinstance(value, NameExpr) and value.node is not None:
            made = self._definitions.values[value.node]
            if len(made) == 1 and not isinstance(made[0], NameExpr):
                keys, is_open = self._known_keys(made[0])
                later = tuple(
                    self._argument(key.value, -1, item)
                    for key, item in self._definitions.keys[value.node]
                )
                is_open |= bool(later) or value.node in self._definitions.is_changed
                return (*keys, *later), is_open
        return (), True

    def _keys(self, value: DictExpr) -> tuple[tuple[Argument, ...], bool]:
        found: list[Argument] = []
        is_open = False
        for key, item in value.items:
            if isinstance(key, StrExpr):
                found.append(self._argument(key.value, -1, item))
            elif key is None:
                keys, more = self._known_keys(item)
                found.extend(keys)
                is_open |= more
            else:
                is_open = True
        return tuple(found), is_open

    def _argument(self, name: str, position: int, value: Expression) -> Argument:
        end_line, end_column = _end(value)
        constant = self._constant(value)
        return Argument(
            name, position, constant, value.line, max(0, value.column), end_line, end_column
        )

    def _constant(self, value: Expression, depth: int = 0) -> Constant:
        if isinstance(value, StrExpr | IntExpr | FloatExpr):
            return value.value
        if isinstance(value, UnaryExpr) and value.op == "-":
            inner = self._constant(value.expr)
            return -inner if isinstance(inner, int | float) else UNKNOWN
        if isinstance(value, NameExpr):
            if value.fullname in _CONSTANTS:
                return _CONSTANTS[value.fullname]
            made = self._definitions.values.get(value.node, [])
            if len(made) == 1 and depth < 4 and value.node not in self._definitions.is_changed:
                return self._constant(made[0], depth + 1)
        return UNKNOWN

    def _within(self, fullname: str) -> str | None:
        """The dotted place within the package, None outside; "" for the package itself."""
        for package in self._packages:
            if fullname == package:
                return ""
            if fullname.startswith(f"{package}."):
                return fullname[len(package) + 1 :]
        return None


def _options(type: Type | None, depth: int = 0) -> Iterator[Type]:
    proper = get_proper_type(type)
    if isinstance(proper, UnionType):
        for item in proper.items if depth < 5 else ():
            yield from _options(item, depth + 1)
    elif proper is not None:
        yield proper


def _class_of(type: Type) -> TypeInfo | None:
    if isinstance(type, Instance):
        return type.type
    if isinstance(type, TypeType):
        return _class_of(get_proper_type(type.item))
    if isinstance(type, Overloaded) and type.is_type_obj():
        return type.type_object()
    if isinstance(type, CallableType) and type.is_type_obj():
        return type.type_object()
    return None


def _is_dict_call(value: CallExpr) -> bool:
    return isinstance(value.callee, RefExpr) and value.callee.fullname == "builtins.dict"


def _absolute(o: ImportFrom, tree: MypyFile) -> str:
    """The module of an import."""
    if not o.relative:
        return o.id
    parts = tree.fullname.split(".")
    keep = len(parts) - o.relative + (1 if tree.path.endswith("__init__.py") else 0)
    return ".".join([*parts[: max(0, keep)], *filter(None, [o.id])])


def _place(value: Expression) -> tuple[int, int]:
    while isinstance(value, AwaitExpr):
        value = value.expr
    return value.line, max(0, value.column)


def _end(node: Expression | ImportFrom) -> tuple[int, int]:
    end_line = node.end_line if node.end_line is not None else node.line
    end_column = node.end_column if node.end_column is not None else node.column
    return end_line, max(0, end_column)


def _text(node: Expression) -> str:
    """The code of names, attributes, subscripts and calls, shortened; "" of anything else."""
    if isinstance(node, NameExpr):
        return node.name
    if isinstance(node, MemberExpr):
        base = _text(node.expr)
        return f"{base}.{node.name}" if base else ""
    if isinstance(node, IndexExpr):
        base = _text(node.base)
        index = node.index.value if isinstance(node.index, IntExpr | StrExpr) else "..."
        return f"{base}[{index!r}]" if base and index != "..." else f"{base}[...]" if base else ""
    if isinstance(node, CallExpr):
        base = _text(node.callee)
        return f"{base}(...)" if base else ""
    if isinstance(node, AwaitExpr):
        return _text(node.expr)
    return ""
