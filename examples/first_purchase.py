"""An event changes the next answer at once; nothing is trained again."""

import numpy as np
import polars as pl

from daybreak import Recommender

# Two kinds of people, each with a shelf of twenty items of their own; tea is more popular.
rng = np.random.default_rng(0)
rows = [
    (f"{kind} lover {user}", f"{kind} {item}")
    for kind, users in (("tea", 150), ("rum", 100))
    for user in range(users)
    for item in rng.permutation(20)[:10]
]
events = pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")
shop = Recommender(encoder="none").fit(events)

before = shop.recommend(["newcomer"], k=5)
assert all(item.startswith("tea") for item in before["item_id"])  # what most people take

shop.add_events(pl.DataFrame({"user_id": ["newcomer"], "item_id": ["rum 7"]}))
after = shop.recommend(["newcomer"], k=5)
print(before, after)
assert all(item.startswith("rum") for item in after["item_id"])
assert "rum 7" not in after["item_id"]  # they have it already
