"""Leaves: the tokens of a statement, with what black's rules ask about each.

The statement is one that templates print; `read` gives None for anything else (a comment, a
comprehension, a line continuation), which then stays as it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["CLOSING", "COMMA_PRIORITY", "DOT_PRIORITY", "OPENING", "Leaf", "copied", "read"]

COMMA_PRIORITY = 18
TERNARY_PRIORITY = 16
LOGIC_PRIORITY = 14
STRING_PRIORITY = 12
COMPARATOR_PRIORITY = 10
_OPERATORS = {
    "|": 9, "^": 8, "&": 7, "<<": 6, ">>": 6, "+": 5, "-": 5,
    "*": 4, "/": 4, "//": 4, "%": 4, "@": 4, "**": 2,
}  # fmt: skip
DOT_PRIORITY = 1
_COMPARATORS = frozenset({"<", ">", "==", "!=", "<=", ">="})

OPENING = frozenset("([{")
CLOSING = frozenset(")]}")
_PAIRS = {"(": ")", "[": "]", "{": "}"}

# Behind these words, a bracket opens a value of its own and an operator is unary.
_KEYWORDS = frozenset(
    {
        "and", "as", "assert", "async", "await", "class", "def", "elif", "else", "for", "from",
        "if", "import", "in", "is", "lambda", "not", "or", "raise", "return", "while", "with",
        "yield",
    }
)  # fmt: skip

_TOKEN = re.compile(
    r"""(?P<gap>\s*)(?:
        (?P<string>[rRbBuUfF]{0,2}(?:"(?!"")(?:[^"\\\n]|\\.)*"|'(?!'')(?:[^'\\\n]|\\.)*'))
      | (?P<name>[^\W\d]\w*)
      | (?P<number>\d[\w.]*(?:(?<=[eE])[-+]\d+)?)
      | (?P<operator>\.\.\.|->|:=|\*\*|//|<<|>>|[=!<>]=|[-+*/%@&|^~<>=.,:;()\[\]{}])
    )""",
    re.VERBOSE,
)


class Leaf:
    """A token. Optional parentheses are leaves without a value until a split needs them.

    `kind` is `name`, `number`, `string` or the operator itself; `gap` is the space before it;
    `before` and `after` are the priorities of a break on either side; `place` of a bracket is
    `atom`, `call`, `subscript`, `parameters`, `import` or `choice`, and of a comma `arguments`
    where it separates arguments. `is_new` says that black made it while it was splitting.
    """

    __slots__ = (
        "after", "before", "depth", "gap", "is_new", "kind", "opening", "place", "value",
    )  # fmt: skip

    def __init__(self, kind: str, value: str, gap: str, place: str = "") -> None:
        self.kind = kind
        self.value = value
        self.gap = gap
        self.place = place
        self.before = 0
        self.after = COMMA_PRIORITY if kind == "," else 0
        self.depth = 0
        self.opening: Leaf | None = None
        self.is_new = False


def copied(leaf: Leaf) -> Leaf:
    """The leaf anew, for a second try; the old one is out of the tree then."""
    fresh = Leaf(leaf.kind, leaf.value, leaf.gap, leaf.place)
    fresh.before = leaf.before
    leaf.is_new = True
    return fresh


def read(text: str, is_element: bool) -> list[Leaf] | None:
    """The leaves of a statement, or of one element between brackets, with optional parentheses.

    None where the text is not of the kind that templates print.
    """
    leaves = _scanned(text)
    if not leaves:
        return None
    matches = _matched(leaves)
    if matches is None:
        return None
    wrapper = _Wrapper(leaves, matches)
    if leaves[0].kind in CLOSING:
        wrapper.result(0)
    elif is_element:
        wrapper.element()
    else:
        wrapper.statement()
    if wrapper.is_foreign:
        return None
    return wrapper.finished()


def _scanned(text: str) -> list[Leaf] | None:
    leaves: list[Leaf] = []
    position = 0
    end = len(text)
    previous: Leaf | None = None
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            return None if text[position:].strip() else leaves
        position = found.end()
        kind = found.lastgroup or ""
        value = found[kind]
        gap = found["gap"]
        leaf = Leaf(value if kind == "operator" else kind, value, gap)
        if "\n" in gap:
            joined = previous is None or previous.kind in OPENING or leaf.kind in CLOSING
            leaf.gap = "" if joined or leaf.kind == "." else " "
        leaf.before = _priority(leaf, previous)
        leaves.append(leaf)
        previous = leaf
    return leaves


def ends_operand(leaf: Leaf) -> bool:
    """Whether an operand ends here: what follows is a trailer or a binary operator."""
    if leaf.kind == "name":
        return leaf.value not in _KEYWORDS
    return leaf.kind in CLOSING or leaf.kind in ("string", "number", "...")


def _priority(leaf: Leaf, previous: Leaf | None) -> int:
    """The priority of a line break before the leaf (black's `is_split_before_delimiter`)."""
    if previous is None:
        return 0
    kind = leaf.kind
    if kind == "name":
        word = leaf.value
        if word in ("and", "or"):
            return LOGIC_PRIORITY
        if word in ("if", "else"):
            return TERNARY_PRIORITY
        if word == "is" or (word == "in" and previous.value != "not"):
            return COMPARATOR_PRIORITY
        if word == "not" and ends_operand(previous):
            return COMPARATOR_PRIORITY
        return 0
    if kind == ".":
        return DOT_PRIORITY if previous.kind in CLOSING else 0
    if kind == "string":
        return STRING_PRIORITY if previous.kind == "string" else 0
    if kind in _COMPARATORS:
        return COMPARATOR_PRIORITY
    return _OPERATORS.get(kind, 0) if ends_operand(previous) else 0


def _matched(leaves: list[Leaf]) -> dict[int, int] | None:
    """Indices of brackets and of those that close them; says what each bracket is."""
    stack: list[int] = []
    found: dict[int, int] = {}
    words = [leaf.value for leaf in leaves[:2]]
    defines = words[0] in ("def", "class") or words == ["async", "def"]
    for index, leaf in enumerate(leaves):
        if leaf.kind in OPENING:
            before = leaves[index - 1] if index else None
            leaf.place = "atom"
            if before is not None and ends_operand(before) and leaf.kind != "{":
                leaf.place = "call" if leaf.kind == "(" else "subscript"
                if defines and not stack and leaf.kind == "(":
                    leaf.place = "parameters"
                    defines = False
            stack.append(index)
        elif leaf.kind in CLOSING:
            if not stack:
                if index:
                    return None
                continue
            opening = stack.pop()
            if _PAIRS[leaves[opening].kind] != leaf.kind:
                return None
            found[opening] = index
            leaf.place = leaves[opening].place
        elif leaf.kind == "," and stack and leaves[stack[-1]].place in ("call", "parameters"):
            leaf.place = "arguments"
    return None if stack else found


class _Wrapper:
    """Puts optional parentheses where black has them, from the kind of the statement."""

    def __init__(self, leaves: list[Leaf], matches: dict[int, int]) -> None:
        self._leaves = leaves
        self._matches = matches
        self._opened: dict[int, list[Leaf]] = {}
        self._closed: dict[int, list[Leaf]] = {}
        self.is_foreign = any(
            leaf.kind == "name" and leaf.value in ("for", "yield", "while") for leaf in leaves
        ) or any(leaf.kind in (";", ":=", "~") for leaf in leaves)

    def finished(self) -> list[Leaf]:
        """All leaves in order, with the parentheses that the methods below have added."""
        if not self.is_foreign:
            self._choices()
        result: list[Leaf] = []
        for index, leaf in enumerate(self._leaves):
            result.extend(self._closed.get(index, ()))
            opened = self._opened.get(index)
            if opened:
                opened[0].gap, leaf.gap = leaf.gap, ""
                result.extend(opened)
            result.append(leaf)
        result.extend(self._closed.get(len(self._leaves), ()))
        return result

    def statement(self) -> None:
        """A statement at the top of its line."""
        leaves = self._leaves
        first = leaves[0].value if leaves[0].kind in ("name", "@") else ""
        end = len(leaves)
        if first == "async":
            first = leaves[1].value
        match first:
            case "from":
                index = next(i for i, leaf in enumerate(leaves) if leaf.value == "import") + 1
                if leaves[index].kind == "(":
                    leaves[index].value = leaves[-1].value = ""
                    leaves[index].place = leaves[-1].place = "import"
                else:
                    self._wrap(index, end, "import")
            case "def":
                opening = next(i for i, leaf in enumerate(leaves) if leaf.kind == "(")
                closing = self._matches[opening]
                start = opening + 1
                for index in [*self._top(opening + 1, closing, ","), closing]:
                    self._parameter(start, index)
                    start = index + 1
                self.result(closing)
            case "class" | "import" | "@":
                pass
            case "return":
                self._optional(1, end)
            case "assert":
                commas = self._top(1, end, ",")
                self._optional(1, commas[0] if commas else end)
                if commas:
                    self._optional(commas[0] + 1, end)
            case "with" | "if" | "elif":
                start = next(i for i, leaf in enumerate(leaves) if leaf.value == first) + 1
                colon = self._top(start, end, ":")
                if not colon or colon[0] != end - 1:
                    self.is_foreign = True
                    return
                self._optional(start, colon[0])
            case _:
                equals = self._top(0, end, "=")
                colons = self._top(0, equals[0] if equals else end, ":")
                marks = [*colons[:1], *equals, end]
                for mark, following in pairwise(marks):
                    self._optional(mark + 1, following)

    def element(self) -> None:
        """One element between brackets; `name: …` is a parameter of a function."""
        self._parameter(0, len(self._leaves) - (self._leaves[-1].kind == ","))

    def result(self, closing: int) -> None:
        """What follows the parameters of a function: `) -> annotation:`."""
        leaves = self._leaves
        if closing + 1 >= len(leaves) or leaves[closing + 1].kind != "->":
            return
        start = closing + 2
        colon = self._top(start, len(leaves), ":")
        end = colon[0] if colon else len(leaves)
        self._optional(start, end)

    def _parameter(self, start: int, end: int) -> None:
        """`name: annotation = default`: only a union has optional parentheses."""
        start += self._leaves[start].kind == "**"
        if end - start < 3 or self._leaves[start].kind != "name":
            return
        if self._leaves[start + 1].kind != ":" or self._leaves[start].value == "lambda":
            return
        stop = next(iter(self._top(start, end, "=")), end)
        if self._leaves[start + 2].kind == "(" or self._top(start + 2, stop, "|"):
            self._optional(start + 2, stop)

    def _top(self, start: int, end: int, kind: str) -> list[int]:
        """Indices of the leaves of a kind that stand in no bracket between the two."""
        found: list[int] = []
        index = start
        while index < end:
            leaf = self._leaves[index]
            if leaf.kind == kind:
                found.append(index)
            index = self._matches.get(index, index) + 1
        return found

    def _optional(self, start: int, end: int) -> None:
        if start >= end:
            return
        first = self._leaves[start]
        if first.kind == "(" and self._matches[start] == end - 1:
            if start + 1 == end - 1 or self._top(start + 1, end - 1, ","):
                return  # a tuple keeps its own
            first.value = self._leaves[end - 1].value = ""
            return
        self._wrap(start, end)

    def _wrap(self, start: int, end: int, place: str = "atom") -> None:
        self._opened.setdefault(start, []).append(Leaf("(", "", "", place))
        self._closed.setdefault(end, []).insert(0, Leaf(")", "", "", place))

    def _choices(self) -> None:
        """`x if y else z` has optional parentheses, unless a parenthesis stands before it."""
        leaves = self._leaves
        for index, leaf in enumerate(leaves):
            if leaf.value != "else" or leaf.kind != "name":
                continue
            start = index
            while start > 0:
                before = leaves[start - 1]
                if before.kind in CLOSING:
                    start = next(o for o, c in self._matches.items() if c == start - 1)
                    continue
                if before.kind in OPENING or before.kind in (",", "=", ":"):
                    break
                if before.value == "return" and before.kind == "name":
                    break
                start -= 1
            end = index
            while end < len(leaves):
                if leaves[end].kind in CLOSING or leaves[end].kind in (",", ":"):
                    break
                end = self._matches.get(end, end) + 1
            is_only = start > 0 and leaves[start - 1].kind == "(" and leaves[end].kind == ")"
            if start in self._opened or is_only:
                continue
            self._wrap(start, end, "choice")
