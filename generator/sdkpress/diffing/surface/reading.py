"""Python source to the interface it offers; the only importer of griffe.

Nothing is imported or run: griffe reads the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import griffe

from sdkpress.diffing.surface.interface import (
    Callable,
    Field,
    Interface,
    Kind,
    Parameter,
    Record,
    Signature,
)

__all__ = ["read_interface"]

_KINDS: Mapping[griffe.ParameterKind, Kind] = {
    griffe.ParameterKind.positional_only: "positional",
    griffe.ParameterKind.positional_or_keyword: "either",
    griffe.ParameterKind.keyword_only: "keyword",
    griffe.ParameterKind.var_positional: "many",
    griffe.ParameterKind.var_keyword: "many-keywords",
}
_EXPORTING = {"__init__.py": "", "errors.py": "errors", "testing/__init__.py": "testing"}
_FACTS = ("env_prefix", "servers", "server_variables")
_OVERLOAD = re.compile(r"^from \.+_runtime\.overloads import overload$", re.MULTILINE)
_MANGLED = (
    "annotations builtins datetime decimal deprecated models overload self uuid warn_deprecated"
)


def read_interface(files: Mapping[str, str], client: str) -> Interface:
    """The interface of (some of) the modules of a package.

    `files` goes by the path in the package, `client` is the class of the synchronous client. A
    module that is no Python is left out.
    """
    reader = _Reader(client)
    for path, text in sorted(files.items()):
        # Ours is typing's for type checkers, which is what griffe knows.
        text = _OVERLOAD.sub("from typing import overload", text)
        try:
            module = griffe.visit("module", filepath=Path(path), code=text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        reader.read(path, module)
    return reader.interface()


class _Reader:
    def __init__(self, client: str) -> None:
        self._client = client
        self._constructor: Callable | None = None
        self._constants: dict[str, str] = {}
        self._operations: dict[str, Callable] = {}
        self._functions: dict[str, Callable] = {}
        self._records: dict[str, Record] = {}
        self._aliases: dict[str, str] = {}
        self._exports: dict[str, frozenset[str]] = {}

    def interface(self) -> Interface:
        return Interface(
            self._client,
            self._constructor,
            self._constants,
            self._operations,
            self._functions,
            self._records,
            self._aliases,
            self._exports,
        )

    def read(self, path: str, module: griffe.Module) -> None:
        if path in _EXPORTING:
            exported = _strings(module.members.get("__all__"))
            self._exports[_EXPORTING[path]] = frozenset(exported)
        if path == "client.py":
            self._read_client(module)
        elif path == "webhooks.py":
            self._read_webhooks(module)
        elif path.startswith("resources/"):
            self._read_resource(path, module)
        elif path.startswith("models/") and path != "models/__init__.py":
            self._read_models(module)

    def _read_client(self, module: griffe.Module) -> None:
        found = module.members.get(self._client)
        if isinstance(found, griffe.Class):
            constructor = found.members.get("__init__")
            if isinstance(constructor, griffe.Function):
                self._constructor = _callable(constructor, is_method=True)
        facts = module.members.get("_API")
        if isinstance(facts, griffe.Attribute):
            self._constants.update(_keywords(str(facts.value), _FACTS))

    def _read_webhooks(self, module: griffe.Module) -> None:
        exported = _strings(module.members.get("__all__"))
        self._exports["webhooks"] = frozenset(exported)
        for name, member in module.members.items():
            if isinstance(member, griffe.Function) and name in exported:
                self._functions[f"webhooks.{name}"] = _callable(member, is_method=False)
            elif isinstance(member, griffe.Attribute) and name in exported:
                self._aliases[f"webhooks.{name}"] = _unquoted(str(member.value))

    def _read_resource(self, path: str, module: griffe.Module) -> None:
        place = path.removeprefix("resources/").removesuffix(".py").removesuffix("/__init__")
        if place == "__init__":
            return
        dotted = ".".join(_attribute(part) for part in place.split("/"))
        for member in module.members.values():
            if not isinstance(member, griffe.Class) or "SyncResource" not in _bases(member):
                continue
            for name, method in member.members.items():
                if isinstance(method, griffe.Function) and not _is_resource(method):
                    if not name.startswith("_"):
                        overloads = member.overloads.get(name, [])
                        found = _callable(method, is_method=True, overloads=overloads)
                        self._operations[f"{dotted}.{name}"] = found

    def _read_models(self, module: griffe.Module) -> None:
        for name, member in module.members.items():
            if name.startswith("_"):
                continue
            if isinstance(member, griffe.Class):
                self._records[name] = _record(member)
            elif isinstance(member, griffe.Attribute):
                value = str(member.value)
                if value.startswith("TypedDict("):
                    self._records[name] = _functional(value)
                elif member.annotation is not None and "TypeAlias" in str(member.annotation):
                    self._aliases[name] = _unquoted(value)


def _record(found: griffe.Class) -> Record:
    bases = _bases(found)
    is_dict = "TypedDict" in bases
    fields: dict[str, Field] = {}
    for name, member in found.members.items():
        if isinstance(member, griffe.Attribute) and member.annotation is not None:
            annotation = str(member.annotation)
            if annotation.startswith("ClassVar"):
                continue
            required = member.value is None
            if is_dict:
                required = annotation.startswith("Required[")
            fields[name] = Field(_bare(annotation), required)
    return Record(fields, tuple(bases), is_dict)


def _functional(value: str) -> Record:
    """`TypedDict("Name", {"key": "annotation"}, total=False)`."""
    fields: dict[str, Field] = {}
    call = ast.parse(value, mode="eval").body
    if isinstance(call, ast.Call) and len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
        for key, item in zip(call.args[1].keys, call.args[1].values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                annotation = _unquoted(ast.unparse(item))
                required = annotation.startswith("Required[")
                fields[key.value] = Field(_bare(annotation), required)
    return Record(fields, ("TypedDict",), True)


def _callable(
    function: griffe.Function, *, is_method: bool, overloads: Iterable[griffe.Function] = ()
) -> Callable:
    every = list(overloads) or list(function.overloads or ()) or [function]
    decorators = [str(item.value) for item in function.decorators]
    static = "staticmethod" in decorators
    return Callable(
        tuple(_signature(item, skip=1 if is_method and not static else 0) for item in every),
        "async" in function.labels,
        any(item.startswith("deprecated") for item in decorators),
    )


def _signature(function: griffe.Function, skip: int) -> Signature:
    parameters = [
        Parameter(
            item.name,
            _KINDS[item.kind] if item.kind is not None else "either",
            _bare(str(item.annotation)) if item.annotation is not None else "Any",
            None if item.default is None else str(item.default),
        )
        for item in list(function.parameters)[skip:]
    ]
    returns = str(function.returns) if function.returns is not None else "Any"
    return Signature(tuple(parameters), _bare(returns))


def _bare(annotation: str) -> str:
    """`Required[str]` -> `str`, and without the module in front of names of models."""
    if annotation.startswith("Required[") and annotation.endswith("]"):
        annotation = annotation[len("Required[") : -1]
    return annotation


def _bases(found: griffe.Class) -> list[str]:
    return [str(base).rpartition(".")[2] for base in found.bases]


def _is_resource(method: griffe.Function) -> bool:
    return any(str(item.value) in ("_subresource", "_resource") for item in method.decorators)


def _attribute(module: str) -> str:
    """The attribute whose resource a module has: `models_` is that of `models`."""
    bare = module.removesuffix("_")
    builtin = {"int", "str", "float", "bool", "bytes", "list", "dict", "tuple", "object"}
    return bare if bare != module and bare in {*_MANGLED.split(), *builtin} else module


def _strings(member: object) -> list[str]:
    if not isinstance(member, griffe.Attribute) or member.value is None:
        return []
    try:
        value: object = ast.literal_eval(str(member.value))
    except (SyntaxError, ValueError):
        return []
    return list(map(str, cast("Sequence[object]", value))) if isinstance(value, list) else []


def _keywords(call: str, names: tuple[str, ...]) -> dict[str, str]:
    try:
        node = ast.parse(call, mode="eval").body
    except SyntaxError:
        return {}
    found = node.keywords if isinstance(node, ast.Call) else []
    return {item.arg: ast.unparse(item.value) for item in found if item.arg in names}


def _unquoted(text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
    return value if isinstance(value, str) else text
