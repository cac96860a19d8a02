"""Views of the factories: one module for each module of models."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass

from sdkpress.annotations import Annotator
from sdkpress.model import (
    AnySchema,
    Api,
    EnumSchema,
    ObjectSchema,
    SchemaId,
    StringSchema,
    UnionSchema,
)
from sdkpress.naming import Names
from sdkpress.naming.words import RESERVED, safe, snake, unique
from sdkpress.text import literal
from sdkpress.views.derived import DerivedSchemas
from sdkpress.views.models import ModelView, ModuleView

__all__ = ["FactoryModuleView", "FactoryView", "factory_modules"]

_RESERVED = RESERVED | {*dir(builtins), "annotations", "datetime", "decimal", "factory", "uuid"}
"""Names that the modules use themselves, types in annotations among them."""

_NAMED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![.\w])([A-Za-z_]\w*)""")
"""A string, or else a name that an annotation takes from its scope."""

_MODULES = {
    "builtins": "builtins",
    "datetime": "datetime",
    "decimal": "decimal",
    "uuid": "uuid",
    "_datetime": "datetime as _datetime",
    "_decimal": "decimal as _decimal",
    "_uuid": "uuid as _uuid",
}
"""What to import for a name in an annotation."""


@dataclass(frozen=True, slots=True)
class FactoryView:
    """A factory: `arguments` are those of its model, one to a line and each with its default."""

    name: str
    model: str
    decorator: str
    """What stands between its brackets, one argument to a line where it is long."""
    arguments: str


@dataclass(frozen=True, slots=True)
class FactoryModuleView:
    """One module of factories, and the names that its signatures mention."""

    name: str
    standard_modules: tuple[str, ...]
    typing_names: tuple[str, ...]
    models: tuple[str, ...]
    factories: tuple[FactoryView, ...]

    @property
    def has_arguments(self) -> bool:
        """Whether a signature needs the default of arguments."""
        return any(item.arguments for item in self.factories)


def factory_modules(
    api: Api,
    names: Names,
    annotator: Annotator,
    modules: tuple[ModuleView, ...],
    derived: DerivedSchemas,
) -> tuple[FactoryModuleView, ...]:
    """The modules of factories, by name; a module of models without a class has none."""
    ids = {name: id for id, name in names.schemas.items()}
    known = frozenset(ids)
    functions = _function_names(modules, known)
    tags = _tags(api)
    found: list[FactoryModuleView] = []
    for module in modules:
        if not module.models:
            continue
        factories: list[FactoryView] = []
        for model in module.models:
            id = ids[model.name]
            factories.append(
                FactoryView(
                    functions[model.name],
                    model.name,
                    _decorator(
                        model.name,
                        derived.reference(id),
                        annotator.is_input(id),
                        tags.get(id),
                    ),
                    _arguments(model),
                )
            )
        texts = (field.annotation for model in module.models for field in model.fields)
        mentioned = set(_NAMED.findall("\n".join(set(texts))))
        found.append(
            FactoryModuleView(
                module.name,
                tuple(sorted(_MODULES[name] for name in mentioned & _MODULES.keys())),
                tuple(sorted(mentioned & {"Any", "Literal"})),
                tuple(sorted((mentioned & known).union(model.name for model in module.models))),
                tuple(factories),
            )
        )
    return tuple(found)


def _function_names(modules: tuple[ModuleView, ...], known: frozenset[str]) -> dict[str, str]:
    """Names of factories by class: `ChatCompletion` -> `chat_completion`.

    They are unlike each other and unlike all classes, for not every script has small letters.
    """
    reserved = _RESERVED | known
    taken: set[str] = set()
    found: dict[str, str] = {}
    for model in sorted(model.name for module in modules for model in module.models):
        name = unique(safe(snake(model), reserved), taken)
        taken.add(name)
        found[model] = name
    return found


def _tags(api: Api) -> dict[SchemaId, tuple[str, str]]:
    """What a union asks of its members: the property that tells them apart, and its value.

    Members that have a constant there say so themselves.
    """
    found: dict[SchemaId, tuple[str, str]] = {}
    for schema in api.schemas.values():
        if not isinstance(schema, UnionSchema) or schema.discriminator is None:
            continue
        name = schema.discriminator.property
        for value, index in schema.discriminator.mapping:
            id = schema.options[index].schema
            option = api.schemas[id]
            # The name of the schema always stands for it; the mapping may have a better one.
            is_implied = id.endswith(f"/{value}")
            if (id in found and is_implied) or not isinstance(option, ObjectSchema):
                continue
            if id in found and not id.endswith(f"/{found[id][1]}"):
                continue
            for member in option.properties:
                if member.name == name and isinstance(api.schema(member.type), _OPEN):
                    found[id] = (name, value)
    return found


_OPEN = (AnySchema, EnumSchema, StringSchema)


def _decorator(model: str, reference: str, is_input: bool, tag: tuple[str, str] | None) -> str:
    arguments = [literal(model), literal(reference)]
    if is_input:
        arguments.append("is_input=True")
    if tag is not None:
        arguments.append(f"tag=({literal(tag[0])}, {literal(tag[1])})")
    written = ", ".join(arguments)
    if len(written) + len("@factory()") <= 100:
        return written
    # Broken here, for it is frequent, and looking for the place costs more.
    return "\n" + "".join(f"    {item},\n" for item in arguments)


def _arguments(model: ModelView) -> str:
    """The arguments of a factory, each on a line of its own, indented and with a comma."""
    lines: list[str] = []
    for field in model.fields:
        annotation = field.annotation
        if annotation.startswith("Maybe["):
            annotation = f"{annotation[6:-1]} | None"
        lines.append(f"    {field.name}: {annotation} = MADE,")
    return "\n".join(lines)
