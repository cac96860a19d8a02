"""Two interfaces compared as a whole."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sdkpress.diffing.changes import Change
from sdkpress.diffing.surface.calls import compare_callables
from sdkpress.diffing.surface.drafting import Drafts, Ground
from sdkpress.diffing.surface.interface import Interface
from sdkpress.diffing.surface.records import compare_alias, compare_records
from sdkpress.diffing.surface.types import Scope

__all__ = ["Identity", "compare_interfaces"]


@dataclass(frozen=True)
class Identity:
    """What is known to be the same under another name (old name -> new name), never a guess:
    the same operation of the document, the same schema, the same parameter on the wire."""

    operations: Mapping[str, str] = field(default_factory=dict[str, str])
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, Mapping[str, str]]
    )
    """By the new name of the operation."""
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """By the new name of the model."""
    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the client, its asynchronous form, its error and its fake server."""
    kept_models: frozenset[str] = frozenset()
    """Old names of models that still lead to the new ones."""


def compare_interfaces(
    old: Interface,
    new: Interface,
    *,
    aliases: tuple[Mapping[str, str], Mapping[str, str]],
    accepted: frozenset[str],
    returned: frozenset[str],
    identity: Identity,
) -> tuple[Change, ...]:
    """All changes, without places. `aliases` are all of each side, also those that are no part of
    what is compared; `accepted` and `returned` are names of models and aliases."""
    models = {name: present for name, present in identity.models.items() if name != present}
    models |= {f"{name}Param": f"{present}Param" for name, present in models.items()}

    def alike(name: str, before: str) -> bool:
        was = old.records.get(before)
        now = new.records.get(name)
        return was is not None and now is not None and not was.fields.keys() - now.fields.keys()

    scopes = Scope(aliases[0], models), Scope(aliases[1])
    ground = Ground(scopes, accepted, returned, alike)
    drafts = Drafts()
    _compare_client(old, new, ground, drafts)
    _compare_operations(old, new, ground, drafts, identity)
    _compare_functions(old, new, ground, drafts)
    _compare_models(old, new, ground, drafts, identity, models)
    _compare_exports(old, new, drafts, identity)
    return tuple(dict.fromkeys(drafts.changes))


def _compare_client(old: Interface, new: Interface, ground: Ground, drafts: Drafts) -> None:
    if old.constructor is not None and new.constructor is not None:
        compare_callables(old.client, old.constructor, new.constructor, ground, drafts, {})
    _compare_facts(old, new, drafts)
    _compare_server_variables(old, new, drafts)


def _compare_facts(old: Interface, new: Interface, drafts: Drafts) -> None:
    """What a client takes where its constructor is not told."""
    was, now = (_first(side.constants.get("env_prefix", "''")) for side in (old, new))
    if was and now and was != now:
        message = f"environment variables are read with `{now}`, was `{was}`"
        drafts.add(
            "python-environment-changed", old.client, message,
            runtime="breaking", before=was, after=now,
        )  # fmt: skip
    _compare_servers(old.client, _server(old), _server(new), drafts)


def _compare_servers(client: str, was: str | None, now: str | None, drafts: Drafts) -> None:
    if was == now or was is None or now is None:
        return
    if was and now and was.rstrip("/") == now.rstrip("/"):
        return  # a slash at its end is not sent twice
    if not now:
        message = f"`base_url` must be given now: there is no server by default, was `{was}`"
        drafts.add(
            "python-base-url-became-required", client, message, runtime="breaking", before=was
        )
    elif not was:
        message = f"`base_url` may be left out now: requests go by default to `{now}`"
        drafts.add(
            "python-base-url-became-optional", client, message, runtime="compatible", after=now
        )
    else:
        message = f"requests go by default to `{now}`, was `{was}`"
        drafts.add(
            "python-base-url-changed", client, message,
            runtime="risky", before=was, after=now,
        )  # fmt: skip


def _compare_server_variables(old: Interface, new: Interface, drafts: Drafts) -> None:
    before, after = map(_server_variables, (old, new))
    if not before or not after:
        return  # the argument came or went as a whole
    place = f"{old.client}(server_variables)"
    for name in sorted(before.keys() ^ after.keys()):
        is_new = name in after
        drafts.both(
            "python-server-variable-added" if is_new else "python-server-variable-removed",
            place, f"the server has {'a' if is_new else 'no'} variable `{name}` now",
            "compatible" if is_new else "breaking",
        )  # fmt: skip


def _server(side: Interface) -> str | None:
    """Where requests go by default, "" where that must be said; None where nothing is known."""
    if "servers" not in side.constants:
        return None
    url = _first(side.constants["servers"])
    for name, value in _server_variables(side).items():
        url = url.replace(f"{{{name}}}", str(value))
    return url


