"""Lists depend on the data and the seed alone: not on threads, hashes or the order of rows."""

import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

SCRIPT = """
import json, sys
from tests.service.test_same_lists import lists_of, make_shop
shop = make_shop(n_users=260, n_items=220)
json.dump(lists_of(*shop), sys.stdout)
"""
USERS = [*(f"u{n:03d}" for n in range(40)), "a newcomer"]


def make_shop(n_users=60, n_items=48, seed=0):
    """Return events, items and profiles of a shop whose customers have tastes."""
    rng = np.random.default_rng(seed)
    kinds = ["tea", "lamp", "rug", "cup"]
    kind = np.arange(n_items) % len(kinds)
    words = rng.integers(0, 40, (n_items, 3))
    items = pl.DataFrame(
        {
            "item_id": [f"i{n:03d}" for n in range(n_items)],
            "title": [
                f"{kinds[k]} {' '.join(f'word{w}' for w in found)}"
                for k, found in zip(kind, words.tolist(), strict=True)
            ],
            "price": rng.integers(1, 90, n_items),
        }
    )
    weight = 1 / np.arange(1, n_items + 1)
    rows = []
    for user in range(n_users):
        liked = np.where(kind == user % len(kinds), 8.0, 1.0) * weight
        chosen = rng.choice(n_items - 4, 9, replace=False, p=liked[:-4] / liked[:-4].sum())
        rows += [(f"u{user:03d}", f"i{item:03d}") for item in chosen]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row").with_columns(
        timestamp=1_760_000_000 + 3_600 * pl.Series(rng.permutation(len(rows)))
    )
    profiles = pl.DataFrame(
        {
            "user_id": [f"u{n:03d}" for n in range(n_users)],
            "city": [f"city{n % 3}" for n in range(n_users)],
        }
    )
    return events, items, profiles


def lists_of(events, items, users=None):
    shop = Recommender(encoder="none").fit(events, items=items, users=users)
    found = shop.recommend(USERS, k=10)
    columns = ("user_id", "item_id", "score")
    return [list(row) for row in found.select(columns).rows()]


@pytest.fixture(scope="module")
def shop():
    return make_shop()


@pytest.fixture(scope="module")
def lists(shop):
    return lists_of(*shop)


def run(n_threads, hash_seed):
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": str(n_threads),
        "OMP_NUM_THREADS": str(n_threads),
        "MKL_NUM_THREADS": str(n_threads),
        "PYTHONHASHSEED": str(hash_seed),
    }
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


def test_the_same_lists_and_scores_with_other_threads_and_hashes():
    first = run(n_threads=1, hash_seed=1)
    assert len(first) == 10 * len(USERS)
    assert run(n_threads=2, hash_seed=2) == first


def shuffled(frame):
    return frame.sample(fraction=1, shuffle=True, seed=3)


CHANGES = {
    "order of events": lambda e, i, u: (shuffled(e), i, u),
    "order of items": lambda e, i, u: (e, shuffled(i), u),
    "order of users": lambda e, i, u: (e, i, shuffled(u)),
    "order of all rows": lambda e, i, u: (shuffled(e), shuffled(i), shuffled(u)),
    "order of columns": lambda *frames: [f.select(reversed(f.columns)) for f in frames],
    "records": lambda *frames: [f.to_dicts() for f in frames],
    "columns as lists": lambda *frames: [f.to_dict(as_series=False) for f in frames],
    "Arrow": lambda *frames: [f.to_arrow() for f in frames],
    "an event twice": lambda e, i, u: (pl.concat([e, e.sort("item_id").head(1)]), i, u),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_lists_and_scores_in_another_order_or_form(shop, lists, change):
    changed = CHANGES[change](*shop)
    if change == "an event twice":
        first = pl.concat([shop[0].sort("item_id").head(1), shop[0]])
        assert lists_of(*changed) == lists_of(first, *shop[1:])
    else:
        assert lists_of(*changed) == lists


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_lists_and_scores_from_files(shop, lists, suffix, tmp_path):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("events", "items", "users")]
    for frame, path in zip(shop, paths, strict=True):
        frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    assert lists_of(*paths) == lists
