"""The parameters of an operation, compared: which there are, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdkpress.diffing.wire.comparison import Comparison
from sdkpress.diffing.wire.lifecycle import (
    Deprecation,
    Removal,
    SunsetChange,
    deprecation_of,
    is_deprecated,
    removal_of,
    sunset_change,
    sunset_text,
)
from sdkpress.diffing.wire.matching import Operation, placeholders
from sdkpress.diffing.wire.media_types import match_media_types
from sdkpress.diffing.wire.nodes import Node, Tree
from sdkpress.diffing.wire.roles import Role
from sdkpress.diffing.wire.schemas import compare_schemas
from sdkpress.diffing.wire.security import credential_parameters
from sdkpress.trees import is_mapping

__all__ = ["Serialization", "compare_parameters", "serialization"]

_IGNORED_HEADERS = ("accept", "content-type", "authorization")
"""OpenAPI 3.1, 4.8.12.2: parameters of these names are ignored."""

_DEFAULT_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}

_MAX_DEPTH = 4
"""How deep the members of unions are looked into for the kinds of values."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Parameter:
    item: Node
    """Where the operation or its path lists it, perhaps by a reference."""
    node: Node
    """Behind all references."""
    is_shared: bool
    """Whether it belongs to the path, for all of its operations."""

    @property
    def location(self) -> str:
        return self.node.text("in")

    @property
    def what(self) -> str:
        return f"the {self.location} parameter `{self.node.text('name')}`"

    @property
    def is_required(self) -> bool:
        return self.node.at("required") is True or self.location == "path"


@dataclass(frozen=True, slots=True)
class Serialization:
    """`style` and `explode` as they count, defaults included (OpenAPI 3.1, 4.8.12.2.1)."""

    style: str
    explode: bool
    is_plain: bool
    """Whether all values are neither arrays nor objects: most styles write those the same."""

    def differs_from(self, other: Serialization) -> bool:
        """Whether one and the same value can be written differently."""
        if (self.style, self.explode) == (other.style, other.explode):
            return False
        if self.is_plain and other.is_plain:
            marked = ("label", "matrix")
            return self.style != other.style and (self.style in marked or other.style in marked)
        return True

    def __str__(self) -> str:
        return f"{self.style}, explode" if self.explode else self.style


def compare_parameters(
    comparison: Comparison, subject: str, old: Operation, new: Operation, stability: str
) -> None:
    """Compare the parameters of an operation, those of its path item included."""
    before = _parameters(comparison.old, old)
    after = _parameters(comparison.new, new)
    renamed = dict(zip(placeholders(old.path), placeholders(new.path), strict=False))
    for key, parameter in before.items():
        now = _key_now(key, renamed, after)
        if now in after:
            _compare(comparison, subject, parameter, after[now], stability)
        else:
            _report_removed(comparison, subject, parameter, new)
    known = {_key_now(key, renamed, after) for key in before}
    for key, parameter in after.items():
        if key not in known:
            _report_added(comparison, subject, parameter, old, new)


def _parameters(tree: Tree, operation: Operation) -> dict[_Key, _Parameter]:
    """By place and name; an operation's own one counts before that of its path (4.8.10)."""
    found: dict[_Key, _Parameter] = {}
    for holder, is_shared in ((operation.item, True), (operation.node, False)):
        for item in holder.items("parameters"):
            node = tree.resolve(item)
            location, name = node.text("in"), node.text("name")
            if location == "header":
                name = name.lower()
                if name in _IGNORED_HEADERS:
                    continue
            if location and is_mapping(node.value):
                found[location, name] = _Parameter(item, node, is_shared)
    return found


def _key_now(key: _Key, renamed: Mapping[str, str], after: Mapping[_Key, _Parameter]) -> _Key:
    """The key that a parameter of the old document has in the new one: that of a path may have
    another name, as its position in the path tells."""
    location, name = key
    if location == "path" and name in renamed:
        return location, renamed[name]
    if location == "querystring":  # there is one at most, and its name is not sent (3.2, 4.12.2)
        return next((other for other in after if other[0] == location), key)
    return key


