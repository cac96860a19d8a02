"""Long lines are broken where black breaks them: black itself is the oracle."""

from __future__ import annotations

from textwrap import indent

import black
import pytest
from black.strings import char_width
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdkpress.text import describe, docstring, literal
from sdkpress.wrapping import LINE_LENGTH, units, wrap
from sdkpress.wrapping.frequent import frequent
from sdkpress.wrapping.width import width
from tests.corpus.black_stable import unstable_files

MODE = black.Mode(target_versions={black.TargetVersion.PY311}, line_length=LINE_LENGTH)
LONG = "a" * 60


def formatted(text: str) -> list[str]:
    """Black's lines; blank ones are the templates' affair."""
    return [line for line in black.format_str(text, mode=MODE).split("\n") if line]


def wrapped(text: str) -> list[str]:
    return [line for line in wrap(text).split("\n") if line]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'A: TypeAlias = "{LONG} | {LONG}"', f'A: TypeAlias = (\n    "{LONG} | {LONG}"\n)'),
        (f"x: Maybe[{LONG}{LONG}] = ABSENT", f"x: Maybe[\n    {LONG}{LONG}\n] = ABSENT"),
        (f"from .{LONG} import {LONG}", f"from .{LONG} import (\n    {LONG},\n)"),
        (
            f"f(\n    x: {LONG} | str | {LONG} = None,\n)",
            f"f(\n    x: (\n        {LONG}\n        | str\n        | {LONG}\n    ) = None,\n)",
        ),
        (
            f'x = (P("{LONG}", "{LONG}"),)',
            f'x = (\n    P(\n        "{LONG}",\n        "{LONG}",\n    ),\n)',
        ),
    ],
)
def test_long_line_is_broken(text: str, expected: str) -> None:
    assert wrap(f"{text}\n") == f"{expected}\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        f"f(\n    {LONG},\n    {LONG},\n)",
        f'"""A docstring.\n\nf({LONG}, {LONG})\n"""',
        f"# a comment: f({LONG}, {LONG})",
        f'def f():\n    """One line."""\n\n\ndef g():\n    """A text.\n\n    f({LONG}, {LONG})\n    """',
        f'x = \'"""\'\n\n\ndef g():\n    """A text.\n\n    f({LONG}, {LONG})\n    """',
        f'x = f("{LONG}", "{LONG}")  # a comment',
        f'x = "{LONG}{LONG}"',
    ],
)
def test_other_lines_stay(text: str) -> None:
    assert wrap(f"{text}\n") == f"{text}\n"


@pytest.mark.parametrize("depth", [0, 4])
def test_what_is_known_is_what_the_rules_say(depth: int) -> None:
    texts = [
        f"{' ' * depth}{'f' * name}: Maybe[{'T' * inner}] = ABSENT"
        for name in (*range(1, 30, 4), *range(80, 104))
        for inner in (*range(1, 30, 4), *range(80, 104))
    ]
    texts += [
        f"{' ' * depth}{'N' * name}: TypeAlias = Literal[{', '.join([literal('v' * size)] * count)}] | str"
        for name in (1, 40, 83, 84, 85, 90)
        for count in (1, 2, 6)
        for size in (*range(1, 50, 7), *range(70, 104, 3))
    ]
    texts += [
        f'{" " * depth}s: Script[{types}, {"R" * name}] = scripted("{"/" * path}", {"R" * name})'
        for types in ("Any", "T" * 60, "T" * 99, f"list[{'T' * 30}]", f"{'T' * 48} | {'U' * 48}, V")
        for name in (1, *range(20, 50))
        for path in (1, 30, 70, 99)
    ]
    texts += [
        f'{" " * depth}{"N" * name}: TypeAlias = "{"A" * size} | {"B" * size}"'
        for name in (1, 40, 80, 87, 88, 99)
        for size in (*range(1, 60, 7), 99)
    ]
    texts += [
        f'{" " * depth}path_: dict[str, object] = {{{", ".join([pair] * count)}}}'
        for key in (1, 20, 60, *range(85, 99), 110)
        for value in (1, 30, 70)
        for pair in (f'"{"k" * key}": {"v" * value}',)
        for count in (1, 2, 7)
    ]
    elements = [
        f"{' ' * depth}{'p' * name}: {types} = {default},"
        for name in (1, 30, 70, 88, 89, 90, 91, 98)
        for size in (*range(1, 60, 9), *range(76, 98))
        for types in (f"{'T' * size} | None", f"m.{'T' * size} | m.{'T' * size}Param | None")
        for default in ("None", "UNSET")
    ]
    elements += [
        f'{" " * depth}Answer("200", "{"m" * size}", "json", lambda: models.{"M" * name}),'
        for size in (1, 20, 40, 90)
        for name in (*range(1, 70, 9), *range(70, 80), 99)
    ]
    elements += [
        f'{" " * depth}answers=(Answer("200", "{"m" * size}", "json", lambda: models.{"M" * name}),),'
        for size in (1, 20, 40, 90)
        for name in (*range(1, 60, 9), *range(60, 72), 99)
    ]
    for text, is_element in [*((t, False) for t in texts), *((t, True) for t in elements)]:
        known = frequent(text, is_element) if len(text) > LINE_LENGTH else None
        assert known in (None, units._broken_by_rules(text, is_element))


