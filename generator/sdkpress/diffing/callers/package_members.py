"""What the files of a package define: its classes, their members, the signatures; read without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ClassMembers", "Member", "PackageMembers", "Parameter", "Signature"]

ParameterKind = Literal["positional", "keyword", "rest", "keywords"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` and `annotation` as written, "" without one; `positional` takes a name as well."""

    name: str
    kind: ParameterKind
    annotation: str = ""
    default: str = ""

    @property
    def is_required(self) -> bool:
        return not self.default and self.kind in ("positional", "keyword")


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters without `self`; `operation` is `POST /v1/things` where the function sends one."""

    parameters: tuple[Parameter, ...]
    returns: str = ""
    is_async: bool = False

    def named(self, name: str) -> Parameter | None:
        return next((item for item in self.parameters if item.name == name), None)

    @property
    def positions(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.parameters if item.kind == "positional")

    @property
    def is_open(self) -> bool:
        return any(item.kind == "keywords" for item in self.parameters)


@dataclass(frozen=True, slots=True)
class Member:
    """A method (with a signature), a property, or a field; `annotation` is that of the value."""

    name: str
    kind: Literal["method", "property", "field"]
    annotation: str = ""
    default: str = ""
    signature: Signature | None = None
    operation: str = ""


@dataclass(frozen=True, slots=True)
class ClassMembers:
    """A class of the package; `place` is its module within the package and its name."""

    place: str
    bases: tuple[str, ...]
    members: Mapping[str, Member]
    is_total: bool = True
    docstring: str = ""

    @property
    def name(self) -> str:
        return self.place.rpartition(".")[2]


@dataclass(slots=True)
class _Module:
    names: dict[str, ast.stmt] = field(default_factory=dict[str, ast.stmt])
    imports: dict[str, str] = field(default_factory=dict[str, str])
    docstring: str = ""


class PackageMembers:
    """The members of a package. A module is parsed when something in it is asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """`files`: paths relative to the package."""
        self._files = files
        self._modules: dict[str, _Module | None] = {}
        self._classes: dict[str, ClassMembers | None] = {}

    def find_class(self, place: str) -> ClassMembers | None:
        """By module and name (`models._pets.Pet`); None where there is no such class."""
        if place not in self._classes:
            self._classes[place] = self._read_class(place)
        return self._classes[place]

    def member(self, place: str, name: str) -> Member | None:
        """A member of a class, or of a base of it that is in the package."""
        seen: set[str] = set()
        waiting = [place]
        while waiting:
            current = waiting.pop(0)
            found = self.find_class(current)
            if found is None or current in seen:
                continue
            seen.add(current)
            if name in found.members:
                return found.members[name]
            waiting.extend(found.bases)
        return None

    def knows_bases(self, place: str) -> bool:
        """Whether all bases are in the package, so that a member that is not found is not there."""
        found = self.find_class(place)
        return found is not None and all(self.knows_bases(base) for base in found.bases)

    def constructor(self, place: str) -> Signature | None:
        """What calling the class takes: that of `__init__`, or the fields in order."""
        init = self.member(place, "__init__")
        if init is not None and init.signature is not None and "_runtime" not in place:
            return init.signature
        found = self.find_class(place)
        if found is None:
            return None
        typed_dict = self.is_typed_dict(place)
        fields: list[Parameter] = []
        for item in self._fields(place):
            required = item.annotation.startswith("Required[") or (
                found.is_total and not item.annotation.startswith("NotRequired[")
            )
            default = item.default or ("..." if typed_dict and not required else "")
            fields.append(Parameter(item.name, "keyword", item.annotation, default))
        return Signature(tuple(fields), place.rpartition(".")[2]) if fields else None

    def is_typed_dict(self, place: str) -> bool:
        found = self.find_class(place)
        return found is not None and (
            any(base.endswith(".TypedDict") for base in found.bases)
            or any(self.is_typed_dict(base) for base in found.bases if base != place)
        )

    def has(self, module: str, name: str) -> bool:
        """Whether the module defines or imports the name, or has such a submodule."""
        if any(
            path in self._files
            for dotted in (f"{module}.{name}".strip("."),)
            for path in (
                f"{dotted.replace('.', '/')}.py",
                f"{dotted.replace('.', '/')}/__init__.py",
            )
        ):
            return True
        read = self._module(module)
        return read is not None and (name in read.names or name in read.imports)

    def has_module(self, module: str) -> bool:
        return self._module(module) is not None

    def function(self, module: str, name: str) -> Signature | None:
        read = self._module(module)
        node = read.names.get(name) if read else None
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return _signature(node, is_method=False)
        return None

    def dotted(self, module: str) -> str:
        """How the resource in a module is reached from the client: `chat.completions`."""
        read = self._module(module)
        match = re.match(r"The operations of ([\w.]+)\.", read.docstring) if read else None
        return match[1] if match else module.partition(".")[2]

    def scripted(self, place: str) -> str:
        """The resource whose scripts a class of the fake server holds: `chat.completions`."""
        found = self.find_class(place)
        match = re.match(r"The scripts of ([\w.]+)\.", found.docstring) if found else None
        return match[1] if match else ""

    def dicts_in(self, annotation: str, depth: int = 4) -> tuple[str, ...]:
        """The TypedDicts that a value of such a type can hold, outermost first."""
        found: dict[str, None] = {}
        waiting = [(annotation, 0)]
        while waiting:
            text, level = waiting.pop(0)
            for name in re.findall(r"\b(?:models\.)?([A-Z]\w*)", text):
                place = f"models.{name}"
                module = self._module("models")
                place = module.imports.get(name, place) if module else place
                if place not in found and level < depth and self.is_typed_dict(place):
                    found[place] = None
                    waiting.extend((item.annotation, level + 1) for item in self._fields(place))
        return tuple(found)

    def fixtures(self) -> dict[str, str]:
        """What the fixtures of pytest give: the place of a class, by the name of the fixture."""
        module = "testing.pytest_plugin"
        read = self._module(module)
        found: dict[str, str] = {}
        for name, node in read.names.items() if read else ():
            if isinstance(node, ast.FunctionDef) and node.returns is not None:
                if any("fixture" in ast.unparse(item) for item in node.decorator_list):
                    given = ast.unparse(node.returns).removeprefix("_Iterator[").rstrip("]")
                    place = read.imports.get(given, "") if read else ""
                    if place:
                        found[name] = place
        return found

    def _fields(self, place: str) -> list[Member]:
        found = self.find_class(place)
        if found is None:
            return []
        inherited = [item for base in found.bases for item in self._fields(base)]
        own = [item for item in found.members.values() if item.kind == "field"]
        names = {item.name for item in own}
        return [item for item in inherited if item.name not in names] + own

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            path = name.replace(".", "/")
            options = [f"{path}.py", f"{path}/__init__.py"] if path else ["__init__.py"]
            content = next((self._files[item] for item in options if item in self._files), None)
            is_package = bool(options[-1] in self._files)
            self._modules[name] = None if content is None else _read(content, name, is_package)
        return self._modules[name]

    def _read_class(self, place: str) -> ClassMembers | None:
        module, _, name = place.rpartition(".")
        read = self._module(module)
        if read is None:
            return None
        node = read.names.get(name)
        if not isinstance(node, ast.ClassDef):
            imported = read.imports.get(name)
            return self.find_class(imported) if imported and imported != place else None
        bases = tuple(
            read.imports.get(base, f"{module}.{base}" if base in read.names else f"?.{base}")
            for base in (ast.unparse(item).partition("[")[0] for item in node.bases)
        )
        total = next((item.value for item in node.keywords if item.arg == "total"), None)
        is_total = not (isinstance(total, ast.Constant) and total.value is False)
        docstring = ast.get_docstring(node) or ""
        return ClassMembers(place, bases, self._members(node, read), is_total, docstring)

    def _members(self, node: ast.ClassDef, module: _Module) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                default = ast.unparse(item.value) if item.value else ""
                name = item.target.id
                found[name] = Member(name, "field", ast.unparse(item.annotation), default)
            elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                decorators = {ast.unparse(other).partition("(")[0] for other in item.decorator_list}
                if "overload" in decorators:
                    continue
                returns = ast.unparse(item.returns) if item.returns else ""
                if decorators & {"property", "_resource", "_subresource", "_group"}:
                    found[item.name] = Member(item.name, "property", returns)
                    continue
                signature = _signature(item, is_method="staticmethod" not in decorators)
                operation = _operation(item, module)
                found[item.name] = Member(
                    item.name, "method", returns, signature=signature, operation=operation
                )
        return found


