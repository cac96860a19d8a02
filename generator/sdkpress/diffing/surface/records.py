"""Two versions of the models and of the types that plain dicts and aliases have."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diffing.changes import Severity
from sdkpress.diffing.surface.drafting import Drafts, Ground
from sdkpress.diffing.surface.enums import tell_values
from sdkpress.diffing.surface.interface import Field, Record
from sdkpress.diffing.surface.types import NONE, loses_container

__all__ = ["compare_alias", "compare_records"]


def compare_records(
    name: str, old: Record, new: Record, ground: Ground, drafts: Drafts, renamed: Mapping[str, str]
) -> None:
    """Tell what changed in the class that was called `name`. `renamed` has the new names of
    fields that are known to be the same."""
    subject = f"models.{name}"
    if old.is_dict != new.is_dict:
        message = f"`{name}` is another kind of class"
        drafts.both("python-model-kind-changed", subject, message, "breaking")
        return
    gone = [base for base in old.bases if base not in new.bases]
    if gone:
        message = f"`{name}` is no longer a subclass of {', '.join(gone)}"
        before, after = ", ".join(old.bases), ", ".join(new.bases)
        drafts.both(
            "python-base-class-changed", subject, message, "breaking", before=before, after=after
        )
    comparison = _Keys if old.is_dict else _Fields
    told = comparison(name, ground, drafts)
    taken: set[str] = set()
    for key, item in old.fields.items():
        present = key
        if key not in new.fields and renamed.get(key, "") in new.fields:
            present = renamed[key]
            told.renamed(key, present)
        if present not in new.fields:
            told.removed(key, item)
            continue
        taken.add(present)
        told.compared(present, item, new.fields[present])
    for key, item in new.fields.items():
        if key not in taken:
            told.added(key, item)


class _Fields:
    """The attributes of a model."""

    def __init__(self, name: str, ground: Ground, drafts: Drafts) -> None:
        self._name = name
        self._ground = ground
        self._drafts = drafts
        self._is_accepted = name in ground.accepted
        self._is_returned = name in ground.returned or not self._is_accepted

    def _place(self, key: str) -> str:
        return f"models.{self._name}.{key}"

    def renamed(self, old: str, new: str) -> None:
        message = f"`{self._name}.{old}` is called `{new}` now"
        self._drafts.both(
            "python-field-renamed", self._place(old), message, "breaking", before=old, after=new
        )

    def removed(self, key: str, item: Field) -> None:
        message = f"`{self._name}.{key}` was removed"
        self._drafts.both(
            "python-field-removed", self._place(key), message, "breaking", before=item.annotation
        )

    def added(self, key: str, item: Field) -> None:
        place, text = self._place(key), item.annotation
        if item.is_required and self._is_accepted:
            message = f"`{self._name}` must be made with `{key}` now"
            self._drafts.both("python-required-field-added", place, message, "breaking", after=text)
        else:
            message = f"`{self._name}.{key}` was added"
            self._drafts.both("python-field-added", place, message, "compatible", after=text)

    def compared(self, key: str, old: Field, new: Field) -> None:
        place = self._place(key)
        full = f"`{self._name}.{key}`"
        tell_values(place, full, old.annotation, new.annotation, self._drafts)
        if old.is_required != new.is_required:
            self._requiredness(place, full, old, new)
        relation, in_common = self._ground.relation(_value(old, new), _value(new, old))
        texts = (old.annotation, new.annotation)
        if relation == "wider":
            message = f"{full} can be more than before: `{new.annotation}`, was `{old.annotation}`"
            is_strict = loses_container(*texts, self._ground.scopes)
            given: Severity = "risky" if is_strict else "compatible"
            self._drafts.add(
                "python-field-type-widened", place, message,
                typing="breaking" if self._is_returned else given, texts=texts,
            )  # fmt: skip
        elif relation == "narrower":
            message = f"{full} can be less than before: `{new.annotation}`, was `{old.annotation}`"
            self._drafts.add(
                "python-field-type-narrowed", place, message,
                typing="breaking" if self._is_accepted else "compatible", texts=texts,
            )  # fmt: skip
        elif relation == "other":
            message = f"{full} is `{new.annotation}` now, was `{old.annotation}`"
            is_met = self._is_returned and not in_common
            self._drafts.add(
                "python-field-type-changed", place, message,
                typing="breaking", runtime="breaking" if is_met else None, texts=texts,
            )  # fmt: skip

    def _requiredness(self, place: str, full: str, old: Field, new: Field) -> None:
        texts = (old.annotation, new.annotation)
        if new.is_required:
            if self._is_accepted:
                message = f"{full} must be given now"
                self._drafts.both(
                    "python-field-became-required", place, message, "breaking", texts=texts
                )
            else:
                message = f"{full} is always there now"
                self._drafts.add(
                    "python-field-became-required", place, message, typing="compatible", texts=texts
                )
            return
        was_optional = NONE in self._ground.scopes[0].expand(
            self._ground.scopes[0].read(old.annotation)
        )
        if self._is_returned and not was_optional:
            message = f"{full} can be None now"
            self._drafts.add(
                "python-field-became-optional", place, message, typing="breaking", texts=texts
            )
        else:
            message = f"{full} may be left out now"
            self._drafts.both(
                "python-field-became-optional", place, message, "compatible", texts=texts
            )


class _Keys(_Fields):
    """The keys of a TypedDict, which callers write: only type checkers look at them."""

    def renamed(self, old: str, new: str) -> None:
        message = f"the key `{old}` of `{self._name}` is called `{new}` now"
        self._drafts.add(
            "python-key-renamed", self._place(old), message, typing="breaking",
            before=old, after=new,
        )  # fmt: skip

    def removed(self, key: str, item: Field) -> None:
        message = f"the key `{key}` of `{self._name}` was removed"
        self._drafts.add(
            "python-key-removed", self._place(key), message, typing="breaking",
            before=item.annotation,
        )  # fmt: skip

    def added(self, key: str, item: Field) -> None:
        id, words = "python-key-added", "was added"
        if item.is_required:
            id, words = "python-required-key-added", "was added and must be given"
        self._drafts.add(
            id, self._place(key), f"the key `{key}` of `{self._name}` {words}",
            typing="breaking" if item.is_required else "compatible", after=item.annotation,
        )  # fmt: skip

    def compared(self, key: str, old: Field, new: Field) -> None:
        place, full = self._place(key), f"the key `{key}` of `{self._name}`"
        texts = (old.annotation, new.annotation)
        tell_values(place, full, old.annotation, new.annotation, self._drafts)
        if new.is_required and not old.is_required:
            message = f"{full} must be given now"
            self._drafts.add("python-key-became-required", place, message, typing="breaking")
        if old.is_required and not new.is_required:
            message = f"{full} may be left out now"
            self._drafts.add("python-key-became-optional", place, message, typing="compatible")
        relation, _ = self._ground.relation(old.annotation, new.annotation)
        if relation == "wider":
            message = f"{full} takes more than before: `{new.annotation}`"
            self._drafts.add(
                "python-key-type-widened", place, message, typing="compatible", texts=texts
            )
        elif relation == "narrower":
            message = f"{full} takes less than before: `{new.annotation}`"
            self._drafts.add(
                "python-key-type-narrowed", place, message, typing="breaking", texts=texts
            )
        elif relation == "other":
            message = f"{full} takes `{new.annotation}` now, no longer `{old.annotation}`"
            self._drafts.add(
                "python-key-type-changed", place, message, typing="breaking", texts=texts
            )


def _value(item: Field, other: Field) -> str:
    """The annotation of a field that is there: that it may be left out is told by itself."""
    if item.is_required or not other.is_required:
        return item.annotation
    if item.annotation.startswith("Maybe[") and item.annotation.endswith("]"):
        return item.annotation[len("Maybe[") : -1]
    if other.annotation.endswith("| None"):
        return item.annotation
    return item.annotation.removesuffix(" | None")


def compare_alias(
    subject: str, name: str, old: str, new: str, ground: Ground, drafts: Drafts, *, is_open: bool
) -> None:
    """Tell what changed in what an alias stands for. With `is_open` its users had to expect
    more than it lists."""
    tell_values(subject, f"`{name}`", old, new, drafts)
    relation, in_common = ground.relation(old, new)
    if relation == "other" and is_open:
        relation = "narrower"
    texts = (old, new)
    is_param = name.endswith("Param")
    is_accepted = name in ground.accepted or is_param
    is_returned = not is_param and (name in ground.returned or not is_accepted)
    if relation == "wider":
        is_broken = is_returned and not is_open
        message = f"`{name}` has alternatives that it did not have: `{new}`, was `{old}`"
        drafts.add(
            "python-type-widened", subject, message,
            typing="breaking" if is_broken else "compatible", texts=texts,
        )  # fmt: skip
    elif relation == "narrower":
        message = f"`{name}` has fewer alternatives: `{new}`, was `{old}`"
        drafts.add(
            "python-type-narrowed", subject, message,
            typing="breaking" if is_accepted else "compatible", texts=texts,
        )  # fmt: skip
    elif relation == "other":
        message = f"`{name}` is `{new}` now, was `{old}`"
        is_met = is_returned and not in_common
        drafts.add(
            "python-type-changed", subject, message,
            typing="breaking", runtime="breaking" if is_met else None, texts=texts,
        )  # fmt: skip
