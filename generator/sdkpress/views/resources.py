"""Views of resources: one module each, with its operations and children."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sdkpress.annotations import Annotator, Imports
from sdkpress.model import Api, Operation
from sdkpress.naming import Names, operation_key
from sdkpress.naming.former import FormerNames, FormerOperation
from sdkpress.naming.words import pascal
from sdkpress.views.former import AliasView, RemovedView, alias_view, removed_view
from sdkpress.views.models import BUILTIN_TYPES, used_modules
from sdkpress.views.operations import OperationBuilder, OperationView

_MODULE_NAMES = BUILTIN_TYPES | {
    "annotations", "builtins", "datetime", "decimal", "deprecated", "models", "overload", "self",
    "uuid", "warn_deprecated",
}  # fmt: skip
"""Names that a module of operations uses: a submodule of that name would hide one."""


_BASES = frozenset({"Sync", "Async"})
"""The base classes of resources, called as resources are."""

_FACTS = (
    "Answer",
    "Content",
    "Fold",
    "Operation",
    "Pagination",
    "Parameter",
    "Property",
    "StreamAnswer",
)


_NO_FORMER = FormerNames()


@dataclass(frozen=True, slots=True)
class ChildView:
    """A resource below another one."""

    attribute: str
    class_name: str
    module: str


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource: its classes, operations and children; `dots` leads up to the package."""

    path: tuple[str, ...]
    class_name: str
    dots: str
    is_package: bool
    operations: tuple[OperationView, ...]
    children: tuple[ChildView, ...]
    abc_names: tuple[str, ...]
    typing_names: tuple[str, ...]
    standard_modules: tuple[str, ...]
    runtime_modules: tuple[str, ...]
    runtime_typing: tuple[str, ...]
    operation_names: tuple[str, ...]
    uses_unset: bool
    uses_unset_type: bool
    uses_overload: bool
    uses_deprecated: bool
    uses_files: bool
    request_names: tuple[str, ...]
    has_streams: bool
    has_pages: bool
    models_alias: str
    uses_models: bool
    aliases: tuple[AliasView, ...] = ()
    removed: tuple[RemovedView, ...] = ()

    @property
    def has_methods(self) -> bool:
        """Whether there is something to call, be it under a former name."""
        return bool(self.operations or self.aliases or self.removed)

    @property
    def has_requests(self) -> bool:
        """Whether there are request builders."""
        return bool(self.operations or self.aliases)

    @property
    def module(self) -> str:
        """Path of the module below `resources`, without ending: `chat/completions`."""
        return _module(self.path)

    @property
    def dotted(self) -> str:
        """`chat.completions`."""
        return ".".join(self.path)


def _module(path: tuple[str, ...]) -> str:
    return "/".join(module_name(part) for part in path)


def module_name(part: str) -> str:
    """Name of the module of a resource: `models` -> `models_`."""
    return f"{part}_" if part in _MODULE_NAMES else part


def living(resources: tuple[ResourceView, ...]) -> tuple[ResourceView, ...]:
    """The resources that have operations, they or what is below them, without former names."""
    paths = {
        view.path[:end]
        for view in resources
        if view.operations
        for end in range(1, len(view.path) + 1)
    }
    return tuple(
        replace(
            view,
            aliases=(),
            removed=(),
            children=tuple(
                child for child in view.children if (*view.path, child.attribute) in paths
            ),
        )
        for view in resources
        if view.path in paths
    )


def resource_views(
    api: Api, names: Names, annotator: Annotator, former: FormerNames = _NO_FORMER
) -> tuple[ResourceView, ...]:
    """All resources, parents before children."""
    operations: dict[tuple[str, ...], list[Operation]] = {}
    for operation in api.operations:
        place = names.operations[operation_key(operation)]
        for end in range(1, len(place.resource)):
            operations.setdefault(place.resource[:end], [])
        operations.setdefault(place.resource, []).append(operation)
    former_below: dict[tuple[str, ...], list[FormerOperation]] = {}
    for item in former.operations:
        for end in range(1, len(item.place.resource) + 1):
            operations.setdefault(item.place.resource[:end], [])
        former_below.setdefault(item.place.resource, []).append(item)
    paths = sorted(operations)
    class_names = _class_names(paths)
    below: dict[tuple[str, ...], list[tuple[str, ...]]] = {path: [] for path in paths}
    for path in paths:
        below.setdefault(path[:-1], []).append(path)
    found: list[ResourceView] = []
    for path in paths:
        children = below[path]
        gone = former_below.get(path, [])
        found.append(
            _resource(api, names, annotator, path, operations[path], children, class_names, gone)
        )
    return tuple(found)