def test_width_is_what_black_measures() -> None:
    wide = [chr(code) for code in range(0x110000) if char_width(chr(code)) != width(chr(code))]
    assert [c for c in wide if c.isprintable()] == []


NAMES = st.builds(
    lambda first, length: first + "bcé9_" * (length // 5) + "x" * (length % 5),
    st.sampled_from("aBé_"),
    st.integers(0, 45),
)
STRINGS = st.text(alphabet="abc d/.-_\"'\\\n漢🎉(){}[],#%", max_size=40).map(literal)
LEAVES = st.sampled_from(["str", "int", "None", "Any", "datetime.datetime"]) | NAMES


def joined(items: st.SearchStrategy[str], separator: str, most: int) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=most).map(separator.join)


ANNOTATIONS = st.recursive(
    LEAVES | NAMES.map("models.{}".format) | joined(STRINGS, ", ", 7).map("Literal[{}]".format),
    lambda inner: st.one_of(
        joined(inner, " | ", 5),
        inner.map("list[{}]".format),
        inner.map("dict[str, {}]".format),
        inner.map("Maybe[{}]".format),
        inner.map("Callable[[], {}]".format),
        joined(inner, ", ", 3).map("tuple[{}]".format),
    ),
    max_leaves=8,
)
PAIRS = st.tuples(STRINGS, STRINGS).map(": ".join)
VALUES = st.recursive(
    STRINGS | NAMES | st.sampled_from(["None", "True", "-1", "1e20", "[]", "{}", "()"]),
    lambda inner: st.one_of(
        joined(inner, ", ", 4).map("[{}]".format),
        joined(st.tuples(STRINGS, inner).map(": ".join), ", ", 4).map("{{{}}}".format),
        inner.map("({},)".format),
    ),
    max_leaves=8,
)
ARGUMENTS = st.one_of(
    VALUES,
    ANNOTATIONS.map("lambda: {}".format),
    st.builds("{}={}".format, NAMES, VALUES),
    st.builds("{}={} if {} is not UNSET else NO_BODY".format, NAMES, NAMES, NAMES),
)


def in_order(arguments: list[str]) -> list[str]:
    """Positional arguments first: the others have a name and `=` before anything else."""
    return sorted(arguments, key=lambda item: item.split("=")[0].isidentifier())


CALLS = st.builds(
    lambda path, arguments: f"{'.'.join(path)}({', '.join(in_order(arguments))})",
    st.lists(NAMES, min_size=1, max_size=4),
    st.lists(ARGUMENTS, max_size=4),
)


