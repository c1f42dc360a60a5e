"""A real data set, expanded by fractal expansion."""

import numpy as np
import polars as pl
import pytest

from benchmarks.quality.large_shop import draw_shop
from benchmarks.scale.batch_answers import growth
from benchmarks.scale.curves import NAMES, Point, extrapolate, points, slope, table
from benchmarks.scale.generator import (
    describe,
    expand_items,
    gini,
    plan_expansion,
    reduced_matrix,
    scale_rates,
    write_expansion,
)


@pytest.fixture(scope="module")
def real():
    """Events of 150 users and at most 100 items, by their rows."""
    user, item = draw_shop(100, 150, n_clusters=5).nonzero()
    item = np.unique(item, return_inverse=True)[1]
    at = 1_700_000_000 + 60 * np.arange(len(user))
    return pl.DataFrame({"user": user.astype(np.int64), "item": item, "timestamp": at})


@pytest.fixture
def items(real):
    n = real["item"].max() + 1
    titles = [f"red tea cup number {row} of a set of nine" for row in range(n)]
    return pl.DataFrame(
        {"item_id": [f"x{row}" for row in range(n)], "title": titles, "price": range(n)}
    )


def expand(real, n_users=600, n_items=350, n_events=15_000, seed=0):
    return plan_expansion(real, n_users, n_items, n_events, seed)


def test_the_rates_of_a_rank_one_matrix_are_those_of_its_factors():
    # (1, 1, 0) x (1, 1, 1, 0): users 0 and 1 choose items 0 to 2; groups of one user and one
    # item have the rate 1 where there are events, and the smallest rate elsewhere.
    real = np.outer([1, 1, 0], [1, 1, 1, 0]).astype(float)
    import scipy.sparse as sp  # noqa: PLC0415

    found = reduced_matrix(sp.csr_array(real), 3, 4)
    assert np.sort(found.ravel())[:6] == pytest.approx([0.02] * 6)
    assert np.sort(found.ravel())[6:] == pytest.approx([1.0] * 6)


def test_rates_never_exceed_one_and_sum_to_the_events():
    rng = np.random.default_rng(0)
    shape, cells = rng.random((4, 5)) + 0.01, 100.0 * rng.integers(1, 9, (4, 5))
    rates = scale_rates(shape, cells, int(0.8 * cells.sum()))
    assert rates.max() <= 1
    assert (rates * cells).sum() == pytest.approx(0.8 * cells.sum(), rel=1e-3)
    with pytest.raises(ValueError, match="at most"):
        scale_rates(shape, cells, int(cells.sum()) + 1)


def test_an_expansion_has_the_size_that_was_asked_for(real):
    events = pl.concat(expand(real).iter_parts())
    assert events.height == pytest.approx(15_000, rel=0.02)
    assert events["user"].max() < 600
    assert events["item"].max() < 350
    assert events.select("user", "item").is_unique().all()
    assert events["item"].n_unique() > 340


def test_an_event_is_one_of_the_real_data_in_other_copies(real):
    plan = expand(real)
    events = pl.concat(plan.iter_parts())
    origin = events.select(
        user=pl.col("user") % plan.real_users, item=pl.col("item") % plan.real_items
    )
    known = real.select("user", "item")
    assert origin.unique().join(known, on=["user", "item"], how="anti").height == 0


def test_the_tail_stays_long(real):
    events = pl.concat(expand(real).iter_parts())
    before = describe(real["user"].to_numpy(), real["item"].to_numpy())
    after = describe(events["user"].to_numpy(), events["item"].to_numpy())
    assert before["gini_items"] < after["gini_items"] < before["gini_items"] + 0.25
    assert before["gini_users"] < after["gini_users"] < before["gini_users"] + 0.25


def test_the_seed_decides(real):
    one, same, other = (pl.concat(expand(real, seed=s).iter_parts()) for s in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_copies_of_an_item_keep_its_columns_and_have_texts_of_their_own(real, items):
    found = expand_items(items, ["title"], 350)
    n = items.height
    assert found["item_id"].to_list() == [f"i{row}" for row in range(350)]
    assert found["price"][n : 2 * n].to_list() == items["price"].to_list()
    assert found["title"][:n].to_list() == items["title"].to_list()
    assert 0.5 < (found["title"][n : 2 * n] != items["title"]).mean() <= 1
    words = set(" ".join(items["title"]).split())
    assert set(" ".join(found["title"]).split()) <= words


def test_files_have_one_part_for_each_group_of_users(real, items, tmp_path):
    plan = expand(real)
    n_events = write_expansion(plan, items, tmp_path)
    files = sorted((tmp_path / "events").glob("*.parquet"))
    assert len(files) == 4
    assert pl.read_parquet(files).height == n_events
    assert (
        pl.read_parquet(files[1])["user_id"].str.slice(1).cast(int).is_between(150, 299).all()
    )
    assert pl.read_parquet(tmp_path / "items.parquet").height == 350


def test_the_gini_coefficient_by_hand():
    # Counts 1, 3: (2*1 - 2 - 1) * 1 + (2*2 - 2 - 1) * 3 = 2, divided by 2 * 4.
    assert gini(np.array([3, 1])) == pytest.approx(0.25)


def test_sizes_of_curves_and_their_slopes():
    assert points([1_000], [90_000]) == [
        Point("items", 1_000, 1_000, 10_000),
        Point("events", 9_000, 3_000, 90_000),
    ]
    assert slope([1_000, 2_000, 4_000], [1, 4, 16]) == pytest.approx(2)
    assert extrapolate([1_000, 2_000], [1, 4], 4_000) == pytest.approx(16)


def row(n_items, seconds, why=""):
    return {
        "axis": "items", "users": 5, "items": n_items, "events": 9, "system": "item_knn",
        "fit_s": seconds, "peak_mb": None, "open_s": None, "answer_ms": None, "why": why,
    }  # fmt: skip


def test_the_table_of_curves_says_what_was_not_measured_and_leaves_it_out_of_slopes():
    measured = [row(1, 1.0), row(5, 1.0), row(10, 1.0), row(20, 4.0), row(80, 64.0)]
    lines = table([*measured, row(160, None, why="> 9 s")], 160)
    name = NAMES["item_knn"]
    assert f"| 5 | 160 | 9 | {name} | > 9 s | – | – | – |" in lines
    assert f"| {name} | 2.00 (256) | – | – | – |" in lines


def test_the_growth_of_batch_answers_is_their_slope_and_the_price_of_one_more_list():
    first = {"users": 1_000_000, "all_mb": 100.0, "seconds": 10.0, "file_mb": 1.0}
    last = {"users": 10_000_000, "all_mb": 100.0, "seconds": 100.0, "file_mb": 100.0}
    lines = growth([first, last])
    assert "| processor [s] | 1.00 | 10 | 1,000 |" in lines
    assert "| file [MB] | 2.00 | 1 | 10,000 |" in lines
    # 90 s for 9 million lists.
    assert lines[-1].startswith("One more list costs 0.01 ms")
    assert growth([first]) == []
