"""A generated package from the outside: importing all of it, and the operations its client has.

Nothing here knows the generator: what is looked at is what users have, the client's attributes,
its `*_request` builders and the requests that they return.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

__all__ = ["Endpoint", "cached_imports", "endpoints", "import_all", "plain_client"]

CHOICES = frozenset({"accept", "content_type", "options", "stream"})
"""Arguments that choose among forms of a call; the plain form is the one without them."""


class Marker:
    """Stands for the value of one argument, to see where it goes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of a client.

    `arguments` maps `(location, wire name)` to the name of the Python argument; location is
    `path`, `query`, `header`, `cookie` or `field`. `body` names the argument that is the body.
    """

    dotted: str
    method: str
    path: str
    build: Callable[..., Any]
    operation: Any
    arguments: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    body: str = ""

    @property
    def key(self) -> str:
        """`GET /pets/{id}`."""
        return f"{self.method} {self.path}"

    @property
    def positional(self) -> list[str]:
        """The positional arguments, in order."""
        kinds = inspect.signature(self.build).parameters.values()
        return [p.name for p in kinds if p.kind is not p.KEYWORD_ONLY]

    def call_on(self, client: object) -> Callable[..., Any]:
        """The method of a client."""
        found: Any = client
        for part in self.dotted.split("."):
            found = getattr(found, part)
        return found


def import_all(package: str) -> list[ModuleType]:
    """Import every module of a package and touch every name it exports. Raises what they raise."""
    root = importlib.import_module(package)
    found = [root]
    for item in pkgutil.walk_packages(root.__path__, f"{package}."):
        found.append(importlib.import_module(item.name))
    for module in found:
        for name in getattr(module, "__all__", ()):
            getattr(module, name)
    return found


def plain_client(package: ModuleType, name: str, **arguments: Any) -> Any:
    """A client with a credential for every security scheme."""
    made = getattr(package, name)
    known = {
        "self", "base_url", "timeout", "max_retries", "http_client", "proxy", "ssl_context",
        "unix_socket", "default_headers",
        "default_query", "strict", "hooks",
    }  # fmt: skip
    parameters = inspect.signature(made.__init__).parameters
    credentials: dict[str, Any] = {}
    for parameter in parameters.values():
        written = str(parameter.annotation)
        if parameter.name not in known and ("str" in written or "Callable" in written):
            credentials[parameter.name] = ("user", "test") if "tuple[" in written else "test"
    return made(**credentials, **arguments)


def endpoints(client: object) -> Iterator[Endpoint]:
    """The operations of a client, found by walking its resources."""
    yield from _walk(client, "", 0)


def _walk(node: object, prefix: str, depth: int) -> Iterator[Endpoint]:
    if depth > 40:
        raise RecursionError(f"resources do not end at {prefix}")
    for name in dir(type(node)):
        if name.startswith("__"):
            continue
        attribute = inspect.getattr_static(type(node), name)
        dotted = f"{prefix}.{name}" if prefix else name
        if name.endswith("_request") and isinstance(attribute, staticmethod):
            yield _endpoint(dotted.removesuffix("_request"), getattr(type(node), name))
        elif isinstance(attribute, property) and not name.startswith("_"):
            child = getattr(node, name)
            if "Resource" in " ".join(base.__name__ for base in type(child).__mro__):
                yield from _walk(child, dotted, depth + 1)


def _endpoint(dotted: str, build: Callable[..., Any]) -> Endpoint:
    parameters = inspect.signature(build).parameters.values()
    given = {
        p.name: Marker(p.name)
        for p in parameters
        if p.name not in CHOICES or p.name == "stream" or p.kind is not p.KEYWORD_ONLY
    }
    try:
        request = _built(build, parameters, given)
    except (TypeError, ValueError):
        # `accept` or `content_type` may be a parameter of the document after all.
        given = {p.name: Marker(p.name) for p in parameters if p.name != "options"}
        request = _built(build, parameters, given)
    arguments: dict[tuple[str, str], str] = {}
    for location, values in (
        ("path", request.path),
        ("query", request.query),
        ("header", request.headers),
        ("cookie", request.cookies),
    ):
        for wire, value in (values or {}).items():
            if isinstance(value, Marker):
                arguments[location, wire] = value.name
    body = ""
    if isinstance(request.body, dict):
        for wire, value in request.body.items():
            if isinstance(value, Marker):
                arguments["field", wire] = value.name
    elif isinstance(request.body, Marker):
        body = request.body.name
    operation = request.operation
    return Endpoint(dotted, operation.method, operation.path, build, operation, arguments, body)


def _built(build: Callable[..., Any], parameters: Any, given: dict[str, Marker]) -> Any:
    positional = [given[p.name] for p in parameters if p.kind is not p.KEYWORD_ONLY]
    keyword = {
        p.name: given[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY and p.name in given
    }
    return build(*positional, **keyword)


class _CachedLoader(SourceFileLoader):
    """Compiles a text that it has seen before only once: every client has the same runtime."""

    compiled: ClassVar[dict[bytes, Any]] = {}

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:  # type: ignore[override]
        known = self.compiled.get(bytes(data))
        return known if known is not None else super().source_to_code(data, path)


def cached_imports(work: Path, runtime: Path) -> None:
    """From now on, modules below `work` share the compiled runtime; no bytecode is written."""
    sys.dont_write_bytecode = True
    for file in sorted(runtime.rglob("*.py")):
        data = file.read_bytes()
        _CachedLoader.compiled[data] = compile(data, file.name, "exec", dont_inherit=True)
    finder = FileFinder.path_hook((_CachedLoader, [".py"]))

    def hook(path: str) -> Any:
        if not Path(path).is_relative_to(work):
            raise ImportError("not a generated client")
        return finder(path)

    sys.path_hooks.insert(0, hook)
