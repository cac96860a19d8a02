"""How black breaks a line that is too long: at delimiters, at brackets, at optional parentheses.

The functions are named after black's own in `linegen.py` where they do the same, so that the two
can be read side by side; the differential tests compare them. What sdkpress never prints
(comments, multi-line strings, comprehensions) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from sdkpress.wrapping.leaves import (
    CLOSING,
    COMMA_PRIORITY,
    DOT_PRIORITY,
    OPENING,
    Leaf,
    copied,
)
from sdkpress.wrapping.lines import LINE_LENGTH, Line, append_all
from sdkpress.wrapping.optional import Split, can_be_split, can_omit_optional, is_better

__all__ = ["transform_line"]


class CannotSplit(Exception):
    """No break is possible, or none that reads better."""


_Transformer = Callable[[Line, bool], list[Line]]


def transform_line(line: Line, forced: bool = False) -> list[Line]:
    """The lines that a line becomes; itself where it fits or cannot be broken.

    `forced` keeps optional parentheses that could be left out.
    """
    if not line.must_split and line.magic is None and line.fits(LINE_LENGTH):
        return [line]
    if len(line.leaves) < 3:
        return [line]
    transformers: list[_Transformer]
    if line.is_definition and not _has_magic_result(line):
        transformers = [left_hand_split]
    elif line.is_inside:
        transformers = [delimiter_split, right_hand_split_with_omits]
    else:
        transformers = [right_hand_split_with_omits]
    for transform in transformers:
        try:
            return _run_transformer(line, transform, forced)
        except CannotSplit:
            continue
    return [line]


def _run_transformer(line: Line, transform: _Transformer, forced: bool) -> list[Line]:
    optional = [leaf for leaf in line.invisible if leaf.depth == 0]
    result: list[Line] = []
    length = len(line.leaves)
    for part in transform(line, forced):
        if len(part.leaves) == length:
            raise CannotSplit  # the same line again
        result.extend(transform_line(part, forced))
    if (
        forced
        or transform is not right_hand_split_with_omits
        or not line.invisible
        or any(leaf.value for leaf in optional)
        or result[0].fits(LINE_LENGTH)
        or any(leaf.is_new for leaf in line.leaves)
    ):
        return result
    again = Line(line.depth, line.is_inside)
    again.must_split, again.magic = line.must_split, line.magic
    append_all(again, [copied(leaf) for leaf in line.leaves], tracked=True)
    second = _run_transformer(again, transform, True)
    return second if all(part.fits(LINE_LENGTH) for part in second) else result


def _has_magic_result(line: Line) -> bool:
    """Whether the annotation of what a function returns is to stay one element a line."""
    arrow = next((i for i, leaf in enumerate(line.leaves) if leaf.kind == "->"), None)
    if arrow is None:
        return False
    result = Line(line.depth, False)
    leaves = line.leaves[arrow + 1 :]
    inside = _inside_matching(leaves)
    for leaf in leaves:
        result.append(leaf, tracked=leaf in inside)
    return result.magic is not None


def left_hand_split(line: Line, forced: bool) -> list[Line]:
    """Break at the first brackets: the parameters of a function."""
    for kind in ("(", "["):
        head: list[Leaf] = []
        body: list[Leaf] = []
        tail: list[Leaf] = []
        current = head
        opening: Leaf | None = None
        for leaf in line.leaves:
            if current is body and leaf.kind in CLOSING and leaf.opening is opening and opening:
                leaf.value, opening.value = leaf.kind, opening.kind
                current = tail if body else head
            current.append(leaf)
            if current is head and leaf.kind == kind:
                opening, current = leaf, body
        if opening is not None and tail:
            split = _divided(line, head, body, tail, opening, tail[0])
            return [part for part in (split.head, split.body, split.tail) if part.leaves]
    raise CannotSplit


def right_hand_split_with_omits(line: Line, forced: bool) -> list[Line]:
    """Break at the last brackets for which the first line fits."""
    first: list[Line] | None = None
    starts: dict[Leaf, int] = {}
    length = 4 * line.depth
    for leaf in line.leaves:
        starts[leaf] = length
        length += len(leaf.gap) + len(leaf.value)
    for omit in _trailers_to_omit(line):
        if omit:
            target = next(
                (
                    leaf
                    for leaf in reversed(line.leaves)
                    if leaf.kind in CLOSING and leaf not in omit
                ),
                None,
            )
            opening = target.opening if target is not None else None
            if opening is not None and opening.value and starts.get(opening, 0) > LINE_LENGTH:
                continue
        lines = _without_optional(_right_hand_split(line, omit), line, forced, omit)
        if first is None and not omit:
            first = lines
        if lines[0].fits(LINE_LENGTH):
            return lines
    if first is not None:
        return first
    return _without_optional(_right_hand_split(line, ()), line, forced, ())


def _trailers_to_omit(line: Line) -> Iterator[frozenset[Leaf]]:
    """Growing sets of closing brackets to pass over, as long as what is behind them fits."""
    omit: set[Leaf] = set()
    if line.magic is None:
        yield frozenset(omit)
    length = 4 * line.depth
    opening: Leaf | None = None
    closing: Leaf | None = None
    inner: set[Leaf] = set()
    for index in range(len(line.leaves) - 1, -1, -1):
        leaf = line.leaves[index]
        length += len(leaf.gap) + len(leaf.value)
        if length > LINE_LENGTH:
            break
        before = line.leaves[index - 1] if index else None
        is_exploded = (
            leaf.kind in CLOSING
            and before is not None
            and before.kind == ","
            and leaf.opening is not None
            and not line.is_single(leaf, "(")
        )
        if opening is not None:
            if leaf is opening:
                opening = None
            elif leaf.kind in CLOSING:
                if is_exploded:
                    break
                inner.add(leaf)
        elif leaf.kind in CLOSING:
            if before is not None and before.kind in OPENING:
                inner.add(leaf)
                continue
            if closing is not None:
                omit.add(closing)
                omit.update(inner)
                inner.clear()
                yield frozenset(omit)
            if is_exploded:
                break
            if leaf.value:
                opening = leaf.opening
                closing = leaf


def _right_hand_split(line: Line, omit: Collection[Leaf]) -> Split:
    """Break at the last brackets that are not to be passed over."""
    head: list[Leaf] = []
    body: list[Leaf] = []
    tail: list[Leaf] = []
    current = tail
    opening: Leaf | None = None
    closing: Leaf | None = None
    for leaf in reversed(line.leaves):
        if current is body and leaf is opening:
            # Empty brackets stay with what is behind them.
            current = head if body else tail
        current.append(leaf)
        if current is tail and leaf.kind in CLOSING and leaf not in omit:
            opening, closing, current = leaf.opening, leaf, body
    if opening is None or closing is None or not head:
        raise CannotSplit
    return _divided(line, head[::-1], body[::-1], tail[::-1], opening, closing)


def _divided(
    line: Line,
    head: Sequence[Leaf],
    body: Sequence[Leaf],
    tail: Sequence[Leaf],
    opening: Leaf,
    closing: Leaf,
) -> Split:
    first = Line(line.depth, False)
    inside = _inside_matching(head)
    for leaf in head:
        first.append(leaf, tracked=leaf in inside)
    middle = Line(line.depth + 1, True)
    content = list(body)
    if _needs_comma(line, content, opening):
        content.append(_comma())
    append_all(middle, content, tracked=True)
    middle.must_split = _must_split(middle, opening)
    last = Line(line.depth, False)
    append_all(last, tail, tracked=False)
    return Split(first, middle, last, opening, closing)


def _inside_matching(leaves: Sequence[Leaf]) -> frozenset[Leaf]:
    """Leaves between brackets that both stand among the leaves, brackets included."""
    found: set[Leaf] = set()
    stack: list[int] = []
    for index, leaf in enumerate(leaves):
        if leaf.kind in OPENING:
            stack.append(index)
        elif leaf.kind in CLOSING and stack:
            found.update(leaves[stack.pop() : index + 1])
    return frozenset(found)


def _comma() -> Leaf:
    comma = Leaf(",", ",", "")
    comma.is_new = True
    return comma


def _needs_comma(line: Line, body: Sequence[Leaf], opening: Leaf) -> bool:
    """Whether the last of imported names, or the only parameter, gets a comma."""
    if not body or body[-1].kind == ",":
        return False
    if line.is_import:
        return True
    if not line.is_definition or opening.place != "parameters":
        return False
    return not any(leaf.kind == "," and leaf.place == "arguments" for leaf in body)


def _must_split(body: Line, opening: Leaf) -> bool:
    """Whether a body of several elements is to be broken at once, though it may fit."""
    last = body.leaves[-1]
    has_comma = last.kind == ","
    if body.highest(last if has_comma else None) != COMMA_PRIORITY:
        return False
    return has_comma or opening.place in ("atom", "import")


def _without_optional(split: Split, line: Line, forced: bool, omit: Collection[Leaf]) -> list[Line]:
    """The split, or a better one further left if its brackets are optional parentheses."""
    if (
        not forced
        and split.opening.kind == "("
        and not split.opening.value
        and not split.closing.value
        and not line.is_import
        and can_omit_optional(split)
    ):
        more = {split.closing, *omit}
        try:
            other = _right_hand_split(line, more)
            if is_better(other, split):
                return _without_optional(other, line, forced, more)
        except CannotSplit:
            if [leaf.kind for leaf in line.leaves].count("=") <= 1:
                if not can_be_split(split.body) and not split.body.fits(LINE_LENGTH):
                    raise
    split.opening.value, split.closing.value = split.opening.kind, split.closing.kind
    return [part for part in (split.head, split.body, split.tail) if part.leaves]


def delimiter_split(line: Line, forced: bool) -> list[Line]:
    """Break at every delimiter of the highest priority; elements get a comma behind the last."""
    if not line.leaves:
        raise CannotSplit
    priority = line.highest(line.leaves[-1])
    if not priority or (priority == DOT_PRIORITY and line.count(priority) == 1):
        raise CannotSplit
    found: list[Line] = []
    current = Line(line.depth, line.is_inside)
    for leaf in line.leaves:
        if not current.leaves:
            leaf.gap = ""
        current.append(leaf, tracked=line.is_inside)
        if line.delimiters.get(leaf) == priority:
            found.append(current)
            current = Line(line.depth, line.is_inside)
    if current.leaves:
        if priority == COMMA_PRIORITY and current.leaves[-1].kind != ",":
            current.append(_comma(), tracked=line.is_inside)
        found.append(current)
    return found
