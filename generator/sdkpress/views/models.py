"""Views of model modules: classes, aliases and the TypedDicts of plain-dict input."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sdkpress.annotations import Annotator, Imports
from sdkpress.model import (
    Api,
    Docs,
    EnumSchema,
    ObjectSchema,
    SchemaId,
    UnionSchema,
)
from sdkpress.naming import Names
from sdkpress.records import Struct
from sdkpress.text import describe, docstring, literal, paragraphs


class FieldView(Struct, frozen=True):
    """One attribute: `name: annotation = default`, and its docstring."""

    name: str
    annotation: str
    default: str
    doc: str


class ModelView(Struct, frozen=True):
    name: str
    doc: str
    renames: str
    fields: tuple[FieldView, ...]
    read_only: str = ""
    """The names in JSON of what is left out of requests, as a tuple; empty where there is none."""


class AliasView(Struct, frozen=True):
    """A name for a type: what type checkers see, and the expression at run time."""

    name: str
    definition: str
    expression: str
    doc: str


@dataclass(frozen=True, slots=True)
class ParamView:
    """A TypedDict; `is_functional` where a key is no identifier."""

    name: str
    doc: str
    keys: tuple[FieldView, ...]
    is_functional: bool


@dataclass(frozen=True, slots=True)
class ModuleView:
    """One module of models or of TypedDicts."""

    name: str
    typing_names: tuple[str, ...]
    abc_names: tuple[str, ...]
    standard_modules: tuple[str, ...]
    imports: tuple[tuple[str, tuple[str, ...]], ...]
    uses_union: bool
    uses_alias: bool
    models: tuple[ModelView, ...]
    aliases: tuple[AliasView, ...]
    params: tuple[ParamView, ...]
    param_aliases: tuple[AliasView, ...]
    uses_maybe: bool = False
    uses_absent: bool = False

    @property
    def exports(self) -> tuple[str, ...]:
        """Names that the module defines for the public."""
        names = [view.name for view in self.models]
        names += [view.name for view in self.params]
        names += [view.name for view in (*self.aliases, *self.param_aliases)]
        return tuple(sorted(names))


def model_modules(
    api: Api, names: Names, annotator: Annotator, modules: dict[SchemaId, str]
) -> tuple[ModuleView, ...]:
    """The modules of classes and aliases, by name."""
    found: list[ModuleView] = []
    for module, ids in _by_module(modules, modules, names):
        imports = Imports()
        models: list[ModelView] = []
        aliases: list[AliasView] = []
        for id in ids:
            schema = api.schemas[id]
            if isinstance(schema, ObjectSchema):
                models.append(_model(schema, names, annotator, imports))
            else:
                aliases.append(_alias(api, id, names, annotator, imports))
        imports.typing.update({"TYPE_CHECKING"} if aliases else ())
        annotations = " ".join(field.annotation for item in models for field in item.fields)
        expressions = " ".join(f"{item.expression} {item.definition}" for item in aliases)
        imports.modules = used_modules(imports.modules, f"{annotations} {expressions}")
        found.append(
            ModuleView(
                name=module,
                typing_names=tuple(sorted(imports.typing)),
                abc_names=(),
                standard_modules=tuple(sorted(imports.modules)),
                imports=_imports(imports.schemas, {}, names, modules, module),
                uses_union="union(" in expressions,
                uses_alias="alias(" in expressions,
                models=tuple(models),
                aliases=tuple(aliases),
                params=(),
                param_aliases=(),
                uses_maybe=any("Maybe[" in field.annotation for m in models for field in m.fields),
                uses_absent=any(field.default for m in models for field in m.fields),
            )
        )
    return tuple(found)


def _by_module(
    ids: Iterable[SchemaId], modules: dict[SchemaId, str], names: Names
) -> list[tuple[str, list[SchemaId]]]:
    """The ids of each module in the order of their names, by module."""
    found: dict[str, list[SchemaId]] = {}
    for id in sorted(ids, key=lambda id: names.schemas[id]):
        found.setdefault(modules[id], []).append(id)
    return sorted(found.items())


def param_modules(
    api: Api,
    names: Names,
    annotator: Annotator,
    modules: dict[SchemaId, str],
    params: frozenset[SchemaId],
) -> tuple[ModuleView, ...]:
    """The modules of TypedDicts, one beside each module of models that needs it."""
    found: list[ModuleView] = []
    for module, ids in _by_module(params, modules, names):
        imports = Imports()
        views: list[ParamView] = []
        aliases: list[AliasView] = []
        for id in ids:
            schema = api.schemas[id]
            name = f"{names.schemas[id]}Param"
            if isinstance(schema, ObjectSchema):
                views.append(_param(schema, name, annotator, imports))
            else:
                definition = annotator.param_definition(id, imports)
                doc = docstring([f"What {names.schemas[id]} accepts as input."], 4)
                aliases.append(AliasView(name, literal(definition), "object", doc))
        if views:
            imports.typing.add("TypedDict")
        annotations = " ".join(key.annotation for view in views for key in view.keys)
        definitions = " ".join(alias.definition for alias in aliases)
        imports.modules = used_modules(imports.modules, f"{annotations} {definitions}")
        found.append(
            ModuleView(
                name=f"{module}_params",
                typing_names=tuple(sorted(imports.typing)),
                abc_names=tuple(sorted(imports.abc)),
                standard_modules=tuple(sorted(imports.modules)),
                imports=_imports(
                    imports.schemas, imports.params, names, modules, f"{module}_params"
                ),
                uses_union=False,
                uses_alias=False,
                models=(),
                aliases=(),
                params=tuple(views),
                param_aliases=tuple(aliases),
            )
        )
    return tuple(found)


def _imports(
    schemas: dict[SchemaId, None],
    params: dict[SchemaId, None],
    names: Names,
    modules: dict[SchemaId, str],
    own: str,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    wanted: dict[str, set[str]] = {}
    for id in schemas:
        wanted.setdefault(modules[id], set()).add(names.schemas[id])
    for id in params:
        wanted.setdefault(f"{modules[id]}_params", set()).add(f"{names.schemas[id]}Param")
    return tuple(
        (module, tuple(sorted(listed)))
        for module, listed in sorted(wanted.items())
        if module != own
    )


def _model(schema: ObjectSchema, names: Names, annotator: Annotator, imports: Imports) -> ModelView:
    attributes = names.properties[schema.id]
    fields: list[FieldView] = []
    renames: list[str] = []
    for member, attribute in zip(schema.properties, attributes, strict=True):
        if attribute != member.name:
            renames.append(f"{literal(attribute)}: {literal(member.name)}")
        # What only a request carries is absent from an answer, required or not.
        is_required = member.is_required and not member.write_only
        annotation = annotator.output(member.type, imports)
        plain = annotation == "Any" or annotation.endswith("| None") or annotation == "None"
        if not is_required and not plain:
            annotation = f"Maybe[{annotation}]"
        fields.append(
            FieldView(
                attribute,
                annotation,
                "" if is_required else " = ABSENT",
                docstring(_field_doc(member.docs), 4),
            )
        )
    fields = _unshadowed(fields)
    read_only = tuple(member.name for member in schema.properties if member.read_only)
    doc = describe("", schema.docs.description or schema.docs.title) or [
        f"{names.schemas[schema.id]}."
    ]
    return ModelView(
        names.schemas[schema.id],
        docstring(doc, 4),
        "{" + ", ".join(renames) + "}" if renames else "",
        tuple(fields),
        _tuple(read_only) if annotator.is_input(schema.id) else "",
    )


def _tuple(names: tuple[str, ...]) -> str:
    """A tuple of strings as Python source, empty for none."""
    listed = ", ".join(literal(name) for name in names)
    return f"({listed}{',' if len(names) == 1 else ''})" if names else ""


def _field_doc(docs: Docs) -> list[str]:
    lines = paragraphs(docs.description or docs.title)
    if docs.deprecated:
        reason = f"Deprecated: {docs.deprecation}" if docs.deprecation else "Deprecated."
        lines = [*lines, *([""] if lines else []), *paragraphs(reason)]
    return lines


BUILTIN_TYPES = frozenset(
    {"int", "str", "float", "bool", "bytes", "list", "dict", "tuple", "object"}
)
"""Builtin types that generated annotations name."""


def _unshadowed(fields: list[FieldView]) -> list[FieldView]:
    """An attribute called `list` hides the type of that name from the annotations behind it."""
    hidden = {field.name for field in fields}
    if hidden.isdisjoint(_HIDEABLE):
        return fields
    return [
        FieldView(field.name, qualify(field.annotation, hidden), field.default, field.doc)
        for field in fields
    ]


_MODULES = ("datetime", "decimal", "uuid")
_HIDEABLE = BUILTIN_TYPES.union(_MODULES)


_NAMED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![.\w])([A-Za-z_]\w*)""")
"""A string, or else a name that an annotation takes from its scope."""