def _server_variables(side: Interface) -> Mapping[str, object]:
    value = _literal(side.constants.get("server_variables", "{}"))
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _first(source: str) -> str:
    value = _literal(source)
    if isinstance(value, tuple):
        return str(cast("tuple[object, ...]", value)[0]) if value else ""
    return str(value)


def _literal(source: str) -> object:
    try:
        return ast.literal_eval(source)
    except (SyntaxError, ValueError):
        return source


def _compare_operations(
    old: Interface, new: Interface, ground: Ground, drafts: Drafts, identity: Identity
) -> None:
    came = set(new.operations) - set(old.operations)
    for name, before in sorted(old.operations.items()):
        subject = f"client.{name}"
        present = identity.operations.get(name, name)
        if present != name and present in new.operations:
            stays = name in new.operations
            text = "; the old name stays and warns" if stays else ""
            message = f"`{subject}` is called `client.{present}` now{text}"
            drafts.both(
                "python-operation-renamed", subject, message,
                "compatible" if stays else "breaking",
                before=name, after=present,
            )  # fmt: skip
            came.discard(present)
        elif name not in new.operations:
            message = f"`{subject}` was removed"
            drafts.both("python-operation-removed", subject, message, "breaking")
            continue
        else:
            present = name
        renamed = identity.parameters.get(present, {})
        after = new.operations[present]
        compare_callables(subject, before, after, ground, drafts, renamed)
    for name in sorted(came):
        message = f"`client.{name}` was added"
        drafts.both("python-operation-added", f"client.{name}", message, "compatible")


def _compare_functions(old: Interface, new: Interface, ground: Ground, drafts: Drafts) -> None:
    for name, before in sorted(old.functions.items()):
        if name not in new.functions:
            message = f"`{name}` was removed"
            drafts.both("python-function-removed", name, message, "breaking")
        else:
            compare_callables(name, before, new.functions[name], ground, drafts, {})
    for name in sorted(set(new.functions) - set(old.functions)):
        drafts.both("python-function-added", name, f"`{name}` was added", "compatible")


def _compare_models(
    old: Interface,
    new: Interface,
    ground: Ground,
    drafts: Drafts,
    identity: Identity,
    renamed: Mapping[str, str],
) -> None:
    was, now = {**old.records, **old.aliases}, {**new.records, **new.aliases}
    came = set(now) - set(was)
    for name in sorted(was):
        present = name if name in now else renamed.get(name, name)
        subject = _address(name)
        if present not in now:
            message = f"`{name}` was removed"
            drafts.both("python-model-removed", subject, message, "breaking")
            continue
        if present != name:
            came.discard(present)
            message = f"`{name}` is called `{present}` now"
            stays = name in identity.kept_models
            drafts.both(
                "python-model-renamed", subject, f"{message}; the old name stays" if stays else message,
                "compatible" if stays else "breaking", before=name, after=present,
            )  # fmt: skip
        if name in old.records and present in new.records:
            is_dict = old.records[name].is_dict
            none: Mapping[str, str] = {}
            fields = none if is_dict else identity.fields.get(present, none)
            before, after = old.records[name], new.records[present]
            compare_records(name, before, after, ground, drafts, fields)
        elif name in old.aliases and present in new.aliases:
            compare_alias(
                subject, name, old.aliases[name], new.aliases[present],
                ground, drafts, is_open=name == "webhooks.Event",
            )  # fmt: skip
        else:
            words = ("an alias", "a class")
            message = f"`{name}` is {words[present in new.records]} now"
            drafts.both("python-model-kind-changed", subject, message, "breaking")
    for name in sorted(came):
        drafts.both("python-model-added", _address(name), f"`{name}` was added", "compatible")


def _address(name: str) -> str:
    return name if "." in name else f"models.{name}"


def _compare_exports(old: Interface, new: Interface, drafts: Drafts, identity: Identity) -> None:
    told = {*old.functions, *new.functions, *old.aliases, *new.aliases}
    renamed = {name: now for name, now in identity.classes.items() if name != now}
    for name, present in renamed.items():
        message = f"`{name}` is called `{present}` now"
        drafts.both("python-client-renamed", name, message, "breaking", before=name, after=present)
    same = {*renamed, *renamed.values()}
    for module, before in sorted(old.exports.items()):
        after = new.exports.get(module, frozenset())
        for name in sorted((before ^ after) - same):
            subject = f"{module}.{name}" if module else name
            if subject in told or (not module and name in old.exports.get("errors", ())):
                continue
            if name in after:
                message = f"`{subject}` was added"
                drafts.both("python-export-added", subject, message, "compatible")
            else:
                message = f"`{subject}` was removed"
                drafts.both("python-export-removed", subject, message, "breaking")
