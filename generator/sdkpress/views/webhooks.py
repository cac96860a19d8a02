"""The view of the module of webhooks: one function for each request that the API sends."""

from __future__ import annotations

from dataclasses import dataclass

from sdkpress.annotations import Annotator, Imports
from sdkpress.content import STREAM_KINDS, ContentKind
from sdkpress.lowering.webhooks import property_name
from sdkpress.model import (
    Api,
    ArraySchema,
    BooleanSchema,
    ConstSchema,
    Content,
    EnumSchema,
    IntegerSchema,
    NumberSchema,
    Parameter,
    SchemaId,
    TypeUse,
    Webhook,
)
from sdkpress.naming import Names
from sdkpress.naming.webhooks import parameter_readers
from sdkpress.text import describe, docstring, literal, markdown, one_line
from sdkpress.views.models import used_modules

_PREFIX = "models."
_LARGEST_UNION = 60
"""Type checkers give up on larger ones (pyright at 64); callers narrow an `object` all the same."""


@dataclass(frozen=True, slots=True)
class WebhookView:
    """One webhook: its constant, its facts and the function that parses its body."""

    name: str
    key: str
    constant: str
    function: str
    facts: tuple[str, ...]
    returns: str
    doc: str
    has_body: bool
    is_json: bool
    pointer: str
    senders: tuple[str, ...]
    address_text: str
    summary_text: str


@dataclass(frozen=True, slots=True)
class ReaderView:
    """A function that reads header fields or query parameters into a model."""

    function: str
    constant: str
    model: str
    fields: tuple[tuple[str, ...], ...]
    arguments: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class WebhooksView:
    """The module `webhooks`."""

    webhooks: tuple[WebhookView, ...]
    readers: tuple[ReaderView, ...]
    event: str
    members: tuple[str, ...]
    names_itself: bool
    standard_modules: tuple[str, ...]
    typing_names: tuple[str, ...]
    tag_path: tuple[str, ...]
    tag_words: str
    tag_text: str
    is_partial: bool
    exports: tuple[str, ...]

    @property
    def parsed(self) -> tuple[WebhookView, ...]:
        """The webhooks that have a body."""
        return tuple(item for item in self.webhooks if item.has_body)


def webhooks_view(api: Api, names: Names, annotator: Annotator) -> WebhooksView | None:
    """The view, or None for a document without webhooks and callbacks."""
    if not any(item.body or item.parameters for item in api.webhooks):
        return None
    imports = Imports()
    builder = _Builder(api, names, annotator, imports)
    views = tuple(builder.webhook(item) for item in api.webhooks)
    readers = builder.readers()
    returned = [item.returns for item in views if item.has_body]
    parts = dict.fromkeys(part for item in returned for part in item.split(" | "))
    event = "Any" if "Any" in parts else " | ".join(parts)
    if len(parts) > _LARGEST_UNION:
        event = "object"
    text = " ".join(returned)
    tagged = {view.returns for view, item in zip(views, api.webhooks, strict=True) if item.tags}
    functions = [item.function for item in views if item.has_body]
    exports = [*functions, *(item.function for item in readers)]
    if functions:
        exports += ["Event", "UnknownEvent", "parse"]
    return WebhooksView(
        webhooks=views,
        readers=readers,
        event=event,
        members=tuple(parts),
        names_itself=bool(api.webhook_tag) or len(functions) == 1,
        standard_modules=tuple(sorted(used_modules(imports.modules, text))),
        typing_names=tuple(sorted(imports.typing | {"TypeAlias"} if functions else imports.typing)),
        tag_path=api.webhook_tag,
        tag_words=one_line(".".join(api.webhook_tag)),
        tag_text=markdown(".".join(api.webhook_tag)),
        is_partial=any(item.has_body and item.returns not in tagged for item in views),
        exports=tuple(sorted(exports)),
    )


