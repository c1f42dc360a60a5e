"""Reasons that name the attribute of which a history shows a taste."""

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender


@pytest.fixture(scope="module")
def cinema():
    """Forty films, six of them westerns; everybody sees any film."""
    rng = np.random.default_rng(0)
    films = [f"film-{row}" for row in range(60)]
    items = pl.DataFrame(
        {
            "item_id": films,
            "title": [f"number {row}" for row in range(60)],
            "genre": ["western" if row < 8 else f"kind {row % 5}" for row in range(60)],
        }
    )
    rows = [(f"u{user}", films[film]) for user in range(80) for film in rng.choice(60, 6)]
    events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
    names = ["popular", "taste/attributes"]
    return Recommender(encoder="none", strategies=names).fit(events, items)


def test_a_taste_is_named_by_its_attribute_and_the_reasons_add_up(cinema):
    liked = pl.DataFrame({"user_id": ["fan"] * 5, "item_id": [f"film-{n}" for n in range(5)]})
    found = cinema.recommend(histories=liked, k=3, popularity=0, explain=True)
    assert set(found["item_id"]) == {"film-5", "film-6", "film-7"}
    for row in found.iter_rows(named=True):
        first = row["reasons"][0]
        assert (first["kind"], first["name"]) == ("attribute", "categories=western")
        assert first["value"] > 0
        total = sum(reason["value"] for reason in row["reasons"])
        assert total == pytest.approx(row["score"], abs=1e-3)
