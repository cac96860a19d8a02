"""A whole answer taken apart into the items of a stream that add up to it.

Texts go word by word, everything else whole in the first piece: a role chunk, the words, then
tool calls piece by piece, then a chunk with the reason why it ended, then the usage.
"""

from __future__ import annotations

import itertools
from typing import Any, cast

from .merging import flatten
from .nodes import as_list, as_object
from .piece_checks import PieceChecks
from .samples import Sampler
from .stream_shapes import StreamShape
from .texts import is_text, words

__all__ = ["USAGE", "is_flagged", "split"]

USAGE = "usage"
_ALWAYS = frozenset(("created", "created_at", "id", "model", "object"))


def split(whole: dict[str, Any], shape: StreamShape, sampler: Sampler, *, usage: bool) -> list[Any]:
    """The items of the stream of `whole`, valid by the item's schema; usage last where wanted."""
    if is_flagged(shape):
        return _split_flagged(whole, shape, sampler)
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
        elements: list[list[dict[str, Any]]] = []
        for position, element in enumerate(map(as_object, as_list(whole[name]))):
            index = element.get(index_name, position)
            pieces = _element_pieces(element, inner_names, finish, shape)
            elements.append([{**base, name: [{index_name: index, **piece}]} for piece in pieces])
        # Several choices come at once, a piece of each in turn.
        for turn in itertools.zip_longest(*elements):
            items.extend(item for item in turn if item is not None)
    if not lists:
        base.pop(finish, None)
        texts = {name: value for name, value in base.items() if is_text(name, value)}
        fixed = {name: value for name, value in base.items() if name not in texts}
        own = {name: value for name, value in whole.items() if name in inner_names}
        for piece in _element_pieces(
            {**texts, **own, finish: whole.get(finish)}, inner_names, finish, shape
        ):
            items.append({**fixed, **piece})
    if usage and whole.get(USAGE) is not None:
        empty: dict[str, Any] = {name: [] for name in lists}
        items.append({**base, **empty, USAGE: whole[USAGE]})
    checks = PieceChecks(shape.item, sampler.rules, sampler.references)
    holders = [whole, *(as_object(one) for name in lists for one in as_list(whole[name]))]
    messages = [as_object(holder.get(name)) for holder in holders for name in inner_names]
    roles = [message["role"] for message in messages if "role" in message]
    known = {"role": roles[0]} if roles else {}
    return [_valid(item, shape, sampler, finish, checks, known) for item in items]


def is_flagged(shape: StreamShape) -> bool:
    """Whether an item is a piece of the whole, of the same shape, and a flag marks the last."""
    same = bool(shape.renames) and all(a == b for a, b in shape.renames.items())
    return same and len(shape.finished_by) == 1


def _split_flagged(whole: dict[str, Any], shape: StreamShape, sampler: Sampler) -> list[Any]:
    """Pieces of the texts one after another; counts and durations come with the last."""
    (flag,) = shape.finished_by
    required = sampler.required(shape.item)
    around = {
        name: value
        for name, value in whole.items()
        if name not in shape.renames and name != flag and (name in required or name in _ALWAYS)
    }
    pieces: list[dict[str, Any]] = []
    ended: dict[str, Any] = {}
    for name in shape.renames:
        value = whole.get(name)
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            said = {key: member for key, member in members.items() if key == "role"}
            texts = [key for key in members if is_text(key, members[key])]
            rest = {key: members[key] for key in members if key not in (*texts, "role")}
            empty = {key: "" for key in texts}
            pieces += [
                {name: {**said, **empty, key: w}} for key in texts for w in words(members[key])
            ]
            if rest:
                pieces.append({name: {**said, **empty, **rest}})
            ended[name] = {**said, **empty}
        elif isinstance(value, str):
            pieces += [{name: word} for word in words(value)]
            ended[name] = ""
    items = [{**around, **ended, **piece, flag: False} for piece in pieces]
    items.append({**whole, **ended, flag: True})
    checks = PieceChecks(shape.item, sampler.rules, sampler.references)
    return [item if checks.accepts(item) else sampler.mend(item, shape.item) for item in items]


def _element_pieces(
    element: dict[str, Any],
    inner_names: dict[str, str],
    finish: str,
    shape: StreamShape,
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
        if is_text(name, member):
            first[name] = ""
            later.extend({name: word} for word in words(member))
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


def _valid(
    item: dict[str, Any],
    shape: StreamShape,
    sampler: Sampler,
    finish: str,
    checks: PieceChecks,
    known: dict[str, Any],
) -> Any:
    if checks.accepts(item):
        return item
    filled = _filled(item, shape.item, sampler, known)
    if checks.accepts(filled):
        return filled
    item = filled
    if finish:
        # Where null is not allowed, the value is absent until the end.
        item = _without_null(item, finish)
        if checks.accepts(item):
            return item
    return sampler.mend(item, shape.item)


def _filled(value: Any, schema: Any, sampler: Sampler, known: dict[str, Any]) -> Any:
    """A piece with what its schema requires of every piece: what is known, or else what adds nothing."""
    if isinstance(value, list):
        items = flatten(schema, sampler.references).rules.get("items", True)
        return [_filled(item, items, sampler, known) for item in as_list(value)]
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    declared = sampler.properties(schema)
    filled = {
        name: _filled(member, declared.get(name, True), sampler, known)
        for name, member in members.items()
    }
    for name in map(str, sampler.required(schema)):
        if name not in filled:
            neutral: list[Any] = [*([known[name]] if name in known else ()), "", None, []]
            own = declared.get(name, True)
            taken = [one for one in neutral if sampler.rules.accepts(one, own)]
            filled[name] = taken[0] if taken else sampler.sample(own)
    return filled


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
