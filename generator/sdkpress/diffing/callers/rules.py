"""Our own rules: what a use means under the new package, whether a type checker sees it or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sdkpress.diffing.callers.findings import Broken
from sdkpress.diffing.callers.package_members import PackageMembers, Parameter, Signature
from sdkpress.diffing.callers.subjects import Changes, shown, subject_of
from sdkpress.diffing.callers.uses import Origins, Use
from sdkpress.diffing.changes import Change

__all__ = ["Rules"]

_GONE = ("removed", "renamed", "kind-changed")


class Rules:
    """Compares uses with both versions of the package."""

    def __init__(self, old: PackageMembers, new: PackageMembers, changes: Changes) -> None:
        self._old = old
        self._new = new
        self._changes = changes

    def broken(self, uses: Sequence[Use], origins: Origins) -> Iterator[Broken]:
        """What breaks of the uses in a file."""
        for use in uses:
            if use.kind in ("read", "import"):
                yield from self._gone(use)
            elif use.kind != "dict":
                yield from self._call(use)
        yield from self._call_dicts(uses, origins)

    def signatures(self, use: Use) -> tuple[Signature | None, Signature | None]:
        """What the callable took, and what it takes; None where it is not there."""
        if use.owner.endswith(":"):
            module = use.owner[:-1]
            place = f"{module}.{use.name}".strip(".")
            if self._old.find_class(place):
                return self._old.constructor(place), self._new.constructor(place)
            return self._old.function(module, use.name), self._new.function(module, use.name)
        if not use.name:
            return self._old.constructor(use.owner), self._new.constructor(self._moved(use.owner))
        old = self._old.member(use.owner, use.name)
        new = self._new.member(self._moved(use.owner), use.name)
        return (old.signature if old else None), (new.signature if new else None)

    def operation(self, use: Use) -> str:
        """`POST /v1/things` of a method of a resource; "" of anything else."""
        if not use.owner.startswith("resources") or not use.name:
            return ""
        for name in (use.name, f"{use.name}_request"):
            member = self._old.member(use.owner, name)
            if member is not None and member.operation:
                return member.operation
        return ""

    def _moved(self, owner: str) -> str:
        """A class may have gone to another module; the public name finds it."""
        if self._new.find_class(owner) is None and owner.startswith("models."):
            return f"models.{owner.rpartition('.')[2]}"
        return owner

    def _gone(self, use: Use) -> Iterator[Broken]:
        subject = subject_of(use, self._old)
        if use.owner.endswith(":"):
            module = use.owner[:-1]
            if use.name != "*" and self._old.has(module, use.name) and not self._is_there(use):
                change = self._changes.about(subject, *_GONE)
                yield Broken.at(use, self._is_gone(subject, change), use.name, change)
            return
        if self._old.member(use.owner, use.name) is None:
            return
        place = self._moved(use.owner)
        if self._new.find_class(place) is None:
            change = self._changes.about(subject, *_GONE)
            if change is not None and use.owner.startswith("resources"):
                yield Broken.at(use, self._is_gone(subject, change), use.name, change)
            return
        if self._new.member(place, use.name) is not None or use.name.startswith("_"):
            return
        change = self._changes.about(subject, *_GONE)
        if change is None and use.owner.startswith(("client.", "resources.", "testing.fakes.")):
            change = self._changes.within(subject, *_GONE)  # a resource without operations
        if use.owner.startswith("models."):
            code = f"{use.text}.{use.name}" if use.text else use.name
            message = f"`{code}` is gone: {self._is_gone(subject, change)}"
        else:
            message = self._is_gone(subject, change)
        yield Broken.at(use, message, use.name, change)

    def _is_there(self, use: Use) -> bool:
        module = use.owner[:-1]
        if self._new.has(module, use.name):
            return True
        # A module of ours that moved is of no interest where the public name is imported.
        return not self._new.has_module(module) and self._new.has("models", use.name)

    def _is_gone(self, subject: str, change: Change | None) -> str:
        if change is not None and change.id.endswith("-renamed") and change.after:
            return f"`{shown(subject)}` is called `{shown(change.after)}` now"
        return f"`{shown(subject)}` was removed"

    def _call(self, use: Use) -> Iterator[Broken]:
        old, new = self.signatures(use)
        if old is None or new is None:
            return
        subject = subject_of(use, self._old)
        if old.is_async != new.is_async and use.kind == "call":
            change = self._changes.about(subject, "async")
            word = "must be awaited now" if new.is_async else "is not awaited any more"
            yield Broken.at(use, f"`{shown(subject)}` {word}", use.name, change)
        passed = _passed(use, old)
        yield from self._unknown_names(use, subject, old, new)
        yield from self._positions(use, subject, old, new)
        if use.kind == "partial" or use.is_open:
            return
        needed = self._changes.about(subject.removeprefix("Async"), "base-url-became-required")
        if needed is not None and "base_url" not in passed:
            message = (
                f"`{shown(subject)}` has no server by default now, and this call passes no "
                "`base_url`; it may come from the environment"
            )
            yield Broken.at(use, message, "base_url", needed)
        for parameter in new.parameters:
            if parameter.name in passed:
                continue
            before = old.named(parameter.name)
            if parameter.is_required and (before is None or not before.is_required):
                if before is None and self._was_renamed(subject, old, parameter):
                    continue
                yield self._missing(use, subject, parameter)
            elif before is not None and use.kind == "call" and before.default != parameter.default:
                change = self._changes.about(f"{subject}({parameter.name})", "default-changed")
                if change is not None and change.severity != "compatible":
                    message = (
                        f"`{shown(subject)}` takes {parameter.default} for `{parameter.name}` "
                        f"now where a call does not pass it; it was {before.default}"
                    )
                    yield Broken.at(use, message, parameter.name, change)

    def _call_dicts(self, uses: Sequence[Use], origins: Origins) -> Iterator[Broken]:
        """Plain dicts that calls are given for TypedDicts, directly or by the name of a variable."""
        dicts = {(use.line, use.column): use for use in uses if use.kind == "dict"}
        told: set[tuple[Use, str]] = set()
        for use in uses if dicts else ():
            old, _ = self.signatures(use) if use.kind in ("call", "new") else (None, None)
            for argument in use.arguments if old is not None else ():
                name = (
                    argument.name or "".join(old.positions[argument.position :][:1]) if old else ""
                )
                parameter = old.named(name) if old else None
                if parameter is None:
                    continue
                start = (argument.line, argument.column)
                end = (argument.end_line, argument.end_column)
                places = {place for place in dicts if start <= place < end}
                for place, values in origins.items():
                    if start <= place < end:
                        places.update(value for value in values if value in dicts)
                owners = self._old.dicts_in(parameter.annotation) if places else ()
                for place in sorted(places):
                    owner = self._owner(dicts[place], owners)
                    if owner and (dicts[place], owner) not in told:
                        told.add((dicts[place], owner))
                        yield from self._call(replace(dicts[place], kind="keys", owner=owner))

    def _owner(self, use: Use, owners: Sequence[str]) -> str:
        """The TypedDict that a dict is: one with all its keys, and no required one missing."""
        keys = {argument.name for argument in use.arguments}
        for owner in owners:
            signature = self._old.constructor(owner)
            fields = {item.name: item for item in signature.parameters} if signature else {}
            required = {name for name, item in fields.items() if item.is_required}
            if keys <= fields.keys() and (use.is_open or required <= keys):
                return owner
        return ""

    def _unknown_names(
        self, use: Use, subject: str, old: Signature, new: Signature
    ) -> Iterator[Broken]:
        if new.is_open:
            return
        for argument in use.arguments:
            name = argument.name
            if not name or old.named(name) is None or new.named(name) is not None:
                continue
            change = self._parameter_change(use, subject, name, *_GONE)
            if change is not None and change.id.endswith("-renamed") and change.after:
                message = f"`{name}` of `{shown(subject)}` is called `{change.after}` now"
            else:
                message = f"`{name}` was removed from `{shown(subject)}`"
            yield Broken.at(use, message, name, change)

    def _positions(
        self, use: Use, subject: str, old: Signature, new: Signature
    ) -> Iterator[Broken]:
        before, after = old.positions, new.positions
        if any(item.kind == "rest" for item in new.parameters):
            return
        for argument in use.arguments:
            index = argument.position
            if argument.name or index < 0 or index >= len(before):
                continue
            if index >= len(after):
                name = before[index]
                change = self._changes.about(f"{subject}({name})", *_GONE, "keyword-only")
                word = "must be given by name now" if new.named(name) else "was removed"
                yield Broken.at(use, f"`{name}` of `{shown(subject)}` {word}", name, change)
                return
            if before[index] != after[index] and before[index] in after:
                change = self._changes.about(subject, "order") or self._changes.about(
                    f"{subject}({after[index]})", "added", "required"
                )
                yield Broken.at(
                    use,
                    f"argument {index + 1} of `{shown(subject)}` is `{after[index]}` now; "
                    f"it was `{before[index]}`",
                    before[index],
                    change,
                )
                return

    def _was_renamed(self, subject: str, old: Signature, parameter: Parameter) -> bool:
        """Whether the call is told of the old name already."""
        return any(
            (change := self._changes.about(f"{subject}({item.name})", "renamed")) is not None
            and change.after == parameter.name
            for item in old.parameters
        )

    def _missing(self, use: Use, subject: str, parameter: Parameter) -> Broken:
        change = self._parameter_change(use, subject, parameter.name, "required")
        message = (
            f"`{shown(subject)}` requires `{parameter.name}` now, "
            f"which this {'dict' if use.kind == 'keys' else 'call'} does not "
            f"{'have' if use.kind == 'keys' else 'pass'}"
        )
        return Broken.at(use, message, parameter.name, change)

    def _parameter_change(self, use: Use, subject: str, name: str, *words: str) -> Change | None:
        """A parameter of a method, or a field where a class is called or a dict is one."""
        if use.kind in ("keys", "new") and not use.owner.startswith("client"):
            return self._changes.about(f"{subject}.{name}", *words) or self._changes.about(
                f"{subject}({name})", *words
            )
        found = self._changes.about(f"{subject}({name})", *words)
        return found or self._changes.about(f"{subject}.{name}", *words)


def _passed(use: Use, signature: Signature) -> frozenset[str]:
    positions = signature.positions
    return frozenset(
        argument.name or positions[argument.position]
        for argument in use.arguments
        if argument.name or 0 <= argument.position < len(positions)
    )
