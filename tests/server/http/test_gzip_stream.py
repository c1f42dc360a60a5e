"""gzip data of several members, in parts of any size."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.server.http.gzip_stream import GzipStream
from daybreak.server.http.problems import HttpProblem

CONTENTS = st.lists(st.binary(max_size=300) | st.just(b" " * 200_000), min_size=1, max_size=5)


def unpacked(packed, size):
    stream, parts = GzipStream("the body"), []
    for start in range(0, len(packed), size):
        parts += stream.decompress(packed[start : start + size])
    stream.check_complete()
    return b"".join(parts)


@given(CONTENTS, st.integers(1, 90), st.integers(0, 20))
def test_the_members_are_joined_whatever_the_parts(contents, size, n_zeros):
    packed = b"".join(map(gzip.compress, contents)) + bytes(n_zeros)
    assert unpacked(packed, size) == b"".join(contents)


@given(CONTENTS, st.integers(1, 90), st.binary(min_size=1, max_size=30))
def test_anything_else_after_a_member_is_an_error(contents, size, rest):
    packed = b"".join(map(gzip.compress, contents))
    if not rest.strip(b"\0"):
        rest += b"x"
    with pytest.raises(HttpProblem):
        unpacked(packed + rest, size)


@given(CONTENTS, st.integers(1, 90), st.data())
def test_a_truncated_stream_is_an_error(contents, size, data):
    packed = [gzip.compress(content) for content in contents]
    cut = data.draw(st.integers(1, len(packed[-1]) - 1))
    with pytest.raises(HttpProblem, match="incomplete"):
        unpacked(b"".join(packed)[:-cut], size)


@pytest.mark.parametrize("packed", [b"", b"\0\0", b"plain text", b"\x1f\x8b\x08"])
def test_what_has_no_member_is_an_error(packed):
    with pytest.raises(HttpProblem):
        unpacked(packed, 7)


def test_a_chunk_is_bounded():
    stream = GzipStream("the body")
    sizes = [len(chunk) for chunk in stream.decompress(gzip.compress(b" " * 1_000_000))]
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 50_000
