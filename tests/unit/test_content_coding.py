"""gzip and deflate: every split, every form, and bodies that lie about them."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdkpress.runtime import content_coding
from sdkpress.runtime.content_coding import ContentCodingError, decompressor


def raw(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw),
    "members": ("gzip", lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:])),
    "padding": ("gzip", lambda data: gzip.compress(data) + bytes(20)),
    "twice": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "old name": ("X-GZip", gzip.compress),
}


def decode(coding: str, blocks: list[bytes]) -> bytes:
    engine = decompressor(coding)
    assert engine is not None
    data = b"".join(map(engine.feed, blocks))
    engine.end()
    return data


@pytest.mark.parametrize("form", FORMS)
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_every_split_gives_the_same(form: str, data: bytes, cuts: list[int]) -> None:
    coding, compress = FORMS[form]
    packed = compress(data)
    places = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    blocks = [packed[a:b] for a, b in itertools.pairwise(places)]
    assert decode(coding, blocks) == data
    assert decode(coding, [packed[i : i + 1] for i in range(len(packed))]) == data


@pytest.mark.parametrize("form", ["gzip", "zlib", "raw deflate", "twice"])
@given(data=st.binary(min_size=1, max_size=200), share=st.floats(0, 1, exclude_max=True))
def test_every_cut_is_noticed(form: str, data: bytes, share: float) -> None:
    coding, compress = FORMS[form]
    packed = compress(data)
    cut = packed[: max(1, int(len(packed) * share))]
    with pytest.raises(ContentCodingError) as caught:
        decode(coding, [cut])
    assert caught.value.cut


@given(st.sampled_from(["gzip", "deflate", "gzip, deflate"]), st.lists(st.binary(), max_size=5))
def test_garbage_is_our_error(coding: str, blocks: list[bytes]) -> None:
    try:
        decode(coding, blocks)
    except ContentCodingError:
        pass


@pytest.mark.parametrize("coding", [None, "", "identity", "none", " Identity , "])
def test_no_coding(coding: str | None) -> None:
    assert decompressor(coding) is None


@pytest.mark.parametrize("coding", ["br", "gzip, br", "zstd", "gzip" + ", gzip" * 3])
def test_codings_nobody_asked_for(coding: str) -> None:
    with pytest.raises(ContentCodingError, match="not asked for"):
        decompressor(coding)


@pytest.mark.parametrize("form", ["gzip", "zlib", "raw deflate", "twice"])
def test_a_bomb_is_left_early(form: str) -> None:
    coding, compress = FORMS[form]
    engine = decompressor(coding)
    assert engine is not None
    made = 0
    bomb = compress(bytes(content_coding.FREE_SIZE * 4))
    with pytest.raises(ContentCodingError, match="times its size"):
        for start in range(0, len(bomb), 1000):
            made += len(engine.feed(bomb[start : start + 1000]))
    assert made <= content_coding.FREE_SIZE + content_coding._STEP


def test_what_grows_honestly_is_let_through() -> None:
    line = b'{"embedding": [0.0, 0.1, 0.2, 0.3], "id": %d}\n'
    data = b"".join(line % number for number in range(content_coding.FREE_SIZE // 40))
    assert len(data) > content_coding.FREE_SIZE
    assert decode("gzip", [gzip.compress(data, 1)]) == data


def test_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_coding, "MAX_SIZE", 1000)
    with pytest.raises(ContentCodingError, match="larger than 1000"):
        decode("gzip", [gzip.compress(bytes(1001))])
    assert len(decode("gzip", [gzip.compress(bytes(1000))])) == 1000
