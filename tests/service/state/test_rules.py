import time
from copy import copy as shallow_copy

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.errors import ConfigError, FilterError
from daybreak.ranking.reranking.rules import Boost, Quota, Rules

KINDS = ("tea", "rum", "pot")
NOW = 1_790_000_000.0


@pytest.fixture(scope="module")
def model():
    """Thirty items in three shelves, popular by their number; what differs is in columns."""
    n = 30
    items = pl.DataFrame(
        {
            "item_id": [f"i{row}" for row in range(n)],
            "title": [f"{KINDS[row % 3]} number {row}" for row in range(n)],
            "categories": [f"{KINDS[row % 3]}|all" for row in range(n)],
            "brand": [f"brand {row % 4}" for row in range(n)],
            "price": [float(row) for row in range(n)],
            "line": [f"Line-{row // 2}" for row in range(n)],
            "available_from": [NOW + 100 if row == 0 else None for row in range(n)],
            "available_until": [NOW - 100 if row == 1 else None for row in range(n)],
            "is_hidden": [row == 2 for row in range(n)],
        }
    )
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{item}", 1000.0 + user)
        for user in range(80)
        for item in rng.choice(n, 6, replace=False, p=np.arange(n, 0, -1) / 465)
    ]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    return Recommender(encoder="none", fields={"categories": "category"}).fit(events, items)


def ask(model, k=10, user="?", **rules):
    rules.setdefault("at", NOW)
    return model.recommend([user], k=k, rules=Rules(**rules))


def ids(frame):
    return frame["item_id"].to_list()


def rows_of(frame):
    return [int(id_[1:]) for id_ in frame["item_id"]]


def test_empty_rules_change_nothing(model):
    plain = model.recommend(["?", "u1"], k=10)
    ruled = model.recommend(["?", "u1"], k=10, rules=Rules())
    assert ruled.drop("rule").equals(plain)
    assert ruled["rule"].null_count() == ruled.height


def test_a_filter_is_applied_and_the_list_is_full(model):
    found = ask(model, k=10, where="price >= 15 and has(categories, 'tea')")
    assert len(found) == 5
    assert all(row >= 15 and row % 3 == 0 for row in rows_of(found))


def test_categories_items_and_exclusions_are_applied(model):
    assert all(row % 3 != 2 for row in rows_of(ask(model, k=30, categories=("tea", "rum"))))
    assert sorted(ids(ask(model, items=("i5", "i9"), exclude=("i9", "i7")))) == ["i5"]
    assert not ids(ask(model, categories=("nothing",)))


def test_hidden_and_unavailable_items_are_never_recommended(model):
    assert {"i0", "i1", "i2"}.isdisjoint(ids(ask(model, k=30)))
    assert "i0" in ids(ask(model, k=30, at=NOW + 200))
    assert "i1" in ids(ask(model, k=30, at=NOW - 200))
    now = model.recommend(["?"], k=30)["item_id"].to_list()
    assert ("i0" in now) == (time.time() >= NOW + 100)
    assert "i2" not in now
    assert ("i1" in now) == (time.time() < NOW - 100)


def test_seen_items_are_left_out_unless_one_of_two_switches_says_no(model):
    seen = set(model.recommend(["u1"], k=30, exclude_seen=False)["item_id"]) - set(
        model.recommend(["u1"], k=30)["item_id"]
    )
    assert seen
    assert seen.isdisjoint(ids(ask(model, 30, "u1")))
    assert seen & set(ids(ask(model, 30, "u1", exclude_seen=False, at=None)))


def test_a_boost_moves_items_and_says_so_in_reasons_that_add_up(model):
    most = Boost("brand = 'brand 3'", factor=1e9)
    rules = Rules(boosts=(most, Boost("price < 10", add=-1)))
    found = model.recommend(["u1"], k=10, rules=rules, explain=True)
    plain = model.recommend(["u1"], k=10)
    first = found.row(0, named=True)
    assert int(first["item_id"][1:]) % 4 == 3
    assert first["rule"] == "boost"
    assert ids(found) != ids(plain)
    for row in found.iter_rows(named=True):
        assert sum(r["value"] for r in row["reasons"]) == pytest.approx(row["score"], abs=1e-4)
    boosts = [r for r in first["reasons"] if r["kind"] == "boost"]
    assert boosts[0]["name"] == "brand = 'brand 3'"
    assert boosts[0]["value"] == pytest.approx(np.log(1e9))


def test_a_factor_above_one_raises_and_keeps_the_order_among_those_it_is_for(model):
    where = "price between 5 and 20"
    plain = [row for row in rows_of(ask(model, 30)) if 5 <= row <= 20]
    for factor in (0.1, 3.0):
        found = ask(model, 30, boosts=(Boost(where, factor),))
        assert [row for row in rows_of(found) if 5 <= row <= 20] == plain
    up = rows_of(ask(model, 30, boosts=(Boost(where, 1e6),)))
    assert sorted(up[:16]) == list(range(5, 21))