def _read(content: bytes, name: str, is_package: bool) -> _Module:
    read = _Module()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return read
    read.docstring = ast.get_docstring(tree) or ""
    around = name.split(".") if name else []
    if not is_package:
        around = around[:-1]
    waiting = list(tree.body)
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, ast.If):
            waiting = [*item.body, *item.orelse, *waiting]
        elif isinstance(item, ast.ImportFrom):
            base = [*around[: len(around) + 1 - item.level]] if item.level else []
            module = ".".join([*base, *filter(None, [item.module])])
            for alias in item.names:
                read.imports[alias.asname or alias.name] = f"{module}.{alias.name}".strip(".")
        elif isinstance(item, ast.Import):
            for alias in item.names:
                read.imports[alias.asname or alias.name.partition(".")[0]] = alias.name
        elif isinstance(item, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            read.names[item.name] = item
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            read.names.setdefault(item.target.id, item)
        elif isinstance(item, ast.Assign):
            for target in item.targets:
                if isinstance(target, ast.Name):
                    read.names.setdefault(target.id, item)
    return read


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool) -> Signature:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults.extend(arguments.defaults)
    pairs = list(zip(positional, defaults, strict=True))[1 if is_method else 0 :]
    found = [_parameter(item, "positional", default) for item, default in pairs]
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, "rest", None))
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found.extend(_parameter(item, "keyword", default) for item, default in keywords)
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, "keywords", None))
    returns = ast.unparse(node.returns) if node.returns else ""
    return Signature(tuple(found), returns, isinstance(node, ast.AsyncFunctionDef))


def _parameter(item: ast.arg, kind: ParameterKind, default: ast.expr | None) -> Parameter:
    annotation = ast.unparse(item.annotation) if item.annotation else ""
    return Parameter(item.arg, kind, annotation, ast.unparse(default) if default else "")


def _operation(node: ast.AST, module: _Module) -> str:
    """`POST /v1/things` of the `Operation` that a builder of requests names."""
    for item in ast.walk(node):
        if isinstance(item, ast.Name) and item.id.startswith("_") and item.id in module.names:
            made = module.names[item.id]
            call = made.value if isinstance(made, ast.Assign) else None
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "Operation":
                given = {
                    word.arg: word.value.value
                    for word in call.keywords
                    if isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
                }
                return f"{given.get('method')} {given.get('path')}"
    return ""
