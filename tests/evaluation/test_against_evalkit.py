"""Definitions equal the neutral scorer's, on random input with every kind of bad row."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from daybreak.estimates import bootstrap_all, paired_bootstrap
from daybreak.evaluation.matrices import UserItemIndex, category_matrix
from daybreak.metrics import ListMetrics

USERS = [f"u{n}" for n in range(40)]
ITEMS = [f"i{n}" for n in range(25)]


def scene(seed, evalkit, pandas):
    """The same random users, items and truth for both sides."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 6, len(ITEMS))
    tags = [
        "|".join(rng.choice(list("abcd"), n, replace=False)) for n in rng.integers(0, 4, 25)
    ]
    items = pl.DataFrame({"item_id": ITEMS, "genres": tags})
    wanted = [(u, i) for u in USERS for i in rng.choice(ITEMS[:20], rng.integers(1, 5), False)]
    banned = [(u, i) for u in USERS for i in rng.choice(ITEMS, 2, False)]
    split = object.__new__(evalkit.Split)
    split.users, split.candidates, split.n_train_users = sorted(USERS), set(ITEMS[:20]), 17
    split.relevant = {u: {i for v, i in wanted if v == u} for u in USERS}
    split.exclude = {u: {i for v, i in banned if v == u} for u in USERS}
    split.popularity = {i: int(c) for i, c in zip(ITEMS, counts, strict=True) if c}
    table = pandas.DataFrame({"item_id": ITEMS, "genres": tags})
    split.categories = evalkit.category_sets(table)
    grid = UserItemIndex(sorted(USERS), ITEMS[:20])
    pair = ["user_id", "item_id"]
    truth = grid.to_matrix(pl.DataFrame(wanted, pair, orient="row"))
    judge = ListMetrics(truth, counts[:20], 17, category_matrix(items, ITEMS[:20]))
    return split, grid, judge, grid.to_matrix(pl.DataFrame(banned, pair, orient="row"))


def answers(seed):
    """Lists with strangers, other items, repeats, ties in rank, gaps, and users left out."""
    rng = np.random.default_rng(seed + 1000)
    n = 420
    return pl.DataFrame(
        {
            "user_id": rng.choice([*USERS[:35], "stranger"], n),
            "item_id": rng.choice(ITEMS, n),
            "rank": rng.integers(1, 15, n),
        }
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 5, 10])
def test_all_metrics_and_intervals_are_equal(evalkit, seed, k):
    pandas = pytest.importorskip("pandas")
    split, grid, judge, banned = scene(seed, evalkit, pandas)
    recs = answers(seed)
    expected = evalkit.score(pandas.DataFrame(recs.to_dict(as_series=False)), split, k)
    cleaned = grid.clean_answer(recs, banned, k)
    for name, value in bootstrap_all(judge.per_user(cleaned.ranked)).items():
        if name in expected:
            theirs = [expected[name], expected[f"{name}_low"], expected[f"{name}_high"]]
            np.testing.assert_allclose(value, theirs, rtol=0, atol=1e-9)
    ours = judge.overall(cleaned.ranked)["coverage"]
    assert ours == pytest.approx(expected["coverage"], abs=1e-9)
    assert cleaned.dropped == {n: expected[f"dropped_{n}"] for n in cleaned.dropped}
    assert (cleaned.ranked >= 0).any(axis=1).sum() == expected["users_served"]


@pytest.mark.parametrize("metric", ["ndcg", "recall", "hit", "mrr"])
def test_comparisons_are_equal(evalkit, metric):
    pandas = pytest.importorskip("pandas")
    split, grid, judge, banned = scene(1, evalkit, pandas)
    frames = [answers(seed) for seed in (1, 2)]
    expected = evalkit.compare(
        *(pandas.DataFrame(f.to_dict(as_series=False)) for f in frames), split, 10, metric
    )
    ours = paired_bootstrap(
        *(judge.per_user(grid.clean_answer(f, banned, 10).ranked)[metric] for f in frames)
    )
    theirs = [expected[name] for name in ("difference", "low", "high")]
    np.testing.assert_allclose(ours[:3], theirs, rtol=0, atol=1e-9)
    assert ours.differs == expected["differs"]


def test_unknown_categories_are_nan_on_both_sides(evalkit):
    pandas = pytest.importorskip("pandas")
    split, grid, judge, banned = scene(3, evalkit, pandas)
    split.categories = {}
    recs = answers(3)
    expected = evalkit.score(pandas.DataFrame(recs.to_dict(as_series=False)), split, 5)
    plain = ListMetrics(csr_array(judge.relevant), judge.counts, 17, None)
    assert np.isnan(expected["diversity"])
    assert np.isnan(
        plain.per_user(grid.clean_answer(recs, banned, 5).ranked)["diversity"]
    ).all()