class _Builder:
    def __init__(self, api: Api, names: Names, annotator: Annotator, imports: Imports) -> None:
        self._api = api
        self._names = names
        self._annotator = annotator
        self._imports = imports
        self._readers = parameter_readers(api, names.webhooks)
        self._senders = {
            key: f"client.{place.dotted()}()" for key, place in names.operations.items()
        }

    def webhook(self, webhook: Webhook) -> WebhookView:
        name = self._names.webhooks[webhook.key]
        contents = webhook.body.contents if webhook.body else ()
        written = dict.fromkeys(
            part for content in contents for part in self._type(content).split(" | ")
        )
        returns = "Any" if "Any" in written else " | ".join(written)
        if "Any" in written:
            self._imports.typing.add("Any")
        facts = [f"name={literal(webhook.name)},"]
        if contents:
            facts.append("bodies=[")
            for content in contents:
                facts += [
                    "    Body(",
                    *(f"        {part}," for part in self._body(content)),
                    "    ),",
                ]
            facts.append("],")
        if webhook.tags:
            facts += ["tags=[", *(f"    {literal(tag)}," for tag in webhook.tags), "],"]
        senders = tuple(self._senders[key] for key in webhook.sent_by if key in self._senders)
        return WebhookView(
            name=name,
            key=one_line(webhook.name),
            constant=f"_{name.upper()}",
            function=f"parse_{name}",
            facts=tuple(facts),
            returns=returns,
            doc=docstring(self._doc(webhook, senders), 4),
            has_body=bool(contents),
            is_json=bool(contents) and contents[0].kind is ContentKind.JSON,
            pointer=contents[0].pointer if contents else "",
            senders=senders,
            address_text=markdown(webhook.address),
            summary_text=markdown(webhook.docs.summary),
        )

    def _doc(self, webhook: Webhook, senders: tuple[str, ...]) -> list[str]:
        lines = describe(webhook.docs.summary, webhook.docs.description)
        lines = lines or [f"The body of the {one_line(webhook.name)} request."]
        if senders:
            listed = ", ".join(senders[:3]) + (", …" if len(senders) > 3 else "")
            lines += ["", f"Sent on behalf of {listed} to `{one_line(webhook.address)}`."]
        if webhook.parameters_type is not None:
            reader = self._readers[webhook.parameters_type.schema]
            lines += ["", f"{reader}() reads what comes beside the body."]
        expected = [item.status for item in webhook.responses if item.status.startswith("2")]
        if expected:
            lines += ["", f"The sender expects the answer {' or '.join(expected)}."]
        return [*lines, "", "Raises WebhookError where the body cannot be read."]

    def _type(self, content: Content) -> str:
        match content.kind:
            case ContentKind.JSON | ContentKind.FORM if content.type is not None:
                if content.is_item:
                    return "Any"
                return self._annotator.output(content.type, self._imports, _PREFIX)
            case ContentKind.JSON | ContentKind.FORM:
                return "Any"
            case ContentKind.TEXT:
                return "str"
            case _:
                return "bytes"

    def _body(self, content: Content) -> list[str]:
        kind = "binary" if content.kind in STREAM_KINDS else str(content.kind.value)
        parts = [literal(content.media_type), literal(kind)]
        written = self._type(content)
        if kind in ("json", "form") and written != "Any":
            parts.append(f"lambda: {written}")
        return parts

    def readers(self) -> tuple[ReaderView, ...]:
        found: dict[SchemaId, ReaderView] = {}
        for webhook in self._api.webhooks:
            use = webhook.parameters_type
            if use is None or use.schema in found:
                continue
            function = self._readers[use.schema]
            locations = {item.location for item in webhook.parameters}
            arguments: list[str] = []
            if "header" in locations:
                arguments.append("headers")
            if "query" in locations:
                arguments.append("query")
            found[use.schema] = ReaderView(
                function=function,
                constant=f"_{function.removeprefix('read_').upper()}",
                model=self._annotator.output(TypeUse(use.schema), self._imports, _PREFIX),
                fields=tuple(self._field(item, webhook.parameters) for item in webhook.parameters),
                arguments=tuple(arguments),
                doc=docstring(
                    [f"The {' and '.join(_WORDS[item] for item in arguments)} of a request."], 4
                ),
            )
        return tuple(found.values())

    def _field(self, parameter: Parameter, parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
        key = property_name(parameter, parameters)
        parts = [literal(parameter.name), literal(parameter.location), literal(key)]
        kind, separator = self._kind(parameter)
        if kind != "string" or separator:
            parts.append(literal(kind))
        if separator:
            parts.append(literal(separator))
        return tuple(parts)

    def _kind(self, parameter: Parameter) -> tuple[str, str]:
        if parameter.media_type:
            return "json", ""
        schema = self._api.schema(parameter.type)
        if isinstance(schema, ArraySchema):
            separators = {"spaceDelimited": " ", "pipeDelimited": "|"}
            separator = separators.get(parameter.style, ",")
            if parameter.location == "query" and parameter.explode:
                separator = ""
            return f"{_scalar_kind(self._api, schema.items)}[]", separator
        return _scalar_kind(self._api, parameter.type), ""


_WORDS = {"headers": "header fields", "query": "query parameters"}


def _scalar_kind(api: Api, use: TypeUse) -> str:
    schema = api.schema(use)
    match schema:
        case IntegerSchema():
            return "integer"
        case NumberSchema():
            return "number"
        case BooleanSchema():
            return "boolean"
        case ConstSchema(value=value) | EnumSchema(values=(value, *_)):
            return "integer" if isinstance(value, int) else "string"
        case _:
            return "string"
