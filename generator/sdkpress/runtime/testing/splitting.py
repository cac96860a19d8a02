"""A whole answer taken apart into the items of a stream that add up to it.

Texts go word by word, everything else whole in the first piece: a role chunk, the words, then
tool calls piece by piece, then a chunk with the reason why it ended, then the usage.
"""

from __future__ import annotations

import re
from typing import Any, cast

from .nodes import as_list, as_object
from .samples import Sampler
from .stream_shapes import StreamShape

__all__ = ["USAGE", "split"]

USAGE = "usage"
_WORD = re.compile(r"\s*\S+(?:\s+\Z)?")


def split(whole: dict[str, Any], shape: StreamShape, sampler: Sampler, *, usage: bool) -> list[Any]:
    """The items of the stream of `whole`, valid by the item's schema; usage last where wanted."""
    inner_names = {after: before for before, after in shape.renames.items()}
    finish = shape.finished_by[-1] if shape.finished_by else ""
    lists = [name for name in whole if name in shape.keys and isinstance(whole[name], list)]
    taken = {*lists, *(name for name in inner_names if name in whole), USAGE}
    declared = sampler.properties(shape.item)
    # What is around the pieces may differ from the whole: the kind of the object, for one.
    base = {
        name: sampler.mend(value, declared.get(name, True))
        for name, value in whole.items()
        if name not in taken
    }
    items: list[dict[str, Any]] = []
    for name in lists:
        index_name = shape.keys[name]
        for position, element in enumerate(map(as_object, as_list(whole[name]))):
            index = element.get(index_name, position)
            for piece in _element_pieces(element, inner_names, finish, shape, sampler):
                items.append({**base, name: [{index_name: index, **piece}]})
    if not lists:
        base.pop(finish, None)
        texts = {name: value for name, value in base.items() if _is_text(value)}
        fixed = {name: value for name, value in base.items() if name not in texts}
        own = {name: value for name, value in whole.items() if name in inner_names}
        for piece in _element_pieces(
            {**texts, **own, finish: whole.get(finish)}, inner_names, finish, shape, sampler
        ):
            items.append({**fixed, **piece})
    if usage and whole.get(USAGE) is not None:
        empty: dict[str, Any] = {name: [] for name in lists}
        items.append({**base, **empty, USAGE: whole[USAGE]})
    return [_valid(item, shape, sampler, finish) for item in items]


def _element_pieces(
    element: dict[str, Any],
    inner_names: dict[str, str],
    finish: str,
    shape: StreamShape,
    sampler: Sampler,
) -> list[dict[str, Any]]:
    inner = next((name for name in element if name in inner_names), None)
    keys = shape.keys
    if inner is None:
        ended = {finish: element[finish]} if finish in element else {}
        members = {name: value for name, value in element.items() if name != finish}
        pieces = _pieces(members, keys)
        unfinished = {finish: None} if finish else {}
        return [*({**piece, **unfinished} for piece in pieces), *([ended] if ended else [])]
    delta = inner_names[inner]
    kept = {
        name: value
        for name, value in element.items()
        if name not in (inner, finish, *keys.values())
    }
    unfinished = {finish: None} if finish else {}
    pieces = [{delta: piece, **unfinished} for piece in _pieces(as_object(element[inner]), keys)]
    ended = {finish: element[finish]} if finish in element else {}
    pieces.append({delta: {}, **kept, **ended})
    return pieces


def _pieces(value: dict[str, Any], keys: dict[str, str]) -> list[dict[str, Any]]:
    first: dict[str, Any] = {}
    later: list[dict[str, Any]] = []
    for name, member in value.items():
        if _is_text(member):
            first[name] = ""
            later.extend({name: word} for word in _WORD.findall(member))
        elif isinstance(member, dict):
            head, *tail = _pieces(cast("dict[str, Any]", member), keys)
            first[name] = head
            later.extend({name: piece} for piece in tail)
        elif isinstance(member, list) and name in keys:
            for position, element in enumerate(map(as_object, as_list(member))):
                index = element.get(keys[name], position)
                for piece in _pieces(element, keys):
                    later.append({name: [{keys[name]: index, **piece}]})
        else:
            first[name] = member
    return [first, *later]


def _is_text(value: Any) -> bool:
    # Ids, names and constants have no spaces: in pieces they could not be told from text.
    return isinstance(value, str) and len(_WORD.findall(value)) > 1


def _valid(item: dict[str, Any], shape: StreamShape, sampler: Sampler, finish: str) -> Any:
    if sampler.rules.accepts(item, shape.item):
        return item
    if finish:
        # Where null is not allowed, the value is absent until the end.
        bare = _without_null(item, finish)
        return sampler.mend(bare, shape.item)
    return sampler.mend(item, shape.item)


def _without_null(value: dict[str, Any], name: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, member in value.items():
        if key == name and member is None:
            continue
        if isinstance(member, list):
            members = as_list(member)
            kept[key] = [
                _without_null(as_object(entry), name) if isinstance(entry, dict) else entry
                for entry in members
            ]
        else:
            kept[key] = member
    return kept
