"""A new item is ordinary too: its text says what it is like and who would want it."""

import polars as pl

from daybreak import Recommender

events = pl.DataFrame(
    [(f"tea lover {n}", item) for n in range(6) for item in ("tea", "cup", "pot")]
    + [(f"sailor {n}", item) for n in range(6) for item in ("rum", "lime", "rope")],
    schema=["user_id", "item_id"],
    orient="row",
)
items = pl.DataFrame(
    {
        "item_id": ["tea", "cup", "pot", "rum", "lime", "rope"],
        "title": ["green tea", "tea cup", "tea pot", "dark rum", "lime for rum", "rope"],
    }
)
shop = Recommender(encoder="none").fit(events, items)

# Before it is in the catalogue: a title is enough.
fans = shop.audience(text="herbal tea", k=3)
print(fans)
assert all(user.startswith("tea lover") for user in fans["user_id"])

# In the catalogue, it is a candidate in the next answer, without training.
shop.add_items(pl.DataFrame({"item_id": ["herbs"], "title": ["herbal tea"]}))
assert shop.similar_items(["herbs"], k=1)["item_id"][0] in {"tea", "cup", "pot"}
assert "herbs" in shop.recommend(["tea lover 1"], k=4)["item_id"].to_list()