def test_diversity_makes_lists_more_diverse_and_zero_changes_nothing(model):
    plain, unlike = ask(model, k=9), ask(model, k=9, diversity=0.9)
    assert ids(ask(model, k=9, diversity=0.0)) == ids(plain)
    assert ids(unlike)[0] == ids(plain)[0]
    assert set(unlike["rule"].drop_nulls()) == {"diversity"}
    by_score = unlike["score"].rank("ordinal", descending=True).to_list()
    stays = [rank == place for rank, place in zip(unlike["rank"], by_score, strict=True)]
    assert stays == unlike["rule"].is_null().to_list()


def test_novelty_prefers_items_that_few_users_have_chosen(model):
    plain, unknown = ask(model, k=9), ask(model, k=9, novelty=1.0)
    assert ids(ask(model, k=9, novelty=0.0)) == ids(plain)
    n_users, row_of = model.state.audience.n_users_by_item, model.state.catalogue.items.ids.rows
    assert n_users[row_of(ids(unknown))].mean() < n_users[row_of(ids(plain))].mean()
    assert set(unknown["rule"].drop_nulls()) == {"novelty"}


def test_an_item_that_nobody_has_chosen_is_the_most_novel(model):
    more = Recommender(encoder="none")
    more._state = model.state.with_items(pl.DataFrame({"item_id": ["new"], "price": [1.0]}))
    n_items = len(more.state.catalogue.items)
    surprise = more.state.audience.self_information(n_items)
    assert surprise[-1] == pytest.approx(np.log(81), abs=1e-5)
    assert surprise.max() == surprise[-1]


def test_no_value_of_a_distinct_column_comes_twice(model):
    found = rows_of(ask(model, k=15, distinct="line"))
    assert len({row // 2 for row in found}) == len(found) == 14  # line 0 is not to be had


def test_near_duplicates_of_content_are_left_out(model):
    alike = ask(model, k=30, alike=0.05)
    assert 1 <= len(alike) < 27
    assert len(ask(model, k=30, alike=1.0)) == 27


def test_quotas_are_met(model):
    at_most = rows_of(ask(model, 10, quotas=(Quota(each="brand", at_most=2, of=8),)))
    assert max(np.bincount([row % 4 for row in at_most[:8]])) == 2
    assert len(at_most) == 10
    found = ask(model, 10, quotas=(Quota("price >= 25", at_least=3, of=6),))
    assert sum(row >= 25 for row in rows_of(found)[:6]) == 3
    assert "quota" in found["rule"].to_list()


def test_a_quota_that_cannot_be_filled_is_filled_as_far_as_possible(model):
    found = rows_of(ask(model, 5, quotas=(Quota("price >= 29", at_least=3),)))
    assert 29 in found
    assert len(found) == 5


def test_each_user_of_a_batch_has_rules_of_their_own(model):
    rules = [Rules(where="price < 9", at=NOW), Rules(where="price >= 9", diversity=0.5)]
    found = model.recommend(["u1", "u2"], k=5, rules=rules)
    prices = {u: rows_of(found.filter(pl.col("user_id") == u)) for u in ("u1", "u2")}
    assert max(prices["u1"]) < 9 <= min(prices["u2"])
    alone = model.recommend(["u2"], k=5, rules=rules[1])
    assert ids(found.filter(pl.col("user_id") == "u2")) == ids(alone)


def test_items_added_later_are_filtered_boosted_and_counted_too(model):
    copy = shallow_copy(model)
    new = {"item_id": ["new"], "title": ["rum number 99"], "price": [99.0], "colour": ["red"]}
    copy.add_items(new)
    assert ids(ask(copy, where="price > 50")) == ["new"]
    assert ids(ask(copy, where="colour = 'red'")) == ["new"]
    assert ids(ask(copy, 1, boosts=(Boost("colour = 'red'", add=99),))) == ["new"]


def test_values_of_items_added_later_may_come_as_lists(model):
    copy = shallow_copy(model)
    copy.add_items(
        [{"item_id": "x", "title": "odd", "categories": ["odd", "tea"], "line": [3]}]
    )
    assert ids(ask(copy, categories=("odd",))) == ["x"]
    assert ids(ask(copy, where="has_all(categories, 'tea', 'odd')")) == ["x"]


def test_a_request_for_no_users_returns_an_empty_frame_of_the_same_schema(model):
    empty = model.recommend([], rules=Rules(), explain=True)
    assert empty.columns[-2:] == ["rule", "reasons"]
    assert not empty.height


@pytest.mark.parametrize(
    ("rules", "error", "says"),
    [
        (Rules(where="prize < 3"), FilterError, "no column 'prize'; columns: item_id, title"),
        (Rules(where="price <"), FilterError, "at character 7"),
        (Rules(distinct="nothing"), FilterError, "no column 'nothing'"),
        (Rules(quotas=(Quota(each="nothing", at_most=1),)), FilterError, "'nothing'"),
        ([Rules()], ConfigError, "1 rules for 2 users"),
        ({"where": "price < 3"}, ConfigError, "rules must be Rules"),
        (["price < 3", ""], ConfigError, "rules must be Rules values"),
    ],
)
def test_invalid_rules_are_rejected_with_a_reason(model, rules, error, says):
    with pytest.raises(error, match=says):
        model.recommend(["u1", "u2"], rules=rules)


def test_a_category_rule_without_categories_in_the_catalogue_is_rejected(small):
    with pytest.raises(FilterError, match="no category column"):
        small.recommend(["?"], rules=Rules(categories=("tea",)))