def _report_removed(
    comparison: Comparison, subject: str, parameter: _Parameter, new: Operation
) -> None:
    node, item, what = parameter.node, parameter.item, parameter.what
    place = new.node.get("parameters") or new.node
    if _key(parameter) in credential_parameters(comparison.new, new):
        comparison.add(
            subject,
            "request-parameter-removed",
            f"{what} is a credential now, and sent as before",
            item,
            place,
            severity="compatible",
        )
        return
    match removal_of(node, comparison.today):
        case Removal.UNANNOUNCED:
            comparison.add(subject, "request-parameter-removed", f"{what} was removed", item, place)
        case Removal.ANNOUNCED:
            comparison.add(
                subject,
                "request-parameter-removed-with-deprecation",
                f"{what} was removed, as announced",
                item,
                place,
            )
        case Removal.BEFORE_SUNSET:
            comparison.add(
                subject,
                "request-parameter-removed-before-sunset",
                f"{what} was removed before its sunset, {sunset_text(node)}",
                item,
                place,
            )
        case Removal.SUNSET_INVALID:
            comparison.add(
                subject,
                "request-parameter-sunset-parse",
                f"{what} was removed, and its sunset `{sunset_text(node)}` is no date",
                node.get("x-sunset") or node,
                place,
            )


def _key(parameter: _Parameter) -> _Key:
    location, name = parameter.location, parameter.node.text("name")
    return location, name.lower() if location == "header" else name


def _report_added(
    comparison: Comparison, subject: str, parameter: _Parameter, old: Operation, new: Operation
) -> None:
    what = parameter.what
    place = old.node.get("parameters") or old.node
    is_credential = _key(parameter) in credential_parameters(comparison.old, old)
    needs = "required" if parameter.is_required else "optional"
    if parameter.location == "path":
        id, message = "new-request-path-parameter", f"{what} was added"
    elif parameter.is_shared:
        id = f"new-{needs}-request-default-parameter-to-existing-path"
        message = f"{what} was added to the whole path, and is {needs}"
    else:
        id = f"new-{needs}-request-parameter"
        message = f"{what} was added, and is {needs}"
    comparison.add(
        subject,
        id,
        message,
        place,
        parameter.item,
        severity="compatible" if is_credential else None,
    )


def _compare(
    comparison: Comparison, subject: str, old: _Parameter, new: _Parameter, stability: str
) -> None:
    before, after, what = old.node, new.node, new.what
    if comparison.same(before, after):
        return
    if old.is_required != new.is_required:
        becomes = "required" if new.is_required else "optional"
        comparison.add(
            subject,
            f"request-parameter-became-{becomes}",
            f"{what} is now required" if new.is_required else f"{what} is no longer required",
            before.get("required") or before,
            after.get("required") or after,
        )
    _compare_lifecycle(comparison, subject, what, (before, after), stability)
    _compare_writing(comparison, subject, what, before, after)
    schemas = _schema(comparison.old, before), _schema(comparison.new, after)
    role = Role(
        area="request-parameter",
        what=what,
        header=new.location == "header",
        stability=stability,
        media_type=_media_type(after),
    )
    compare_schemas(comparison, subject, role, *schemas)


def _media_type(parameter: Node) -> str:
    return next(iter(parameter.members("content")), "")


def _schema(tree: Tree, parameter: Node) -> Node:
    """The schema of a parameter, also that of its one media type; one that says nothing where
    there is none."""
    for media_type in parameter.members("content").values():
        return tree.resolve(media_type).get("schema") or Node(media_type.pointer, {})
    return parameter.get("schema") or Node(parameter.pointer, {})


def _compare_lifecycle(
    comparison: Comparison, subject: str, what: str, nodes: tuple[Node, Node], stability: str
) -> None:
    """What changed in `deprecated` and `x-sunset`."""
    before, after = nodes
    date = sunset_text(after)
    places = (
        before.get("x-sunset") or before.get("deprecated") or before,
        after.get("x-sunset") or after.get("deprecated") or after,
    )
    if is_deprecated(before) and not is_deprecated(after):
        message = f"{what} is no longer deprecated"
        comparison.add(subject, "request-parameter-reactivated", message, *places)
    elif is_deprecated(after) and not is_deprecated(before):
        ending = {
            Deprecation.PLAIN: "deprecated", Deprecation.WITH_SUNSET: "deprecated",
            Deprecation.SUNSET_MISSING: "deprecated-sunset-missing",
            Deprecation.SUNSET_INVALID: "sunset-parse",
            Deprecation.SUNSET_TOO_SOON: "sunset-date-too-small",
        }  # fmt: skip
        words = {
            Deprecation.PLAIN: "is deprecated",
            Deprecation.WITH_SUNSET: f"is deprecated, until {date}",
            Deprecation.SUNSET_MISSING: "is deprecated without a sunset date",
            Deprecation.SUNSET_INVALID: f"is deprecated, and its sunset `{date}` is no date",
            Deprecation.SUNSET_TOO_SOON: f"is deprecated, and its sunset {date} is too soon",
        }
        found = deprecation_of(after, stability, comparison.today)
        comparison.add(
            subject, f"request-parameter-{ending[found]}", f"{what} {words[found]}", *places
        )
    elif is_deprecated(before):
        texts = sunset_text(before), date
        found_change = sunset_change(before, after, stability, comparison.today)
        rows = {
            SunsetChange.MOVED: ("sunset-date-changed", "has another sunset"),
            SunsetChange.DELETED: ("sunset-deleted", "has lost its sunset"),
            SunsetChange.INVALID: ("sunset-parse", "has a sunset that is no date"),
            SunsetChange.TOO_SOON: ("sunset-date-changed-too-small", "has a sunset too soon"),
        }
        if found_change in rows:
            ending_, words_ = rows[found_change]
            comparison.add(
                subject,
                f"request-parameter-{ending_}",
                f"{what} {words_}",
                *places,
                before=texts[0],
                after=texts[1],
            )


