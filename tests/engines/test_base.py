from hypothesis import given
from hypothesis import strategies as st

from daybreak.engines import current_engine, open_engine, split_rows, use_engine
from daybreak.engines.serial import SerialEngine


@given(n_rows=st.integers(0, 200), n_parts=st.integers(1, 30))
def test_parts_cover_all_rows_once_and_differ_by_one_row(n_rows, n_parts):
    parts = split_rows(n_rows, n_parts)
    assert [row for part in parts for row in range(part.start, part.stop)] == list(
        range(n_rows)
    )
    sizes = [part.stop - part.start for part in parts]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_an_engine_is_in_use_within_its_block_alone():
    with open_engine("serial") as outer, use_engine(outer):
        with use_engine(SerialEngine(3)):
            assert current_engine().n_shards == 3
        assert current_engine() is outer
        with use_engine(None):
            assert current_engine() is None
    assert current_engine() is None