def _hides_a_type(keys: list[FieldView]) -> bool:
    """Whether a key has the name of a type in an annotation, and no other name for it is known."""
    names = {key.name for key in keys} - BUILTIN_TYPES - set(_MODULES)
    return any(not names.isdisjoint(_NAMED.findall(key.annotation)) for key in keys)


def qualify(annotation: str, hidden: set[str]) -> str:
    """Types that a scope hides, by other names: `list[str]` -> `builtins.list[str]`."""
    if hidden.isdisjoint(_HIDEABLE):
        return annotation

    def replacement(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        return f"_{found[2]}" if found[2] in _MODULES else f"builtins.{found[2]}"

    return _pattern(_HIDEABLE & hidden).sub(replacement, annotation)


@lru_cache(maxsize=256)
def _pattern(hidden: frozenset[str]) -> re.Pattern[str]:
    """Finds hidden types in an annotation, and strings, in which there are none."""
    names = "|".join(rf"{name}(?=\.)" if name in _MODULES else name for name in sorted(hidden))
    return re.compile(rf"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![.\w])({names})\b""")


def used_modules(modules: set[str], text: str) -> set[str]:
    """Imports that a text needs: those it still names, `builtins`, `uuid as _uuid`."""
    found = {"builtins"} if "builtins." in text else set[str]()
    found |= {
        name for name in modules if f"{name}." in text and re.search(rf"(?<![.\w]){name}\.", text)
    }
    return found | {f"{name} as _{name}" for name in _MODULES if f"_{name}." in text}


def _alias(
    api: Api, id: SchemaId, names: Names, annotator: Annotator, imports: Imports
) -> AliasView:
    schema = api.schemas[id]
    name = names.schemas[id]
    doc = docstring(describe("", schema.docs.description or schema.docs.title), 4)
    definition = annotator.definition(id, imports)
    if isinstance(schema, EnumSchema):
        kinds = dict.fromkeys(
            "bool" if isinstance(v, bool) else "str" if isinstance(v, str) else "int"
            for v in schema.values
        )
        return AliasView(name, definition, " | ".join(kinds), doc)
    if isinstance(schema, UnionSchema):
        members = [annotator.output(option, imports) for option in schema.options]
        distinct = list(dict.fromkeys(members))
        listed = ", ".join(distinct) + ("," if len(distinct) == 1 else "")
        arguments = [literal(name), f"lambda: ({listed})"]
        if schema.discriminator is not None:
            arguments.append(f"tag={literal(schema.discriminator.property)}")
            pairs = ", ".join(
                f"{literal(value)}: {distinct.index(members[index])}"
                for value, index in schema.discriminator.mapping
            )
            if pairs:
                arguments.append(f"mapping={{{pairs}}}")
            default = schema.discriminator.default
            if default is not None:
                arguments.append(f"default={distinct.index(members[default])}")
        return AliasView(name, literal(definition), f"union({', '.join(arguments)})", doc)
    expression = f"alias({literal(name)}, lambda: {definition})"
    return AliasView(name, literal(definition), expression, doc)


def _param(schema: ObjectSchema, name: str, annotator: Annotator, imports: Imports) -> ParamView:
    keys: list[FieldView] = []
    # A TypedDict cannot have a key without a name; `options={"body": …}` can send one.
    members = [member for member in schema.properties if member.name and not member.read_only]
    for member in members:
        annotation = annotator.input(member.type, imports)
        if member.is_required:
            imports.typing.add("Required")
            annotation = f"Required[{annotation}]"
        doc = docstring(_field_doc(member.docs), 4)
        keys.append(FieldView(member.name, annotation, "", doc))
    functional = any(
        not key.name.isidentifier()
        or keyword.iskeyword(key.name)
        or key.name.startswith("__")
        or not key.name.isascii()
        for key in keys
    ) or _hides_a_type(keys)
    if functional:
        keys = [FieldView(literal(key.name), literal(key.annotation), "", key.doc) for key in keys]
    else:
        keys = _unshadowed(keys)
    lines = describe("", schema.docs.description or schema.docs.title) or [f"{name}."]
    doc_of_all = docstring(lines, 0 if functional else 4)
    return ParamView(name, doc_of_all, tuple(keys), functional)
