"""Neighbours of new items that are computed when a release is loaded."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.service.state import query_builder

SHOP = pl.DataFrame(
    {
        "item_id": ["green", "black", "cup", "white", "herbal"],
        "title": ["green tea", "black tea", "tea cup", "white tea", "herbal tea"],
    }
)
SALES = pl.DataFrame(
    {"user_id": ["ann", "ann", "bob", "eve"], "item_id": ["green", "cup", "black", "cup"]}
)


@pytest.mark.parametrize(("n_pairs", "expected"), [(6, 2), (5, 1), (2, 0)])
def test_as_many_new_items_are_compared_in_advance_as_pairs_are_allowed(
    monkeypatch, n_pairs, expected
):
    model = Recommender(encoder="none", strategies=["popular", "content/match"])
    builder = model.fit(SALES, SHOP).state.query_builder
    asked = []
    monkeypatch.setattr(query_builder, "MAX_PRECOMPUTED_PAIRS", n_pairs)
    monkeypatch.setattr(
        type(builder._neighbours),
        "compute",
        lambda _self, _items, rows, _shared: asked.extend(rows),
    )
    builder.precompute_neighbours(20_000)
    new = sorted(builder.items.ids.row(id_) for id_ in ("white", "herbal"))
    assert asked == new[:expected]
