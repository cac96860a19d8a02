"""Views of the fake server: the operations of the client as a tree of scripts, typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import ContentKind
from sdkpress.model import Api, Content, Operation, Parameter, TypeUse
from sdkpress.naming import Names, operation_key
from sdkpress.naming.words import pascal, snake, unique
from sdkpress.text import literal
from sdkpress.views.arguments import join_unions
from sdkpress.views.facts import wire_location
from sdkpress.views.models import qualify, used_modules
from sdkpress.views.operations import OperationView
from sdkpress.views.resources import ResourceView, module_name
from sdkpress.views.results import ResultWriter, plain_contents, successful

__all__ = ["FakeGroupView", "FakeModuleView", "FakeScriptView", "fake_modules"]

ATTRIBUTES = frozenset(
    {
        "assert_all_used", "async_client", "check", "client", "close", "document", "failures",
        "is_recording", "on_exchange", "operation_nodes", "operation_of", "operations",
        "own_credential", "requests", "reset", "respond", "respond_to", "script", "serve", "unused",
    }
)  # fmt: skip
"""The public attributes of every fake server; a resource of such a name gets an underscore."""

_SCOPE = frozenset(
    {"Any", "Literal", "Parameters", "Received", "Script", "Scripts", "StreamScript", "models"}
)


@dataclass(frozen=True, slots=True)
class FakeScriptView:
    """The script of one operation, and the class of its requests.

    `parameters` are names and annotations of what `parameters_class` (empty for none) has;
    `names` says, as Python source, which are called otherwise in the document.
    """

    method: str
    dotted: str
    key: str
    annotation: str
    request_class: str
    body: str
    parameters_class: str
    parameters: tuple[tuple[str, str], ...]
    names: str


@dataclass(frozen=True, slots=True)
class FakeGroupView:
    """A resource: its scripts, and its children by attribute and class."""

    dotted: str
    class_name: str
    scripts: tuple[FakeScriptView, ...]
    children: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FakeModuleView:
    """A resource of the client with all that is below it; `groups` has children before parents."""

    name: str
    attribute: str
    resource: str
    groups: tuple[FakeGroupView, ...]
    standard_modules: tuple[str, ...]
    typing_names: tuple[str, ...]
    scope: tuple[str, ...]
    models_alias: str
    uses_models: bool

    @property
    def has_children(self) -> bool:
        """Whether a group is below another one."""
        return any(group.children for group in self.groups)

    @property
    def class_name(self) -> str:
        """The class of the resource itself."""
        return self.groups[-1].class_name

    @property
    def scripts(self) -> tuple[FakeScriptView, ...]:
        """All scripts of the module."""
        return tuple(script for group in self.groups for script in group.scripts)


def fake_modules(
    api: Api,
    names: Names,
    annotator: Annotator,
    resources: tuple[ResourceView, ...],
    clients: tuple[str, ...],
) -> tuple[FakeModuleView, ...]:
    """One module for each resource of the client itself; `clients` are the names of both clients."""
    operations: dict[tuple[str, ...], list[Operation]] = {}
    for operation in api.operations:
        place = names.operations[operation_key(operation)]
        operations.setdefault(place.resource, []).append(operation)
    by_root: dict[str, list[ResourceView]] = {}
    for resource in resources:
        by_root.setdefault(resource.path[0], []).append(resource)
    # The fake server imports the class of every root.
    taken = {*_SCOPE, *clients}
    found: list[FakeModuleView] = []
    for root, listed in by_root.items():
        builder = _ModuleBuilder(names, annotator, taken)
        found.append(builder.module(root, listed, operations))
        taken.add(found[-1].class_name)
    return tuple(found)


class _ModuleBuilder:
    """Makes the view of one module."""

    def __init__(self, names: Names, annotator: Annotator, taken: set[str]) -> None:
        self._names = names
        self._annotator = annotator
        self._imports = Imports()
        self._taken = set(taken)
        self._prefix = "models."

    def module(
        self,
        root: str,
        resources: list[ResourceView],
        operations: dict[tuple[str, ...], list[Operation]],
    ) -> FakeModuleView:
        # An attribute of a class hides the module for the annotations of the class.
        attributes = {view.method for one in resources for view in one.operations}
        attributes |= {child.attribute for one in resources for child in one.children}
        attributes |= {
            item.docs.name or snake(item.name)
            for one in resources
            for operation in operations.get(one.path, ())
            for item in operation.parameters
        }
        if "models" in attributes:
            self._prefix = "_models."
        classes = {one.path: self._class(one.path, "", "Scripts") for one in resources}
        groups = [
            self._group(one, operations.get(one.path, []), classes) for one in reversed(resources)
        ]
        scripts = [script for group in groups for script in group.scripts]
        annotations = [text for one in scripts for text in (one.annotation, one.body)]
        annotations += [text for one in scripts for _, text in one.parameters]
        text = "\n".join(annotations)
        scope = {"Scripts"} if groups else set[str]()
        scope |= {"Parameters", "Received"} if scripts else set()
        scope |= {one.annotation.partition("[")[0] for one in scripts}
        return FakeModuleView(
            name=module_name(root),
            attribute=f"{root}_" if root in ATTRIBUTES else root,
            resource=root,
            groups=tuple(groups),
            standard_modules=tuple(sorted(used_modules(self._imports.modules, text))),
            typing_names=tuple(
                name for name in ("Any", "Literal") if re.search(rf"\b{name}\b", text)
            ),
            scope=tuple(sorted(scope)),
            models_alias=" as _models" if self._prefix != "models." else "",
            uses_models=self._prefix in text,
        )

    def _class(self, path: tuple[str, ...], method: str, suffix: str) -> str:
        wanted = f"{pascal('_'.join((*path, method)).strip('_'))}{suffix}"
        name = unique(wanted, self._taken)
        self._taken.add(name)
        return name

    def _group(
        self,
        resource: ResourceView,
        operations: list[Operation],
        classes: dict[tuple[str, ...], str],
    ) -> FakeGroupView:
        hidden = {view.method for view in resource.operations}
        hidden |= {child.attribute for child in resource.children}
        scripts = tuple(
            self._script(operation, view, hidden)
            for operation, view in zip(operations, resource.operations, strict=True)
        )
        children = tuple(
            (child.attribute, classes[*resource.path, child.attribute])
            for child in resource.children
        )
        return FakeGroupView(resource.dotted, classes[resource.path], scripts, children)

    def _script(
        self, operation: Operation, view: OperationView, hidden: set[str]
    ) -> FakeScriptView:
        place = self._names.operations[operation_key(operation)]
        request_class = self._class(place.resource, place.method, "Request")
        parameters, names = self._parameters(operation, view)
        parameters_class = ""
        if parameters:
            parameters_class = self._class(place.resource, place.method, "Parameters")
        return FakeScriptView(
            method=place.method,
            dotted=place.dotted(),
            key=operation_key(operation),
            annotation=self._annotation(operation, request_class, hidden),
            request_class=request_class,
            body=self._body(operation),
            parameters_class=parameters_class,
            parameters=parameters,
            names=names,
        )

    def _annotation(self, operation: Operation, request_class: str, hidden: set[str]) -> str:
        results = ResultWriter(self._imports, self._output).results(
            operation, streams_by_choice=False
        )
        answer = join_unions(result.annotation for result in results)
        stream = operation.stream
        if stream is None:
            return qualify(f"Script[{answer}, {request_class}]", hidden)
        item = self._output(stream.item) if stream.item else self._any()
        final = self._output(stream.final) if stream.final else f"list[{item}]"
        if not any(plain_contents(response) for response in successful(operation)):
            answer = final
        elif stream.final:
            answer = join_unions((answer, final))
        return qualify(f"StreamScript[{answer}, {item}, {request_class}]", hidden)

    def _body(self, operation: Operation) -> str:
        if operation.body is None or not operation.body.contents:
            return "None"
        parts = [self._content(content) for content in operation.body.contents]
        if not operation.body.is_required:
            parts.append("None")
        return join_unions(parts)

    def _content(self, content: Content) -> str:
        match content.kind:
            case ContentKind.JSON | ContentKind.FORM if content.type and not content.is_item:
                return self._output(content.type)
            case ContentKind.JSON:
                return self._any()
            case ContentKind.TEXT | ContentKind.SSE:
                return "str"
            case ContentKind.FORM | ContentKind.MULTIPART:
                return f"dict[str, {self._any()}]"
            case _:
                return "bytes"

    def _parameters(
        self, operation: Operation, view: OperationView
    ) -> tuple[tuple[tuple[str, str], ...], str]:
        """Names and annotations, and what is called otherwise in the document."""
        if not operation.parameters:
            return (), ""
        arguments = {(item.location, item.wire_name): item.name for item in view.arguments}
        names = [arguments[wire_location(item), item.name] for item in operation.parameters]
        hidden = set(names)
        wires = [item.name for item in operation.parameters]
        fields: list[tuple[str, str]] = []
        renames: list[str] = []
        for name, parameter in zip(names, operation.parameters, strict=True):
            fields.append((name, qualify(self._parameter(parameter), hidden)))
            if wires.count(parameter.name) > 1:
                place = f"({literal(parameter.location)}, {literal(parameter.name)})"
                renames.append(f"{literal(name)}: {place}")
            elif name != parameter.name:
                renames.append(f"{literal(name)}: {literal(parameter.name)}")
        return tuple(fields), f"{{{', '.join(renames)}}}" if renames else ""

    def _parameter(self, parameter: Parameter) -> str:
        annotation = self._output(parameter.type)
        return annotation if parameter.is_required else join_unions((annotation, "None"))

    def _output(self, use: TypeUse) -> str:
        return self._annotator.output(use, self._imports, self._prefix)

    def _any(self) -> str:
        self._imports.typing.add("Any")
        return "Any"
