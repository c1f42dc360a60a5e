import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

KINDS = ("tea", "rum", "pot", "cup", "jam")


@pytest.fixture(scope="session")
def tables():
    """Sixty people, each of whom likes one of five kinds of things; five things are new."""
    rng = np.random.default_rng(0)
    items = pl.DataFrame(
        {
            "item_id": [f"item-{row}" for row in range(35)],
            "title": [f"{KINDS[row % 5]} number {row}" for row in range(35)],
            "shelf": [KINDS[row % 5] for row in range(35)],
        }
    )
    rows = [
        (f"person-{user}", f"item-{int(item) * 5 + user % 5}", 1000.0 * user + float(place))
        for user in range(60)
        for place, item in enumerate(rng.permutation(6)[: rng.integers(1, 6)])
    ]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    users = pl.DataFrame(
        {
            "user_id": [f"person-{user}" for user in range(60)],
            "likes": [KINDS[user % 5] for user in range(60)],
        }
    )
    return events, items, users


@pytest.fixture(scope="session")
def release(tables, tmp_path_factory):
    """A folder with what was learned from the tables."""
    folder = tmp_path_factory.mktemp("release") / "shop"
    Recommender(encoder="none").fit(*tables).save(folder)
    return folder


@pytest.fixture
def shop(release, tables):
    """A recommender of its own for each test."""
    events, _, users = tables
    return Recommender.load(release, events=events, users=users)


@pytest.fixture
def small():
    """Two shelves, three events, nothing to simulate."""
    events = pl.DataFrame({"user_id": ["u", "u", "v"], "item_id": ["a", "b", "c"]})
    titles = ["green tea", "black tea", "dark rum", "white rum"]
    items = pl.DataFrame({"item_id": ["a", "b", "c", "d"], "title": titles})
    return Recommender(encoder="none").fit(events, items)