def _compare_writing(
    comparison: Comparison, subject: str, what: str, before: Node, after: Node
) -> None:
    """What changed in how a value becomes text."""
    styles = serialization(comparison.old, before), serialization(comparison.new, after)
    media_types = _media_type(before), _media_type(after)
    if bool(media_types[0]) != bool(media_types[1]):
        comparison.add(
            subject,
            "request-parameter-style-changed",
            f"{what} is written in another way",
            before.get("content") or before.get("schema") or before,
            after.get("content") or after.get("schema") or after,
            before=media_types[0] or str(styles[0]),
            after=media_types[1] or str(styles[1]),
        )
    elif media_types[0]:
        relations = [pair[2] for pair in match_media_types(*([name] for name in media_types)).pairs]
        if relations not in (["same"], ["generalized"], ["changed"]):
            comparison.add(
                subject,
                "request-parameter-media-type-changed",
                f"{what} is written as another media type",
                before.get("content"),
                after.get("content"),
                before=media_types[0],
                after=media_types[1],
            )
    elif styles[0].differs_from(styles[1]):
        comparison.add(
            subject,
            "request-parameter-style-changed",
            f"{what} is written in another style",
            before.get("style") or before.get("explode") or before,
            after.get("style") or after.get("explode") or after,
            before=str(styles[0]),
            after=str(styles[1]),
        )
    if (before.at("allowReserved") is True) != (after.at("allowReserved") is True):
        now = "no longer" if after.at("allowReserved") is True else "now"
        comparison.add(
            subject,
            "request-parameter-allow-reserved-changed",
            f"reserved characters in {what} are {now} escaped",
            before.get("allowReserved") or before,
            after.get("allowReserved") or after,
        )
    if before.at("allowEmptyValue") is True and after.at("allowEmptyValue") is not True:
        comparison.add(
            subject,
            "request-parameter-empty-value-disallowed",
            f"{what} may no longer be sent empty",
            before.get("allowEmptyValue"),
            after.get("allowEmptyValue") or after,
        )


def serialization(tree: Tree, parameter: Node) -> Serialization:
    """How the values of a parameter, or of a header of an answer, are written."""
    location = parameter.text("in") or "header"
    style = parameter.text("style") or _DEFAULT_STYLES.get(location, "form")
    explode = parameter.at("explode")
    return Serialization(
        style,
        explode if isinstance(explode, bool) else style in ("form", "cookie"),
        _is_plain(tree, tree.resolve(parameter.get("schema") or Node("", {}))),
    )


def _is_plain(tree: Tree, schema: Node, depth: int = 0) -> bool:
    """Whether the values of a schema are surely neither arrays nor objects."""
    kinds = [schema.text("type"), *(str(item.value) for item in schema.items("type"))]
    if any(kinds):
        return not {"array", "object"}.intersection(kinds)
    if depth > _MAX_DEPTH:
        return False

    def members(key: str) -> list[bool]:
        found = (tree.resolve(member) for member in schema.items(key))
        return [_is_plain(tree, member, depth + 1) for member in found]

    choices = members("oneOf") or members("anyOf")
    if choices and all(choices):
        return True
    values = [item.value for item in schema.items("enum")]
    if values and not any(isinstance(value, (dict, list)) for value in values):
        return True
    return any(members("allOf"))
