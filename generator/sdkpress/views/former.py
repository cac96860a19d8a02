"""Views of former names: methods that warn and do what the present operation does, or say that it is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdkpress.text import docstring, markdown, one_line
from sdkpress.views.operations import OperationView

__all__ = ["AliasView", "RemovedView", "alias_view", "removed_view"]


@dataclass(frozen=True, slots=True)
class AliasView:
    """A former name of an operation: the signatures and the calls are those of `operation`, whose
    `method` is the former name.

    `present` is the dotted name of today; `builder` is the request builder of today, and
    `builder_module` the module below `resources` that has its class, "" for the same one.
    """

    operation: OperationView
    dotted: str
    present: str
    message: str
    request_doc: str
    builder_class: str
    builder_module: str
    builder: str


@dataclass(frozen=True, slots=True)
class RemovedView:
    """A former operation that is gone: a method that warns, and raises what `message` says."""

    method: str
    dotted: str
    message: str
    doc: str
    advice: str
    """What the reference says of it, in Markdown."""


def alias_view(
    operation: OperationView, dotted: str, present: str, builder_class: str, builder_module: str
) -> AliasView:
    """The view of the former name `dotted` of the operation that is called `present` now."""
    method = dotted.rpartition(".")[2]
    message = f"{dotted}() is deprecated: use {present}()"
    return AliasView(
        operation=replace(
            operation, method=method, doc=docstring([f"Deprecated: use {present}()."], 8)
        ),
        dotted=dotted,
        present=present,
        message=message,
        request_doc=docstring([f"Deprecated: use {present}_request()."], 8),
        builder_class=builder_class,
        builder_module=builder_module.replace("/", "."),
        builder=f"{present.rpartition('.')[2]}_request",
    )


def removed_view(dotted: str, note: str) -> RemovedView:
    """The view of an operation that is gone; `note` says what to do instead, "" for nothing."""
    text = one_line(note).strip()
    message = f"{dotted}() was removed" + (f": {text}" if text else "")
    return RemovedView(
        method=dotted.rpartition(".")[2],
        dotted=dotted,
        message=message,
        doc=docstring([message if message.endswith((".", "!", "?")) else f"{message}."], 8),
        advice=f"removed: {markdown(text)}" if text else "removed",
    )
