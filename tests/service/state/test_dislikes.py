import numpy as np
import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data.dataset import DISLIKE_WEIGHT
from daybreak.data.event_log import EventLog
from daybreak.models.base import query_features_of

SHELVES = ("tea", "rum", "cup")


def purchases():
    """60 people; each buys 8 of the 20 items of one shelf."""
    rng = np.random.default_rng(0)
    rows = [
        (f"p{person}", f"{SHELVES[person % 3]}-{number}", 100.0 * person + place)
        for person in range(60)
        for place, number in enumerate(rng.permutation(20)[:8])
    ]
    return pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row").with_columns(
        event_type=pl.lit("purchase")
    )


@pytest.fixture(scope="module")
def shop():
    items = [
        {"item_id": f"{shelf}-{number}", "title": f"{shelf} number {number}"}
        for shelf in SHELVES
        for number in range(20)
    ]
    return Recommender(encoder="none").fit(purchases(), pl.DataFrame(items))


def said(user, kind, *items):
    return [{"user_id": user, "item_id": item, "event_type": kind} for item in items]


def shelves(answer):
    return set(answer["item_id"].str.split("-").list.first())


def test_a_user_with_dislikes_alone_gets_best_sellers_less_what_is_like_them(shop):
    shop.add_events(said("hater", "thumbs-down", "rum-1", "rum-2", "rum-3"))
    answer = shop.recommend(["hater"], k=8)
    assert "rum" not in shelves(answer)
    assert answer.height == 8


def test_a_dislike_moves_the_list_away_and_is_a_reason(shop):
    liked = said("x", "purchase", "tea-1", "rum-1")
    both = liked + said("x", "un-liked", "rum-4")
    score = {
        len(events): shop.recommend(["x"], histories=events, items=["rum-5"])["score"].item()
        for events in (liked, both)
    }
    assert score[3] < score[2]
    pieces = shop.explain("x", "rum-5", histories=both).filter(name="rum-4")
    assert pieces["kind"].to_list() == ["event"]
    assert pieces["value"].item() < 0
    assert pieces["text"].item() == "because you disliked rum number 4"


def test_reasons_with_dislikes_add_up_to_the_score(shop):
    events = said("x", "purchase", "tea-1") + said("x", "returned", "cup-1", "rum-2")
    answer = shop.recommend(["x"], histories=events, k=40, explain=True)
    sums = [sum(r["value"] for r in row) for row in answer["reasons"].to_list()]
    assert sums == pytest.approx(answer["score"].to_list(), abs=1e-4)


def test_a_disliked_item_is_never_recommended(shop):
    events = said("x", "purchase", "tea-1") + said("x", "dismissed", "tea-2")
    ids = shop.recommend(["x"], histories=events, k=100)["item_id"].to_list()
    assert "tea-2" not in ids


def test_the_latest_opinion_on_an_item_counts(shop):
    bought, returned = ("purchase", 1), ("returned", -1)
    log = EventLog.of(
        [0, 0, 0, 0, 0],
        [1, 1, 2, 2, 3],
        [1.0, 2.0, 1.0, 2.0, 0.0],
        [bought, returned, returned, bought, ("view", 0)],
    )
    liked, disliked = log.opinions()
    assert (liked.item.tolist(), disliked.item.tolist()) == ([2], [1])


def test_a_returned_purchase_is_no_purchase_in_training():
    events = purchases()
    back = events.filter(user_id="p0")[:1].with_columns(
        event_type=pl.lit("returned"), timestamp=pl.lit(1e6)
    )
    shop = Recommender(encoder="none").fit(pl.concat([events, back]))
    context = shop.state.user_context(["p0"])
    assert len(context.events) == 7
    assert len(context.disliked) == 1


def test_entries_of_a_query_are_negative_and_not_counted(shop):
    """One like and one dislike: n = 1, entries 1 and -w; views are no part of a query."""
    shop.add_events(
        said("q", "purchase", "tea-5") + said("q", "skip", "rum-5") + said("q", "view", "cup-5")
    )
    queries = shop.state.query_builder.queries(shop.state.user_context(["q"]))
    assert queries.n_events.tolist() == [1.0]
    for kind in ("history", "recent"):
        row = query_features_of(queries, kind).toarray()[0]
        assert sorted(row[row != 0].tolist()) == [-DISLIKE_WEIGHT, 1.0]
    assert queries.without_dislikes().history.toarray().min() == 0


@pytest.mark.parametrize("column", ["value", "weight", "Quantity", "stars"])
def test_added_events_with_a_negative_number_are_dislikes(shop, column):
    user = f"minus-{column}"
    shop.add_events(pl.DataFrame({"user_id": [user], "item_id": ["rum-7"], column: [-1]}))
    context = shop.state.user_context([user])
    assert (len(context.events), len(context.disliked)) == (0, 1)
