import polars as pl

from daybreak.data import Tables
from daybreak.evaluation import PopularBaseline, RandomBaseline


def shop():
    rows = [("a", "tea"), ("b", "tea"), ("b", "rum"), ("c", "tea"), ("c", "gin"), ("d", "gin")]
    return Tables.of(pl.DataFrame(rows, ["user_id", "item_id"], orient="row"))


def pairs(*rows):
    return pl.DataFrame(rows, ["user_id", "item_id"], orient="row")


def listed(answer, user):
    return answer.filter(pl.col("user_id") == user).sort("rank")["item_id"].to_list()


def test_popular_walks_past_what_is_seen_told_or_forbidden():
    """Counts: tea 3, gin 2, rum 1."""
    answer = PopularBaseline(shop()).recommend(
        ["b", "new", "old"], k=2, histories=pairs(("new", "gin")), exclude=pairs(("old", "tea"))
    )
    assert listed(answer, "b") == ["gin"]
    assert listed(answer, "new") == ["tea", "rum"]
    assert listed(answer, "old") == ["gin", "rum"]


def test_popular_counts_users_not_events():
    rows = [("a", "rum")] * 5 + [("a", "tea"), ("b", "tea")]
    answer = PopularBaseline(Tables.of(pairs(*rows))).recommend(["new"], k=1)
    assert listed(answer, "new") == ["tea"]


def test_popular_does_not_order_new_items_by_id():
    items = [f"i{n:03}" for n in range(100)]
    answer = PopularBaseline(shop()).recommend(["new"], k=100, items=items)
    assert sorted(listed(answer, "new")) == items != listed(answer, "new")


def test_popular_draws_ties_for_each_user():
    items = [f"i{n}" for n in range(30)]
    answer = PopularBaseline(shop()).recommend(["x", "y"], k=3, items=["tea", *items])
    assert listed(answer, "x")[0] == listed(answer, "y")[0] == "tea"
    assert listed(answer, "x") != listed(answer, "y")


def test_only_candidates_are_recommended_and_seen_ones_on_demand():
    answer = PopularBaseline(shop()).recommend(
        ["b"], k=9, exclude_seen=False, items=["rum", "tea"]
    )
    assert listed(answer, "b") == ["tea", "rum"]


def test_random_repeats_itself_for_a_seed_only():
    items = [f"i{n}" for n in range(50)]
    first, again = (RandomBaseline(shop()).recommend(["a"], k=9, items=items) for _ in range(2))
    other = RandomBaseline(shop(), seed=1).recommend(["a"], k=9, items=items)
    assert first.equals(again)
    assert listed(first, "a") != listed(other, "a")


def test_no_users_get_an_empty_frame():
    for baseline in (PopularBaseline, RandomBaseline):
        assert baseline(shop()).recommend([], k=3).height == 0
