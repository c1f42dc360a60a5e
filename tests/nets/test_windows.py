import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from daybreak.nets.sequence import HistoryWindows, PackedHistories  # noqa: E402 - needs torch


def chunks_of(sizes, length, at=None):
    user = np.repeat(np.arange(len(sizes)), sizes)
    times = np.concatenate([np.arange(size) for size in sizes]) if at is None else at
    return HistoryWindows(
        PackedHistories(user, np.arange(len(user)), np.asarray(times, float)), length
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_every_event_is_in_one_chunk_of_its_owner(sizes, length):
    chunks = chunks_of(sizes, length)
    item, _ = chunks.take(np.arange(len(chunks)))
    assert item.shape[1] <= length
    assert sorted(item[item >= 0]) == list(range(sum(sizes)))
    user = np.repeat(np.arange(len(sizes)), sizes)
    for owner, row in zip(chunks.user, item, strict=True):
        assert (user[row[row >= 0]] == owner).all()


def test_sums_before_a_chunk_are_those_of_earlier_events_of_its_owner():
    torch.manual_seed(0)
    chunks = chunks_of([3, 0, 11, 9], 4)
    for _ in range(5):
        chunks.resample()
        item, _ = chunks.take(np.arange(len(chunks)))
        before = chunks.sum_before(np.eye(23, dtype=np.float32))
        begin = np.array([0, 3, 3, 14])[chunks.user]
        for first, row, found in zip(begin, item, before, strict=True):
            if row[0] >= 0:
                assert np.flatnonzero(found).tolist() == list(range(first, row[0]))


def test_they_are_cut_elsewhere_every_time():
    torch.manual_seed(0)
    chunks = chunks_of([20], 8)
    cuts = set()
    for _ in range(20):
        chunks.resample()
        cuts.add(int((chunks.take(np.array([0]))[0] >= 0).sum()))
    assert len(cuts) > 2


def test_events_of_one_time_change_places_and_others_do_not():
    torch.manual_seed(0)
    chunks = chunks_of([5], 8, at=[1, 2, 2, 2, 3])
    orders = set()
    for _ in range(30):
        chunks.resample()
        item, end = chunks.take(np.array([0]))
        orders.add(tuple(item[0]))
        assert end[0].tolist() == [0, 3, 3, 3, 4]
    assert len(orders) == 6
    assert {(order[0], order[4]) for order in orders} == {(0, 4)}


def test_without_times_every_event_lies_in_one_moment():
    _, end = chunks_of([4], 8, at=[0, 0, 0, 0]).take(np.array([0]))
    assert end.tolist() == [[3, 3, 3, 3]]


def test_nobody_has_no_chunks():
    assert len(chunks_of([0], 5)) in {0, 1}
