import polars as pl

from daybreak.data.ties import measure_ties
from daybreak.rng import create_generator


def log(items, users=None, time=0.0):
    ids = [str(item) for item in items]
    users = users or ["a"] * len(ids)
    return pl.DataFrame({"user_id": users, "item_id": ids, "timestamp": [time] * len(ids)})


def test_ids_in_ascending_order_are_noticed_as_numbers():
    assert measure_ties(log(range(60))).is_sorted_by_id


def test_ids_in_ascending_order_are_noticed_as_text():
    assert measure_ties(log([f"item-{n:03}" for n in range(60)])).is_sorted_by_id


def test_a_random_order_is_no_matter_of_concern():
    report = measure_ties(log(create_generator(0, "ties").permutation(500)))
    assert report.n_pairs == 499
    assert not report.is_sorted_by_id


def test_only_neighbours_of_one_user_and_time_are_compared():
    report = measure_ties(log([3, 1, 2], ["a", "b", "a"]))
    assert (report.n_pairs, report.ascending_share, report.tied_share) == (1, 0.0, 2 / 3)


def test_unknown_times_are_no_ties():
    assert measure_ties(log(range(60), time=None)).n_pairs == 0