def _class_names(paths: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """What the classes of each resource are called, without `Async` before and `Resource` behind.

    A module has the classes of its resource and of the children: all of them have to differ,
    `async_jobs` beside `jobs` and a child `sync` beside the base class of every resource too.
    """
    found: dict[tuple[str, ...], str] = {}
    taken: dict[tuple[str, ...], set[str]] = {}

    def is_free(name: str, *modules: set[str]) -> bool:
        return all(module.isdisjoint((name, f"Async{name}")) for module in modules)

    # Parents before children; what may look like the class of another one comes last.
    for path in sorted(paths, key=lambda path: (len(path), path[-1].startswith("async"), path)):
        own = taken.setdefault(path, set(_BASES))
        above = taken.setdefault(path[:-1], set(_BASES))
        wanted = pascal(path[-1])
        longer = (pascal("_".join(path[start:])) for start in range(len(path) - 2, -1, -1))
        numbered = (f"{wanted}Group{number}" for number in itertools.count(2))
        candidates = itertools.chain((wanted,), longer, (f"{wanted}Group",), numbered)
        name = next(item for item in candidates if is_free(item, own, above))
        found[path] = name
        own |= {name, f"Async{name}"}
        above |= {name, f"Async{name}"}
    return found


def _aliases(
    api: Api,
    names: Names,
    builder: OperationBuilder,
    path: tuple[str, ...],
    class_names: dict[tuple[str, ...], str],
    former: list[FormerOperation],
) -> Iterator[AliasView]:
    """The former names of living operations that stay in the resource at `path`."""
    by_key = {operation_key(item): item for item in api.operations} if former else {}
    for item in former:
        if item.key:
            present = names.operations[item.key]
            module = "" if present.resource == path else _module(present.resource)
            view = builder.operation(by_key[item.key], set(), has_facts=False)
            class_name = f"{class_names[present.resource]}Requests"
            yield alias_view(view, item.place.dotted(), present.dotted(), class_name, module)


def _resource(
    api: Api,
    names: Names,
    annotator: Annotator,
    path: tuple[str, ...],
    operations: list[Operation],
    children: list[tuple[str, ...]],
    class_names: dict[tuple[str, ...], str],
    former: list[FormerOperation],
) -> ResourceView:
    imports = Imports()
    hidden = {names.operations[operation_key(item)].method for item in operations}
    hidden |= {child[-1] for child in children}
    hidden |= {item.place.method for item in former}
    builder = OperationBuilder(api, names, annotator, imports, hidden)
    taken: set[str] = set()
    views: list[OperationView] = []
    for operation in operations:
        view = builder.operation(operation, taken)
        taken.add(view.constant)
        views.append(view)
    aliases = list(_aliases(api, names, builder, path, class_names, former))
    removed = [removed_view(item.place.dotted(), item.note) for item in former if not item.key]
    facts = "\n".join("\n".join(view.facts) for view in views)
    used = tuple(
        name
        for name in _FACTS
        if re.search(rf"\b{name}\(", facts) or (name == "Operation" and views)
    )
    # What stands in this module in the end: the aliases look like operations to what follows.
    own, views = views, [*views, *(alias.operation for alias in aliases)]
    signatures = [s for view in views for s in (*view.signatures, view.implementation)]
    text = "\n".join(
        "\n".join((*s.positional, *s.keyword, s.returns, s.async_returns, s.request))
        for s in signatures
    )
    text = "\n".join((text, *(view.values for view in views)))
    if any(len(view.signatures) > 1 or view.choices for view in views):
        imports.typing.add("Literal")
    if any(view.is_wide for view in views):
        imports.typing.add("Any")
    modules = used_modules(imports.modules, text)
    used_words = set(re.findall(r"\w+", text))
    if any(view.is_wide for view in views):
        used_words.add("Any")
    if removed:
        imports.typing.add("NoReturn")
        used_words.add("NoReturn")
    return ResourceView(
        path=path,
        class_name=class_names[path],
        dots="." * (len(path) + (2 if children else 1)),
        is_package=bool(children),
        operations=tuple(own),
        children=tuple(
            ChildView(child[-1], class_names[child], module_name(child[-1])) for child in children
        ),
        models_alias=" as _models" if "models" in hidden else "",
        uses_models="models." in facts + text,
        abc_names=tuple(sorted(imports.abc & used_words)),
        typing_names=tuple(sorted((imports.typing & used_words) - builder.runtime_imports.typing)),
        standard_modules=tuple(sorted(modules - builder.runtime_imports.modules)),
        runtime_modules=tuple(sorted(builder.runtime_imports.modules)),
        runtime_typing=tuple(sorted(builder.runtime_imports.typing)),
        operation_names=used,
        uses_unset="= UNSET" in text,
        uses_unset_type="UnsetType" in text,
        uses_overload=any(len(view.signatures) > 1 for view in views),
        uses_deprecated=bool(former) or any(view.is_deprecated for view in own),
        uses_files="FileInput" in text,
        request_names=tuple(
            sorted(
                {kind.name for view in views for kind in view.request_kinds}
                | {"NO_BODY" for view in own if "NO_BODY" in "".join(view.request_arguments)}
            )
        ),
        has_pages=any(view.is_paginated for view in views),
        has_streams=any("StreamRequest" in s.request for s in signatures),
        aliases=tuple(aliases),
        removed=tuple(removed),
    )
