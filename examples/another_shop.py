"""People who are known in another shop get lists of their taste in this one, from the start."""

import numpy as np
import polars as pl

from daybreak import Recommender

rng = np.random.default_rng(0)
wine, food = [], []
for person in range(200):
    taste = person % 4
    wine += [(f"p{person}", f"wine {n}") for n in rng.choice(np.arange(taste, 60, 4), 6, False)]
for person in range(100, 320):
    taste = person % 4
    food += [(f"p{person}", f"food {n}") for n in rng.choice(np.arange(taste, 40, 4), 5, False)]


def frame(rows: list[tuple[str, str]]) -> pl.DataFrame:
    """Return events as a frame."""
    return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")


shop = Recommender(encoder="none", strategies=["popular", "item_knn"])
shop.fit(frame(wine), sources={"food": frame(food)})
print(shop.notes)

# The food shop helps people without any event here; the report has the interval of the gain.
first = shop.report["sources"][0]
assert (first["source"], first["events"], first["verdict"]) == ("food", 0, "helps")

# Person 302 has only bought food, of the third taste.
lists = shop.recommend(["p302"], k=5)
print(lists)
assert all(int(id_.split()[1]) % 4 == 302 % 4 for id_ in lists["item_id"].to_list())
