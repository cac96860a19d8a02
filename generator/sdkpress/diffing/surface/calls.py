"""Two versions of a function or a method: what old calls of it meet."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diffing.surface.drafting import Drafts, Ground
from sdkpress.diffing.surface.enums import tell_values
from sdkpress.diffing.surface.interface import Callable, Parameter, Signature

__all__ = ["compare_callables"]

_ABSENT = frozenset(("None", "UNSET"))
"""Defaults that mean that an argument is not sent."""
_POSITIONAL = ("positional", "either")


def compare_callables(
    subject: str,
    old: Callable,
    new: Callable,
    ground: Ground,
    drafts: Drafts,
    renamed: Mapping[str, str],
) -> None:
    """Tell what changed. `renamed` has the new names of parameters that are known to be the same."""
    if old.is_async != new.is_async:
        words = ("is a coroutine now", "is no coroutine any more")
        message = f"`{subject}` {words[old.is_async]}"
        drafts.both("python-operation-became-async", subject, message, "breaking")
    if new.is_deprecated and not old.is_deprecated:
        message = f"`{subject}` is deprecated and warns"
        drafts.both("python-operation-deprecated", subject, message, "compatible")
    if old.is_deprecated and not new.is_deprecated:
        message = f"`{subject}` is no longer deprecated"
        drafts.both("python-operation-reactivated", subject, message, "compatible")
    found = Drafts()
    for before, after in _pairs(old, new):
        _compare_parameters(subject, before, after, ground, found, renamed)
        _compare_returns(subject, before, after, ground, found)
    for change in dict.fromkeys(found.changes):
        drafts.changes.append(change)


def _pairs(old: Callable, new: Callable) -> list[tuple[Signature, Signature]]:
    """Each old signature with the one that answers its calls now."""
    if len(new.signatures) == 1:
        return [(item, new.signatures[0]) for item in old.signatures]
    if len(old.signatures) == 1:
        return [(old.signatures[0], new.signatures[0])]
    chosen = _choosing(old) | _choosing(new)
    by_choice = {_choice(item, chosen): item for item in reversed(new.signatures)}
    return [
        (item, by_choice.get(_choice(item, chosen), new.signatures[0])) for item in old.signatures
    ]


def _choosing(found: Callable) -> frozenset[str]:
    """The parameters whose annotations tell the overloads apart."""
    seen: dict[str, set[str]] = {}
    for signature in found.signatures:
        for item in signature.parameters:
            seen.setdefault(item.name, set()).add(item.annotation)
    return frozenset(name for name, annotations in seen.items() if len(annotations) > 1)


def _choice(signature: Signature, chosen: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted((item.name, item.annotation) for item in signature.parameters if item.name in chosen)
    )


def _compare_parameters(
    subject: str,
    old: Signature,
    new: Signature,
    ground: Ground,
    drafts: Drafts,
    renamed: Mapping[str, str],
) -> None:
    after = {item.name: item for item in new.parameters}
    taken: set[str] = set()
    for item in old.parameters:
        place = f"{subject}({item.name})"
        name = item.name
        if name not in after and renamed.get(name, "") in after:
            name = renamed[name]
            by_name = item.kind not in ("positional", "many", "many-keywords")
            if by_name:
                message = f"`{item.name}` is called `{name}` now"
                drafts.both(
                    "python-parameter-renamed", place, message, "breaking",
                    before=item.name, after=name,
                )  # fmt: skip
        if name not in after:
            message = f"`{item.name}` was removed"
            drafts.both("python-parameter-removed", place, message, "breaking")
            continue
        taken.add(name)
        _compare_parameter(place, item, after[name], ground, drafts)
    for item in new.parameters:
        if item.name in taken:
            continue
        place = f"{subject}({item.name})"
        if item.default is None and item.kind not in ("many", "many-keywords"):
            message = f"`{item.name}` was added and must be given"
            drafts.both(
                "python-required-parameter-added", place, message, "breaking", after=item.annotation
            )
        else:
            message = f"`{item.name}` was added and may be given"
            drafts.both(
                "python-parameter-added", place, message, "compatible", after=item.annotation
            )
    _compare_order(subject, old, new, drafts, renamed)


def _compare_parameter(
    place: str, old: Parameter, new: Parameter, ground: Ground, drafts: Drafts
) -> None:
    name = f"`{new.name}`"
    if old.default is not None and new.default is None:
        message = f"{name} must be given now"
        drafts.both("python-parameter-became-required", place, message, "breaking")
    elif old.default is None and new.default is not None:
        message = f"{name} may be left out now"
        drafts.both("python-parameter-became-optional", place, message, "compatible")
    elif old.default != new.default:
        _compare_defaults(place, old, new, drafts)
    if old.kind in _POSITIONAL and new.kind == "keyword":
        message = f"{name} must be given by name now"
        drafts.both("python-parameter-became-keyword-only", place, message, "breaking")
    elif old.kind in ("keyword", "either") and new.kind == "positional":
        message = f"{name} must be given by position now"
        drafts.both("python-parameter-became-positional-only", place, message, "breaking")
    _compare_types(place, name, old, new, ground, drafts)


def _compare_defaults(place: str, old: Parameter, new: Parameter, drafts: Drafts) -> None:
    before, after = old.default or "", new.default or ""
    if _ABSENT >= {before, after}:
        # None meant "not sent" where UNSET means that now, and None is sent as null; or back.
        sent = "is sent as null now" if after == "UNSET" else "means now that nothing is sent"
        message = f"None for `{new.name}` {sent}"
        drafts.add(
            "python-parameter-none-changed", place, message, runtime="risky",
            before=before, after=after,
        )  # fmt: skip
        return
    message = f"the default of `{new.name}` changed from {before} to {after}"
    drafts.add(
        "python-parameter-default-changed", place, message, runtime="breaking",
        before=before, after=after,
    )  # fmt: skip


def _compare_types(
    place: str, name: str, old: Parameter, new: Parameter, ground: Ground, drafts: Drafts
) -> None:
    tell_values(place, name, old.annotation, new.annotation, drafts)
    # What None or UNSET say is told as the default's.
    before, after = _given(old), _given(new)
    if None not in (old.default, new.default):  # a type checker takes None for both
        before, after = before.removesuffix(" | None"), after.removesuffix(" | None")
    relation, _ = ground.relation(before, after)
    texts = (before, after)
    if relation == "wider":
        message = f"{name} takes more than before: `{after}`"
        drafts.add(
            "python-parameter-type-widened", place, message, typing="compatible", texts=texts
        )
    elif relation == "narrower":
        message = f"{name} takes less than before: `{after}`, no longer `{before}`"
        drafts.add("python-parameter-type-narrowed", place, message, typing="breaking", texts=texts)
    elif relation == "other":
        message = f"{name} takes `{after}` now, no longer `{before}`"
        drafts.add("python-parameter-type-changed", place, message, typing="breaking", texts=texts)


def _given(item: Parameter) -> str:
    """The annotation without the alternative that stands for an argument that is left out."""
    if item.default is not None:
        for absent in (" | UnsetType", " | None"):
            if item.annotation.endswith(absent):
                return item.annotation.removesuffix(absent)
    return item.annotation


def _compare_order(
    subject: str, old: Signature, new: Signature, drafts: Drafts, renamed: Mapping[str, str]
) -> None:
    names = {item.name for item in new.parameters if item.kind in _POSITIONAL}
    before = [
        item.name if item.name in names else renamed.get(item.name, item.name)
        for item in old.parameters
        if item.kind in _POSITIONAL
    ]
    before = [name for name in before if name in names]
    after = [item.name for item in new.parameters if item.name in before]
    if before == after:
        return
    types = {item.name: item.annotation for item in new.parameters}
    seen = any(types[one] != types[other] for one, other in zip(before, after, strict=True))
    message = f"the order of arguments changed from {', '.join(before)} to {', '.join(after)}"
    drafts.add(
        "python-parameter-order-changed", subject, message,
        runtime="breaking", typing="breaking" if seen else None,
        before=", ".join(before), after=", ".join(after),
    )  # fmt: skip


def _compare_returns(
    subject: str, old: Signature, new: Signature, ground: Ground, drafts: Drafts
) -> None:
    tell_values(subject, "the answer", old.returns, new.returns, drafts)
    relation, in_common = ground.relation(old.returns, new.returns)
    texts = (old.returns, new.returns)
    if old.returns == "None" and relation != "same":  # nobody uses what is nothing
        message = f"returns `{new.returns}` now, was nothing"
        drafts.add("python-return-type-widened", subject, message, typing="compatible", texts=texts)
    elif relation == "narrower":
        message = f"returns less than before: `{new.returns}`"
        drafts.add(
            "python-return-type-narrowed", subject, message, typing="compatible", texts=texts
        )
    elif relation == "wider":
        message = f"returns more than before: `{new.returns}`, was `{old.returns}`"
        drafts.add("python-return-type-widened", subject, message, typing="breaking", texts=texts)
    elif relation == "other":
        message = f"returns `{new.returns}` now, was `{old.returns}`"
        drafts.add(
            "python-return-type-changed", subject, message,
            typing="breaking", runtime=None if in_common else "breaking", texts=texts,
        )  # fmt: skip
