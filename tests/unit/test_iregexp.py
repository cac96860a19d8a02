"""I-Regexp (RFC 9485): the grammar, and agreement with `re` where the dialects agree."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.iregexp import IRegexpError, compile_iregexp

MATCHES = [
    ("", "", True),
    ("", "a", False),
    ("a|b", "b", True),
    ("a|", "", True),
    ("(ab)+", "abab", True),
    ("(ab)+", "aba", False),
    ("a{2}", "aa", True),
    ("a{2}", "aaa", False),
    ("a{2,}", "aaaa", True),
    ("a{1,2}b", "aab", True),
    ("a{1,2}b", "aaab", False),
    ("a{0}", "", True),
    ("x.z", "xyz", True),
    ("x.z", "x\nz", False),
    ("x.z", "x\rz", False),
    ("x.z", "x\u2028z", True),
    ("x.z", "x\U0001f600z", True),
    ("[a-c]", "b", True),
    ("[^a-c]", "b", False),
    ("[^a-c]", "d", True),
    ("[-a]", "-", True),
    ("[a-]", "-", True),
    ("[^-]", "-", False),
    ("[a\\]]", "]", True),
    ("[\\p{Lu}0]", "É", True),
    ("[\\P{Lu}]", "É", False),
    ("\\p{L}+", "éß", True),
    ("\\p{Nd}", "x", False),
    ("\\n\\t\\.\\\\", "\n\t.\\", True),
    ("^a$", "a", True),
    ("^a$", "ba", False),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_match(pattern: str, text: str, expected: bool) -> None:
    assert compile_iregexp(pattern).fullmatch(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b", "abc", True),
        ("d", "abc", False),
        ("", "", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("b$", "abc", False),
        ("(a|b)c", "xbc", True),
    ],
)
def test_search(pattern: str, text: str, expected: bool) -> None:
    assert compile_iregexp(pattern).search(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "a)", "*", "a**", "a{", "a{}", "a{2,1}", "a{x}", "[", "[]", "[]a]", "[b-a]", "[a-z-9]",
        "a]", "{", "}", "\\d", "\\", "\\p{Xx}", "\\p{L", "\\pL", "[[a]]", "\\p{}", "(?:a)", "a{99999999999}",
    ],
)  # fmt: skip
def test_what_is_no_i_regexp(pattern: str) -> None:
    with pytest.raises(IRegexpError):
        compile_iregexp(pattern)


@pytest.mark.parametrize("pattern", ["a{99999}", "((a{100}){100}){100}", "(" * 60 + ")" * 60])
def test_what_needs_too_many_states(pattern: str) -> None:
    with pytest.raises(IRegexpError):
        compile_iregexp(pattern)


def test_copies_of_nothing_are_counted_too() -> None:
    pattern = "()"
    for _ in range(20):
        pattern = f"({pattern}){{999}}"
    with pytest.raises(IRegexpError):
        compile_iregexp(pattern)


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", "."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=5,
)


@given(PATTERNS, st.text("abc", max_size=8))
def test_agreement_with_re(pattern: str, text: str) -> None:
    compiled = compile_iregexp(pattern)
    assert compiled.fullmatch(text) is bool(re.fullmatch(pattern, text))
    assert compiled.search(text) is bool(re.search(pattern, text))
