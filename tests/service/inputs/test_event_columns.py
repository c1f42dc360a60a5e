"""Events in a call are read like those of the training."""

import polars as pl
import pytest

from daybreak import Recommender

KINDS = {
    "👍 rating": ("rating", "👍", "👎"),
    "stars": ("rating", "★★★★★", "★☆☆☆☆"),
    "words": ("rating", "love", "hate"),
    "grades": ("grade", "A", "F"),
    "truth": ("rating", True, False),
    "reaction": ("reaction", "up", "down"),
    "Art": ("Art", "Kauf", "Retoure"),
    "action": ("action", "buy", "dislike"),
    "flag": ("returned", 0, 1),
}


def log(column, good, bad):
    """Return events of users who want items with odd numbers, or with even ones."""
    rows = [
        (f"u{user}", f"i{item}", good if item % 2 == user % 2 else bad)
        for user in range(24)
        for item in range(user % 3, 24, 2 + user % 2)
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", column], orient="row")


@pytest.mark.parametrize(("column", "good", "bad"), KINDS.values(), ids=KINDS)
def test_a_dislike_in_a_call_counts_as_in_training(column, good, bad):
    shop = Recommender(strategies=["item_knn"], encoder="none").fit(log(column, good, bad))
    liked = {"user_id": ["new"] * 4, "item_id": ["i1", "i3", "i2", "i4"]}
    history = pl.DataFrame({**liked, column: [good, good, bad, bad]})
    shop.add_events(history)
    events = shop.state.histories.log_of(["new"])
    signs = {
        (int(item), int(sign)) for item, sign in zip(events.item, events.sign, strict=True)
    }
    rows = {name: row for row, name in enumerate(shop.items["item_id"].to_list())}
    wanted = {("i1", 1), ("i3", 1), ("i2", -1), ("i4", -1)}
    assert signs == {(rows[name], sign) for name, sign in wanted}


def test_names_of_times_are_recognised_in_a_call():
    shop = Recommender(strategies=["popular"], encoder="none").fit(log("rating", 5, 1))
    shop.add_events({"userId": ["new"], "movieId": ["i1"], "ts": [1_700_000_000]})
    assert shop.state.histories.log_of(["new"]).at.tolist() == [1_700_000_000.0]
