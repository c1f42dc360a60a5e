import polars as pl

from daybreak.data.ties import tie_report
from daybreak.rng import stream


def log(items, users=None, time=0.0):
    ids = [str(item) for item in items]
    users = users or ["a"] * len(ids)
    return pl.DataFrame({"user_id": users, "item_id": ids, "timestamp": [time] * len(ids)})


def test_ids_in_ascending_order_are_noticed_as_numbers():
    assert tie_report(log(range(60))).sorted_by_id


def test_ids_in_ascending_order_are_noticed_as_text():
    assert tie_report(log([f"item-{n:03}" for n in range(60)])).sorted_by_id


def test_a_random_order_is_no_matter_of_concern():
    report = tie_report(log(stream(0, "ties").permutation(500)))
    assert report.pairs == 499
    assert not report.sorted_by_id


def test_only_neighbours_of_one_user_and_time_are_compared():
    report = tie_report(log([3, 1, 2], ["a", "b", "a"]))
    assert (report.pairs, report.ascending, report.share) == (1, 0.0, 2 / 3)


def test_unknown_times_are_no_ties():
    assert tie_report(log(range(60), time=None)).pairs == 0