def exploded(opening: str, items: list[str], closing: str) -> str:
    return f"{opening}\n" + "".join(f"    {item},\n" for item in items) + closing


STATEMENTS = st.one_of(
    st.builds("{}: {} = ABSENT".format, NAMES, ANNOTATIONS),
    st.builds("{}: {}".format, NAMES, ANNOTATIONS),
    st.builds("{}: TypeAlias = {}".format, NAMES, ANNOTATIONS),
    st.builds("{}: TypeAlias = {}".format, NAMES, ANNOTATIONS.map(literal)),
    st.builds("{} = {}".format, NAMES, VALUES),
    st.builds("{} = {}".format, NAMES, CALLS),
    st.builds("{}[{}] = {}".format, NAMES, STRINGS, NAMES),
    st.builds("path_: dict[str, object] = {{{}}}".format, joined(PAIRS, ", ", 4)),
    st.builds("{} = union({}, lambda: (int, {}))".format, NAMES, STRINGS, joined(ANNOTATIONS, ", ", 3)),
    CALLS,
    st.builds("@{}({}, {})\ndef f():\n    pass".format, NAMES, STRINGS, STRINGS),
    st.builds("s: {}[{}] = {}({}, {})".format, NAMES, joined(ANNOTATIONS, ", ", 3), NAMES, STRINGS, NAMES),
    st.builds("if {} is not None:\n    pass".format, NAMES),
    st.builds("with {} as stream:\n    pass".format, CALLS),
    st.builds("class {}(Model, rename={{{}}}):\n    x = 1".format, NAMES, joined(PAIRS, ", ", 4)),
    st.builds("from .{} import {}".format, NAMES, joined(NAMES, ", ", 4)),
    st.builds("def {}({}: {}) -> {}:\n    pass".format, NAMES, NAMES, NAMES, ANNOTATIONS),
    st.builds("def {}() -> {}:\n    pass".format, NAMES, ANNOTATIONS),
    st.builds(
        lambda name, types, result, end: exploded(
            f"def {name}(", ["self", "*", *(f"p{n}: {t}" for n, t in enumerate(types))], f") -> {result}:{end}"
        ),
        NAMES,
        st.lists(ANNOTATIONS, min_size=1, max_size=3),
        ANNOTATIONS,
        st.sampled_from([" ...", "\n    pass"]),
    ),
    st.builds(
        lambda name, items: exploded(f"{name} = Operation(", in_order(items), ")"),
        NAMES,
        st.lists(ARGUMENTS, min_size=1, max_size=4),
    ),
)  # fmt: skip


@given(STATEMENTS, st.integers(0, 2))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_statements_are_broken_as_black_breaks_them(statement: str, depth: int) -> None:
    heads = "".join(f"{'    ' * level}if x:\n" for level in range(depth))
    text = heads + indent(statement, "    " * depth) + "\n"
    assert wrapped(text) == formatted(text)


@given(st.text(alphabet="ab \"'\\\n`|-\u00a0é漢", max_size=60), st.sampled_from([0, 4]))
@settings(max_examples=150, deadline=None)
def test_docstrings_are_black_stable(text: str, depth: int) -> None:
    head = "class A:\n" if depth else ""
    written = docstring(describe("", text) or ["Name."], depth)
    module = f"{head}{' ' * depth}{written}\n"
    assert black.format_str(module, mode=MODE) == module


@given(st.text(max_size=20) | st.floats() | st.integers() | st.booleans() | st.none())
@settings(max_examples=200, deadline=None)
def test_literals_are_black_stable(value: object) -> None:
    text = f"x = {literal(value)}\n"
    assert black.format_str(text, mode=MODE) == text


def test_unstable_text_is_found() -> None:
    found = unstable_files({"a.py": "x = 1\n", "b.py": "x=1\n", "c.py": "x = (\n", "d.md": "x=1"})
    assert [file.path for file in found] == ["c.py"]
    assert [file.path for file in unstable_files({"b.py": "x=1\n"})] == ["b.py"]
