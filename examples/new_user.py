"""A new user is an ordinary user: no event, a profile, or one sentence is enough to answer."""

import polars as pl

from daybreak import Recommender

baskets = {"ann": "tea cup pot", "bob": "rum cola", "cid": "tea pot", "dan": "rum lime"}
events = pl.DataFrame(
    [(user, item) for user, basket in baskets.items() for item in basket.split()],
    schema=["user_id", "item_id"],
    orient="row",
)
items = pl.DataFrame(
    {
        "item_id": ["tea", "cup", "pot", "rum", "cola", "lime"],
        "title": ["green tea", "tea cup", "tea pot", "dark rum", "cola", "fresh lime"],
    }
)
shop = Recommender(encoder="none").fit(events, items)

nothing_known = shop.recommend(["somebody"], k=1)
assert nothing_known["item_id"].item() in ("tea", "pot", "rum")  # what most people take
assert nothing_known["user_temperature"].to_list() == ["cold"]

says = pl.DataFrame({"user_id": ["somebody"], "text": ["a pot for my tea"]})
described = shop.recommend(profiles=says, k=3)
print(described)
assert "pot" in described["item_id"].to_list()
assert described["user_temperature"].unique().to_list() == ["warm"]
